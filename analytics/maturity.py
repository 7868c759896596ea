"""Rates that allow for young leads: a lead exported last week has not failed.

Two ways, one beside the other. The delay model takes every lead for what it says so far: delivered after d
days has probability p·f(d), not delivered after e days 1 − p·F(e), with one delay distribution F for all
values and one p for each (Chapelle 2014, KDD, doi:10.1145/2623330.2623634). Kaplan–Meier takes no
distribution: the share delivered within the horizon, leads still open counted as long as they have been
watched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.calibration_table import Day, aligned, coded, known_outcomes
from analytics.rates import FloatArray, wilson_interval

FEWEST_DELIVERIES = 20  # with a known delay, before a delay distribution is fitted at all
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Delay:
    """A fitted distribution of the days from start to delivery, of those ever delivered.

    family: weibull (shape, scale in days), lognormal (sigma, median in days) or gamma (shape, scale in days).
    deliveries: how many known delays it rests on.
    """

    family: str
    shape: float
    scale: float
    deliveries: int

    def share_by(self, days: FloatArray) -> FloatArray:
        """The share of eventual deliveries made within so many days (0–1)."""
        return _FAMILIES[self.family](np.asarray(days, dtype=float), self.shape, self.scale)

    def days_until(self, share: float) -> float:
        """After how many days this share of the eventual deliveries is made, to a hundredth of a day."""
        low, high = 0.0, 1.0
        while float(self.share_by(np.array([high]))[0]) < share and high < 1e6:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            below = float(self.share_by(np.array([middle]))[0]) < share
            low, high = (middle, high) if below else (low, middle)
        return round(high, 2)


def fit_delay(outcomes: pd.DataFrame, values: pd.Series, *, as_of: Day) -> Delay | None:
    """The delay distribution that makes the outcomes known on the day `as_of` most probable; None under 20 known delays.

    Weibull, log-normal and gamma have two parameters each; the likeliest is kept. Days are counted whole: a
    delivery on day d lies between d and d + 1. `values` as in `rate_by_value`; leads without a value share
    one rate.
    """
    from scipy.optimize import minimize

    groups = _Groups.of(outcomes, values, as_of)
    if groups.delays.sum() < FEWEST_DELIVERIES:
        return None
    typical = float(np.average(np.arange(len(groups.delays)) + 0.5, weights=groups.delays))
    best: Delay | None = None
    best_value = np.inf
    for family in _FAMILIES:
        rates: FloatArray | None = None

        def unlikeliness(point: FloatArray, family: str = family) -> float:
            nonlocal rates
            shape, scale = np.exp(point)
            likelihood, rates = groups.log_likelihood(Delay(family, float(shape), float(scale), 0), rates)
            return -likelihood

        found = minimize(
            unlikeliness,
            np.log([1.0, typical]),
            method="Nelder-Mead",
            bounds=[(np.log(0.05), np.log(50.0)), (np.log(0.05), np.log(20_000.0))],
            options={"xatol": 1e-5, "fatol": 1e-7, "maxiter": 400},
        )
        if found.fun < best_value - 1e-6:
            shape, scale = np.exp(found.x)
            # Four digits: the search ends within 1e-5, and where in there depends on the machine's last bits.
            best = Delay(family, float(f"{shape:.4g}"), float(f"{scale:.4g}"), int(groups.delays.sum()))
            best_value = float(found.fun)
    return best


def rate_by_value(
    outcomes: pd.DataFrame,
    values: pd.Series,
    delay: Delay,
    *,
    as_of: Day,
    horizon_days: int,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per value by name, maturity allowed for: what its leads so far say about their rate in the end.

    Columns: value; leads (all started, young ones too); deliveries (seen so far); effective_leads (how many
    fully matured leads the evidence is worth); rate, low, high (0–1: delivered within `horizon_days`,
    Wilson's 95 % interval on the effective leads, the delay distribution taken as known); ever_rate (0–1:
    however late); reached_horizon (leads at least `horizon_days` old: with none the value is too young to
    be judged whatever the model says). Leads without a value are left out, leads without a start count as
    old. No rows: empty. `known`: what known_outcomes gives for that day, where the caller has it already.
    """
    groups = _Groups.of(outcomes, values, as_of, known)
    ever = groups.rates(delay)
    leads = groups.open.sum(axis=1) + groups.delivered
    within = float(delay.share_by(np.array([horizon_days + 1.0]))[0])
    exposure = groups.open @ groups.share(delay) + groups.delivered
    safe = np.where(ever > 0, ever, 1.0)
    effective = np.where(groups.delivered > 0, np.minimum(groups.delivered / safe, leads), exposure)
    low, high = wilson_interval(np.minimum(groups.delivered, effective), effective)
    table = pd.DataFrame(
        {
            "value": groups.names,
            "leads": leads.astype("int64"),
            "deliveries": groups.delivered.astype("int64"),
            "effective_leads": effective,
            "rate": np.where(effective > 0, ever * within, np.nan),
            "low": low * within,
            "high": np.where(effective > 0, high * within, 1.0),
            "ever_rate": np.where(effective > 0, ever, np.nan),
            "reached_horizon": groups.reached(horizon_days),
        }
    )
    seen: pd.DataFrame = table[table["value"].notna() & (leads > 0)]
    return seen.sort_values("value", ignore_index=True)


