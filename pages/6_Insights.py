"""Why did the win rate change, and what first: five answers, and the deals they rest on."""

from functools import partial

import streamlit as st

import ui
from deal_columns import read_deal_columns
from stores import deals
from views.deal_issues import show_import, show_issues
from views.win_answers import show_answers

with ui.page("Insights") as frame:
    counts, open_issues, rows, known, states = ui.read_all(
        frame, deals.count_deals, deals.count_issues, partial(deals.read_issues, limit=500),
        partial(read_deal_columns, cache_dir=frame.settings.data_dir / "cache"), deals.read_stage_states,
    )  # fmt: skip
    answers, issues, files = st.tabs(
        ["Answers", "Issues", "Import deals"],
        key="tab",
        on_change="rerun",
        bind="query-params",
        default="Answers" if counts["deals"] else "Import deals",
    )
    with answers:
        if counts["deals"]:
            show_answers(frame, counts, known, states)
        else:
            ui.empty("No deals have come in yet. Import a file with your open and closed deals.")
    with issues:
        show_issues(frame, rows, open_issues)
    with files:
        show_import(frame)
