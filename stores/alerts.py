"""Alerts as stored changes of state, and the messages about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from turso_db import Database, Many, Statement


def insert_alert(*, rule: str, subject: str, sentence: str, day: date, now: datetime) -> Statement:
    """The statement that opens an alert; one that is open already stays as it is."""
    return Statement(
        "INSERT INTO alerts (rule, subject, sentence, opened_on, opened_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (rule, subject, sentence, day, now),
    )


def insert_messages(*, rule: str, subject: str, recipients: Sequence[str], now: datetime) -> Many:
    """The statement that puts one message per person beside the open alert; a known one stays as it is."""
    return Many(
        "INSERT INTO alert_messages (alert_id, recipient, next_at) SELECT alert_id, ?, ? FROM alerts "
        "WHERE rule = ? AND subject = ? AND closed_at IS NULL ON CONFLICT DO NOTHING",
        [(recipient, now, rule, subject) for recipient in recipients],
    )


def close_alerts(*, rule: str, subjects: Sequence[str], now: datetime) -> Many:
    """The statement that closes open alerts of a rule."""
    return Many(
        "UPDATE alerts SET closed_at = ? WHERE rule = ? AND subject = ? AND closed_at IS NULL",
        [(now, rule, subject) for subject in subjects],
    )


def read_states(db: Database, *, rule: str) -> list[dict[str, Any]]:
    """Per subject of a rule its newest alert: subject, opened_on, closed_at (None while open)."""
    return db.rows(
        "SELECT subject, opened_on, closed_at FROM alerts WHERE alert_id IN "
        "(SELECT max(alert_id) FROM alerts WHERE rule = ? GROUP BY subject)",
        (rule,),
    )


def read_due(db: Database, *, now: datetime, limit: int = 100) -> list[dict[str, Any]]:
    """Messages to send now, the oldest first: message_id, recipient, attempts, rule, subject, sentence, opened_on.

    A snoozed alert waits; an acknowledged one needs no message any more.
    """
    return db.rows(
        "SELECT m.message_id, m.recipient, m.attempts, a.rule, a.subject, a.sentence, a.opened_on FROM alert_messages m "
        "JOIN alerts a ON a.alert_id = m.alert_id WHERE m.sent_at IS NULL AND m.next_at <= ? AND a.acknowledged_at IS NULL "
        "AND (a.snoozed_until IS NULL OR a.snoozed_until <= ?) ORDER BY m.message_id LIMIT ?",
        (now, now, limit),
    )


def acknowledge(*, alert_id: int, now: datetime, actor: str) -> Statement:
    """The statement that says a person has seen the alert."""
    return Statement(
        "UPDATE alerts SET acknowledged_at = ?, acknowledged_by = ? WHERE alert_id = ? AND acknowledged_at IS NULL",
        (now, actor, alert_id),
    )


def snooze(*, alert_id: int, until: datetime) -> Statement:
    """The statement that keeps messages about the alert back until then."""
    return Statement("UPDATE alerts SET snoozed_until = ? WHERE alert_id = ?", (until, alert_id))


def read_alerts(db: Database, *, limit: int = 200) -> pd.DataFrame:
    """Open alerts first, then the newest: alert_id, rule, subject, sentence, opened_at, closed_at, acknowledged_by,
    snoozed_until, told (messages sent), waiting (not yet sent), trouble (of the newest failure).
    """
    return db.frame(
        "SELECT a.alert_id, a.rule, a.subject, a.sentence, a.opened_at, a.closed_at, a.acknowledged_by, a.snoozed_until, "
        "(SELECT count(*) FROM alert_messages m WHERE m.alert_id = a.alert_id AND m.sent_at IS NOT NULL) AS told, "
        "(SELECT count(*) FROM alert_messages m WHERE m.alert_id = a.alert_id AND m.sent_at IS NULL) AS waiting, "
        "(SELECT max(trouble) FROM alert_messages m WHERE m.alert_id = a.alert_id) AS trouble "
        "FROM alerts a ORDER BY a.closed_at IS NOT NULL, a.alert_id DESC LIMIT ?",
        (limit,),
    )


def read_health(db: Database) -> dict[str, Any]:
    """newest (kind → time of the newest import or sync of deals and outcomes that went well, where there was any),
    failed_kinds (whose newest attempt failed), failed_steps ((step, why) of the schedule), open_issues.
    """
    newest, issues, failed, steps = db.read(
        [
            Statement(
                "SELECT kind, max(finished_at) AS at FROM sync_runs WHERE status = 'done' AND kind IN ('deals', 'outcomes') "
                "GROUP BY kind ORDER BY kind"
            ),
            Statement("SELECT count(*) AS n FROM deal_issues WHERE resolved_at IS NULL"),
            Statement(
                "SELECT kind FROM sync_runs WHERE run_id IN (SELECT max(run_id) FROM sync_runs GROUP BY kind) "
                "AND status IN ('failed', 'interrupted') ORDER BY kind"
            ),
            Statement("SELECT step, sentence FROM schedule_steps WHERE status = 'failed' ORDER BY step"),
        ]
    )
    return {
        "newest": {str(row["kind"]): str(row["at"]) for row in newest},
        "open_issues": int(issues[0]["n"]),
        "failed_kinds": [str(row["kind"]) for row in failed],
        "failed_steps": [(str(row["step"]), str(row["sentence"])) for row in steps],
    }


def insert_rule_change(*, name: str, entry: dict[str, Any] | None, now: datetime, actor: str) -> Statement:
    """The statement that keeps a rule as a person left it; None: as in the file again."""
    return Statement(
        "INSERT INTO alert_rule_changes (name, rule, changed_at, changed_by) VALUES (?, ?, ?, ?)",
        (name, None if entry is None else json.dumps(entry), now, actor),
    )


def read_rule_changes(db: Database) -> dict[str, dict[str, Any] | None]:
    """Name → the rule as a person left it last, or None where the file's own stands again."""
    rows = db.rows(
        "SELECT name, rule FROM alert_rule_changes WHERE change_id IN "
        "(SELECT max(change_id) FROM alert_rule_changes GROUP BY name) ORDER BY name"
    )
    return {str(row["name"]): None if row["rule"] is None else json.loads(row["rule"]) for row in rows}
