"""Single milestones for a person's hand: one of them, those taken back, and the companies one may belong to."""

from __future__ import annotations

from typing import Any

import pandas as pd

from turso_db import Database


def read_milestone(db: Database, *, milestone_id: int) -> dict[str, Any] | None:
    """One milestone with all its columns, company_name, and standing (0: taken back); None for an unknown id."""
    rows = db.rows(
        "SELECT m.*, (SELECT min(l.company_name) FROM lead_outcomes l WHERE l.batch_id = m.batch_id "
        "AND l.company_key = m.company_key) AS company_name, "
        "NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id) AS standing "
        "FROM outcome_milestones m WHERE m.id = ?",
        (milestone_id,),
    )
    return rows[0] if rows else None


def read_taken_back(db: Database, *, limit: int = 200) -> pd.DataFrame:
    """Milestones that a person took back, the newest first.

    Columns: taken_at, taken_by, reason, milestone, happened_at, company_name, batch_id, source.
    """
    return db.frame(
        "SELECT r.recorded_at AS taken_at, r.recorded_by AS taken_by, r.detail AS reason, m.milestone, m.happened_at, "
        "(SELECT min(l.company_name) FROM lead_outcomes l WHERE l.batch_id = m.batch_id AND l.company_key = m.company_key) "
        "AS company_name, m.batch_id, m.source FROM outcome_milestones r JOIN outcome_milestones m ON m.id = r.retracts "
        "WHERE r.source = 'person' ORDER BY r.id DESC LIMIT ?",
        (limit,),
    )


def free_source_key(db: Database, *, source: str, source_key: str) -> str:
    """A source key for a milestone that this row stands for: its own, or its own with a number when it was used."""
    used = db.rows(
        "SELECT count(*) AS n FROM outcome_milestones WHERE source = ? AND (source_key = ? OR "
        "(source_key >= ? AND source_key < ?))",
        (source, source_key, f"{source_key}#", f"{source_key}$"),
    )[0]["n"]
    return f"{source_key}#{used + 1}" if used else source_key


def first_key(source_key: str) -> str:
    """The key of the row that a milestone's source key was made of."""
    return source_key.partition("#")[0]


def find_companies(db: Database, *, search: str, limit: int = 50) -> pd.DataFrame:
    """Exported companies of closed batches whose name, city, ZIP or batch ID contains `search`, the newest export first.

    Columns: batch_id, company_key, company_name, city, state, zip_code, phone, exported_at, outcome.
    """
    pattern = "%" + search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return db.frame(
        "SELECT l.batch_id, l.company_key, min(l.company_name) AS company_name, min(l.city) AS city, min(l.state) AS state, "
        "min(l.zip_code) AS zip_code, min(l.phone) AS phone, min(l.exported_at) AS exported_at, max(l.outcome) AS outcome "
        "FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id AND b.status = 'closed' "
        "WHERE l.company_name LIKE ? ESCAPE '\\' OR l.city LIKE ? ESCAPE '\\' OR l.zip_code LIKE ? ESCAPE '\\' "
        "OR l.batch_id LIKE ? ESCAPE '\\' GROUP BY l.batch_id, l.company_key "
        "ORDER BY min(l.exported_at) DESC, min(l.id) LIMIT ?",
        (pattern, pattern, pattern, pattern, limit),
    )
