"""Work with Zoho that outlives a tab: started from a page, followed on every page, told at its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

import ui
from actors import Actor
from deal_import import sync_deals
from deals import read_deal_rules
from jobs import jobs
from lead_columns import read_industries
from settings import Settings, read_settings
from stores import syncs
from turso_db import Database
from zoho_client import for_settings
from zoho_history import import_history
from zoho_operators import sync_operators
from zoho_profile import read_profile
from zoho_runs import progress
from zoho_sync import sync_outcomes

KINDS = {"outcomes": "Outcomes", "operators": "Operators", "deals": "Deals", "history": "History"}


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
    counts = done.counts
    if not counts["read"]:
        return (
            "nothing changed in Zoho since the last sync."
            if done.mode == "incremental"
            else "Zoho was read, and its modules are empty: no lead, deal or delivery is there yet. Nothing is wrong; sync "
            "again when the call centre's first site has arrived."
        )
    told = (
        f"{counts['read']:,} records read: {counts['matched']:,} matched, {counts['review']:,} to review, "
        f"{counts['unmatched']:,} unmatched, {counts['other']:,} others. {ui.many(counts['updated'], 'company', 'companies')} updated."
    )
    return " ".join([told, *done.notes[:3], _listed(done.errors)]).strip()


def operators_work(db: Database, settings: Settings, actor: Actor, full: bool) -> str:
    """Syncs operators and says how it went."""
    zoho = for_settings(settings)
    try:
        profile = read_profile(settings.config_dir)
        done = sync_operators(db, zoho, profile=profile, actor=actor, clock=clock, full=full)
    finally:
        zoho.close()
    if not done.counts["read"] and profile.operators is not None:
        if done.mode == "incremental":
            return "nothing changed in Zoho since the last sync."
        return f"no {profile.operators.module} in Zoho have the type {profile.operators.type} yet, so there is no operator to bring in."
    told = ", ".join(
        f"{done.counts[name]:,} {name}"
        for name in ("read", "created", "updated", "linked", "unchanged", "skipped")
    )
    return f"{told}. {_listed(done.errors)}".strip()


def deals_work(db: Database, settings: Settings, actor: Actor, full: bool) -> str:
    """Syncs the deals of sales and says how it went."""
    profile, rules = read_profile(settings.config_dir), read_deal_rules(settings.config_dir)
    zoho = for_settings(settings)
    try:
        done = sync_deals(db, zoho, profile=profile, rules=rules, actor=actor, clock=clock, full=full)
    finally:
        zoho.close()
    if not done.counts["read"] and not done.counts["gone"]:
        return (
            "nothing changed in Zoho since the last sync."
            if done.mode == "incremental"
            else "Zoho has no deals yet."
        )
    told = ", ".join(
        f"{done.counts[name]:,} {said}"
        for name, said in (("read", "read"), ("new", "new"), ("changed", "changed"), ("unchanged", "as before"),
                           ("rejected", "left out"), ("gone", "deleted in Zoho"))
    )  # fmt: skip
    return " ".join([f"{told}.", *done.notes, _listed(done.errors)]).strip()


def history_work(db: Database, settings: Settings, actor: Actor, full: bool) -> str:
    """Reads what changed in Zoho, brings in what is older than the first export, and says what is missing."""
    profile, industries = read_profile(settings.config_dir), read_industries(settings.config_dir)
    zoho = for_settings(settings)
    try:
        synced = sync_outcomes(db, zoho, profile=profile, actor=actor, clock=clock, full=full)
    finally:
        zoho.close()
    done = import_history(db, profile=profile, industries=industries, now=clock(), actor=actor)
    if not done.counts["read"]:
        told = "nothing from the call centre in Zoho is older than the first export, so there is no history to bring in."
    else:
        told = ", ".join(f"{number:,} {name}" for name, number in done.counts.items()) + "."
    return " ".join([told, *done.notes, _listed(synced.errors)]).strip()


WORK: dict[str, Callable[[Database, Settings, Actor, bool], str]] = {
    "outcomes": outcomes_work,
    "operators": operators_work,
    "deals": deals_work,
    "history": history_work,
}


def start(frame: ui.Frame, kind: str, full: bool) -> None:
    """Callback: the work runs on whether the page stays open or not."""
    with ui.act():
        db, actor, settings = frame.db, frame.actor, read_settings()
        if not jobs().start(f"sync {kind}", lambda: WORK[kind](db, settings, actor, full)):
            ui.flash("info", "This is running already.")


def is_running() -> bool:
    """Whether any work with Zoho runs in this process."""
    return any(jobs().state(f"sync {kind}").running for kind in KINDS)


def show_work(frame: ui.Frame, *kinds: str) -> None:
    """What runs and what the last one said; looks again by itself while something runs, and draws the page anew at its end."""
    running = is_running()
    st.fragment(_show_work, run_every=1.5 if running else None)(frame, kinds, running)


def _show_work(frame: ui.Frame, kinds: tuple[str, ...], was_running: bool) -> None:
    for kind in kinds:
        job = jobs().state(f"sync {kind}")
        if job.running:
            far = progress(syncs.read_running(frame.db), now=clock())
            st.info(
                f"{KINDS[kind]}: {far or 'starting. You may leave this page; it goes on.'}",
                icon=":material/sync:",
            )
        elif job.said:
            (st.error if job.failed else st.success)(ui.plain(f"{KINDS[kind]}: {job.said}"))
    if was_running and not is_running():
        st.rerun()  # the whole page once, for the new figures


def _listed(errors: list[str]) -> str:
    return f"{ui.many(len(errors), 'record')} could not be used; the list below says which." if errors else ""
