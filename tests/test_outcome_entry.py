"""Outcomes recorded by hand: kept with a name, the same again changes nothing, each can be taken back and said again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from zoho_story import OPS, export, lead_row

from actors import Actor
from errors import InputError, Refused
from outcome_entry import Entry, record_outcomes
from outcome_work import take_back_milestone
from stores import audit, outcomes

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
BATCH = "HADES-20260211-001"


@pytest.fixture
def keys(db):
    """The companies of one batch."""
    export(db, BATCH, [lead_row(number) for number in range(4)])
    return list(dict.fromkeys(outcomes.read_companies(db, batch_ids=[BATCH])["company_key"]))


def entry(key, milestone="delivery", day=date(2026, 2, 20), **changes):
    return Entry(
        **{"batch_id": BATCH, "company_key": key, "milestone": milestone, "happened_on": day} | changes
    )


def record(db, *entries, actor=OPS):
    return record_outcomes(db, entries=entries, today=TODAY, now=NOW, actor=actor)


def outcome_of(db, key):
    return db.rows("SELECT outcome FROM lead_outcomes WHERE company_key = ?", (key,))[0]["outcome"]


def test_many_are_recorded_at_once_with_a_name_and_the_same_again_changes_nothing(db, keys):
    many = [entry(keys[0], note=" saw  it "), entry(keys[1], "contacted"), entry(keys[1], "lost", TODAY)]
    assert record(db, *many) == (3, 0)
    assert record(db, *many) == (0, 3)
    assert [outcome_of(db, key) for key in keys[:3]] == ["delivery", "contacted", None]
    assert outcomes.read_funnel(db) == {"exported": 4, "contacted": 2, "appointment": 1, "delivery": 1}
    rows = db.rows("SELECT source, recorded_by, detail FROM outcome_milestones ORDER BY id")
    assert {(row["source"], row["recorded_by"]) for row in rows} == {("person", OPS.name)}
    assert rows[0]["detail"] == "saw it"
    assert audit.read_audit(db)["action"].tolist().count("record outcomes") == 1


def test_what_was_taken_back_can_be_said_again_and_taken_back_again(db, keys):
    for _ in range(2):
        assert record(db, entry(keys[0])) == (1, 0)
        assert outcome_of(db, keys[0]) == "delivery"
        newest = db.rows("SELECT max(id) AS id FROM standing_milestones")[0]["id"]
        take_back_milestone(db, milestone_id=newest, reason="another building", now=NOW, actor=OPS)
        assert outcome_of(db, keys[0]) is None
    assert db.rows("SELECT count(*) AS n FROM outcome_milestones")[0]["n"] == 4  # all of it stays on record


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"company_key": "nobody|00000"}, "no such company"),
        ({"batch_id": "HADES-20260211-009"}, "no such company in HADES-20260211-009"),
        ({"milestone": "sold"}, "one of contacted, appointment, delivery, churned, lost"),
        ({"happened_on": date(2026, 3, 3)}, "lies in the future"),
        ({"happened_on": date(2025, 12, 31)}, "lies before the export on"),
    ],
)
def test_one_that_does_not_fit_stops_all_of_them(db, keys, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        record(
            db,
            entry(keys[0]),
            entry(keys[1], **changes) if "company_key" not in changes else entry("nobody|00000"),
        )
    assert outcome_of(db, keys[0]) is None


def test_none_too_many_and_a_viewer_are_refused(db, keys):
    for many in ([], [entry(keys[0])] * 501):
        with pytest.raises(InputError, match="Between 1 and 500"):
            record(db, *many)
    with pytest.raises(Refused):
        record(db, entry(keys[0]), actor=Actor("V", "viewer"))
