from datetime import date

import numpy as np
import pandas as pd
import pytest
from figures import show
from test_rates import REAL

from analytics.calibration_table import COLUMNS, known_outcomes, overall, tabulate
from analytics.rates import wilson_interval
from analytics.verdicts import weigh_scores
from errors import InputError

AS_OF = date(2026, 2, 11)
OLD, YOUNG, FUTURE = pd.Timestamp("2025-06-01"), pd.Timestamp("2026-02-01 15:30"), pd.Timestamp("2026-02-12")
DELIVERED = pd.Timestamp("2025-08-01")
IN_FORCE = dict.fromkeys(("7011", "7991", "8051", "8059", "8062", "8211", "8221", "8361", "9711"), 100)
IN_FORCE |= dict.fromkeys(("3599", "5511", "8322", "8331"), 70) | {"3999": 40}
CANDIDATES = {"4213", "4581", "4731"}


def history(counts, *, started=OLD, delivered=DELIVERED):
    """One row per lead: `counts` maps a value (None: missing) to (leads, deliveries)."""
    rows = [
        {"value": value, "started_on": started, "delivered_on": delivered if i < k else pd.NaT}
        for value, (n, k) in counts.items()
        for i in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["value", "started_on", "delivered_on"])
    return frame.astype({"started_on": "datetime64[us]", "delivered_on": "datetime64[us]"})


def table_of(outcomes, current, **changes):
    how = {"dimension": "sic_code", "as_of": AS_OF, "maturity_days": 120, "seed": 1} | changes
    values = outcomes["value"].astype("str").where(outcomes["value"].notna())
    return tabulate(outcomes, values, current, **how).set_index("value", drop=False)


def test_the_real_table_shrunk():
    table = table_of(history(REAL), IN_FORCE | dict.fromkeys(CANDIDATES, 40), candidates=CANDIDATES)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 17  # 16 seen values and 9711, which is in force and was never tried
    assert table["leads"].sum() == 2198
    assert table["deliveries"].sum() == 197
    expected = {"8361": 100, "4213": 94, "4581": 78, "4731": 77, "8059": 74, "7011": 46, "8062": 40}
    assert table["suggested"][list(expected)].to_dict() == expected
    assert table["delta"]["7011"] == 46 - 100
    assert table["rate"]["8361"] == pytest.approx(38 / 218)
    assert (round(table["low"]["4581"], 3), round(table["high"]["4581"], 3)) == (0.097, 0.566)
    # lift: (38/218) / (197/2198) = .17431 / .08963 = 1.945
    assert table["lift"]["8361"] == pytest.approx(1.945, abs=5e-4)
    assert table["confidence"][["8361", "4213", "4581"]].tolist() == ["High", "Medium", "Low"]
    assert set(table.index[table["verdict"] == "move"]) == {"7011", "8051", "8062", "8211"}
    assert set(table.index[table["candidate"]]) == CANDIDATES
    inside = (table["shrunk_low"] < table["shrunk_rate"]) & (table["shrunk_rate"] < table["shrunk_high"])
    assert inside.all()


def test_the_real_table_raw():
    # 4581: 3/11 is best; 8361: (38/218)/(3/11) = 63.9; 8062: (6/133)/(3/11) = 16.5 → 17
    table = table_of(history(REAL), IN_FORCE, estimator="raw")
    assert table["suggested"][["4581", "8361", "8062"]].tolist() == [100, 64, 17]
    assert pd.isna(table["suggested"]["9711"])  # never tried: nothing speaks for a score


def test_move_says_what_and_how_sure():
    why = table_of(history(REAL), IN_FORCE)["why"]["7011"]
    assert why.startswith(
        "28 deliveries of 410 leads (6.8 %). Allowing for chance, that is about 46 % of the best value's rate, and"
    )
    assert "the score of 100 in force does not fit it" in why
    plainly = table_of(history(REAL), IN_FORCE, estimator="raw").loc["7011", "why"]
    assert "(6.8 %). That is about 25 % of the best value's rate" in plainly  # (28/410) / (3/11) = 25.04 %
    assert "allowing for 13 values tested" in why  # 16 seen values, three of them without a score


def test_only_what_was_known_on_the_day_counts():
    frame = pd.concat(
        [
            history({"a": (10, 4)}),
            history({"a": (5, 0)}, started=FUTURE),
            history({"a": (3, 3)}, delivered=pd.Timestamp("2026-02-12")),
            history({"a": (2, 1)}, delivered=pd.Timestamp("2026-02-11 23:59")),
        ],
        ignore_index=True,
    )
    row = table_of(frame, {"a": 50}).loc["a"]
    assert (row["leads"], row["deliveries"], row["too_young"]) == (15, 5, 0)


