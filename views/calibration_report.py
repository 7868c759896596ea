"""Score Calibration, second tab: rates, suggestions and verdicts, with boxes to tick and the approval."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics import charts
from approvals import approve, movable_rows, pick_rows, planned_changes
from calibration import calibrate
from errors import HadesError
from icp import scores_in_force
from icp_edit import ScoreChange
from settings import code_version
from stores import demo
from views.current_weights import called, label

Run = dict[str, Any]
MOST_DRAWN = 25  # values in one picture; the table has them all
_COLUMNS = {
    "value": st.column_config.TextColumn("Value", pinned=True, width=70),
    "name": st.column_config.TextColumn("Name", width=180),
    "leads": st.column_config.NumberColumn("Leads", width=58),
    "deliveries": st.column_config.NumberColumn("Delivered", width=76),
    "rate": st.column_config.TextColumn("Rate", width=62, alignment="right"),
    "interval": st.column_config.TextColumn("95 % interval", width=102),
    "current": st.column_config.NumberColumn("Current", width=66),
    "suggested": st.column_config.NumberColumn("Suggested", width=82),
    "change": st.column_config.TextColumn("Change", width=68),
    "verdict": st.column_config.TextColumn("Verdict", width=82),
    "confidence": st.column_config.TextColumn("Confidence", width=88),
    "too_young": st.column_config.NumberColumn("Too young", width=82),
    "why": st.column_config.TextColumn("Why", width=900),
}


def calibrate_now(frame: ui.Frame) -> None:
    """Callback: make and keep a run."""
    with ui.act():
        calibrate(
            frame.db, icp=frame.icp, weight_version=frame.weight_version, as_of=frame.today,
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor, code_version=code_version(),
            estimator=st.session_state["estimator"], population=st.session_state["population"],
        )  # fmt: skip


def approve_now(frame: ui.Frame, run_id: int, names: list[tuple[str, str]]) -> None:
    """Callback: put the ticked rows into force."""
    with ui.act():
        done = approve(
            frame.db, config_dir=frame.settings.config_dir, run_id=run_id, rows=names, reason=st.session_state.get("reason", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame), extend_filter=bool(st.session_state.get("extend")),
        )  # fmt: skip
        ui.flash(
            "success",
            f"Version {done.version} is in force with {len(done.changes)} changed scores. The next lead is scored by it.",
        )


@st.dialog("Put these scores into force?", width="medium")
def confirm(
    frame: ui.Frame, run: Run, names: list[tuple[str, str]], changes: list[ScoreChange], has_candidate: bool
) -> None:
    """The last look before an approval: what changes, why, and who signs."""
    before = {(c.dimension, c.value): scores_in_force(frame.icp, c.dimension).get(c.value) for c in changes}
    st.table([{"": f"{label(c.dimension)} {c.value}", "Now": str(before[c.dimension, c.value] if before[c.dimension, c.value] is not None else "none"),
               "Then": str(c.score)} for c in changes])  # fmt: skip
    if has_candidate:
        st.checkbox("Also let leads of the new SIC codes through the filter", key="extend")
    st.text_input(
        "Why is this right?", key="reason", max_chars=300, placeholder="A few words for those who look later"
    )
    if frame.actor.name == "Local manager":
        st.warning("Write your name in the sidebar first: an approval carries a name.")
    if st.button(
        "Put into force",
        type="primary",
        key="apply",
        on_click=approve_now,
        args=(frame, run["run_id"], names),
    ):
        st.rerun()


def show_report(frame: ui.Frame, run: Run | None) -> None:
    """Tab two: rates, suggestions and verdicts per dimension, with boxes to tick."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control("Estimate", ["shrunk", "raw"], default=frame.icp.data["calibration"]["estimator"], required=True, key="estimator",
                             help="Shrunk rates do not move on noise; raw is deliveries by leads.")  # fmt: skip
        st.segmented_control("Outcomes", ["all", "historical", "hades"], default="all", required=True, key="population",
                             format_func=lambda name: {"all": "All", "historical": "History", "hades": "HADES batches"}[name])  # fmt: skip
        st.button(
            "Calibrate now", icon=":material/refresh:", on_click=calibrate_now, args=(frame,), key="calibrate"
        )
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
               f"{ui.percent(whole['rate'])} ({ui.interval(whole['low'], whole['high'])}); {whole['too_young']:,} too young. Estimator {run['estimator']}, "
               f"made by {ui.plain(run['created_by'])} on version {run['weight_version']}.")  # fmt: skip
    closed = run["applied_version"] or run["superseded_by"] or run["weight_version"] != frame.weight_version
    if run["applied_version"]:
        st.success(
            f"This run was applied as version {run['applied_version']}.", icon=":material/check_circle:"
        )
    elif closed:
        st.info(
            "The scores changed since this run, so it can be read but not applied. Calibrate again.",
            icon=":material/info:",
        )
    rows = pd.DataFrame(run["rows"])
    ticked: list[tuple[str, str]] = []
    shown = list(dict.fromkeys(rows["dimension"]))
    for tab, dimension in zip(st.tabs([label(d) for d in shown], key="dimension"), shown, strict=True):
        with tab:
            ticked += show_dimension(
                rows[rows["dimension"] == dimension],
                dimension,
                whole["rate"],
                run["run_id"],
                bool(closed) or not frame.may("manager"),
                ui.sic_names(frame.settings.config_dir),
            )
    show_planted(frame, rows)
    if not frame.may("manager") or closed:
        return
    try:
        changes = planned_changes(frame.icp, pick_rows(run, ticked)) if ticked else []
    except HadesError as error:
        st.warning(ui.plain(str(error)))
        return
    wording = f"Apply {len(changes)} selected" if changes else "Apply selected"
    if st.button(
        wording, type="primary", icon=":material/check:", disabled=not changes, key="apply_selected"
    ):
        candidates = {(r["dimension"], r["value"]) for r in run["rows"] if r["candidate"]}
        confirm(frame, run, ticked, changes, bool(candidates & set(ticked)))


