"""Current weights, what the outcomes say about them, and the approval of single changes."""

from functools import partial

import streamlit as st

import ui
from stores import batches, demo, outcomes, runs, weights
from views.calibration_report import show_report
from views.current_weights import show_weights
from views.exploration import show_exploration
from views.journal import show_journal
from views.model_tab import show_model
from views.outcomes_feed import show_feed
from views.rate_change import show_change
from views.recalibration import matured_reader
from views.tuning import show_tuning

TABS = [
    "Current weights",
    "Calibration report",
    "Proposals",
    "Outcomes feed",
    "Why the rate changed",
    "Tuning",
    "Model",
]

with ui.page("Score Calibration") as frame:
    first = "Proposals" if "proposal" in st.query_params else "Calibration report"
    current, report, proposed, feed, changed, tuning, model = st.tabs(
        TABS, key="tab", default=first, on_change="rerun", bind="query-params"
    )
    wanted = st.query_params.get("run", "")
    named = partial(runs.read_run, run_id=int(wanted) if wanted.isdigit() else 0)
    of_feed = [outcomes.read_funnel, outcomes.read_delivery_days, batches.read_explored] if feed.open else []
    run, newest, *_ = ui.read_all(
        frame, named, runs.read_latest_run, partial(runs.read_runs, limit=50), weights.read_versions, demo.read_truth,
        matured_reader(frame), *of_feed,
    )  # fmt: skip
    run = run or newest
    # A tab is drawn when somebody opens it; what was ticked in the report is kept meanwhile.
    if report.open:
        with report:
            show_report(frame, run)
    if current.open:
        with current:
            show_weights(frame, run)
    if proposed.open:
        with proposed:
            show_journal(frame)
    if feed.open:
        with feed:
            show_feed(frame, run)
            st.subheader("What the filters may miss", anchor=False)
            show_exploration(frame)
    if changed.open:
        with changed:
            show_change(frame)
    if tuning.open:
        with tuning:
            show_tuning(frame)
    if model.open:
        with model:
            show_model(frame)
