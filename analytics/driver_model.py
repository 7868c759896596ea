"""A logistic regression of winning on what is known of a deal before it closes.

log odds of winning = base + quarter of creation + one coefficient per label (but the first of a field) + one
per doubling of the amount. Plain maximum likelihood by Newton's steps; effects are averages over all deals in
percentage points, with intervals by the delta method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import FloatArray, chance_of

FEWEST_PER_LABEL = 30  # closed deals; rarer labels go together as REST
FEWEST_CLOSED = 200  # closed deals; with fewer there is no model
FEWEST_PER_PARAMETER = 10  # won, and lost, deals per coefficient; below it there is no model
REST, UNKNOWN = "all others", "not known"
_TINY = 1e-9  # keeps the curvature invertible where a label was always won; far below any figure shown


@dataclass(frozen=True)
class Design:
    """Rows for the regression. matrix: (deals, columns), its first column ones; won: 0 or 1; blocks: field →
    its columns, `amount` one, labels one for each but the first; labels: field → all its labels, the first
    without a column; codes: field → place of each deal's label; quarters: quarter of creation per deal.
    """

    matrix: FloatArray
    won: FloatArray
    blocks: dict[str, list[int]]
    labels: dict[str, list[str]]
    codes: dict[str, npt.NDArray[np.intp]]
    quarters: npt.NDArray[np.str_]


@dataclass(frozen=True)
class DealModel:
    """A fit: coefficients (log odds) and their covariance, in the order of the design's columns."""

    coefficients: FloatArray
    covariance: FloatArray


def in_order(deals: pd.DataFrame) -> pd.DataFrame:
    """The deals by deal_id, so that their order does not matter; those in order already are not moved."""
    import pyarrow as pa
    from pyarrow import compute

    ids = pa.array(deals["deal_id"])  # pandas' own look at a million texts takes ten times as long
    rising = compute.all(compute.less_equal(ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1))).as_py()
    if rising is not False:
        return deals.reset_index(drop=True)
    return deals.sort_values("deal_id", ignore_index=True)


