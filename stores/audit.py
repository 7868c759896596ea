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


def read_audit(db: Database, *, limit: int = 200) -> pd.DataFrame:
    """The newest acts first: at, actor, role, action, subject, detail (JSON text or missing)."""
    return db.frame(
        "SELECT at, actor, role, action, subject, detail FROM audit ORDER BY id DESC LIMIT ?", (limit,)
    )
