"""What a value is worth when the other dimensions are held the same.

Rates per dimension count a cause twice where dimensions go together: if care homes are small, both "care
home" and "small" look good. A ridge logistic regression on all dimensions at once tells them apart as far
as the data can, and standardisation brings its coefficients back to a rate: the rate all leads would have
if each had this value and kept everything else (average over the lead population; Lane and Nelder 1982,
Biometrics 38, 613–621).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.calibration_table import Day, known_outcomes
from analytics.rates import FloatArray
from errors import InputError

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # 1 / variance of a coefficient, in log odds
FEWEST_DELIVERIES = 10
_MISSING = "\0missing"


@dataclass(frozen=True)
class AdjustedFit:
    """A fitted ridge logistic regression: log odds of delivery = base + one coefficient per dimension's value.

    levels: (dimension, value) per coefficient, a missing value has one of its own; coefficients: log odds,
    the first is the base; covariance: their posterior covariance (Laplace); penalty: chosen by marginal
    likelihood.
    """

    levels: tuple[tuple[str, str], ...]
    coefficients: FloatArray
    covariance: FloatArray
    penalty: float
    leads: int
    deliveries: int


def fit_adjusted(
    outcomes: pd.DataFrame, values: pd.DataFrame, *, as_of: Day, maturity_days: int
) -> AdjustedFit | None:
    """The regression on matured leads, as known on the day `as_of`; None with fewer than 10 deliveries or failures.

    `outcomes` as in calibration_table; `values`, aligned with it, has one column per dimension (text,
    missing allowed). Fits at each penalty of a grid are averaged by their marginal likelihood (Laplace), so
    that not knowing the right penalty widens the intervals. InputError when the indexes differ.
    """
    if not values.index.equals(outcomes.index):
        raise InputError("The values were expected to have one entry per outcome row, in the same order.")
    known = known_outcomes(outcomes, as_of=as_of, maturity_days=maturity_days)
    known = known[known["matured"]]
    delivered = known["delivered"].to_numpy()
    if min(delivered.sum(), (~delivered).sum()) < FEWEST_DELIVERIES:
        return None
    filled = _filled(values.loc[known.index])
    levels = tuple((str(name), str(value)) for name in filled for value in sorted(filled[name].unique()))
    cells = (
        filled.assign(delivered=delivered).groupby(list(filled), sort=True)["delivered"].agg(["size", "sum"])
    )
    design = _design(cells.index.to_frame(index=False), levels)
    n, k = cells["size"].to_numpy(dtype=float), cells["sum"].to_numpy(dtype=float)
    fits = [_newton(design, n, k, penalty) for penalty in PENALTIES]
    evidence = np.array([fit[0] for fit in fits])
    share = np.exp(evidence - evidence.max())
    share /= share.sum()
    points = np.array([fit[1] for fit in fits])
    coefficients = share @ points
    apart = points - coefficients
    covariance = np.tensordot(share, np.array([fit[2] for fit in fits]), axes=1) + (apart.T * share) @ apart
    penalty = float(np.exp(share @ np.log(PENALTIES)))
    return AdjustedFit(levels, coefficients, covariance, penalty, int(n.sum()), int(k.sum()))


def adjusted_rates(
    outcomes: pd.DataFrame, values: pd.DataFrame, *, as_of: Day, maturity_days: int
) -> pd.DataFrame:
    """One row per dimension and value that matured leads have.

    Columns: dimension, value, leads, deliveries, rate (0–1, plain), adjusted_rate, adjusted_low,
    adjusted_high (0–1, standardised over all matured leads, 95 % by the delta method on the logit scale),
    disagrees (bool: the plain rate is on one side of the overall rate and the adjusted one on the other).
    Empty where `fit_adjusted` is None.
    """
    fit = fit_adjusted(outcomes, values, as_of=as_of, maturity_days=maturity_days)
    columns = [
        "dimension",
        "value",
        "leads",
        "deliveries",
        "rate",
        "adjusted_rate",
        "adjusted_low",
        "adjusted_high",
    ]
    if fit is None:
        return pd.DataFrame(columns=[*columns, "disagrees"])
    known = known_outcomes(outcomes, as_of=as_of, maturity_days=maturity_days)
    known = known[known["matured"]]
    filled = _filled(values.loc[known.index])
    cells = filled.groupby(list(filled), sort=True).size()
    design, weight = _design(cells.index.to_frame(index=False), fit.levels), cells.to_numpy() / cells.sum()
    linear = design @ fit.coefficients
    overall = fit.deliveries / fit.leads
    rows = []
    for position, (dimension, value) in enumerate(fit.levels, start=1):
        if value == _MISSING:
            continue
        own = np.array([name == dimension for name, _ in fit.levels])
        block = np.flatnonzero(np.concatenate([[False], own]))
        shifted = linear - design[:, block] @ fit.coefficients[block] + fit.coefficients[position]
        chance = _expit(shifted)
        rate = float(weight @ chance)
        slope = weight * chance * (1 - chance)
        gradient = slope @ design
        gradient[block] = 0.0
        gradient[position] = slope.sum()
        spread = 1.959964 * float(np.sqrt(gradient @ fit.covariance @ gradient)) / (rate * (1 - rate))
        middle = np.log(rate / (1 - rate))
        has = (filled[dimension] == value).to_numpy()
        leads, deliveries = int(has.sum()), int(known["delivered"].to_numpy()[has].sum())
        ends = _expit(np.array([middle - spread, middle + spread]))
        plain = deliveries / leads
        rows.append(
            (
                dimension,
                value,
                leads,
                deliveries,
                plain,
                rate,
                *ends,
                (plain - overall) * (rate - overall) < 0,
            )
        )
    return pd.DataFrame(rows, columns=[*columns, "disagrees"])


def delivery_chances(fit: AdjustedFit, values: pd.DataFrame, *, draws: int = 0, seed: int = 0) -> FloatArray:
    """The chance of delivery (0–1) of each row of `values`: shape (rows,), or (draws, rows) from the posterior.

    A value the fit has not seen counts as an average one (coefficient 0).
    """
    design = _design(_filled(values), fit.levels)
    if not draws:
        return _expit(design @ fit.coefficients)
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(fit.covariance + 1e-12 * np.eye(len(fit.coefficients)))
    drawn = fit.coefficients + rng.standard_normal((draws, len(fit.coefficients))) @ root.T
    return _expit(drawn @ design.T)


def _filled(values: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {str(name): values[name].astype("object").fillna(_MISSING) for name in values.columns}
    )


def _design(cells: pd.DataFrame, levels: Sequence[tuple[str, str]]) -> FloatArray:
    ones = [np.ones(len(cells))]
    return np.column_stack(ones + [(cells[name] == value).to_numpy(dtype=float) for name, value in levels])


def _newton(
    design: FloatArray, n: FloatArray, k: FloatArray, penalty: float
) -> tuple[float, FloatArray, FloatArray]:
    """(log marginal likelihood by Laplace, coefficients, covariance) at this penalty; the base is not penalised."""
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 1e-6
    base = np.zeros(design.shape[1])
    base[0] = np.log(k.sum() / (n.sum() - k.sum()))

    def height(point: FloatArray) -> float:
        linear = design @ point
        return float(k @ linear - n @ np.logaddexp(0.0, linear) - 0.5 * ridge @ point**2)

    curvature = np.diag(ridge)
    for _ in range(50):
        chance = _expit(design @ base)
        curvature = (design * (n * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, design.T @ (k - n * chance) - ridge * base)
        size = 1.0
        while height(base + size * step) < height(base) - 1e-12 and size > 1e-4:
            size /= 2
        base = base + size * step
        if np.abs(size * step).max() < 1e-9:
            break
    evidence = height(base) + 0.5 * (np.log(ridge[1:]).sum() - float(np.linalg.slogdet(curvature)[1]))
    return evidence, base, np.linalg.inv(curvature)


def _expit(x: FloatArray) -> FloatArray:
    chance: FloatArray = 0.5 * (1 + np.tanh(0.5 * x))
    return chance
