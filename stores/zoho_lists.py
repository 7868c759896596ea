"""What was read of Zoho, site by site, for lists that are drawn from it."""

from __future__ import annotations

from turso_db import Database


def read_sites(db: Database, *, after: str, limit: int) -> list[str]:
    """The next sites after the given one that have a record which Zoho still shows, in order."""
    rows = db.rows(
        "SELECT DISTINCT site FROM zoho_records WHERE site > ? AND deleted_at IS NULL ORDER BY site LIMIT ?",
        (after, limit),
    )
    return [str(row["site"]) for row in rows]


def read_last_sync(db: Database) -> str | None:
    """When the last sync of outcomes that came to its end ended, ISO in UTC; None before the first."""
    newest = db.rows(
        "SELECT max(finished_at) AS at FROM sync_runs WHERE kind = 'outcomes' AND status = 'done'"
    )[0]["at"]
    return str(newest) if newest else None
