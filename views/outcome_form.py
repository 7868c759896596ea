"""Outcomes, By hand: say what became of one company or of many, and of leads that programs had scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from feedback import give_feedback, undo_feedback
from outcome_entry import Entry, record_outcomes
from stores import feedback, milestones
from stores.outcomes import MILESTONES
from turso_db import Database

_COMPANIES, _LEADS = "Exported companies", "Leads of programs"
_WORDS = {1: "Converted", 0: "Did not convert"}
_MOST = 100


def readers() -> list[Callable[[Database], Any]]:
    """What the tab is shown from: the companies exported last, or the leads scored last, that fit the search."""
    of, wanted = (
        str(st.session_state.get(key, st.query_params.get(key, "")))
        for key in ("by_hand_of", "by_hand_wanted")
    )
    return _readers(of, wanted)


def _readers(of: str, wanted: str) -> list[Callable[[Database], Any]]:
    if of == _LEADS:
        return [partial(feedback.read_scored_leads, contains=wanted.strip(), limit=_MOST)]
    return [partial(milestones.find_companies, search=wanted.strip(), limit=_MOST)]


def record_now(frame: ui.Frame, entries: list[Entry]) -> None:
    """Callback: the outcomes chosen in the table are recorded."""
    with ui.act():
        done = record_outcomes(frame.db, entries=entries, today=frame.today, now=_now(), actor=frame.actor)
        known = f" {ui.many(done.known, 'outcome')} had been recorded before." if done.known else ""
        ui.flash(
            "success",
            f"{ui.many(done.recorded, 'outcome')} recorded.{known} Each can be taken back under Newest.",
        )
        _fresh_table()


def say_now(frame: ui.Frame, said: list[tuple[str, bool | None, int | None]]) -> None:
    """Callback: what became of leads (lead_id, outcome or None to take it back, the feedback that was seen)."""
    with ui.act():
        for lead_id, outcome, seen in said:
            if outcome is None:
                undo_feedback(frame.db, lead_id=lead_id, now=_now(), actor=frame.actor, feedback_id=seen)
            else:
                give_feedback(
                    frame.db,
                    lead_id=lead_id,
                    outcome=outcome,
                    now=_now(),
                    actor=frame.actor,
                    came_from="page",
                )
        ui.flash("success", f"{ui.many(len(said), 'outcome')} kept. What stood before stays on record.")
        _fresh_table()


def fill_now() -> None:
    """Callback: the outcome and the day chosen above stand in every row of a fresh table."""
    day = st.session_state.get("by_hand_day")
    _fresh_table()
    st.session_state["by_hand_fill"] = (st.session_state.get("by_hand_all"), day)


def show_form(frame: ui.Frame, _rows: pd.DataFrame) -> None:
    """The whole tab."""
    left, right = st.columns([2, 3], gap="large", vertical_alignment="bottom")
    of = left.segmented_control(
        "Of what",
        [_COMPANIES, _LEADS],
        key="by_hand_of",
        default=_COMPANIES,
        required=True,
        on_change=_of_another,
        bind="query-params",
    )
    wanted = right.text_input(
        "Find", key="by_hand_wanted", max_chars=100, icon=":material/search:", on_change=_fresh_table,
        placeholder="lead_id" if of == _LEADS else "Name, city, ZIP or batch ID", bind="query-params",
    )  # fmt: skip
    rows = ui.read_all(frame, *_readers(str(of), str(wanted)))[0]
    if rows.empty:
        ui.empty(
            "No lead was scored for a program yet, or none with this in its lead_id."
            if of == _LEADS
            else "No exported company has this in its name, city, ZIP or batch ID.",
        )
        return
    if of == _LEADS:
        _show_leads(frame, rows)
    else:
        _show_companies(frame, rows)


def _fill(frame: ui.Frame, options: Sequence[str], *, dated: bool) -> None:
    """The line above the table that puts one outcome into every row of it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Outcome for every row shown",
            options,
            index=None,
            key="by_hand_all",
            placeholder="Choose one",
            width=240,
        )
        if dated:
            st.date_input("On", value=frame.today, max_value=frame.today, key="by_hand_day", width=160)
        st.button("Fill the table", key="by_hand_fill_all", on_click=fill_now, icon=":material/edit_note:",
                  disabled=not st.session_state.get("by_hand_all"))  # fmt: skip


