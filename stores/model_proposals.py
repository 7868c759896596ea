"""Models that one person proposed and another has to put into force. The audit keeps each proposal."""

from __future__ import annotations

import json
from typing import Any

from turso_db import Database

PROPOSE, CHOICES = "propose model", ("approve model", "take model back")


def read_proposed(db: Database) -> list[dict[str, Any]]:
    """The proposals that wait, one per workflow or kind of lead at most: id, at, proposed_by, of (`geography`, `web`, …),
    version, reason. What was proposed later, or chosen later, for the same leads takes an older one off the table.

    CASE: the detail of other acts need not be JSON that the database can read.
    """
    rows = db.rows(
        "SELECT p.id, p.at, p.actor AS proposed_by, p.detail FROM audit p WHERE p.action = ? AND NOT EXISTS ("
        "SELECT 1 FROM audit c WHERE c.id > p.id AND ((c.action = ? AND CASE WHEN c.action = ? THEN json_extract(c.detail, '$.of') END "
        "= CASE WHEN p.action = ? THEN json_extract(p.detail, '$.of') END) "
        "OR (c.action IN (?, ?) AND substr(c.subject, 1, instr(c.subject, ' ') - 1) "
        "= CASE WHEN p.action = ? THEN json_extract(p.detail, '$.of') END))) ORDER BY p.id",
        (PROPOSE, PROPOSE, PROPOSE, PROPOSE, *CHOICES, PROPOSE),
    )
    return [row | json.loads(row.pop("detail")) for row in rows]
