"""Every state of config/icp.yaml that was ever in force, in order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Statement


def read_active_version(db: Database) -> dict[str, Any] | None:
    """The newest version with its full text (version, kind, icp_yaml, sha256, ...), or None in a new
    database.
    """
    rows = db.rows("SELECT * FROM weight_versions ORDER BY version DESC LIMIT 1")
    return rows[0] if rows else None


def read_version(db: Database, *, version: int) -> dict[str, Any] | None:
    """One version with its full text, or None."""
    rows = db.rows("SELECT * FROM weight_versions WHERE version = ?", (version,))
    return rows[0] if rows else None


def is_known_text(db: Database, *, sha256: str) -> bool:
    """Whether a configuration with this hash was in force at some time."""
    return bool(db.rows("SELECT 1 AS known FROM weight_versions WHERE sha256 = ? LIMIT 1", (sha256,)))


def read_texts(db: Database, *, limit: int) -> list[dict[str, Any]]:
    """The newest versions with their texts, newest first: version, icp_yaml, created_at."""
    return db.rows(
        "SELECT version, icp_yaml, created_at FROM weight_versions ORDER BY version DESC LIMIT ?", (limit,)
    )


def read_versions(db: Database) -> pd.DataFrame:
    """One row per version, newest first: version, kind, actor, reason, run_id, rolled_back_to, changes,
    created_at.
    """
    return db.frame(
        "SELECT version, kind, actor, reason, run_id, rolled_back_to, changes, created_at, sha256 "
        "FROM weight_versions ORDER BY version DESC"
    )


def insert_version(
    *,
    version: int,
    kind: str,
    icp_yaml: str,
    sha256: str,
    actor: str,
    reason: str,
    now: datetime,
    run_id: int | None = None,
    rolled_back_to: int | None = None,
    changes: Sequence[dict[str, Any]] = (),
) -> Statement:
    """The statement that records a version under its number; two at once conflict on that number."""
    return Statement(
        "INSERT INTO weight_versions (version, kind, icp_yaml, sha256, actor, reason, run_id, rolled_back_to, "
        "changes, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            version,
            kind,
            icp_yaml,
            sha256,
            actor,
            reason,
            run_id,
            rolled_back_to,
            json.dumps(list(changes)),
            now,
        ),
    )


def told(version: Mapping[str, Any], *, most: int = 5) -> str:
    """What a version changed, in words: `sic_code 8062 from 100 to 40`; at most `most` values by name."""
    changes = json.loads(version["changes"])
    named = [
        f"{c['dimension']} {c['value']} from {_score(c['before'])} to {_score(c['after'])}"
        for c in changes[:most]
    ]
    if len(changes) > most:
        named.append(f"{len(changes) - most} more")
    return ", ".join(named) or "something other than scores"


def _score(score: int | None) -> str:
    return "none" if score is None else str(score)
