"""Whom not to call: the lists in force, their scrub dates, and new ones by file or from Zoho."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

import ui
from icp import business_zone
from lead_columns import read_columns
from stores import suppression as lists
from suppression import load_list, load_lists_from_zoho, retire_list
from suppression_keys import KINDS, STALE_AFTER_DAYS, list_kind, stale_lists
from views.column_boxes import columns_of, ready_columns
from views.light_table import MOST_ROWS, show_table
from zoho_client import for_settings
from zoho_profile import read_profile

NAMED = {
    "phone": "Phone numbers",
    "company": "Companies",
    "domain": "Web domains",
    "person": "Persons",
}


def load_now(frame: ui.Frame) -> None:
    """Callback: bring the list into force and say what became of every row."""
    upload = st.session_state.get("list_file")
    if upload is None:
        ui.flash("info", "Choose a file first.")
        return
    with ui.act("Putting the list into force"):
        content, columns = upload.getvalue(), read_columns(frame.settings.config_dir)
        kind = list_kind(st.session_state["list_kind"], columns)
        done = load_list(
            frame.db, content=content, file_name=upload.name, kind=st.session_state["list_kind"],
            name=st.session_state["list_name"], scrubbed_on=st.session_state["list_day"],
            columns=columns, today=frame.today, now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
            mapping=columns_of(frame, content, upload.name, kind).own,
        )  # fmt: skip
        told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in done.counts.items())
        ui.flash(
            "warning" if done.rejected else "success", f"{st.session_state['list_name']} is in force: {told}."
        )
        st.session_state["list_rejected"] = done.rejected


def load_from_zoho_now(frame: ui.Frame) -> None:
    """Callback: bring the lists of config/zoho.yaml into force and say what became of each."""
    with ui.act("Reading the lists from Zoho"):
        zoho = for_settings(frame.settings)
        try:
            done = load_lists_from_zoho(
                frame.db, zoho, profile=read_profile(frame.settings.config_dir), today=frame.today,
                now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
            )  # fmt: skip
        finally:
            zoho.close()
        loaded = [(one.name, one.loaded) for one in done if one.loaded]
        total = sum(kept.counts["entries"] for _, kept in loaded)
        told = f"{ui.many(len(loaded), 'list')} with {ui.many(total, 'entry', 'entries')} from Zoho in force."
        stayed = {one.name: f"{one.name} stays as it was: {one.why_not}" for one in done if one.why_not}
        ui.flash("warning" if stayed else "success", " ".join([told, *stayed.values()]))
        st.session_state["list_rejected"] = [
            (number, f"{name}: {why}") for name, kept in loaded for number, why in kept.rejected
        ]


def retire_now(frame: ui.Frame, list_id: int) -> None:
    """Callback: the list is no longer asked."""
    with ui.act():
        retire_list(
            frame.db, list_id=list_id, now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor
        )
        ui.flash("success", "The list is retired. Its entries stay on record and are no longer asked.")


def ask_for_list(frame: ui.Frame) -> None:
    """The file, what it names, whose list it is and as of when, and the button that brings it into force."""
    left, right = st.columns(2)
    upload = left.file_uploader("CSV or .xlsx; one column of numbers, names, domains or addresses will do", type=["csv", "xlsx"], key="list_file", max_upload_size=50)  # fmt: skip
    right.segmented_control("It names", KINDS, default="phone", required=True, key="list_kind", format_func=lambda kind: NAMED[kind])  # fmt: skip
    right.text_input(
        "Source", key="list_name", max_chars=120, placeholder="National registry",
        help="A newer list of the same source and kind replaces the older one.",
    )  # fmt: skip
    right.date_input(
        "Scrub date", frame.today, max_value=frame.today, key="list_day",
        help=f"The day on which the source stood so. After {STALE_AFTER_DAYS} days exports ask first.",
    )  # fmt: skip
    list_columns = list_kind(st.session_state["list_kind"], read_columns(frame.settings.config_dir))
    ready = upload is None or ready_columns(frame, upload.getvalue(), upload.name, list_columns)
    st.button("Put it into force", type="primary", key="load_list", on_click=load_now, args=(frame,), disabled=not ready)  # fmt: skip


def show_lists(frame: ui.Frame, found: pd.DataFrame) -> None:
    """The lists in force, the newest first."""
    zone = business_zone(frame.icp)
    shown = pd.DataFrame({
        "List": found["name"], "Names": found["kind"].map(NAMED), "Entries": [ui.count(number) for number in found["entries"]],
        "Scrubbed on": [ui.day(on) for on in found["scrubbed_on"]], "File": found["file_name"],
        "Loaded": [ui.day(at) for at in pd.to_datetime(found["loaded_at"], utc=True).dt.tz_convert(zone)], "By": found["loaded_by"],
    }).fillna("–")  # fmt: skip
    if len(shown) <= MOST_ROWS:
        show_table(shown, title="Suppression lists in force", numbers=["Entries"])
    else:
        st.dataframe(shown, hide_index=True, alt="Suppression lists in force")


with ui.page("Suppression") as frame:
    found = ui.read(frame, lists.read_lists)
    entries = ui.many(int(found["entries"].sum()), "entry", "entries")
    st.markdown(
        f"#### {entries} on {ui.many(len(found), 'list')} are asked before every export"
        if len(found)
        else "#### No list is asked before an export"
    )
    for sentence in stale_lists(found, frame.today):
        st.warning(ui.plain(f"{sentence} Load a newer one: exports ask first until then."))
    if found.empty:
        ui.empty("There is no list yet. Do-not-call marks in the files themselves always count.")
    else:
        show_lists(frame, found)
    if not frame.may("ops"):
        st.stop()
    opened = st.expander("Load a list", found.empty, key="load", on_change="rerun")
    if opened.open:
        with opened:
            ask_for_list(frame)
    if rejected := st.session_state.get("list_rejected"):
        st.dataframe([{"Row": number, "Why it was not used": why} for number, why in rejected[:500]], hide_index=True,
                     alt="Rows of the list that could not be used")  # fmt: skip
    with st.container(horizontal=True):
        if frame.settings.zoho_ready:
            st.button(
                "Load the lists from Zoho", icon=":material/cloud_download:", key="load_from_zoho", on_click=load_from_zoho_now,
                args=(frame,), help="Customers, sites with a machine and everyone flagged there: config/zoho.yaml says which.",
            )  # fmt: skip
        if not found.empty:
            with st.popover("Retire a list", icon=":material/block:"):
                chosen: int = st.selectbox("Which one?", found["list_id"].tolist(), key="retire_id",
                                      format_func=lambda number: str(found.set_index("list_id")["name"][number]))  # fmt: skip
                st.button(
                    "Retire", type="primary", key="retire", on_click=retire_now, args=(frame, int(chosen))
                )
