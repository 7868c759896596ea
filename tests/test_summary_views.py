"""Every view of a lead's summary is noted, and nothing personal with it."""

from __future__ import annotations

import pytest
from racing import ANA

from errors import Refused
from stores.state import read_state
from stores.summary_views import read_views
from summary_views import record_summary_view
from turso_db import Statement


def test_a_view_is_kept_with_who_when_and_what_was_shown(db, now):
    lead = {"website": "https://www.oak-home.example.com/contact", "email": "jo@oak-home.example.com", "segment": "Cold",
            "offer_tier": "Gold", "score": 84, "urgency": "High", "first_name": "Jo"}  # fmt: skip
    version = read_state(db).data_version
    record_summary_view(db, lead=lead, now=now, actor=ANA)
    row = read_views(db).iloc[0].to_dict()
    assert row == {
        "at": "2026-02-11T15:30:00Z", "event": "sales_summary_viewed", "lead_id": row["lead_id"], "domain": "oak-home.example.com",
        "segment": "Cold", "offer_tier": "Gold", "potential": 84, "urgency": "High", "viewed_by": ANA.name,
    }  # fmt: skip
    assert "jo@" not in str(db.rows("SELECT * FROM summary_views"))
    assert read_state(db).data_version == version  # a look makes no cache stale


def test_a_lead_of_which_nothing_is_known_is_noted_all_the_same(db, now):
    record_summary_view(db, lead={"score": None}, now=now, actor=ANA)
    assert len(read_views(db)) == 1


def test_views_are_append_only(db, now):
    record_summary_view(db, lead={}, now=now, actor=ANA)
    for sql in ("UPDATE summary_views SET viewed_by = 'x'", "DELETE FROM summary_views"):
        with pytest.raises(Refused, match="append-only"):
            db.write([Statement(sql)])
