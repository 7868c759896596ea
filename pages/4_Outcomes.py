"""What became of the leads: newest outcomes, sites to decide about, unmatched rows, the chain of custody, files, history."""

from collections.abc import Callable
from functools import partial

import streamlit as st

import ui
from stores import matches, outcomes, unmatched
from views import (
    custody,
    history_import,
    newest_outcomes,
    outcome_files,
    outcome_form,
    review_queue,
    unmatched_work,
)

TABS = ("Newest", "Review", "Unmatched", "Chain of custody", "Import files", "History", "By hand")
READERS = {
    "Newest": newest_outcomes.readers,
    "Review": review_queue.readers,
    "Unmatched": unmatched_work.readers,
    "Chain of custody": custody.readers,
    "History": history_import.readers,
    "By hand": outcome_form.readers,
}

with ui.page("Outcomes") as frame:
    head = st.container()
    tabs = st.tabs(
        TABS, key="tab", bind="query-params", default="Review" if "review" in st.query_params else None
    )
    opened = next((name for name, tab in zip(TABS, tabs, strict=True) if tab.open), TABS[0])
    wanted = READERS[opened]() if opened in READERS else []
    funnel, history, waiting, open_rows, *found = ui.read_all(
        frame, outcomes.read_funnel, outcomes.count_historical, matches.count_reviews, unmatched.count_unmatched, *wanted
    )  # fmt: skip
    with head:
        st.markdown(
            f"#### {funnel['delivery']:,} of {ui.many(funnel['exported'], 'exported company', 'exported companies')} "
            f"{'was' if funnel['delivery'] == 1 else 'were'} delivered so far"
            if funnel["exported"]
            else f"#### {ui.many(history['leads'], 'lead')} called before HADES, with {ui.many(history['deliveries'], 'delivery', 'deliveries')}"
            if history["leads"]
            else "#### No company has been exported yet"
        )
        if history["leads"] and not funnel["exported"]:
            st.caption(
                "No company has been exported yet: the figures of batches begin with the first export."
            )
        with st.container(horizontal=True):
            for label, number in (
                ("Exported", funnel["exported"]), ("Contacted", funnel["contacted"]), ("Appointment", funnel["appointment"]),
                ("Delivered", funnel["delivery"]), ("To review", waiting), ("Unmatched, waiting", open_rows),
            ) if funnel["exported"] or not history["leads"] else ():  # fmt: skip
                st.metric(label, ui.count(number), border=True)
    show: dict[str, Callable[..., None]] = {
        "Newest": newest_outcomes.show_newest,
        "Review": partial(review_queue.show_reviews, waiting=waiting),
        "Unmatched": unmatched_work.show_unmatched,
        "Chain of custody": custody.show_custody,
        "Import files": outcome_files.show_outcome_files,
        "History": history_import.show_history,
        "By hand": outcome_form.show_form,
    }
    with tabs[TABS.index(opened)]:
        show[opened](frame, *found)
