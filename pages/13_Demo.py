"""The demo in this database: what would go with it, what stays, and its removal."""

import streamlit as st

import ui
from stores import demo, demo_removal
from views.demo_leaves import offer_rollback, show_removal

with ui.page("Demo") as frame:
    load, removal = ui.read_all(frame, demo.read_load, demo_removal.read_removal)
    if load is None:
        told = "There is no demo in this database."
        if removal is not None:
            told = f"The demo was removed on {ui.day(removal['removed_at'])} by {ui.plain(removal['removed_by'])}."
        ui.empty(told, "Home.py", "Home")
        offer_rollback(frame, removal)
        st.stop()
    show_removal(frame)
