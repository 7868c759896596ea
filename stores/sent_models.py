"""Models of leads that programs send, by kind, with their evidence, and who chose what scores a kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Statement

FIELDS = (
    "kind", "created_at", "created_by", "status", "why", "watermark", "cut_off", "leads", "successes", "fields",
    "data_sha256", "code_version", "seed", "coefficients", "model_sha256",
)  # fmt: skip
_NEWEST = "SELECT max(version) FROM sent_models GROUP BY kind"


def insert_model(*, stamp: Mapping[str, Any], report: Mapping[str, Any]) -> Statement:
    """The statement that keeps a training and gives back its version. A missing entry of the stamp is a KeyError."""
    return Statement(
        f"INSERT INTO sent_models ({', '.join(FIELDS)}, report) "  # noqa: S608 - names are our own
        f"VALUES ({', '.join('?' for _ in FIELDS)}, ?) RETURNING version",
        (*(stamp[field] for field in FIELDS), json.dumps(report, allow_nan=False)),
    )


def read_model(db: Database, *, version: int) -> dict[str, Any] | None:
    """One training with `report` parsed and `coefficients` as text (None without a model), or None."""
    rows = db.rows("SELECT * FROM sent_models WHERE version = ?", (version,))
    return _parsed(rows[0]) if rows else None


def read_latest(db: Database) -> dict[str, dict[str, Any]]:
    """kind → its newest training, as `read_model` gives it; kinds without any are absent."""
    rows = db.rows(f"SELECT * FROM sent_models WHERE version IN ({_NEWEST}) ORDER BY kind")  # noqa: S608
    return {str(row["kind"]): _parsed(row) for row in rows}


def read_trainings(db: Database, *, limit: int = 50) -> pd.DataFrame:
    """The newest trainings first: version, kind, created_at, created_by, status, leads, successes, why."""
    return db.frame(
        "SELECT version, kind, created_at, created_by, status, leads, successes, why FROM sent_models "
        "ORDER BY version DESC LIMIT ?",
        (limit,),
    )


def read_known(db: Database, *, kind: str) -> dict[str, int]:
    """leads with an outcome of this kind, newest (the newest feedback of them; 0 without any), and new: those whose outcome
    came since the last training."""
    row = db.rows(
        "SELECT count(*) AS leads, coalesce(max(feedback_id), 0) AS newest, coalesce(sum(feedback_id > (SELECT "
        "coalesce(max(watermark), 0) FROM sent_models WHERE kind = ?)), 0) AS new FROM scored_leads "
        "WHERE kind = ? AND feedback_id IS NOT NULL",
        (kind, kind),
    )[0]
    return {name: int(number) for name, number in row.items()}


def read_new(db: Database) -> dict[str, int]:
    """kind → leads whose outcome came since its last training; kinds without one are absent."""
    rows = db.rows(
        "SELECT s.kind, count(*) AS new FROM scored_leads s WHERE s.feedback_id > (SELECT coalesce(max(m.watermark), 0) "
        "FROM sent_models m WHERE m.kind = s.kind) GROUP BY s.kind"
    )
    return {str(row["kind"]): int(row["new"]) for row in rows}


def read_in_force(db: Database) -> dict[str, dict[str, Any]]:
    """kind → version, coefficients, cut_off, report, number, chosen_by, chosen_at, of the kinds that a model scores."""
    rows = db.rows(
        "SELECT c.kind, c.version, m.coefficients, m.cut_off, m.report, c.number, c.chosen_by, c.chosen_at "
        "FROM sent_model_in_force c JOIN sent_models m ON m.version = c.version"
    )
    return {str(row["kind"]): _parsed(row) for row in rows}


def read_choices(db: Database, *, limit: int = 200) -> pd.DataFrame:
    """Who chose what scores a kind, newest first: kind, number, version (missing: the base rate), chosen_by, chosen_at,
    reason."""
    frame = db.frame(
        "SELECT kind, number, version, chosen_by, chosen_at, reason FROM sent_model_choices ORDER BY choice_id DESC LIMIT ?",
        (limit,),
    )
    return frame.assign(version=pd.to_numeric(frame["version"]).astype("Int64"))


def next_choice(db: Database, *, kind: str) -> int:
    """The number that the next choice for this kind takes."""
    rows = db.rows(
        "SELECT coalesce(max(number), 0) + 1 AS number FROM sent_model_choices WHERE kind = ?", (kind,)
    )
    return int(rows[0]["number"])


def insert_choice(
    *, kind: str, number: int, version: int | None, actor: str, now: datetime, reason: str
) -> Statement:
    """The statement that says what scores a kind from now on; two at once conflict on the number (1, 2, … per kind)."""
    return Statement(
        "INSERT INTO sent_model_choices (kind, number, version, chosen_by, chosen_at, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, number, version, actor, now, reason),
    )


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"report": json.loads(row["report"])}
