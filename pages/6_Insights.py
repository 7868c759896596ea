"""Why did the win rate change, and what first: five answers, and the deals they rest on."""

from functools import partial

import streamlit as st

import ui
from deal_columns import read_deal_columns
from stores import deals
from views.deal_issues import show_import, show_issues
from views.win_answers import show_answers

with ui.page("Insights") as frame:
    readers = {
        "Answers": (partial(read_deal_columns, cache_dir=frame.settings.data_dir / "cache"), deals.read_stage_states),
        "Issues": (partial(deals.read_issues, limit=500), deals.count_issues),
    }  # fmt: skip
    # The tab is named before it is drawn, so that all comes in one trip.
    likely = st.session_state.get("tab") or st.query_params.get("tab", "Answers")
    counts, *found = ui.read_all(frame, deals.count_deals, *readers.get(likely, ()))
    answers, issues, files = st.tabs(
        ["Answers", "Issues", "Import deals"],
        key="tab",
        on_change="rerun",
        bind="query-params",
        default="Answers" if counts["deals"] else "Import deals",
    )
    if not counts["deals"]:
        ui.empty("No deals have come in yet. Import a file with your open and closed deals.")
    if answers.open and counts["deals"]:
        known, states = found if likely == "Answers" else ui.read_all(frame, *readers["Answers"])
        with answers:
            show_answers(frame, counts, known, states)
    if issues.open:
        rows, number = found if likely == "Issues" else ui.read_all(frame, *readers["Issues"])
        with issues:
            show_issues(frame, rows, number)
    if files.open:
        with files:
            show_import(frame)
