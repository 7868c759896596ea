"""Score Calibration, second tab: rates, suggestions and verdicts, with boxes to tick and the approval."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import ui
from errors import HadesError
from jobs import jobs
from score_changes import movable_rows, pick_rows, planned_changes
from stores import demo, runs
from views.approval import confirm
from views.calibration_run import HALF_LIVES, calibrate_now, show_running
from views.component_report import show_components
from views.current_weights import label
from views.dimension_table import show_dimension
from views.recalibration import show_flag
from views.what_would_change import show_change

Run = dict[str, Any]
POPULATIONS = {"all": "all outcomes", "historical": "history only", "hades": "HADES batches only"}


def show_report(frame: ui.Frame, run: Run | None, *, is_open: bool = True) -> None:
    """Tab two: rates, suggestions and verdicts per dimension, with boxes to tick.

    Pictures are drawn for the dimension that is looked at alone: a dozen of them takes a browser seconds.
    """
    choose_run(frame, run)
    show_running(frame)
    if run is None:
        ui.empty("Nothing has been calibrated yet. Calibrate to see what the outcomes say about each score.")
        return
    whole = run["overall"]
    moves = movable_rows(run)
    st.markdown(
        f"#### Run {run['run_id']}: {len(moves)} scores are contradicted by what happened"
        if whole["leads"]
        else f"#### Run {run['run_id']}: no lead is old enough to judge"
    )
    st.caption(f"As of {ui.day(run['as_of'])}: {whole['deliveries']:,} deliveries of {whole['leads']:,} leads judged, "
               f"{ui.percent(whole['rate'])} ({ui.interval(whole['low'], whole['high'])}); {whole['too_young']:,} too young. "
               f"{made_from(run)} Estimator {run['estimator']}, "
               f"made by {ui.plain(run['created_by'])} on version {run['weight_version']}.")  # fmt: skip
    if not whole["leads"]:  # pictures of nothing say nothing
        days = frame.icp.data["calibration"]["maturity_days"]
        ui.empty(f"A lead can be judged {days} days after it went out, or once history with outcomes is imported. "
                 f"{ui.many(whole['too_young'], 'lead is', 'leads are')} waiting.")  # fmt: skip
        return
    closed = (
        run["rests_on_demo"]
        or run["applied_version"]
        or run["superseded_by"]
        or run["weight_version"] != frame.weight_version
    )
    if run["rests_on_demo"]:
        st.info("This run rests on the demo, which was removed. It can be read but not applied. Calibrate again.",
                icon=":material/info:")  # fmt: skip
    elif run["applied_version"]:
        st.success(
            f"This run was applied as version {run['applied_version']}.", icon=":material/check_circle:"
        )
    elif closed:
        st.info(
            "The scores changed since this run, so it can be read but not applied. Calibrate again.",
            icon=":material/info:",
        )
    if not closed:
        show_flag(frame, run)
    show_proof(run["proof"])
    rows = pd.DataFrame(run["rows"])
    locked = bool(closed) or not frame.may("manager")
    all_moves = (
        not locked
        and bool(moves)
        and st.toggle(f"Tick all {len(moves)} that say move", key=f"all_moves_{run['run_id']}")
    )
    ticked: list[tuple[str, str]] = []
    shown = list(dict.fromkeys(rows["dimension"]))
    said = {d: sum(row["dimension"] == d for row in moves) for d in shown}
    named = [f"{label(d)} ({said[d]})" if said[d] else label(d) for d in shown]
    *tabs, parts = st.tabs(
        [*named, "Parts of the score"], key=f"dimension_{run['run_id']}", on_change="rerun"
    )
    if is_open and parts.open:
        with parts:
            show_components(frame, run, is_open=not locked)
    for tab, dimension in zip(tabs, shown, strict=True):
        with tab:
            ticked += show_dimension(
                rows[rows["dimension"] == dimension],
                whole["rate"],
                run["run_id"],
                ui.sic_names(frame.settings.config_dir),
                drawn=is_open and bool(tab.open),
                locked=locked,
                all_moves=all_moves,
                counted=whole.get("dimensions", {}).get(dimension),
                delay=whole.get("delay"),
            )
    if not locked and ticked and st.toggle("Show what would change", key=f"preview_{run['run_id']}"):
        show_change(frame, run, ticked)
    if not locked:
        offer_approval(frame, run, ticked)
    show_planted(frame, rows)


def made_from(run: Run) -> str:
    """Which outcomes a run rests on, and whether newer leads counted more."""
    half = run.get("half_life_days")
    recent = f" Newer leads count more: half after {half:,} days." if half else ""
    sources = run["overall"].get("sources")
    if sources is None:
        return f"Made from {POPULATIONS[run['population']]}.{recent}"
    old, own = sources["historical"]["leads"], sources["hades"]["leads"]
    if run["population"] == "historical":
        return f"From the history alone.{recent}"
    if run["population"] == "hades":
        return f"From HADES batches alone.{recent}"
    return f"History ({old:,}) and HADES batches ({own:,}) together.{recent}"


def choose_run(frame: ui.Frame, run: Run | None) -> None:
    """Which run is shown, and the button that makes a new one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        known = ui.read(frame, runs.read_runs, limit=50)
        if run is not None:
            told = {
                row["run_id"]: f"Run {row['run_id']} · {ui.day(row['as_of'])} · {POPULATIONS[row['population']]} · {row['estimator']}"
                + (" · recent" if row["half_life_days"] and not pd.isna(row["half_life_days"]) else "")
                for row in known.to_dict("records")
            }  # fmt: skip
            picked = st.selectbox(
                "Shown", list(told), index=list(told).index(run["run_id"]) if run["run_id"] in told else 0,
                format_func=lambda number: told[number], key=f"shown_{run['run_id']}_{len(told)}", width=330,
            )  # fmt: skip
            if picked != run["run_id"]:
                st.query_params["run"] = str(picked)
                st.rerun()
        st.button(
            "Calibrate now",
            icon=":material/refresh:",
            on_click=calibrate_now,
            args=(frame, run),
            key="calibrate",
            disabled=jobs().state("calibration").running,
        )
        with st.popover("How", icon=":material/tune:", help="What the next calibration uses"):
            st.segmented_control("Estimate", ["shrunk", "raw"], default=frame.icp.data["calibration"]["estimator"], required=True,
                                 key="estimator", persist_state="session")  # fmt: skip
            st.caption("Shrunk: rates of few leads are pulled toward the rate of all, so that scores do not move on noise. "
                       "Raw: deliveries by leads as they are.")  # fmt: skip
            st.segmented_control("Outcomes", list(POPULATIONS), default="all", required=True, key="population",
                                 format_func=lambda name: POPULATIONS[name], persist_state="session")  # fmt: skip
            inner = frame.icp.data["calibration"].get("recency_half_life_days")
            set_by = f"as icp.yaml says ({f'half after {inner:,} days' if inner else 'no'})"
            st.selectbox(
                "Newer leads count more", [set_by, *HALF_LIVES], key="half_life", persist_state="session"
            )


