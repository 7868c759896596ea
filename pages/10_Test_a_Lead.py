"""Type or pick one lead and see every part of its score, what would change it, and what became of leads like it."""

import json
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from icp import scores_in_force
from lead_test import one_lead
from lead_values import STATE_CODES
from stores import batches
from summary_views import record_summary_view
from views.tested_lead import lead_readers, show_lead

_PICKED = ("sic_code", "employee_count", "distance_miles", "state", "zip_code", "signal_strength", "signal_date",
           "intent_score", "segment")  # fmt: skip


def _long_enough(search: str) -> bool:
    return len(search.strip()) >= 2


def pick(frame: ui.Frame) -> dict[str, Any] | None:
    """The exported lead that a person picked, as the ledger has it; None without one."""
    search = st.text_input(
        "Find an exported lead",
        key="find",
        placeholder="Company, city or ZIP",
        max_chars=80,
        bind="query-params",
    )
    if not _long_enough(search):
        return _named_lead(frame)
    found = ui.read(frame, batches.find_leads, search=search)
    if found.empty:
        st.caption("No exported lead fits.")
        return None
    chosen = st.selectbox(
        "Which one?", found.index, key="picked",
        format_func=lambda n: f"{found['company_name'][n]}, {ui.blank(found['city'][n])} · {found['batch_id'][n]}",
    )  # fmt: skip
    st.page_link("pages/10_Test_a_Lead.py", label="Link to this lead", icon=":material/link:",
                 query_params={"lead": str(found["id"][chosen])})  # fmt: skip
    return {str(name): value for name, value in found.loc[chosen].items()}


def _named_lead(frame: ui.Frame) -> dict[str, Any] | None:
    """The exported lead that the address names, or None."""
    wanted = _wanted()
    if wanted is None:
        return None
    found = ui.read(frame, batches.read_lead, lead_id=wanted)
    if found is None:
        st.warning(f"There is no lead {wanted}.", icon=":material/info:")
        return None
    st.caption(ui.plain(f"{found['company_name']}, {ui.blank(found['city'])} · {found['batch_id']}"))
    return found


def _wanted() -> int | None:
    """The number of the lead that the address names."""
    text = st.query_params.get("lead", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def typed(frame: ui.Frame, known: dict[str, Any], workflow: str) -> dict[str, Any]:
    """The boxes of one lead, filled with what is `known` of a picked one."""
    stamp = known.get("stamp", "")
    bind: Any = None if stamp else "query-params"  # a lead of the ledger is named by its number
    names = ui.sic_names(frame.settings.config_dir)
    codes = sorted(set(scores_in_force(frame.icp, "sic_code")) | set(filter(None, [known.get("sic_code")])))
    states = sorted(set(STATE_CODES.values()))
    one, two, three, four = st.columns(4)
    values: dict[str, Any] = {"company_name": "Tested lead"}
    values["sic_code"] = one.selectbox(
        "SIC", codes, index=codes.index(known["sic_code"]) if known.get("sic_code") else None, key=f"sic{stamp}", bind=bind,
        format_func=lambda code: f"{code} {names.get(code, '')}".strip(), placeholder="unknown", accept_new_options=True,
    )  # fmt: skip
    values["employee_count"] = two.number_input("Employees", 0, 10_000_000, known.get("employee_count"), key=f"size{stamp}", bind=bind, placeholder="unknown")  # fmt: skip
    values["state"] = three.selectbox("State", states, index=states.index(known["state"]) if known.get("state") in states else None,
                                      key=f"state{stamp}", bind=bind, placeholder="unknown")  # fmt: skip
    if workflow == "geography":
        miles = known.get("distance_miles")
        values["distance_miles"] = four.number_input("Miles away", 0.0, 5000.0, None if miles is None else float(miles), key=f"miles{stamp}", bind=bind, placeholder="unknown")  # fmt: skip
        return values
    words = ["High", "Medium", "Low"]
    values["signal_strength"] = four.selectbox("Signal", words, index=words.index(known.get("signal_strength", "High")), key=f"signal{stamp}", bind=bind)  # fmt: skip
    values["signal_date"] = one.date_input("Signal of", known.get("signal_date") or frame.today, max_value=frame.today, key=f"day{stamp}", bind=bind)  # fmt: skip
    return values


def note_view(frame: ui.Frame, exported: dict[str, Any]) -> None:
    """Nothing; looking at this lead is noted, once per session and lead."""
    seen = st.session_state.setdefault("summaries_seen", set())
    if exported["id"] not in seen:
        seen.add(exported["id"])
        shown = json.loads(exported["source_features"]) | exported | {"score": exported["hades_score"]}
        record_summary_view(frame.db, lead=shown, now=frame.now, actor=frame.actor)


with ui.page("Test a Lead") as frame:
    search = str(st.session_state.get("find", ""))
    looked_for: list[Any] = []
    if _long_enough(search):
        looked_for = [partial(batches.find_leads, search=search)]
    elif (wanted := _wanted()) is not None:
        looked_for = [partial(batches.read_lead, lead_id=wanted)]
    ui.read_all(frame, *lead_readers(is_looked_up=bool(looked_for)), *looked_for)
    st.markdown("#### What would one lead score, and why?")
    left, right = st.columns([1, 2], gap="large")
    with left:
        exported = pick(frame)
        usual = ["geography", "intent"]
        workflow = st.segmented_control(
            "Workflow", usual, default=exported["workflow_type"] if exported else "geography", required=True,
            key=f"workflow{exported['id'] if exported else ''}", bind=None if exported else "query-params",
            format_func=ui.WORKFLOW_NAMES.__getitem__,
        )  # fmt: skip
    known: dict[str, Any] = {}
    if exported:
        note_view(frame, exported)
        kept = json.loads(exported["source_features"])
        known = {name: kept[name] for name in _PICKED if kept.get(name) is not None} | {
            "stamp": str(exported["id"])
        }
    with right:
        values = typed(frame, known, workflow)
    if all(values.get(name) is None for name in ("sic_code", "employee_count", "state", "distance_miles")):
        ui.empty(
            "Say what you know of a lead, or find one that was exported: its score, part by part, appears here."
        )
        st.stop()
    if "signal_date" in values:
        values["signal_date"] = pd.Timestamp(values["signal_date"])
    # Whoever types a lead wants its score at any distance: the radius belongs to an export.
    options: dict[str, Any] = {
        "environment_factor": frame.settings.environment_factor,
        "radius_miles": 5000.0,
    }
    if workflow == "geography" and values.get("distance_miles") is None:
        options["center_zip"] = "75201"  # no ZIP is typed, so nothing is measured: the distance stays unknown
    show_lead(frame, one_lead(**values), workflow, options, exported)
