"""Score Calibration, second tab: rates, suggestions and verdicts, with boxes to tick and the approval."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pandas as pd
import streamlit as st

import ui
from errors import HadesError
from icp import Icp, scores_in_force
from jobs import jobs
from score_changes import movable_rows, pick_rows, planned_changes, taken_back
from stores import demo, runs, weights
from views.approval import confirm
from views.calibration_run import HALF_LIVES, calibrate_now, show_running
from views.component_report import show_components
from views.current_weights import label
from views.dimension_table import show_dimension
from views.plain_words import proof_sentences
from views.recalibration import show_flag
from views.what_would_change import show_change

Run = dict[str, Any]
MOST_TOLD = 6  # changes in the sentence of an applied run
PARTS = "Parts of the score"
ESTIMATORS = {
    "shrunk": "Rates of few leads are pulled toward the rate of all (shrunk)", "raw": "Rates are as counted (raw)",
}  # fmt: skip
POPULATIONS = {"all": "all outcomes", "historical": "history only", "hades": "HADES batches only"}


def show_report(frame: ui.Frame, run: Run | None) -> None:
    """Tab two: rates, suggestions and verdicts per dimension, with boxes to tick."""
    choose_run(frame, run)
    show_running(frame)
    if run is None:
        ui.empty("Nothing has been calibrated yet. Calibrate to see what the outcomes say about each score.")
        return
    whole = run["overall"]
    moves = movable_rows(run)
    st.markdown(
        f"#### Run {run['run_id']}: {contradicted(moves)}"
        if whole["leads"]
        else f"#### Run {run['run_id']}: no lead is old enough to judge"
    )
    st.caption(f"As of {ui.day(run['as_of'])}: {whole['deliveries']:,} deliveries of {whole['leads']:,} leads judged, "
               f"{ui.percent(whole['rate'])} ({ui.interval(whole['low'], whole['high'])}); {whole['too_young']:,} too young. "
               f"{made_from(run)} {ESTIMATORS[run['estimator']]}, "
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
        show_applied(frame, run, moves)
    elif closed:
        st.info(
            "The scores changed since this run, so it can be read but not applied. Calibrate again.",
            icon=":material/info:",
        )
    if not closed:
        show_flag(frame, run)
    show_proof(run["proof"])
    locked = bool(closed) or not frame.may("manager")
    ticked = show_rows(frame, run, moves, locked=locked)
    if not locked and ticked and st.toggle("Show what would change", key=f"preview_{run['run_id']}"):
        show_change(frame, run, ticked)
    if not locked:
        offer_approval(frame, run, ticked)
    show_planted(frame, run["rows"])


def show_applied(frame: ui.Frame, run: Run, moves: list[dict[str, Any]]) -> None:
    """What became of a run that was applied: what it changed and what is left, or that it was rolled back."""
    kept = ui.read(frame, weights.read_versions)
    versions: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in kept.to_dict("records")]
    number = run["applied_version"]
    own = next((v for v in versions if v["version"] == number), None)
    changes = json.loads(own["changes"]) if own else []
    told = ", ".join(
        f"{label(c['dimension'])} {c['value']} {ui.blank(c['before']) or 'none'} → {c['after']}"
        for c in changes[:MOST_TOLD]
    )
    more = f" and {len(changes) - MOST_TOLD} more" if len(changes) > MOST_TOLD else ""
    changed = f" It changed {told}{more}." if told else ""
    back = taken_back(versions, number)
    if back is not None:
        st.info(ui.plain(f"This run was applied as version {number} and rolled back by {back['actor']} on {ui.day(back['created_at'])} as version "
                         f"{back['version']}: {back['reason']}{changed} Press Calibrate now to judge again."), icon=":material/undo:")  # fmt: skip
        return
    st.success(
        ui.plain(f"This run was applied as version {number}.{changed} {left_over(frame.icp, moves)}"), icon=":material/check_circle:"
    )  # fmt: skip


def show_rows(
    frame: ui.Frame, run: Run, moves: list[dict[str, Any]], *, locked: bool
) -> list[tuple[str, str]]:
    """Everything that is ticked, as (dimension, value), under the tabs of the dimensions. Only the one that is looked at
    is drawn: a dozen tables takes a browser seconds. What is ticked in the others is kept meanwhile.
    """
    number = run["run_id"]
    kept: dict[str, set[str]] = st.session_state.setdefault(f"ticks_{number}", {})
    if not locked and moves:
        st.toggle(
            f"Tick all {len(moves)} that say move", key=f"all_moves_{number}", persist_state="page",
            on_change=tick_moves, args=(number, moves),
        )  # fmt: skip
    shown = list(dict.fromkeys(row["dimension"] for row in run["rows"]))
    *tabs, parts = st.tabs(
        [*map(label, shown), PARTS], key="dimension", on_change="rerun", bind="query-params"
    )
    if parts.open:
        with parts:
            show_components(frame, run, is_open=not locked)
    for tab, dimension in zip(tabs, shown, strict=True):
        if tab.open:
            with tab:
                kept[dimension] = show_dimension(
                    pd.DataFrame([row for row in run["rows"] if row["dimension"] == dimension]),
                    run["overall"]["rate"],
                    number,
                    ui.sic_names(frame.settings.config_dir),
                    ticked=kept.get(dimension, set()),
                    locked=locked,
                    counted=run["overall"].get("dimensions", {}).get(dimension),
                    delay=run["overall"].get("delay"),
                    turn=st.session_state.get(f"turn_{number}", 0),
                    in_force=scores_in_force(frame.icp, dimension) if run["applied_version"] else None,
                )
    ticked = [(dimension, value) for dimension in shown for value in sorted(kept.get(dimension, ()))]
    return [] if locked else ticked


def tick_moves(number: int, moves: list[dict[str, Any]]) -> None:
    """Callback: the rows that say move are ticked, or no longer; the tables come up anew."""
    kept: dict[str, set[str]] = st.session_state.setdefault(f"ticks_{number}", {})
    for row in moves:
        values = kept.setdefault(row["dimension"], set())
        (values.add if st.session_state[f"all_moves_{number}"] else values.discard)(row["value"])
    st.session_state[f"turn_{number}"] = st.session_state.get(f"turn_{number}", 0) + 1


def contradicted(moves: list[dict[str, Any]]) -> str:
    """How many scores are contradicted, and in which dimensions."""
    by_dimension = Counter(label(row["dimension"]) for row in moves)
    where = ", ".join(f"{number} by {name}" for name, number in by_dimension.items())
    said = "1 score is" if len(moves) == 1 else f"{len(moves)} scores are"
    return f"{said} contradicted by what happened" + (f": {where}" if moves else "")


def left_over(icp: Icp, moves: list[dict[str, Any]]) -> str:
    """Of an applied run: which of its suggestions are not in force, and how they still come to be."""
    left = [
        row for row in moves if scores_in_force(icp, row["dimension"]).get(row["value"]) != row["suggested"]
    ]
    if not left:
        return "All that it told to move is in force."
    told = ", ".join(f"{label(row['dimension'])} {row['value']}" for row in left)
    return (
        f"Of the {len(moves)} that it told to move, {len(left)} {'is' if len(left) == 1 else 'are'} not in force: {told}. "
        "A run is applied once. Press Calibrate now, and tick them in the new run."
    )


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
            disabled=jobs().state("calibration").running or not frame.may("ops"),
            help=None if frame.may("ops") else "Calibrating takes the role ops",
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
        st.markdown("\n\n".join(ui.plain(sentence) for sentence in proof_sentences(proof)))
        if not proof["folds"]:
            return
        months = st.expander("Month by month", key="months_of_proof", on_change="rerun")
        if not months.open:
            return
        with months:
            st.caption("At each cut-off the suggestion was made again from what was known then; the leads of the "
                       "next month were ranked by the current and by the suggested scores. AUC: of two leads, one delivered "
                       "and one not, how often the delivered one stands first; 0.5 is no order at all.")  # fmt: skip
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


def show_planted(frame: ui.Frame, rows: list[dict[str, Any]]) -> None:
    """In the demo world: what was planted beside what this run recovers."""
    truth = ui.read(frame, demo.read_truth)
    if truth.empty:
        return
    planted = dict(zip(zip(truth["dimension"], truth["value"], strict=True), truth["rate"], strict=True))
    both = [
        (row, planted[row["dimension"], row["value"]])
        for row in rows if row["leads"] and (row["dimension"], row["value"]) in planted
    ]  # fmt: skip
    inside = [row["low"] <= rate <= row["high"] for row, rate in both]
    opened = st.expander(
        f"This is the demo world: {sum(inside)} of {len(both)} intervals hold the rate that was planted",
        key="planted", on_change="rerun",
    )  # fmt: skip
    if not opened.open:
        return
    with opened:
        st.write(
            "The demo's deliveries were drawn with known chances. At 95 %, about one interval in twenty misses."
        )
        st.dataframe(
            [
                {
                    "Dimension": label(row["dimension"]), "Value": row["value"], "Leads": row["leads"], "Planted": ui.percent(rate),
                    "Recovered": ui.percent(row["rate"]), "95 % interval": ui.interval(row["low"], row["high"]),
                    "Holds it": "yes" if held else "no",
                }
                for (row, rate), held in zip(both, inside, strict=True)
            ],
            hide_index=True, height=320, alt="Planted and recovered rates",
        )  # fmt: skip