def kaplan_meier(
    days: FloatArray, delivered: FloatArray, *, horizon_days: int
) -> tuple[float, float, float, int]:
    """(rate, low, high, at_risk): the share delivered within the horizon, its 95 % interval, leads watched to its end.

    `days` is the delay of a delivered lead, else how long it has been watched. Interval: Greenwood's
    variance on the log(−log) scale (Kalbfleisch and Prentice 1980, section 1.4). Missing (NaN, 0, 1) when
    no lead has been watched to the horizon; without a delivery the interval is Wilson's for none of those
    at risk; all delivered: the same, mirrored.
    """
    time = np.asarray(days, dtype=float)
    event = np.asarray(delivered, dtype=bool)
    late = time > horizon_days
    event, time = event & ~late, np.minimum(time, float(horizon_days))
    at_end = int((late | (time >= horizon_days)).sum())
    if at_end == 0 and not (len(time) and event.all()):
        return float("nan"), 0.0, 1.0, 0
    moments, counts = np.unique(time[event], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), moments, side="left")
    return _share_with_interval(counts, at_risk, len(time), at_end)


def _share_with_interval(
    counts: npt.NDArray[np.int64], at_risk: npt.NDArray[np.int64], leads: int, at_end: int
) -> tuple[float, float, float, int]:
    """As `kaplan_meier`, from deliveries and leads at risk on each day with a delivery."""
    left = float(np.prod(1 - counts / at_risk)) if len(counts) else 1.0
    if left in (0.0, 1.0):
        n = leads if left == 0.0 else at_end
        low, high = wilson_interval([n if left == 0.0 else 0], [n])
        return 1.0 - left, float(low[0]), float(high[0]), at_end
    variance = float(np.sum(counts / (at_risk * (at_risk - counts))))
    width = _Z * np.sqrt(variance) / np.log(left)
    low_end, high_end = 1 - left ** np.exp(width), 1 - left ** np.exp(-width)
    return 1.0 - left, float(low_end), float(high_end), at_end


