"""Keys of programs that use the API; of the secret part only a hash."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from turso_db import Database, Statement


def insert_key(*, key_id: str, name: str, sha256: str, now: datetime, actor: str) -> Statement:
    """The statement that keeps a new key; a name that a standing key has already is a Conflict."""
    return Statement(
        "INSERT INTO api_keys (key_id, name, sha256, created_at, created_by) VALUES (?, ?, ?, ?, ?)",
        (key_id, name, sha256, now, actor),
    )


def mark_revoked(*, key_id: str, now: datetime, actor: str) -> Statement:
    """The statement that revokes a key; one that is revoked already stays as it is."""
    return Statement(
        "UPDATE api_keys SET revoked_at = ?, revoked_by = ? WHERE key_id = ? AND revoked_at IS NULL",
        (now, actor, key_id),
    )


def read_key(db: Database, *, key_id: str) -> dict[str, Any] | None:
    """name and sha256 of a key that stands, or None."""
    rows = db.rows("SELECT name, sha256 FROM api_keys WHERE key_id = ? AND revoked_at IS NULL", (key_id,))
    return rows[0] if rows else None


def read_keys(db: Database) -> list[dict[str, Any]]:
    """All keys, the newest last: key_id, name, created_at, created_by, revoked_at, revoked_by (None while it stands)."""
    return db.rows(
        "SELECT key_id, name, created_at, created_by, revoked_at, revoked_by FROM api_keys ORDER BY created_at, key_id"
    )


def is_any(db: Database) -> bool:
    """Whether there is a key that stands."""
    return bool(db.rows("SELECT 1 AS found FROM api_keys WHERE revoked_at IS NULL LIMIT 1"))
