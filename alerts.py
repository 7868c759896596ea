"""Alerts: rules looked at, changes of state stored, messages delivered from the table at least once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from actors import Actor, require
from analytics.alert_looks import TESTED, AlertRule, Seen
from analytics.alert_rules import (
    DATA_QUALITY,
    FAILED_SYNC,
    STALE_DATA,
    Finding,
    changes,
    findings,
    rule_entry,
    with_changes,
)
from deal_columns import read_deal_columns
from message_delivery import Delivered, deliver_due
from stores import alerts as store
from stores import outcomes
from stores.audit import audit_entry
from turso_db import Database, Many, Statement

# Recipient, message key, subject line, text; an error of the product says that it was not taken.
Send = Callable[[str, str, str, str], None]


@dataclass(frozen=True)
class Checked:
    """opened and closed: (rule, subject) of alerts whose state changed."""

    opened: list[tuple[str, str]]
    closed: list[tuple[str, str]]


def check_alerts(
    db: Database,
    *,
    rules: Sequence[AlertRule],
    today: date,
    now: datetime,
    actor: Actor,
    maturity_days: int = 120,
    told: Mapping[str, Sequence[Finding]] | None = None,
    cache_dir: Path | None = None,
) -> Checked:
    """Looks at every rule that is on, opens alerts with their messages, and closes those whose reason is gone.

    `rules` as the file has them; what people changed on the page stands over them. `told`: kind → what another room
    found (a model that fell behind). `cache_dir`: where the columnar copy of the deals lies. Running it again changes nothing.
    """
    require(actor, "ops", "check alerts")
    seen, health = read_seen(db, maturity_days=maturity_days, cache_dir=cache_dir), store.read_health(db)
    rules = with_changes(rules, store.read_rule_changes(db))
    opened, closed = [], []
    for rule in (rule for rule in rules if rule.active):
        found = _findings(rule, seen, health, told or {}, today, now)
        states = store.read_states(db, rule=rule.name)
        open_now = {
            s["subject"]: date.fromisoformat(s["opened_on"]) for s in states if s["closed_at"] is None
        }
        ended = {s["subject"]: date.fromisoformat(s["closed_at"][:10]) for s in states if s["closed_at"]}
        fresh, gone = changes(rule, found, open_now, ended, today)
        statements: list[Statement | Many] = (
            [store.close_alerts(rule=rule.name, subjects=gone, now=now)] if gone else []
        )
        for finding in fresh:
            statements += [
                store.insert_alert(rule=rule.name, subject=finding.subject, sentence=finding.sentence, day=today, now=now),
                store.insert_messages(rule=rule.name, subject=finding.subject, recipients=rule.tell, now=now),
            ]  # fmt: skip
        if statements:
            db.write(statements)
        opened += [(rule.name, finding.subject) for finding in fresh]
        closed += [(rule.name, subject) for subject in gone]
    return Checked(opened, closed)


def deliver_alerts(db: Database, *, send: Send, now: datetime, actor: Actor) -> Delivered:
    """How many of the messages that are due were taken and how many were not (message_delivery: at least once)."""
    require(actor, "ops", "deliver alerts")

    def tell(message: Mapping[str, Any]) -> None:
        line = f"HADES: {message['rule']}, {message['subject']}"
        send(message["recipient"], f"alert-{message['message_id']}", line, message["sentence"])

    return deliver_due(db, store.read_due(db, now=now), table="alert_messages", send=tell, now=now)


def acknowledge_alert(db: Database, *, alert_id: int, now: datetime, actor: Actor) -> None:
    """Nothing; the alert carries the name of the person who has seen it, and its messages stop."""
    require(actor, "ops", "acknowledge alerts")
    db.write(
        [
            store.acknowledge(alert_id=alert_id, now=now, actor=actor.name),
            audit_entry(now=now, actor=actor, action="acknowledge alert", subject=str(alert_id)),
        ]
    )


def snooze_alert(db: Database, *, alert_id: int, days: int, now: datetime, actor: Actor) -> None:
    """Nothing; messages about the alert wait for so many days."""
    require(actor, "ops", "snooze alerts")
    db.write(
        [
            store.snooze(alert_id=alert_id, until=now + timedelta(days=days)),
            audit_entry(
                now=now, actor=actor, action="snooze alert", subject=str(alert_id), detail={"days": days}
            ),
        ]
    )


def change_rule(db: Database, *, rule: AlertRule, now: datetime, actor: Actor) -> None:
    """Nothing; from now on the rule of this name is as given here, whatever alerts.yaml says. ConfigError where it does
    not fit.
    """
    require(actor, "manager", "change alert rules")
    _keep_change(db, rule.name, rule_entry(rule), now, actor)


def reset_rule(db: Database, *, name: str, now: datetime, actor: Actor) -> None:
    """Nothing; the rule of this name is as in alerts.yaml again, or gone where it never stood there."""
    require(actor, "manager", "change alert rules")
    _keep_change(db, name, None, now, actor)


def read_seen(db: Database, *, maturity_days: int, cache_dir: Path | None = None) -> Seen:
    """What rules look at: all deals, from the columnar copy in `cache_dir`, and all companies of batches that stand."""
    companies = outcomes.read_delivery_days(db)
    for column in ("exported_on", "delivered_on"):
        companies[column] = pd.to_datetime(companies[column], format="ISO8601")
    return Seen(read_deal_columns(db, cache_dir=cache_dir), companies, maturity_days)


def _keep_change(db: Database, name: str, entry: dict[str, Any] | None, now: datetime, actor: Actor) -> None:
    db.write(
        [
            store.insert_rule_change(name=name, entry=entry, now=now, actor=actor.name),
            audit_entry(now=now, actor=actor, action="change alert rule", subject=name, detail=entry),
        ]
    )


def _findings(
    rule: AlertRule,
    seen: Seen,
    health: dict[str, Any],
    told: Mapping[str, Sequence[Finding]],
    today: date,
    now: datetime,
) -> list[Finding]:
    if rule.kind in TESTED:
        return findings(rule, seen, day=today)
    if rule.kind == STALE_DATA:
        old = [
            kind for kind, newest in health["newest"].items()
            if now - pd.Timestamp(newest).to_pydatetime() > timedelta(days=rule.days)
        ]  # fmt: skip
        return [Finding(kind, f"No {kind} have come in for more than {rule.days} days.") for kind in old]
    if rule.kind == FAILED_SYNC:
        syncs = [
            Finding(kind, f"The newest import or sync of {kind} failed.") for kind in health["failed_kinds"]
        ]
        steps = [
            Finding(f"step {step}", f"The scheduled step {step} failed: {why}")
            for step, why in health["failed_steps"]
        ]
        return syncs + steps
    if rule.kind == DATA_QUALITY:
        number = int(health["open_issues"])
        return [Finding("deals", f"{number:,} issues about deals are open.")] if number >= rule.limit else []
    return list(told.get(rule.kind, ()))
