"""Score Calibration: every proposal with what became of it, and how often its prediction held."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.prediction import BETTER, HELD, SHORT, TOO_YOUNG, Grade
from change_preview import grade_approvals
from stores import proposals
from views.proposal import show_proposal

SIGNS = {HELD: "✓ held", SHORT: "▼ fell short", BETTER: "▲ did better", TOO_YOUNG: "too young"}
ICONS = {"open": "open", "applied": "in force", "refused": "refused", "withdrawn": "withdrawn"}


@st.cache_data(max_entries=4, show_spinner="Grading what was promised")
def _graded(_frame: ui.Frame, data_version: int, day: str, maturity_days: int) -> dict[int, Grade | None]:
    graded = grade_approvals(_frame.db, today=_frame.today, maturity_days=maturity_days)
    return {entry["proposal_id"]: found for entry, found in graded}


def show_journal(frame: ui.Frame) -> None:
    """The proposal that the address names, the open ones, and the journal."""
    entries: list[dict[str, Any]] = ui.read(frame, proposals.read_journal)
    if not entries:
        ui.empty(
            "Nothing was proposed yet. Tick rows of a calibration report: a proposal waits here until someone decides."
        )
        return
    by_number = {entry["proposal_id"]: entry for entry in entries}
    wanted = st.query_params.get("proposal", "")
    if wanted and not (wanted.isdigit() and int(wanted) in by_number):
        st.warning("There is no such proposal; the newest is shown.", icon=":material/info:")
    first = next((n for n, entry in by_number.items() if entry["status"] == "open"), next(iter(by_number)))
    shown = int(wanted) if wanted.isdigit() and int(wanted) in by_number else first
    picked = st.selectbox(
        "Proposal", list(by_number), index=list(by_number).index(shown), width=420, key=f"proposal_{shown}_{frame.data_version}",
        format_func=lambda n: f"{n} · {ICONS[by_number[n]['status']]} · {by_number[n]['proposed_by']} · {ui.day(by_number[n]['proposed_at'])}",
    )  # fmt: skip
    if picked != shown:
        st.query_params["proposal"] = str(picked)
        st.rerun()
    with st.container(border=True):
        show_proposal(frame, by_number[shown])
    days = int(frame.icp.data["calibration"]["maturity_days"])
    graded = _graded(frame, frame.data_version, str(frame.today), days)
    st.subheader("Journal", anchor=False)
    st.markdown(ui.plain(record_sentence([g for g in graded.values() if g is not None])))
    show_entries(entries, graded)


def record_sentence(grades: list[Grade]) -> str:
    """How often predictions held so far."""
    if not grades:
        return "No approval with a prediction is in force yet, so there is nothing to grade."
    told = [grade for grade in grades if grade.word != TOO_YOUNG]
    young = len(grades) - len(told)
    waits = f" {ui.many(young, 'more is', 'more are')} too young to grade." if young and told else ""
    if not told:
        return f"{ui.many(young, 'prediction is', 'predictions are')} too young to grade: the leads exported since have not matured."
    held = sum(grade.word == HELD for grade in told)
    vague = sum(grade.word == HELD and grade.open for grade in told)
    also = (
        f" For {vague} of these, no change at all would have fitted, too: they say little yet."
        if vague
        else ""
    )
    return f"{held} of {ui.many(len(told), 'graded prediction')} held.{also}{waits}"


def show_entries(entries: list[dict[str, Any]], graded: dict[int, Grade | None]) -> None:
    """The table of all proposals."""
    rows = []
    for entry in entries:
        promise, mark = entry["prediction"], graded.get(entry["proposal_id"])
        rows.append(
            {
                "No.": entry["proposal_id"],
                "State": ICONS[entry["status"]],
                "By": entry["proposed_by"],
                "On": ui.day(entry["proposed_at"]),
                "Scores": len(entry["accepted"] or entry["changes"]),
                "Decided by": entry["decided_by"] or "",
                "Version": ui.blank(entry["version"]),
                "Promised lift": "–"
                if promise is None
                else f"{promise['lift']:.2f} ({promise['lift_low']:.2f}–{promise['lift_high']:.2f})",
                "Came true": "–" if mark is None else SIGNS[mark.word],
                "How": "" if mark is None else mark.why,
                "Why": entry["reason"],
            }
        )
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content", alt="All proposals, newest first", key="journal",
        column_config={
            "No.": st.column_config.NumberColumn(width=46), "State": st.column_config.TextColumn(width=74),
            "Promised lift": st.column_config.TextColumn(width=118), "Came true": st.column_config.TextColumn(width=96),
            "How": st.column_config.TextColumn(width=320), "Why": st.column_config.TextColumn(width=220),
        },
    )  # fmt: skip
    st.caption(
        "A promise is graded on the leads exported under its version, once they are old enough: they are ranked by the "
        "scores before and after, and the deliveries of those that came in are set against those that dropped out."
    )
