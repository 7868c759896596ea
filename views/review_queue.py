"""Outcomes, Review: sites in Zoho that may be an exported company, the evidence side by side, and what people decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from stores import matches
from turso_db import Database
from views.company_search import pick_company
from zoho_evidence import AGREES, DIFFERS, NEAR, Candidate, candidates_of, in_zoho
from zoho_profile import read_profile
from zoho_sync import decide_match, undo_decision

_MARKS = {AGREES: "✓ ", NEAR: "≈ ", DIFFERS: "✗ "}
_MOST = 200


def readers() -> list[Callable[[Database], Any]]:
    """What the tab is shown from: the queue, the opened site, and the decisions."""
    return [
        partial(matches.read_reviews, limit=_MOST),
        partial(matches.read_evidence, site=st.query_params.get("review")),
        partial(matches.read_decided, limit=100),
    ]


def open_row() -> None:
    """Callback: the ticked row becomes the page's site, so that the address names it."""
    rows = st.session_state["review_table"]["selection"]["rows"]
    if rows:
        st.query_params["review"] = st.session_state["review_sites"][rows[0]]


def decide_now(frame: ui.Frame, site: str, company: tuple[str, str] | None, name: str) -> None:
    """Callback: keep what the person says about the site; the next one opens."""
    with ui.act():
        decide_match(
            frame.db, profile=read_profile(frame.settings.config_dir), site=site, company=company, actor=frame.actor,
            now=datetime.now(UTC).replace(microsecond=0), reason=st.session_state.get("review_reason"),
        )  # fmt: skip
        told = f"is {name} of {company[0]}" if company else "is none of ours"
        ui.flash("success", f"Noted: the site {told}. Every later sync keeps to it; it can be undone below.")
        st.query_params.pop("review", None)
        for key in ("review_reason", "other_search"):
            st.session_state[key] = ""


def undo_now(frame: ui.Frame, site: str) -> None:
    """Callback: the decision no longer counts."""
    with ui.act():
        undo_decision(
            frame.db, profile=read_profile(frame.settings.config_dir), site=site, actor=frame.actor,
            now=datetime.now(UTC).replace(microsecond=0), reason=st.session_state.get("undo_reason"),
        )  # fmt: skip
        ui.flash("success", "The decision is undone: the evidence decides again, and milestones followed.")
        st.session_state["undo_reason"] = ""


def show_reviews(
    frame: ui.Frame, queue: pd.DataFrame, found: dict[str, Any], decided: pd.DataFrame, waiting: int
) -> None:
    """The whole tab."""
    if queue.empty and found["site"] is None:
        st.success("No site waits for a decision.", icon=":material/check_circle:")
    if not queue.empty:
        st.markdown(
            f"**{ui.many(waiting, 'site')} in Zoho may be an exported company, but not surely enough to count.** Say which."
        )
        _show_queue(frame, queue)
    if found["site"] is not None:
        _show_site(frame, found)
    elif wanted := st.query_params.get("review"):
        st.warning(ui.plain(f"There is no site {wanted[:60]} in what was read from Zoho."))
    _show_decided(frame, decided)


def _show_queue(frame: ui.Frame, queue: pd.DataFrame) -> None:
    st.session_state["review_sites"] = queue["site"].tolist()
    st.dataframe(
        pd.DataFrame({
            "company": queue["company_name"], "batch": queue["named_batch"], "milestones": queue["milestones"],
            "likely": 100 * queue["probability"].astype("float64"), "since": [ui.day(at) for at in queue["created_at"]],
        }),
        hide_index=True, placeholder="", height=min(38 + 35 * len(queue), 215), key="review_table", on_select=open_row, selection_mode="single-row",
        alt="Sites that wait for a decision, those with outcomes first", column_config={
            "company": st.column_config.TextColumn("As Zoho spells it", pinned=True), "batch": "Batch ID in Zoho",
            "milestones": st.column_config.NumberColumn("Outcomes", help="How many milestones wait for this decision"),
            "likely": st.column_config.ProgressColumn("Best guess", min_value=0, max_value=100, format="%.0f %%"), "since": "In Zoho since"},
    )  # fmt: skip
    if len(queue) == _MOST:
        st.caption(f"The first {_MOST} are shown; the next ones follow as these are decided.")


