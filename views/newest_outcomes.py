"""Outcomes, Newest: the milestones that stand, and taking a single one back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from outcome_work import take_back_milestone
from stores import milestones, outcomes
from turso_db import Database


def readers() -> list[Callable[[Database], Any]]:
    """What the tab is shown from: the newest milestones that stand, and those that people took back."""
    return [partial(outcomes.read_feed, limit=300), partial(milestones.read_taken_back, limit=100)]


def take_back_now(frame: ui.Frame, milestone_id: int) -> None:
    """Callback: the ticked milestone no longer counts."""
    with ui.act():
        told = take_back_milestone(
            frame.db, milestone_id=milestone_id, reason=st.session_state.get("taken_because", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
        )  # fmt: skip
        ui.flash(
            "success",
            f"Taken back: {told['milestone']} of {told['company_name']}, {told['batch_id']}. It stays on record with the reason.",
        )
        st.session_state["taken_because"] = ""


def show_newest(frame: ui.Frame, feed: pd.DataFrame, taken: pd.DataFrame) -> None:
    """The whole tab."""
    if feed.empty:
        ui.empty("No outcome has come in yet. Import a file, or connect Zoho.", "pages/3_Operators.py", "Connect Zoho")  # fmt: skip
    else:
        _show_feed(frame, feed)
    if not taken.empty:
        with st.expander(f"Taken back by people ({len(taken)})", icon=":material/undo:"):
            st.dataframe(
                taken, hide_index=True, height=min(38 + 35 * len(taken), 250), alt="Milestones that people took back", column_config={
                    "taken_at": ui.time_column(frame, "Taken back", hours=False), "taken_by": "By",
                    "reason": st.column_config.TextColumn("Because", width="medium"), "milestone": "Milestone",
                    "happened_at": ui.day_column("Was"), "company_name": "Company", "batch_id": "Batch", "source": "From"},
            )  # fmt: skip


def _show_feed(frame: ui.Frame, feed: pd.DataFrame) -> None:
    picked = st.dataframe(
        feed.drop(columns="id"), hide_index=True, on_select="rerun", selection_mode="single-row", key="feed", height=min(38 + 35 * len(feed), 420), placeholder="",
        alt="The newest outcomes", column_config={
            "happened_at": ui.day_column("When"), "milestone": "Milestone",
            "company_name": st.column_config.TextColumn("Company", pinned=True), "state": "State", "batch_id": "Batch",
            "hades_score": "Score", "source": "From", "detail": "As spelled there", "recorded_by": "Recorded by"},
    )  # fmt: skip
    rows = [place for place in picked.selection.rows if place < len(feed)]
    if not frame.may("ops"):
        return
    if not rows:
        st.caption("Tick a milestone that is wrong to take it back.")
        return
    row = feed.iloc[rows[0]]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            ui.plain(f"Why {row['milestone']} of {row['company_name']} is wrong"), key="taken_because", max_chars=300,
            placeholder="Another building, a test record",
        )  # fmt: skip
        st.button(
            "Take it back", key="take_back", on_click=take_back_now, args=(frame, int(row["id"])), icon=":material/undo:"
        )  # fmt: skip
    st.caption("No later sync or import of the same record brings it back. The row stays, with your name and the reason.")  # fmt: skip
