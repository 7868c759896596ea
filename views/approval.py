"""The last look before an approval: what changes, on what evidence, why, and who signs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

import ui
from approvals import approve
from views.current_weights import label


def approve_now(frame: ui.Frame, run_id: int, names: list[tuple[str, str]]) -> None:
    """Callback: put the ticked rows into force."""
    with ui.act():
        done = approve(
            frame.db, config_dir=frame.settings.config_dir, run_id=run_id, rows=names, reason=st.session_state.get("reason", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame), extend_filter=bool(st.session_state.get("extend")),
        )  # fmt: skip
        ui.flash(
            "success",
            f"Version {done.version} is in force with {len(done.changes)} changed scores. The next lead is scored by it.",
        )


@st.dialog("Put these scores into force?", width="large")
def confirm(frame: ui.Frame, run: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Each chosen row of the run with its evidence; thin evidence is said before anyone signs."""
    names = ui.sic_names(frame.settings.config_dir)
    st.dataframe(
        [
            {
                "Value": f"{label(row['dimension'])} {row['value']} {names.get(row['value'], '')}".strip(),
                "Now": ui.blank(row["current"]) if not row["candidate"] else "not let in",
                "Then": str(row["suggested"]),
                "Delivered": f"{row['deliveries']} of {row['leads']}",
                "Rate": ui.percent(row["rate"]),
                "95 % interval": ui.interval(row["low"], row["high"]),
                "Verdict": row["verdict"],
            }
            for row in rows
        ],
        hide_index=True,
        height="content",
        alt="What changes, and the evidence for it",
    )
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
    st.text_input(
        "Why is this right?", key="reason", max_chars=300, placeholder="A few words for those who look later"
    )
    nameless = frame.actor.name == ui.UNNAMED
    if nameless:
        st.warning("Write your name in the sidebar first: an approval carries a name.")
    picked = [(row["dimension"], row["value"]) for row in rows]
    if st.button(
        "Put into force",
        type="primary",
        key="apply",
        disabled=nameless,
        on_click=approve_now,
        args=(frame, run["run_id"], picked),
    ):
        st.rerun()
