"""How right the scores were: what they promised beside what came of it, and how far the targets are."""

from functools import partial

import streamlit as st

import ui
from analytics import accuracy_report as report
from analytics.accuracy import Accuracy, accuracy
from analytics.accuracy_charts import bands_figure, reliability_figure
from analytics.accuracy_targets import AccuracyRules, read_accuracy_rules, targets_table
from analytics.judged_cases import Judged, judged_deals, judged_leads
from stores.accuracy import read_scored_leads
from stores.deals import count_deals
from stores.outcomes import read_outcome_frame
from stores.pipeline import read_scored_outcomes

KINDS = {"Leads": report.LEADS, "Deals": report.DEALS}


@st.cache_data(max_entries=8, show_spinner="Counting")
def found_for(data_version: int, of: str, today: str, high: float, _judged: Judged) -> Accuracy | None:
    """The accuracy of these cases, counted once per data version, day and high score."""
    traits = list(_judged.traits)
    return accuracy(_judged.cases, high=high, top=_judged.batch, parts=_judged.parts, traits=traits)


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


def show(frame: ui.Frame, rules: AccuracyRules, judged: Judged, words: report.Words, of: str) -> None:
    """The whole report of one kind of case."""
    found = found_for(frame.data_version, of, str(frame.today), rules.high_score, judged)
    if found is None:
        waiting = "old enough to judge" if of == "Leads" else "closed after a snapshot had scored it"
        ui.empty(f"No {words.cases[:-1]} is {waiting} yet; {judged.too_young:,} are waiting.")
        return
    targets = targets_table(found.confidences, rules)
    told = report.answers(found, words, judged.traits, targets)
    st.markdown(f"#### {told[0][1]}")
    reached = int((targets["status"] == "reached").sum())
    figure_row(found, words, f"{reached} of {len(targets)}")
    left, right = st.columns(2)
    with left:
        st.plotly_chart(bands_figure(found.bands, overall_rate=found.hits / found.cases), key=f"bands_{of}",
                        config={"displayModeBar": False}, alt=f"Share {words.hit} by band of score, with intervals")  # fmt: skip
        st.caption(f"Share {words.hit} by band of score; the dotted line is the rate of all.")
    with right:
        st.plotly_chart(reliability_figure(found.table), key=f"reliability_{of}", config={"displayModeBar": False},
                        alt="What the score says as a chance beside what came, with intervals")  # fmt: skip
        st.caption("On the dotted line a score keeps its promise; above it more came than it said.")
    for place, (question, sentence, tables) in enumerate(told):
        if place:  # the first is the headline
            st.subheader(question, anchor=False)
            st.write(ui.plain(sentence))
        for caption, table in tables:
            if len(table):
                with st.expander(caption):
                    st.dataframe(table.head(500), hide_index=True, alt=caption)
    notes = report.notes(found, words, judged.too_young)
    st.caption(ui.plain(" ".join(notes)))
    st.download_button(
        "Take the report", report.report_html(f"Accuracy of scores: {words.cases}, {frame.today}", told, notes).encode(),
        f"accuracy_{words.cases}_{frame.today}.html", "text/html", icon=":material/download:", on_click="ignore", key=f"take_{of}",
    )  # fmt: skip


with ui.page("Accuracy") as frame:
    leads, started, deals, counts = ui.read_all(
        frame,
        read_scored_leads,
        partial(read_outcome_frame, population="all"),
        read_scored_outcomes,
        count_deals,
    )
    rules = read_accuracy_rules(frame.settings.config_dir)
    of = st.segmented_control("Of what", list(KINDS), default="Leads", key="of", label_visibility="collapsed",
                              bind="query-params") or "Leads"  # fmt: skip
    if of == "Leads":
        maturity = frame.icp.data["calibration"]["maturity_days"]
        judged = judged_leads(leads, started, as_of=frame.today, maturity_days=maturity)
    else:
        judged = judged_deals(deals, counts["open"])
    show(frame, rules, judged, KINDS[of], of)
