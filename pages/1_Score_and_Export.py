"""Score ZoomInfo files, see who goes out and who does not and why, and export the batch."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from export import Export, exported_before, file_name, invented_agents, record_export
from icp import Icp
from leads import LeadFile
from models import model_for, record_side_by_side
from preflight import ExportRules, Preflight, preflight, unmeasured, with_keys
from scoring import score_leads
from stores import batches, operators
from stores import models as model_store
from stores import suppression as lists
from suppression import find_suppressed
from suppression_keys import lead_keys, stale_lists
from turso_db import read_together
from vanillasoft_layout import read_layout
from vanillasoft_workbook import workbook_bytes
from views.export_choices import Choices, ask_for_choices, ask_for_workflow, unlike_usual
from views.preflight_rows import show_counts, show_spread, show_troubles
from views.upload import ask_for_files, offer_sample, read_uploads, upload_readers


@st.cache_data(max_entries=4, max_size="200MB", show_spinner="Scoring")
def score(_file: LeadFile, _icp: Icp, stamp: tuple[str, ...], _model: Any, **chosen: Any) -> pd.DataFrame:
    """Scored leads; `stamp` stands for the content of files, configuration and model."""
    return score_leads(_file.leads, _icp, model=_model, **chosen)


@st.cache_resource(max_entries=4, show_spinner="Counting who goes out")
def planned(
    _frame: ui.Frame,
    _file: LeadFile,
    _scored: pd.DataFrame,
    stamp: tuple[str, ...],
    rules: ExportRules,
    kinds: list[str],
) -> Preflight:
    """What an export would do; `stamp` stands for files, configuration, choices, day and data version."""
    # Which number is dialled depends on the lists: all of them are asked about, so that one trip answers both.
    asked = with_keys(_scored)
    numbers = lead_keys(_scored, ["phone"])["phone"].values() if "phone" in kinds else ()
    keys = asked[["company_key", "contact_id", "dial_key"]]
    every = pd.concat([keys, *(keys.assign(dial_key=number) for number in numbers)])
    found, known = read_together(_frame.db, [
        partial(find_suppressed, leads=_scored, kinds=kinds),
        partial(exported_before, keyed=every, icp=_frame.icp, now=_frame.now, rules=rules),
    ])  # fmt: skip
    keyed = with_keys(_scored, suppressed=found) if found else asked
    return preflight(_file, keyed, _frame.icp, exported_before=known, suppressed=found, rules=rules)


def export_now(frame: ui.Frame, plan: Preflight, choices: Choices, parameters: dict[str, Any]) -> None:
    """Callback: record the batch, then offer it."""
    with ui.act("Recording the batch"):
        done = st.session_state["export"] = record_export(
            frame.db, preflight=plan, icp=frame.icp, weight_version=frame.weight_version, workflow=choices.workflow,
            parameters=parameters, today=frame.today, now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
            operator=choices.operator, segment=choices.segment, layout=read_layout(frame.settings.config_dir),
            accept_stale=bool(st.session_state.get("accept_stale")),
        )  # fmt: skip
        if done.batch_id is not None:
            record_side_by_side(frame.db, batch_id=done.batch_id, ready=plan.ready, icp=frame.icp,
                                workflow=choices.workflow, actor=frame.actor)  # fmt: skip


def show_finished(frame: ui.Frame, done: Export) -> None:
    """The downloads of the batch that was just recorded."""
    if done.batch_id is None or done.csv is None or done.sha256 is None:
        return
    content = done.csv
    with st.container(border=True):
        st.markdown(f"#### {done.batch_id} is recorded: {done.counts['exported']:,} leads")
        with st.container(horizontal=True):
            st.download_button(
                "Download for VanillaSoft", content, file_name(done.batch_id), "text/csv", type="primary",
                icon=":material/download:", on_click="ignore", key="download",
            )  # fmt: skip
            st.download_button(
                "To look at in Excel", lambda: workbook_bytes(content, read_layout(frame.settings.config_dir)),
                file_name(done.batch_id).replace(".csv", ".xlsx"), icon=":material/table:", on_click="ignore",
                key="workbook",
            )  # fmt: skip
        st.caption(
            f"SHA-256 {done.sha256[:16]}…  The same bytes can be downloaded again on Batches at any time."
        )
        st.page_link(
            "pages/2_Batches.py",
            label="Open the batch",
            query_params={"batch": done.batch_id},
            icon=":material/arrow_forward:",
        )


with ui.page("Score and Export", need="ops") as frame:
    if "export" in st.session_state:
        show_finished(frame, st.session_state["export"])
    head = st.empty()
    left, right = st.columns([3, 2], gap="large")
    with left:
        uploads = ask_for_files()
        workflow = ask_for_workflow()
        known, listed, counted, *_, in_force = ui.read_all(
            frame, partial(operators.read_operators, limit=5000), lists.read_lists,
            partial(batches.read_score_counts, limit=5), *upload_readers(frame, uploads),
            model_store.read_models_in_force,
        )  # fmt: skip
    with right:
        choices = ask_for_choices(frame, workflow, known)
    if not uploads:
        head.markdown("#### No file is loaded yet, so no lead is scored")
        ui.empty("Drop a ZoomInfo export above. Nothing is recorded before you press Export.")
        offer_sample(frame.today, workflow)
        st.stop()

    file = read_uploads(frame, uploads, choices.intent)
    if workflow == "geography" and not choices.center_zip and not file.has("distance_miles"):
        with right:
            st.info(
                "Type the ZIP code to measure from, or choose an operator who has one.",
                icon=":material/arrow_upward:",
            )
        ui.empty(
            f"{file.rows_in:,} rows are read. They are scored as soon as there is a ZIP code to measure from."
        )
        st.stop()
    stamp = (file.sha256, str(sorted(file.mapping.items())), str(file.days), choices.intent.file_id if choices.intent else "", frame.icp.sha256)  # fmt: skip
    model = model_for(in_force, workflow)
    chosen = {
        "workflow": workflow, "today": frame.today, "center_zip": choices.center_zip, "segment": choices.segment,
        "radius_miles": choices.radius_miles, "environment_factor": frame.settings.environment_factor,
    }  # fmt: skip
    scored = score(file, frame.icp, (*stamp, str(model and model[0])), _model=model, **chosen)
    # Score Calibration ranks them by proposed scores; the stamp tells one file from another.
    st.session_state["waiting_leads"] = (file.leads, chosen, (*stamp, str(chosen)))
    headline, rules = st.container(), choices.rules
    if workflow == "geography" and unmeasured(scored[scored["excluded"].isna()]):
        rules = rules._replace(known_distance_only=st.checkbox(
            "Leave out leads whose distance is unknown", key="known_distance",
            help="The radius cannot test them. Left alone they go out, scored as leads of unknown distance.",
        ))  # fmt: skip
    plan = planned(
        frame,
        file,
        scored,
        (*stamp, str(chosen), str(frame.data_version)),
        rules,
        sorted(set(listed["kind"])),
    )
    ready, rows_in = len(plan.ready), plan.source.rows_in

    headline.subheader(f"{ready:,} of {rows_in:,} leads are ready to go out", anchor=False)
    untested = unmeasured(plan.ready) if workflow == "geography" else ""
    if untested:
        headline.warning(
            f"Of these, {untested}: distance unknown, so the radius did not test them.",
            icon=":material/location_off:",
        )
    if plan.explored():
        st.caption(
            f"{plan.explored():,} of them were drawn by chance from {plan.explorable:,} that the rules leave out."
        )
    if "export" in st.session_state and plan.misses["kind"].eq("duplicate").any():
        st.caption("The leads of the batch above are taken from now on.")
    if model:
        st.caption(
            f"Scored by model {model[0]}, not by the weights, since {ui.day(in_force[workflow]['chosen_at'])}."
        )
    for note in file.notes:
        st.caption(ui.plain(note))
    unclear = int((~file.problems["rejected"]).sum())
    parts: dict[str, Callable[[], None]] = {
        "Who goes out and who does not": partial(show_counts, plan, file),
        "Scores beside the last batches": partial(show_spread, frame, plan, counted),
        f"Cells to look at ({unclear:,})": partial(show_troubles, file),
    }
    for tab, show in zip(st.tabs(list(parts), key="views", on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                show()

    stale = stale_lists(listed, frame.today)
    if stale:
        st.warning(ui.plain(" ".join(stale)), icon=":material/warning:")
        st.checkbox("Export against it all the same", key="accept_stale")
    if choices.operator is None:
        st.warning(
            "No operator is chosen: the operator's name, phone and e-mail stay empty in the file, and the call centre sees "
            "no one to book for.", icon=":material/storefront:",
        )  # fmt: skip
    silent = int(plan.ready["dial_key"].isna().sum()) if ready else 0
    if silent:
        st.warning(
            f"{ui.many(silent, 'lead')} of these have no number to dial.", icon=":material/phone_disabled:"
        )
    invented = invented_agents(choices.agents)
    if invented:
        st.warning(
            f"Contact Owner will name {ui.plain(', '.join(invented))}, whom nobody can reach: name your own agents beside the "
            "file, or under `export` in config/icp.yaml.", icon=":material/person_off:",
        )  # fmt: skip
    elif not choices.agents:
        st.caption(
            "No agents are named, so Contact Owner stays empty. *Size of the batch, contacts, agents* names them."
        )
    parameters: dict[str, Any] = {"as_of": frame.today.isoformat(), "environment_factor": frame.settings.environment_factor,
                                  "agents": choices.agents} | ({"model_version": model[0]} if model else {})  # fmt: skip
    if workflow == "geography":
        parameters |= {"center_zip": choices.center_zip, "radius_miles": choices.radius_miles}
    if unlike := unlike_usual(frame, choices):
        st.caption(ui.plain(unlike))
    st.button(
        f"Export {ui.many(ready, 'lead')}" if ready else "Nothing left to export", type="primary", icon=":material/send:", key="export_button",
        disabled=plan.ready.empty or bool(stale and not st.session_state.get("accept_stale")),
        on_click=export_now, args=(frame, plan, choices, parameters),
    )  # fmt: skip
    if ready:
        st.caption(
            "Export records the leads with their scores under a new batch ID; then the files are offered."
        )
