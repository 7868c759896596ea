"""One row per attempt to bring outcomes in: from Zoho or from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

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


def start_run(db: Database, *, kind: str, mode: str, now: datetime, actor: str) -> int:
    """The number of the run that starts now. Runs of Zoho that were left running are noted as interrupted: whoever
    calls this holds the lease, so nobody runs them any more.
    """
    written = db.write(
        [
            Statement(
                "UPDATE sync_runs SET status = 'interrupted', finished_at = ?, note = "
                "'The process ended in the middle of this run. The next one went on from there.' "
                "WHERE status = 'running'",
                (now,),
            ),
            Statement(
                "INSERT INTO sync_runs (kind, mode, status, started_at, started_by, heartbeat_at) "
                "VALUES (?, ?, 'running', ?, ?, ?) RETURNING run_id",
                (kind, mode, now, actor, now),
            ),
        ]
    )
    return int(written[1].rows[0]["run_id"])


def note_progress(db: Database, *, run_id: int, counts: Mapping[str, int], now: datetime) -> None:
    """Nothing; the run is alive and came so far: read, calls and credits."""
    db.write(
        [
            Statement(
                "UPDATE sync_runs SET heartbeat_at = ?, read = ?, calls = ?, credits = ? "
                "WHERE run_id = ? AND status = 'running'",
                (now, counts.get("read", 0), counts.get("calls", 0), counts.get("credits", 0), run_id),
            )
        ],
        bump=False,
    )


def finish_run(
    *,
    run_id: int,
    status: str,
    counts: Mapping[str, int],
    errors: Sequence[str],
    now: datetime,
    window: tuple[str | None, str | None] = (None, None),
    note: str | None = None,
) -> Statement:
    """The statement that ends a run as done, failed or interrupted."""
    names = (*COUNTS, "calls", "credits")
    return Statement(
        f"UPDATE sync_runs SET status = ?, finished_at = ?, heartbeat_at = ?, {', '.join(f'{n} = ?' for n in names)}, "  # noqa: S608
        "errors = ?, window_from = ?, window_to = ?, note = ? WHERE run_id = ?",
        (
            status,
            now,
            now,
            *(counts.get(n, 0) for n in names),
            json.dumps(list(errors)),
            *window,
            note,
            run_id,
        ),
    )


def read_sync_runs(db: Database, *, kind: str | None = None, limit: int = 50) -> pd.DataFrame:
    """The newest attempts first, with status, counts and errors (JSON array of sentences)."""
    return db.frame(
        "SELECT run_id, kind, mode, status, started_at, started_by, heartbeat_at, finished_at, window_from, window_to, read, matched, review, unmatched, "
        "updated, calls, credits, errors, note FROM sync_runs WHERE ? IS NULL OR kind = ? ORDER BY run_id DESC LIMIT ?",
        (kind, kind, limit),
    )


def read_running(db: Database) -> dict[str, Any] | None:
    """The newest run that has not ended, with kind, started_at, heartbeat_at, read, calls and credits; None with none."""
    rows = db.rows(
        "SELECT kind, status, started_at, heartbeat_at, read, calls, credits FROM sync_runs WHERE status = 'running' "
        "ORDER BY run_id DESC LIMIT 1"
    )
    return rows[0] if rows else None
