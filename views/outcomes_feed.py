"""Score Calibration, third tab: the funnel, the time to a delivery, and batches against chance."""

from __future__ import annotations

import streamlit as st

import ui
from analytics import charts
from analytics.outcome_tables import batch_table, delivery_curve_table
from stores import batches, outcomes


def show_feed(frame: ui.Frame) -> None:
    """Tab three: the funnel, how long a delivery takes, and each batch against what chance would do."""
    counts = ui.read(frame, outcomes.read_funnel)
    if not counts["exported"]:
        ui.empty("No batch has been exported yet.", "pages/1_Score_and_Export.py", "Score and export a file")
        return
    days = frame.icp.data["calibration"]["maturity_days"]
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("From exported to delivered", anchor=False)
        st.plotly_chart(
            charts.funnel(counts),
            key="funnel",
            alt="Companies exported, contacted, with appointment, delivered",
        )
        st.caption("Companies of all batches that ever came so far; young ones may still come farther.")
    with right:
        st.subheader("How long a delivery takes", anchor=False)
        curve = delivery_curve_table(ui.read(frame, outcomes.read_delivery_days), as_of=frame.today)
        if curve.empty:
            st.info("No delivery has been seen yet.")
        else:
            st.plotly_chart(
                charts.delivery_curve(curve), key="curve", alt="Share delivered by days since export"
            )
            st.caption("Kaplan–Meier: leads that are still open count for as long as they have been watched.")
    st.subheader("Batches against chance", anchor=False)
    table = batch_table(ui.read(frame, batches.read_batches, limit=500), now=frame.now, maturity_days=days)
    judged = table[table["matured"]]
    rate = judged["deliveries"].sum() / judged["companies"].sum() if judged["companies"].sum() else None
    st.plotly_chart(
        charts.batch_rates(table, overall_rate=rate),
        key="batches",
        alt="Delivery rate per batch with funnel limits",
    )
    st.caption("Dotted: where 95 of 100 batches would lie if nothing but chance made them differ. Hollow: younger than "
               f"{days} days, so their rate can still rise.")  # fmt: skip