def test_rows_after_the_day_change_nothing():
    frame = history(REAL)
    poisoned = pd.concat(
        [frame, history({"7011": (500, 500)}, started=FUTURE, delivered=FUTURE)], ignore_index=True
    )
    pd.testing.assert_frame_equal(table_of(frame, IN_FORCE), table_of(poisoned, IN_FORCE))


def test_young_leads_are_neither_success_nor_failure():
    frame = pd.concat(
        [history({"a": (200, 20)}), history({"a": (40, 7), "b": (30, 2)}, started=YOUNG)], ignore_index=True
    )
    table = table_of(frame, {"a": 100, "b": 100})
    assert table.loc["a", ["leads", "deliveries", "too_young"]].tolist() == [200, 20, 40]
    assert table.loc["b", ["leads", "deliveries", "too_young"]].tolist() == [0, 0, 30]
    assert table["verdict"]["b"] == "too young"
    assert table["why"]["b"].startswith("30 of 30 leads began less than 120 days ago: too young to count.")
    assert np.isnan(table["rate"]["b"])
    assert pd.isna(table["tail"]["b"])


def test_a_lead_is_matured_on_the_day_it_reaches_the_age():
    started = pd.Timestamp(AS_OF) - pd.Timedelta(days=120)
    assert table_of(history({"a": (1, 0)}, started=started), {})["leads"]["a"] == 1
    assert table_of(history({"a": (1, 0)}, started=started + pd.Timedelta(days=1)), {})["leads"]["a"] == 0


def test_an_unknown_start_counts_as_matured():
    row = table_of(history({"a": (4, 1)}, started=pd.NaT), {}).loc["a"]
    assert (row["leads"], row["deliveries"]) == (4, 1)


def test_a_dimension_the_history_cannot_know():
    frame = history({None: (500, 50)})
    table = table_of(frame, {"0-5": 100, "5-10": 85}, dimension="proximity")
    assert table["verdict"].tolist() == ["no evidence", "no evidence"]
    assert table["suggested"].isna().all()
    assert table["delta"].isna().all()
    assert table["shrunk_rate"].isna().all()
    assert table["current"].tolist() == [100, 85]


def test_leads_without_a_value_are_counted_as_such():
    frame = history({"a": (60, 6), None: (40, 9)})
    assert table_of(frame, {"a": 50}).loc["a", ["leads", "deliveries"]].tolist() == [60, 6]
    whole = overall(frame, frame["value"], as_of=AS_OF, maturity_days=120)
    assert (whole["leads"], whole["deliveries"], whole["without_value"]) == (100, 15, 40)


def test_a_report_only_dimension_never_says_move():
    frame = history({"TX": (4000, 800), "OK": (4000, 400), "NM": (10, 0)})
    table = table_of(frame, {}, dimension="state")
    assert table["verdict"].to_dict() == {"NM": "too little", "OK": "hold", "TX": "hold"}
    assert table["current"].isna().all()
    assert table["suggested"].to_dict()["OK"] == 50
    assert table["why"]["OK"].endswith("standing, a narrow range.")


def test_a_score_that_fits_is_held():
    frame = history({"a": (4000, 800), "b": (4000, 400)})
    table = table_of(frame, {"a": 100, "b": 50})
    assert table["verdict"].tolist() == ["hold", "hold"]
    assert table["more_leads"].isna().all()
    assert "which holds the 50." in table["why"]["b"]


def test_too_little_says_how_many_more():
    row = table_of(history({"a": (300, 30), "b": (25, 2)}), {"a": 100, "b": 100}).loc["b"]
    assert row["verdict"] == "too little"
    assert row["more_leads"] > 50
    assert f"About {row['more_leads']:,} leads more that are old enough would settle it: " in row["why"]


