"""Alerts: rules looked at, changes of state stored, messages delivered from the table at least once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from actors import Actor, require
from analytics.alert_rules import (
    DATA_QUALITY,
    FAILED_SYNC,
    STALE_DATA,
    AlertRule,
    Finding,
    changes,
    win_rate_findings,
)
from errors import HadesError
from stores import alerts as store
from stores import deals as deal_store
from stores.audit import audit_entry
from turso_db import Database, Many, Statement

# Recipient, message key, subject line, text; an error of the product says that it was not taken.
Send = Callable[[str, str, str, str], None]
CLAIM_MINUTES = (
    10  # the at-least-once window: after a crash between sending and marking, once more after so long
)
_WAITS_MINUTES = (5, 15, 60, 240)


@dataclass(frozen=True)
class Checked:
    """opened and closed: (rule, subject) of alerts whose state changed."""

    opened: list[tuple[str, str]]
    closed: list[tuple[str, str]]


@dataclass(frozen=True)
class Delivered:
    """sent and failed: how many messages; a failed one is tried again later."""

    sent: int
    failed: int


def check_alerts(
    db: Database, *, rules: Sequence[AlertRule], today: date, now: datetime, actor: Actor
) -> Checked:
    """Looks at every rule that is on, opens alerts with their messages, and closes those whose reason is gone.

    Running it again changes nothing.
    """
    require(actor, "ops", "check alerts")
    deals = deal_store.read_deals(db)
    health = store.read_health(db)
    opened, closed = [], []
    for rule in (rule for rule in rules if rule.active):
        found = _findings(rule, deals, health, today, now)
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
    """Sends the messages that are due. Each is claimed, sent, then marked, so that none is lost and one is repeated only
    after a crash between sending and marking, when its claim of ten minutes has run out.
    """
    require(actor, "ops", "deliver alerts")
    sent = failed = 0
    for message in store.read_due(db, now=now):
        claim = store.claim_message(
            message_id=message["message_id"], attempts=message["attempts"], until=now + timedelta(minutes=CLAIM_MINUTES)
        )  # fmt: skip
        if not db.write([claim])[0].rows:
            continue  # somebody else is sending it
        line = f"HADES: {message['rule']}, {message['subject']}"
        try:
            send(message["recipient"], f"alert-{message['message_id']}", line, message["sentence"])
        except HadesError as error:
            wait = _WAITS_MINUTES[min(message["attempts"], len(_WAITS_MINUTES) - 1)]
            db.write(
                [
                    store.mark_trouble(
                        message_id=message["message_id"],
                        trouble=str(error),
                        next_at=now + timedelta(minutes=wait),
                    )
                ]
            )
            failed += 1
            continue
        db.write([store.mark_sent(message_id=message["message_id"], now=now)])
        sent += 1
    return Delivered(sent, failed)


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


def _findings(
    rule: AlertRule, deals: pd.DataFrame, health: dict[str, object], today: date, now: datetime
) -> list[Finding]:
    if rule.kind == STALE_DATA:
        seen = health["deals_seen_at"]
        old = seen is not None and now - pd.Timestamp(str(seen)).to_pydatetime() > timedelta(days=rule.days)
        return [Finding("deals", f"No deals have come in for more than {rule.days} days.")] if old else []
    if rule.kind == FAILED_SYNC:
        kinds = health["failed_kinds"]
        assert isinstance(kinds, list)
        return [Finding(kind, f"The newest import or sync of {kind} failed.") for kind in kinds]
    if rule.kind == DATA_QUALITY:
        number = int(str(health["open_issues"]))
        return [Finding("deals", f"{number:,} issues about deals are open.")] if number >= rule.limit else []
    return win_rate_findings(rule, deals, day=today)
