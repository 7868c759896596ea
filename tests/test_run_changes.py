from analytics.run_changes import COLUMNS, changed_rows


def row(value, verdict, suggested, leads=100, dimension="sic_code"):
    return {
        "dimension": dimension,
        "value": value,
        "verdict": verdict,
        "suggested": suggested,
        "leads": leads,
    }


def test_a_turned_verdict_and_a_shifted_suggestion_are_told_moves_first():
    before = [
        row("7011", "move", 50),
        row("8361", "too little", 90),
        row("8062", "move", 40),
        row("8051", "hold", 70),
    ]
    after = [
        row("7011", "hold", 55, 130), row("8361", "move", 80, 120), row("8062", "move", 46, 140), row("8051", "hold", 60, 140),
    ]  # fmt: skip
    table = changed_rows(before, after)
    assert tuple(table.columns) == COLUMNS
    assert table["value"].tolist() == ["8361", "8062", "7011"]  # 8051 holds as before, whatever is suggested
    assert table["new_leads"].tolist() == [20, 40, 30]
    assert table.iloc[0][["verdict_before", "verdict_after"]].tolist() == ["too little", "move"]


def test_small_shifts_are_the_same_and_a_new_value_has_no_before():
    before = [row("7011", "move", 50)]
    assert changed_rows(before, [row("7011", "move", 54)]).empty
    table = changed_rows(before, [row("7011", "move", 50), row("4213", "move", 90, 79)])
    assert table["value"].tolist() == ["4213"]
    assert table["verdict_before"].isna().all()
    assert table["new_leads"].tolist() == [79]
    assert changed_rows([], []).empty


def test_a_suggestion_that_is_missing_turns_nothing():
    assert changed_rows([row("High", "no evidence", None, 0)], [row("High", "no evidence", None, 0)]).empty
    assert (
        changed_rows([row("High", "no evidence", None, 0)], [row("High", "move", 80)])["suggested_before"]
        .isna()
        .all()
    )
