"""Current weights, what the outcomes say about them, and the approval of single changes."""

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics import charts
from analytics.outcome_tables import batch_table, delivery_curve_table
from approvals import approve, movable_rows, pick_rows, planned_changes, rollback
from calibration import calibrate
from errors import HadesError
from icp import dimensions, scores_in_force
from icp_edit import ScoreChange
from settings import code_version
from stores import batches, outcomes, runs, weights

Run = dict[str, Any]
NAMES = {
    "sic_code": "SIC",
    "employee_range": "Employees",
    "state": "State",
    "proximity": "Distance",
    "signal_strength": "Signal",
}
_COLUMNS = {
    "value": st.column_config.TextColumn("Value", pinned=True, width="small"),
    "leads": st.column_config.NumberColumn("Leads", width="small"),
    "deliveries": st.column_config.NumberColumn("Delivered", width="small"),
    "too_young": st.column_config.NumberColumn("Too young", width="small"),
    "rate": st.column_config.NumberColumn("Rate", format="percent", width="small"),
    "interval": st.column_config.TextColumn("95 % interval", width="small"),
    "current": st.column_config.NumberColumn("Current", width="small"),
    "suggested": st.column_config.NumberColumn("Suggested", width="small"),
    "change": st.column_config.TextColumn("Change", width="small"),
    "confidence": st.column_config.TextColumn("Confidence", width="small"),
    "verdict": st.column_config.TextColumn("Verdict", width="small"),
    "why": st.column_config.TextColumn("Why", width="large"),
}


def label(dimension: str) -> str:
    """The name of a dimension for people."""
    return NAMES.get(dimension, dimension.replace("_", " ").capitalize())


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


def roll_back_now(frame: ui.Frame, version: int) -> None:
    """Callback: bring an earlier version back."""
    with ui.act():
        done = rollback(frame.db, config_dir=frame.settings.config_dir, version=version, reason=st.session_state.get("back_reason", ""),
                        now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame))  # fmt: skip
        ui.flash("success", f"Version {done.version} is in force; it has the text of version {version}.")


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


def show_weights(frame: ui.Frame, run: Run | None) -> None:
    """Tab one: every score in force, readable, with what is known about it; and all versions."""
    versions = ui.read(frame, weights.read_versions)
    newest = versions.iloc[0]
    st.markdown(f"#### Version {newest['version']} is in force since {ui.day(newest['created_at'])}")
    st.caption(ui.plain(f"{newest['kind'].capitalize()} by {newest['actor']}: {newest['reason']}"))
    seen = {(r["dimension"], r["value"]): r for r in run["rows"]} if run else {}
    for column, dimension in zip(
        st.columns(2) * 2, [d for d in dimensions(frame.icp) if scores_in_force(frame.icp, d)], strict=False
    ):
        with column:
            st.markdown(f"**{label(dimension)}**")
            st.dataframe(
                pd.DataFrame([
                    {"value": value, "score": score, "leads": seen.get((dimension, value), {}).get("leads"),
                     "rate": seen.get((dimension, value), {}).get("rate")}
                    for value, score in scores_in_force(frame.icp, dimension).items()
                ]).astype({"leads": "Int64", "rate": "float64"}),
                hide_index=True, height="content", alt=f"{label(dimension)}: scores in force", key=f"weights_{dimension}",
                column_config={"value": label(dimension), "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%d"),
                               "leads": "Leads judged", "rate": st.column_config.NumberColumn("Delivered", format="percent")},
            )  # fmt: skip
    st.markdown("**How the parts are weighed**")
    st.dataframe(
        [{"Workflow": {"intent": "By buying signal", "geography": "By distance"}[w], **{k.replace("_", " ").capitalize(): f"{v:.0%}" for k, v in frame.icp.data["scoring"][w]["weights"].items()}}
         for w in ("intent", "geography")], hide_index=True, alt="Weights per workflow",
    )  # fmt: skip
    st.subheader("Versions", anchor=False)
    st.dataframe(
        versions.assign(changes=[len(json.loads(text)) for text in versions["changes"]]).drop(columns="sha256"), hide_index=True,
        alt="All versions, newest first", column_config={
            "version": "Version", "kind": "Kind", "actor": "By", "reason": st.column_config.TextColumn("Why", width="large"), "run_id": "From run",
            "rolled_back_to": "Text of", "changes": "Changed scores", "created_at": st.column_config.DatetimeColumn("When")},
    )  # fmt: skip
    if len(versions) > 1 and frame.may("manager"):
        with st.popover("Roll back", icon=":material/undo:"):
            version = st.selectbox(
                "To the text of version", versions["version"].iloc[1:].tolist(), key="back_to"
            )
            st.text_input("Why?", key="back_reason", max_chars=300)
            st.button(
                "Roll back", type="primary", on_click=roll_back_now, args=(frame, version), key="roll_back"
            )


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
    names = list(dict.fromkeys(rows["dimension"]))
    for tab, dimension in zip(st.tabs([label(d) for d in names], key="dimension"), names, strict=True):
        with tab:
            ticked += show_dimension(
                rows[rows["dimension"] == dimension],
                dimension,
                whole["rate"],
                run["run_id"],
                bool(closed) or not frame.may("manager"),
            )
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
    rows: pd.DataFrame, dimension: str, overall_rate: float | None, run_id: int, locked: bool
) -> list[tuple[str, str]]:
    """One dimension: picture, table with boxes, and the candidates apart; gives back what is ticked."""
    if (rows["verdict"] == "no evidence").all():
        st.info(
            "The outcomes do not know this dimension yet: no lead that can be judged carries it.",
            icon=":material/info:",
        )
        return []
    in_force, candidates = rows[~rows["candidate"]], rows[rows["candidate"]]
    picture, scores = st.columns(2)
    with picture:
        st.plotly_chart(
            charts.rate_intervals(rows, overall_rate=overall_rate),
            key=f"rates_{dimension}",
            alt=f"{label(dimension)}: delivery rate per value with interval",
        )
    with scores:
        if rows["current"].notna().any():
            st.plotly_chart(
                charts.score_slopes(rows),
                key=f"slopes_{dimension}",
                alt=f"{label(dimension)}: current and suggested score per value",
            )
        else:
            st.info(
                "Only reported: icp.yaml gives no score by this dimension, so there is nothing to approve.",
                icon=":material/info:",
            )
    ticked = editor(in_force, f"edit_{dimension}_{run_id}", dimension, locked)
    if not candidates.empty:
        st.markdown("**Outside the filter, but the outcomes speak for a look**")
        ticked += editor(candidates, f"candidates_{dimension}_{run_id}", dimension, locked)
    return ticked


