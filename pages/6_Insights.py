"""Why did the win rate change, and what first: five answers, and the deals they rest on."""

from functools import partial

import streamlit as st

import ui
from stores import deals
from views.deal_issues import show_import, show_issues
from views.win_answers import show_answers

with ui.page("Insights") as frame:
    counts, open_issues, rows, known = ui.read_all(
        frame, deals.count_deals, deals.count_issues, partial(deals.read_issues, limit=500), deals.read_deals
    )
    answers, issues, files = st.tabs(
        ["Answers", f"Issues ({open_issues:,})", "Import deals"],
        key="views",
        default="Answers" if counts["deals"] else "Import deals",
    )
    with answers:
        if counts["deals"]:
            show_answers(frame, counts, known)
        else:
            ui.empty("No deals have come in yet. Import a file with your open and closed deals.")
    with issues:
        show_issues(frame, rows)
    with files:
        show_import(frame)
