"""Score Calibration, tab Model: the models of leads that programs send, kind by kind, their approval and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.model_charts import reliability_pair
from lead_schema import ApiRules
from sent_models import approve_sent_model, bring_back_sent, kinds_to_learn, propose_sent_model
from stores import sent_models as store
from turso_db import Database
from views.model_signing import show_signing
from views.plain_words import AUC, BRIER

_BADGES = {"proposed": ("blue", ":material/verified:"), "not better": ("gray", ":material/balance:"),
           "too little": ("gray", ":material/hourglass_empty:")}  # fmt: skip
_GAINS = {"now": "Over the model in force then", "base rate": "Over the base rate"}


def readers() -> list[Callable[[Database], Any]]:
    """What `show_sent_models` is shown from, in its order."""
    return [
        store.read_latest, store.read_in_force, store.read_new, store.read_choices, store.read_trainings,
    ]  # fmt: skip


def is_any_due(rules: ApiRules, new: dict[str, int]) -> bool:
    """Whether some kind has as many new outcomes as a training takes."""
    return any(new.get(kind.name, 0) >= rules.retrain_after for kind in kinds_to_learn(rules))


def sign_now(frame: ui.Frame, version: int, kind: str, is_proposal: bool) -> None:
    """Callback: the model scores leads of its kind from now on, or waits for another person."""
    with ui.act():
        act = propose_sent_model if is_proposal else approve_sent_model
        act(
            frame.db, version=version, icp=frame.icp, reason=st.session_state.get(f"sent_reason_{kind}", ""), now=_now(),
            actor=ui.approver(frame),
        )  # fmt: skip
        what = "waits for another person" if is_proposal else f"scores {kind} leads within a minute"
        ui.flash("success", f"Model {kind}-{version} {what}.")


def fall_back(frame: ui.Frame, kind: str, version: int | None = None) -> None:
    """Callback: the base rate, or an earlier model, scores leads of the kind again."""
    with ui.act():
        bring_back_sent(
            frame.db, kind=kind, version=version, now=_now(), actor=ui.approver(frame),
            reason=st.session_state.get(f"sent_back_reason_{kind}") or "Fallen back from Score Calibration.",
        )  # fmt: skip
        what = "The base rate" if version is None else f"Model {kind}-{version}"
        ui.flash("success", f"{what} scores {kind} leads again within a minute.")


def show_sent_models(
    frame: ui.Frame, rules: ApiRules, read: list[Any], waiting: list[dict[str, Any]]
) -> None:
    """A part per kind of lead (all but those of the loop): what scores it, the newest training, all choices."""
    latest, in_force, new, choices, trainings = read
    for kind in kinds_to_learn(rules):
        name = kind.name
        held, training = in_force.get(name), latest.get(name)
        by = f"model {name}-{held['version']}" if held else "the base rate"
        st.subheader(f"{name.capitalize()} leads of programs: scored by {by}", anchor=False)
        st.caption(
            f"{new.get(name, 0):,} outcomes are new since the last training; at {rules.retrain_after} one starts by itself. "
            "Programs say them with PUT /feedback, people on Outcomes, tab By hand."
        )
        if held:
            st.button(
                f"Fall back to the base rate for {name} leads", key=f"sent_fall_back_{name}", icon=":material/undo:",
                on_click=fall_back, args=(frame, name), disabled=not frame.may("manager"),
                help=f"Model {name}-{held['version']} was approved by {held['chosen_by']} on {ui.day(held['chosen_at'])}.",
            )  # fmt: skip
        if training:
            _show_training(frame, training, held, waiting)
            _show_history(frame, name, choices[choices["kind"] == name], trainings[trainings["kind"] == name], held)  # fmt: skip


def _show_training(
    frame: ui.Frame, training: dict[str, Any], held: dict[str, Any] | None, waiting: list[dict[str, Any]]
) -> None:
    report, kind = training["report"], training["kind"]
    is_held = (held or {}).get("version") == training["version"]
    colour, icon = ("green", ":material/check:") if is_held else _BADGES[training["status"]]
    with st.container(border=True):
        word = "in force" if is_held else training["status"]
        st.badge(f"Model {kind}-{training['version']}: {word}", color=colour, icon=icon)  # type: ignore[arg-type]
        st.markdown(ui.plain(training["why"]))
        st.caption(
            f"Trained {ui.day(training['created_at'])} by {ui.plain(training['created_by'])} on {training['leads']:,} leads, of "
            f"which {training['successes']:,} converted, with what was known when they were first scored."
        )
        if training["status"] == "proposed" and not is_held and frame.may("manager"):
            with st.popover("Put it in force", icon=":material/check:"):
                show_signing(frame, waiting, of=kind, version=training["version"], reason=f"sent_reason_{kind}",
                             button=f"approve_sent_{kind}", sign=sign_now)  # fmt: skip
    if report.get("scorers"):
        _show_evidence(report, kind)


def _show_evidence(report: dict[str, Any], kind: str) -> None:
    by_name = {scorer["name"]: scorer for scorer in report["scorers"]}
    model, base = by_name["model"], by_name["base rate"]
    one, two, three = st.columns(3)
    one.metric(
        "AUC",
        ui.decimal(model["auc"], 3),
        help=AUC,
        border=True,
        **ui.difference(model["auc"] - 0.5, 3, "to no order"),
    )
    two.metric(f"Converted in the first {model['top']:,}", f"{model['top_deliveries']:.0f}",
               border=True,
               **ui.difference(model["top_deliveries"] - base["top_deliveries"], 1, "to no order"))  # fmt: skip
    three.metric("Brier score", ui.decimal(model["brier"], 4), help=BRIER, border=True,
                 **ui.difference(model["brier"] - base["brier"], 4, "to the base rate", is_error=True))  # fmt: skip
    st.dataframe(
        [
            {"Gain": _GAINS[name], "AUC": ui.signed(g["auc_gain"], 3), "95 %": f"{ui.signed(g['auc_low'], 3)} to {ui.signed(g['auc_high'], 3)}",
             "Brier": ui.signed(g["brier_gain"], 4), "95 % of Brier": f"{ui.signed(g['brier_low'], 4)} to {ui.signed(g['brier_high'], 4)}"}
            for name, g in report["gains"].items()
            if name == "base rate" or g != report["gains"]["base rate"]  # the same while no model was in force
        ],
        hide_index=True, height="content", key=f"sent_gains_{kind}", alt="What the model gains, with paired 95 % intervals",
    )  # fmt: skip
    left, right = st.columns(2, gap="large")
    with left:
        st.plotly_chart(reliability_pair({"model": pd.DataFrame(model["reliability"])}, came="Converted"), key=f"sent_reliability_{kind}", theme="streamlit",
                        alt="Chance said and rate converted per fifth of the leads; the table beside has the numbers",
                        config={"displayModeBar": False})  # fmt: skip
    with right:
        st.dataframe(
            [
                {"Said": ui.percent(row["chance"]), "Converted": ui.percent(row["rate"]),
                 "95 % interval": ui.interval(row["low"], row["high"]), "Leads": f"{row['deliveries']} of {row['leads']}"}
                for row in model["reliability"]
            ],
            hide_index=True, height="content", key=f"sent_reliability_table_{kind}", alt="The numbers of the picture",
        )  # fmt: skip
    with st.expander(f"What it learned from, and {ui.many(len(report['warnings']), 'warning')} about fields"):
        for warning in report["warnings"]:
            st.markdown(f"- **{ui.plain(warning['input'])}** ({warning['kind']}): {ui.plain(warning['sentence'])} It was left out.")  # fmt: skip
        st.dataframe(
            [
                {"Field": row["input"].replace("_", " ").capitalize(), "Values": row["values"],
                 "Parameters in use": round(row["parameters"], 1), "Spread, points": ui.decimal(row["spread"], 1)}
                for row in report["inputs"]
            ],
            hide_index=True, height="content", key=f"sent_inputs_{kind}", alt="Fields and how much each one tells",
        )  # fmt: skip
        st.caption(f"The data carry {report['carried']:.0f} parameters; {report['used']:.0f} are in use.")


def _show_history(
    frame: ui.Frame, kind: str, choices: pd.DataFrame, trainings: pd.DataFrame, held: dict[str, Any] | None
) -> None:
    with st.expander(f"Trainings and choices of {kind} leads"):
        st.dataframe(
            trainings[["version", "created_at", "created_by", "status", "leads", "successes", "why"]], hide_index=True,
            height="content" if len(trainings) < 8 else 300, key=f"sent_trainings_{kind}", alt="All trainings, newest first",
            column_config={
                "version": "Model", "created_at": ui.time_column(frame, "When"), "created_by": "By", "status": "Verdict",
                "leads": "Leads", "successes": "Converted", "why": st.column_config.TextColumn("Why", width="large")},
        )  # fmt: skip
        if choices.empty:
            return
        shown = choices.assign(by=[f"model {kind}-{v}" if pd.notna(v) else "the base rate" for v in choices["version"]])  # fmt: skip
        st.dataframe(
            shown[["chosen_at", "by", "chosen_by", "reason"]], hide_index=True, key=f"sent_choices_{kind}",
            alt="Who chose what scores these leads, newest first", column_config={
                "chosen_at": ui.time_column(frame, "From"), "by": "Scored by", "chosen_by": "By",
                "reason": st.column_config.TextColumn("Why", width="large")},
        )  # fmt: skip
        now = held["version"] if held else None
        back = [int(v) for v in choices["version"].dropna().unique() if v != now]
        if back and frame.may("manager"):
            version = st.selectbox("Bring an earlier model back", back, format_func=lambda v: f"Model {kind}-{v}", key=f"sent_back_{kind}")  # fmt: skip
            st.text_input("Why?", key=f"sent_back_reason_{kind}", max_chars=300)
            ui.ask_at_the_act(f"sent_back_name_{kind}")
            st.button("Bring it back", key=f"sent_bring_back_{kind}", on_click=fall_back, args=(frame, kind, version))  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
