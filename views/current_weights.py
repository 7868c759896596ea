"""Score Calibration, first tab: every score in force, what is known about it, and all versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import ui
from approvals import rollback
from icp import dimensions, scores_in_force
from stores import weights

NAMES = {
    "sic_code": "SIC",
    "employee_range": "Employees",
    "state": "State",
    "proximity": "Distance",
    "signal_strength": "Signal",
}


def label(dimension: str) -> str:
    """The name of a dimension for people."""
    return NAMES.get(dimension, dimension.replace("_", " ").capitalize())


def called(dimension: str, value: str, names: dict[str, str]) -> str:
    """A value for people: `7011 Hotels and motels`."""
    return f"{value} {names[value]}" if dimension == "sic_code" and value in names else value


def roll_back_now(frame: ui.Frame, version: int) -> None:
    """Callback: bring an earlier version back."""
    with ui.act():
        done = rollback(frame.db, config_dir=frame.settings.config_dir, version=version, reason=st.session_state.get("back_reason", ""),
                        now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame))  # fmt: skip
        ui.flash("success", f"Version {done.version} is in force; it has the text of version {version}.")


def show_weights(frame: ui.Frame, run: dict[str, Any] | None) -> None:
    """Tab one: every score in force, readable, with what is known about it; and all versions."""
    versions = ui.read(frame, weights.read_versions)
    newest = versions.iloc[0]
    st.markdown(f"#### Version {newest['version']} is in force since {ui.day(newest['created_at'])}")
    st.caption(ui.plain(f"{newest['kind'].capitalize()} by {newest['actor']}: {newest['reason']}"))
    names = ui.sic_names(frame.settings.config_dir)
    seen = {(r["dimension"], r["value"]): r for r in run["rows"]} if run else {}
    for column, dimension in zip(
        st.columns(2) * 2, [d for d in dimensions(frame.icp) if scores_in_force(frame.icp, d)], strict=False
    ):
        with column:
            st.markdown(f"**{label(dimension)}**")
            st.dataframe(
                pd.DataFrame([
                    {"value": called(dimension, value, names), "score": score, "leads": seen.get((dimension, value), {}).get("leads"),
                     "rate": seen.get((dimension, value), {}).get("rate")}
                    for value, score in scores_in_force(frame.icp, dimension).items()
                ]).astype({"leads": "Int64", "rate": "float64"}),
                hide_index=True, height="content", alt=f"{label(dimension)}: scores in force", key=f"weights_{dimension}",
                column_config={"value": label(dimension), "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%d"),
                               "leads": "Leads judged", "rate": st.column_config.NumberColumn("Delivered", format="percent")},
            )  # fmt: skip
    st.markdown("**How the parts are weighed**")
    st.dataframe(
        [{"Workflow": {"intent": "By buying signal", "geography": "By distance"}[w], **{k.replace("_", " ").capitalize(): f"{v:.0%}" for k, v in frame.icp.data["scoring"][w]["weights"].items()}}
         for w in ("intent", "geography")], hide_index=True, alt="Weights per workflow",
    )  # fmt: skip
    st.subheader("Versions", anchor=False)
    st.dataframe(
        versions.assign(changes=[len(json.loads(text)) for text in versions["changes"]]).drop(columns="sha256"), hide_index=True,
        alt="All versions, newest first", column_config={
            "version": "Version", "kind": "Kind", "actor": "By", "reason": st.column_config.TextColumn("Why", width="large"), "run_id": "From run",
            "rolled_back_to": "Text of", "changes": "Changed scores", "created_at": st.column_config.DatetimeColumn("When")},
    )  # fmt: skip
    if len(versions) > 1 and frame.may("manager"):
        with st.popover("Roll back", icon=":material/undo:"):
            version = st.selectbox(
                "To the text of version", versions["version"].iloc[1:].tolist(), key="back_to"
            )
            st.text_input("Why?", key="back_reason", max_chars=300)
            st.button(
                "Roll back", type="primary", on_click=roll_back_now, args=(frame, version), key="roll_back"
            )
