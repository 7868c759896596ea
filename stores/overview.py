"""The figures of the front page, in one round trip."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from stores.outcomes import BATCH_DAY, HISTORY_STANDS
from turso_db import Database, Statement

_LEADS = (
    f"SELECT {BATCH_DAY} AS started, substr(c.delivery_at, 1, 10) AS delivered, c.lost_at IS NOT NULL AS lost "  # noqa: S608 - the text is our own
    "FROM company_outcomes c JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' "
    "UNION ALL SELECT substr(deal_created_at, 1, 10), CASE WHEN outcome = 'delivery' "
    "THEN coalesce(substr(delivery_at, 1, 10), '1970-01-01') END, 0 FROM historical_outcomes "
    f"WHERE {HISTORY_STANDS}"
)


def read_overview(db: Database, *, today: date, maturity_days: int) -> dict[str, Any]:
    """batches (void, how many of them), leads, matured, matured_deliveries, too_young, young_deliveries, young_lost (said to be lost, and not
    delivered; no_delivery of a young lead called before is nothing final), deliveries_30_days, unmatched, reviews, last_batch, last_sync,
    failed_syncs, operators, last_run (run_id, created_at, leads then matured, rows that say move) or None.

    A lead is matured when it started at least `maturity_days` before `today`, or has no start date.
    """
    born = today - timedelta(days=maturity_days)
    counts, batch, sync, run = db.read(
        [
            Statement(
                "SELECT count(*) AS leads, "  # noqa: S608 - the text is our own
                "coalesce(sum(started IS NULL OR started <= ?), 0) AS matured, "
                "coalesce(sum((started IS NULL OR started <= ?) AND delivered IS NOT NULL), 0) AS matured_deliveries, "
                "coalesce(sum(started > ?), 0) AS too_young, "
                "coalesce(sum(started > ? AND delivered IS NOT NULL), 0) AS young_deliveries, "
                "coalesce(sum(started > ? AND delivered IS NULL AND lost), 0) AS young_lost, "
                "coalesce(sum(delivered > ?), 0) AS deliveries_30_days "
                f"FROM ({_LEADS})",
                (born, born, born, born, born, today - timedelta(days=30)),
            ),
            Statement(
                "SELECT (SELECT count(*) FROM batches) AS batches, (SELECT count(*) FROM batches WHERE status = 'void') AS void, "
                "(SELECT max(exported_at) FROM batches) AS last_batch, "
                "(SELECT count(*) FROM operators WHERE active = 1) AS operators, "
                "(SELECT count(*) FROM unmatched_work WHERE state IN ('open', 'assigned')) AS unmatched, "
                "(SELECT count(*) FROM zoho_sites WHERE status = 'review') AS reviews"
            ),
            Statement(
                "SELECT max(CASE WHEN status = 'done' THEN finished_at END) AS last_sync, "
                "coalesce(sum(status = 'failed' AND run_id > coalesce((SELECT max(d.run_id) FROM sync_runs d "
                "WHERE d.status = 'done' AND d.kind = s.kind), 0)), 0) AS failed_syncs FROM sync_runs s"
            ),
            Statement(
                "SELECT r.run_id, r.created_at, json_extract(r.overall, '$.leads') AS leads, r.weight_version, "
                "(SELECT count(*) FROM json_each(r.rows) j WHERE json_extract(j.value, '$.verdict') = 'move' "
                "AND json_extract(j.value, '$.candidate') = 0) AS moves, "
                "EXISTS (SELECT 1 FROM proposals p WHERE p.run_id = r.run_id AND p.status = 'applied') AS applied "
                "FROM calibration_runs r WHERE r.run_id > (SELECT coalesce(max(last_run), 0) FROM demo_removals) "
                "ORDER BY r.run_id DESC LIMIT 1"
            ),
        ]
    )
    return counts[0] | batch[0] | sync[0] | {"last_run": run[0] if run else None}
