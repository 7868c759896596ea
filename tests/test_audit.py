"""The audit: what is kept, found again, and shown to managers alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from page_words import opened, said
from racing import ANA

import turso_db
from actors import Actor
from errors import Refused
from stores.audit import audit_entry, read_actions, read_audit
from turso_db import Statement

CHANGE = {"run_id": 3, "changes": [{"dimension": "sic_code", "value": "8361", "before": 100, "after": 94}]}


def entries(db, now):
    db.write([
        audit_entry(now=now, actor=ANA, action="approve", subject="version 2", detail=CHANGE),
        audit_entry(now=now + timedelta(minutes=1), actor=Actor("Bo_b", "ops"), action="import file", subject="100%.csv"),
    ])  # fmt: skip


def test_entries_are_found_by_person_subject_and_action_and_signs_mean_themselves(db, now):
    entries(db, now)
    assert read_audit(db)["action"].tolist() == ["import file", "approve"]
    assert read_audit(db, search="ana r")["subject"].tolist() == ["version 2"]
    assert read_audit(db, search="o_b")["actor"].tolist() == ["Bo_b"]
    assert read_audit(db, search="%")["subject"].tolist() == ["100%.csv"]
    assert read_audit(db, action="approve", search="Bo").empty
    assert read_actions(db) == ["approve", "import file"]


def test_the_audit_is_append_only(db, now):
    entries(db, now)
    for sql in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(Refused, match="append-only"):
            db.write([Statement(sql)])


def test_a_manager_reads_from_what_to_what(places, now):
    db = turso_db.connect(None, None, places / "data")
    entries(db, now)
    db.close()
    app = opened("pages/12_Audit.py")
    assert not app.exception
    table = next(t.value for t in app.dataframe if "actor" in t.value)
    row = table[table["action"] == "approve"].iloc[0]
    assert row["detail"] == "sic_code 8361: 100 → 94; run id 3"
    assert str(row["at"]) == "2026-02-11 09:30:00"  # in Chicago
    app.text_input(key="search").set_value("nobody at all").run()
    assert "Nobody has done anything like that" in said(app)