def show_proof(proof: dict[str, Any]) -> None:
    """Whether the suggested scores would have ranked later leads better: one word, the sentence, the months."""
    with st.container(border=True):
        ready = proof["word"] == "ready"
        st.badge(
            f"Proof: {proof['word']}",
            color="blue" if ready else "gray",
            icon=":material/verified:" if ready else ":material/hourglass_empty:",
        )
        st.markdown(ui.plain(proof["why"]))
        if not proof["folds"]:
            return
        months = st.expander("Month by month", key="months_of_proof", on_change="rerun")
        if not months.open:
            return
        with months:
            st.caption("At each cut-off the suggestion was made again from what was known then; the leads of the "
                       "next month were ranked by the current and by the suggested scores.")  # fmt: skip
            st.dataframe(
                [
                    {
                        "Known until": ui.day(fold["cut_off"]), "Leads ranked": fold["leads"], "Delivered": fold["deliveries"],
                        "AUC now": ui.decimal(fold["auc_current"], 3), "AUC then": ui.decimal(fold["auc_suggested"], 3),
                        "Called first": fold["top"], "Their deliveries now": ui.decimal(fold["top_current"], 1),
                        "then": ui.decimal(fold["top_suggested"], 1),
                    }
                    for fold in proof["folds"]
                ],
                hide_index=True, alt="The proof month by month",
            )  # fmt: skip


def offer_approval(frame: ui.Frame, run: Run, ticked: list[tuple[str, str]]) -> None:
    """The button that leads to the approval of what is ticked."""
    rows = pick_rows(run, ticked) if ticked else []
    try:
        changes = planned_changes(frame.icp, rows) if rows else []
    except HadesError as error:
        st.warning(ui.plain(str(error)))
        return
    wording = f"Apply {len(changes)} selected" if changes else "Apply selected"
    if st.button(
        wording, type="primary", icon=":material/check:", disabled=not changes, key="apply_selected"
    ):
        confirm(frame, run, rows)


def show_planted(frame: ui.Frame, rows: pd.DataFrame) -> None:
    """In the demo world: what was planted beside what this run recovers."""
    truth = ui.read(frame, demo.read_truth)
    if truth.empty:
        return
    both = truth.rename(columns={"rate": "planted", "leads": "planted_in"}).merge(
        rows, on=["dimension", "value"]
    )
    both = both[both["leads"] > 0]
    inside = (both["low"] <= both["planted"]) & (both["planted"] <= both["high"])
    planted = st.expander(
        f"This is the demo world: {inside.sum()} of {len(both)} intervals hold the rate that was planted",
        key="planted", on_change="rerun",
    )  # fmt: skip
    if not planted.open:
        return
    with planted:
        st.write(
            "The demo's deliveries were drawn with known chances. At 95 %, about one interval in twenty misses."
        )
        st.dataframe(
            pd.DataFrame({
                "Dimension": [label(d) for d in both["dimension"]], "Value": both["value"], "Leads": both["leads"],
                "Planted": [ui.percent(rate) for rate in both["planted"]], "Recovered": [ui.percent(rate) for rate in both["rate"]],
                "95 % interval": [ui.interval(lo, hi) for lo, hi in zip(both["low"], both["high"], strict=True)],
                "Holds it": ["yes" if held else "no" for held in inside],
            }),
            hide_index=True, height=320, alt="Planted and recovered rates",
        )  # fmt: skip
