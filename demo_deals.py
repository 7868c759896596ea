"""Invented deals of two years from a seed, with what is planted in them: see docs/demo.md."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import numpy as np

from demo_world import SEED

DEALS, YEARS_DAYS, NEW_MIX_DAYS = 1_400, 730, 120
RATE = 0.42  # chance of winning where nothing is planted
PARTNER_POINTS = -0.18  # planted: deals of partners are won less often
PARTNER_SHARES = (0.15, 0.45)  # planted: partners bring three times the share of the newest deals
_HEADERS = ("deal_id", "account", "owner", "region", "industry", "product", "lead_source", "stage", "amount", "created_on",
            "closed_on", "outcome")  # fmt: skip
_OWNERS = tuple(
    f"Demo {name}" for name in ("Avery", "Blake", "Casey", "Drew", "Emery", "Finley", "Gray", "Harper")
)
_REGIONS = ("Midwest", "Northeast", "South", "West")
_INDUSTRIES = ("Healthcare", "Hospitality", "Logistics", "Manufacturing")
_PRODUCTS = ("Combo", "Drinks", "Micro market", "Snacks")
_OTHERS = ("Referral", "VanillaSoft", "Web")
_STAGES = ("Qualified", "Site visit", "Proposal", "Contract")


def demo_deals(today: date, seed: int = SEED) -> bytes:
    """A CSV of deals as they stand at the end of the day before `today`: the same day and seed give the same bytes.

    About one in ten is open. Chances of winning: 42 %, 18 points less for partners, who bring 15 % of the deals, and 45 %
    of those created in the last 120 days: the win rate falls by mix alone.
    """
    rng = np.random.default_rng([seed, 7])
    begin = today - timedelta(days=YEARS_DAYS)
    ages = np.sort(rng.integers(1, YEARS_DAYS, DEALS))[::-1]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_HEADERS)
    for number, age in enumerate(ages.tolist(), 1):
        created = today - timedelta(days=age)
        partner = rng.random() < PARTNER_SHARES[created > today - timedelta(days=NEW_MIX_DAYS)]
        source = "Partner" if partner else str(rng.choice(_OTHERS))
        days = int(np.clip(np.exp(rng.normal(3.7, 0.5)), 5, 150))
        won = rng.random() < RATE + (PARTNER_POINTS if partner else 0.0)
        closed = created + timedelta(days=days)
        finished = closed < today
        stage = "Closed" if finished else str(rng.choice(_STAGES))
        outcome = ("Won" if won else "Lost") if finished else "Open"
        writer.writerow((
            f"DEMO-{number:04d}", f"Demo account {rng.integers(1, 181):03d}", str(rng.choice(_OWNERS)), str(rng.choice(_REGIONS)),
            str(rng.choice(_INDUSTRIES)), str(rng.choice(_PRODUCTS)), source, stage, int(round(np.exp(rng.normal(8.6, 0.7)), -1)),
            max(created, begin).isoformat(), closed.isoformat() if finished else "", outcome,
        ))  # fmt: skip
    return text.getvalue().encode()