def _show_companies(frame: ui.Frame, rows: pd.DataFrame) -> None:
    may = ui.lets(frame, "ops", "Recording outcomes")
    if may:
        _fill(frame, MILESTONES, dated=True)
    outcome, day = st.session_state.get("by_hand_fill", (None, None))
    shown = rows[["company_name", "batch_id", "city", "state", "exported_at", "outcome"]].copy()
    shown["milestone"] = pd.Series([outcome] * len(shown), index=shown.index, dtype="object")
    shown["happened_on"] = pd.Series([day or frame.today] * len(shown), index=shown.index, dtype="object")
    edited = st.data_editor(
        shown, key=_table_key("companies"), hide_index=True, num_rows="fixed", placeholder="–", height=min(38 + 35 * len(shown), 420),
        disabled=_locked(frame, shown, "milestone", "happened_on"),
        alt="Exported companies and what became of them", column_config={
            "company_name": st.column_config.TextColumn("Company", pinned=True), "batch_id": "Batch", "city": "City",
            "state": "State", "exported_at": ui.day_column("Exported"), "outcome": "So far",
            "milestone": st.column_config.SelectboxColumn("Outcome to record", options=list(MILESTONES)),
            "happened_on": ui.day_column("Happened on", max_value=frame.today)},
    )  # fmt: skip
    if not may:
        return
    chosen = edited["milestone"].notna()
    entries = [
        Entry(batch, key, milestone, _day(day_of, frame.today))
        for batch, key, milestone, day_of in zip(
            rows["batch_id"][chosen], rows["company_key"][chosen], edited["milestone"][chosen], edited["happened_on"][chosen],
            strict=True,
        )
    ]  # fmt: skip
    label = f"Record {ui.many(len(entries), 'outcome')}" if entries else "Record outcomes"
    st.button(label, key="by_hand_record", type="primary", on_click=record_now, args=(frame, entries),
              disabled=not entries)  # fmt: skip
    st.caption(
        f"Choose an outcome in the rows that are meant, {len(rows):,} are shown. It carries your name; every contact of the company gets it."
    )


def _show_leads(frame: ui.Frame, rows: pd.DataFrame) -> None:
    before = [_WORDS.get(value) for value in rows["outcome"].astype("object")]
    shown = rows[["lead_id", "kind", "last_score", "first_scored_at", "given_by", "given_at"]].copy()
    may = ui.lets(frame, "ops", "Saying what became of them")
    if may:
        _fill(frame, list(_WORDS.values()), dated=False)
    outcome, _ = st.session_state.get("by_hand_fill", (None, None))
    shown["outcome"] = pd.Series(
        [outcome] * len(shown) if outcome else before, index=shown.index, dtype="object"
    )
    edited = st.data_editor(
        shown, key=_table_key("leads"), hide_index=True, num_rows="fixed", placeholder="–", height=min(38 + 35 * len(shown), 420),
        disabled=_locked(frame, shown, "outcome"),
        alt="Leads that programs had scored, and what became of them", column_config={
            "lead_id": st.column_config.TextColumn("Lead", pinned=True), "kind": "Kind",
            "last_score": st.column_config.NumberColumn("Score", format="percent"),
            "first_scored_at": ui.day_column("First scored"), "given_by": "Said by",
            "given_at": ui.day_column("Said on"),
            "outcome": st.column_config.SelectboxColumn("What became of it", options=list(_WORDS.values()))},
    )  # fmt: skip
    if not may:
        return
    flags = {word: bool(value) for value, word in _WORDS.items()}
    after = [None if pd.isna(value) else value for value in edited["outcome"]]
    said: list[tuple[str, bool | None, int | None]] = [
        (lead_id, flags.get(new) if new else None, None if pd.isna(seen) else int(seen))
        for lead_id, old, new, seen in zip(rows["lead_id"], before, after, rows["feedback_id"], strict=True)
        if old != new
    ]
    label = f"Keep {ui.many(len(said), 'outcome')}" if said else "Keep outcomes"
    st.button(label, key="by_hand_say", type="primary", on_click=say_now, args=(frame, said),
              disabled=not said)  # fmt: skip
    st.caption(
        "Emptying a cell takes the newest outcome back; the one before it stands again. Nothing is erased."
    )


def _locked(frame: ui.Frame, shown: pd.DataFrame, *open_columns: str) -> list[str]:
    """The columns that nobody types into: all of them for whoever may not."""
    return [str(name) for name in shown if name not in open_columns or not frame.may("ops")]


def _day(value: Any, today: date) -> date:
    return today if pd.isna(value) else pd.Timestamp(value).date()


def _table_key(of: str) -> str:
    return f"by_hand_{of}_{st.session_state.get('by_hand_table', 0)}"


def _fresh_table() -> None:
    """Nothing; what was typed into the table is gone with it."""
    st.session_state["by_hand_table"] = st.session_state.get("by_hand_table", 0) + 1
    st.session_state.pop("by_hand_fill", None)


def _of_another() -> None:
    """Nothing; what was chosen for the other table is forgotten."""
    _fresh_table()
    st.session_state.pop("by_hand_all", None)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
