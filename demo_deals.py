"""Invented deals of two years from a seed, with what is planted in them: see docs/demo.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

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
STAGES = ("Qualified", "Site visit", "Proposal", "Contract")
STAGE_SHARES = (0.10, 0.18, 0.54, 0.18)  # planted: a deal spends half of its days in Proposal
_LOST_IN = (0.30, 0.20, 0.40, 0.10)  # in which stage a lost deal ends
_ALIKE = 12.0  # how much deals are alike in these shares (Dirichlet); the higher, the more
WEEKS = 12  # how far back the deals were brought in week by week
_CLOSED = "Closed"


def demo_deals(
    today: date, seed: int = SEED, *, as_of: date | None = None, since: date | None = None
) -> bytes:
    """A CSV of deals as they stood at the end of the day before `as_of` (`today` itself without it); with `since` only those
    that were not so yet at the end of the day before `since`. The same days and seed give the same bytes.

    About one in seventeen is open. Chances of winning: 42 %, 18 points less for partners, who bring 15 % of the deals, and 45 %
    of those created in the last 120 days: the win rate falls by mix alone. An open deal goes through the stages in their
    order and stays longest in Proposal.
    """
    seen = as_of or today
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_HEADERS)
    for deal in _deals(today, seed):
        now = deal.state(seen)
        if now is not None and (since is None or now != deal.state(since)):
            stage, outcome, closed = now
            writer.writerow((*deal.traits, stage, deal.amount, deal.created.isoformat(), closed, outcome))
    return text.getvalue().encode()


def weeks(today: date) -> list[tuple[date, date | None]]:
    """When the deals were brought in, oldest first: (as_of, since) of each file, the first one with every deal."""
    days = [today - timedelta(days=7 * week) for week in range(WEEKS, -1, -1)]
    return [(days[0], None), *zip(days[1:], days[:-1], strict=True)]


class _Deal(NamedTuple):
    """One deal with all that will ever become of it. `entered`: when it came into each stage that it reaches."""

    traits: tuple[str, ...]  # the columns up to lead_source
    amount: int
    created: date
    entered: list[date]
    closed: date
    won: bool

    def state(self, as_of: date) -> tuple[str, str, str] | None:
        """Stage, outcome and closing date at the end of the day before `as_of`; None before it was created."""
        if self.created >= as_of:
            return None
        if self.closed < as_of:
            return _CLOSED, "Won" if self.won else "Lost", self.closed.isoformat()
        reached = sum(day < as_of for day in self.entered)
        return STAGES[max(reached, 1) - 1], "Open", ""


@lru_cache(maxsize=2)
def _deals(today: date, seed: int) -> tuple[_Deal, ...]:
    return tuple(_drawn(today, seed))


def _drawn(today: date, seed: int) -> Iterator[_Deal]:
    rng, ways = np.random.default_rng([seed, 7]), np.random.default_rng([seed, 8])
    begin = today - timedelta(days=YEARS_DAYS)
    ages = np.sort(rng.integers(1, YEARS_DAYS, DEALS))[::-1]
    for number, age in enumerate(ages.tolist(), 1):
        created = today - timedelta(days=age)
        partner = rng.random() < PARTNER_SHARES[created > today - timedelta(days=NEW_MIX_DAYS)]
        source = "Partner" if partner else str(rng.choice(_OTHERS))
        days = int(np.clip(np.exp(rng.normal(3.7, 0.5)), 5, 150))
        won = bool(rng.random() < RATE + (PARTNER_POINTS if partner else 0.0))
        last = len(STAGES) if won else 1 + int(ways.choice(len(STAGES), p=_LOST_IN))
        shares = ways.dirichlet([_ALIKE * share for share in STAGE_SHARES])[:last]
        starts = days * (np.cumsum(shares) - shares) / shares.sum()
        traits = (
            f"DEMO-{number:04d}", f"Demo account {rng.integers(1, 181):03d}", str(rng.choice(_OWNERS)), str(rng.choice(_REGIONS)),
            str(rng.choice(_INDUSTRIES)), str(rng.choice(_PRODUCTS)), source,
        )  # fmt: skip
        yield _Deal(
            traits, int(round(np.exp(rng.normal(8.6, 0.7)), -1)), max(created, begin),
            [created + timedelta(days=int(start)) for start in starts], created + timedelta(days=days), won,
        )  # fmt: skip
