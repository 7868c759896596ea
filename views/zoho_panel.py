"""Operators, second tab: the connection to Zoho, its syncs, and what each of them brought."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

import ui
from settings import read_settings
from views.zoho_connection import check_now, show_findings, show_guide
from views.zoho_work import KINDS, is_running, show_work, start
from zoho_runs import duration, run_list, told_in_full


def show_zoho(frame: ui.Frame, runs: pd.DataFrame) -> None:
    """The whole panel; `runs` are the newest syncs and imports (stores.syncs.read_sync_runs)."""
    connected = read_settings().zoho_ready
    if not connected:
        ui.empty("Zoho is not connected yet. Until then outcomes come in as files on the Outcomes page.")
    elif ui.lets(frame, "ops", "Syncing"):
        _show_buttons(frame)
        show_work(frame, *KINDS)
    show_findings()
    show_guide(frame, connected=connected)
    show_runs(frame, runs)


def _show_buttons(frame: ui.Frame) -> None:
    """What can be started."""
    with st.container(horizontal=True, vertical_alignment="center"):
        running = is_running()
        full = st.checkbox("Read everything again", key="full_sync", help="Otherwise what changed since the last sync")  # fmt: skip
        for kind in ("outcomes", "operators", "deals"):
            st.button(
                f"Sync {KINDS[kind].lower()}", key=f"sync_{kind}", icon=":material/sync:", on_click=start, args=(frame, kind, full),
                disabled=running,
            )  # fmt: skip
        st.button("Check the connection", key="check_zoho", icon=":material/rule:", on_click=check_now)


def show_runs(frame: ui.Frame, runs: pd.DataFrame) -> None:
    """The newest syncs and imports with their counts; one that is ticked opens with its sentences."""
    if runs.empty:
        return
    st.subheader("Syncs and imports", anchor=False)
    listed = run_list(runs, now=frame.now)
    shown = listed.assign(
        started_at=[ui.age(at, frame.now) for at in listed["started_at"]],
        seconds=[duration(seconds) for seconds in listed["seconds"]],
    )
    ids = runs["run_id"].tolist()
    st.dataframe(
        shown, hide_index=True, alt="The newest syncs and imports", key="sync_runs", selection_mode="single-row",
        on_select=partial(ui.open_row, "sync", "sync_runs", ids),
        height=min(38 + 35 * len(shown), 320), placeholder="", column_config={
            "started_at": st.column_config.TextColumn("When", pinned=True), "what": "What", "how": "Read", "status": "Status",
            "by": "By", "window": st.column_config.TextColumn("Changes from … to (UTC)"), "read": st.column_config.NumberColumn("Records", format="localized"), "matched": "Matched",
            "review": "To review", "unmatched": "Unmatched", "updated": st.column_config.NumberColumn("Updated", format="localized"), "calls": "Calls", "credits": "Credits",
            "seconds": "Took", "errors": st.column_config.NumberColumn("Errors", help="Tick the row to read them")},
    )  # fmt: skip
    place = ui.named("sync", ids, "sync or import among the newest:")
    if place is None:
        st.caption("Tick a row to read what it said.")
        return
    _show_run({str(name): runs[name].tolist()[place] for name in runs}, str(listed["status"].iloc[place]))


def _show_run(run: dict[str, object], status: str) -> None:
    """The sentences of one run."""
    errors, notes = told_in_full(run)
    if status == "interrupted":
        st.warning("This run was interrupted: its process ended in the middle. Nothing that was read is lost; the next one goes on from there.")  # fmt: skip
    elif status == "failed":
        st.error(
            "This run failed, so what it read counts only as far as it came. The next one reads the rest."
        )
    for note in notes:
        st.caption(ui.plain(note))
    if errors:
        st.dataframe(
            [{"What could not be used": sentence} for sentence in errors[:500]], hide_index=True, alt="What could not be used in this run",
            column_config={"What could not be used": st.column_config.TextColumn(width="large")},
        )  # fmt: skip
    elif not notes:
        st.caption("It had nothing further to say: no error and no note.")
