"""Rates of delivery and their intervals: the plain one, and the one that few leads cannot throw about.

A rate per value is estimated by an empirical-Bayes beta-binomial model: the rates of one dimension are
taken to scatter around a common mean, how widely is learned from the data, and each value is pulled toward
that mean the more, the fewer leads it has. All functions take arrays and return arrays of the same length.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from errors import InputError

FloatArray = npt.NDArray[np.float64]

WEAKEST, STRONGEST = 1.0, 100_000.0  # bounds of a prior's strength, in leads
HIGH_CONFIDENCE, MEDIUM_CONFIDENCE = 100, 30  # leads

_FIRST_STEPS = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, -0.3]])  # on the scale of logit mean and log strength


class Prior(NamedTuple):
    """What a value is worth before its own leads are counted.

    `mean` is a rate (0–1); `strength` says how many leads the prior weighs: a value with as many leads of
    its own stands half-way between its plain rate and the mean.
    """

    mean: float
    strength: float


def wilson_interval(
    deliveries: npt.ArrayLike, leads: npt.ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper end of Wilson's score interval for deliveries/leads, each an array of rates (0–1).

    No leads: 0 and 1, as nothing is known. InputError when a count is negative or deliveries exceed leads.
    Source: Wilson 1927; recommended by Brown, Cai and DasGupta 2001, Statistical Science 16(2), 101–133.

    >>> low, high = wilson_interval([3], [11])
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.097, 0.566)
    """
    k, n = _counts(deliveries, leads)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    safe = np.where(n > 0, n, 1.0)
    p = k / safe
    centre = (p + z * z / (2 * safe)) / (1 + z * z / safe)
    half = z / (1 + z * z / safe) * np.sqrt(p * (1 - p) / safe + z * z / (4 * safe * safe))
    low = np.where(k > 0, np.maximum(centre - half, 0.0), 0.0)
    high = np.where(k < n, np.minimum(centre + half, 1.0), 1.0)
    return np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0)


def log_marginal_likelihood(
    deliveries: npt.ArrayLike, leads: npt.ArrayLike, mean: npt.ArrayLike, strength: npt.ArrayLike
) -> FloatArray:
    """Log probability of the deliveries when rates scatter as Beta(mean·strength, (1 − mean)·strength).

    `mean` and `strength` may be arrays (of one common shape, which the result has); the binomial
    coefficients, which do not depend on them, are left out.
    """
    from scipy.special import betaln

    k, n = _counts(deliveries, leads)
    m = np.asarray(mean, dtype=float)[..., None]
    s = np.asarray(strength, dtype=float)[..., None]
    a, b = m * s, (1 - m) * s
    total: FloatArray = np.sum(betaln(k + a, n - k + b) - betaln(a, b), axis=-1)
    return total


def fit_prior(leads: npt.ArrayLike, deliveries: npt.ArrayLike) -> Prior:
    """The prior under which the deliveries of all values together are most probable (marginal likelihood).

    The mean is optimised on the logit scale and the strength on the log scale, between 1 and 100,000 leads,
    by Nelder–Mead from the best point of a grid: fitting the two beta parameters freely runs away when the
    values do not differ. Values without leads are ignored. One value alone, or values as alike as chance
    would make them → the strongest prior, which pulls every value to the common mean. No leads at all →
    mean ½ and the weakest prior. None delivered, or all → the mean is (deliveries + ½) / (leads + 1), so
    that it stays inside 0–1. InputError when a count is negative or deliveries exceed leads.
    """
    k, n = _counts(deliveries, leads)
    return _fit_prior(tuple(n.tolist()), tuple(k.tolist()))


