"""Score Calibration, first tab: every score in force, what is known about it, and all versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from approvals import rollback
from configuration import changed_scores
from icp import dimensions, parse_icp, scores_in_force
from stores import weights
from views.light_table import show_table

NAMES = {
    "sic_code": "SIC",
    "employee_range": "Employees",
    "state": "State",
    "proximity": "Distance",
    "signal_strength": "Signal",
    "intent_weight": "Weight by signal",
    "geography_weight": "Weight by distance",
    "segment_factor": "Factor of",
}

PARTS = {"proximity": "Distance", "signal_strength": "Signal", "employee_scale": "Employees"}
MOST_RETURNING = 12  # scores in the sentence above a rollback
ONSITE = "Onsite likelihood: how likely people stay at such a site all day, by its SIC."


def label(dimension: str) -> str:
    """The name of a dimension for people."""
    return NAMES.get(dimension, dimension.replace("_", " ").capitalize())


def part_name(component: str) -> str:
    """The name of a part of the score for people: that of its dimension where the two are one thing."""
    return PARTS.get(component, component.replace("_", " ").capitalize())


def called(dimension: str, value: str, names: dict[str, str]) -> str:
    """A value for people: `7011 Hotels and motels`."""
    if dimension.endswith("_weight"):
        return part_name(value).lower()
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
    if run:
        whole = run["overall"]
        st.caption(
            f"Last calibrated {ui.day(run['created_at'])} on {ui.count(whole['leads'])} leads{volume(whole)}: "
            f"{ui.percent(whole['rate'])} delivered ({ui.interval(whole['low'], whole['high'])}), the rate that each value is "
            "held against."
        )
    scored = sorted(
        (d for d in dimensions(frame.icp) if scores_in_force(frame.icp, d)),
        key=lambda dimension: -len(scores_in_force(frame.icp, dimension)),
    )
    left, right = st.columns([11, 10])
    for dimension in scored:
        with left if dimension == scored[0] else right:
            show_scores(frame, run, dimension)
    with right:
        show_parts(frame)
    show_versions(frame, versions)


def volume(whole: dict[str, Any]) -> str:
    """` (3,200 of the history, 1,615 of HADES batches)`; nothing for a run that did not keep it."""
    sources = whole.get("sources")
    if sources is None:
        return ""
    return f" ({sources['historical']['leads']:,} of the history, {sources['hades']['leads']:,} of HADES batches)"


def show_scores(frame: ui.Frame, run: dict[str, Any] | None, dimension: str) -> None:
    """The scores of one dimension, with the evidence of the last run beside them."""
    names = ui.sic_names(frame.settings.config_dir)
    seen = {r["value"]: r for r in run["rows"] if r["dimension"] == dimension} if run else {}
    rows = [
        {
            "value": called(dimension, value, names),
            "score": score,
            "leads": seen.get(value, {}).get("leads"),
            "rate": ui.percent(seen.get(value, {}).get("rate")),
        }
        for value, score in scores_in_force(frame.icp, dimension).items()
    ]
    st.markdown(f"**{label(dimension)}**")
    st.dataframe(
        pd.DataFrame(rows).astype({"leads": "Int64"}), hide_index=True, height="content",
        alt=f"{label(dimension)}: scores in force", key=f"weights_{dimension}",
        column_config={
            "value": st.column_config.TextColumn(label(dimension), width=210 if dimension == "sic_code" else 90),
            "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%d", width=110),
            "leads": st.column_config.NumberColumn("Judged", width=64, format="localized", help="Leads old enough to judge in the last run"),
            "rate": st.column_config.TextColumn("Delivered", width=76, alignment="right"),
        },
    )  # fmt: skip


def show_parts(frame: ui.Frame) -> None:
    """What each part counts in a workflow."""
    for workflow, name in ui.WORKFLOW_NAMES.items():
        st.markdown(f"**How the parts are weighed: {name.lower()}**")
        parts = frame.icp.data["scoring"][workflow]["weights"]
        told = [{"Part": part_name(part), "Weight": f"{100 * weight:g} %"} for part, weight in parts.items()]
        show_table(pd.DataFrame(told), title=f"Weights: {name}", numbers=["Weight"])
    st.caption(ONSITE)


def _show_version(version: dict[str, Any], told: str) -> None:
    """One version: who put it into force, why, and what it changed."""
    with st.container(border=True):
        st.markdown(
            ui.plain(
                f"Version {version['version']}, {version['kind']} by {version['actor']} on {ui.day(version['created_at'])}: {version['reason']}"
            )
        )
        st.caption(ui.plain(told) or "It changed no score.")
        if not pd.isna(version["run_id"]):
            st.page_link("pages/7_Score_Calibration.py", label=f"The run it rests on: {int(version['run_id'])}", icon=":material/tune:",
                         query_params={"tab": "Calibration report", "run": str(int(version["run_id"]))})  # fmt: skip


def version_name(version: dict[Any, Any]) -> str:
    """A version as people know it: its number, what it was, who and when."""
    return f"{version['version']} · {version['kind']} by {version['actor']} · {ui.day(version['created_at'])}"


def returning(frame: ui.Frame, version: int) -> str:
    """Which scores come back with the text of a version."""
    kept = ui.read(frame, weights.read_version, version=version)
    changes = changed_scores(frame.icp, parse_icp(kept["icp_yaml"])) if kept else []
    names = ui.sic_names(frame.settings.config_dir)
    told = "; ".join(
        f"{label(c['dimension'])} {called(c['dimension'], c['value'], names)}: {_score(c['before'])} → {_score(c['after'])}"
        for c in changes[:MOST_RETURNING]
    )
    more = f"; and {len(changes) - MOST_RETURNING} more" if len(changes) > MOST_RETURNING else ""
    return (
        f"Comes back: {told}{more}. Nothing is lost: it becomes a new version."
        if changes
        else "No score differs from those in force."
    )


def _score(score: Any) -> str:
    return ui.blank(score) or "none"


def show_versions(frame: ui.Frame, versions: pd.DataFrame) -> None:
    """All versions with what each changed, and the way back."""
    st.subheader("Versions", anchor=False)
    told = [
        ", ".join(f"{c['value']}: {ui.blank(c['before']) or 'none'} → {ui.blank(c['after']) or 'none'}" for c in json.loads(text))
        for text in versions["changes"]
    ]  # fmt: skip
    st.dataframe(
        versions.assign(changes=told).head(ui.MOST_ROWS).drop(columns=["sha256", "rolled_back_to"]), hide_index=True,
        alt="All versions, newest first", key="versions", selection_mode="single-row",
        on_select=partial(ui.open_row, "version", "versions", versions["version"].tolist()),
        column_config={
            "version": st.column_config.NumberColumn("Version", width=66), "kind": st.column_config.TextColumn("Kind", width=84),
            "actor": st.column_config.TextColumn("By", width=130), "reason": st.column_config.TextColumn("Why", width=210),
            "run_id": st.column_config.NumberColumn("Run", width=50), "changes": st.column_config.TextColumn("What changed", width=230),
            "created_at": ui.time_column(frame, "When"),
        },
        column_order=["version", "created_at", "kind", "actor", "reason", "changes", "run_id"],
    )  # fmt: skip
    place = ui.named("version", versions["version"].tolist(), "version")
    if place is not None:
        _show_version({str(name): value for name, value in versions.iloc[place].items()}, told[place])
    if len(versions) > 1 and frame.may("manager"):
        # Below the list it is chosen from, not over it.
        st.subheader("Bring an earlier version back", anchor=False)
        with st.container(border=True):
            by_number = {row["version"]: row for row in versions.iloc[1:].to_dict("records")}
            version = st.selectbox(
                "Version", list(by_number), key="back_to", format_func=lambda n: version_name(by_number[n])
            )
            st.caption(ui.plain(returning(frame, version)))
            st.text_input("Why?", key="back_reason", max_chars=300)
            ui.ask_at_the_act("back_name")
            st.button(
                "Roll back", type="primary", on_click=roll_back_now, args=(frame, version), key="roll_back"
            )
