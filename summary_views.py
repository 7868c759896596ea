"""Notes that somebody looked at the summary of a lead, so that sales can see which summaries were used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from actors import Actor, require
from lead_values import web_domain
from stores.summary_views import insert_view
from turso_db import Database


def record_summary_view(db: Database, *, lead: Mapping[str, Any], now: datetime, actor: Actor) -> None:
    """Nothing; the view is kept as sales_summary_viewed.

    `lead` may have id (of the ledger), website or web_domain, email, segment, offer_tier, score, urgency; what is missing
    stays missing. Of an e-mail address only the domain is kept. Caches of the data stay valid.
    """
    require(actor, "viewer", "see a lead")
    known = {name: value for name, value in lead.items() if value is not None and not pd.isna(value)}
    view = {
        "lead_id": known.get("id"),
        "domain": known.get("web_domain") or web_domain(known.get("website"), known.get("email")),
        "segment": known.get("segment"),
        "offer_tier": known.get("offer_tier"),
        "potential": known.get("score"),
        "urgency": known.get("urgency"),
    }
    db.write([insert_view(view=view, viewed_by=actor.name, now=now)], bump=False)