def kaplan_meier_by_value(
    outcomes: pd.DataFrame,
    values: pd.Series,
    *,
    as_of: Day,
    horizon_days: int,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per value by name: value, leads (with a known start), at_risk (watched to the horizon), rate, low, high.

    rate is the share delivered within `horizon_days` (0–1), missing where no lead has been watched that
    long: the value is too young. Leads without a start or without a value are left out.
    """
    if known is None:
        known = known_outcomes(outcomes, as_of=as_of, maturity_days=horizon_days)
    codes, found = coded(aligned(values, known))
    age, wait = known["age_days"].to_numpy(), known["days_to_delivery"].to_numpy()
    days = np.where(np.isnan(wait), age, wait)
    counted = (codes >= 0) & np.isfinite(age)
    size = horizon_days + 2  # the last column: watched longer than the horizon
    column = np.minimum(days, horizon_days + 1)[counted].astype(np.int64)
    inside = known["delivered"].to_numpy()[counted] & (column <= horizon_days)
    place = codes[counted].astype(np.int64) * size + column + inside * (len(found) * size)
    open_ends, events = np.bincount(place, minlength=2 * len(found) * size).reshape(2, len(found), size)
    ends = open_ends + events
    rows = []
    for value, all_ends, all_events in zip(found, ends, events, strict=True):
        leads, at_end = int(all_ends.sum()), int(all_ends[horizon_days:].sum())
        if not leads:
            continue
        on = np.flatnonzero(all_events)
        at_risk = leads - np.concatenate([[0], np.cumsum(all_ends)])[on]
        told = (float("nan"), 0.0, 1.0, 0)
        if at_end or all_events.sum() == leads:
            told = _share_with_interval(all_events[on], at_risk, leads, at_end)
        rate, low, high, watched = told
        rows.append((value, leads, watched, rate, low, high))
    return pd.DataFrame(rows, columns=["value", "leads", "at_risk", "rate", "low", "high"])


@dataclass(frozen=True)
class _Groups:
    """Outcomes counted: per value and age in days those not delivered, per value those delivered, per day the delays."""

    names: list[str | None]
    open: (
        FloatArray  # (values, ages): not delivered at that age; the last column has no known start and is old
    )
    delivered: FloatArray
    delays: FloatArray
    ages_reached: FloatArray  # (values, ages): leads of that age, delivered or not

    @classmethod
    def of(
        cls, outcomes: pd.DataFrame, values: pd.Series, as_of: Day, known: pd.DataFrame | None = None
    ) -> _Groups:
        if known is None:
            known = known_outcomes(outcomes, as_of=as_of, maturity_days=0)
        codes, found = coded(aligned(values, known))
        names: list[str | None] = [*found]
        if (codes < 0).any():
            names.append(None)
        codes = np.where(codes < 0, len(found), codes).astype(np.int64)
        delivered = known["delivered"].to_numpy()
        age = known["age_days"].to_numpy()
        last = int(np.nanmax(age)) + 1 if np.isfinite(age).any() else 0
        wait = known["days_to_delivery"].to_numpy()
        # One count of all: by delivered or not, value and age.
        place = codes * (last + 1) + np.where(np.isnan(age), last, age).astype(np.int64)
        place += delivered * (len(names) * (last + 1))
        grid = np.bincount(place, minlength=2 * len(names) * (last + 1)).astype(float)
        still, done = grid.reshape(2, len(names), last + 1)
        return cls(
            names=names,
            open=still,
            delivered=done.sum(axis=1),
            delays=np.bincount(wait[np.isfinite(wait)].astype(np.intp)).astype(float),
            ages_reached=still + done,
        )

    def share(self, delay: Delay) -> FloatArray:
        ages = np.arange(self.open.shape[1], dtype=float)
        ages[-1] = np.inf
        return delay.share_by(ages + 1.0)

    def reached(self, horizon_days: int) -> FloatArray:
        return (
            self.ages_reached[:, horizon_days:].sum(axis=1)
            if self.ages_reached.shape[1] > horizon_days
            else self.ages_reached[:, -1]
        )

    def rates(self, delay: Delay) -> FloatArray:
        """The likeliest p of each value: deliveries / p = Σ open · F / (1 − p·F)."""
        return self._rates(self.share(delay), None)

    def _rates(self, share: FloatArray, start: FloatArray | None) -> FloatArray:
        """The same, by Newton's steps; from `start` where a delay nearby gave it."""
        exposure = self.open @ share + self.delivered
        p = np.divide(self.delivered, exposure, out=np.zeros_like(exposure), where=exposure > 0)
        if start is not None:
            p = start
        for _ in range(12):
            before = p = np.clip(p, 1e-9, 1 - 1e-9)
            odds = share / (1 - p[:, None] * share)
            slope = self.delivered / p - np.einsum("va,va->v", self.open, odds)
            bend = self.delivered / p**2 + np.einsum("va,va,va->v", self.open, odds, odds)
            step = np.divide(slope, bend, out=np.zeros_like(p), where=bend > 0)
            p = np.clip(p + step, p / 4, (p + 1) / 2)
            if (np.abs(p - before) <= 1e-13 * p).all():
                break
        return np.where(self.delivered > 0, p, 0.0)

    def log_likelihood(self, delay: Delay, start: FloatArray | None = None) -> tuple[float, FloatArray]:
        """Of the outcomes, at the likeliest rates; and these."""
        share = self.share(delay)
        p = self._rates(share, start)
        edges = delay.share_by(np.arange(len(self.delays) + 1, dtype=float))
        chance = np.maximum(np.diff(edges), 1e-300)
        total = np.sum(self.delays * np.log(chance)) + np.sum(self.delivered * np.log(np.maximum(p, 1e-300)))
        total += np.sum(self.open * np.log1p(-np.minimum(p[:, None] * share, 1 - 1e-12)))
        return float(total), p


def _weibull(days: FloatArray, shape: float, scale: float) -> FloatArray:
    share: FloatArray = -np.expm1(-((days / scale) ** shape))
    return share


def _lognormal(days: FloatArray, shape: float, scale: float) -> FloatArray:
    from scipy.special import ndtr

    with np.errstate(divide="ignore"):
        share: FloatArray = ndtr(np.log(days / scale) / shape)
    return share


def _gamma(days: FloatArray, shape: float, scale: float) -> FloatArray:
    from scipy.special import gammainc

    share: FloatArray = gammainc(shape, days / scale)
    return share


_FAMILIES: dict[str, Callable[[FloatArray, float, float], FloatArray]] = {
    "weibull": _weibull,
    "lognormal": _lognormal,
    "gamma": _gamma,
}
