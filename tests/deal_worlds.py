"""Invented deals from a seed: noise, or with what is planted in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import numpy as np
import pandas as pd

REGIONS = ("APAC", "Europe", "India", "North America")
SOURCES = ("Inbound", "Outbound", "Partner", "Referral")
INDUSTRIES = ("EdTech", "Ecommerce", "FinTech", "HealthTech", "SaaS")
PRODUCTS = ("Core", "Enterprise", "Pro")
STAGES = ("Closed", "Demo", "Negotiation", "Proposal", "Qualified")


def deal_world(
    seed: int,
    deals: int = 5000,
    *,
    rate: float = 0.45,
    points: Mapping[tuple[str, str], float] | None = None,
    days: int = 450,
    still_open: float = 0.0,
    shift: tuple[str, str, float] | None = None,
) -> pd.DataFrame:
    """Deals in the shape of DealFile.deals, created over `days` days from 1 January 2023.

    points: (field, label) → how much it adds to the chance of winning (0.08 = 8 points). shift: (field, label,
    share): in the second half of the time this label has that share, whatever it had before.
    """
    rng = np.random.default_rng(seed)
    created = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(rng.integers(0, days, deals)), unit="D")
    frame = pd.DataFrame(
        {
            "deal_id": [f"D{n:05d}" for n in range(1, deals + 1)],
            "account": pd.Series([None] * deals, dtype="str"),
            "owner": [f"rep_{n}" for n in rng.integers(1, 26, deals)],
            "region": rng.choice(REGIONS, deals),
            "industry": rng.choice(INDUSTRIES, deals),
            "product": rng.choice(PRODUCTS, deals),
            "lead_source": rng.choice(SOURCES, deals),
            "stage": rng.choice(STAGES, deals),
            "amount": np.round(np.exp(rng.normal(9.5, 1.0, deals))),
            "created_on": created,
        }
    )
    if shift:
        field, label, share = shift
        late = np.arange(deals) >= deals // 2
        frame.loc[late & (rng.random(deals) < share), field] = label
    chance = np.full(deals, rate)
    for (field, label), more in (points or {}).items():
        chance += more * (frame[field] == label).to_numpy()
    won = rng.random(deals) < chance
    frame["closed_on"] = created + pd.to_timedelta(rng.integers(7, 121, deals), unit="D")
    frame["outcome"] = np.where(won, "won", "lost")
    open_now = rng.random(deals) < still_open
    frame.loc[open_now, "closed_on"] = pd.NaT
    frame.loc[open_now, "outcome"] = "open"
    for column in ("deal_id", "owner", "region", "industry", "product", "lead_source", "stage", "outcome"):
        frame[column] = frame[column].astype("str")
    order = [
        "deal_id", "account", "owner", "region", "industry", "product", "lead_source", "stage", "amount", "created_on",
        "closed_on", "outcome",
    ]  # fmt: skip
    return frame[order]


def as_csv(deals: pd.DataFrame) -> bytes:
    """The deals as a file with the headers of a public data set."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([
        "deal_id", "created_date", "closed_date", "sales_rep_id", "industry", "region", "product_type", "lead_source",
        "deal_stage", "deal_amount", "outcome",
    ])  # fmt: skip
    for d in deals.itertuples():
        closed = "" if pd.isna(d.closed_on) else d.closed_on.date()
        writer.writerow([d.deal_id, d.created_on.date(), closed, d.owner, d.industry, d.region, d.product, d.lead_source, d.stage,
                         f"{d.amount:.0f}", d.outcome.capitalize()])  # fmt: skip
    return text.getvalue().encode()
