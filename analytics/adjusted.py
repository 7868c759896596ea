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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.calibration_table import Day, coded, known_outcomes
from analytics.rates import FloatArray, chance_of
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
    return _fit(_matured_cells(outcomes, values, as_of, maturity_days))


class _Counted(NamedTuple):
    """Matured leads that are alike, counted together: levels of all dimensions, cells (values as text), leads and
    deliveries per cell."""

    levels: tuple[tuple[str, str], ...]
    cells: pd.DataFrame
    leads: FloatArray
    deliveries: FloatArray


def _matured_cells(outcomes: pd.DataFrame, values: pd.DataFrame, as_of: Day, maturity_days: int) -> _Counted:
    if not values.index.equals(outcomes.index):
        raise InputError("The values were expected to have one entry per outcome row, in the same order.")
    known = known_outcomes(outcomes, as_of=as_of, maturity_days=maturity_days)
    judged = known["matured"].to_numpy()
    if len(known) < len(values):
        values = values.loc[known.index]
    levels, cells, place = _cells(values, judged)
    leads = np.bincount(place, minlength=len(cells)).astype(float)
    won = np.bincount(place, weights=known["delivered"].to_numpy()[judged], minlength=len(cells)).astype(
        float
    )
    return _Counted(levels, cells, leads, won)


def _fit(counted: _Counted) -> AdjustedFit | None:
    levels, cells, n, k = counted
    if min(k.sum(), (n - k).sum()) < FEWEST_DELIVERIES:
        return None
    design = _design(cells, levels)
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
    counted = _matured_cells(outcomes, values, as_of, maturity_days)
    fit = _fit(counted)
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
    _, cells, size, won = counted
    design = _design(cells, fit.levels)
    weight = size / size.sum()
    linear = design @ fit.coefficients
    overall = fit.deliveries / fit.leads
    blocks = {
        name: np.array([at for at, (of, _) in enumerate(fit.levels, start=1) if of == name])
        for name in {name for name, _ in fit.levels}
    }
    apart = {name: linear - design[:, block] @ fit.coefficients[block] for name, block in blocks.items()}
    rows = []
    for position, (dimension, value) in enumerate(fit.levels, start=1):
        if value == _MISSING:
            continue
        block = blocks[dimension]
        shifted = apart[dimension] + fit.coefficients[position]
        chance = chance_of(shifted)
        rate = float(weight @ chance)
        slope = weight * chance * (1 - chance)
        gradient = design.T @ slope
        gradient[block] = 0.0
        gradient[position] = slope.sum()
        spread = 1.959964 * float(np.sqrt(gradient @ fit.covariance @ gradient)) / (rate * (1 - rate))
        middle = np.log(rate / (1 - rate))
        has = (cells[dimension] == value).to_numpy()
        leads, deliveries = int(size[has].sum()), int(won[has].sum())
        ends = chance_of(np.array([middle - spread, middle + spread]))
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
        return chance_of(design @ fit.coefficients)
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(fit.covariance + 1e-12 * np.eye(len(fit.coefficients)))
    drawn = fit.coefficients + rng.standard_normal((draws, len(fit.coefficients))) @ root.T
    return chance_of((design @ drawn.T).T)


def _filled(values: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {str(name): values[name].astype("object").fillna(_MISSING) for name in values.columns}
    )


def _cells(
    values: pd.DataFrame, judged: npt.NDArray[np.bool_]
) -> tuple[tuple[tuple[str, str], ...], pd.DataFrame, npt.NDArray[np.intp]]:
    """(levels, the different combinations of values as text, the number of its combination per judged row)."""
    levels: list[tuple[str, str]] = []
    key = np.zeros(int(judged.sum()), dtype=np.int64)
    names: dict[str, Any] = {}
    for column in values.columns:
        code, found = coded(values[column])
        texts = [*found, _MISSING]
        code = np.where(code < 0, len(found), code).astype(np.int64)[judged]
        names[str(column)] = np.array(texts, dtype="object")
        seen = [texts[i] for i in np.flatnonzero(np.bincount(code, minlength=len(texts)))]
        levels += [(str(column), value) for value in sorted(seen)]
        key = key * len(texts) + code
    size = int(np.prod([float(len(texts)) for texts in names.values()]))
    if size <= 10 * max(len(key), 1000):  # then counting beats sorting
        found_keys = np.flatnonzero(np.bincount(key, minlength=1))
        at = np.zeros(size, dtype=np.intp)
        at[found_keys] = np.arange(len(found_keys))
        place = at[key]
    else:
        found_keys, inverse = np.unique(key, return_inverse=True)
        place = inverse.ravel()
    cells, rest = {}, found_keys
    for name in reversed(names):
        rest, code = np.divmod(rest, len(names[name]))
        cells[name] = names[name][code]
    return tuple(levels), pd.DataFrame({name: cells[name] for name in names}), place


def _design(cells: pd.DataFrame, levels: Sequence[tuple[str, str]]) -> Any:
    """One row per cell, a one for the base and one per dimension where the value is known to the fit (sparse)."""
    from scipy.sparse import csr_array

    position = {level: at for at, level in enumerate(levels, start=1)}
    rows, columns = [np.arange(len(cells))], [np.zeros(len(cells), dtype=np.intp)]
    for name in dict.fromkeys(name for name, _ in levels):
        at = (
            cells[name]
            .map({v: place for (of, v), place in position.items() if of == name})
            .to_numpy(dtype=float)
        )
        known = np.isfinite(at)
        rows.append(np.flatnonzero(known))
        columns.append(at[known].astype(np.intp))
    where = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.ones(len(where[0])), where), shape=(len(cells), len(levels) + 1))


def _newton(
    design: Any, n: FloatArray, k: FloatArray, penalty: float
) -> tuple[float, FloatArray, FloatArray]:
    """(log marginal likelihood by Laplace, coefficients, covariance) at this penalty; the base is not penalised.

    `design` may be dense or sparse.
    """
    from scipy.sparse import csr_array

    design = csr_array(design)
    across = design.T.tocsr()
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 1e-6
    base = np.zeros(design.shape[1])
    base[0] = np.log(k.sum() / (n.sum() - k.sum()))

    def height(point: FloatArray) -> float:
        linear = design @ point
        return float(k @ linear - n @ np.logaddexp(0.0, linear) - 0.5 * ridge @ point**2)

    curvature = np.diag(ridge)
    for _ in range(50):
        chance = chance_of(design @ base)
        weighted = across.multiply((n * chance * (1 - chance))[None, :]).tocsr()
        curvature = (weighted @ design).toarray() + np.diag(ridge)
        step = np.linalg.solve(curvature, across @ (k - n * chance) - ridge * base)
        size = 1.0
        while height(base + size * step) < height(base) - 1e-12 and size > 1e-4:
            size /= 2
        base = base + size * step
        if np.abs(size * step).max() < 1e-9:
            break
    evidence = height(base) + 0.5 * (np.log(ridge[1:]).sum() - float(np.linalg.slogdet(curvature)[1]))
    return evidence, base, np.linalg.inv(curvature)
