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
        st.query_params.pop("milestone", None)


def show_newest(frame: ui.Frame, feed: pd.DataFrame, taken: pd.DataFrame) -> None:
    """The whole tab."""
    if feed.empty:
        ui.empty("No outcome has come in yet. Import a file, or connect Zoho.", "pages/3_Operators.py", "Connect Zoho", tab="Zoho")  # fmt: skip
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
    st.dataframe(
        feed.drop(columns="id"), hide_index=True, on_select=partial(ui.open_row, "milestone", "feed", feed["id"].tolist()),
        selection_mode="single-row", key="feed", height=min(38 + 35 * len(feed), 420), placeholder="",
        alt="The newest outcomes", column_config={
            "happened_at": ui.day_column("When"), "milestone": "Milestone",
            "company_name": st.column_config.TextColumn("Company", pinned=True), "state": "State", "batch_id": "Batch",
            "hades_score": "Score", "source": "From", "detail": "As spelled there", "recorded_by": "Recorded by"},
    )  # fmt: skip
    row = _opened(frame, feed)
    if row is None:
        st.caption("Tick a milestone to open it, and to take it back when it is wrong.")
        return
    with st.container(border=True):
        st.markdown(
            f"**{ui.plain(ui.blank(row['company_name']))}: {row['milestone']} on {ui.day(row['happened_at'])}**"
        )
        spelled = f", there “{row['detail']}”" if ui.blank(row["detail"]) else ""
        st.caption(
            ui.plain(
                f"Batch {row['batch_id']}, from {row['source']}{spelled}, recorded by {ui.blank(row['recorded_by'])}."
            )
        )
        st.page_link("pages/2_Batches.py", label="Open the batch", icon=":material/arrow_forward:",
                     query_params={"batch": str(row["batch_id"])})  # fmt: skip
        if frame.may("ops"):
            _offer_taking_back(frame, row)


def _opened(frame: ui.Frame, feed: pd.DataFrame) -> dict[str, Any] | None:
    """The milestone that the address names, however old it is; None without one, a sentence for one that does not stand."""
    wanted = st.query_params.get("milestone")
    if wanted is None:
        return None
    ids = [str(number) for number in feed["id"]]
    if wanted in ids:
        return {str(name): feed[name].tolist()[ids.index(wanted)] for name in feed}
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 16 else 0
    row = ui.read(frame, milestones.read_milestone, milestone_id=number)
    if row is None or not row["standing"]:
        st.warning(ui.plain(f"There is no milestone {wanted[:40]} that stands."), icon=":material/info:")
        return None
    return row


def _offer_taking_back(frame: ui.Frame, row: dict[str, Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            ui.plain(f"Why {row['milestone']} of {row['company_name']} is wrong"), key="taken_because", max_chars=300,
            placeholder="Another building, a test record",
        )  # fmt: skip
        st.button(
            "Take it back", key="take_back", on_click=take_back_now, args=(frame, int(row["id"])), icon=":material/undo:"
        )  # fmt: skip
    st.caption("No later sync or import of the same record brings it back. The row stays, with your name and the reason.")  # fmt: skip