def _show_site(frame: ui.Frame, found: dict[str, Any]) -> None:
    site, candidates = found["site"], candidates_of(found)
    st.subheader(ui.plain(str(site["company_name"] or "A site without a name")), anchor=False)
    if site["status"] != "review":
        st.info(ui.plain(_settled(site)), icon=":material/info:")
    elif site["why"]:
        st.caption(ui.plain(str(site["why"])))
    st.dataframe(
        _beside(found, candidates), hide_index=True, height="content", key="evidence",
        alt="What Zoho says about the site beside each company that it may be",
        column_config={"": st.column_config.TextColumn(pinned=True, width="small")},
    )  # fmt: skip
    st.caption("✓ agrees · ≈ nearly · ✗ differs · no mark: only one side knows it. How likely weighs rare agreement more "
               "than common, among all that it may be.")  # fmt: skip
    if not frame.may("ops"):
        return
    key = str(site["site"])
    st.text_input("Why, if it needs saying", key="review_reason", max_chars=300, placeholder="Optional: phoned them, seen on the web site")  # fmt: skip
    with st.container(horizontal=True):
        for place, candidate in enumerate(candidates, start=1):
            st.button(
                f"This is the one: {place}", key=f"choose_{place}", type="primary" if place == 1 else "secondary", on_click=decide_now,
                args=(frame, key, (candidate.batch_id, candidate.company_key), candidate.name), icon=":material/check:",
                help=ui.plain(f"{candidate.name}, {candidate.batch_id}"),
            )  # fmt: skip
        st.button(
            "None of these", key="choose_none", on_click=decide_now, args=(frame, key, None, ""), icon=":material/close:",
            help="It is no company that was exported from here. Its outcomes count for nobody.",
        )  # fmt: skip
    searched = "other_search" in st.query_params
    with st.expander(
        "It is another exported company", icon=":material/search:", expanded=searched, key="another_company"
    ):
        company = pick_company(frame, "other")
        st.button("This is the one", key="choose_other", disabled=company is None, on_click=decide_now,
                  args=(frame, key, company, "the ticked company"))  # fmt: skip


def _beside(found: dict[str, Any], candidates: list[Candidate]) -> pd.DataFrame:
    """One row per trait: what Zoho says, and what each candidate says with its mark."""
    known = in_zoho(found["records"])
    own = dict(zip(known["trait"], known["zoho"], strict=True))
    traits = list(dict.fromkeys([*(trait for c in candidates for trait in c.table["trait"]), *own]))
    rows: list[dict[str, str]] = [{"": "How likely", "In Zoho": ""}, {"": "Exported", "In Zoho": ""}]
    rows += [{"": trait, "In Zoho": own.get(trait, "")} for trait in traits]
    for place, candidate in enumerate(candidates, start=1):
        told = {str(row["trait"]): row for row in candidate.table.to_dict("records")}
        name = f"{place}: {candidate.name}"
        rows[0][name] = ui.percent(candidate.probability, 0)
        rows[1][name] = f"{ui.day(candidate.exported_at)}{' · batch is void' if candidate.void else ''}"
        for row in rows[2:]:
            said = told.get(row[""], {})
            row[name] = f"{_MARKS.get(said['says'], '')}{said['exported']}" if said.get("exported") else ""
    return pd.DataFrame(rows)


def _settled(site: dict[str, Any]) -> str:
    by = f"{site['decided_by']} decided" if site["decided_by"] else "The evidence decided"
    if site["status"] == "matched":
        return f"{by} that this is a company of {site['batch_id']}. What you say here replaces it."
    if site["decided_by"]:
        return f"{by} that it is none of ours. What you say here replaces it."
    return f"This site is {site['status']}: nothing has to be decided, but you may say which company it is."


def _show_decided(frame: ui.Frame, decided: pd.DataFrame) -> None:
    if decided.empty:
        return
    opened = st.expander(f"Decided by people ({len(decided)})", key="decided", on_change="rerun")
    if not opened.open:
        return
    with opened:
        picked = st.dataframe(
            pd.DataFrame({
                "company": decided["company_name"],
                "is": [f"{name} ({batch})" if batch else "none of ours" for name, batch in
                       zip(decided["exported_name"].fillna("?"), decided["batch_id"].fillna(""), strict=True)],
                "by": decided["decided_by"], "at": [ui.day(at) for at in decided["decided_at"]], "reason": decided["reason"],
            }),
            hide_index=True, placeholder="", key="decided_table", on_select="rerun", selection_mode="single-row", alt="Decisions, the newest first",
            height=min(38 + 35 * len(decided), 250), column_config={
                "company": st.column_config.TextColumn("In Zoho", pinned=True), "is": st.column_config.TextColumn("Is", width="medium"),
                "by": "Decided by", "at": "On", "reason": st.column_config.TextColumn("Because", width="medium")},
        )  # fmt: skip
        if not ui.lets(frame, "ops", "Undoing a decision"):
            return
        rows = [place for place in picked.selection.rows if place < len(decided)]
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        left.text_input(
            "Why it is undone", key="undo_reason", max_chars=300, placeholder="Tick a decision above"
        )
        right.button(
            "Undo the ticked one", key="undo_decision", disabled=not rows, on_click=undo_now,
            args=(frame, str(decided["site"].iloc[rows[0]]) if rows else ""), icon=":material/undo:",
        )  # fmt: skip
