"""Who looked at the summary of which lead: the event sales_summary_viewed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Statement

FIELDS = ("lead_id", "domain", "segment", "offer_tier", "potential", "urgency")


def insert_view(*, view: Mapping[str, Any], viewed_by: str, now: datetime) -> Statement:
    """The statement that notes one view; `view` may have each of FIELDS."""
    return Statement(
        f"INSERT INTO summary_views (at, viewed_by, {', '.join(FIELDS)}) "  # noqa: S608 - names are our own
        f"VALUES (?, ?, {', '.join('?' for _ in FIELDS)})",
        (now, viewed_by, *(view.get(field) for field in FIELDS)),
    )


def read_views(db: Database, *, limit: int = 500) -> pd.DataFrame:
    """The newest views: at, event, lead_id, domain, segment, offer_tier, potential, urgency, viewed_by."""
    return db.frame(
        "SELECT at, event, lead_id, domain, segment, offer_tier, potential, urgency, viewed_by FROM summary_views "
        "ORDER BY id DESC LIMIT ?",
        (limit,),
    )
