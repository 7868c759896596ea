"""A tuning factor comes into force by a named person, and can come back."""

from __future__ import annotations

import json

import pytest
from racing import ANA

from actors import Actor
from approvals import rollback
from configuration import active_configuration
from errors import Conflict, InputError, Refused
from segment_factors import approve_factors
from stores import weights


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


def test_where_two_persons_are_needed_one_alone_changes_no_factor(db, config_dir, now):
    path = config_dir / "icp.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("second_approver: false", "second_approver: true") if "second_approver:" in text else text.replace(
        "\ncalibration:\n", "\ncalibration:\n  second_approver: true\n")  # fmt: skip
    path.write_text(text, encoding="utf-8")
    version = active_configuration(db, config_dir=config_dir, now=now).version
    with pytest.raises(Refused, match="Two persons"):
        approved(db, config_dir, now, {"Cold": 1.1}, version=version)
