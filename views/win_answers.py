"""Insights, first tab: five questions in order, each with its sentence, its picture and its table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics import deal_charts
from analytics.named_change import ASSUMPTIONS, named_change
from analytics.run_chart import latest_day
from analytics.segments import SEGMENT_FIELDS
from analytics.win_report import WinReport, win_report
from analytics.win_report_text import report_html, report_notes, report_tables

PERIODS = (30, 60, 90, 180)
MOST_OWNERS = 25  # in the picture; the table has them all


def show_answers(frame: ui.Frame, counts: dict[str, Any], deals: pd.DataFrame, states: pd.DataFrame) -> None:
    """Tab one: the five answers out of `deals` and the `states` they were seen in; a calm sentence while none was closed."""
    days = st.segmented_control(
        "Newest period", PERIODS, default=90, format_func=lambda number: f"{number} days", key="days", bind="query-params"
    )  # fmt: skip
    stamp = tuple(str(counts[name]) for name in ("deals", "won", "lost", "open", "changed_at"))
    report = _report(stamp, int(days or 90), deals, states)
    if report is None:
        ui.empty("No deal was closed yet, so there is no win rate to explain.")
        return
    st.caption(
        f"As known on {ui.day(report.as_of)}: {ui.count(counts['won'])} won, {ui.count(counts['lost'])} lost, "
        f"{ui.count(counts['open'])} open. Deals last came in {ui.age(counts['last_seen'], frame.now)}."
    )
    tables = _tables(stamp, int(days or 90), report)
    pictures: tuple[Callable[[WinReport], None], ...] = (_fell, _why, _risk, _first, _who)
    for (question, sentence), picture in zip(report.answers, pictures, strict=True):
        st.subheader(question, anchor=False)
        st.markdown(f"#### {ui.plain(sentence)}")
        picture(report)
        if tables[question]:
            figures = st.expander("The figures", key=f"figures_{picture.__name__}", on_change="rerun")
            with figures:
                for caption, table in tables[question] if figures.open else ():
                    st.caption(ui.plain(caption))
                    shown = table.head(ui.MOST_ROWS).rename(columns=lambda name: str(name).replace("_", " "))
                    st.dataframe(shown, hide_index=True, alt=caption, height=min(38 + 35 * len(shown), 420))
                    if len(table) > ui.MOST_ROWS:
                        st.caption(
                            f"The first {ui.MOST_ROWS:,} of {len(table):,}; the HTML file has them all."
                        )
    asked = any(name.startswith("change_") for name in st.query_params)  # an address that was passed on
    change = st.expander("Did a change help?", key="named_change", on_change="rerun", expanded=asked)
    if change.open:
        with change:
            _change(deals)
    for note in report_notes(report):
        if note != report.young_sentence:
            st.caption(ui.plain(note))
    st.download_button(
        "Download as one HTML file", lambda: report_html(report, title="Win rate"), "win_rate.html", "text/html",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


@st.cache_data(max_entries=8, show_spinner="Asking the deals")
def _report(
    stamp: tuple[str, ...], days: int, _deals: pd.DataFrame, _states: pd.DataFrame
) -> WinReport | None:
    return win_report(_deals, days=days, states=_states)


@st.cache_data(max_entries=8, show_spinner=False)
def _tables(
    stamp: tuple[str, ...], days: int, _report: WinReport
) -> dict[str, list[tuple[str, pd.DataFrame]]]:
    return report_tables(_report)


def _fell(report: WinReport) -> None:
    alt = "Win rate by month of closing and of creation, with the limits that chance keeps"
    st.html(deal_charts.run_chart(report.months, report.cohorts, alt=alt))


def _why(report: WinReport) -> None:
    if len(report.terms):
        st.html(deal_charts.change_parts(report.terms, alt="The change split into mix and rates by field"))
    if len(report.young):
        st.markdown(f"**Only young?** {ui.plain(report.young_sentence)}")
        alt = "The difference of the newest creations split into young deals, mix and rates by field"
        st.html(deal_charts.change_parts(report.young, alt=alt))


def _risk(report: WinReport) -> None:
    fields = list(dict.fromkeys(report.segments["field"]))
    if not fields:
        return
    field = st.segmented_control(
        "By", fields, default=report.risk_field or fields[0], key="risk_by", format_func=lambda name: name.replace("_", " ").capitalize(),
        bind="query-params",
    )  # fmt: skip
    some = report.segments[report.segments["field"] == (field or report.risk_field)]
    st.html(deal_charts.impact(some, alt="Wins missing against the average by value"))
    if report.flow is None:
        return
    st.markdown(f"**Where deals stall**: {ui.plain(report.flow.sentence)}")
    if report.flow.stages["median_days"].notna().any():
        alt = "Days until half of the deals have left, by stage"
        st.html(deal_charts.stage_stays(report.flow.stages, alt=alt))


def _first(report: WinReport) -> None:
    if report.drivers is not None:
        alt = "Effect of each value in percentage points, with its interval"
        st.html(deal_charts.effects(report.drivers.values, alt=alt))
        st.caption(
            "Filled: stands its trials. Hollow: not distinguishable from chance. What goes with winning need not cause it."
        )


def _who(report: WinReport) -> None:
    if not report.owners["stands_out"].any():
        return  # a ranking that chance made would be read as one that people made
    all_won = report.owners["won"].sum() / report.owners["deals"].sum()
    alt = "Win rate per owner after shrinkage, with its interval"
    st.html(deal_charts.owner_rates(report.owners.head(MOST_OWNERS), overall_rate=all_won, alt=alt))


def _change(deals: pd.DataFrame) -> None:
    """Someone names a change: who it touched and since when."""
    fields = [field for field in (*SEGMENT_FIELDS, "owner") if deals[field].notna().any()]
    if not fields:
        st.info("The deals carry no field to tell a group by.", icon=":material/info:")
        return
    one, two, three = st.columns(3)
    field = one.selectbox(
        "The change touched deals by",
        fields,
        key="change_field",
        bind="query-params",
        format_func=lambda name: name.replace("_", " "),
    )
    labels = two.multiselect(
        "Which", sorted(deals[field].dropna().unique()), key=f"change_labels_{field}", bind="query-params"
    )
    day = three.date_input(
        "From",
        value=None,
        key="change_day",
        bind="query-params",
        min_value=deals["created_on"].min().date(),
        max_value=latest_day(deals).date(),
    )
    if not labels or day is None:
        st.caption(
            "Say which deals were touched and from which day; their win rate is compared with all others, before and after."
        )
        return
    found = named_change(deals, field=field, labels=labels, day=pd.Timestamp(str(day)))
    st.markdown(f"#### {ui.plain(found.sentence)}")
    st.dataframe(
        found.cells.assign(rate=100 * found.cells["rate"]), hide_index=True, alt="Win rates of both groups before and after",
        column_config={"group": "Deals", "time": "When", "deals": "Closed", "won": "Won",
                       "rate": st.column_config.NumberColumn("Won, %", format="%.1f")},
    )  # fmt: skip
    st.caption("It takes for granted: " + " ".join(ASSUMPTIONS))
