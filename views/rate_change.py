"""Score Calibration, tab Why the rate changed: other leads, other rates, or only younger leads."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.calibration_charts import rate_steps
from analytics.maturity import fit_delay
from analytics.mix import Waterfall, rate_waterfall
from icp import business_zone, dimension_values, dimensions
from stores.outcomes import read_outcome_frame
from views.current_weights import called, label

SEED = 20260211
MOST_ROWS = 500
WORDS = {
    "maturity": "Young leads",
    "mix": "Other leads",
    "rate": "Other rates",
}


def frame_reader(frame: ui.Frame) -> Any:
    """The reader of all outcomes, as a calibration reads them."""
    return partial(read_outcome_frame, population="all", zone=business_zone(frame.icp))


def show_change(frame: ui.Frame) -> None:
    """The whole tab: what to compare, the sentence, the picture, the terms and the values."""
    (outcomes,) = ui.read_all(frame, frame_reader(frame))
    if outcomes["started_on"].notna().sum() < 2:
        ui.empty(
            "Two periods with leads are needed. Bring in the history, or export a batch.",
            "pages/4_Outcomes.py",
            "Outcomes",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.segmented_control(
            "Compare",
            ["Periods", "Batches"],
            default="Periods",
            required=True,
            key="change_by",
            bind="query-params",
        )
        dimension = st.selectbox(
            "By the values of",
            list(dimensions(frame.icp)),
            format_func=label,
            key="change_dimension",
            bind="query-params",
            width=180,
        )
        picked = pick_periods(frame, outcomes) if by == "Periods" else pick_batches(outcomes)
    if picked is None:
        st.info("Choose two of them.", icon=":material/info:")
        return
    before, after, names = picked
    found = _waterfall(
        frame, dimension, before, after, frame.data_version, str(frame.today), frame.icp.sha256
    )
    show_waterfall(frame, found, names, dimension)


def show_waterfall(frame: ui.Frame, found: Waterfall, names: tuple[str, str], dimension: str) -> None:
    """The sentence, the picture beside the terms, and the values one click away."""
    st.markdown(f"#### {ui.plain(found.why)}")
    st.caption(
        f"Before: {names[0]}, {ui.many(found.leads_before, 'lead')}. After: {names[1]}, {ui.many(found.leads_after, 'lead')}. "
        f"Leads without a value of {label(dimension)} are left out."
    )
    if found.terms["change"].isna().any():
        return
    left, right = st.columns([10, 11], gap="large")
    with left:
        st.plotly_chart(
            rate_steps(found),
            key="rate_steps",
            config={"displayModeBar": False},
            alt="From one rate to the other: young leads, other leads, other rates",
        )
    with right:
        st.dataframe(
            pd.DataFrame({
                "term": [WORDS[term] for term in found.terms["term"]],
                "change": [ui.signed(100 * change, 1) for change in found.terms["change"]],
                "interval": [f"{ui.signed(100 * low, 1)} to {ui.signed(100 * high, 1)}" for low, high in zip(found.terms["low"], found.terms["high"], strict=True)],
                "chance": [f"{100 * chance:.0f} of 100" if chance >= 0.01 else "under 1 of 100" for chance in found.terms["by_chance"]],
            }),
            hide_index=True, height="content", key="change_terms", alt="The terms of the change, with interval and chance",
            column_config={
                "term": st.column_config.TextColumn("What changed", width=112),
                "change": st.column_config.TextColumn("Points", width=70, alignment="right"),
                "interval": st.column_config.TextColumn("95 % interval", width=120, alignment="right"),
                "chance": st.column_config.TextColumn("Chance alone", width=100, help="How often leads shuffled between the two make a change as large"),
            },
        )  # fmt: skip
        parts = " ".join(ui.signed(100 * change, 1) for change in found.terms["change"])
        st.caption(
            f"Without remainder: {100 * found.before:.1f} {parts} = {100 * found.after:.1f} %. "
            "Young leads: what they have not shown yet. Other leads: more or fewer of each kind; a value that is new or gone counts "
            "here. Other rates: the same kind of lead delivers differently. It says what goes together, not what caused it."
        )
        with st.expander(f"By value of {label(dimension)}"):
            show_values(frame, found, dimension)


def show_values(frame: ui.Frame, found: Waterfall, dimension: str) -> None:
    """One row per value: shares, rates and its part of both terms, largest first."""
    values = found.values.assign(size=found.values[["mix", "rate"]].abs().sum(axis=1)).nlargest(
        MOST_ROWS, "size"
    )
    sic = ui.sic_names(frame.settings.config_dir)
    st.dataframe(
        pd.DataFrame({
            "Value": [called(dimension, value, sic) for value in values["value"]],
            "Share": [f"{100 * a:.0f} → {100 * b:.0f} %" for a, b in zip(values["share_before"], values["share_after"], strict=True)],
            "Rate": [f"{ui.percent(a)} → {ui.percent(b)}" for a, b in zip(values["rate_before"], values["rate_after"], strict=True)],
            "Other leads": [ui.signed(100 * change, 1) for change in values["mix"]], "Other rates": [ui.signed(100 * change, 1) for change in values["rate"]],
            "Note": values["note"],
        }),
        hide_index=True, height=320, key="change_values", alt="The change value by value",
    )  # fmt: skip


def pick_periods(
    frame: ui.Frame, outcomes: pd.DataFrame
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, str]] | None:
    """Two spans of days by the start of leads: by default the newest half year and the one before it."""
    first, last = outcomes["started_on"].min().date(), min(outcomes["started_on"].max().date(), frame.today)
    middle = max(last - timedelta(days=182), first)
    start = max(middle - timedelta(days=183), first)
    chosen = []
    for name, key, span in (
        ("Before", "change_before", (start, middle)),
        ("After", "change_after", (min(middle + timedelta(days=1), last), last)),
    ):
        got = st.date_input(
            name,
            value=span,
            min_value=first,
            max_value=last,
            key=key,
            format="YYYY-MM-DD",
            width=230,
            bind="query-params",
        )
        if not isinstance(got, tuple) or len(got) != 2:
            return None  # the second day is not chosen yet
        chosen.append(got)
    told = [f"started {ui.day(a)} to {ui.day(b)}" for a, b in chosen]
    return _span(*chosen[0]), _span(*chosen[1]), (told[0], told[1])


def _span(first: date, last: date) -> tuple[str, ...]:
    return ("days", str(first), str(last))


def pick_batches(outcomes: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, str]] | None:
    """Two sets of batches; by default one each, the newest two that are there."""
    known = sorted(outcomes["batch_id"].dropna().unique(), reverse=True)
    before = st.multiselect(
        "Before", known, default=known[1:2], key="change_first", width=330, bind="query-params"
    )
    after = st.multiselect(
        "After", known, default=known[:1], key="change_second", width=330, bind="query-params"
    )
    if not before or not after:
        return None
    return ("batches", *before), ("batches", *after), (", ".join(before), ", ".join(after))


@st.cache_data(max_entries=16, show_spinner="Taking the change apart")
def _waterfall(
    _frame: ui.Frame, dimension: str, before: tuple[str, ...], after: tuple[str, ...], data_version: int, today: str, icp_sha256: str
) -> Waterfall:  # fmt: skip
    (outcomes,) = ui.read_all(_frame, frame_reader(_frame))
    values = dimension_values(_frame.icp, dimension, outcomes)
    delay = fit_delay(outcomes, dimension_values(_frame.icp, "sic_code", outcomes), as_of=_frame.today)
    first, second = (outcomes[_inside(outcomes, which)] for which in (before, after))
    return rate_waterfall(
        first, values.loc[first.index], second, values.loc[second.index], as_of=_frame.today, delay=delay,
        horizon_days=_frame.icp.data["calibration"]["maturity_days"], seed=SEED,
    )  # fmt: skip


def _inside(outcomes: pd.DataFrame, which: tuple[str, ...]) -> pd.Series:
    if which[0] == "batches":
        return outcomes["batch_id"].isin(which[1:])
    return outcomes["started_on"].between(pd.Timestamp(which[1]), pd.Timestamp(which[2]))
