"""One row per attempt to bring outcomes in: from Zoho or from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from turso_db import Database, Statement

COUNTS = ("read", "matched", "review", "unmatched", "updated")


def insert_finished(
    *,
    kind: str,
    counts: Mapping[str, int],
    errors: Sequence[str],
    now: datetime,
    actor: str,
    note: str | None = None,
) -> Statement:
    """The statement that records an import that was done in one go."""
    return Statement(
        "INSERT INTO sync_runs (kind, status, started_at, started_by, finished_at, read, matched, review, unmatched, "
        "updated, errors, note) VALUES (?, 'done', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (kind, now, actor, now, *(counts.get(name, 0) for name in COUNTS), json.dumps(list(errors)), note),
    )


def read_sync_runs(db: Database, *, kind: str | None = None, limit: int = 50) -> pd.DataFrame:
    """The newest attempts first, with status, counts and errors (JSON array of sentences)."""
    return db.frame(
        "SELECT run_id, kind, mode, status, started_at, started_by, finished_at, read, matched, review, unmatched, "
        "updated, calls, credits, errors, note FROM sync_runs WHERE ? IS NULL OR kind = ? ORDER BY run_id DESC LIMIT ?",
        (kind, kind, limit),
    )
