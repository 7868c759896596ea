"""What a change would do to the leads that wait is kept for everybody, and belongs to one file of one person."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import streamlit as st

import ui
from actors import Actor
from demo_world import SAMPLE_CENTER_ZIP, sample_upload
from icp import read_icp
from lead_columns import read_columns
from leads import LeadFile, read_leads
from settings import ROOT, read_settings
from turso_db import Database
from views.what_would_change import preview_of_text

CONFIG, DAY = ROOT / "config", date(2026, 2, 11)


@pytest.fixture
def files() -> list[LeadFile]:
    """Two files of the same length: the second has other names."""
    st.cache_data.clear()
    text = sample_upload("geography", DAY).decode()
    name = read_leads(text.encode(), "a.csv", read_columns(CONFIG)).leads["company_name"].iloc[0]
    other = text.replace(name, "Another House")
    return [read_leads(each.encode(), "a.csv", read_columns(CONFIG)) for each in (text, other)]


def test_a_preview_lists_the_leads_of_whoever_looks(
    db: Database, files: list[LeadFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    icp = read_icp(CONFIG)
    chosen = {
        "workflow": "geography",
        "today": DAY,
        "center_zip": SAMPLE_CENTER_ZIP,
        "radius_miles": 500.0,
    }
    named = []
    for who, file in zip(("Ana", "Bo"), files, strict=True):
        frame = ui.Frame(db, read_settings(), Actor(who), icp, 1, 7, datetime(2026, 3, 2, tzinfo=UTC))
        monkeypatch.setattr(st, "session_state", {"waiting_leads": (file.leads, chosen, (file.sha256,))})
        preview = preview_of_text(frame, icp.text + "\n# x\n", "all")
        named.append(set(preview.pools[0].leads["company_name"]))
    assert "Another House" in named[1] - named[0]
    assert len(files[0].leads) == len(files[1].leads)

    monkeypatch.setattr(st, "session_state", {})
    assert preview_of_text(frame, icp.text + "\n# x\n", "all").pools == []
