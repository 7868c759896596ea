"""Current weights, what the outcomes say about them, and the approval of single changes."""

import streamlit as st

import ui
from stores import runs
from views.calibration_report import show_report
from views.current_weights import show_weights
from views.exploration import show_exploration
from views.outcomes_feed import show_feed

TABS = ["Current weights", "Calibration report", "Outcomes feed"]

with ui.page("Score Calibration") as frame:
    wanted = st.query_params.get("run", "")
    run = ui.read(frame, runs.read_run, run_id=int(wanted)) if wanted.isdigit() else None
    run = run or ui.read(frame, runs.read_latest_run)
    current, report, feed = st.tabs(TABS, key="tab", default="Calibration report")
    with current:
        show_weights(frame, run)
    with report:
        show_report(frame, run)
    with feed:
        show_feed(frame)
        st.subheader("What the filters may miss", anchor=False)
        show_exploration(frame)
