"""Outcomes, Unmatched: rows that found no company, given to people, set aside with a reason, or matched by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from batch_ids import find_batch_id
from outcome_work import assign_unmatched, match_unmatched, put_back_unmatched, set_aside_unmatched
from stores import outcomes, unmatched
from turso_db import Database
from views.company_search import pick_company
from zoho_profile import read_profile
from zoho_sites import exported_companies
from zoho_sync import decide_match

_SHOWN = {"Waiting": unmatched.WAITING, "Set aside": ("set aside",), "Settled": ("settled",)}
_COLUMNS = {
    "Waiting": ("company_name", "batch_id", "milestone", "happened_at", "assigned_to", "why", "source", "seen_at"),
    "Set aside": ("company_name", "batch_id", "milestone", "happened_at", "set_aside_because", "set_aside_by", "source", "seen_at"),
    "Settled": ("company_name", "batch_id", "milestone", "happened_at", "resolution", "resolved_by", "source", "resolved_at"),
}  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _chosen() -> str:
    wanted = st.session_state.get("log", st.query_params.get("log"))
    return wanted if wanted in _SHOWN else "Waiting"


def readers() -> list[Callable[[Database], Any]]:
    """What the tab is shown from: how many rows are in each state, and those of the chosen one."""
    return [
        unmatched.count_states,
        partial(unmatched.read_unmatched, states=tuple(_SHOWN[_chosen()]), limit=500),
    ]


def act_now(frame: ui.Frame, what: str, ids: list[int]) -> None:
    """Callback: assign, set aside or put back the ticked rows."""
    with ui.act():
        if what == "assign":
            number = assign_unmatched(
                frame.db, ids=ids, to=st.session_state.get("assign_to", ""), now=_now(), actor=frame.actor
            )
            told = f"{ui.many(number, 'row')} given to {st.session_state.get('assign_to', '').strip()}."
        elif what == "set aside":
            number = set_aside_unmatched(
                frame.db, ids=ids, reason=st.session_state.get("aside_because", ""), now=_now(), actor=frame.actor
            )  # fmt: skip
            told = f"{ui.many(number, 'row')} set aside."
            st.session_state["aside_because"] = ""
        else:
            number = put_back_unmatched(frame.db, ids=ids, now=_now(), actor=frame.actor)
            told = f"{ui.many(number, 'row')} open again."
        ui.flash("success", told)


def match_now(frame: ui.Frame, row: dict[str, Any], company: tuple[str, str]) -> None:
    """Callback: the row's outcome belongs to the ticked company."""
    with ui.act():
        if row["source"] == "zoho":
            decide_match(
                frame.db, profile=read_profile(frame.settings.config_dir), site=row["source_key"], company=company,
                now=_now(), actor=frame.actor, reason="matched from the unmatched log",
            )  # fmt: skip
        else:
            match_unmatched(
                frame.db, row_id=row["id"], company=company, now=_now(), actor=frame.actor,
                happened_on=st.session_state.get(f"happened_on_{row['id']}"),
            )  # fmt: skip
        ui.flash("success", f"Matched to {company[0]}. The outcome counts from now on.")


def show_unmatched(frame: ui.Frame, states: dict[str, int], _rows: pd.DataFrame) -> None:
    """The whole tab."""
    if not any(states.values()):
        st.success("Every outcome found its company.", icon=":material/check_circle:")
        return
    shown = st.segmented_control(
        "Rows", list(_SHOWN), key="log", default="Waiting", required=True, bind="query-params", label_visibility="collapsed"
    ) or "Waiting"  # fmt: skip
    # After Back the address, not the session, says which rows are shown; mostly they are the ones read already.
    rows = ui.read(frame, unmatched.read_unmatched, states=tuple(_SHOWN[shown]), limit=500)
    st.caption(", ".join(f"{number:,} {state}" for state, number in states.items()))
    if rows.empty:
        if shown == "Waiting":
            st.success("No outcome waits for anybody.", icon=":material/check_circle:")
        else:
            ui.empty(f"Nothing is {shown.lower()} yet.")
        return
    if shown == "Waiting":
        st.write(
            "These outcomes count for nobody yet. Correct the batch ID or the name where they come from, and the next sync or "
            "import finds them; or tick rows here."
        )
    picked = st.dataframe(
        rows[list(_COLUMNS[shown])].fillna(""), hide_index=True, on_select="rerun", selection_mode="multi-row", key=f"log_{shown}",
        alt=f"Unmatched outcomes, {shown.lower()}", height=min(38 + 35 * len(rows), 420), column_config={
            "company_name": st.column_config.TextColumn("Company", pinned=True), "batch_id": "Batch ID there",
            "milestone": "Milestone", "happened_at": ui.day_column("When"), "assigned_to": "Assigned to",
            "why": st.column_config.TextColumn("Likely cause", width="large"), "source": "From",
            "seen_at": ui.time_column(frame, "Last seen", hours=False), "set_aside_because": st.column_config.TextColumn("Set aside because", width="large"),
            "set_aside_by": "By", "resolution": st.column_config.TextColumn("What became of it", width="large"),
            "resolved_by": "By", "resolved_at": ui.time_column(frame, "Settled", hours=False)},
    )  # fmt: skip
    if len(rows) == 500:
        st.caption("The newest 500 are shown.")
    if shown == "Settled" or not frame.may("ops"):
        return
    ticked = [place for place in picked.selection.rows if place < len(rows)]
    ids = [int(rows["id"].iloc[place]) for place in ticked]
    if not ids:
        st.caption("Tick one row to match it by hand, or several to give them to a person or set them aside.")
        return
    _show_acts(frame, shown, ids)
    if len(ticked) == 1:
        _show_match(frame, {str(name): rows[name].tolist()[ticked[0]] for name in rows})