def editor(rows: pd.DataFrame, key: str, dimension: str, locked: bool) -> list[tuple[str, str]]:
    """The table of a dimension; rows that can be approved have a box."""
    shown = rows.assign(
        interval=[ui.interval(lo, hi) for lo, hi in zip(rows["low"], rows["high"], strict=True)],
        change=[change_text(a, b) for a, b in zip(rows["current"], rows["suggested"], strict=True)], apply=False,
    )  # fmt: skip
    scored = rows["current"].notna().any() and not locked
    columns = [*(["apply"] if scored else []), *_COLUMNS]
    edited = st.data_editor(
        shown[columns], key=key, hide_index=True, height="content", num_rows="fixed", disabled=list(_COLUMNS),
        column_config={"apply": st.column_config.CheckboxColumn("Apply", width="small", pinned=True), **_COLUMNS},
        alt=f"{label(dimension)}: rates, suggestions and verdicts",
    )  # fmt: skip
    return [(dimension, value) for value in edited.loc[edited["apply"], "value"]] if scored else []


def change_text(current: float | None, suggested: float | None) -> str:
    """`▲ +12`, `▼ −54`, `same`, or a dash: readable without colour."""
    if pd.isna(current) or pd.isna(suggested):
        return "–"
    change = int(suggested) - int(current)
    return "same" if change == 0 else f"▲ +{change}" if change > 0 else f"▼ −{-change}"


def show_feed(frame: ui.Frame) -> None:
    """Tab three: the funnel, how long a delivery takes, and each batch against what chance would do."""
    counts = ui.read(frame, outcomes.read_funnel)
    if not counts["exported"]:
        ui.empty("No batch has been exported yet.", "pages/1_Score_and_Export.py", "Score and export a file")
        return
    days = frame.icp.data["calibration"]["maturity_days"]
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("From exported to delivered", anchor=False)
        st.plotly_chart(
            charts.funnel(counts),
            key="funnel",
            alt="Companies exported, contacted, with appointment, delivered",
        )
        st.caption("Companies of all batches that ever came so far; young ones may still come farther.")
    with right:
        st.subheader("How long a delivery takes", anchor=False)
        curve = delivery_curve_table(ui.read(frame, outcomes.read_delivery_days), as_of=frame.today)
        if curve.empty:
            st.info("No delivery has been seen yet.")
        else:
            st.plotly_chart(
                charts.delivery_curve(curve), key="curve", alt="Share delivered by days since export"
            )
            st.caption("Kaplan–Meier: leads that are still open count for as long as they have been watched.")
    st.subheader("Batches against chance", anchor=False)
    table = batch_table(ui.read(frame, batches.read_batches, limit=500), now=frame.now, maturity_days=days)
    judged = table[table["matured"]]
    rate = judged["deliveries"].sum() / judged["companies"].sum() if judged["companies"].sum() else None
    st.plotly_chart(
        charts.batch_rates(table, overall_rate=rate),
        key="batches",
        alt="Delivery rate per batch with funnel limits",
    )
    st.caption("Dotted: where 95 of 100 batches would lie if nothing but chance made them differ. Hollow: younger than "
               f"{days} days, so their rate can still rise.")  # fmt: skip


with ui.page("Score Calibration") as frame:
    wanted = st.query_params.get("run", "")
    run = (
        runs.read_run(frame.db, run_id=int(wanted))
        if wanted.isdigit()
        else ui.read(frame, runs.read_latest_run)
    )
    current, report, feed = st.tabs(
        ["Current weights", "Calibration report", "Outcomes feed"], key="tab", default="Calibration report"
    )
    with current:
        show_weights(frame, run)
    with report:
        show_report(frame, run)
    with feed:
        show_feed(frame)
