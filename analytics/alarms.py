"""Limits that say how often they cry wolf: binomial funnel limits, and a CUSUM for slow changes.

A limit is only as good as its false-alarm rate, so every function that sets one also says how often it would
fire in unchanged times, exactly, from the binomial distribution or from the chart's own Markov chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import FloatArray
from errors import InputError

WARN_SD, ALARM_SD = 2.0, 3.0
_STEPS = (
    20  # of the CUSUM's scale per lost (or won) deal: fine enough, and whole numbers keep the chain exact
)
_NEARLY = 0.98  # of the false alarms allowed: near enough to stop looking for a lower limit
_NODES = 5  # of the true rate around a measured one
_CHECKED = 50  # deals between two looks at whether the chance of a signal per deal has settled
_SETTLED = 1e-5  # of itself, within so many deals


def funnel_limits(deals: npt.ArrayLike, rate: float) -> pd.DataFrame:
    """One row per number of deals: deals, warn_low, alarm_low, warn_high, alarm_high (counts won; at or beyond
    which it warns or alarms), warn_rate, alarm_rate (how often either side is reached in unchanged times, 0–1).

    A limit that cannot be reached is −1 below or deals + 1 above. Two and three standard deviations are taken
    as the tails they stand for, 2.3 % and 0.13 %, exact for the binomial (Spiegelhalter 2005, Stat Med 24,
    1185–1202). InputError when the rate is not between 0 and 1.
    """
    from scipy.stats import binom

    if not 0 < rate < 1:
        raise InputError("A rate between 0 and 1 was expected as the baseline of limits.")
    n = np.atleast_1d(np.asarray(deals, dtype=float))
    table = {"deals": n.astype("int64")}
    for name, sd in (("warn", WARN_SD), ("alarm", ALARM_SD)):
        tail = NormalDist().cdf(-sd)
        low = binom.ppf(tail, n, rate)
        low = np.where(binom.cdf(low, n, rate) <= tail, low, low - 1)
        high = binom.isf(tail, n, rate) + 1
        table[f"{name}_low"], table[f"{name}_high"] = low.astype("int64"), high.astype("int64")
        table[f"{name}_rate"] = binom.cdf(low, n, rate) + binom.sf(high - 1, n, rate)
    return pd.DataFrame(table)


@dataclass(frozen=True)
class Cusum:
    """A Bernoulli CUSUM (Reynolds and Stoumbos 1999, J. Qual. Technol. 31, 87–108) on a lattice of whole steps.

    baseline: the win rate (0–1) in unchanged times; to: the rate it is tuned to find. loss, win: steps the sum
    moves for a lost and a won deal; it never falls below 0, signals at `limit` and starts anew. deals_a_year
    and false_alarm: the chance (0–1) of at least one signal in a year of so many unchanged deals. known_from: on
    how many deals the baseline was measured; None where it is known exactly.
    """

    baseline: float
    to: float
    loss: int
    win: int
    limit: int
    deals_a_year: int
    false_alarm: float
    known_from: int | None = None


def design_cusum(
    baseline: float, to: float, *, deals_a_year: int, false_alarm: float = 0.05, known_from: int | None = None
) -> Cusum:
    """The CUSUM for a change from `baseline` to `to`, with the lowest limit whose false alarms stay within
    `false_alarm` a year, or a higher one that uses 98 % of it. InputError when the rates are equal or not between 0 and 1.

    A baseline measured on `known_from` deals lies beside the true rate, and a chart around it signals more often than
    one around the truth: the false alarms are averaged over where the true rate lies (normal, with Jeffreys' mean).
    """
    if not (0 < baseline < 1 and 0 < to < 1) or baseline == to or deals_a_year < 1:
        raise InputError("Two different rates between 0 and 1 and a number of deals a year were expected.")
    for_loss = np.log((1 - to) / (1 - baseline))
    for_win = np.log(to / baseline)
    unit = max(for_loss, for_win) / _STEPS
    loss, win = round(for_loss / unit), round(for_win / unit)
    rates, weights = _true_rates(baseline, known_from)
    chances: dict[int, float] = {}
    allowed = float(-np.log1p(-false_alarm))
    drift = -(baseline * for_win + (1 - baseline) * for_loss)  # down, per unchanged deal
    low, high = _STEPS, 0  # 0: no limit is known yet that keeps within
    limit = max(low + 1, round(np.log(deals_a_year * drift / allowed) / unit))
    while high - low != 1 and not (high and chances[high] > _NEARLY * false_alarm):
        chance = chances[limit] = float(weights @ _signal_chances(rates, loss, win, limit, deals_a_year))
        low, high = (limit, high) if chance > false_alarm else (low, limit)
        # Signals grow e times rarer with each 1 / unit steps: that hits the lowest limit in a few tries, halving in the rest.
        signals = -np.log1p(-min(max(chance, 1e-9), 1 - 1e-9))
        limit += int(np.ceil(np.log(signals / allowed) / unit))
        if high and len(chances) > 5:
            limit = (low + high) // 2
        limit = max(limit, low + 1) if not high else min(max(limit, low + 1), high - 1)
    return Cusum(baseline, to, loss, win, high, deals_a_year, chances[high], known_from)


def cusum_path(chart: Cusum, won: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """(the sum after each deal as a share of the limit, the places of deals at which it signalled).

    `won`: 0 or 1 per deal in the order of closing. After a signal the sum starts at 0 with the next deal.
    """
    steps = np.where(np.asarray(won, dtype=bool), chart.win, chart.loss).astype(np.int64)
    path = np.empty(len(steps))
    signals = []
    start = 0
    while start < len(steps):
        total = np.cumsum(steps[start:])
        height = total - np.minimum(np.minimum.accumulate(total), 0)
        reached = np.flatnonzero(height >= chart.limit)
        end = int(reached[0]) + 1 if len(reached) else len(height)
        path[start : start + end] = height[:end] / chart.limit
        if len(reached):
            signals.append(start + end - 1)
        start += end
    return path, np.array(signals, dtype=np.intp)


def _true_rates(baseline: float, known_from: int | None) -> tuple[FloatArray, FloatArray]:
    """(rates, weights that sum to 1): where the true rate lies, by Gauss and Hermite's nodes."""
    if known_from is None:
        return np.array([baseline]), np.ones(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    middle = (baseline * known_from + 0.5) / (known_from + 1)
    spread = np.sqrt(middle * (1 - middle) / (known_from + 2))
    return np.clip(middle + spread * nodes, 1e-6, 1 - 1e-6), weights / weights.sum()


def _signal_chances(rates: FloatArray, loss: int, win: int, limit: int, deals: int) -> FloatArray:
    """Per true rate the chance of at least one signal among so many deals, from the chain of the sums 0 … limit − 1.

    Once the chance per deal has settled it is carried on.
    """
    up, down, chance = (loss, -win, 1 - rates) if loss > 0 else (win, -loss, rates)
    up, down = min(up, limit), min(down, limit)
    more, less = chance[:, None], (1 - chance)[:, None]
    state, moved, fall = (np.zeros((len(rates), limit)) for _ in range(3))
    state[:, 0] = 1.0
    left, kept = np.ones(len(rates)), np.ones(len(rates))
    for done in range(1, deals + 1):
        moved[:, :up] = 0.0
        np.multiply(state[:, : limit - up], more, out=moved[:, up:])
        np.multiply(state, less, out=fall)
        moved[:, : limit - down] += fall[:, down:]
        moved[:, 0] += fall[:, :down].sum(axis=1)
        state, moved = moved, state
        if done % _CHECKED == 0 or done == deals:
            before, left = left, state.sum(axis=1)
            now = np.divide(left, before, out=np.zeros_like(left), where=before > 0)
            if done < deals and (np.abs(now - kept) < _SETTLED * (1 - now)).all():
                return np.asarray(1.0 - left * now ** ((deals - done) / _CHECKED), dtype=np.float64)
            kept = now
    return np.asarray(1.0 - left, dtype=np.float64)
