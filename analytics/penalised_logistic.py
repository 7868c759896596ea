"""A penalised logistic regression of few blocks of values, as far as the data carry it.

    log odds = base + slope × (points / 100) + Σ deviation of each block's value

Deviations are normally distributed around 0 with a variance per block, chosen by marginal likelihood: a block that
tells nothing beyond the points is shrunk to nothing, and with few leads the sum ranks as the points do. What the data
carry bounds the effective number of parameters (Riley et al. 2019, Statistics in Medicine 38, 1276–1296).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.rates import FloatArray, chance_of

FEWEST_DELIVERIES = 20  # and as many failures, before anything is fitted
SHRINKAGE, SHARE_OF_R2 = 0.9, 0.1
BOOTSTRAPS = 40
_WEAKEST, _STRONGEST = 1.0, 10_000.0  # of a penalty: 1 / variance of a deviation in log odds
_SLOPE_PRIOR = 1.0  # slope and its variance before any outcome: log odds between 0 and 100 points
Codes = npt.NDArray[np.intp]


class Block(NamedTuple):
    """One input of the regression: the place of each lead's value (−1: adds nothing), and how many values there are."""

    codes: Codes
    size: int


@dataclass(frozen=True)
class Additive:
    """A fitted sum. deviations, spreads: an array per block (log odds; bootstrap standard deviation). penalties and
    parameters (effective, 0 to size): per block. `out_of_fold`: log odds of each lead by a fit without it."""

    base: float
    slope: float
    deviations: tuple[FloatArray, ...]
    spreads: tuple[FloatArray, ...]
    penalties: tuple[float, ...]
    parameters: tuple[float, ...]
    carried: float
    out_of_fold: FloatArray


def carried_parameters(leads: int, deliveries: int) -> float:
    """How many parameters the data carry: n ≥ p / ((S − 1) ln(1 − R²/S)) with S = .9 and R² at 10 % of its maximum.

    Riley et al. 2019. 0 without both outcomes.

    >>> round(carried_parameters(500, 53)), round(carried_parameters(3000, 318))
    (3, 17)
    """
    if not 0 < deliveries < leads:
        return 0.0
    share = deliveries / leads
    most = 1 - np.exp(2 * (share * np.log(share) + (1 - share) * np.log(1 - share)))
    return float(leads * (SHRINKAGE - 1) * np.log(1 - SHARE_OF_R2 * most / SHRINKAGE))


def fit_additive(
    blocks: Sequence[Block], points: npt.ArrayLike, delivered: npt.ArrayLike, *, seed: int, draws: int = BOOTSTRAPS,
) -> Additive | None:  # fmt: skip
    """The fit; None with fewer than 20 deliveries or failures.

    `points`: by the weights, 0–100 per lead (all the same: no weights to start from). Penalties by MacKay's update
    (1992, Neural Computation 4, 415–447) under the Laplace approximation, raised together until the effective
    parameters are no more than the data carry. The slope is never negative.
    """
    from threadpoolctl import threadpool_limits

    hit = np.asarray(delivered, dtype=float)
    if min(hit.sum(), len(hit) - hit.sum()) < FEWEST_DELIVERIES:
        return None
    with threadpool_limits(1, "blas"):  # matrices so small only wait for further threads
        return _fitted(blocks, np.asarray(points, dtype=float) / 100, hit, seed, draws)


def _fitted(blocks: Sequence[Block], start: FloatArray, hit: FloatArray, seed: int, draws: int) -> Additive:
    size = len(hit)
    design = _design(blocks, start)
    owners = np.repeat(np.arange(len(blocks)), [block.size for block in blocks])
    carried = carried_parameters(size, int(hit.sum()))
    everyone = np.ones(size)
    penalties, point = np.full(len(blocks), 30.0), np.zeros(design.shape[1])
    point[0] = np.log(hit.sum() / (size - hit.sum()))
    for _ in range(40):
        point, curvature = _newton(design, hit, everyone, _ridge(penalties, owners), point, steps=2)
        used = _used(curvature, penalties, owners)
        squares = np.bincount(owners, point[2:] ** 2, minlength=len(blocks))
        new = np.clip((used + 0.5) / (squares + 0.01), _WEAKEST, _STRONGEST)
        done = np.abs(np.log(new / penalties)).max(initial=0.0) < 0.02
        penalties = new
        if done:
            break
    penalties = _bounded(design, hit, penalties, owners, point, carried)
    ridge = _ridge(penalties, owners)
    point, curvature = _newton(design, hit, everyone, ridge, point, steps=25)
    rng = np.random.default_rng(seed)
    held, spread = np.full(size, np.nan), np.full(len(point), np.nan)
    if draws:
        fifth = rng.permutation(size) % 5
        for place in range(5):
            out, _ = _newton(design, hit, (fifth != place).astype(float), ridge, point, steps=8)
            held[fifth == place] = design[fifth == place] @ out
        again = [rng.multinomial(size, np.full(size, 1 / size)).astype(float) for _ in range(draws)]
        spread = np.std([_newton(design, hit, counts, ridge, point, steps=2)[0] for counts in again], axis=0)
    cuts = np.cumsum([block.size for block in blocks])[:-1]
    return Additive(
        float(point[0]), float(point[1]), tuple(np.split(point[2:], cuts)), tuple(np.split(spread[2:], cuts)),
        tuple(penalties), tuple(_used(curvature, penalties, owners)), carried, held,
    )  # fmt: skip


