"""Factors that one person proposed and another has to decide on. The audit keeps each proposal and what became of it."""

from __future__ import annotations

import json
from typing import Any

from turso_db import Database, Statement

PROPOSE, CLOSE = "propose factor", "close factor"
# What came after proposal p and took it off the table: a newer one in its place, or a decision. CASE: the detail of other
# acts need not be JSON that the database can read.
_SETTLED = (
    "SELECT 1 FROM audit c WHERE c.id > p.id AND (c.action = ? "
    "OR CASE WHEN c.action = ? THEN json_extract(c.detail, '$.proposal') END = p.id)"
)


def read_open(db: Database) -> dict[str, Any] | None:
    """The newest proposal, where nobody decided on it: id, at, proposed_by, changes (dimension, value, before, after), reason,
    evidence, base_version. It stands while the version that it was made on is in force: with the next one it is settled or
    out of date."""
    rows = db.rows(
        "SELECT p.id, p.at, p.actor AS proposed_by, p.detail FROM audit p WHERE p.action = ? "  # noqa: S608 - our own text
        "AND CASE WHEN p.action = ? THEN json_extract(p.detail, '$.base_version') END = (SELECT max(version) FROM weight_versions) "
        f"AND NOT EXISTS ({_SETTLED}) ORDER BY p.id DESC LIMIT 1",
        (PROPOSE, PROPOSE, PROPOSE, CLOSE),
    )
    return rows[0] | json.loads(rows[0].pop("detail")) if rows else None


def refuse_settled(*, proposal: int) -> Statement:
    """The statement that breaks its write with a Conflict where this proposal was replaced, refused or withdrawn: the
    entry that it would then add has no time, which the audit does not take."""
    return Statement(
        "INSERT INTO audit (at, actor, role, action, subject) SELECT NULL, p.actor, p.role, p.action, p.subject "  # noqa: S608 - our own text
        f"FROM audit p WHERE p.id = ? AND EXISTS ({_SETTLED})",
        (proposal, PROPOSE, CLOSE),
    )
