"""Current weights, what the outcomes say about them, and the approval of single changes."""

import streamlit as st

import ui
from stores import runs
from views.calibration_report import show_report
from views.current_weights import show_weights
from views.exploration import show_exploration
from views.journal import show_journal
from views.outcomes_feed import show_feed
from views.tuning import show_tuning

TABS = ["Current weights", "Calibration report", "Proposals", "Outcomes feed", "Tuning"]

with ui.page("Score Calibration") as frame:
    wanted = st.query_params.get("run", "")
    run = ui.read(frame, runs.read_run, run_id=int(wanted)) if wanted.isdigit() else None
    run = run or ui.read(frame, runs.read_latest_run)
    first = "Proposals" if "proposal" in st.query_params else "Calibration report"
    current, report, proposed, feed, tuning = st.tabs(
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
        show_feed(frame)
        st.subheader("What the filters may miss", anchor=False)
        show_exploration(frame)
    if tuning.open:  # it reads every lead, so only who looks at it pays for it
        with tuning:
            show_tuning(frame)
