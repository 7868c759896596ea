"""Proposals made from calibration runs, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from turso_db import Database, Statement

_JSON = ("changes", "accepted", "prediction")


def read_proposal(db: Database, *, proposal_id: int) -> dict[str, Any] | None:
    """One proposal with all its columns, changes, accepted and prediction parsed (the last two may be None), or
    None.
    """
    rows = db.rows("SELECT * FROM proposals WHERE proposal_id = ?", (proposal_id,))
    return _parsed(rows[0]) if rows else None


def read_journal(db: Database, *, limit: int = 200) -> list[dict[str, Any]]:
    """The newest proposals first, as `read_proposal` gives them, whatever became of them."""
    return [
        _parsed(row) for row in db.rows("SELECT * FROM proposals ORDER BY proposal_id DESC LIMIT ?", (limit,))
    ]


def insert_open(
    *,
    run_id: int,
    changes: Sequence[Mapping[str, Any]],
    reason: str,
    actor: str,
    now: datetime,
    base_version: int,
    diff: str,
    prediction: Mapping[str, Any] | None = None,
) -> Statement:
    """The statement that keeps a proposal and gives its proposal_id."""
    return Statement(
        "INSERT INTO proposals (run_id, changes, reason, proposed_by, proposed_at, status, base_version, diff, prediction) "
        "VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?) RETURNING proposal_id",
        (run_id, json.dumps(list(changes)), reason, actor, now, base_version, diff, _text(prediction)),
    )


def insert_applied(
    *,
    run_id: int,
    changes: Sequence[Mapping[str, Any]],
    reason: str,
    actor: str,
    now: datetime,
    version: int,
    diff: str,
    prediction: Mapping[str, Any] | None = None,
) -> Statement:
    """The statement that keeps what one person ticked and put into force as `version`; once per run."""
    told = json.dumps(list(changes))
    return Statement(
        "INSERT INTO proposals (run_id, changes, reason, proposed_by, proposed_at, status, decided_by, decided_at, "
        "version, base_version, diff, accepted, prediction) VALUES (?, ?, ?, ?, ?, 'applied', ?, ?, ?, ?, ?, ?, ?)",
        (run_id, told, reason, actor, now, actor, now, version, version - 1, diff, told, _text(prediction)),
    )


def decide(
    *,
    proposal_id: int,
    status: str,
    actor: str,
    reason: str,
    now: datetime,
    version: int | None = None,
    accepted: Sequence[Mapping[str, Any]] | None = None,
    prediction: Mapping[str, Any] | None = None,
) -> Statement:
    """The statement that decides an open proposal; the write breaks with a Conflict when it is decided already."""
    return Statement(
        # A decided one gets NULL, which the column does not take.
        "UPDATE proposals SET status = CASE status WHEN 'open' THEN ? END, decided_by = ?, decided_at = ?, "
        "decided_because = ?, version = ?, accepted = ?, "
        "prediction = CASE ? WHEN 'applied' THEN ? ELSE prediction END WHERE proposal_id = ?",
        (status, actor, now, reason, version, None if accepted is None else json.dumps(list(accepted)), status, _text(prediction),
         proposal_id),
    )  # fmt: skip


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: None if row[name] is None else json.loads(row[name]) for name in _JSON}


def _text(prediction: Mapping[str, Any] | None) -> str | None:
    return None if prediction is None else json.dumps(prediction, allow_nan=False)
