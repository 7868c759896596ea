"""Insights, second tab: deals come in from a file, and what is strange about them is worked on."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

import ui
from deal_import import import_deals, settle_issues
from deals import deal_kind, read_deal_rules
from views.column_boxes import ask_for_days, chosen_days, columns_of, ready_columns


def import_now(frame: ui.Frame) -> None:
    """Callback: bring the uploaded deals in and say what happened to every row."""
    upload = st.session_state.get("deal_file")
    if upload is None:
        ui.flash("info", "Choose a file first.")
        return
    with ui.act("Bringing the deals in"):
        content, rules = upload.getvalue(), read_deal_rules(frame.settings.config_dir)
        done = import_deals(
            frame.db, content=content, name=upload.name, rules=rules, now=datetime.now(UTC).replace(microsecond=0),
            actor=frame.actor, mapping=columns_of(frame, content, upload.name, deal_kind(rules)).own,
            day_first=chosen_days("deal_file", content),
        )  # fmt: skip
        told = ", ".join(f"{number:,} {name}" for name, number in done.counts.items())
        ui.flash("warning" if done.rejected else "success", f"Deals: {told}. " + " ".join(done.notes))


def settle_now(frame: ui.Frame, ids: list[int]) -> None:
    """Callback: close the ticked issues with the sentence that was written."""
    with ui.act():
        number = settle_issues(
            frame.db, ids=ids, resolution=st.session_state.get("issue_resolution", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
        )  # fmt: skip
        ui.flash("success", f"{ui.many(number, 'issue')} settled.")
        st.query_params.pop("issue", None)


def show_import(frame: ui.Frame) -> None:
    """The file, its columns where they are not recognised, and the button that brings it in."""
    if not ui.lets(frame, "ops", "Bringing in deals"):
        return
    upload = st.file_uploader(
        "Deals, CSV or .xlsx", type=["csv", "xlsx"], key="deal_file", max_upload_size=50
    )
    kind = deal_kind(read_deal_rules(frame.settings.config_dir))
    ready = None
    if upload is not None and (ready := ready_columns(frame, upload.getvalue(), upload.name, kind)):
        ask_for_days(upload.getvalue(), upload.name, kind, ready.own, "deal_file")
    st.button(
        "Import deals", key="import_deals", on_click=import_now, args=(frame,),
        disabled=not ready, type="primary",
    )  # fmt: skip
    st.caption(
        "Needed: a deal id, the creation date, the outcome (won, lost, open). Importing a file twice changes nothing."
    )


def show_issues(frame: ui.Frame, rows: pd.DataFrame, number: int | None = None) -> None:
    """What is strange about the deals, with boxes to tick and a sentence to settle them; or the one that the address names."""
    place = ui.named("issue", rows["id"].tolist(), "open issue")
    if rows.empty:
        st.success("Nothing strange was found about the deals.", icon=":material/check_circle:")
        return
    if place is not None:
        st.page_link("pages/6_Insights.py", label="All issues", icon=":material/arrow_back:",
                     query_params={"tab": "Issues"})  # fmt: skip
        one = {str(name): ui.blank(rows[name].tolist()[place]) for name in rows}
        with st.container(border=True):
            st.markdown(f"**{ui.plain(one['kind'].capitalize())}**: {ui.plain(one['what'])}")
            st.caption(ui.plain(f"Deal {one['deal_id'] or 'unknown'}, from {one['file_name']}, found {ui.age(one['found_at'], frame.now)}."))  # fmt: skip
        ids = [int(one["id"])]
    else:
        ids = _ticked(frame, rows, len(rows) if number is None else number)
    if not ui.lets(frame, "ops", "Settling issues"):
        return
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    left.text_input(
        "What became of it?", key="issue_resolution", max_chars=300, placeholder="Mended in the CRM"
    )
    right.button(
        f"Settle {len(ids)} ticked" if place is None else "Settle it", key="settle_issues", on_click=settle_now, args=(frame, ids),
        disabled=not ids,
    )  # fmt: skip


def _ticked(frame: ui.Frame, rows: pd.DataFrame, number: int) -> list[int]:
    """The ids of the ticked rows."""
    st.markdown(f"#### {ui.many(number, 'thing is', 'things are')} strange about the deals")
    picked = st.dataframe(
        rows.drop(columns="id"), hide_index=True, on_select="rerun", selection_mode="multi-row", key="issues",
        alt="What is strange about the deals", height=min(38 + 35 * len(rows), 420), column_config={
            "kind": "Kind", "deal_id": "Deal", "what": st.column_config.TextColumn("What", width="large"),
            "file_name": "From", "found_at": ui.time_column(frame, "Found", hours=False)},
    )  # fmt: skip
    ids = [int(rows["id"].iloc[place]) for place in picked.selection.rows if place < len(rows)]
    if len(ids) == 1:
        st.page_link("pages/6_Insights.py", label="Link to this issue", icon=":material/link:",
                     query_params={"tab": "Issues", "issue": str(ids[0])})  # fmt: skip
    return ids
