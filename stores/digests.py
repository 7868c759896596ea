"""The weekly digest: what the week brought, as it was written, and who gets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd

from turso_db import Database, Statement


def read_week(db: Database, *, begin: datetime, end: datetime, before: datetime) -> dict[str, Any]:
    """What happened from `begin` to `end` (end excluded), beside the time from `before` to `begin`, in one trip.

    exported, batches; milestones (kind → (week, before)); deals (won, lost, won_before, lost_before); opened, closed (alerts of the week: rule, subject,
    sentence); standing (open alerts); versions (version, kind, actor, reason); waiting: reviews, unmatched, issues,
    proposals; newest (kind → time of the newest good sync); steps (step, status, last_good_at).
    """
    week, both = (begin, end), (begin, before, end)
    answers = db.read([
        Statement("SELECT count(*) AS batches, coalesce(sum(exported), 0) AS exported FROM batches WHERE status = 'closed' "
                  "AND exported_at >= ? AND exported_at < ?", week),
        Statement("SELECT milestone, sum(happened_at >= ?) AS week, count(*) AS n FROM standing_milestones "
                  "WHERE happened_at >= ? AND happened_at < ? GROUP BY milestone ORDER BY milestone", both),
        Statement("SELECT coalesce(sum(outcome = 'won' AND closed_on >= ?), 0) AS won, coalesce(sum(outcome = 'lost' AND closed_on >= ?), 0) "
                  "AS lost, coalesce(sum(outcome = 'won'), 0) AS won_all, coalesce(sum(outcome = 'lost'), 0) AS lost_all FROM deals "
                  "WHERE gone_at IS NULL AND closed_on >= ? AND closed_on < ?", (begin.date(), begin.date(), before.date(), end.date())),
        Statement("SELECT rule, subject, sentence, closed_at FROM alerts WHERE opened_at >= ? AND opened_at < ? ORDER BY alert_id", week),
        Statement("SELECT count(*) AS n FROM alerts WHERE closed_at >= ? AND closed_at < ?", week),
        Statement("SELECT rule, subject, sentence FROM alerts WHERE closed_at IS NULL ORDER BY alert_id DESC LIMIT 10"),
        Statement("SELECT version, kind, actor, reason FROM weight_versions WHERE created_at >= ? AND created_at < ? ORDER BY version", week),
        Statement("SELECT (SELECT count(*) FROM zoho_sites WHERE status = 'review') AS reviews, "
                  "(SELECT count(*) FROM unmatched_outcomes WHERE resolved_at IS NULL) AS unmatched, "
                  "(SELECT count(*) FROM deal_issues WHERE resolved_at IS NULL) AS issues, "
                  "(SELECT count(*) FROM proposals WHERE status = 'open') AS proposals"),
        Statement("SELECT kind, max(finished_at) AS at FROM sync_runs WHERE status = 'done' GROUP BY kind ORDER BY kind"),
        Statement("SELECT step, status, last_good_at FROM schedule_steps ORDER BY step"),
    ])  # fmt: skip
    exports, milestones, deals, opened, closed, standing, versions, waiting, newest, steps = answers
    return {
        **{name: int(value) for name, value in exports[0].items()},
        "milestones": {r["milestone"]: (int(r["week"]), int(r["n"]) - int(r["week"])) for r in milestones},
        "deals": {name: int(value) for name, value in deals[0].items()},
        "opened": opened,
        "closed": int(closed[0]["n"]),
        "standing": standing,
        "versions": versions,
        "waiting": {name: int(value) for name, value in waiting[0].items()},
        "newest": {str(r["kind"]): str(r["at"]) for r in newest},
        "steps": steps,
    }


def insert_digest(*, week: date, body: Mapping[str, Any], now: datetime) -> list[Statement]:
    """The statements that keep the digest of a week, once, and one message per reader who has not unsubscribed."""
    return [
        Statement(
            "INSERT INTO digests (week, made_at, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (week, now, json.dumps(body)),
        ),
        Statement(
            "INSERT INTO digest_messages (week, reader_id, next_at) SELECT ?, reader_id, ? FROM digest_readers "
            "WHERE unsubscribed_at IS NULL ON CONFLICT DO NOTHING",
            (week, now),
        ),
    ]


def add_reader(*, email: str, token: str, now: datetime, actor: str) -> Statement:
    """The statement that adds a reader, or brings one back who unsubscribed; a known one keeps the older link."""
    return Statement(
        "INSERT INTO digest_readers (email, token, added_at, added_by) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (lower(email)) DO UPDATE SET unsubscribed_at = NULL",
        (email, token, now, actor),
    )


def unsubscribe(*, token: str | None, reader_id: int | None, now: datetime) -> Statement:
    """The statement that ends the digest for one reader, found by link or by number; it gives the row where it did."""
    return Statement(
        "UPDATE digest_readers SET unsubscribed_at = ? WHERE unsubscribed_at IS NULL AND (token = ? OR reader_id = ?) "
        "RETURNING reader_id",
        (now, token, reader_id),
    )


def read_readers(db: Database) -> pd.DataFrame:
    """reader_id, email, added_at, added_by, unsubscribed_at, sent (digests taken), trouble (of the newest failure)."""
    return db.frame(
        "SELECT r.reader_id, r.email, r.added_at, r.added_by, r.unsubscribed_at, "
        "(SELECT count(*) FROM digest_messages m WHERE m.reader_id = r.reader_id AND m.sent_at IS NOT NULL) AS sent, "
        "(SELECT max(trouble) FROM digest_messages m WHERE m.reader_id = r.reader_id AND m.sent_at IS NULL) AS trouble "
        "FROM digest_readers r ORDER BY r.unsubscribed_at IS NOT NULL, r.reader_id"
    )


def read_due(db: Database, *, now: datetime, limit: int = 200) -> list[dict[str, Any]]:
    """Messages to send now: message_id, week, reader_id, email, token, attempts, body (parsed)."""
    rows = db.rows(
        "SELECT m.message_id, m.week, m.reader_id, r.email, r.token, m.attempts, d.body FROM digest_messages m "
        "JOIN digest_readers r ON r.reader_id = m.reader_id AND r.unsubscribed_at IS NULL JOIN digests d ON d.week = m.week "
        "WHERE m.sent_at IS NULL AND m.next_at <= ? ORDER BY m.message_id LIMIT ?",
        (now, limit),
    )
    return [row | {"body": json.loads(row["body"])} for row in rows]