def sum_of(fit: Additive, blocks: Sequence[Block], points: npt.ArrayLike) -> FloatArray:
    """The log odds of leads whose values have these places."""
    whole = np.concatenate([[fit.base, fit.slope], *fit.deviations])
    total: FloatArray = np.asarray(_design(blocks, np.asarray(points, dtype=float) / 100) @ whole)
    return total


def platt(out_of_fold: FloatArray, delivered: npt.ArrayLike) -> tuple[float, float]:
    """(slope, intercept) that turn log odds into calibrated ones (Platt 1999), drawn to (1, 0) as if by one standard
    deviation of .3 and .5; the slope stays between .2 and 2, so that the order never changes."""
    hit = np.asarray(delivered, dtype=float)
    design = np.column_stack([np.ones(len(hit)), out_of_fold])
    found = np.array([0.0, 1.0])
    middle, ridge = found.copy(), np.array([4.0, 11.0])
    for _ in range(25):
        chance = chance_of(design @ found)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        found = found + np.linalg.solve(curvature, design.T @ (hit - chance) - ridge * (found - middle))
    return round(float(np.clip(found[1], 0.2, 2.0)), 9), round(float(found[0]), 9)


def _design(blocks: Sequence[Block], points: FloatArray) -> Any:
    """A sparse column of ones, one of points (as shares of 100), and one per value of each block."""
    from scipy.sparse import csr_matrix

    size, first = len(points), 2
    everyone = np.arange(size)
    rows, columns = [everyone, everyone], [np.zeros(size, dtype=np.intp), np.ones(size, dtype=np.intp)]
    for block in blocks:
        there = np.flatnonzero(block.codes >= 0)
        rows.append(there)
        columns.append(first + block.codes[there])
        first += block.size
    filled = np.concatenate([np.ones(size), points, np.ones(sum(map(len, rows[2:])))])
    return csr_matrix((filled, (np.concatenate(rows), np.concatenate(columns))), shape=(size, first))


def _ridge(penalties: FloatArray, owners: Codes) -> FloatArray:
    return np.concatenate([[1e-6, 1 / _SLOPE_PRIOR], penalties[owners]])


def _used(curvature: FloatArray, penalties: FloatArray, owners: Codes) -> FloatArray:
    """Effective parameters per block: Σ 1 − penalty × posterior variance."""
    share = 1 - penalties[owners] * np.diag(np.linalg.inv(curvature))[2:]
    used: FloatArray = np.bincount(owners, np.clip(share, 0.0, 1.0), minlength=len(penalties)).astype(float)
    return used


def _bounded(
    design: Any,
    hit: FloatArray,
    penalties: FloatArray,
    owners: Codes,
    point: FloatArray,
    carried: float,
) -> FloatArray:
    """The penalties, raised by one factor until the effective parameters (the slope is one) are no more than `carried`."""
    everyone = np.ones(len(hit))

    def used(factor: float) -> float:
        raised = np.minimum(penalties * factor, 1e6)
        _, curvature = _newton(design, hit, everyone, _ridge(raised, owners), point, steps=4)
        return 1 + float(_used(curvature, raised, owners).sum())

    if not len(penalties) or used(1.0) <= carried:
        return penalties
    low, high = 0.0, np.log(1e4)
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if used(np.exp(middle)) > carried else (low, middle)
    raised: FloatArray = np.minimum(penalties * np.exp(high), 1e6)
    return raised


def _newton(
    design: Any,
    hit: FloatArray,
    counts: FloatArray,
    ridge: FloatArray,
    start: FloatArray,
    *,
    steps: int,
) -> tuple[FloatArray, FloatArray]:
    """(coefficients, curvature where the last step began) after at most so many steps; the slope (second column) is drawn to its prior and, where
    it would turn negative, held at 0."""
    middle = np.zeros(len(ridge))
    middle[1] = _SLOPE_PRIOR
    point = start
    curvature, weighed, turned = np.diag(ridge), design.copy(), design.T.tocsr()
    for _ in range(steps):
        chance = chance_of(design @ point)
        weighed.data = design.data * np.repeat(counts * chance * (1 - chance), np.diff(design.indptr))
        curvature = (turned @ weighed).toarray() + np.diag(ridge)
        slope = turned @ (counts * (hit - chance)) - ridge * (point - middle)
        step = np.linalg.solve(curvature, slope)
        if point[1] + step[1] < 0:
            free = np.arange(len(point)) != 1
            step = np.zeros(len(point))
            step[1] = -point[1]
            step[free] = np.linalg.solve(
                curvature[np.ix_(free, free)], slope[free] - curvature[free, 1] * step[1]
            )
        point = point + step * min(1.0, 3.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return point, curvature
