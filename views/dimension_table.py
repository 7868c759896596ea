"""One dimension of a calibration run: its pictures, and its table with boxes to tick."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics import charts
from views.current_weights import called, label
from views.row_evidence import show_evidence

MOST_DRAWN = 25  # values in one picture; the table has them all
ORDERED = ("employee_range", "proximity", "signal_strength")  # values that have an order of their own
COLUMNS = {
    "verdict": st.column_config.TextColumn(
        "Verdict",
        pinned=True,
        width=80,
        help="move: the outcomes contradict the score. hold: enough leads, no contradiction. too "
        "little: too few leads to say. too young: too few are old enough. no evidence: no lead carries it.",
    ),
    "value": st.column_config.TextColumn("Value", pinned=True, width=70),
    "name": st.column_config.TextColumn("Name", width=170),
    "current": st.column_config.NumberColumn("Current", width=66),
    "suggested": st.column_config.NumberColumn("Suggested", width=82),
    "change": st.column_config.TextColumn("Change", width=66),
    "rate": st.column_config.TextColumn("Rate", width=60, alignment="right"),
    "interval": st.column_config.TextColumn("95 % interval", width=102),
    "leads": st.column_config.NumberColumn(
        "Judged", width=62, format="localized", help="Leads that are old enough to judge"
    ),
    "deliveries": st.column_config.NumberColumn("Delivered", width=76),
    "confidence": st.column_config.TextColumn(
        "Volume", width=68, help="By leads alone: High from 100, Medium from 30"
    ),
    "too_young": st.column_config.NumberColumn("Too young", width=82),
    "why": st.column_config.TextColumn("Why", width=900),
}
SCORES = ("verdict", "current", "suggested", "change")  # of no use where a dimension is only reported


def show_dimension(
    rows: pd.DataFrame,
    overall_rate: float | None,
    run_id: int,
    names: dict[str, str],
    *,
    drawn: bool,
    locked: bool,
    all_moves: bool,
    counted: dict[str, Any] | None = None,
    delay: dict[str, Any] | None = None,
) -> list[tuple[str, str]]:
    """What is ticked, as (dimension, value), under the pictures and the tables of one dimension.

    `drawn`: with the pictures. `all_moves` ticks every row that says move and is no candidate; `locked` shows no boxes; `counted` and `delay` are
    what the run kept of the dimension's leads and of the days to a delivery (None: an earlier run).
    """
    dimension = str(rows["dimension"].iloc[0])
    if counted:
        st.caption(resting_on(counted))
    if (rows["verdict"] == "no evidence").all():
        st.info(
            "The outcomes do not know this dimension yet: no lead that can be judged carries it.",
            icon=":material/info:",
        )
        return []
    if drawn:
        draw(rows, dimension, overall_rate, names)
    rows = rows.assign(
        name=[names.get(value, "") if dimension == "sic_code" else "" for value in rows["value"]],
        first=rows["verdict"] != "move",
    )
    if dimension not in ORDERED:
        rows = rows.sort_values(["first", "leads"], ascending=[True, False], kind="stable")
    candidates = rows[rows["candidate"]]
    key = f"{dimension}_{run_id}_{all_moves}"
    ticked = tick(rows[~rows["candidate"]], f"edit_{key}", dimension, locked=locked, all_moves=all_moves)
    if not candidates.empty:
        st.markdown("**Outside the filter, but known from the outcomes**")
        st.caption("Such leads are not let in today; the score shown is what they would get by default.")
        ticked += tick(candidates, f"candidates_{key}", dimension, locked=locked, all_moves=False)
    show_evidence(rows, run_id, names, delay)
    return ticked


def resting_on(counted: dict[str, Any]) -> str:
    """Which leads the rows of a dimension rest on, and how many are in none of them."""
    told = f"Rests on {counted['deliveries']:,} deliveries of {ui.many(counted['leads'], 'lead')} judged."
    if not counted["without_value"]:
        return told
    missing = counted["without_value_of"]
    where = " and ".join(
        f"{missing[source]:,} {name}" for source, name in (("historical", "of the history"), ("hades", "of HADES batches")) if missing[source]
    )  # fmt: skip
    return f"{told} Without a value, and so in no row: {where}."


def draw(rows: pd.DataFrame, dimension: str, overall_rate: float | None, names: dict[str, str]) -> None:
    """The rates with their intervals, and beside them current and suggested scores, line by line."""
    judged = rows[rows["leads"] > 0]
    drawn = judged.nlargest(MOST_DRAWN, "leads")
    drawn = (
        judged.loc[sorted(drawn.index)]
        if dimension in ORDERED
        else drawn.sort_values("rate", ascending=False)
    )
    drawn = drawn.assign(value=[called(dimension, value, names) for value in drawn["value"]])
    rates, scores = st.columns(2)
    with rates:
        st.plotly_chart(
            charts.rate_intervals(drawn, overall_rate=overall_rate),
            key=f"rates_{dimension}",
            alt=f"{label(dimension)}: delivery rate per value with interval",
        )
    with scores:
        if rows["current"].notna().any():
            st.plotly_chart(
                charts.score_slopes(drawn),
                key=f"slopes_{dimension}",
                alt=f"{label(dimension)}: current and suggested score per value",
            )
        else:
            st.info(
                "Only reported: icp.yaml gives no score by this dimension, so there is nothing to approve.",
                icon=":material/info:",
            )
    more = (
        f" The {MOST_DRAWN} values with the most leads of {len(judged)} are drawn."
        if len(judged) > MOST_DRAWN
        else ""
    )
    st.caption(f"Lines: 95 % intervals. Dotted: the rate of all leads, {ui.percent(overall_rate)}.{more}")


def tick(
    rows: pd.DataFrame, key: str, dimension: str, *, locked: bool, all_moves: bool
) -> list[tuple[str, str]]:
    """The table of some values; gives back the ticked ones as (dimension, value)."""
    scored = bool(rows["current"].notna().any())
    rows = rows.head(ui.MOST_ROWS)
    shown = rows.assign(
        interval=[ui.interval(lo, hi) if n else "–" for lo, hi, n in zip(rows["low"], rows["high"], rows["leads"], strict=True)],
        rate=[ui.percent(rate) for rate in rows["rate"]],
        change=[change_text(now, then) for now, then in zip(rows["current"], rows["suggested"], strict=True)],
        apply=(rows["verdict"] == "move") & all_moves,
    )  # fmt: skip
    columns = [c for c in COLUMNS if (scored or c not in SCORES) and (c != "name" or shown["name"].any())]
    boxes = scored and not locked
    edited = st.data_editor(
        shown[["apply", *columns] if boxes else columns],
        key=key,
        hide_index=True,
        height="content",
        num_rows="fixed",
        disabled=list(COLUMNS),
        column_config={"apply": st.column_config.CheckboxColumn("Apply", width=62, pinned=True), **COLUMNS},
        alt=f"{label(dimension)}: rates, suggestions and verdicts",
    )
    return [(dimension, value) for value in edited.loc[edited["apply"], "value"]] if boxes else []


def change_text(current: float | None, suggested: float | None) -> str:
    """`▲ +12`, `▼ −54`, `same`, or a dash: readable without colour."""
    if pd.isna(current) or pd.isna(suggested):
        return "–"
    change = int(suggested) - int(current)
    return "same" if change == 0 else f"▲ +{change}" if change > 0 else f"▼ −{-change}"
