"""Calibration runs and the proposals made from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Statement

_RUN_FIELDS = (
    "created_at", "created_by", "as_of", "estimator", "population", "weight_version", "icp_sha256",
    "data_sha256", "data_version", "code_version", "seed",
)  # fmt: skip


def record_run(
    db: Database,
    *,
    stamp: Mapping[str, Any],
    overall: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    proof: Mapping[str, Any],
) -> int:
    """The number of the run just kept. `stamp` holds who, when and every hash; a missing one is a
    KeyError.
    """
    written = db.write(
        [
            Statement(
                f"INSERT INTO calibration_runs ({', '.join(_RUN_FIELDS)}, overall, rows, proof) "  # noqa: S608
                f"VALUES ({', '.join('?' for _ in _RUN_FIELDS)}, ?, ?, ?) RETURNING run_id",
                (
                    *(stamp[field] for field in _RUN_FIELDS),
                    json.dumps(overall, allow_nan=False),
                    json.dumps(rows, allow_nan=False),
                    json.dumps(proof, allow_nan=False),
                ),
            )
        ]
    )
    return int(written[0].rows[0]["run_id"])


def read_run(db: Database, *, run_id: int) -> dict[str, Any] | None:
    """One run with `overall`, `rows` and `proof` parsed, `applied_version` (or None) and `superseded_by` (or None).

    A run is superseded by a newer one that asked the same question: same estimator, same population, and not
    of an earlier date.
    """
    found = db.rows(
        "SELECT r.*, (SELECT version FROM proposals p WHERE p.run_id = r.run_id AND p.status = 'applied') "
        "AS applied_version, (SELECT max(n.run_id) FROM calibration_runs n WHERE n.run_id > r.run_id "
        "AND n.estimator = r.estimator AND n.population = r.population AND n.as_of >= r.as_of) AS superseded_by "
        "FROM calibration_runs r WHERE r.run_id = ?",
        (run_id,),
    )
    if not found:
        return None
    return found[0] | {
        "overall": json.loads(found[0]["overall"]),
        "rows": json.loads(found[0]["rows"]),
        "proof": json.loads(found[0]["proof"]),
    }


def read_latest_run(db: Database, *, estimator: str | None = None) -> dict[str, Any] | None:
    """The newest run (of that estimator), as `read_run` gives it, or None when nothing was calibrated yet."""
    newest = db.rows(
        "SELECT max(run_id) AS run_id FROM calibration_runs WHERE ? IS NULL OR estimator = ?",
        (estimator, estimator),
    )[0]["run_id"]
    return None if newest is None else read_run(db, run_id=newest)


def read_runs(db: Database, *, limit: int = 50) -> pd.DataFrame:
    """The newest runs first: run_id, created_at, created_by, as_of, estimator, weight_version, overall
    (JSON).
    """
    return db.frame(
        "SELECT run_id, created_at, created_by, as_of, estimator, population, weight_version, overall "
        "FROM calibration_runs ORDER BY run_id DESC LIMIT ?",
        (limit,),
    )


def insert_applied_proposal(
    *, run_id: int, changes: Sequence[Mapping[str, Any]], reason: str, actor: str, now: datetime, version: int
) -> Statement:
    """The statement that records what was ticked, by whom and why, as applied in `version`; once per run."""
    return Statement(
        "INSERT INTO proposals (run_id, changes, reason, proposed_by, proposed_at, status, decided_by, decided_at, "
        "version) VALUES (?, ?, ?, ?, ?, 'applied', ?, ?, ?)",
        (run_id, json.dumps(list(changes)), reason, actor, now, actor, now, version),
    )
