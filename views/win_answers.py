"""Insights, first tab: five questions in order, each with its sentence, its picture and its table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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
Deals = Callable[[], tuple[pd.DataFrame, pd.DataFrame]]  # reads the deals and the states they were seen in


class Told(NamedTuple):
    """The report, its tables by question, and its pictures as HTML, "" where there is nothing to draw."""

    report: WinReport
    tables: dict[str, list[tuple[str, pd.DataFrame]]]
    pictures: dict[str, str]


def show_answers(frame: ui.Frame, counts: dict[str, Any], deals: Deals) -> None:
    """Tab one: the five answers out of `deals` and the states they were seen in; a calm sentence while none was closed."""
    days = st.segmented_control(
        "Newest period", PERIODS, default=90, format_func=lambda number: f"{number} days", key="days", bind="query-params"
    )  # fmt: skip
    stamp = tuple(str(counts[name]) for name in ("deals", "won", "lost", "open", "changed_at"))
    told = _told(stamp, int(days or 90), deals)
    if told is None:
        ui.empty("No deal was closed yet, so there is no win rate to explain.")
        return
    report = told.report
    st.caption(
        f"As known on {ui.day(report.as_of)}: {ui.count(counts['won'])} won, {ui.count(counts['lost'])} lost, "
        f"{ui.count(counts['open'])} open. Deals last came in {ui.age(counts['last_seen'], frame.now)}."
    )
    pictures: tuple[Callable[[Told], None], ...] = (_fell, _why, _risk, _first, _who)
    for (question, sentence), picture in zip(report.answers, pictures, strict=True):
        st.subheader(question, anchor=False)
        st.markdown(f"#### {ui.plain(sentence)}")
        picture(told)
        if told.tables[question]:
            figures = st.expander("The figures", key=f"figures_{picture.__name__}", on_change="rerun")
            with figures:
                for caption, table in told.tables[question] if figures.open else ():
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
            _change(deals()[0])
    for note in report_notes(report):
        if note != report.young_sentence:
            st.caption(ui.plain(note))
    st.download_button(
        "Download as one HTML file", lambda: report_html(report, title="Win rate"), "win_rate.html", "text/html",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


@st.cache_resource(max_entries=8, show_spinner="Asking the deals")
def _told(stamp: tuple[str, ...], days: int, _deals: Deals) -> Told | None:
    """The report of these deals with its tables and pictures; nobody changes it. None while no deal was closed."""
    known, states = _deals()
    report = win_report(known, days=days, states=states)
    return None if report is None else Told(report, report_tables(report), _drawn(report))


def _drawn(report: WinReport) -> dict[str, str]:
    """The pictures by name; those of the segments by their field."""
    all_won = report.owners["won"].sum() / max(report.owners["deals"].sum(), 1)
    alt = "Wins missing against the average by value"
    drawn = {
        str(field): deal_charts.impact(some, alt=alt)
        for field, some in report.segments.groupby("field", sort=False)
    }
    return drawn | {
        "months": deal_charts.run_chart(
            report.months, report.cohorts, alt="Win rate by month of closing and of creation, with the limits that chance keeps"
        ),
        "terms": deal_charts.change_parts(report.terms, alt="The change split into mix and rates by field"),
        "young": deal_charts.change_parts(
            report.young, alt="The difference of the newest creations split into young deals, mix and rates by field"
        ),
        "stays": "" if report.flow is None else deal_charts.stage_stays(
            report.flow.stages, alt="Days until half of the deals have left, by stage"
        ),
        "effects": "" if report.drivers is None else deal_charts.effects(
            report.drivers.values, alt="Effect of each value in percentage points, with its interval"
        ),
        "owners": deal_charts.owner_rates(
            report.owners.head(MOST_OWNERS), overall_rate=all_won, alt="Win rate per owner after shrinkage, with its interval"
        ),
    }  # fmt: skip


def _show(picture: str) -> None:
    if picture:
        st.html(picture)


def _fell(told: Told) -> None:
    _show(told.pictures["months"])


def _why(told: Told) -> None:
    _show(told.pictures["terms"])
    if told.pictures["young"]:
        st.markdown(f"**Only young?** {ui.plain(told.report.young_sentence)}")
        _show(told.pictures["young"])


def _risk(told: Told) -> None:
    report = told.report
    fields = list(dict.fromkeys(report.segments["field"]))
    if not fields:
        return
    field = st.segmented_control(
        "By", fields, default=report.risk_field or fields[0], key="risk_by", format_func=lambda name: name.replace("_", " ").capitalize(),
        bind="query-params",
    )  # fmt: skip
    _show(told.pictures[field or report.risk_field or fields[0]])
    if report.flow is not None:
        st.markdown(f"**Where deals stall**: {ui.plain(report.flow.sentence)}")
        _show(told.pictures["stays"])


def _first(told: Told) -> None:
    if told.pictures["effects"]:
        _show(told.pictures["effects"])
        st.caption(
            "Filled: stands its trials. Hollow: not distinguishable from chance. What goes with winning need not cause it."
        )


def _who(told: Told) -> None:
    if told.report.owners[
        "stands_out"
    ].any():  # else a ranking that chance made would be read as one of people
        _show(told.pictures["owners"])


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