@lru_cache(maxsize=64)  # a table and the weighing of its scores ask for the same counts
def _fit_prior(leads: tuple[float, ...], deliveries: tuple[float, ...]) -> Prior:
    from scipy.optimize import minimize
    from scipy.special import expit, logit

    k, n = np.array(deliveries, dtype=float), np.array(leads, dtype=float)
    k, n = k[n > 0], n[n > 0]
    if not len(n):
        return Prior(0.5, WEAKEST)
    plain = float(k.sum() / n.sum())
    if plain in (0.0, 1.0):
        return Prior(float((k.sum() + 0.5) / (n.sum() + 1.0)), STRONGEST)
    if len(n) == 1:
        return Prior(plain, STRONGEST)
    bounds = [(-14.0, 14.0), (np.log(WEAKEST), np.log(STRONGEST))]
    around = logit(plain) + np.linspace(-1.5, 1.5, 13)
    grid = np.stack(np.meshgrid(around, np.linspace(*bounds[1], 24), indexing="ij"), axis=-1).reshape(-1, 2)
    start = grid[np.argmax(log_marginal_likelihood(k, n, expit(grid[:, 0]), np.exp(grid[:, 1])))]
    found = minimize(
        lambda point: -float(log_marginal_likelihood(k, n, expit(point[0]), np.exp(point[1]))[()]),
        start,
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 1000, "initial_simplex": start + _FIRST_STEPS},
    )
    alike = float(log_marginal_likelihood(k, n, plain, STRONGEST)[()])
    # The likelihood is flat where values do not differ: a gain this small is rounding, not evidence.
    if -found.fun <= alike + 1e-4:
        return Prior(plain, STRONGEST)
    return Prior(float(expit(found.x[0])), float(np.exp(found.x[1])))


def shrunk_rates(deliveries: npt.ArrayLike, leads: npt.ArrayLike, prior: Prior) -> FloatArray:
    """(deliveries + mean·strength) / (leads + strength) per value (0–1); no leads → the prior's mean."""
    k, n = _counts(deliveries, leads)
    rates: FloatArray = (k + prior.mean * prior.strength) / (n + prior.strength)
    return rates


def suggested_scores(rates: npt.ArrayLike) -> FloatArray:
    """100 × rate / best rate, rounded half up: whole numbers 0–100 as floats, so that missing can be NaN.

    A missing rate gives a missing score. When no rate is above zero there is no best value to be compared
    with: every score is missing. One value alone scores 100.
    """
    r = np.asarray(rates, dtype=float)
    known = r[~np.isnan(r)]
    best = known.max() if len(known) else 0.0
    if best <= 0:
        return np.full(r.shape, np.nan)
    # 1e-9 keeps a half that floating point left at 62.49999999 a half.
    scores: FloatArray = np.floor(100.0 * r / best + 0.5 + 1e-9)
    return scores


def chance_of(log_odds: FloatArray) -> FloatArray:
    """1 / (1 + exp(−log odds)): chances (0–1) of the same shape, without overflow."""
    chances: FloatArray = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return chances


def benjamini_hochberg(p: npt.ArrayLike) -> FloatArray:
    """Adjusted p-values: a finding is kept at false discovery rate q where its adjusted p is at most q.

    Missing p-values stay missing and are not counted among the tests; an empty array gives an empty one.
    InputError when a p-value lies outside 0–1.
    Source: Benjamini and Hochberg 1995, JRSS B 57(1), 289–300.
    """
    values = np.asarray(p, dtype=float)
    known = ~np.isnan(values)
    tested = values[known]
    if ((tested < 0) | (tested > 1)).any():
        raise InputError("p-values were expected to lie between 0 and 1, but one does not.")
    adjusted = np.full(values.shape, np.nan)
    order = np.argsort(tested)[::-1]
    ranks = np.arange(len(tested), 0, -1)
    lowered = np.minimum.accumulate(tested[order] * len(tested) / ranks)
    back = np.empty(len(tested))
    back[order] = np.minimum(lowered, 1.0)
    adjusted[known] = back
    return adjusted


def confidence_label(leads: int) -> str:
    """`High` from 100 leads, `Medium` from 30, else `Low`. A rough word beside the interval."""
    if leads >= HIGH_CONFIDENCE:
        return "High"
    return "Medium" if leads >= MEDIUM_CONFIDENCE else "Low"


def _counts(deliveries: npt.ArrayLike, leads: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    k = np.atleast_1d(np.asarray(deliveries, dtype=float))
    n = np.atleast_1d(np.asarray(leads, dtype=float))
    if k.shape != n.shape:
        raise InputError(f"Expected as many delivery counts as lead counts, but got {k.size} and {n.size}.")
    if not (np.isfinite(k).all() and np.isfinite(n).all()) or (k < 0).any() or (k > n).any():
        raise InputError(
            "Expected counts with 0 ≤ deliveries ≤ leads, but a pair breaks this. Check the input rows."
        )
    return k, n
