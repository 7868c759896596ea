"""Leads called before this product, from a file: one per company and ZIP, however often and in however many pieces."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outcome_rows import HISTORY, history, table
from racing import at_once, import_history

import turso_db
from actors import Actor
from errors import Refused
from stores import audit, syncs


def stored(db, *columns):
    rows = db.rows(f"SELECT {', '.join(columns)} FROM historical_outcomes ORDER BY id")
    return [tuple(row.values()) for row in rows]


def test_a_history_is_read_by_column_name_in_any_order_and_further_columns_are_told(db, now):
    done = history(
        db, now,
        ("TX", "delivery", "Oak Inn, Inc.", "x", "1,200+", "8361.0", "2139", "1/24/2025 12:00 AM", "2025-03-18T00:00:00Z", "9"),
        ("texas", "No Delivery", "Elm Mill", "y", "50 to 99", "82;822;8221", "752011234", "December 12, 2022", "", "9"),
        headers=("state", "outcome", "company_name", "rep", "employee_count", "sic_code", "zip_code", "deal_created_at",
                 "delivery_at", "id"),
    )  # fmt: skip
    assert done.counts == {"read": 2, "imported": 2, "updated": 0, "unchanged": 0, "merged": 0, "rejected": 0}
    assert done.notes == ["Columns not used: rep."]
    assert stored(db, *HISTORY) == [
        ("Oak Inn, Inc.", "8361", 1200, "02139", "TX", "delivery", "2025-01-24", "2025-03-18"),
        ("Elm Mill", "8221", 50, "75201", "TX", "no_delivery", "2022-12-12", None),
    ]


def test_two_columns_are_enough(db, now):
    done = history(
        db, now, ("Oak Inn", "delivery"), ("Elm Mill", "no_delivery"), headers=("company_name", "outcome")
    )
    assert done.counts["imported"] == 2
    assert done.notes == [
        "2 of 2 leads called before have no SIC code.",
        "2 of 2 leads called before have no employee count.",
    ]


def test_importing_it_again_changes_nothing(db, now):
    rows = [
        ("Oak Inn", "8361", "120", "75201", "TX", "delivery", "2025-01-02", "2025-03-04"),
        ("Elm Mill", *[""] * 4, "no_delivery", "", ""),
    ]
    history(db, now, *rows)
    before = db.rows("SELECT * FROM historical_outcomes")
    again = history(db, now + timedelta(days=1), *rows)
    assert again.counts == {
        "read": 2,
        "imported": 0,
        "updated": 0,
        "unchanged": 2,
        "merged": 0,
        "rejected": 0,
    }
    assert db.rows("SELECT * FROM historical_outcomes") == before


def test_a_company_counts_once_per_zip(db, now):
    done = history(
        db, now,
        ("Oak Inn", "8361", "", "75201", "", "no_delivery", "2025-02-01", ""),
        ("OAK INN, LLC", "", "120", "75201-1234", "", "delivery", "2025-01-02", "2025-03-04"),
        ("The Oak Inn", "", "", "75201", "", "no_delivery", "2025-03-01", ""),
        ("Oak Inn", "8361", "", "75202", "", "no_delivery", "", ""),
        ("Oak Inn", "8361", "", "", "", "no_delivery", "", ""),
    )  # fmt: skip
    assert done.counts == {"read": 5, "imported": 3, "updated": 0, "unchanged": 0, "merged": 2, "rejected": 0}
    assert stored(db, *HISTORY)[0] == (
        "Oak Inn",
        "8361",
        120,
        "75201",
        None,
        "delivery",
        "2025-01-02",
        "2025-03-04",
    )


def test_a_delivery_is_never_taken_back(db, now):
    history(db, now, ("Oak Inn", "8361", "120", "75201", "TX", "delivery", "2025-01-02", "2025-03-04"))
    done = history(db, now, ("Oak Inn", "", "", "75201", "", "no_delivery", "", ""))
    assert done.counts["unchanged"] == 1
    assert stored(db, "outcome", "sic_code", "delivery_at") == [("delivery", "8361", "2025-03-04")]


def test_a_failure_that_was_delivered_later_is_a_delivery_from_then_on(db, now):
    history(db, now, ("Oak Inn", "8361", "120", "75201", "TX", "no_delivery", "2025-01-02", ""))
    done = history(db, now, ("Oak Inn", "8361", "120", "75201", "TX", "delivery", "2025-01-02", "2025-06-01"))
    assert (done.counts["updated"], stored(db, "outcome", "delivery_at")) == (1, [("delivery", "2025-06-01")])


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("", "", "", "", "", "delivery", "", ""), "This row has no company name."),
        (("N/A", "", "", "", "", "delivery", "", ""), "This row has no company name."),
        (("Oak", "", "", "", "", "won", "", ""), "expected to be delivery or no_delivery, but is 'won'"),
        (("Oak", "", "", "", "", "", "", ""), "but is '(empty)'"),
        (("Oak", "", "", "", "", "delivery", "soon", ""), "date in deal_created_at was expected as 2026-02-11"),
        (("Oak", "", "", "", "", "delivery", "", "2026-02-30"), "date in delivery_at was expected"),
        (("Oak", "", "", "", "", "delivery", "", "2062-02-01"), "2062-02-01, lies in the future"),
        (("Oak", "", "", "", "", "no_delivery", "", "2025-02-01"), "One of the two must go"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_rejected_with_its_reason(row, sentence, db, now):
    done = history(db, now, ("Fir Hall", "", "", "", "", "delivery", "", ""), row)
    assert (done.counts["imported"], done.counts["rejected"]) == (1, 1)
    number, said = done.rejected[0]
    assert number == 3
    assert sentence in said
    kept = json.loads(syncs.read_sync_runs(db).iloc[0]["errors"])
    assert kept == [f"Row 3: {said}"]


def test_a_cell_that_says_nothing_readable_leaves_a_trace(db, now):
    done = history(
        db, now,
        ("Oak", "hotel", "many", "9", "Ontario", "delivery", "", ""),
        ("Elm", "N/A", "", "-", "", "delivery", "", ""),
    )  # fmt: skip
    assert done.counts["imported"] == 2
    assert done.notes[:4] == [
        "sic_code: 1 cell could not be understood and stayed empty (row 2).",
        "employee_count: 1 cell could not be understood and stayed empty (row 2).",
        "zip_code: 1 cell could not be understood and stayed empty (row 2).",
        "state: 1 cell could not be understood and stayed empty (row 2).",
    ]
    assert "sic_code: 1 cell" in syncs.read_sync_runs(db).iloc[0]["note"]


def test_how_people_write_a_failure_is_understood_and_told(db, now):
    rows = [("Oak Inn", "Lost"), ("Elm Inn", "no delivery"), ("Fir Inn", "yes")]
    found = history(db, now, *rows, headers=("company_name", "outcome"))
    assert found.counts["imported"] == 3
    assert found.notes[:2] == ["The outcome 'Lost' was read as no_delivery.", "The outcome 'yes' was read as delivery."]  # fmt: skip
    kept = db.rows("SELECT outcome FROM historical_outcomes ORDER BY company_name")
    assert [row["outcome"] for row in kept] == ["no_delivery", "delivery", "no_delivery"]


def test_an_import_leaves_who_when_and_how_many(db, now):
    history(db, now, ("Oak", "", "", "", "", "delivery", "", ""))
    run = syncs.read_sync_runs(db).iloc[0]
    assert (run["kind"], run["status"], run["started_by"], run["read"]) == (
        "historical",
        "done",
        "Ana Ruiz",
        1,
    )
    entry = audit.read_audit(db).iloc[0]
    assert (entry["action"], entry["subject"], entry["actor"]) == (
        "import historical",
        "history.csv",
        "Ana Ruiz",
    )


trait = st.sampled_from(["", "8361", "7011"])
day = st.sampled_from(["", "2025-01-02", "2025-01-03"])
pieces = st.lists(
    st.tuples(
        st.sampled_from(["Oak Inn", "OAK INN LLC", "Elm Mill"]), trait, st.sampled_from(["", "60", "600"]),
        st.sampled_from(["", "75201"]), st.sampled_from(["", "TX", "OK"]), st.just("delivery"), day, day,
    ).map(lambda row: row if row[7] else (*row[:5], "no_delivery", row[6], "")),
    min_size=1, max_size=7,
)  # fmt: skip


@settings(max_examples=25)
@given(pieces)
def test_a_history_in_pieces_is_the_history_at_once(tmp_path_factory, rows):
    now = datetime(2026, 2, 11, tzinfo=UTC)
    folder = tmp_path_factory.mktemp("pieces")
    found = []
    for name, parts in (("whole", [rows]), ("pieces", [[row] for row in rows])):
        db = turso_db.connect(f"file:{folder / name}.db")
        counts = [history(db, now, *part).counts for part in parts]
        for each in counts:
            assert each["read"] == sum(each.values()) - each["read"]
        assert sum(each["imported"] for each in counts) == len(stored(db, "id"))
        found.append(stored(db, *HISTORY))
        again = history(db, now, *rows).counts
        if name == "whole":
            assert (again["imported"], again["updated"]) == (0, 0)
        db.close()
    assert found[0] == found[1]


def test_two_imports_at_once_count_their_own_rows_and_keep_each_company_once(db, db_path, now):
    contents = [
        table(
            HISTORY,
            [(f"Site {n}", "8361", "", "", "", "delivery", "", "") for n in range(start, start + 300)],
        )
        for start in (0, 200)
    ]
    found = at_once(import_history, [(db_path, content, now) for content in contents])
    assert sum(counts["imported"] for counts in found) == 500 == len(stored(db, "id"))
    assert all(counts["imported"] + counts["unchanged"] == 300 for counts in found)


def test_a_viewer_imports_nothing(db, now):
    with pytest.raises(Refused, match="may not import outcomes"):
        history(db, now, actor=Actor("Vic", "viewer"))
