"""What the exploration slices have shown so far: a table for the page of calibration."""

from __future__ import annotations

import streamlit as st

import ui
from analytics.exploration import exploration_table
from stores import batches


def show_exploration(frame: ui.Frame) -> None:
    """How leads convert that filters or cut leave out, with interval; a calm sentence while there is none."""
    explored = ui.read(frame, batches.read_explored)
    if explored.empty:
        ui.empty("No lead has gone out by chance yet. Set the exploration slice of an export to 1 to 5 percent.",
                 "pages/1_Score_and_Export.py", "Score and export a file")  # fmt: skip
        return
    days = frame.icp.data["calibration"]["maturity_days"]
    table = exploration_table(explored, as_of=frame.today, maturity_days=days)
    st.dataframe(
        table.assign(rate=[ui.percent(rate) for rate in table["rate"]],
                     low=[ui.interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)]).drop(columns="high"),
        hide_index=True, alt="How leads convert that went out by chance", key="exploration",
        column_config={"left_out_because": st.column_config.TextColumn("Left out because", width="large"), "companies": "Companies",
                       "too_young": "Too young", "judged": "Judged", "deliveries": "Delivered", "rate": "Rate", "low": "95 % interval"},
    )  # fmt: skip
    st.caption("Weighted by one over the chance each lead had of being drawn.")