def show_dimension(
    rows: pd.DataFrame,
    dimension: str,
    overall_rate: float | None,
    run_id: int,
    locked: bool,
    names: dict[str, str],
) -> list[tuple[str, str]]:
    """One dimension: picture, table with boxes, and the candidates apart; gives back what is ticked."""
    if (rows["verdict"] == "no evidence").all():
        st.info(
            "The outcomes do not know this dimension yet: no lead that can be judged carries it.",
            icon=":material/info:",
        )
        return []
    judged = rows[rows["leads"] > 0].sort_values("rate", ascending=False).head(MOST_DRAWN)
    judged = judged.assign(value=[called(dimension, value, names) for value in judged["value"]])
    picture, scores = st.columns(2)
    with picture:
        st.plotly_chart(
            charts.rate_intervals(judged, overall_rate=overall_rate),
            key=f"rates_{dimension}",
            alt=f"{label(dimension)}: delivery rate per value with interval",
        )
    with scores:
        if rows["current"].notna().any():
            st.plotly_chart(
                charts.score_slopes(judged),
                key=f"slopes_{dimension}",
                alt=f"{label(dimension)}: current and suggested score per value",
            )
        else:
            st.info(
                "Only reported: icp.yaml gives no score by this dimension, so there is nothing to approve.",
                icon=":material/info:",
            )
    rows = rows.assign(
        name=[names.get(value, "") for value in rows["value"]], first=rows["verdict"] != "move"
    ).sort_values(["first", "leads"], ascending=[True, False], kind="stable")
    in_force, candidates = rows[~rows["candidate"]], rows[rows["candidate"]]
    ticked = editor(in_force, f"edit_{dimension}_{run_id}", dimension, locked)
    if not candidates.empty:
        st.markdown("**Outside the filter, but the outcomes speak for a look**")
        ticked += editor(candidates, f"candidates_{dimension}_{run_id}", dimension, locked)
    return ticked


def editor(rows: pd.DataFrame, key: str, dimension: str, locked: bool) -> list[tuple[str, str]]:
    """The table of a dimension; rows that can be approved have a box."""
    shown = rows.assign(
        interval=[ui.interval(lo, hi) if n else "–" for lo, hi, n in zip(rows["low"], rows["high"], rows["leads"], strict=True)],
        rate=[ui.percent(rate) for rate in rows["rate"]],
        change=[change_text(a, b) for a, b in zip(rows["current"], rows["suggested"], strict=True)], apply=False,
    )  # fmt: skip
    scored = rows["current"].notna().any() and not locked
    columns = [
        c for c in ("apply", *_COLUMNS) if (c != "apply" or scored) and (c != "name" or shown["name"].any())
    ]
    edited = st.data_editor(
        shown[columns], key=key, hide_index=True, height="content", num_rows="fixed", disabled=list(_COLUMNS),
        column_config={"apply": st.column_config.CheckboxColumn("Apply", width=62, pinned=True), **_COLUMNS},
        alt=f"{label(dimension)}: rates, suggestions and verdicts",
    )  # fmt: skip
    return [(dimension, value) for value in edited.loc[edited["apply"], "value"]] if scored else []


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
    with st.expander(
        f"This is the demo world: {inside.sum()} of {len(both)} intervals hold the rate that was planted"
    ):
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


def change_text(current: float | None, suggested: float | None) -> str:
    """`▲ +12`, `▼ −54`, `same`, or a dash: readable without colour."""
    if pd.isna(current) or pd.isna(suggested):
        return "–"
    change = int(suggested) - int(current)
    return "same" if change == 0 else f"▲ +{change}" if change > 0 else f"▼ −{-change}"
