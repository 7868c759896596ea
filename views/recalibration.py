"""Whether a new calibration would say something new, and what."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.calibration_evidence import calculate
from analytics.run_changes import changed_rows
from icp import business_zone
from stores.matured import read_matured
from stores.outcomes import read_outcome_frame
from views.current_weights import label

SOURCES = {"all": ("historical", "hades"), "historical": ("historical",), "hades": ("hades",)}


def matured_reader(frame: ui.Frame) -> Any:
    """The reader of how many leads can be judged today."""
    return partial(
        read_matured, today=frame.today, maturity_days=frame.icp.data["calibration"]["maturity_days"]
    )


def show_flag(frame: ui.Frame, run: dict[str, Any]) -> None:
    """Nothing while the run says all there is; else the sentence why not, and behind a switch what would change."""
    (counted,) = ui.read_all(frame, matured_reader(frame))
    now = [row for row in counted if row["source"] in SOURCES[run["population"]]]
    leads = sum(row["leads"] for row in now) - run["overall"]["leads"]
    deliveries = sum(row["deliveries"] for row in now) - run["overall"]["deliveries"]
    if leads <= 0 and deliveries <= 0:
        return
    with st.container(border=True):
        st.markdown(
            f":material/update: **Recalibration available.** Since this run {ui.many(max(leads, 0), 'more lead')} became old "
            f"enough to judge, with {ui.many(max(deliveries, 0), 'delivery', 'deliveries')} more known among all of them."
        )
        if st.toggle("What they would move", key=f"would_move_{run['run_id']}"):
            show_moves(_would_move(frame, run["run_id"], run["rows"], run["population"], run["estimator"],
                                   run["half_life_days"], frame.data_version, str(frame.today), frame.icp.sha256))  # fmt: skip


def show_moves(changed: pd.DataFrame) -> None:
    """What a calibration of today says otherwise, as a sentence and a table."""
    if changed.empty:
        st.caption("Nothing: every verdict stays, and no suggestion shifts by 5 points or more.")
        return
    st.dataframe(
        pd.DataFrame({
            "Value": [f"{label(d)} {v}" for d, v in zip(changed["dimension"], changed["value"], strict=True)],
            "Verdict then": changed["verdict_before"].fillna("not seen"), "Verdict today": changed["verdict_after"],
            "Suggested then": changed["suggested_before"], "Suggested today": changed["suggested_after"],
            "New leads": changed["new_leads"],
        }),
        hide_index=True, height="content", key="would_move_rows", alt="What a calibration of today would say otherwise",
    )  # fmt: skip


@st.cache_data(max_entries=8, show_spinner="Calibrating on what is known today")
def _would_move(
    _frame: ui.Frame, run_id: int, _rows: list[dict[str, Any]], population: str, estimator: Any,
    half_life_days: float | None, data_version: int, today: str, icp_sha256: str,
) -> pd.DataFrame:  # fmt: skip
    outcomes = read_outcome_frame(_frame.db, population=population, zone=business_zone(_frame.icp))
    found = calculate(
        outcomes, _frame.icp, as_of=_frame.today, estimator=estimator, half_life_days=half_life_days
    )
    return changed_rows(_rows, found.rows)
