"""Round trips are the currency: what a page, cold and warm, asks of the database, counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st

import turso_db
import ui
from actors import Actor
from approvals import active_configuration
from settings import read_settings
from stores import operators, outcomes

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def frame(db: turso_db.Database, config_dir: Path, now: datetime) -> Iterator[ui.Frame]:
    """What a page works with, over an empty database."""
    st.cache_data.clear()
    active = active_configuration(db, config_dir=config_dir, now=now)
    yield ui.Frame(
        db,
        read_settings(),
        Actor("Ana Ruiz", "manager"),
        active.icp,
        active.version,
        active.data_version,
        now,
    )
    st.cache_data.clear()


def trips(frame: ui.Frame) -> int:
    return frame.db.round_trips


def test_what_a_page_names_together_comes_in_one_trip_and_is_known_afterwards(frame: ui.Frame) -> None:
    before = trips(frame)
    funnel, known, size = ui.read_all(
        frame, outcomes.read_funnel, partial(operators.read_operators, search="", limit=5), outcomes.count_historical
    )  # fmt: skip
    assert trips(frame) == before + 1
    assert funnel["exported"] == size["leads"] == 0
    assert isinstance(known, pd.DataFrame)
    assert list(known.columns)[:2] == ["id", "name"]
    ui.read(frame, operators.read_operators, limit=5, search="")
    ui.read(frame, outcomes.read_funnel)
    assert trips(frame) == before + 1
    ui.read_all(frame, outcomes.read_funnel, outcomes.count_unmatched)  # only what is missing is asked
    ui.read(frame, operators.read_operators, search="", limit=6)
    assert trips(frame) == before + 3


def test_what_is_kept_belongs_to_its_data_version_and_nobody_can_spoil_it(frame: ui.Frame) -> None:
    added = operators.insert_operator(values={"name": "Harbor"}, now=frame.now)
    frame.db.write([added], bump=False)
    first = ui.read(frame, operators.read_operators)
    first["name"] = "spoiled"
    (again,) = ui.read_all(frame, operators.read_operators)
    assert again["name"].tolist() == ["Harbor"]
    before = trips(frame)
    later = ui.Frame(frame.db, frame.settings, frame.actor, frame.icp, frame.weight_version, frame.data_version + 1, frame.now)  # fmt: skip
    ui.read(later, operators.read_operators)
    assert trips(frame) == before + 1
