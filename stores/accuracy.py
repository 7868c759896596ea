"""What scores promised beside what came of it: one frame of exported leads, one of scored deals."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from stores.outcomes import BATCH_DAY
from turso_db import Database


def read_scored_leads(db: Database) -> pd.DataFrame:
    """One row per company of a closed batch, oldest first.

    Columns: batch_id, company_name, workflow_type, weight_version (Int64), score (Int64, missing for leads taken by
    chance), sic_code, state, segment, employee_count (Int64), exported_on, delivered_on (datetime64, missing while
    open), points (the score before any factor and rounding, missing where unknown), and a column `<component>_score`
    (0–100) per part of the score that any lead has.
    """
    frame = db.frame(
        "SELECT l.batch_id, l.company_name, l.workflow_type, l.weight_version, l.hades_score AS score, l.sic_code, l.state, "  # noqa: S608 - our own text
        f"l.segment, l.employee_count, {BATCH_DAY} AS exported_on, substr(c.delivery_at, 1, 10) AS delivered_on, "
        "l.source_features FROM company_outcomes c JOIN lead_outcomes l ON l.id = c.lead_id "
        "JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' ORDER BY c.exported_at, l.id"
    )
    kept = [_parts(json.loads(text)) for text in frame.pop("source_features")]
    parts = pd.DataFrame(kept, index=frame.index, columns=None if kept else ["points"])
    parts = parts.apply(pd.to_numeric, errors="coerce")
    for column in ("exported_on", "delivered_on"):
        frame[column] = pd.to_datetime(frame[column], format="ISO8601", errors="coerce")
    for column in ("weight_version", "score", "employee_count"):
        frame[column] = pd.to_numeric(frame[column]).astype("Int64")
    together: pd.DataFrame = pd.concat([frame, parts.astype("float64")], axis=1)
    return together


def count_at_most(db: Database) -> dict[str, int]:
    """How many leads and deals there can be to judge, from the newest numbers given: `leads`, `deals`. Costs nothing."""
    newest = "SELECT coalesce((SELECT max(id) FROM lead_outcomes), 0) AS leads, coalesce((SELECT max(id) FROM deals), 0) AS deals"
    (row,) = db.rows(newest)
    return {name: int(number) for name, number in row.items()}


def _parts(features: dict[str, Any]) -> dict[str, Any]:
    """What each part scored, and the sum of their points."""
    parts = {
        name: value for name, value in features.items() if name.endswith("_score") and name != "intent_score"
    }
    points = [
        v
        for name, v in features.items()
        if name.endswith("_points") and name != "factor_points" and v is not None
    ]
    return parts | {"points": sum(points) if points else None}
