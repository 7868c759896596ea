"""What would go with the demo and what stays, the one act that removes it, and what it leaves to undo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import ui
from approvals import rollback
from demo_removal import backup_path, preview_removal, remove_demo, rests_on, told
from errors import Refused
from turso_backup import back_up

_NAMES = {
    "batches": "Batches", "leads": "Leads", "leads_called_before": "Leads called before", "outcomes": "Outcomes",
    "unmatched": "Outcomes that found no company", "operators": "Operators", "deals": "Deals",
    "pipeline_scores": "Scores of open deals", "lead_summaries_viewed": "Looks at summaries of leads",
    "imports": "Imports in the log",
}  # fmt: skip


def remove_now(frame: ui.Frame) -> None:
    """Callback: everything is written to a backup, then the demo leaves."""
    with ui.act("Writing a backup, then removing the demo"):
        now = datetime.now(UTC).replace(microsecond=0)
        found = preview_removal(frame.db)
        if found.why_not:
            raise Refused(found.why_not)
        if not frame.may("manager"):
            raise Refused("Removing the demo takes the role manager. Ask an administrator.")
        actor = ui.approver(frame)
        path = backup_path(frame.settings.data_dir, now)
        path.parent.mkdir(parents=True, exist_ok=True)
        back_up(frame.db, path, now=now)
        done = remove_demo(frame.db, now=now, actor=actor)
        ui.flash(
            "success",
            f"The demo is gone: {told(done.goes)}. All of it is in the backup {path.resolve()}; "
            "scripts.restore brings that into an empty database.",
        )


def roll_back_now(frame: ui.Frame, version: int) -> None:
    """Callback: the scores are again those before the first approval on invented outcomes."""
    with ui.act():
        done = rollback(
            frame.db, config_dir=frame.settings.config_dir, version=version,
            reason="The changes since were approved on outcomes of the demo.",
            now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame),
        )  # fmt: skip
        ui.flash("success", f"Version {done.version} is in force, with the scores of version {version}.")


def offer_rollback(frame: ui.Frame, removal: Mapping[str, Any] | None) -> bool:
    """Whether it is offered to undo what was approved on invented outcomes; not once somebody changed the scores since."""
    if removal is None or removal["back_to"] is None:
        return False
    st.warning(
        f"**The scores in force rest on the demo.** It was removed on {ui.day(removal['removed_at'])}; version "
        f"{removal['back_to']} is the one before the first approval on its outcomes."
    )
    if ui.lets(frame, "manager", "Rolling back"):
        ui.ask_at_the_act("roll_back_demo_name")
        st.button(f"Roll back to version {removal['back_to']}", key="roll_back_demo", on_click=roll_back_now,
                  args=(frame, int(removal["back_to"])))  # fmt: skip
    return True


def show_removal(frame: ui.Frame) -> None:
    """What would go, what stays, and the button, for a manager; a sentence where the two cannot be parted."""
    found = ui.read(frame, preview_removal)
    st.markdown(
        f"#### {ui.many(found.goes['batches'], 'invented batch', 'invented batches')} with {ui.many(found.goes['leads'], 'lead')} "
        f"and {ui.many(found.goes['leads_called_before'], 'lead')} called before would go; everything of yours stays"
    )
    kinds = [kind for kind in _NAMES if found.goes.get(kind) or found.stays.get(kind)]
    st.dataframe(
        pd.DataFrame({
            "what": [_NAMES[kind] for kind in kinds], "goes": [found.goes.get(kind, 0) for kind in kinds],
            "stays": [found.stays.get(kind) for kind in kinds],
        }),
        hide_index=True, width="content", height="content", placeholder="–", alt="What goes with the demo and what stays",
        column_config={"what": "What", "goes": st.column_config.NumberColumn("Goes", format="localized"),
                       "stays": st.column_config.NumberColumn("Stays", format="localized")},
    )  # fmt: skip
    st.caption(
        "What goes carries the demo's marks; nothing else does. All of the audit stays, and so "
        f"{'does' if found.stays['versions'] + found.stays['calibration_runs'] == 1 else 'do'} "
        f"{ui.many(found.stays['versions'], 'version')} of the scores and {ui.many(found.stays['calibration_runs'], 'calibration run')}. "
        "Before anything goes, the whole database is written to a backup."
    )
    if found.stays["set_aside"]:
        st.info(f"{ui.many(found.stays['set_aside'], 'outcome')} that people or files said about invented companies will be kept "
                "in the unmatched log, set aside with the reason.", icon=":material/info:")  # fmt: skip
    for sentence in rests_on(found):
        st.info(f"{sentence} This can be done afterwards, too.", icon=":material/info:")
    if found.why_not:
        st.warning(ui.plain(found.why_not), icon=":material/link:")
        return
    if not frame.may("manager"):
        st.info("Removing it takes the role manager.", icon=":material/lock:")
        return
    with st.popover("Remove the demo", icon=":material/delete:"):
        st.write("A backup is written first; then the demo leaves in one step.")
        ui.ask_at_the_act("remove_demo_name")
        st.button("Yes, remove it", type="primary", key="remove_demo", on_click=remove_now, args=(frame,))
