"""The steps of the schedule: how each stands, and when it last went well."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from turso_db import Database, Statement


def keep_step(*, step: str, status: str, sentence: str, now: datetime) -> Statement:
    """The statement that says how a step ended; only a good end moves the time of the last good one."""
    good = now if status == "done" else None
    return Statement(
        "INSERT INTO schedule_steps (step, status, ran_at, last_good_at, sentence) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (step) DO UPDATE SET status = excluded.status, ran_at = excluded.ran_at, "
        "last_good_at = coalesce(excluded.last_good_at, last_good_at), sentence = excluded.sentence",
        (step, status, now, good, sentence[:500]),
    )


def read_steps(db: Database) -> pd.DataFrame:
    """One row per step that ever ran: step, status, ran_at, last_good_at (None where it never went well), sentence."""
    return db.frame(
        "SELECT step, status, ran_at, last_good_at, sentence FROM schedule_steps ORDER BY ran_at, step"
    )
