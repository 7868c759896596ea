"""What somebody was told, and the rules that say when: with their false alarms and what the last year would have been."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from alerts import acknowledge_alert, check_alerts, read_seen, snooze_alert
from analytics.alert_looks import Seen
from analytics.alert_rules import read_alert_rules, with_changes
from stores import alerts
from stores.schedule import read_steps
from views.alert_rules import show_rules
from views.digest import leave_by_link, show_digest, show_schedule

SNOOZE_DAYS = 7


def check_now(frame: ui.Frame) -> None:
    """Callback: look at every rule that is on; messages leave with the next scheduled run."""
    with ui.act("Looking at every rule"):
        done = check_alerts(
            frame.db, rules=read_alert_rules(frame.settings.config_dir), today=frame.today,
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
            maturity_days=frame.icp.data["calibration"]["maturity_days"], cache_dir=frame.settings.data_dir / "cache",
        )  # fmt: skip
        ui.flash("success", f"{ui.many(len(done.opened), 'alert')} opened, {len(done.closed)} closed.")


def settle(frame: ui.Frame, alert_id: int, days: int) -> None:
    """Callback: the alert is seen (days 0), or kept quiet for so many days."""
    with ui.act():
        now = datetime.now(UTC).replace(microsecond=0)
        if days:
            snooze_alert(frame.db, alert_id=alert_id, days=days, now=now, actor=frame.actor)
        else:
            acknowledge_alert(frame.db, alert_id=alert_id, now=now, actor=frame.actor)
        ui.flash("success", f"Kept quiet for {days} days." if days else "Acknowledged.")


def seen_by_rules(frame: ui.Frame) -> Seen:
    """All deals and companies; read when a tab needs them."""
    maturity_days = frame.icp.data["calibration"]["maturity_days"]
    seen: Seen = ui.read(
        frame, read_seen, maturity_days=maturity_days, cache_dir=frame.settings.data_dir / "cache"
    )
    return seen


def show_alert(frame: ui.Frame, alert: dict[str, Any]) -> None:
    """One alert, with what can be done about it while it is open."""
    number = int(alert["alert_id"])
    over = ui.blank(alert["closed_at"])
    with st.container(border=True):
        st.markdown(f"**{ui.plain(str(alert['rule']))}**: {ui.plain(str(alert['sentence']))}")
        told = f"Opened {ui.age(alert['opened_at'], frame.now)}; {int(alert['told'])} told, {int(alert['waiting'])} waiting."
        if trouble := ui.blank(alert["trouble"]):
            told += f" Not delivered: {trouble}"
        if by := ui.blank(alert["acknowledged_by"]):
            told += f" Seen by {by}."
        st.caption(ui.plain(told + (f" Over since {ui.day(over)}." if over else "")))
        if over:
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            if frame.may("ops"):
                st.button("I have seen it", key=f"seen_{number}", on_click=settle, args=(frame, number, 0),
                          disabled=bool(ui.blank(alert["acknowledged_by"])))  # fmt: skip
                st.button(f"Quiet for {SNOOZE_DAYS} days", key=f"quiet_{number}", on_click=settle,
                          args=(frame, number, SNOOZE_DAYS))  # fmt: skip
            st.page_link("pages/8_Alerts.py", label="Link", icon=":material/link:", query_params={"alert": str(number)},
                         help="This alert alone, under an address of its own")  # fmt: skip


def show_alerts(frame: ui.Frame, rows: pd.DataFrame, on: int) -> None:
    """The alert that the address names; else all, open ones first."""
    place = ui.named("alert", rows["alert_id"].tolist(), "alert among the newest:")
    if place is not None:
        show_alert(frame, {str(name): rows[name].tolist()[place] for name in rows})
        st.page_link("pages/8_Alerts.py", label="All alerts", icon=":material/arrow_back:")
        return
    if ui.lets(frame, "ops", "Checking and acknowledging"):
        st.button("Check now", icon=":material/notifications:", on_click=check_now, args=(frame,), key="check_now")  # fmt: skip
    standing = rows[rows["closed_at"].isna()]
    st.markdown(
        f"#### {ui.many(len(standing), 'alert is', 'alerts are')} open"
        if len(standing)
        else "#### No alert is open"
    )
    st.caption(f"{on:,} rules are on; the scheduled run looks at them every hour, or press the button.")
    for alert in standing.head(20).to_dict("records"):
        show_alert(frame, {str(name): value for name, value in alert.items()})
    past = rows[rows["closed_at"].notna()]
    if len(past):
        st.dataframe(
            past[["rule", "subject", "sentence", "opened_at", "closed_at"]], hide_index=True, alt="Alerts that are over",
            key="past_alerts", selection_mode="single-row", on_select=partial(ui.open_row, "alert", "past_alerts", past["alert_id"].tolist()),
            column_config={"rule": "Rule", "subject": "About", "sentence": st.column_config.TextColumn("What", width="large"),
                           "opened_at": ui.time_column(frame, "Opened"), "closed_at": ui.time_column(frame, "Closed")},
        )  # fmt: skip


with ui.page("Alerts") as frame:
    leave_by_link(frame)
    feed, ruled, weekly, scheduled = st.tabs(
        ["Alerts", "Rules", "Digest", "Schedule"], key="tab", on_change="rerun", bind="query-params"
    )
    newest = partial(alerts.read_alerts, limit=200)
    rows, changed, _ = ui.read_all(frame, newest, alerts.read_rule_changes, read_steps)
    rules = with_changes(read_alert_rules(frame.settings.config_dir), changed)
    if feed.open:
        with feed:
            show_alerts(frame, rows, sum(rule.active for rule in rules))
    if ruled.open:  # every rule is replayed
        with ruled:
            show_rules(
                frame,
                rules,
                {name for name, entry in changed.items() if entry is not None},
                seen_by_rules(frame),
            )
    if weekly.open:  # the win report behind it takes a while
        with weekly:
            show_digest(frame, seen_by_rules(frame).deals)
    if scheduled.open:
        with scheduled:
            show_schedule(frame)
