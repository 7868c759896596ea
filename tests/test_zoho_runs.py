"""Syncs as people read them: what ran, how long, what it said, and a run that stopped without a word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from zoho_story import OPS

from stores import syncs
from sync_run import sync_run
from zoho_runs import duration, progress, run_list, told_in_full

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def started(db, kind="outcomes", at=NOW):
    return syncs.start_run(db, kind=kind, mode="incremental", now=at, actor="Ana Ruiz")


def listed(db, now=NOW):
    return run_list(syncs.read_sync_runs(db), now=now)


def test_without_a_run_the_list_is_empty(db):
    assert listed(db).empty
    assert syncs.read_running(db) is None
    assert progress(None, now=NOW) == ""


def test_a_finished_run_says_what_it_brought(db):
    number = started(db)
    counts = {
        "read": 120,
        "matched": 100,
        "review": 3,
        "unmatched": 7,
        "updated": 40,
        "calls": 9,
        "credits": 12,
    }
    db.write([
        syncs.finish_run(
            run_id=number, status="done", counts=counts, errors=["a", "b"], now=NOW + timedelta(seconds=75),
            window=("2026-03-01T10:00:00Z", "2026-03-02T14:59:00Z"), note="One\nTwo",
        )
    ])  # fmt: skip
    row = listed(db).iloc[0]
    assert row["what"] == "Outcomes from Zoho"
    assert row["how"] == "what changed"
    assert row["window"] == "2026-03-01 10:00 to 2026-03-02 14:59"
    assert {name: row[name] for name in counts} == counts
    assert (row["seconds"], row["errors"], row["by"]) == (75, 2, "Ana Ruiz")
    errors, notes = told_in_full(syncs.read_sync_runs(db).iloc[0].to_dict())
    assert errors == ["a", "b"]
    assert notes == ["One", "Two"]


def test_a_running_run_says_how_far_it_is_and_after_a_silence_that_it_was_interrupted(db):
    number = started(db)
    later = NOW + timedelta(seconds=90)
    syncs.note_progress(db, run_id=number, counts={"read": 1400, "calls": 7, "credits": 9}, now=later)
    told = progress(syncs.read_running(db), now=later)
    assert told.startswith("1,400 records read with 7 calls to Zoho, 1 min 30 s so far.")
    assert listed(db, later)["status"].tolist() == ["running"]
    silent = later + timedelta(seconds=121)
    assert listed(db, silent)["status"].tolist() == ["interrupted"]
    assert progress(syncs.read_running(db), now=silent) == ""


def test_a_run_that_ends_in_the_middle_is_told_by_the_next_one(db):
    with pytest.raises(RuntimeError), sync_run(
        db, kind="operators", mode="full", actor=OPS, clock=lambda: NOW, costs=lambda: (2, 3)
    ):  # fmt: skip
        raise RuntimeError("planted")
    started(db)
    started(db)
    assert listed(db)["status"].tolist() == ["running", "interrupted", "failed"]
    assert listed(db)["what"].tolist()[2] == "Operators from Zoho"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (float("nan"), "–"), (0, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3900, "1 h 5 min")],
)
def test_durations_are_told_in_two_units(seconds, text):
    assert duration(seconds) == text
