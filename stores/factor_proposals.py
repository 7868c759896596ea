"""Factors that one person proposed and another has to decide on. The audit keeps each proposal and what became of it."""

from __future__ import annotations

import json
from typing import Any

from turso_db import Database

PROPOSE, CLOSE = "propose factor", "close factor"


def read_open(db: Database) -> dict[str, Any] | None:
    """The newest proposal that nobody decided on: id, at, proposed_by, changes (dimension, value, before, after), reason,
    evidence, base_version. It stands while the version that it was made on is in force: with the next one it is settled or
    out of date."""
    rows = db.rows(  # CASE: the detail of other acts need not be JSON that the database can read
        "SELECT p.id, p.at, p.actor AS proposed_by, p.detail FROM audit p WHERE p.action = ? "
        "AND CASE WHEN p.action = ? THEN json_extract(p.detail, '$.base_version') END = (SELECT max(version) FROM weight_versions) "
        "AND NOT EXISTS (SELECT 1 FROM audit c WHERE c.action = ? AND c.id > p.id "
        "AND CASE WHEN c.action = ? THEN json_extract(c.detail, '$.proposal') END = p.id) ORDER BY p.id DESC LIMIT 1",
        (PROPOSE, PROPOSE, CLOSE, CLOSE),
    )
    return rows[0] | json.loads(rows[0].pop("detail")) if rows else None
