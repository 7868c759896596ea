"""How far people have come from the demo to their own data, told from what is in the database, and who closed the guide."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from stores.outcomes import HISTORY_STANDS
from turso_db import Database, Statement

_DEMO_BATCHES = "SELECT batch_id FROM batches WHERE json_extract(parameters, '$.demo') IS NOT NULL"
_LAST_ON_DEMO = "(SELECT coalesce(max(last_run), 0) FROM demo_removals)"
_NO_DEMO = "NOT EXISTS (SELECT 1 FROM demo_load)"


def read_progress(db: Database, *, person: str) -> dict[str, Any]:
    """demo (0 or 1: it is in), demo_left (it was removed), own_batches, own_history (companies called before), own_outcomes
    (milestones of own batches), calibrated and approved (on own leads alone), closed (`person` closed the guide).
    """
    row: dict[str, Any] = db.rows(
        "SELECT EXISTS (SELECT 1 FROM demo_load) AS demo, EXISTS (SELECT 1 FROM demo_removals) AS demo_left, "  # noqa: S608
        f"(SELECT count(*) FROM batches WHERE status = 'closed' AND batch_id NOT IN ({_DEMO_BATCHES})) AS own_batches, "
        f"(SELECT count(*) FROM historical_outcomes WHERE source <> 'demo' AND {HISTORY_STANDS}) "
        "AS own_history, (SELECT count(*) FROM standing_milestones "
        f"WHERE source <> 'demo' AND batch_id NOT IN ({_DEMO_BATCHES})) AS own_outcomes, "
        f"{_NO_DEMO} AND EXISTS (SELECT 1 FROM calibration_runs WHERE run_id > {_LAST_ON_DEMO}) AS calibrated, "
        f"{_NO_DEMO} AND EXISTS (SELECT 1 FROM weight_versions WHERE kind = 'approval' AND run_id > {_LAST_ON_DEMO}) "
        "AS approved, EXISTS (SELECT 1 FROM guide_closed WHERE person = ?) AS closed",
        (person,),
    )[0]
    return row


def close_statement(*, person: str, now: datetime) -> Statement:
    """The statement that notes that a person closed the guide; again changes nothing."""
    return Statement(
        "INSERT INTO guide_closed (person, closed_at) VALUES (?, ?) ON CONFLICT (person) DO NOTHING",
        (person, now),
    )


def open_statement(*, person: str) -> Statement:
    """The statement that lets a person see the guide again."""
    return Statement("DELETE FROM guide_closed WHERE person = ?", (person,))
