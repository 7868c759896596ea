"""Work by hand: unmatched rows are assigned, set aside, put back and matched; a milestone is taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from zoho_story import OPS, company_name, export, lead_row

from actors import Actor
from errors import Conflict, InputError, Refused
from outcome_work import (
    assign_unmatched,
    match_unmatched,
    put_back_unmatched,
    set_aside_unmatched,
    take_back_milestone,
)
from outcomes import import_outcomes
from stores import audit, milestones, outcomes, unmatched

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
BATCH = "HADES-20260211-001"
VIEWER = Actor("V", "viewer")


def brought(db, *rows):
    text = "batch_id,company_name,milestone,date\n" + "".join(f"{BATCH},{row}\n" for row in rows)
    return import_outcomes(db, content=text.encode(), name="x.csv", now=NOW, actor=OPS)


@pytest.fixture
def row(db):
    """The id of one unmatched row, a delivery of company 1 under a name nobody knows, and a second row."""
    export(db, BATCH, [lead_row(number) for number in range(4)])
    brought(db, "Nobody Knows Inc,delivery,2026-02-20", "Another One,contacted,2026-02-21")
    return int(db.rows("SELECT id FROM unmatched_work WHERE milestone = 'delivery'")[0]["id"])


def state_of(db, row):
    return unmatched.read_unmatched_row(db, row_id=row)["state"]


def outcome_of(db, number):
    return db.rows("SELECT outcome FROM lead_outcomes WHERE row_number = ?", (number,))[0]["outcome"]


def test_a_row_is_assigned_set_aside_and_put_back_and_each_act_has_a_name(db, row):
    assert unmatched.count_unmatched(db) == 2
    assert assign_unmatched(db, ids=[row], to=" Bo  Lee ", now=NOW, actor=OPS) == 1
    assert unmatched.read_unmatched_row(db, row_id=row)["assigned_to"] == "Bo Lee"
    assert unmatched.count_states(db) == {"open": 1, "assigned": 1, "set aside": 0, "settled": 0}
    assert set_aside_unmatched(db, ids=[row], reason="a test call", now=NOW, actor=OPS) == 1
    kept = unmatched.read_unmatched(db, states=["set aside"]).iloc[0]
    assert (kept["set_aside_because"], kept["set_aside_by"]) == ("a test call", "Ana Ruiz")
    assert unmatched.count_unmatched(db) == 1  # it is nobody's work any more
    assert put_back_unmatched(db, ids=[row], now=NOW, actor=OPS) == 1
    assert state_of(db, row) == "open"
    acts = audit.read_audit(db)
    assert acts["action"].tolist()[:3] == ["put back unmatched", "set aside unmatched", "assign unmatched"]
    assert set(acts["actor"][:3]) == {"Ana Ruiz"}


def test_what_is_set_aside_stays_so_when_the_file_comes_again(db, row):
    set_aside_unmatched(db, ids=[row], reason="a test call", now=NOW, actor=OPS)
    brought(db, "Nobody Knows Inc,delivery,2026-02-20")
    assert state_of(db, row) == "set aside"


def test_a_row_set_aside_waits_again_when_its_outcome_moves_on(db):
    said = {"source": "zoho", "source_key": "lead:1", "batch_id": None, "company_name": "X", "why": "no"}
    db.write(
        [
            unmatched.record_unmatched(
                rows=[said | {"milestone": "contacted", "happened_at": "2026-02-20"}], now=NOW
            )
        ]
    )
    row = int(unmatched.read_unmatched(db)["id"][0])
    set_aside_unmatched(db, ids=[row], reason="no site", now=NOW, actor=OPS)
    db.write(
        [
            unmatched.record_unmatched(
                rows=[said | {"milestone": "contacted", "happened_at": "2026-02-20"}], now=NOW
            )
        ]
    )
    assert state_of(db, row) == "set aside"
    db.write(
        [
            unmatched.record_unmatched(
                rows=[said | {"milestone": "delivery", "happened_at": "2026-02-25"}], now=NOW
            )
        ]
    )
    assert unmatched.read_unmatched(db)["milestone"].tolist() == ["delivery"]  # fmt: skip


def test_a_row_is_matched_by_hand_and_stays_settled_through_later_imports(db, row):
    found = milestones.find_companies(db, search=company_name(1))
    assert found["company_key"].tolist() == [lead_row(1)["company_key"]]
    match_unmatched(db, row_id=row, company=(BATCH, found["company_key"][0]), now=NOW, actor=OPS)
    assert outcome_of(db, 1) == "delivery"
    settled = unmatched.read_unmatched_row(db, row_id=row)
    assert (settled["state"], settled["resolved_by"]) == ("settled", "Ana Ruiz")
    brought(db, "Nobody Knows Inc,delivery,2026-02-20")
    assert state_of(db, row) == "settled"
    assert len(outcomes.read_feed(db)) == 1
    with pytest.raises(Conflict, match="settled meanwhile"):
        match_unmatched(db, row_id=row, company=(BATCH, found["company_key"][0]), now=NOW, actor=OPS)


def test_a_hand_match_is_taken_back_and_made_anew(db, row):
    match_unmatched(db, row_id=row, company=(BATCH, lead_row(1)["company_key"]), now=NOW, actor=OPS)
    milestone = int(outcomes.read_feed(db)["id"][0])
    told = take_back_milestone(db, milestone_id=milestone, reason="wrong site", now=NOW, actor=OPS)
    assert told == {"milestone": "delivery", "batch_id": BATCH, "company_name": company_name(1)}
    assert outcome_of(db, 1) is None
    assert state_of(db, row) == "open"  # its work is not done
    match_unmatched(db, row_id=row, company=(BATCH, lead_row(2)["company_key"]), now=NOW, actor=OPS)
    assert (outcome_of(db, 1), outcome_of(db, 2)) == (None, "delivery")
    assert len(db.rows("SELECT 1 FROM outcome_milestones")) == 3  # nothing is lost


def test_a_milestone_is_taken_back_once_with_a_reason_and_no_import_brings_it_back(db):
    export(db, BATCH, [lead_row(number) for number in range(4)])
    rows = (f"{company_name(0)},contacted,2026-02-15", f"{company_name(0)},delivery,2026-02-20")
    brought(db, *rows)
    feed = outcomes.read_feed(db)
    delivery = int(feed.loc[feed["milestone"] == "delivery", "id"].iloc[0])
    with pytest.raises(InputError, match="Say why"):
        take_back_milestone(db, milestone_id=delivery, reason="  ", now=NOW, actor=OPS)
    take_back_milestone(db, milestone_id=delivery, reason="another building", now=NOW, actor=OPS)
    assert outcome_of(db, 0) == "contacted"
    brought(db, *rows)
    assert outcome_of(db, 0) == "contacted"
    taken = milestones.read_taken_back(db).iloc[0]
    assert (taken["reason"], taken["taken_by"], taken["milestone"]) == (
        "another building",
        "Ana Ruiz",
        "delivery",
    )
    with pytest.raises(Conflict, match="already taken back"):
        take_back_milestone(db, milestone_id=delivery, reason="again", now=NOW, actor=OPS)
    with pytest.raises(InputError, match="no such milestone"):
        take_back_milestone(db, milestone_id=999, reason="x", now=NOW, actor=OPS)  # fmt: skip


@pytest.mark.parametrize(
    ("act", "what", "says"),
    [
        (assign_unmatched, {"ids": [], "to": "Bo"}, "No row is ticked"),
        (assign_unmatched, {"ids": [1], "to": " "}, "name was expected"),
        (set_aside_unmatched, {"ids": [1], "reason": ""}, "reason was expected"),
        (put_back_unmatched, {"ids": []}, "No row is ticked"),
        (match_unmatched, {"row_id": 99, "company": (BATCH, "x")}, "no such row"),
        (match_unmatched, {"row_id": 1, "company": (BATCH, "x")}, "no such company"),
    ],
)
def test_what_is_missing_is_a_sentence_and_nothing_changes(db, row, act, what, says):
    before = db.rows("SELECT * FROM unmatched_work")
    with pytest.raises(InputError, match=says):
        act(db, now=NOW, actor=OPS, **what)
    with pytest.raises(Refused):
        act(db, now=NOW, actor=VIEWER, **what)
    assert db.rows("SELECT * FROM unmatched_work") == before


@pytest.mark.parametrize(("search", "number"), [("60001", 1), ("HADES-20260211", 4), ("100%", 0), ("_", 0)])
def test_companies_are_found_by_what_is_typed(db, row, search, number):
    assert len(milestones.find_companies(db, search=search)) == number


@pytest.mark.parametrize("again", [False, True])
def test_a_day_that_was_taken_back_is_work_still_when_the_same_file_comes_again(again, db):
    export(db, BATCH, [lead_row(number) for number in range(2)])
    early = f"{company_name(1)},delivery,2026-02-01"  # before the batch of February 11
    assert brought(db, early).counts["unmatched"] == 1
    row = int(unmatched.read_unmatched(db)["id"][0])
    company = (BATCH, lead_row(1)["company_key"])
    by_hand = {"row_id": row, "company": company, "now": NOW, "actor": OPS, "happened_on": date(2026, 2, 20)}
    match_unmatched(db, **by_hand)
    assert brought(db, early).counts["matched"] == 1  # its milestone stands
    (first,) = db.rows("SELECT id FROM outcome_milestones")
    take_back_milestone(db, milestone_id=first["id"], reason="wrong day", now=NOW, actor=OPS)
    if again:
        match_unmatched(db, **by_hand)
    done = brought(db, early)
    assert (done.counts["matched"], done.counts["unmatched"]) == ((1, 0) if again else (0, 1))
    assert state_of(db, row) == ("settled" if again else "open")
    assert outcome_of(db, 1) == ("delivery" if again else None)
