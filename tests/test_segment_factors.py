"""A tuning factor comes into force by a named person, and can come back."""

from __future__ import annotations

import json

import pytest
from racing import ANA

import segment_factors
from actors import Actor
from approvals import rollback
from configuration import active_configuration
from errors import Conflict, InputError, Refused
from segment_factors import approve_factors, approve_proposed, close_proposed, propose_factors
from stores import weights
from stores.factor_proposals import read_open

BO = Actor("Bo Lind")


def approved(
    db, config_dir, now, factors, version=1, reason="Migration delivers more than its points say", actor=ANA
):
    return approve_factors(
        db, config_dir=config_dir, factors=factors, seen_version=version, reason=reason, now=now, actor=actor,
        evidence={"leads": 300, "deliveries": 40},
    )  # fmt: skip


def test_the_next_look_has_the_factor_and_only_its_digits_differ(db, config_dir, now):
    before = active_configuration(db, config_dir=config_dir, now=now)
    done = approved(db, config_dir, now, {"Migration": 1.1})
    after = active_configuration(db, config_dir=config_dir, now=now)
    assert (done.version, after.version) == (2, 2)
    assert after.icp.data["scoring"]["segments"] == {"Migration": 1.1, "Existing": 1.0, "Cold": 1.0}
    assert after.icp.text.replace("Migration: 1.1", "Migration: 1.0") == before.icp.text
    kept = weights.read_version(db, version=2)
    assert json.loads(kept["changes"]) == [
        {"dimension": "segment_factor", "value": "Migration", "before": 1.0, "after": 1.1}
    ]
    assert kept["actor"] == ANA.name
    audit = db.rows("SELECT actor, action, detail FROM audit WHERE action = 'approve factor'")
    assert json.loads(audit[0]["detail"])["evidence"] == {"leads": 300, "deliveries": 40}


def test_a_rollback_brings_the_same_bytes_back_and_says_what_changed(db, config_dir, now):
    text = active_configuration(db, config_dir=config_dir, now=now).icp.text
    approved(db, config_dir, now, {"Cold": 0.9})
    back = rollback(db, config_dir=config_dir, version=1, reason="Too early", now=now, actor=ANA)
    assert back.icp.text == text
    assert back.changes == [{"dimension": "segment_factor", "value": "Cold", "before": 0.9, "after": 1.0}]


def test_who_looked_at_an_older_version_is_told(db, config_dir, now):
    active_configuration(db, config_dir=config_dir, now=now)
    approved(db, config_dir, now, {"Cold": 0.9})
    with pytest.raises(Conflict, match="you looked at version 1"):
        approved(db, config_dir, now, {"Cold": 1.1})


@pytest.mark.parametrize(
    ("factors", "changes", "error", "told"),
    [({"Cold": 2.5}, {}, InputError, "from 0 to 2"), ({"Warm": 1.0}, {}, InputError, "unknown"), ({}, {}, InputError, "none was named"),
     ({"Cold": 1.0}, {}, Refused, "in force already"), ({"Cold": 1.1}, {"reason": "  "}, InputError, "reason"),
     ({"Cold": 1.1}, {"actor": Actor("Olga", "ops")}, Refused, "may not approve tuning factors")],
)  # fmt: skip
def test_trouble_changes_nothing_and_is_said(db, config_dir, now, factors, changes, error, told):
    active_configuration(db, config_dir=config_dir, now=now)
    with pytest.raises(error, match=told):
        approved(db, config_dir, now, factors, **changes)
    assert active_configuration(db, config_dir=config_dir, now=now).version == 1


@pytest.fixture
def two_needed(db, config_dir, now):
    """The version in force, where one proposes and another decides."""
    path = config_dir / "icp.yaml"
    path.write_text(
        path.read_text("utf-8").replace("second_approver: false", "second_approver: true"), "utf-8"
    )
    return active_configuration(db, config_dir=config_dir, now=now).version


def proposed(db, config_dir, now, version, factors=None, actor=ANA):
    propose_factors(
        db, config_dir=config_dir, factors=factors or {"Cold": 1.1}, seen_version=version, reason="Cold delivers more", now=now,
        actor=actor, evidence={"leads": 300, "deliveries": 40},
    )  # fmt: skip
    return read_open(db)


