"""How right the scores were: what they promised beside what came of it, and how far the targets are."""

from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

import ui
from analytics import accuracy_report as report
from analytics.accuracy import Accuracy, accuracy
from analytics.accuracy_charts import bands_figure, reliability_figure
from analytics.accuracy_targets import AccuracyRules, read_accuracy_rules, targets_table
from analytics.judged_cases import judged_deals, judged_leads
from stores.accuracy import read_scored_leads
from stores.deals import count_deals
from stores.outcomes import read_outcome_frame
from stores.pipeline import read_scored_outcomes
from turso_db import read_together

KINDS = {"Leads": report.LEADS, "Deals": report.DEALS}


class Told(NamedTuple):
    """What the page says of one kind of case, and how many have to wait; found is None while none can be judged."""

    found: Accuracy | None
    too_young: int
    targets: pd.DataFrame
    answers: list[report.Answer]
    notes: list[str]


@st.cache_data(max_entries=8, show_spinner="Counting")
def told_of(
    of: str, data_version: int, today: str, rules_text: str, _frame: ui.Frame, _rules: AccuracyRules
) -> tuple[Any, ...]:
    """Told, as a plain tuple: the accuracy of these cases, counted once per data version, day and rules; the cases themselves are not kept."""
    if of == "Leads":
        started = partial(read_outcome_frame, population="all")
        leads, begun = read_together(_frame.db, [read_scored_leads, started])
        maturity = _frame.icp.data["calibration"]["maturity_days"]
        judged = judged_leads(leads, begun, as_of=_frame.today, maturity_days=maturity)
    else:
        deals, counts = read_together(_frame.db, [read_scored_outcomes, count_deals])
        judged = judged_deals(deals, counts["open"])
    found = accuracy(
        judged.cases, high=_rules.high_score, top=judged.batch, parts=judged.parts, traits=list(judged.traits)
    )
    if found is None:
        return None, judged.too_young, pd.DataFrame(), [], []
    targets = targets_table(found.confidences, _rules)
    words = KINDS[of]
    told = report.answers(found, words, judged.traits, targets)
    return found, judged.too_young, targets, told, report.notes(found, words, judged.too_young)


def figure_row(found: Accuracy, words: report.Words, targets_met: str) -> None:
    """The four figures that matter, with n and interval under each."""
    call = found.calls.iloc[0]
    with st.container(horizontal=True):
        ui_metric("Judged", f"{found.cases:,}", f"{found.hits:,} {words.hit}")
        auc = "–" if found.auc != found.auc else f"{found.auc:.2f}"
        ends = "too little data" if found.auc != found.auc else f"{found.auc_low:.2f} to {found.auc_high:.2f}"
        ui_metric("AUC", auc, ends)
        precision = "–" if not call["called"] else f"{100 * call['precision']:.1f} %"
        ends = f"{100 * call['precision_low']:.1f} to {100 * call['precision_high']:.1f} %, {call['called']:,} {words.cases}"
        ui_metric(f"{words.hit.capitalize()} from {found.high:g} on", precision, ends)
        ui_metric("Targets reached", targets_met, "judged by whole intervals")


def ui_metric(label: str, value: str, below: str) -> None:
    """One figure with its evidence under it."""
    with st.container(border=True):
        st.metric(label, value)
        st.caption(below)


def show(frame: ui.Frame, told: Told, words: report.Words, of: str) -> None:
    """The whole report of one kind of case."""
    found, targets = told.found, told.targets
    if found is None:
        waiting = "old enough to judge" if of == "Leads" else "closed after a snapshot had scored it"
        ui.empty(f"No {words.cases[:-1]} is {waiting} yet; {told.too_young:,} are waiting.")
        return
    st.markdown(f"#### {told.answers[0][1]}")
    reached = int((targets["status"] == "reached").sum())
    figure_row(found, words, f"{reached} of {len(targets)}")
    left, right = st.columns(2)
    with left:
        alt = f"Share {words.hit} by band of score, with intervals"
        overall = found.hits / found.cases
        st.html(bands_figure(found.bands, overall_rate=overall, hit=words.hit, alt=alt))
        st.caption(f"Share {words.hit} by band of score; the dotted line is the rate of all.")
    with right:
        alt = "What the score says as a chance beside what came, with intervals"
        st.html(reliability_figure(found.table, alt=alt))
        st.caption("On the dotted line a score keeps its promise; above it more came than it said.")
    for place, (question, sentence, tables) in enumerate(told.answers):
        if place:  # the first is the headline
            st.subheader(question, anchor=False)
            st.write(ui.plain(sentence))
        for number, (caption, table) in enumerate(tables):
            if len(table):
                rows = st.expander(caption, key=f"rows_{of}_{place}_{number}", on_change="rerun")
                if rows.open:
                    rows.dataframe(table.head(500), hide_index=True, alt=caption)
    st.caption(ui.plain(" ".join(told.notes)))
    title = f"Accuracy of scores: {words.cases}, {frame.today}"
    st.download_button(
        "Take the report", lambda: report.report_html(title, told.answers, told.notes).encode(),
        f"accuracy_{words.cases}_{frame.today}.html", "text/html", icon=":material/download:", on_click="ignore", key=f"take_{of}",
    )  # fmt: skip


with ui.page("Accuracy") as frame:
    rules = read_accuracy_rules(frame.settings.config_dir)
    of = st.segmented_control("Of what", list(KINDS), default="Leads", key="of", label_visibility="collapsed",
                              bind="query-params") or "Leads"  # fmt: skip
    rests_on = repr((rules, frame.icp.sha256))
    told = Told(*told_of(of, frame.data_version, str(frame.today), rests_on, frame, rules))
    show(frame, told, KINDS[of], of)
