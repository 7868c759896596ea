"""Messages that wait until the other side takes them: those of alerts and those of digests, in tables of one form."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from turso_db import Statement

Table = Literal["alert_messages", "digest_messages"]


def claim_message(*, table: Table, message_id: int, attempts: int, until: datetime) -> Statement:
    """The statement that takes a message for sending; it gives its row only to the one who was first."""
    return Statement(
        f"UPDATE {table} SET attempts = attempts + 1, next_at = ? WHERE message_id = ? AND attempts = ? "  # noqa: S608
        "AND sent_at IS NULL RETURNING message_id",
        (until, message_id, attempts),
    )


def mark_sent(*, table: Table, message_id: int, now: datetime) -> Statement:
    """The statement that says a message was taken by the other side."""
    return Statement(
        f"UPDATE {table} SET sent_at = ?, trouble = NULL WHERE message_id = ?",  # noqa: S608
        (now, message_id),
    )


def mark_trouble(*, table: Table, message_id: int, trouble: str, next_at: datetime) -> Statement:
    """The statement that says why a message was not taken, and when to try again."""
    return Statement(
        f"UPDATE {table} SET trouble = ?, next_at = ? WHERE message_id = ?",  # noqa: S608
        (trouble[:200], next_at, message_id),
    )
