"""Score Calibration: one proposal, shown as a change of icp.yaml, and its decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

import ui
from actors import same_person
from errors import Refused
from proposals import REFUSED, WITHDRAWN, approve_proposal, close_proposal
from score_changes import changed_icp, needs_second
from stores import runs
from views.current_weights import called, label
from views.plain_words import prediction_sentence
from views.what_would_change import preview_of_text, show_preview

Entry = dict[str, Any]


def _clock() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def accept(frame: ui.Frame, entry: Entry, names: list[tuple[str, str]]) -> None:
    """Callback: put the ticked part of the proposal into force."""
    with ui.act():
        whole = len(names) == len(entry["changes"])
        done = approve_proposal(
            frame.db, config_dir=frame.settings.config_dir, proposal_id=entry["proposal_id"],
            rows=None if whole else names, reason=st.session_state.get("decision_reason", ""), now=_clock(),
            actor=ui.approver(frame),
            prediction=None if whole else _preview(frame, entry, names).prediction,
        )  # fmt: skip
        ui.flash("success", f"Version {done.version} is in force with {len(done.changes)} changed scores.")


def close(frame: ui.Frame, proposal_id: int, status: str) -> None:
    """Callback: refuse or withdraw."""
    with ui.act():
        close_proposal(
            frame.db, proposal_id=proposal_id, status=status, reason=st.session_state.get("decision_reason", ""),
            now=_clock(), actor=ui.approver(frame),
        )  # fmt: skip
        ui.flash("success", f"Proposal {proposal_id} is {status}. It stays in the journal.")


def _preview(frame: ui.Frame, entry: Entry, names: list[tuple[str, str]]) -> Any:
    chosen = [change for change in entry["changes"] if (change["dimension"], change["value"]) in set(names)]
    run = ui.read(frame, runs.read_run, run_id=entry["run_id"]) or {}
    return preview_of_text(frame, changed_icp(frame.icp, chosen).text, run.get("population", "all"))


def show_proposal(frame: ui.Frame, entry: Entry) -> None:
    """Who wants what and why, the diff, and while it is open the boxes and buttons of its decision."""
    number, is_open = entry["proposal_id"], entry["status"] == "open"
    st.markdown(
        f"#### Proposal {number}: {ui.many(len(entry['changes']), 'score')} to change, {entry['status']}"
    )
    st.caption(
        ui.plain(
            f"{entry['proposed_by']} on {ui.day(entry['proposed_at'])}, from run {entry['run_id']}"
            + (f" on version {entry['base_version']}" if entry["base_version"] else "")
            + f": {entry['reason']}"
        )
    )
    if not is_open:
        as_version = f" as version {entry['version']}" if entry["version"] else ""
        because = f": {entry['decided_because']}" if entry["decided_because"] else "."
        st.info(
            ui.plain(
                f"{entry['status'].capitalize()} by {entry['decided_by']} on {ui.day(entry['decided_at'])}{as_version}{because}"
            ),
            icon=":material/gavel:",
        )
    if entry["prediction"] is None:
        st.markdown(
            "What it would bring could not be said when it was made: too few leads or deliveries were known."
        )
    else:
        st.markdown(ui.plain(prediction_sentence(entry["prediction"])))
    left, right = st.columns([1, 1])
    with left:
        names = _ticked(frame, entry, is_open=is_open)
    with right:
        if entry["diff"]:
            st.code(entry["diff"], language="diff", wrap_lines=True)
        else:
            st.caption("This approval was made by an earlier release, which kept no diff.")
    if not is_open:
        return
    if entry["base_version"] != frame.weight_version:
        st.warning(
            f"It was made on version {entry['base_version']}, and version {frame.weight_version} is in force: it can be "
            "refused or withdrawn, not accepted. Calibrate again and propose anew.",
            icon=":material/sync_problem:",
        )
    elif names and st.toggle("Show what would change", key=f"preview_proposal_{number}"):
        try:
            preview = _preview(frame, entry, names)
        except Refused as error:
            st.warning(ui.plain(str(error)))
        else:
            show_preview(preview, f"proposal_{number}")
    if frame.may("manager"):
        _decide(frame, entry, names)


def _ticked(frame: ui.Frame, entry: Entry, *, is_open: bool) -> list[tuple[str, str]]:
    """The table of the proposed changes, with boxes while it is open; what is ticked."""
    sic = ui.sic_names(frame.settings.config_dir)
    taken = {(c["dimension"], c["value"]) for c in entry["accepted"] or []}
    rows = [
        {
            "Accept" if is_open else "In force": is_open or (c["dimension"], c["value"]) in taken,
            "Value": f"{label(c['dimension'])} {called(c['dimension'], c['value'], sic)}",
            "Now" if is_open else "Before": "none" if c["before"] is None else str(c["before"]),
            "Then": str(c["after"]) + (", let in" if c.get("extend_filter") else ""),
        }
        for c in entry["changes"]
    ]
    edited = st.data_editor(
        rows, hide_index=True, key=f"accept_{entry['proposal_id']}_{entry['status']}", height="content",
        num_rows="fixed", disabled=["Value", "Now", "Then", *([] if is_open else ["In force", "Before"])],
        alt="The proposed changes",
        column_config={
            "Accept": st.column_config.CheckboxColumn(width=64), "In force": st.column_config.CheckboxColumn(width=64),
            "Value": st.column_config.TextColumn(width=210), "Now": st.column_config.TextColumn(width=52),
            "Before": st.column_config.TextColumn(width=52), "Then": st.column_config.TextColumn(width=70),
        },
    )  # fmt: skip
    if not is_open:
        return []
    return [
        (c["dimension"], c["value"]) for c, row in zip(entry["changes"], edited, strict=True) if row["Accept"]
    ]


def _decide(frame: ui.Frame, entry: Entry, names: list[tuple[str, str]]) -> None:
    """The reason and the three buttons."""
    mine = same_person(frame.actor.name, entry["proposed_by"])
    alone = mine and needs_second(frame.icp)
    if alone:
        st.info(
            "icp.yaml asks for a second approver: another person decides this one.", icon=":material/group:"
        )
    st.text_input(
        "Why?", key="decision_reason", max_chars=300, placeholder="A few words for those who look later"
    )
    ui.ask_at_the_act("decision_name")
    with st.container(horizontal=True):
        whole = len(names) == len(entry["changes"])
        st.button(
            "Accept all" if whole else f"Accept {len(names)} of {len(entry['changes'])}", type="primary",
            icon=":material/check:", key="accept_proposal", on_click=accept, args=(frame, entry, names),
            disabled=not names or alone or entry["base_version"] != frame.weight_version,
        )  # fmt: skip
        st.button(
            "Refuse", icon=":material/close:", key="refuse_proposal", on_click=close,
            args=(frame, entry["proposal_id"], REFUSED),
        )  # fmt: skip
        if mine:
            st.button(
                "Withdraw", icon=":material/undo:", key="withdraw_proposal", on_click=close,
                args=(frame, entry["proposal_id"], WITHDRAWN),
            )  # fmt: skip
