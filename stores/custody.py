"""The chain of custody from export to outcome: counts of each hop, and the rows that stay behind at one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from turso_db import Database, Statement

# Where a site without a company, or without a batch ID, lost its way. The words are those of zoho_custody.CAUSES.
_CAUSE = (
    "CASE WHEN s.named_batch IS NULL AND EXISTS (SELECT 1 FROM zoho_records r WHERE r.site = s.site AND r.role = 'leads') "
    "THEN 'lost in VanillaSoft' WHEN s.named_batch IS NULL THEN 'not mapped at conversion' "
    "WHEN s.status = 'review' THEN 'in review' "
    "WHEN NOT EXISTS (SELECT 1 FROM batches n WHERE n.batch_id = s.named_batch) THEN 'unknown batch' "
    "ELSE 'typed by hand' END"
)
_OURS = "s.status IN ('matched', 'review', 'unmatched')"
_SITE_HOPS = {
    "without ID": "s.named_batch IS NULL",
    "not matched": "s.named_batch IS NOT NULL AND s.status <> 'matched'",
    "unmatched without ID": "s.named_batch IS NULL AND s.status <> 'matched'",
    "without outcome": "s.status = 'matched' AND s.milestones = 0",
}
HOPS = ("not in Zoho", *_SITE_HOPS)


def read_custody(db: Database) -> dict[str, Any]:
    """What zoho_custody.chain_of_custody counts from, in one round trip.

    exported: companies of closed batches; in_zoho: those that a site in Zoho is; maybe: those that a site in review may
    be and no other is. sites: status, named, outcome, standing, id_lost (0 or 1 each), cause, n; one row per combination
    that occurs. `standing`: matched to a company of a batch that is not void; `id_lost`: its lead has a batch ID and a
    deal of it has none.
    """
    companies, sites = db.read(
        [
            Statement(
                "SELECT count(*) AS exported, coalesce(sum(known), 0) AS in_zoho, "
                "coalesce(sum(maybe AND NOT known), 0) AS maybe FROM (SELECT "
                "EXISTS (SELECT 1 FROM zoho_sites s WHERE s.status = 'matched' AND s.batch_id = c.batch_id "
                "AND s.company_key = c.company_key) AS known, "
                "EXISTS (SELECT 1 FROM zoho_sites s WHERE s.status = 'review' AND s.batch_id = c.batch_id "
                "AND s.company_key = c.company_key) AS maybe "
                "FROM (SELECT DISTINCT l.batch_id, l.company_key FROM lead_outcomes l "
                "JOIN batches b ON b.batch_id = l.batch_id AND b.status = 'closed') c)"
            ),
            Statement(
                f"SELECT status, named, outcome, standing, id_lost, cause, count(*) AS n FROM (SELECT s.status, "  # noqa: S608
                "s.named_batch IS NOT NULL AS named, s.milestones > 0 AS outcome, s.status = 'matched' AND EXISTS "
                "(SELECT 1 FROM batches b WHERE b.batch_id = s.batch_id AND b.status = 'closed') AS standing, "
                "s.site LIKE 'deal:%' AND EXISTS (SELECT 1 FROM zoho_records l WHERE l.site = s.site AND l.role = 'leads' "
                "AND l.batch_id IS NOT NULL) AND EXISTS (SELECT 1 FROM zoho_records d WHERE d.site = s.site "
                "AND d.role = 'deals' AND d.batch_id IS NULL) AS id_lost, "
                f"{_CAUSE} AS cause FROM zoho_sites s WHERE {_OURS}) GROUP BY 1, 2, 3, 4, 5, 6"
            ),
        ]
    )
    return {**companies[0], "sites": pd.DataFrame(sites)}


def read_left_behind(db: Database, *, hop: str, limit: int = 500) -> pd.DataFrame:
    """The rows that stay behind at one of HOPS, the longest waiting first.

    Not in Zoho: batch_id, company_name, city, state, zip_code, exported_at, maybe (1: a site in review may be it).
    Every other: site, company_name, named_batch, status, cause, milestones, created_at, why, exported_name.
    """
    if hop == "not in Zoho":
        return db.frame(
            "SELECT l.batch_id, min(l.company_name) AS company_name, min(l.city) AS city, min(l.state) AS state, "
            "min(l.zip_code) AS zip_code, min(l.exported_at) AS exported_at, EXISTS (SELECT 1 FROM zoho_sites s "
            "WHERE s.status = 'review' AND s.batch_id = l.batch_id AND s.company_key = l.company_key) AS maybe "
            "FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id AND b.status = 'closed' "
            "WHERE NOT EXISTS (SELECT 1 FROM zoho_sites s WHERE s.status = 'matched' AND s.batch_id = l.batch_id "
            "AND s.company_key = l.company_key) GROUP BY l.batch_id, l.company_key "
            "ORDER BY maybe DESC, min(l.exported_at), l.batch_id, min(l.id) LIMIT ?",
            (limit,),
        )
    return db.frame(
        f"SELECT s.site, s.company_name, s.named_batch, s.status, {_CAUSE} AS cause, s.milestones, s.created_at, s.why, "  # noqa: S608
        "(SELECT min(l.company_name) FROM lead_outcomes l WHERE s.status = 'matched' AND l.batch_id = s.batch_id "
        f"AND l.company_key = s.company_key) AS exported_name FROM zoho_sites s WHERE {_OURS} AND {_SITE_HOPS[hop]} "
        "ORDER BY s.milestones DESC, s.created_at, s.site LIMIT ?",
        (limit,),
    )
