"""Who did what, when. Acts put `audit_entry` into the same write as the change it tells of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from actors import Actor
from turso_db import Database, Statement


def audit_entry(
    *, now: datetime, actor: Actor, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> Statement:
    """The statement that records one act. `detail` holds figures and identifiers, never contacts or
    secrets.
    """
    return Statement(
        "INSERT INTO audit (at, actor, role, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (
            now,
            actor.name,
            actor.role,
            action,
            subject,
            json.dumps(detail, sort_keys=True) if detail else None,
        ),
    )


def chosen_columns(mapping: Mapping[str, str] | None) -> dict[str, dict[str, str]]:
    """What the entry of an import says of the columns that a person chose (field → header); {} where nobody chose any."""
    return {"columns": dict(mapping)} if mapping else {}


def read_audit(db: Database, *, search: str = "", action: str = "", limit: int = 500) -> pd.DataFrame:
    """The newest acts first: at, actor, role, action, subject, detail (JSON text or missing).

    `search` finds part of a person's name or of the subject; `action` is one action as read_actions gives them; blank
    means any.
    """
    pattern = "%" + search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return db.frame(
        "SELECT at, actor, role, action, subject, detail FROM audit WHERE (actor LIKE ? ESCAPE '\\' OR subject LIKE ? ESCAPE '\\') "
        "AND (? = '' OR action = ?) ORDER BY id DESC LIMIT ?",
        (pattern, pattern, action, action, limit),
    )


def read_actions(db: Database) -> list[str]:
    """Every action that anybody ever did, by name."""
    return [str(row["action"]) for row in db.rows("SELECT DISTINCT action FROM audit ORDER BY action")]
