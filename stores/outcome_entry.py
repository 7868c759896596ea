"""What a person needs to record outcomes by hand: when companies were exported, and what people said of them before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from turso_db import Database, Statement


def read_for_entry(
    db: Database, *, companies: Sequence[tuple[str, str]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Of these companies (batch_id, company_key): batch_id, company_key and exported_at of those that were exported; and the
    milestones that people recorded, with batch_id, company_key, milestone, happened_at, standing (0: taken back)."""
    pairs = json.dumps([list(company) for company in companies])
    exported, said = db.read(
        [
            Statement(
                "SELECT l.batch_id AS batch_id, l.company_key AS company_key, min(l.exported_at) AS exported_at "
                "FROM json_each(?) j JOIN lead_outcomes l ON l.batch_id = json_extract(j.value, '$[0]') "
                "AND l.company_key = json_extract(j.value, '$[1]') GROUP BY l.batch_id, l.company_key",
                (pairs,),
            ),
            Statement(
                "SELECT m.batch_id AS batch_id, m.company_key AS company_key, m.milestone AS milestone, "
                "m.happened_at AS happened_at, "
                "NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id) AS standing "
                "FROM json_each(?) j JOIN outcome_milestones m ON m.batch_id = json_extract(j.value, '$[0]') "
                "AND m.company_key = json_extract(j.value, '$[1]') "
                "WHERE m.source = 'person' AND m.milestone <> 'retracted'",
                (pairs,),
            ),
        ]
    )
    return exported, said
