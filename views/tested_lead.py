"""Test a Lead: the parts of its score, what would change it, earlier versions, and the leads most like it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

import ui
from analytics.rates import wilson_interval
from icp import parse_icp
from lead_test import most_alike, scores_by_version, what_would_change
from models import model_for
from scoring import explain, score_leads
from stores import outcomes, weights
from stores.models import read_models_in_force
from turso_db import Database

ALIKE = 50
_VERSIONS = 10
_LIKE_IT = "The leads most like it"


def lead_readers(*, is_looked_up: bool) -> list[Callable[[Database], Any]]:
    """What `show_lead` reads, for ui.read_all at the top of the page. Every past lead is read only for a lead that is shown:
    of one that is typed in it is not known yet.
    """
    past = is_looked_up and st.session_state.get("beside", _LIKE_IT) == _LIKE_IT
    always: list[Callable[[Database], Any]] = [
        partial(weights.read_texts, limit=_VERSIONS),
        read_models_in_force,
    ]
    return [*always, outcomes.read_outcome_frame] if past else always


def show_lead(
    frame: ui.Frame,
    lead: pd.DataFrame,
    workflow: str,
    options: dict[str, Any],
    exported: dict[str, Any] | None,
) -> None:
    """Everything about one lead; `exported` is the row of the ledger it was picked from, if any."""
    model = model_for(ui.read(frame, read_models_in_force), workflow)
    scored = score_leads(lead, frame.icp, workflow=workflow, today=frame.today, model=model, **options).iloc[
        0
    ]
    if pd.isna(scored["score"]):
        st.markdown(f"#### Left out: {ui.plain(str(scored['excluded']))}")
    else:
        st.markdown(f"#### Score {scored['score']}, call priority {scored['priority']}")
        if model:
            st.caption(
                f"By model {model[0]}, which puts the chance of a delivery at {ui.percent(scored['chance'])}; the weights "
                f"would give {scored['weights_score']}."
            )
    if pd.notna(scored["flags"]):
        st.caption(ui.plain(str(scored["flags"])))
    if exported is not None:
        st.caption(
            f"It went out in {exported['batch_id']} on {ui.day(exported['exported_at'])} with score "
            f"{ui.count(exported['hades_score'])} of version {exported['weight_version']}, by what was known that day. "
            "The same version gives another score today where its data differ now: its signal has aged, above all."
        )
    parts, change = st.columns(2, gap="large")
    with parts:
        st.subheader("What it is made of", anchor=False)
        told = explain(scored, frame.icp)
        told["part"] = told["part"].map(_said)
        told["value"] = told["value"].map(_short, na_action="ignore")
        st.dataframe(told, hide_index=True, placeholder="", alt="The parts of the score, which sum to it", key="parts", height=38 + 35 * len(told),
                     column_config={"part": "Part", "value": "Value", "score": "Score", "weight": "Weight",
                                    "points": st.column_config.NumberColumn("Points", format="%.2f")})  # fmt: skip
    with change:
        st.subheader("What would change it", anchor=False)
        table = what_would_change(
            lead, frame.icp, workflow=workflow, today=frame.today, model=model, **options
        )
        table["part"] = table["part"].map(_said)
        st.dataframe(table, hide_index=True, placeholder="", alt="Other values and the score they would give", key="changes", height=min(320, 38 + 35 * len(table)),
                     column_config={"part": "Part", "value": "If it were", "score": "Score",
                                    "difference": st.column_config.NumberColumn("Change", format="%+d"),
                                    "excluded": st.column_config.TextColumn("Left out because", width="medium")})  # fmt: skip
    alike, versions = st.tabs(
        ["The leads most like it", "Under earlier versions"],
        key="beside",
        on_change="rerun",
        bind="query-params",
    )
    if alike.open:
        with alike:
            _show_alike(frame, {str(name): value for name, value in scored.items()})
    if versions.open:
        with versions:
            _show_versions(frame, lead, workflow, options)


def _short(value: str) -> str:
    """A value for people: `6.0174471` miles are `6.0`; codes and words stay as they are."""
    whole, dot, decimals = value.partition(".")
    return f"{float(value):.1f}" if dot and whole.isdigit() and decimals.isdigit() else value


def _said(part: str) -> str:
    """A part of a score for people: `Onsite likelihood`."""
    return part.replace("_", " ").capitalize()


def _show_versions(
    frame: ui.Frame,
    lead: pd.DataFrame,
    workflow: str,
    options: dict[str, Any],
) -> None:
    known = ui.read(frame, weights.read_texts, limit=_VERSIONS)
    versions = [(int(row["version"]), parse_icp(row["icp_yaml"])) for row in known]
    table = scores_by_version(lead, versions, workflow=workflow, today=frame.today, **options)
    since = {row["version"]: row["created_at"] for row in known}
    st.dataframe(
        table.assign(since=[ui.day(since.get(number)) for number in table["version"]])[["version", "since", *table.columns[1:]]],
        hide_index=True, placeholder="", alt="The score of this lead under the newest versions", key="versions",
        column_config={"version": "Version", "since": "In force from", "score": "Score", "excluded": "Left out because",
                       **{c: st.column_config.NumberColumn(c.replace("_", " ").capitalize(), format="%.2f")
                          for c in table.columns if c.endswith("_points")}},
    )  # fmt: skip


def _show_alike(frame: ui.Frame, lead: dict[str, Any]) -> None:
    past = ui.read(frame, outcomes.read_outcome_frame)
    nearest = most_alike(lead, past, many=ALIKE)
    if nearest.empty:
        ui.empty("No outcome is known yet, so nothing can be said about leads like this one.")
        return
    days = frame.icp.data["calibration"]["maturity_days"]
    old = _matured(nearest["started_on"], frame.today, days) | nearest["delivered_on"].notna().to_numpy()
    judged = nearest[old]
    won = int(judged["delivered_on"].notna().sum())
    if len(judged):
        low, high = wilson_interval([won], [len(judged)])
        st.markdown(
            f"**{won:,} of the {len(judged):,} most alike that are old enough to judge were delivered: "
            f"{ui.percent(won / len(judged))}** (95 % interval {ui.interval(low[0], high[0])}); "
            f"{len(nearest) - len(judged):,} are too young."
        )
    shown = nearest.assign(
        outcome=np.where(
            nearest["delivered_on"].notna(), "delivered", np.where(old, "not delivered", "too young")
        )
    )[
        [
            "outcome",
            "sic_code",
            "employee_count",
            "state",
            "distance_miles",
            "hades_score",
            "started_on",
            "batch_id",
            "distance",
        ]
    ]
    st.dataframe(shown, hide_index=True, placeholder="", alt="The leads most like it, most alike first", key="alike", height=min(320, 38 + 35 * len(shown)), column_config={
        "outcome": "Became", "sic_code": "SIC", "employee_count": "Employees", "state": "State",
        "distance_miles": st.column_config.NumberColumn("Miles", format="%.1f"), "hades_score": "Score then",
        "started_on": ui.day_column("Called from"), "batch_id": "Batch",
        "distance": st.column_config.NumberColumn("How unlike", format="%.2f")})  # fmt: skip
    st.caption(
        "How unlike: the mean over SIC, employees, state, miles and signal; 0 is the same, 1 has nothing in common."
    )


def _matured(started: pd.Series, today: date, days: int) -> np.ndarray:
    return np.asarray((pd.Timestamp(today) - started).dt.days >= days)