def test_where_two_persons_are_needed_one_proposes_and_another_approves(two_needed, db, config_dir, now):
    with pytest.raises(Refused, match="asks for a second approver"):
        approved(db, config_dir, now, {"Cold": 1.1}, version=two_needed)
    found = proposed(db, config_dir, now, two_needed)
    assert (found["proposed_by"], found["reason"], found["base_version"]) == (
        ANA.name,
        "Cold delivers more",
        two_needed,
    )
    assert (
        active_configuration(db, config_dir=config_dir, now=now).version == two_needed
    )  # nothing changed yet
    with pytest.raises(Refused, match="another person decides"):
        approve_proposed(
            db,
            config_dir=config_dir,
            proposal=found["id"],
            reason="Yes",
            now=now,
            actor=Actor(f" {ANA.name.upper()} "),
        )
    done = approve_proposed(
        db, config_dir=config_dir, proposal=found["id"], reason="I agree", now=now, actor=BO
    )
    assert done.changes == [{"dimension": "segment_factor", "value": "Cold", "before": 1.0, "after": 1.1}]
    assert read_open(db) is None
    told = json.loads(db.rows("SELECT detail FROM audit WHERE action = 'approve factor'")[0]["detail"])
    assert (told["proposed_by"], told["evidence"]) == (ANA.name, {"leads": 300, "deliveries": 40})
    with pytest.raises(Conflict, match="decided meanwhile"):
        approve_proposed(db, config_dir=config_dir, proposal=found["id"], reason="Again", now=now, actor=BO)
    back = rollback(db, config_dir=config_dir, version=two_needed, reason="Too early", now=now, actor=BO)
    assert back.icp.data["scoring"]["segments"]["Cold"] == 1.0
    assert read_open(db) is None  # what was decided never waits again


@pytest.mark.parametrize(("who", "status"), [("BO", "refused"), ("ANA", "withdrawn")])
def test_a_proposal_is_refused_or_withdrawn_and_stays_on_record(two_needed, db, config_dir, now, who, status):
    found = proposed(db, config_dir, now, two_needed)
    close_proposed(db, proposal=found["id"], reason="Not now", now=now, actor={"BO": BO, "ANA": ANA}[who])
    assert read_open(db) is None
    closed = json.loads(db.rows("SELECT detail FROM audit WHERE action = 'close factor'")[0]["detail"])
    assert (closed["status"], closed["reason"]) == (status, "Not now")
    for late in (BO, ANA):
        with pytest.raises(Conflict):
            approve_proposed(
                db, config_dir=config_dir, proposal=found["id"], reason="Late", now=now, actor=late
            )


def test_a_newer_proposal_or_other_scores_leave_an_older_one_behind(two_needed, db, config_dir, now):
    first = proposed(db, config_dir, now, two_needed)
    second = proposed(db, config_dir, now, two_needed, {"Cold": 0.9})
    with pytest.raises(Conflict):
        approve_proposed(db, config_dir=config_dir, proposal=first["id"], reason="Yes", now=now, actor=BO)
    path = config_dir / "icp.yaml"
    path.write_text(path.read_text("utf-8") + "# by hand\n", "utf-8")
    with pytest.raises(Conflict):
        approve_proposed(db, config_dir=config_dir, proposal=second["id"], reason="Yes", now=now, actor=BO)
    with pytest.raises(Conflict, match="you looked at version"):
        proposed(db, config_dir, now, two_needed)
    with pytest.raises(Refused, match="may not propose"):
        proposed(db, config_dir, now, two_needed + 1, actor=Actor("Olga", "ops"))


def test_what_a_newer_proposal_replaced_never_waits_again(two_needed, db, config_dir, now):
    first = proposed(db, config_dir, now, two_needed, {"Cold": 1.3})
    second = proposed(db, config_dir, now, two_needed, {"Cold": 1.1})
    close_proposed(db, proposal=second["id"], reason="Not sure", now=now, actor=ANA)
    assert read_open(db) is None
    with pytest.raises(Conflict):
        approve_proposed(db, config_dir=config_dir, proposal=first["id"], reason="Yes", now=now, actor=BO)


@pytest.mark.parametrize("meanwhile", ["withdrawn", "replaced"])
def test_what_happens_between_reading_a_proposal_and_the_write_breaks_the_write(
    two_needed, db, config_dir, now, monkeypatch, meanwhile
):
    found = proposed(db, config_dir, now, two_needed)

    def read_then_another_decides(db):
        if meanwhile == "withdrawn":
            monkeypatch.setattr(segment_factors, "read_open", read_open)
            close_proposed(db, proposal=found["id"], reason="Not sure", now=now, actor=ANA)
        else:
            proposed(db, config_dir, now, two_needed, {"Cold": 0.9})
        return found

    monkeypatch.setattr(segment_factors, "read_open", read_then_another_decides)
    with pytest.raises(Conflict, match="Somebody decided this meanwhile"):
        approve_proposed(db, config_dir=config_dir, proposal=found["id"], reason="Yes", now=now, actor=BO)
    assert active_configuration(db, config_dir=config_dir, now=now).version == two_needed
    assert not db.rows("SELECT 1 FROM audit WHERE action = 'approve factor'")