def _show_acts(frame: ui.Frame, shown: str, ids: list[int]) -> None:
    told = ui.many(len(ids), "row")
    who, why = st.columns(2, gap="large")
    with who.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Who looks after it", key="assign_to", max_chars=120, placeholder="A name")
        st.button(
            f"Assign {told}", key="assign", on_click=act_now, args=(frame, "assign", ids), icon=":material/person_add:"
        )  # fmt: skip
    with why.container(horizontal=True, vertical_alignment="bottom"):
        if shown == "Set aside":
            st.button(
                f"Put {told} back to work", key="put_back", on_click=act_now, args=(frame, "put back", ids), icon=":material/undo:"
            )  # fmt: skip
        else:
            st.text_input("Why nobody has to work on it", key="aside_because", max_chars=300, placeholder="A test, a duplicate")  # fmt: skip
            st.button(
                f"Set {told} aside", key="set_aside", on_click=act_now, args=(frame, "set aside", ids), icon=":material/inventory:"
            )  # fmt: skip


def _show_near(frame: ui.Frame, row: dict[str, Any]) -> None:
    """The companies of the row's batch with the nearest names, each one click away from being the one."""
    from matching import nearest

    batch, name = find_batch_id(str(row["batch_id"] or "")), str(row["company_name"] or "")
    if batch is None or not name:
        return
    leads = ui.read(frame, outcomes.read_companies, batch_ids=[batch])
    leads = leads[leads["status"] == "closed"]
    sites = exported_companies(leads.assign(exported_at=leads["exported_at"].astype("str")), {})
    told = {company.zip_code for company in sites if company.zip_code and company.zip_code in str(row["why"])}
    near = nearest(sites, name=name, zip_code=next(iter(told)) if len(told) == 1 else None)
    if not near:
        return
    st.write(ui.plain(f"The nearest names in {batch}: is it one of these?"))
    with st.container(horizontal=True):
        for place, company in enumerate(near, start=1):
            where = " ".join(part for part in (company.zip_code, company.city) if part)
            st.button(
                ui.plain(", ".join(part for part in (company.names[0], where) if part)), key=f"near_{place}",
                on_click=match_now, args=(frame, _row_key(row), (batch, company.key)), icon=":material/check:",
                help="The outcome counts for this company from then on; it can be taken back.",
            )  # fmt: skip


def _row_key(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "source", "source_key")}


def _show_match(frame: ui.Frame, row: dict[str, Any]) -> None:
    st.markdown(f"**Match {ui.plain(str(row['company_name'] or 'this row'))} by hand**")
    if row["source"] == "zoho":
        st.page_link(
            "pages/4_Outcomes.py", label="See what Zoho says about it", icon=":material/compare_arrows:",
            query_params={"tab": "Review", "review": str(row["source_key"])},
        )  # fmt: skip
    if row["source"] != "zoho" and row["happened_at"]:
        st.date_input(
            "Happened on", date.fromisoformat(str(row["happened_at"])[:10]), max_value=frame.today, width=180,
            key=f"happened_on_{row['id']}", help="The day that counts. A day before the batch went out cannot be right.",
        )  # fmt: skip
    _show_near(frame, row)
    company = pick_company(frame, f"by_hand_{row['id']}", in_address=False)
    st.button(
        "It is the ticked company", key="match_by_hand", type="primary", disabled=company is None, on_click=match_now,
        args=(frame, _row_key(row), company), icon=":material/link:",
    )  # fmt: skip
