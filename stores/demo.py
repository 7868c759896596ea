"""The demo world in the database: which one was loaded, what was planted in it, and what is not part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from stores.operators import FIELDS
from turso_db import Database, Many, Statement

_TRUTH_FIELDS = ("dimension", "value", "leads", "rate")


def read_load(db: Database) -> dict[str, Any] | None:
    """The load of the demo world (seed, day, started_at, started_by, finished_at), or None when there was none."""
    rows = db.rows("SELECT seed, day, started_at, started_by, finished_at FROM demo_load")
    return rows[0] if rows else None


def count_foreign(db: Database) -> dict[str, int]:
    """How many rows are not of the demo world: batches, historical_leads, outcomes (milestones and unmatched rows),
    operators.
    """
    row: dict[str, int] = db.rows(
        "SELECT (SELECT count(*) FROM batches WHERE json_extract(parameters, '$.demo') IS NULL) AS batches, "
        "(SELECT count(*) FROM historical_outcomes WHERE source <> 'demo') AS historical_leads, "
        "(SELECT count(*) FROM outcome_milestones WHERE source <> 'demo') "
        "+ (SELECT count(*) FROM unmatched_outcomes WHERE source <> 'demo') AS outcomes, "
        "(SELECT count(*) FROM operators WHERE id NOT IN (SELECT operator_id FROM demo_operators)) AS operators"
    )[0]
    return row


def begin_load(
    *, seed: int, day: date, truth: pd.DataFrame, operators: Sequence[Mapping[str, Any]], now: datetime, since: datetime,
    actor: str,
) -> list[Statement | Many]:  # fmt: skip
    """The statements that begin a load: its row, what is planted, and the operators as they are `since` the first day.

    A second beginning breaks the key of the row, so that nothing of it is kept.
    """
    return [
        Statement(
            "INSERT INTO demo_load (id, seed, day, started_at, started_by) VALUES (1, ?, ?, ?, ?)",
            (seed, day, now, actor),
        ),
        Many(
            f"INSERT INTO demo_truth (place, {', '.join(_TRUTH_FIELDS)}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            [
                (n, *row)
                for n, row in enumerate(truth[list(_TRUTH_FIELDS)].itertuples(index=False, name=None), 1)
            ],
        ),
        Many(
            f"INSERT INTO operators ({', '.join(FIELDS)}, created_at, updated_at) "  # noqa: S608
            f"VALUES ({', '.join('?' for _ in FIELDS)}, ?, ?)",
            [(*(operator.get(field) for field in FIELDS), since, since) for operator in operators],
        ),
        Statement(
            "INSERT INTO demo_operators (operator_id) SELECT id FROM operators WHERE email LIKE '%.example.com' ORDER BY id"
        ),
    ]


def finish_load(*, now: datetime) -> Statement:
    """The statement that says the load is whole."""
    return Statement("UPDATE demo_load SET finished_at = ? WHERE id = 1", (now,))


def read_demo_operators(db: Database) -> list[dict[str, Any]]:
    """The invented operators with all their columns, in the order of the world."""
    return db.rows(
        "SELECT o.* FROM operators o JOIN demo_operators d ON d.operator_id = o.id ORDER BY d.operator_id"
    )


def read_demo_batches(db: Database) -> list[dict[str, Any]]:
    """The batches of the demo world: demo (their place in it), batch_id, status."""
    return db.rows(
        "SELECT json_extract(parameters, '$.demo') AS demo, batch_id, status FROM batches "
        "WHERE json_extract(parameters, '$.demo') IS NOT NULL ORDER BY demo"
    )


def read_deal_files(db: Database) -> set[str]:
    """The names of the files of deals that the demo world brought in."""
    rows = db.rows("SELECT note FROM sync_runs WHERE kind = 'deals' AND started_by = 'Demo import'")
    return {str(row["note"]).partition("\n")[0] for row in rows}


def read_truth(db: Database) -> pd.DataFrame:
    """What was planted: dimension, value, leads, rate (0 to 1), in the order to show; no rows without a demo."""
    return db.frame("SELECT dimension, value, leads, rate FROM demo_truth ORDER BY place")


def count_demo(db: Database) -> dict[str, int]:
    """batches, leads, companies, historical_leads, milestones, unmatched and operators of the demo world."""
    row: dict[str, int] = db.rows(
        "SELECT count(*) AS batches, coalesce(sum(b.exported), 0) AS leads, "
        "(SELECT count(*) FROM company_outcomes c JOIN batches d ON d.batch_id = c.batch_id "
        "AND d.status = 'closed' AND json_extract(d.parameters, '$.demo') IS NOT NULL) AS companies, "
        "(SELECT count(*) FROM historical_outcomes WHERE source = 'demo') AS historical_leads, "
        "(SELECT count(*) FROM outcome_milestones WHERE source = 'demo') AS milestones, "
        "(SELECT count(*) FROM unmatched_outcomes WHERE source = 'demo') AS unmatched, "
        "(SELECT count(*) FROM demo_operators) AS operators "
        "FROM batches b WHERE json_extract(b.parameters, '$.demo') IS NOT NULL"
    )[0]
    return row
