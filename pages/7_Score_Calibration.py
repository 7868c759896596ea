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
    wanted = st.query_params.get("run", "")
    named = partial(runs.read_run, run_id=int(wanted) if wanted.isdigit() else 0)
    run, newest, *_ = ui.read_all(
        frame, named, runs.read_latest_run, partial(runs.read_runs, limit=50), weights.read_versions, demo.read_truth,
        matured_reader(frame), outcomes.read_funnel, outcomes.read_delivery_days, batches.read_explored,
    )  # fmt: skip
    run = run or newest
    first = "Proposals" if "proposal" in st.query_params else "Calibration report"
    current, report, proposed, feed, changed, tuning, model = st.tabs(
        TABS, key="tab", default=first, on_change="rerun", bind="query-params"
    )
    with current:
        show_weights(frame, run)
    with report:
        show_report(frame, run)
    if proposed.open:  # grading what was promised scores leads again
        with proposed:
            show_journal(frame)
    with feed:
        show_feed(frame, run)
        st.subheader("What the filters may miss", anchor=False)
        show_exploration(frame)
    if changed.open:  # it reads every outcome
        with changed:
            show_change(frame)
    if tuning.open:  # it reads every lead, so only who looks at it pays for it
        with tuning:
            show_tuning(frame)
    if model.open:
        with model:
            show_model(frame)