def test_one_value_no_delivery_all_delivered_all_young_no_rows():
    one = table_of(history({"a": (300, 30)}), {"a": 55}).loc["a"]
    assert (one["suggested"], one["verdict"]) == (100, "hold")
    none = table_of(history({"a": (300, 0), "b": (20, 0)}), {"a": 100, "b": 40})
    assert none["suggested"].isna().all()
    assert none["verdict"].tolist() == ["too little", "too little"]
    assert "there is no best value yet" in none["why"]["a"]
    every = table_of(history({"a": (30, 30), "b": (20, 20)}), {"a": 100, "b": 40})
    assert every["suggested"].tolist() == [100, 100]
    young = table_of(history({"a": (30, 3)}, started=YOUNG), {"a": 100})
    assert young["verdict"].tolist() == ["too young"]
    assert young["suggested"].isna().all()
    empty = table_of(history({}), {"a": 100})
    assert empty[["leads", "verdict"]].to_numpy().tolist() == [[0, "no evidence"]]
    assert table_of(history({}), {}).empty
    assert list(table_of(history({}), {}).columns) == list(COLUMNS)


def test_same_input_same_table_in_any_order_of_rows():
    frame = history(REAL)
    shuffled = frame.sample(frac=1, random_state=3).reset_index(drop=True)
    pd.testing.assert_frame_equal(table_of(frame, IN_FORCE), table_of(shuffled, IN_FORCE))


def test_overall_by_hand():
    frame = pd.concat([history({"a": (200, 20)}), history({"a": (30, 9)}, started=YOUNG)], ignore_index=True)
    whole = overall(frame, as_of=AS_OF, maturity_days=120)
    # Wilson for 20/200: centre (.1 + 3.8415/400)/(1 + 3.8415/200) = .10754, half .04197
    assert whole == {
        "leads": 200, "deliveries": 20, "rate": 0.1, "low": pytest.approx(0.0657, abs=1e-4),
        "high": pytest.approx(0.1494, abs=1e-4), "too_young": 30, "without_value": 0,
    }  # fmt: skip
    assert overall(history({}), as_of=AS_OF, maturity_days=120)["rate"] is None


def test_known_outcomes_gives_ages_and_days():
    frame = history({"a": (2, 1)}, started=pd.Timestamp("2026-01-01", tz="UTC").tz_localize(None))
    frame["delivered_on"] = [pd.Timestamp("2026-01-31 10:00"), pd.NaT]
    known = known_outcomes(frame, as_of=AS_OF, maturity_days=30)
    assert known["age_days"].tolist() == [41.0, 41.0]
    assert known["days_to_delivery"][0] == 30.0
    assert np.isnan(known["days_to_delivery"][1])
    assert known["matured"].all()


def test_trouble_gets_a_sentence():
    frame = history({"a": (2, 1)})
    with pytest.raises(InputError, match="column delivered_on"):
        known_outcomes(frame.drop(columns="delivered_on"), as_of=AS_OF, maturity_days=30)
    with pytest.raises(InputError, match="0 days or more"):
        known_outcomes(frame, as_of=AS_OF, maturity_days=-1)
    with pytest.raises(InputError, match="'shrunk' or 'raw'"):
        table_of(frame, {}, estimator="best")
    with pytest.raises(InputError, match="one entry per outcome row"):
        tabulate(frame, frame["value"].head(1), {}, dimension="x", as_of=AS_OF, maturity_days=1)


@pytest.mark.prove
def test_the_intervals_of_the_table_cover():
    """95 % intervals, averaged over 22 values: Wilson on plain rates, credible on shrunk ones, each in 93–97 %."""
    rng, worlds = np.random.default_rng(20260220), 300
    sizes = [410, 379, 245, 236, 218, 150, 146, 133, 120, 100, 80, 79, 78, 76, 67, 60, 40, 39, 33, 28, 20, 11]
    cases = {"rates that scatter as the real ones": (0.0965, 66.0), "no real difference": (0.1, 1e6)}
    for case, (mean, strength) in cases.items():
        wilson, credible = [], []
        for world in range(worlds):
            rates = rng.beta(mean * strength, (1 - mean) * strength, len(sizes))
            deliveries = rng.binomial(sizes, rates)
            low, high = wilson_interval(deliveries, sizes)
            wilson += ((low <= rates) & (rates <= high)).tolist()
            weighing = weigh_scores(sizes, deliveries, np.full(len(sizes), 100), seed=world, draws=2000)
            credible += ((weighing.rate_low <= rates) & (rates <= weighing.rate_high)).tolist()
        show(f"{case}: Wilson covers {np.mean(wilson):.1%}, the credible interval {np.mean(credible):.1%}")
        assert 0.93 <= np.mean(wilson) <= 0.97
        assert np.mean(credible) >= 0.93
        if case.startswith("rates"):
            assert np.mean(credible) <= 0.97
