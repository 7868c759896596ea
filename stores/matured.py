"""How many leads are old enough to judge, counted in the database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from stores.outcomes import BATCH_DAY
from turso_db import Database


def read_matured(db: Database, *, today: date, maturity_days: int) -> list[dict[str, Any]]:
    """One row per source ('historical', 'hades') that has leads: source, leads, deliveries, too_young.

    A lead counts, as in a calibration, once it started `maturity_days` before `today` or has no start; void batches are
    left out.
    """
    return db.rows(
        "SELECT source, coalesce(sum(started IS NULL OR started <= ?), 0) AS leads, "  # noqa: S608 - the text is our own
        "coalesce(sum((started IS NULL OR started <= ?) AND delivered <= ?), 0) AS deliveries, "
        "coalesce(sum(started > ? AND started <= ?), 0) AS too_young FROM ("
        f"SELECT 'hades' AS source, {BATCH_DAY} AS started, substr(c.delivery_at, 1, 10) AS delivered "
        "FROM company_outcomes c JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' "
        "UNION ALL SELECT 'historical', substr(deal_created_at, 1, 10), CASE WHEN outcome = 'delivery' "
        "THEN coalesce(substr(delivery_at, 1, 10), substr(deal_created_at, 1, 10), '1970-01-01') END "
        "FROM historical_outcomes) GROUP BY source ORDER BY source",
        (*[today - timedelta(days=maturity_days)] * 2, today, today - timedelta(days=maturity_days), today),
    )
