"""Exported companies with what was known of them at export, to be scored again."""

from __future__ import annotations

import pandas as pd

from stores.outcomes import BATCH_DAY
from turso_db import Database

# One row per company of a batch: its first contact. Leads of the exploration slice did not go out by their score.
_COMPANY = (
    "SELECT l.id AS lead_id, l.batch_id, l.company_name, l.state, l.sic_code, l.workflow_type, l.hades_score, "
    f"l.weight_version, l.source_features, {BATCH_DAY} AS exported_on"
)
_BY_SCORE = (
    "l.hades_score IS NOT NULL AND l.inclusion_probability IS NULL AND l.id = (SELECT min(x.id) FROM lead_outcomes x "
    "WHERE x.batch_id = l.batch_id AND x.company_key = l.company_key)"
)


def read_newest_leads(db: Database, *, batches: int = 3, limit: int = 20_000) -> pd.DataFrame:
    """One row per company of the newest closed batches of each workflow, in the order of their files, newest batch first.

    Columns: lead_id, batch_id, company_name, state, sic_code, workflow_type, hades_score, weight_version,
    source_features (JSON), exported_on (ISO day).
    """
    return db.frame(
        f"{_COMPANY} FROM lead_outcomes l JOIN (SELECT batch_id, row_number() OVER (PARTITION BY workflow_type "  # noqa: S608
        "ORDER BY exported_at DESC, batch_id DESC) AS place FROM batches WHERE status = 'closed') b "
        f"ON b.batch_id = l.batch_id AND b.place <= ? WHERE {_BY_SCORE} ORDER BY b.place, l.batch_id, l.row_number, l.id LIMIT ?",
        (batches, limit),
    )


def read_leads_of_versions(db: Database, *, limit: int = 100_000) -> pd.DataFrame:
    """One row per company of a closed batch exported under a version that an approval made, in the order of its file.

    Columns as `read_newest_leads`, and delivered_on (ISO day or moment; None while not delivered).
    """
    return db.frame(
        f"{_COMPANY}, (SELECT m.delivery_at FROM company_milestones m WHERE m.batch_id = l.batch_id "  # noqa: S608
        "AND m.company_key = l.company_key) AS delivered_on FROM lead_outcomes l "
        "JOIN batches b ON b.batch_id = l.batch_id AND b.status = 'closed' "
        "WHERE l.weight_version IN (SELECT version FROM proposals WHERE status = 'applied') "
        f"AND {_BY_SCORE} ORDER BY l.batch_id, l.row_number, l.id LIMIT ?",
        (limit,),
    )
