"""Score and Export, second part: whom the sites are for, how far, how many, and by which rules."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

import ui
from preflight import MOST_EXPLORED, ExportRules, export_rules

_FURTHER = ("max_rows", "min_score", "contacts", "days", "explore", "segment", "agents")


class Choices(NamedTuple):
    """What a person chose for this export."""

    workflow: str
    operator: dict[str, Any] | None
    segment: str | None
    center_zip: str | None
    radius_miles: float
    intent: Any
    rules: ExportRules
    agents: list[str]


def ask_for_workflow() -> str:
    """`geography` or `intent`."""
    return st.segmented_control(
        "Workflow", ["geography", "intent"], default="geography", required=True, key="workflow", bind="query-params",
        format_func=ui.WORKFLOW_NAMES.__getitem__,
    )  # fmt: skip


def ask_for_choices(frame: ui.Frame, workflow: str, known: pd.DataFrame) -> Choices:
    """The boxes beside the file; what is left alone is as icp.yaml says. `known`: stores.operators.read_operators."""
    chosen = st.selectbox(
        "Operator", known.index, index=None, key="operator", placeholder="No operator", bind="query-params",
        format_func=lambda place: " · ".join(
            text for field in ("business_name", "name", "zip_code") if (text := ui.blank(known[field][place]))
        ),
    )  # fmt: skip
    operator = None
    if chosen is not None:
        operator = {str(k): None if pd.isna(v) else v for k, v in known.loc[chosen].items()}
    center, radius, intent = None, float(frame.icp.data["export"]["radius_miles"]), None
    if workflow == "geography":
        left, right = st.columns(2)
        center = left.text_input("Measure from ZIP", key="center", max_chars=10, bind="query-params",
                                 placeholder=str((operator or {}).get("zip_code") or "such as 75201")).strip()  # fmt: skip
        center = center or (operator or {}).get("zip_code")
        radius = right.number_input(
            "Radius in miles", 1.0, 500.0, radius, format="%g", key="radius", bind="query-params"
        )
    else:
        intent = st.file_uploader(
            "Company intent sheet, if the signals are not in the file",
            type=["csv", "xlsx"],
            key="intent_file",
        )
    changed = sum(key in st.query_params for key in _FURTHER)
    told = (
        f" · {changed} changed" if changed else ""
    )  # a browser draws the boxes of a popover when it is opened
    with st.popover(f"Size of the batch, contacts, agents{told}", icon=":material/tune:", width="stretch"):
        segment, rules, agents = _further(frame)
    return Choices(workflow, operator, segment, center, radius, intent, rules, agents)


def unlike_usual(frame: ui.Frame, choices: Choices) -> str:
    """What this export does otherwise than config/icp.yaml, in words; "" where nothing. A link can have chosen it all."""
    usual, rules = export_rules(frame.icp), choices.rules
    sized = [
        ("most leads", rules.max_rows, usual.max_rows, "no limit"),
        ("lowest score", rules.min_score, usual.min_score, ""),
        ("per company", rules.contacts_per_company, usual.contacts_per_company, "all"),
        ("days apart", rules.exported_within_days, usual.exported_within_days, ""),
        ("exploration %", rules.exploration_percent, usual.exploration_percent, ""),
    ]
    told = [
        f"{name} {none if now is None else f'{now:g}'} instead of {none if then is None else f'{then:g}'}"
        for name, now, then, none in sized if now != then
    ]  # fmt: skip
    if choices.segment is not None:
        told.append(f"segment {choices.segment}")
    if choices.agents != list(frame.icp.data["export"]["agents"]):
        told.append(f"agents {', '.join(choices.agents) or 'none'}")
    return f"Otherwise than config/icp.yaml says: {'; '.join(told)}." if told else ""


def _further(frame: ui.Frame) -> tuple[str | None, ExportRules, list[str]]:
    usual = export_rules(frame.icp)
    left, right = st.columns(2)
    most = left.number_input("Most leads", 1, 200_000, usual.max_rows, key="max_rows", placeholder="no limit", bind="query-params")  # fmt: skip
    least = right.number_input(
        "Lowest score", 0.0, 100.0, float(usual.min_score), 1.0, "%g", key="min_score", bind="query-params"
    )
    contacts = left.number_input("Per company", 1, 1000, usual.contacts_per_company, key="contacts",
                                 bind="query-params", placeholder="all", help="By company score, accuracy and the numbers that may be called.")  # fmt: skip
    days = right.number_input(
        "Days apart",
        0,
        3650,
        usual.exported_within_days,
        key="days",
        bind="query-params",
        help="Whoever was exported within so many days stays; 0 lets everybody out.",
    )
    share = left.slider(
        "Exploration %", 0.0, MOST_EXPLORED, float(usual.exploration_percent), 0.5, "%g", key="explore", bind="query-params",
        help="Leads drawn by chance from those that the filters or the cut leave out. Their outcomes show what the rules miss.",
    )  # fmt: skip
    segment = right.selectbox("Segment", list(frame.icp.data["scoring"]["segments"]), index=None, help="Of leads that name none themselves.",
                              key="segment", bind="query-params", placeholder=str(frame.icp.data["scoring"]["default_segment"]))  # fmt: skip
    configured = list(frame.icp.data["export"]["agents"])
    agents = st.multiselect(
        "Agents, who take turns",
        configured,
        configured,
        key="agents",
        accept_new_options=True,
        bind="query-params",
        placeholder="none: Contact Owner stays empty",
    )
    rules = export_rules(
        frame.icp, min_score=least, exported_within_days=days, exploration_percent=share
    )._replace(max_rows=most, contacts_per_company=contacts)
    return segment, rules, agents
