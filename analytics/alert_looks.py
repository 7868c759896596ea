"""What a rule looks at: each look says whether it fires, and how often chance alone would make it fire.

Looks are exact tests that need no true rate: the hypergeometric for shares, the binomial for counts, Mann and
Whitney's for days; a CUSUM for slow falls states the false alarms of its own Markov chain. Live alerts, replay and
false-alarm rates all come from the same looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made
from datetime import date, timedelta
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.alarms import Cusum, cusum_path, design_cusum
from analytics.closed_deals import ClosedDeals, day_number
from analytics.rates import FloatArray
from analytics.signed_numbers import signed

WIN_RATE, SOURCES, IMPACT, LONG_CYCLES = "win rate", "source against source", "impact score", "long cycles"
SLOW_FALL, SIGN, BATCHES = "slow fall", "driver changed sign", "batch anomaly"
TESTED = (WIN_RATE, SOURCES, IMPACT, LONG_CYCLES, SLOW_FALL, SIGN, BATCHES)
FEWEST = 30  # closed deals (or companies) on either side before they are looked at
FALL = 0.05  # the fall of a win rate that the CUSUM is tuned to
_FEWEST_EXPECTED = 5.0  # lost deals expected in a window before their number is looked at
_FIRST = date(2000, 1, 3)  # windows are counted from here, so that every day belongs to one


@dataclass(frozen=True)
class AlertRule:
    """One rule of alerts.yaml. tell: `slack` or e-mail addresses; limit: standard deviations, or open issues."""

    name: str
    kind: str
    field: str | None = None
    days: int = 30
    baseline_days: int = 365
    limit: float = 3.0
    direction: str = "fall"
    cooldown_days: int = 30
    active: bool = False
    tell: tuple[str, ...] = ()


class Look(NamedTuple):
    """One look: what it is about, whether it fires, how often it would by chance (0–1), and the sentence."""

    subject: str
    fires: bool
    chance: float
    sentence: str


@dataclass(frozen=True)
class Seen:
    """What there is to look at. deals as the deal store gives them; companies: one row per exported company with
    batch_id, exported_on, delivered_on (datetime64, missing while open); maturity_days of a company."""

    deals: pd.DataFrame
    companies: pd.DataFrame = made(
        default_factory=lambda: pd.DataFrame({
            "batch_id": pd.Series(dtype="str"), "exported_on": pd.Series(dtype="datetime64[us]"),
            "delivered_on": pd.Series(dtype="datetime64[us]")})
    )  # fmt: skip
    maturity_days: int = 120

    @cached_property
    def closed(self) -> ClosedDeals:
        """The closed deals as arrays, made once."""
        return ClosedDeals(self.deals)

    @cached_property
    def years(self) -> dict[tuple[date, int], _Year | None]:
        """What a slow fall is held against, by the first day of the year and the days before it; filled as it is asked for."""
        return {}


def window_end(day: date, days: int) -> date:
    """The last day of the newest window of so many days that is over on `day` (its own evening included)."""
    return _FIRST + timedelta(days=((day - _FIRST).days + 1) // days * days - 1)


def looked_at(rule: AlertRule, day: date) -> date:
    """The day up to which the rule looks on `day`: two days with the same answer see the same."""
    return day if rule.kind in (SLOW_FALL, BATCHES) else window_end(day, rule.days)


def looks(rule: AlertRule, seen: Seen, *, day: date) -> list[Look]:
    """Every look of the rule on `day`, in order of subject; none where there is too little to look at.

    What happened after the newest window that is over does not count.
    """
    end = looked_at(rule, day)
    if rule.kind == BATCHES:
        return _batches(rule, seen, pd.Timestamp(end))
    if rule.kind == SLOW_FALL:
        return _slow_fall(rule, seen, end)
    return {WIN_RATE: _win_rate, SOURCES: _sources, IMPACT: _impact, LONG_CYCLES: _long_cycles, SIGN: _sign}[
        rule.kind
    ](rule, seen.closed, end)


def _windows(rule: AlertRule, deals: ClosedDeals, end: date) -> tuple[slice, slice]:
    """The deals closed in the window, and those in the baseline before it."""
    start = end - timedelta(days=rule.days)
    return deals.between(start, end), deals.between(start - timedelta(days=rule.baseline_days), start)


def _win_rate(rule: AlertRule, deals: ClosedDeals, end: date) -> list[Look]:
    new, old = (deals.counts(part, rule.field) for part in _windows(rule, deals, end))
    found = []
    for label, (k, n) in new.items():
        j, m = old.get(label, (0, 0))
        if min(n, m) < FEWEST:
            continue
        fires, chance = _against(rule, k, n, j, m)
        name = _named(rule.field, label)
        found.append(Look(name, fires, chance, (
            f"The win rate of {name} {'fell' if k / n < j / m else 'rose'}: {k} of {n} deals closed in the {rule.days} days to "
            f"{end:%Y-%m-%d} were won ({100 * k / n:.1f} %), {100 * j / m:.1f} % of {m:,} in the {rule.baseline_days} days before.")))  # fmt: skip
    return found


def _sources(rule: AlertRule, deals: ClosedDeals, end: date) -> list[Look]:
    """Each label against all others of the same window."""
    by = rule.field or "lead_source"
    new = deals.counts(_windows(rule, deals, end)[0], by)
    won, closed = sum(k for k, _ in new.values()), sum(n for _, n in new.values())
    found = []
    for label, (k, n) in new.items():
        j, m = won - k, closed - n
        if min(n, m) < FEWEST:
            continue
        fires, chance = _against(rule, k, n, j, m)
        name = _named(by, label)
        found.append(Look(name, fires, chance, (
            f"{name[:1].upper() + name[1:]} stands {'below' if k / n < j / m else 'above'} the others: {k} of {n} deals closed in the "
            f"{rule.days} days to {end:%Y-%m-%d} were won ({100 * k / n:.1f} %), {100 * j / m:.1f} % of the other {m:,}.")))  # fmt: skip
    return found


def _sign(rule: AlertRule, deals: ClosedDeals, end: date) -> list[Look]:
    """A label that went with more wins than the others in the baseline and goes with fewer now, or the other way."""
    by = rule.field or "lead_source"
    parts = [deals.counts(part, by) for part in _windows(rule, deals, end)]
    totals = [(sum(k for k, _ in part.values()), sum(n for _, n in part.values())) for part in parts]
    found = []
    for label in parts[0]:
        sides, tails = [], []
        for part, (won, closed) in zip(parts, totals, strict=True):
            k, n = part.get(label, (0, 0))
            if min(n, closed - n) < FEWEST:
                break
            low, high, below, above = _limits(rule.limit, won, n, closed - n)
            sides.append(-1 if k <= low else 1 if k >= high else 0)
            tails.append((below, above, k / n - (won - k) / (closed - n)))
        if len(sides) < 2:
            continue
        chance = tails[0][0] * tails[1][1] + tails[0][1] * tails[1][0]
        name = _named(by, label)
        found.append(Look(name, sides[0] * sides[1] < 0, chance, (
            f"{name[:1].upper() + name[1:]} changed sides: it went with {signed(100 * tails[1][2], 1)} points of win rate against the others in "
            f"the {rule.baseline_days} days before, and with {signed(100 * tails[0][2], 1)} in the {rule.days} days to {end:%Y-%m-%d}.")))  # fmt: skip
    return found


def _impact(rule: AlertRule, deals: ClosedDeals, end: date) -> list[Look]:
    """The Segment Impact Score (deals × (1 − win rate): the lost deals) of a window against the pace before it."""
    from scipy.stats import binom

    new, old = (deals.counts(part, rule.field) for part in _windows(rule, deals, end))
    share, tail = rule.days / (rule.days + rule.baseline_days), NormalDist().cdf(-rule.limit)
    found = []
    for label in sorted({*new, *old}):
        (k, n), (j, m) = new.get(label, (0, 0)), old.get(label, (0, 0))
        lost, total = n - k, (n - k) + (m - j)
        if total * share < _FEWEST_EXPECTED:
            continue
        high = int(binom.isf(tail, total, share)) + 1
        name = _named(rule.field, label)
        found.append(Look(name, lost >= high, float(binom.sf(high - 1, total, share)), (
            f"The impact score of {name} rose: {lost:,} deals were lost in the {rule.days} days to {end:%Y-%m-%d}, "
            f"{(m - j) * rule.days / rule.baseline_days:.1f} in as many days before.")))  # fmt: skip
    return found


def _long_cycles(rule: AlertRule, deals: ClosedDeals, end: date) -> list[Look]:
    """Days from creation to a won close, newest window against the baseline (Mann and Whitney 1947)."""
    from scipy.stats import mannwhitneyu

    parts = _windows(rule, deals, end)
    by = rule.field
    labels, codes = deals.coded(by) if by else ([""], np.zeros(len(deals.won), dtype=np.intp))
    tail = NormalDist().cdf(-rule.limit)
    found = []
    for at, label in enumerate(labels):
        new, old = (deals.took[part][deals.won[part] & (codes[part] == at)] for part in parts)
        if min(len(new), len(old)) < FEWEST or new.min() == new.max() == old.min() == old.max():
            continue
        p = float(mannwhitneyu(new, old, alternative="greater", method="asymptotic").pvalue)
        name = _named(by, label)
        found.append(Look(name, p <= tail, tail, (
            f"Won deals of {name} take longer: {np.median(new):.0f} days in the middle of {len(new):,} closed in the {rule.days} days to "
            f"{end:%Y-%m-%d}, {np.median(old):.0f} days of {len(old):,} in the {rule.baseline_days} days before.")))  # fmt: skip
    return found


class _Year(NamedTuple):
    """A year of deals under a CUSUM: its chart, the baseline (won, closed) and the days of its signals (day numbers);
    a signal does not depend on what was closed later."""

    chart: Cusum
    won: int
    closed: int
    signals: list[int]


def _slow_fall(rule: AlertRule, seen: Seen, end: date) -> list[Look]:
    """A CUSUM over the deals closed since the year began, tuned to a fall of five points from the year before it.

    It fires for `days` days after a signal. Years are windows of 365 days that follow each other.
    """
    begin = window_end(end - timedelta(days=1), 365)
    key = (begin, rule.baseline_days)
    if key not in seen.years:
        seen.years[key] = _year(seen.closed, *key)
    year = seen.years[key]
    if year is None:
        return []
    deals, until = seen.closed, day_number(end)
    new = deals.between(begin, end)
    recent = sorted(
        {
            _FIRST + timedelta(days=day - day_number(_FIRST))
            for day in year.signals
            if until - rule.days < day <= until
        }
    )
    sentence = (
        f"The win rate of all deals is falling slowly: since {begin + timedelta(days=1):%Y-%m-%d} "
        f"{int(deals.won_before[new.stop] - deals.won_before[new.start]):,} of {new.stop - new.start:,} closed deals were won, against "
        f"{100 * year.won / year.closed:.1f} % of {year.closed:,} before; the CUSUM signalled on {', '.join(f'{day:%Y-%m-%d}' for day in recent)}."
    )
    chance = 1 - (1 - year.chart.false_alarm) ** (rule.days / 365)
    return [Look("all deals", bool(recent), chance, sentence)]


def _year(deals: ClosedDeals, begin: date, baseline_days: int) -> _Year | None:
    """The year after `begin` against the days before it; None where these have too few deals."""
    old = deals.between(begin - timedelta(days=baseline_days), begin)
    won, closed = int(deals.won_before[old.stop] - deals.won_before[old.start]), old.stop - old.start
    rate = won / closed if closed else 0.0
    if closed < FEWEST or not FALL < rate < 1:
        return None
    chart = _chart(won, closed, max(round(closed * 365 / baseline_days), 1))
    new = deals.between(begin, begin + timedelta(days=365))
    _, signals = cusum_path(chart, deals.won[new])
    return _Year(chart, won, closed, [int(day) for day in deals.day[new][signals]])


@lru_cache(maxsize=256)
def _chart(won: int, closed: int, deals_a_year: int) -> Cusum:
    rate = won / closed
    return design_cusum(rate, rate - FALL, deals_a_year=deals_a_year, known_from=closed)


def _batches(rule: AlertRule, seen: Seen, end: pd.Timestamp) -> list[Look]:
    """Each batch that came of age in the last `days` days against those that did in the `baseline_days` before them;
    what was delivered by that age counts."""
    companies, age = seen.companies, pd.Timedelta(days=seen.maturity_days)
    of_age = companies["exported_on"] + age
    hit = companies["delivered_on"] <= of_age
    start = end - pd.Timedelta(days=rule.days)
    before = (of_age <= start) & (of_age > start - pd.Timedelta(days=rule.baseline_days))
    j, m = int(hit[before].sum()), int(before.sum())
    found = []
    now = (of_age > start) & (of_age <= end)
    for batch_id, group in companies[now].groupby("batch_id", sort=True):
        k, n = int(hit.loc[group.index].sum()), len(group)
        if min(n, m) < FEWEST:
            continue
        fires, chance = _against(rule, k, n, j, m)
        found.append(Look(f"batch {batch_id}", fires, chance, (
            f"Batch {batch_id} stands {'below' if k / n < j / m else 'above'} the batches before it: {k} of {n} companies were delivered "
            f"within {seen.maturity_days} days ({100 * k / n:.1f} %), {100 * j / m:.1f} % of {m:,} before.")))  # fmt: skip
    return found


def _against(rule: AlertRule, k: int, n: int, j: int, m: int) -> tuple[bool, float]:
    """(whether k of n stand out against j of m on the rule's side, how often they would by chance)."""
    low, high, below, above = _limits(rule.limit, k + j, n, m)
    fires = (rule.direction != "rise" and k <= low) or (rule.direction != "fall" and k >= high)
    return fires, (below if rule.direction != "rise" else 0.0) + (above if rule.direction != "fall" else 0.0)


@lru_cache(maxsize=4096)
def _limits(limit: float, won: int, n: int, m: int) -> tuple[int, int, float, float]:
    """(at or below which it is low, at or above which it is high, how often either happens by chance).

    Tails of the hypergeometric: k of n won, where n + m deals have `won` among them.
    """
    from scipy.special import gammaln

    def ways(of: float, take: FloatArray) -> FloatArray:
        found: FloatArray = gammaln(of + 1) - gammaln(take + 1) - gammaln(of - take + 1)
        return found

    at = np.arange(max(0, won - m), min(n, won) + 1, dtype=float)
    mass = np.exp(ways(won, at) + ways(n + m - won, n - at) - ways(n + m, np.array([float(n)])))
    below, above = np.cumsum(mass), np.cumsum(mass[::-1])[::-1]
    tail, first = NormalDist().cdf(-limit), int(at[0])
    lows, highs = int((below <= tail).sum()), int((above <= tail).sum())
    low = first + lows - 1 if lows else -1
    high = first + len(at) - highs if highs else n + 1
    return low, high, float(below[lows - 1]) if lows else 0.0, float(above[-highs]) if highs else 0.0


def _named(by: str | None, label: str) -> str:
    return f"{by.replace('_', ' ')} {label}" if by else "all deals"
