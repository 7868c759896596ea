"""Why did the win rate change, and what first: five answers, and the deals they rest on."""

from functools import partial

import pandas as pd
import streamlit as st

import ui
from deal_columns import read_deal_columns
from stores import deals
from views.deal_issues import show_import, show_issues
from views.win_answers import show_answers


def known_deals(frame: ui.Frame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The deals that count, and the states they were seen in."""
    deals_now = partial(read_deal_columns, cache_dir=frame.settings.data_dir / "cache")
    known, states = ui.read_all(frame, deals_now, deals.read_stage_states)
    return known, states


with ui.page("Insights") as frame:
    (counts,) = ui.read_all(frame, deals.count_deals)
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
        with answers:
            show_answers(frame, counts, partial(known_deals, frame))
    if issues.open:
        rows, number = ui.read_all(frame, partial(deals.read_issues, limit=500), deals.count_issues)
        with issues:
            show_issues(frame, rows, number)
    if files.open:
        with files:
            show_import(frame)
