"""Outcomes, Chain of custody: what is lost on the way from export to outcome, why, and the rows to work on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from stores import custody
from turso_db import Database
from zoho_custody import chain_of_custody


def _opened() -> str | None:
    wanted = st.session_state.get("hop", st.query_params.get("hop"))
    return wanted if wanted in custody.HOPS else None


def readers() -> list[Callable[[Database], Any]]:
    """What the tab is shown from: the counts, and the rows of the hop that is opened."""
    hop = _opened()
    return [custody.read_custody] + ([partial(custody.read_left_behind, hop=hop, limit=500)] if hop else [])


def show_custody(frame: ui.Frame, found: dict[str, Any], _rows: pd.DataFrame | None = None) -> None:
    """The whole tab."""
    chain = chain_of_custody(found)
    exported, seen, with_id, _, matched = chain.hops
    if not exported.number and not seen.number:
        ui.empty(
            "Nothing has been exported yet, so nothing can be lost.",
            "pages/1_Score_and_Export.py",
            "Score and export a file",
        )
        return  # fmt: skip
    if not seen.number:
        ui.empty("Nothing from the call centre was read from Zoho yet, so the way of the exported companies is not known.",
                 "pages/3_Operators.py", "Sync with Zoho", tab="Zoho")  # fmt: skip
        return
    st.markdown(
        f"**{chain.matched:,} of {seen.number:,} sites in Zoho are known companies: {ui.percent(chain.matched / seen.number)}; "
        f"they are {chain.in_zoho:,} of {exported.number:,} exported companies.**"
    )
    with st.container(horizontal=True):
        for label, number, told in (
            ("Exported", exported.number, "companies"), ("In Zoho", seen.number, "sites from the call centre"),
            ("With batch ID", with_id.number, "sites"), ("Matched", matched.number, "sites"),
            ("With outcome", matched.goes_on, "sites"),
        ):  # fmt: skip
            st.metric(
                label, ui.count(number), told, delta_color="off", delta_arrow="off", border=True
            )  # fmt: skip
    st.dataframe(
        pd.DataFrame([{
            "hop": hop.name, "number": f"{hop.number:,} {hop.unit}", "goes_on": f"{hop.goes_on:,} {hop.to}", "stays": hop.stays,
            "share": 100 * hop.goes_on / hop.number if hop.number else None,
        } for hop in chain.hops]),
        hide_index=True, height="content", alt="How many go on at each hop of the chain, and how many stay behind",
        column_config={
            "hop": st.column_config.TextColumn("Of those", pinned=True), "number": "There are", "goes_on": "Go on",
            "stays": "Stay behind", "share": st.column_config.ProgressColumn("Share that goes on", min_value=0, max_value=100, format="%.0f %%")},
    )  # fmt: skip
    for hop in chain.hops:
        for leak in hop.leaks:
            st.markdown(
                f"- **{ui.plain(hop.name)}: {leak.number:,} {ui.plain(hop.rows)}.** {ui.plain(leak.sentence)}"
            )
    for note in chain.notes:
        st.caption(ui.plain(note))
    _show_rows(frame)


def _show_rows(frame: ui.Frame) -> None:
    hop = st.segmented_control(
        "Open the rows that stay behind", list(custody.HOPS), key="hop", bind="query-params",
    )  # fmt: skip
    if hop is None:
        return
    # After Back the address, not the session, says which hop is open; mostly its rows were read already.
    rows = ui.read(frame, custody.read_left_behind, hop=hop, limit=500)
    if rows.empty:
        st.success("Nothing stays behind here.", icon=":material/check_circle:")
        return
    if hop == "not in Zoho":
        shown = rows.assign(maybe=["in review" if maybe else "" for maybe in rows["maybe"]])
    else:
        shown = rows.assign(created_at=[ui.day(at) for at in rows["created_at"]])
        shown = shown.drop(columns="site")
    picked = st.dataframe(
        shown.fillna(""), hide_index=True, key=f"left_behind_{hop}", on_select="rerun", selection_mode="single-row", alt=f"Rows that stay behind: {hop}", height=min(38 + 35 * len(shown), 420), column_config={
            "company_name": st.column_config.TextColumn("Company", pinned=True), "batch_id": "Batch", "city": "City",
            "state": "State", "zip_code": "ZIP", "exported_at": ui.time_column(frame, "Exported", hours=False), "maybe": "May be",
            "named_batch": "Batch ID in Zoho", "status": "Status", "cause": "Lost where", "milestones": "Outcomes",
            "created_at": "In Zoho since", "why": st.column_config.TextColumn("Likely cause", width="large"),
            "exported_name": "Exported as"},
    )  # fmt: skip
    if len(rows) == 500:
        st.caption("The first 500 are shown, those with outcomes first.")
    ticked = [place for place in picked.selection.rows if place < len(rows)]
    if hop == "not in Zoho":
        return
    if ticked:
        st.page_link(
            "pages/4_Outcomes.py", label="See the evidence and say which company it is", icon=":material/compare_arrows:",
            query_params={"tab": "Review", "review": str(rows["site"].iloc[ticked[0]])},
        )  # fmt: skip
    else:
        st.caption("Tick a row to see what Zoho says about it.")
