"""Operators page: the connection to Zoho, its syncs, and what each of them brought."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import ui
from actors import Actor
from jobs import jobs
from settings import Settings
from turso_db import Database
from zoho_check import check_connection
from zoho_client import for_settings
from zoho_operators import sync_operators
from zoho_profile import read_profile
from zoho_sync import sync_outcomes

KINDS = {"outcomes": "Outcomes", "operators": "Operators"}


def clock() -> datetime:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def outcomes_work(db: Database, settings: Settings, actor: Actor, full: bool) -> str:
    """Syncs outcomes and says how it went."""
    zoho = for_settings(settings)
    try:
        done = sync_outcomes(
            db, zoho, profile=read_profile(settings.config_dir), actor=actor, clock=clock, full=full
        )
    finally:
        zoho.close()
    return _told(done.counts, ("read", "matched", "review", "unmatched", "updated"), done.errors)


def operators_work(db: Database, settings: Settings, actor: Actor, full: bool) -> str:
    """Syncs operators and says how it went."""
    zoho = for_settings(settings)
    try:
        done = sync_operators(
            db, zoho, profile=read_profile(settings.config_dir), actor=actor, clock=clock, full=full
        )
    finally:
        zoho.close()
    return _told(done.counts, ("read", "created", "updated", "linked", "unchanged", "skipped"), done.errors)


WORK: dict[str, Callable[[Database, Settings, Actor, bool], str]] = {
    "outcomes": outcomes_work,
    "operators": operators_work,
}


def start(frame: ui.Frame, kind: str, full: bool) -> None:
    """Callback: the sync runs on whether this page stays open or not."""
    db, settings, actor = frame.db, frame.settings, frame.actor
    if not jobs().start(f"sync {kind}", lambda: WORK[kind](db, settings, actor, full)):
        ui.flash("info", "This sync is running already.")


def show_zoho(frame: ui.Frame, runs: pd.DataFrame) -> None:
    """The whole panel; `runs` are the newest syncs and imports (stores.syncs.read_sync_runs)."""
    st.subheader("Zoho", anchor=False)
    if not frame.settings.zoho_ready:
        ui.empty(
            "Zoho is not connected. Run python -m scripts.connect_zoho, which leads through it step by step, or set "
            "ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET and ZOHO_REFRESH_TOKEN in the environment or the secrets file. Until "
            "then outcomes come in as files on the Outcomes page."
        )
    elif frame.may("ops"):
        running = any(jobs().state(f"sync {kind}").running for kind in KINDS)
        st.fragment(show_buttons, run_every=1.5 if running else None)(frame, running)
    show_runs(frame, runs)


def show_buttons(frame: ui.Frame, was_running: bool) -> None:
    """What can be started, what runs, and what the last one said."""
    with st.container(horizontal=True, vertical_alignment="center"):
        full = st.checkbox(
            "Read everything again", key="full_sync", help="Otherwise what changed since the last sync"
        )
        for kind, name in KINDS.items():
            st.button(
                f"Sync {name.lower()}", key=f"sync_{kind}", icon=":material/sync:", on_click=start, args=(frame, kind, full),
                disabled=jobs().state(f"sync {kind}").running,
            )  # fmt: skip
        check = st.button("Check the connection", key="check_zoho", icon=":material/rule:")
    for kind, name in KINDS.items():
        job = jobs().state(f"sync {kind}")
        if job.running:
            st.info(
                f"{name} are being read. You may leave this page; the sync goes on.", icon=":material/sync:"
            )
        elif job.said:
            (st.error if job.failed else st.success)(ui.plain(f"{name}: {job.said}"))
    if check:
        show_check(frame)
    if was_running and not any(jobs().state(f"sync {kind}").running for kind in KINDS):
        st.rerun()  # the whole page once, for the new figures


def show_check(frame: ui.Frame) -> None:
    """What of the connection is right, and what is missing where."""
    zoho = for_settings(frame.settings)
    try:
        findings = check_connection(zoho, profile=read_profile(frame.settings.config_dir))
    finally:
        zoho.close()
    st.dataframe(
        [{"": finding.state, "Finding": finding.sentence} for finding in findings], hide_index=True, height="content",
        alt="What is right and what is missing", column_config={"Finding": st.column_config.TextColumn(width="large")},
    )  # fmt: skip


def show_runs(frame: ui.Frame, runs: pd.DataFrame) -> None:
    """The newest syncs and imports with their counts and errors."""
    if runs.empty:
        return
    st.markdown("**Syncs and imports**")
    shown = pd.DataFrame({
        "When": [ui.age(at, frame.now) for at in runs["started_at"]], "Kind": runs["kind"], "Status": runs["status"], "By": runs["started_by"],
        "Read": runs["read"], "Matched": runs["matched"], "To review": runs["review"], "Unmatched": runs["unmatched"],
        "Updated": runs["updated"], "Calls": runs["calls"], "Errors": [" ".join(json.loads(text)[:3]) for text in runs["errors"]],
    })  # fmt: skip
    st.dataframe(shown, hide_index=True, alt="The newest syncs and imports", key="sync_runs",
                 column_config={"Errors": st.column_config.TextColumn(width="large")})  # fmt: skip


def _told(counts: dict[str, Any], names: tuple[str, ...], errors: list[str]) -> str:
    told = ", ".join(f"{counts.get(name, 0):,} {name}" for name in names)
    return f"{told}. " + (f"{len(errors)} could not be read; see the list." if errors else "")
