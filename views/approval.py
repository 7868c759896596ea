"""The last look before an approval: what changes, on what evidence, why, and who signs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

import ui
from approvals import approve
from proposals import propose
from score_changes import WEIGHT, needs_second, overtaking
from views.current_weights import called, label
from views.plain_words import prediction_sentence
from views.what_would_change import preview_of

MOST_NAMED = 4  # values in a warning


def approve_now(frame: ui.Frame, run: dict[str, Any], names: list[tuple[str, str]]) -> None:
    """Callback: put the ticked rows into force."""
    with ui.act():
        extend = bool(st.session_state.get("extend"))
        done = approve(
            frame.db, config_dir=frame.settings.config_dir, run_id=run["run_id"], rows=names, reason=st.session_state.get("reason", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame), extend_filter=extend,
            prediction=preview_of(frame, run, names, extend=extend).prediction,
        )  # fmt: skip
        ui.flash(
            "success",
            f"Version {done.version} is in force with {len(done.changes)} changed scores. The next lead is scored by it.",
        )


def propose_now(frame: ui.Frame, run: dict[str, Any], names: list[tuple[str, str]]) -> None:
    """Callback: let the ticked rows wait for a decision."""
    with ui.act():
        extend = bool(st.session_state.get("extend"))
        number = propose(
            frame.db, config_dir=frame.settings.config_dir, run_id=run["run_id"], rows=names, reason=st.session_state.get("reason", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame), extend_filter=extend,
            prediction=preview_of(frame, run, names, extend=extend).prediction,
        )  # fmt: skip
        st.query_params["proposal"] = str(number)
        st.session_state["tab"] = "Proposals"
        ui.flash("success", f"Proposal {number} waits for a decision. Its address can be passed on.")


def _told(row: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    """A chosen row of the run in words: scores in points, weights in percent."""
    is_weight = row["dimension"].endswith(WEIGHT)
    now = ui.percent(row["current"], 0) if is_weight else ui.blank(row["current"])
    return {
        "Value": f"{label(row['dimension'])} {called(row['dimension'], row['value'], names)}",
        "Now": "not let in" if row["candidate"] else now,
        "Then": ui.percent(row["suggested"], 0) if is_weight else str(row["suggested"]),
        "Delivered": f"{row['deliveries']} of {row['leads']}",
        "Rate": ui.percent(row["rate"]),
        "95 % interval": ui.interval(row["low"], row["high"]),
        "Verdict": row["verdict"],
    }


def overtaken_by(dimension: str, values: list[str], names: dict[str, str]) -> str:
    """Which untried values would be called before those that are lowered."""
    told = ", ".join(called(dimension, value, names) for value in values[:MOST_NAMED])
    more = f" and {len(values) - MOST_NAMED} more" if len(values) > MOST_NAMED else ""
    one = len(values) == 1
    return (
        f"{label(dimension)} {told}{more} {'has' if one else 'have'} no lead that can be judged and {'keeps its score' if one else 'keep their scores'}: "
        f"such leads will be called before those that are lowered now, though nothing is known of {'it' if one else 'them'}."
    )


@st.dialog("Put these scores into force?", width="large")
def confirm(frame: ui.Frame, run: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Each chosen row of the run with its evidence; thin evidence is said before anyone signs."""
    names = ui.sic_names(frame.settings.config_dir)
    st.dataframe(
        [_told(row, names) for row in rows], hide_index=True, height="content", alt="What changes, and the evidence for it"
    )  # fmt: skip
    thin = [row["value"] for row in rows if row["verdict"] != "move"]
    if thin:
        st.warning(
            f"The outcomes alone do not ask for {ui.many(len(thin), 'of these changes', 'of these changes')}: "
            f"{ui.plain(', '.join(thin))}. If you know better, say why.",
            icon=":material/warning:",
        )
    if any(row["candidate"] for row in rows):
        st.checkbox(
            "Also let leads of the new SIC codes through the filter",
            key="extend",
            help="Without it their score is set, but such leads stay excluded.",
        )
    picked = [(row["dimension"], row["value"]) for row in rows]
    preview = preview_of(frame, run, picked, extend=bool(st.session_state.get("extend")))
    st.markdown(
        ui.plain(
            prediction_sentence(preview.prediction, has_pools=bool(preview.pools), judged=preview.judged)
        )
    )
    for dimension, values in overtaking(run, rows).items():
        st.warning(ui.plain(overtaken_by(dimension, values, names)), icon=":material/priority_high:")
    st.text_input(
        "Why is this right?", key="reason", max_chars=300, placeholder="A few words for those who look later"
    )
    ui.ask_at_the_act("approval_name")
    nameless = frame.actor.name == ui.UNNAMED
    if needs_second(frame.icp):
        st.info(
            "icp.yaml asks for a second approver: propose it, another person decides.",
            icon=":material/group:",
        )
    with st.container(horizontal=True):
        proposed = st.button(
            "Propose", key="propose", icon=":material/rate_review:", disabled=nameless, on_click=propose_now,
            args=(frame, run, picked), type="primary" if needs_second(frame.icp) else "secondary",
        )  # fmt: skip
        applied = not needs_second(frame.icp) and st.button(
            "Put into force", type="primary", key="apply", disabled=nameless, on_click=approve_now, args=(frame, run, picked)
        )  # fmt: skip
    if proposed or applied:
        refusal = ui.said_no()
        if refusal is None:
            st.rerun()
        else:
            st.error(ui.plain(refusal), icon=":material/info:")
