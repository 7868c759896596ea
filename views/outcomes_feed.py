"""Score Calibration, tab Outcomes feed: the funnel, the time to a delivery, and batches against the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics import charts
from analytics.batch_baseline import AS_EXPECTED, TOO_YOUNG, batches_against, limit_lines
from analytics.calibration_charts import batch_funnel
from analytics.maturity import Delay
from analytics.outcome_tables import delivery_curve_table
from stores import outcomes

MOST_ROWS = 500


def show_feed(frame: ui.Frame, run: dict[str, Any] | None) -> None:
    """How far companies came, how long a delivery takes, and each batch against what the history lets expect."""
    counts, days = ui.read_all(frame, outcomes.read_funnel, outcomes.read_delivery_days)
    if not counts["exported"]:
        ui.empty("No batch has been exported yet.", "pages/1_Score_and_Export.py", "Score and export a file")
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("From exported to delivered", anchor=False)
        st.plotly_chart(
            charts.funnel(counts),
            key="funnel",
            config={"displayModeBar": False},
            alt="Companies exported, contacted, with appointment, delivered",
        )
        st.caption("Companies of all batches that ever came so far; young ones may still come farther.")
    with right:
        st.subheader("How long a delivery takes", anchor=False)
        curve = delivery_curve_table(days, as_of=frame.today)
        if curve.empty:
            st.info("No delivery has been seen yet.")
        else:
            st.plotly_chart(
                charts.delivery_curve(curve),
                key="curve",
                config={"displayModeBar": False},
                alt="Share delivered by days since export",
            )
            still_open = int(days["delivered_on"].isna().sum())
            st.caption(
                f"Kaplan–Meier: {still_open:,} of {len(days):,} companies are still open and count for as long as they have "
                "been watched. The band is the 95 % interval."
            )
    show_figures(counts, curve)
    st.subheader("Batches against the history", anchor=False)
    show_batches(frame, run, days)


def show_figures(counts: Mapping[str, int], curve: pd.DataFrame) -> None:
    """Both pictures as tables."""
    with st.expander("The figures"):
        left, right = st.columns(2, gap="large")
        left.dataframe(
            pd.DataFrame({
                "Came to": [name.capitalize() for name in counts], "Companies": list(counts.values()),
                "Of the exported": [ui.percent(number / counts["exported"]) for number in counts.values()],
            }),
            hide_index=True, height="content", key="funnel_rows", alt="How far companies came, in figures",
            column_config={"Companies": st.column_config.NumberColumn(format="localized")},
        )  # fmt: skip
        right.dataframe(
            pd.DataFrame({
                "Day": curve["day"], "Delivered": [ui.percent(share) for share in curve["delivered"]],
                "95 % interval": [ui.interval(low, high) for low, high in zip(curve["low"], curve["high"], strict=True)],
                "Still watched": curve["at_risk"],
            }).head(MOST_ROWS),
            hide_index=True, height=min(38 + 35 * max(len(curve), 1), 320), key="curve_rows", alt="Share delivered by days since export, in figures",
            column_config={"Still watched": st.column_config.NumberColumn(format="localized")},
        )  # fmt: skip


def show_batches(frame: ui.Frame, run: dict[str, Any] | None, days: pd.DataFrame) -> None:
    """Where each batch is heading, with the limits of chance around the history's rate; young ones allowed for."""
    baseline = run["overall"].get("baseline") if run else None
    if run is None or baseline is None:
        ui.empty(
            "There is no historical baseline to hold batches against: calibrate on all outcomes, or on the history, once it is imported."
        )
        return
    delay = delay_of(run)
    table = batches_against(
        days, baseline, delay, as_of=frame.today, maturity_days=frame.icp.data["calibration"]["maturity_days"]
    )
    st.markdown(summary(table, baseline, delay))
    judged = table[table["word"] != TOO_YOUNG]
    if not judged.empty:
        lines = limit_lines(
            baseline, least=float(judged["effective"].min()), most=float(judged["effective"].max())
        )
        st.plotly_chart(
            batch_funnel(table, lines, rate=baseline["rate"]), key="batches", config={"displayModeBar": False},
            alt="Rate each batch is heading for, with limits of chance around the rate of the history",
        )  # fmt: skip
        st.caption(
            "The line is the rate of the history, the dotted and dashed ones what chance makes of it, its own uncertainty included. "
            "A batch that is half way through its deliveries counts half its companies; hollow ones are still young."
        )
    with st.expander(f"All {len(table):,} batches"):
        st.dataframe(
            pd.DataFrame({
                "word": table["word"], "batch": table["batch_id"], "companies": table["companies"], "age": table["age_days"],
                "deliveries": table["deliveries"], "expected": table["expected"],
                "rate": [ui.percent(rate) for rate in table["rate"]],
                "interval": [ui.interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)],
                "limits": [f"{max(low + 1, 0)} to {high - 1}" for low, high in zip(table["warn_low"], table["warn_high"], strict=True)],
            }).iloc[::-1].head(MOST_ROWS),
            hide_index=True, key="batch_rows", alt="Every batch against the history",
            column_config={
                "word": "Against the history", "batch": "Batch", "companies": "Companies", "age": "Age, days", "deliveries": "Delivered",
                "expected": st.column_config.NumberColumn("Expected by now", format="%.1f"),
                "rate": st.column_config.TextColumn("Heading for", alignment="right"), "interval": "95 % interval",
                "limits": st.column_config.TextColumn("Chance makes", help="Deliveries by now within two standard deviations"),
            },
        )  # fmt: skip


def summary(table: pd.DataFrame, baseline: Mapping[str, Any], delay: Delay | None) -> str:
    """One sentence: all batches together against the history, and how many lie outside the limits."""
    told = table[table["word"] != TOO_YOUNG]
    start = (
        f"The history delivered {ui.percent(baseline['rate'])} ({ui.interval(baseline['low'], baseline['high'])}) "
        f"of {baseline['leads']:,.0f} leads."
    )
    if told.empty:
        return f"{start} No batch is old enough to be held against it."
    expected, seen = told["expected"].sum(), int(told["deliveries"].sum())
    outside = told[told["word"] != AS_EXPECTED]
    how = "at their age" if delay is not None else "of those old enough"
    named = "; ".join(
        f"{name.removeprefix('HADES-')} {word}"
        for name, word in zip(outside["batch_id"], outside["word"], strict=True)
    )
    beyond = f"{len(outside)} of {len(told)} lie outside what chance makes ({named})" if 0 < len(outside) <= 5 else (
        f"{len(outside)} of {len(told)} lie outside what chance makes" if len(outside) else f"none of {len(told)} lies outside what chance makes"
    )  # fmt: skip
    return (
        f"{start} By it {expected:.0f} deliveries would be known {how}; {seen:,} are. {beyond[0].upper()}{beyond[1:]}, where about "
        f"{0.0455 * len(told):.1f} would by chance alone."
    )


def delay_of(run: Mapping[str, Any]) -> Delay | None:
    """The delay distribution that a run has kept, if any."""
    kept = run["overall"].get("delay")
    return (
        Delay(**{name: kept[name] for name in ("family", "shape", "scale", "deliveries")}) if kept else None
    )