def deal_design(
    closed: pd.DataFrame, fields: Sequence[str], *, periods: bool = True, judged: int | None = None
) -> Design | None:
    """The design for closed deals; None under 200 of them, or where won or lost are fewer than ten per coefficient.

    `periods`: whether the quarter of creation has columns. `judged`: only the first so many rows are closed and counted;
    the others are open deals to be placed on the same columns. A field with one label has no column and is left out, so is an amount that is missing in more than one deal
    of five (else missing amounts get the median) or never differs. Labels rarer than 30 deals are one label.
    """
    counted = len(closed) if judged is None else judged
    if counted < FEWEST_CLOSED:
        return None
    won: FloatArray = np.asarray(closed["outcome"] == "won", dtype=np.float64)
    months = closed["created_on"].to_numpy(dtype="datetime64[M]").astype(np.int64)
    quarters = np.array(
        [f"{1970 + quarter // 4}Q{quarter % 4 + 1}" for quarter in months // 3], dtype=np.str_
    )
    columns = [np.ones(len(closed))]
    names, counts = np.unique(quarters, return_counts=True)
    busy = names[counts >= FEWEST_PER_LABEL]
    columns += [(quarters == name).astype(float) for name in busy[1:] if periods]
    blocks: dict[str, list[int]] = {}
    labels: dict[str, list[str]] = {}
    codes: dict[str, npt.NDArray[np.intp]] = {}
    for field in fields:
        if field == "amount":
            column = _doublings(closed["amount"])
            if column is not None:
                blocks["amount"] = [len(columns)]
                columns.append(column)
            continue
        known, place = _labels(closed[field])
        if len(known) > 1:
            labels[field], codes[field] = known, place
            blocks[field] = list(range(len(columns), len(columns) + len(known) - 1))
            columns += [(place == number).astype(float) for number in range(1, len(known))]
    if not blocks or min(won[:counted].sum(), (1 - won[:counted]).sum()) < FEWEST_PER_PARAMETER * len(
        columns
    ):
        return None
    return Design(np.column_stack(columns), won, blocks, labels, codes, quarters)


def fit_deal_model(matrix: FloatArray, won: FloatArray) -> DealModel:
    """The likeliest coefficients, and the inverse of the information as their covariance."""
    base: FloatArray = np.zeros(matrix.shape[1])
    rate = won.mean()
    base[0] = np.log(rate / (1 - rate))
    information = np.eye(len(base))
    for _ in range(30):
        chance = chance_of(matrix @ base)
        weight = chance * (1 - chance)
        information = (matrix * weight[:, None]).T @ matrix
        information[np.diag_indices_from(information)] += _TINY * len(won)
        step = np.linalg.solve(information, matrix.T @ (won - chance))
        largest = float(np.abs(step).max())
        base[:] += step * min(1.0, 4.0 / max(largest, 1e-12))
        if largest < 1e-8:
            break
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return DealModel(np.asarray(base, dtype=np.float64), covariance)


def label_effects(
    model: DealModel, design: Design, field: str, *, without: Sequence[int] = ()
) -> tuple[FloatArray, FloatArray]:
    """(effect, standard error) per label of the field, as differences of rates.

    The effect of a label is the rate if all deals had it and kept everything else, less the mean of these
    rates over the other labels, weighted by their deals. `without`: places of labels that no other label is
    compared with; NaN where none is left to compare with.
    """
    block = design.blocks[field]
    linear = design.matrix @ model.coefficients
    own = design.matrix[:, block] @ model.coefficients[block]
    known = len(design.labels[field])
    rates, gradients = np.empty(known), np.zeros((known, len(model.coefficients)))
    for number in range(known):
        more = model.coefficients[block[number - 1]] if number else 0.0
        chance = chance_of(linear - own + more)
        slope = chance * (1 - chance)
        rates[number] = chance.mean()
        gradients[number] = slope @ design.matrix / len(slope)
        gradients[number, block] = 0.0
        if number:
            gradients[number, block[number - 1]] = slope.mean()
    share = np.bincount(design.codes[field], minlength=known) / len(design.won)
    share[list(without)] = 0.0
    others = np.tile(share, (known, 1))
    np.fill_diagonal(others, 0.0)
    total = others.sum(axis=1, keepdims=True)
    contrast = np.eye(known) - np.divide(others, total, out=np.full_like(others, np.nan), where=total > 0)
    slopes = contrast @ gradients
    error = np.sqrt(np.einsum("ij,jk,ik->i", slopes, model.covariance, slopes))
    return contrast @ rates, error


def amount_effect(model: DealModel, design: Design) -> tuple[float, float]:
    """(effect, standard error) of twice the amount, as a difference of rates, averaged over all deals."""
    column = design.blocks["amount"][0]
    linear = design.matrix @ model.coefficients
    before, after = chance_of(linear), chance_of(linear + model.coefficients[column])
    slopes = (after * (1 - after) - before * (1 - before)) @ design.matrix / len(before)
    slopes[column] += (after * (1 - after)).mean()
    return float((after - before).mean()), float(np.sqrt(slopes @ model.covariance @ slopes))


def joint_test(model: DealModel, columns: Sequence[int]) -> float:
    """p-value of "these coefficients are all nought": Wald's χ² with one degree of freedom per column."""
    from scipy.stats import chi2

    own = model.coefficients[list(columns)]
    spread = model.covariance[np.ix_(columns, columns)]
    return float(chi2.sf(own @ np.linalg.solve(spread, own), len(own)))


def cross_validated_auc(design: Design, *, seed: int, folds: int = 5) -> tuple[float, float, float]:
    """(AUC, low, high): how well the model tells won from lost among deals it has not seen; 0.5 is chance.

    Chances of all folds are ranked together. Interval 95 %, Hanley and McNeil 1982, Radiology 143, 29–36.
    """
    from scipy.stats import rankdata

    fold = np.random.default_rng(seed).permutation(len(design.won)) % folds
    chance = np.empty(len(design.won))
    for number in range(folds):
        inside = fold != number
        model = fit_deal_model(design.matrix[inside], design.won[inside])
        chance[~inside] = design.matrix[~inside] @ model.coefficients
    won = design.won == 1
    n, m = int(won.sum()), int((~won).sum())
    auc = float((rankdata(chance)[won].sum() - n * (n + 1) / 2) / (n * m))
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    error = np.sqrt((auc * (1 - auc) + (n - 1) * (q1 - auc**2) + (m - 1) * (q2 - auc**2)) / (n * m))
    return auc, float(auc - 1.96 * error), float(auc + 1.96 * error)


def win_chances(model: DealModel, design: Design) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(chance, low, high) of winning per row of the design, 95 % by the delta method on the scale of log odds."""
    linear = design.matrix @ model.coefficients
    error = np.sqrt(np.einsum("ij,jk,ik->i", design.matrix, model.covariance, design.matrix))
    return chance_of(linear), chance_of(linear - 1.96 * error), chance_of(linear + 1.96 * error)


def _labels(values: pd.Series) -> tuple[list[str], npt.NDArray[np.intp]]:
    """(labels by name, place of each row's label); rare ones together, missing ones with a label of their own."""
    filled = values.astype("object").where(values.notna(), UNKNOWN)
    counts = filled.value_counts()
    rare = counts.index[counts < FEWEST_PER_LABEL]
    if len(rare):
        filled = filled.where(~filled.isin(rare), REST)
        if (
            counts[rare].sum() < FEWEST_PER_LABEL
        ):  # still too few to stand alone: with the most frequent label
            common = str(counts.index[0])
            filled = filled.where(filled != REST, common)
    codes, known = pd.factorize(filled, sort=True)
    return [str(name) for name in known], codes


def _doublings(amounts: pd.Series) -> FloatArray | None:
    known = amounts[amounts > 0]
    if len(known) < 0.8 * len(amounts) or known.nunique() < 5:
        return None
    scale: FloatArray = np.log2(amounts.where(amounts > 0, known.median()).to_numpy(dtype=float))
    scale -= scale.mean()
    return scale
