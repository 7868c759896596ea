"""Outcomes, History: leads called before HADES, out of Zoho or from a file, and what is missing about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import ui
from settings import read_settings
from stores import outcomes
from stores import zoho as store
from turso_db import Database
from views.outcome_files import show_history_file
from views.zoho_work import is_running, show_work, start
from zoho_profile import Profile, plain, read_profile


def readers() -> list[Callable[[Database], Any]]:
    """What the tab is shown from: how much history there is, and which lead sources Zoho knows."""
    return [outcomes.count_historical, store.count_sources]


def show_history(frame: ui.Frame, size: dict[str, Any], sources: dict[str, int]) -> None:
    """The whole tab."""
    if size["leads"]:
        st.markdown("**What was called before HADES teaches the scores from the first day**")
        with st.container(horizontal=True):
            st.metric("Leads", ui.count(size["leads"]), border=True)
            st.metric("Deliveries", ui.count(size["deliveries"]), border=True)
            for key, label in (("without_sic", "Without SIC"), ("without_size", "Without size")):
                st.metric(
                    label, ui.count(size[key]), ui.percent(size[key] / size["leads"]), delta_color="off", delta_arrow="off", border=True,
                    help="They count for every other value, but not here. Complete them in Zoho, then bring them in again.",
                )  # fmt: skip
        if frame.may("ops"):
            st.page_link(
                "pages/7_Score_Calibration.py", label="Calibrate now", icon=":material/arrow_forward:"
            )
    else:
        ui.empty(
            "There is no history yet. What was called before HADES teaches the scores from the first day."
        )
    st.subheader("From Zoho", anchor=False)
    if read_settings().zoho_ready:
        _show_zoho(frame, sources)
    else:
        ui.empty("Zoho is not connected.", "pages/3_Operators.py", "Connect Zoho", tab="Zoho")
    st.subheader("From a file", anchor=False)
    show_history_file(frame)


def _show_zoho(frame: ui.Frame, sources: dict[str, int]) -> None:
    st.write(
        "Every lead with the VanillaSoft source that is older than the first export, converted ones too. What carries a batch "
        "ID or is an exported company counts there, so nobody counts twice. Bringing it in again changes nothing."
    )
    if ui.lets(frame, "ops", "Bringing it in"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Bring in from Zoho", key="import_history", icon=":material/history:", on_click=start,
                args=(frame, "history", bool(st.session_state.get("history_full"))), disabled=is_running(),
            )  # fmt: skip
            st.checkbox("Read everything again", key="history_full", help="Otherwise what changed since the last sync")  # fmt: skip
    show_work(frame, "history")
    profile = read_profile(frame.settings.config_dir)
    if others := _alike(profile, sources):
        st.warning(
            "Zoho has lead sources that look like VanillaSoft and are not counted: "
            + ", ".join(f"'{ui.plain(name[:60])}' ({number:,} records)" for name, number in others.items())
            + ". Where they are, let config/zoho.yaml begin with this line, then bring the history in again:"
        )
        names = ", ".join(f'"{name}"' for name in (*profile.lead_sources, *others))
        st.code(f"lead_source: [{names}]", language="yaml")


def _alike(profile: Profile, sources: dict[str, int]) -> dict[str, int]:
    return {
        name: number for name, number in sources.items() if "vanilla" in plain(name) and not profile.is_our_source(name)
    }  # fmt: skip
