"""Tab Model, further down: every way of scoring on live batches, and two tuning factors on the same leads."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import ui
from analytics.model_features import plain_features
from analytics.side_by_side import LEAST_DAYS, MOST_DAYS, LiveReport, compare_factors, live_report
from icp import business_zone
from model_choices import SEED
from stores import models

_SAMPLE = 500


def show_side_by_side(frame: ui.Frame, live: pd.DataFrame) -> None:
    """Weights, model, suggested scores and a random order on live batches (stores.models.read_side_by_side); then two factors on a
    sample."""
    st.subheader("Side by side on live batches", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.slider(
            "Days of batches",
            LEAST_DAYS,
            MOST_DAYS,
            MOST_DAYS,
            key="live_days",
            width=260,
            bind="query-params",
        )
        outcome = st.segmented_control("Judged by", ["delivery", "appointment"], default="delivery", required=True, key="live_outcome", bind="query-params",
                                       help="Appointments are an early sign; only deliveries are a proof.")  # fmt: skip
    found = live_report(
        live, as_of=frame.today, days=days, outcome=outcome or "delivery", seed=SEED,
        maturity_days=int(frame.icp.data["calibration"]["maturity_days"]),
    )  # fmt: skip
    if not found.leads:
        wait = f" {found.waiting:,} leads are kept and still too young." if found.waiting else ""
        ui.empty(
            f"Every export is scored in every way from now on; no batch of them is old enough to judge yet.{wait}"
        )
    else:
        _show_report(found, outcome or "delivery")
    factors = st.expander("Two tuning factors on the same leads", key="factors_open", on_change="rerun")
    if factors.open:  # it reads every lead
        with factors:
            _show_factors(frame)


def _show_report(found: LiveReport, outcome: str) -> None:
    st.caption(f"{found.leads:,} leads of {ui.many(found.batches, 'batch', 'batches')}, {ui.day(found.first_day)} to {ui.day(found.last_day)}, "
               f"{found.deliveries:,} with {outcome}; {found.waiting:,} are too young. Each batch is ranked by itself and its better half counts as called first.")  # fmt: skip
    st.dataframe(
        [
            {"Order by": row["way"], "AUC": ui.decimal(row["auc"], 3), "Called first": ui.count(row["called"]),
             f"Of them with {outcome}": f"{row['deliveries']:.0f}" + (f" ({row['low']:.0f}–{row['high']:.0f})" if pd.notna(row["low"]) else "")}
            for row in found.ways.to_dict("records")
        ],
        hide_index=True, height="content", key="ways", alt="Each way of scoring on live batches, a random order last",
    )  # fmt: skip
    for name, gate in found.gates.items():
        st.markdown(f"**{name}: {gate.word}.** {ui.plain(gate.why)}")


def _show_factors(frame: ui.Frame) -> None:
    leads, kept = ui.read(frame, models.read_first_seen, zone=business_zone(frame.icp))
    exported = leads[(leads["source"] == "hades") & ~leads["by_chance"]].tail(_SAMPLE)
    if exported.empty:
        ui.empty("No lead was exported yet to try a factor on.")
        return
    one, two = st.columns(2)
    a = one.number_input("Factor A", 0.0, 2.0, 1.0, 0.05, key="factor_a")
    b = two.number_input("Factor B", 0.0, 2.0, 1.1, 0.05, key="factor_b")
    scored = plain_features([kept[place] for place in exported.index])
    if "score" not in scored:
        ui.empty("The newest leads were exported without their points, so no factor can be tried on them.")
        return
    table = compare_factors(scored, {"A": a, "B": b}, delivered=exported["delivered_on"].notna().to_numpy())
    st.dataframe(
        [
            {"Factor": f"{row['name']}: {row['factor']:g}", "Mean score": ui.decimal(row["mean"], 1), "0–29": ui.percent(row["low"], 0),
             "30–49": ui.percent(row["fair"], 0), "50–69": ui.percent(row["good"], 0), "70–100": ui.percent(row["high"], 0),
             "Tied at 100": row["tied_at_100"], "Pairs turned": row["turned"], "AUC": ui.decimal(row["auc"], 3)}
            for row in table.to_dict("records")
        ],
        hide_index=True, height="content", key="factors", alt="What two factors do to the same leads",
    )  # fmt: skip
    tied = int(table["tied_at_100"].iloc[1])
    st.caption(f"On the {len(table) and table['leads'].iloc[0]:,} newest leads: ranking unchanged, {tied:,} leads {'is' if tied == 1 else 'are'} tied at 100 under B. "
               "A factor cannot find a better lead; it moves bands and cuts. AUC counts what was delivered so far.")  # fmt: skip
