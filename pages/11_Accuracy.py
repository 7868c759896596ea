"""How right the scores were: what they promised beside what came of it, and how far the targets are."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics import accuracy_report as report
from analytics.accuracy_charts import bands_figure, reliability_figure
from analytics.accuracy_targets import read_accuracy_rules
from views.accuracy_count import Counted, counted

KINDS = {"Leads": report.LEADS, "Deals": report.DEALS}


def figure_row(figures: dict[str, Any], words: report.Words) -> None:
    """The four figures that matter, with n and interval under each."""
    call, auc = figures["call"], figures["auc"]
    with st.container(horizontal=True):
        ui_metric("Judged", f"{figures['cases']:,}", f"{figures['hits']:,} {words.hit}")
        ends = "too little data" if auc is None else f"{figures['auc_low']:.2f} to {figures['auc_high']:.2f}"
        ui_metric("AUC", ui.decimal(auc, 2), ends)
        ends = (
            f"{ui.interval(call['precision_low'], call['precision_high'])}, {call['called']:,} {words.cases}"
        )
        ui_metric(
            f"{words.hit.capitalize()} from {figures['high']:g} on", ui.percent(call["precision"]), ends
        )
        ui_metric(
            "Targets reached", f"{figures['reached']} of {figures['targets']}", "judged by whole intervals"
        )


def ui_metric(label: str, value: str, below: str) -> None:
    """One figure with its evidence under it."""
    with st.container(border=True):
        st.metric(label, value)
        st.caption(below)


def show_pictures(figures: dict[str, Any], words: report.Words) -> None:
    """The rate by band of score, and what the score says beside what came."""
    left, right = st.columns(2)
    with left:
        alt = f"Share {words.hit} by band of score, with intervals"
        overall = figures["hits"] / figures["cases"]
        st.html(bands_figure(pd.DataFrame(figures["bands"]), overall_rate=overall, hit=words.hit, alt=alt))
        st.caption(f"Share {words.hit} by band of score; the dotted line is the rate of all.")
    with right:
        alt = "What the score says as a chance beside what came, with intervals"
        st.html(reliability_figure(pd.DataFrame(figures["table"]), alt=alt))
        st.caption("On the dotted line a score keeps its promise; above it more came than it said.")


def show(counted: Counted, words: report.Words, of: str) -> None:
    """The whole report of one kind of case."""
    result = counted.result
    if result["figures"] is None:
        waiting = "old enough to judge" if of == "Leads" else "closed after a snapshot had scored it"
        ui.empty(f"No {words.cases[:-1]} is {waiting} yet; {result['too_young']:,} are waiting.")
        return
    answers, notes = report.report_of(result)
    st.markdown(f"#### {answers[0][1]}")
    figure_row(result["figures"], words)
    show_pictures(result["figures"], words)
    for place, (question, sentence, tables) in enumerate(answers):
        if place:  # the first is the headline
            st.subheader(question, anchor=False)
            st.write(ui.plain(sentence))
        for number, (caption, table) in enumerate(tables):
            if len(table):
                rows = st.expander(caption, key=f"rows_{of}_{place}_{number}", on_change="rerun")
                if rows.open:
                    rows.dataframe(table.head(ui.MOST_ROWS), hide_index=True, alt=caption)
    st.caption(ui.plain(" ".join(notes)))
    title = f"Accuracy of scores: {words.cases}, {result['as_of']}"
    st.download_button(
        "Take the report", lambda: report.report_html(title, answers, notes).encode(),
        f"accuracy_{words.cases}_{result['as_of']}.html", "text/html", icon=":material/download:", on_click="ignore", key=f"take_{of}",
    )  # fmt: skip


with ui.page("Accuracy") as frame:
    of = st.segmented_control("Of what", list(KINDS), default="Leads", key="of", label_visibility="collapsed",
                              bind="query-params") or "Leads"  # fmt: skip
    newest = counted(frame, of.lower(), read_accuracy_rules(frame.settings.config_dir))
    if newest is not None:
        show(newest, KINDS[of], of)
