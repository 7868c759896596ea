"""Score Calibration, tab Model: the model beside the weights on the same leads, its approval, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.lead_model import from_json
from analytics.model_charts import reliability_pair
from analytics.model_report import behind
from configuration import active_configuration
from icp import WORKFLOWS, business_zone
from jobs import jobs
from lead_schema import read_api_rules
from model_choices import SEED
from models import Due, approve_model, bring_back, due_from, due_readers, propose_model, retrain
from sent_models import kinds_to_learn, retrain_sent
from settings import code_version
from stores import models
from stores.model_proposals import read_proposed
from views.model_signing import show_signing
from views.plain_words import AUC, BRIER
from views.sent_models import is_any_due, readers, show_sent_models
from views.side_by_side import show_side_by_side

NAMES = {"intent": "by buying signal", "geography": "by distance"}
JOB = "train a model"
_WORDS = {"proposed": ("blue", ":material/verified:"), "not better": ("gray", ":material/balance:"),
          "too little": ("gray", ":material/hourglass_empty:")}  # fmt: skip
_GAINS = {
    "now": "Over what scores now", "weights": "Over the weights", "intent": "By buying signal alone",
    "geography": "By distance alone",
}  # fmt: skip


def sign_now(frame: ui.Frame, version: int, workflow: str, is_proposal: bool) -> None:
    """Callback: the model scores the workflow from now on, or waits for another person."""
    with ui.act():
        act = propose_model if is_proposal else approve_model
        act(
            frame.db, version=version, workflow=workflow, icp=frame.icp, reason=st.session_state.get("model_reason", ""),
            now=_now(), actor=ui.approver(frame),
        )  # fmt: skip
        what = "waits for another person" if is_proposal else "scores {} from the next lead on"
        ui.flash("success", f"Model {version} {what.format(NAMES[workflow])}.")


def fall_back(frame: ui.Frame, workflow: str, version: int | None = None) -> None:
    """Callback: the weights, or an earlier model, score the workflow again."""
    with ui.act():
        what = "The weights" if version is None else f"Model {version}"
        bring_back(
            frame.db, workflow=workflow, version=version, now=_now(), actor=ui.approver(frame),
            reason=st.session_state.get("model_back_reason") or "Fallen back from Score Calibration.",
        )  # fmt: skip
        ui.flash("success", f"{what} score{'' if version is None else 's'} {NAMES[workflow]} again.")


def train_now(frame: ui.Frame) -> None:
    """Callback: train in the background."""
    with ui.act():
        _start(frame, only_if_due=False)


def show_model(frame: ui.Frame) -> None:
    """The whole tab: what scores, the newest training with its evidence, live batches, and all choices."""
    waiting, latest, in_force, choices, trainings, judged, known, live, *sent = ui.read_all(
        frame, read_proposed, models.read_latest_model, models.read_models_in_force, models.read_choices, models.read_models,
        *due_readers(frame.icp, frame.now), partial(models.read_side_by_side, zone=business_zone(frame.icp)), *readers(),
    )  # fmt: skip
    rules = read_api_rules(frame.settings.config_dir)
    _headline(in_force)
    _show_in_force(frame, in_force)
    _show_training(frame, due_from(judged, known), is_any_due(rules, sent[2]))
    if latest is None:
        ui.empty(
            "No model was trained yet. Training learns from older leads and is judged on the newest; it changes nothing."
        )
    else:
        _show_evidence(frame, latest, in_force, waiting)
    show_side_by_side(frame, live)
    _show_history(frame, choices, trainings, in_force)
    show_sent_models(frame, rules, sent, waiting)


def _headline(in_force: dict[str, Any]) -> None:
    said = [
        f"model {in_force[w]['version']} scores {NAMES[w]}" if w in in_force else f"the weights score {NAMES[w]}"
        for w in WORKFLOWS
    ]  # fmt: skip
    whole = "the weights score every lead" if not in_force else ", ".join(said)
    st.markdown(f"#### {whole[0].upper()}{whole[1:]}")


def _show_in_force(frame: ui.Frame, in_force: dict[str, Any]) -> None:
    """Warnings where a model falls behind, and one click back."""
    if not in_force:
        return
    stamp = str(sorted((w, row["version"]) for w, row in in_force.items()))
    for workflow, warning in _behind(
        frame, in_force, (frame.data_version, str(frame.today), frame.icp.sha256, stamp)
    ).items():
        st.warning(f"{NAMES[workflow].capitalize()}: {ui.plain(warning)}", icon=":material/warning:")
    with st.container(horizontal=True):
        for workflow, row in in_force.items():
            st.button(
                f"Fall back to the weights {NAMES[workflow]}", key=f"fall_back_{workflow}", icon=":material/undo:",
                on_click=fall_back, args=(frame, workflow), disabled=not frame.may("manager"),
                help=f"Model {row['version']} was approved by {row['chosen_by']} on {ui.day(row['chosen_at'])}.",
            )  # fmt: skip


@st.cache_data(max_entries=4, show_spinner="Holding the model against the weights")
def _behind(_frame: ui.Frame, _in_force: dict[str, Any], stamp: tuple[Any, ...]) -> dict[str, str]:
    zone = business_zone(_frame.icp)
    leads, kept = models.read_first_seen(_frame.db, zone=zone)
    held = {
        w: (from_json(row["coefficients"]), pd.Timestamp(row["cut_off"]) if row["cut_off"] else None)
        for w, row in _in_force.items()
    }
    return behind(leads, kept, _frame.icp, held, as_of=_frame.today, top=100, seed=SEED)


def _show_training(frame: ui.Frame, due: Due, others_due: bool) -> None:
    """How many outcomes are new, the button, and how a running training stands. A due one starts by itself."""
    state = jobs().state(JOB)
    if (due.is_due or others_due) and frame.may("ops") and not state.running and state.said is None:
        _start(frame, only_if_due=True)
        state = jobs().state(JOB)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Train a model now", icon=":material/model_training:", key="train_model", on_click=train_now, args=(frame,),
                  disabled=state.running or not frame.may("ops"))  # fmt: skip
        if state.running:
            _wait_for_training()
        else:
            st.caption(
                f"{due.new:,} outcomes are new since the last training; at {due.threshold} one starts by itself. "
                "It proposes and changes nothing."
            )
    if state.said and not state.running:
        (st.error if state.failed else st.caption)(ui.plain(state.said))


@st.fragment(run_every=3)
def _wait_for_training() -> None:
    if jobs().state(JOB).running:
        st.caption("A model is being trained in the background; you can go on working.")
    else:
        st.rerun()


def _start(frame: ui.Frame, *, only_if_due: bool) -> None:
    db, settings, actor = frame.db, frame.settings, frame.actor

    def work() -> str:
        icp = active_configuration(db, config_dir=settings.config_dir, now=_now()).icp
        how: dict[str, Any] = {
            "now": _now(),
            "actor": actor,
            "code_version": code_version(),
            "only_if_due": only_if_due,
        }
        done = retrain(db, icp=icp, **how)
        rules = read_api_rules(settings.config_dir)
        kinds = [(k.name, retrain_sent(db, rules=rules, kind=k, **how)) for k in kinds_to_learn(rules)]
        told = [f"{done.status.capitalize()}: {done.why}" if done.version else done.why]
        return " ".join(
            [*told, *(f"{name.capitalize()} leads: {one.why}" for name, one in kinds if one.version)]
        )

    jobs().start(JOB, work)


def _show_evidence(
    frame: ui.Frame, latest: dict[str, Any], in_force: dict[str, Any], waiting: list[dict[str, Any]]
) -> None:
    """The newest training: verdict, figures, picture, tables, and its approval."""
    report = latest["report"]
    held = [NAMES[w] for w, row in in_force.items() if row["version"] == latest["version"]]
    colour = ("green", ":material/check:") if held else _WORDS[latest["status"]]
    word = f"in force {' and '.join(held)}" if held else latest["status"]
    with st.container(border=True):
        st.badge(f"Model {latest['version']}: {word}", color=colour[0], icon=colour[1])  # type: ignore[arg-type]
        st.markdown(ui.plain(latest["why"]))
        st.caption(
            f"Trained {ui.day(latest['created_at'])} by {ui.plain(latest['created_by'])} on {latest['leads']:,} leads with "
            f"{latest['deliveries']:,} deliveries" + (f", up to {ui.day(latest['cut_off'])}; judged on the newer ones." if latest["cut_off"] else ".")
        )  # fmt: skip
        if latest["status"] == "proposed":
            _offer(frame, latest, in_force, waiting)
    if report.get("scorers"):
        _show_figures(report)
        _show_pictures(report)
    if report:
        _show_inputs(report)


def _offer(
    frame: ui.Frame, latest: dict[str, Any], in_force: dict[str, Any], waiting: list[dict[str, Any]]
) -> None:
    """The approval: which workflow, why, and whose name stands under it."""
    version = latest["version"]
    open_to = [
        w
        for w in WORKFLOWS
        if in_force.get(w, {}).get("version") != version and w in latest["report"]["gains"]
    ]
    if not open_to or not frame.may("manager"):
        return
    if latest["icp_sha256"] != frame.icp.sha256:
        st.info(
            "The weights changed since; train again to compare with those in force.", icon=":material/info:"
        )
        return
    with st.popover("Put it in force", icon=":material/check:"):
        workflow = st.radio("For leads scored", open_to, format_func=lambda w: NAMES[w], key="model_workflow")
        gain = latest["report"]["gains"][workflow]
        st.caption(f"There, on {gain['leads']:,} leads with {gain['deliveries']} deliveries: AUC {ui.signed(gain['auc_gain'], 3)} "
                   f"(95 % {ui.signed(gain['auc_low'], 3)} to {ui.signed(gain['auc_high'], 3)}).")  # fmt: skip
        show_signing(frame, waiting, of=workflow, version=version, reason="model_reason", button="approve_model", sign=sign_now)  # fmt: skip


def _show_figures(report: dict[str, Any]) -> None:
    by_name = {scorer["name"]: scorer for scorer in report["scorers"]}
    weights, model, gain = by_name["weights"], by_name["model"], report["gains"]["weights"]
    one, two, three, four = st.columns(4)
    one.metric(
        "AUC",
        ui.decimal(model["auc"], 3),
        help=AUC,
        border=True,
        **ui.difference(gain["auc_gain"], 3, "to the weights"),
    )
    two.metric(f"Deliveries in the first {model['top']:,}", f"{model['top_deliveries']:.0f}", border=True,
               **ui.difference(gain["top_gain"], 0, "to the weights"))  # fmt: skip
    three.metric("Brier score", ui.decimal(model["brier"], 4), help=BRIER, border=True,
                 **ui.difference(model["brier"] - weights["brier"], 4, "to the weights", is_error=True))  # fmt: skip
    four.metric("Parameters in use", f"{report['used']:.0f}", f"the data carry {report['carried']:.0f}", delta_color="off", delta_arrow="off", border=True)  # fmt: skip
    st.dataframe(
        [
            {"Gain": _GAINS[name], "AUC": ui.signed(g["auc_gain"], 3), "95 %": _span(g, "auc", 3),
             "Lift": ui.signed(g["lift_gain"], 2), "95 % of the lift": _span(g, "lift", 2), "Brier": ui.signed(g["brier_gain"], 4),
             "95 % of Brier": _span(g, "brier", 4)}
            for name, g in report["gains"].items()
            if name != "now" or g != gain  # the same while no model is in force
        ],
        hide_index=True, height="content", key="model_gains", alt="What the model gains, with paired 95 % intervals",
    )  # fmt: skip
    st.caption("Both score the same newest leads, so each interval is of the difference. A Brier gain above 0 is a smaller error. "
               f"Lift: deliveries among the first {model['top']:,} over those of a random order.")  # fmt: skip


def _span(gain: dict[str, Any], name: str, digits: int) -> str:
    return f"{ui.signed(gain[f'{name}_low'], digits)} to {ui.signed(gain[f'{name}_high'], digits)}"


def _show_pictures(report: dict[str, Any]) -> None:
    tables = {s["name"]: pd.DataFrame(s["reliability"]) for s in report["scorers"] if s["name"] != "in force"}
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Is the chance right?", anchor=False)
        st.plotly_chart(reliability_pair(tables), key="model_reliability", theme="streamlit",
                        alt="Chance said and rate delivered per fifth of the leads, for weights and model; the table beside has the numbers",
                        config={"displayModeBar": False})  # fmt: skip
    with right:
        st.subheader("By band of score", anchor=False)
        bands = [
            {"Score": w["band"], "Delivered, by weights": _rate(w), "Delivered, by model": _rate(m)}
            for w, m in zip(*(next(s["bands"] for s in report["scorers"] if s["name"] == n) for n in ("weights", "model")), strict=True)
        ]  # fmt: skip
        st.dataframe(
            bands,
            hide_index=True,
            height="content",
            key="model_bands",
            alt="Delivered per band of score, by weights and by model",
        )
        told = pd.concat([table.assign(by=name) for name, table in tables.items()])
        st.dataframe(
            [
                {"By": row["by"], "Said": ui.percent(row["chance"]), "Delivered": ui.percent(row["rate"]), "95 % interval": ui.interval(row["low"], row["high"]),
                 "Leads": f"{row['deliveries']} of {row['leads']}"}
                for row in told.to_dict("records")
            ],
            hide_index=True, height="content", key="model_reliability_table", alt="The numbers of the picture",
        )  # fmt: skip


def _rate(band: dict[str, Any]) -> str:
    if not band["cases"]:
        return "no lead"
    return f"{band['hits']} of {band['cases']}: {ui.percent(band['rate'])} ({ui.interval(band['low'], band['high'])})"


def _show_inputs(report: dict[str, Any]) -> None:
    warnings = report.get("warnings", [])
    with st.expander(f"What it learned from, and {ui.many(len(warnings), 'warning')} about inputs"):
        for warning in warnings:
            st.markdown(
                f"- **{ui.plain(warning['input'])}** ({warning['kind']}): {ui.plain(warning['sentence'])} It was left out."
            )
        st.dataframe(
            [
                {"Input": row["input"].replace("_", " ").capitalize(), "Values": row["values"],
                 "Parameters in use": round(row["parameters"], 1), "Spread, points": ui.decimal(row["spread"], 1)}
                for row in report["inputs"]
            ],
            hide_index=True, height="content", key="model_inputs", alt="Inputs of the model and how much each one tells",
        )  # fmt: skip
        st.caption("Parameters in use: how far outcomes could move an input away from the weights. Spread: the bootstrap "
                   "standard deviation of its values.")  # fmt: skip


def _show_history(
    frame: ui.Frame, choices: pd.DataFrame, trainings: pd.DataFrame, in_force: dict[str, Any]
) -> None:
    if trainings.empty:
        return
    st.subheader("Trainings and choices", anchor=False)
    st.dataframe(
        trainings[["version", "created_at", "created_by", "status", "leads", "deliveries", "why"]], hide_index=True, height="content" if len(trainings) < 8 else 300,
        key="trainings", alt="All trainings, newest first", column_config={
            "version": "Model", "created_at": ui.time_column(frame, "When"), "created_by": "By", "status": "Verdict",
            "leads": "Leads", "deliveries": "Deliveries", "why": st.column_config.TextColumn("Why", width="large")},
    )  # fmt: skip
    if choices.empty:
        return
    shown = choices.assign(
        scored_by=[f"model {v}" if pd.notna(v) else "the weights" for v in choices["version"]]
    )
    st.dataframe(
        shown[["chosen_at", "workflow", "scored_by", "chosen_by", "reason"]], hide_index=True, key="model_choices",
        alt="Who chose what scores a workflow, newest first", column_config={
            "chosen_at": ui.time_column(frame, "From"), "workflow": "Workflow", "scored_by": "Scored by", "chosen_by": "By",
            "reason": st.column_config.TextColumn("Why", width="large")},
    )  # fmt: skip
    earlier = choices[choices["version"].notna()].drop_duplicates(["workflow", "version"])
    back = [(r["workflow"], int(r["version"])) for r in earlier.to_dict("records") if in_force.get(r["workflow"], {}).get("version") != r["version"]]  # fmt: skip
    if back and frame.may("manager"):
        with st.popover("Bring an earlier model back", icon=":material/undo:"):
            workflow, version = st.selectbox("Which one?", back, format_func=lambda b: f"Model {b[1]} {NAMES[b[0]]}", key="model_back")  # fmt: skip
            st.text_input("Why?", key="model_back_reason", max_chars=300)
            ui.ask_at_the_act("model_back_name")
            st.button(
                "Bring it back",
                type="primary",
                key="bring_model_back",
                on_click=fall_back,
                args=(frame, workflow, version),
            )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
