"""Alerts, tab Rules: each with how often it is wrong and what the last year would have been; changed here by a manager."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import pandas as pd
import streamlit as st

import ui
from alerts import change_rule, reset_rule
from analytics.alert_looks import TESTED, AlertRule, Seen
from analytics.alert_rules import DIRECTIONS, FIELDS, KINDS, false_alarm_rate, overview, replay

NEW = AlertRule("", TESTED[0])
_MEANS = {
    "win rate": "The win rate of a window against the deals before it.",
    "source against source": "The win rate of each label against all others of the same window.",
    "impact score": "How many deals of a segment were lost, against the pace before.",
    "long cycles": "Days from creation to a won close, against those before. Where fewer new deals come in, the late ones remain.",
    "slow fall": "A CUSUM over the year, tuned to a fall of five points.",
    "driver changed sign": "A label that went with more wins than the others and now goes with fewer, or the other way.",
    "batch anomaly": "Each batch that came of age against the batches before it.",
    "stale data": "No deals or outcomes have come in for so many days.",
    "failed sync": "The newest import, sync or scheduled step failed.",
    "data quality": "So many issues about deals are open.",
    "model behind": "The model ranks the newest leads worse than the weights.",
}


def save_now(frame: ui.Frame, rule: AlertRule) -> None:
    """Callback: the rule is as it stands in the boxes."""
    with ui.act():
        if not rule.name.strip():
            ui.flash("error", "A rule was expected to have a name. Write one that says what it looks at.")
            return
        change_rule(frame.db, rule=rule, now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor)
        ui.flash("success", f"{rule.name} is saved and {'on' if rule.active else 'off'}.")


def reset_now(frame: ui.Frame, name: str) -> None:
    """Callback: the rule is as in the file again."""
    with ui.act():
        reset_rule(frame.db, name=name, now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor)
        ui.flash("success", f"{name} is as in config/alerts.yaml again.")


def show_rules(frame: ui.Frame, rules: list[AlertRule], changed: set[str], seen: Seen) -> None:
    """How often each rule is wrong and what the last year would have been, every rule, and a way to make another one."""
    table = _overview(frame.data_version, frame.today, tuple(rules), seen)
    fired = int(table.loc[table["on"], "last_year"].sum())
    st.markdown(
        f"#### The {int(table['on'].sum()):,} rules that are on would have opened {ui.many(fired, 'alert') if fired else 'no alert'} in twelve months"
    )
    names = [rule.name for rule in rules]
    st.dataframe(
        table, hide_index=True, alt="Rules with their false alarms and the last twelve months", placeholder="–", key="alert_rules",
        selection_mode="single-row", on_select=partial(ui.open_row, "rule", "alert_rules", names),
        height=min(38 + 35 * len(table), 250 if "rule" in st.query_params else 600), column_config={
            "rule": "Rule", "on": st.column_config.CheckboxColumn("On", width="small"),
            "looks_at": st.column_config.TextColumn("Looks at", width="medium"),
            "per_year": st.column_config.NumberColumn("Years with a false alarm", format="percent"),
            "last_year": "Alerts in twelve months", "told": "Who is told"},
    )  # fmt: skip
    st.caption(
        "A false alarm is one that chance alone makes in unchanged times; where it is missing, the rule looks at a state or there "
        "is too little to look at. Read the replay before a rule is switched on. What is changed here stands over "
        "config/alerts.yaml."
    )
    place = ui.named("rule", names, "rule")
    if place is None:
        st.caption("Tick a rule to read its replay and to change it.")
    else:
        _show_rule(frame, rules[place], seen, changed=rules[place].name in changed)
    if not ui.lets(frame, "manager", "Changing rules"):
        return
    made = st.expander("Make a new rule", icon=":material/add:", key="rule_new", on_change="rerun")
    if made.open:
        with made:
            edited = replace(
                _boxes(NEW, frame), name=st.text_input("Name", key="new_name", max_chars=60).strip()
            )
            _evidence(edited, seen, frame)
            st.button("Save", type="primary", key="save_new", on_click=save_now, args=(frame, edited))


def _show_rule(frame: ui.Frame, rule: AlertRule, seen: Seen, *, changed: bool) -> None:
    """One rule in its boxes, with what it would have said."""
    with st.container(border=True):
        st.markdown(f"**{ui.plain(rule.name)}**: {'on' if rule.active else 'off'}")
        edited = _boxes(rule, frame)
        _evidence(edited, seen, frame)
        if not frame.may("manager"):
            return
        with st.container(horizontal=True):
            st.button(
                "Save", type="primary", key=f"save_{rule.name}", on_click=save_now, args=(frame, edited)
            )
            if changed:
                st.button("As in the file again", key=f"reset_{rule.name}", on_click=reset_now, args=(frame, rule.name))  # fmt: skip


@st.cache_data(max_entries=8, show_spinner="Replaying the rules")
def _overview(version: int, day: date, rules: tuple[AlertRule, ...], _seen: Seen) -> pd.DataFrame:
    return overview(rules, _seen, day=day)


def _boxes(rule: AlertRule, frame: ui.Frame) -> AlertRule:
    """The rule as it stands in the boxes."""
    key, off = rule.name or "new", not frame.may("manager")
    one, two, three = st.columns(3)
    kind = one.selectbox("Looks at", KINDS, KINDS.index(rule.kind), key=f"kind_{key}", disabled=off)
    st.caption(_MEANS[kind])
    fields = ["all deals", *FIELDS]
    by = two.selectbox("By", fields, fields.index(rule.field) if rule.field else 0, key=f"field_{key}", disabled=off,
                       format_func=lambda name: name.replace("_", " "))  # fmt: skip
    direction = three.selectbox(
        "Direction", DIRECTIONS, DIRECTIONS.index(rule.direction), key=f"direction_{key}", disabled=off
    )
    days = int(one.number_input("Days of a look", 1, 3650, rule.days, key=f"days_{key}", disabled=off))
    before = int(
        two.number_input(
            "Days before it to compare with", 1, 3650, rule.baseline_days, key=f"before_{key}", disabled=off
        )
    )
    cooldown = int(three.number_input("Quiet for so many days afterwards", 0, 3650, rule.cooldown_days, key=f"cooldown_{key}", disabled=off))  # fmt: skip
    tested = kind in TESTED
    limit = float(one.number_input("Limit, standard deviations" if tested else "Limit", 0.5, 6.0 if tested else 1e6,
                                   min(float(rule.limit), 6.0) if tested else float(rule.limit), 0.5, key=f"limit_{key}", disabled=off))  # fmt: skip
    tell = two.text_input("Who is told: slack, or e-mail addresses", ", ".join(rule.tell), key=f"tell_{key}", max_chars=500, disabled=off)  # fmt: skip
    active = three.toggle("On", rule.active, key=f"active_{key}", disabled=off)
    return AlertRule(rule.name, kind, None if by == "all deals" else by, days, before, limit, direction, cooldown, active,
                     tuple(who.strip() for who in tell.split(",") if who.strip()))  # fmt: skip


def _evidence(rule: AlertRule, seen: Seen, frame: ui.Frame) -> None:
    """How often the rule as it stands in the boxes is wrong, and what it would have said in twelve months."""
    if rule.kind not in TESTED:
        st.caption("This rule looks at a state and tests nothing, so it has no false alarms by chance.")
        return
    rate = false_alarm_rate(rule, seen, day=frame.today)
    if rate is None:
        st.caption("There is too little to look at lately to say how often it is wrong.")
    else:
        st.write(
            f"In unchanged times it fires in {ui.percent(rate[0], 2)} of looks and in {ui.percent(rate[1])} of years."
        )
    fired = replay(rule, seen, until=frame.today)
    st.write(f"In the last twelve months it would have opened {ui.many(len(fired), 'alert')}.")
    if fired:
        st.dataframe([{"Day": f.day, "About": f.subject, "What": f.sentence} for f in fired[:500]], hide_index=True,
                     alt=f"Replay of {rule.name}")  # fmt: skip
