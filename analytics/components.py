"""What the weights of a workflow's score components should be, as far as outcomes can say.

The score adds components (signal, on-site likelihood, freshness …) with weights that sum to 1. A logistic
regression with non-negative slopes on the component scores says how much each one tells about deliveries;
the slopes divided by their sum are weights. They are shrunk toward the weights in force: a weight is
expected within about 0.3 of the present one unless outcomes say otherwise, so that few deliveries change
little.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import FloatArray, benjamini_hochberg
from analytics.verdicts import HOLD, MOVE, NO_EVIDENCE, TOO_LITTLE, Q
from errors import InputError

EXPECTED_CHANGE = 0.3  # standard deviation of a true weight around the one in force, before any outcome
LEAST_SLOPE = 1.0  # log odds between a score of 0 and of 100 that the scale of the prior assumes at least
FEWEST_DELIVERIES = 20
NARROW = 0.4  # width of an interval that says enough to hold a weight, as 40 points do for a score
COLUMNS = (
    "component",
    "leads",
    "deliveries",
    "current",
    "suggested",
    "low",
    "high",
    "tail",
    "verdict",
    "why",
)


def component_weights(
    scores: pd.DataFrame,
    delivered: pd.Series,
    current: Mapping[str, float],
    *,
    seed: int,
    repeats: int = 400,
    importance: pd.Series | None = None,
) -> pd.DataFrame:
    """One row per component of `current`, in its order: what its weight should be.

    `scores` has one row per matured lead of one workflow and a column per component (0–100); `delivered`,
    aligned with it, is true where it was. Rows with a missing component score are left out. `current` are
    the weights in force, which sum to 1. `importance`, aligned too, says how much each lead counts (say, the
    recent ones more): its values are scaled to sum to Kish's effective number of leads, (Σw)² / Σw², which is
    what the intervals then rest on.

    Columns: component; leads, deliveries (used); current, suggested (0–1, each sums to 1), low, high (95 %
    by a bootstrap of leads in which the prior is drawn anew each time, so that the interval does not lean
    on it); tail (two-sided bootstrap tail probability of the current weight, after Benjamini–Hochberg);
    verdict (move, hold, too little, or no evidence for a component that is the same on every lead); why.
    With fewer than 20 deliveries (or non-deliveries) the weights in force are repeated: "too little".
    InputError when a component has no column, the indexes differ, or the weights do not sum to 1.
    """
    names = list(current)
    missing = [name for name in names if name not in scores.columns]
    if missing:
        raise InputError(
            f"Scores were expected for each component, but there are none for {', '.join(missing)}."
        )
    if not delivered.index.equals(scores.index):
        raise InputError(
            "The deliveries were expected to have one entry per row of scores, in the same order."
        )
    weights = np.array([float(current[name]) for name in names])
    if len(names) == 0 or abs(weights.sum() - 1.0) > 1e-6 or (weights < 0).any():
        raise InputError(f"The weights in force were expected to sum to 1, but sum to {weights.sum():g}.")
    complete = scores[names].notna().all(axis=1).to_numpy()
    hit = delivered.to_numpy()[complete].astype(float)
    counts = _scaled(importance, complete)
    cells = scores.loc[complete, names].astype(float).assign(_leads=counts, _delivered=counts * hit)
    counted = cells.groupby(names, sort=True)[["_leads", "_delivered"]].sum()
    design = counted.index.to_frame(index=False).to_numpy(dtype=float) / 100.0
    n, k = counted["_leads"].to_numpy(dtype=float), counted["_delivered"].to_numpy(dtype=float)
    leads, deliveries = int(complete.sum()), int(hit.sum())
    varies = np.ptp(design, axis=0) > 0 if leads else np.zeros(len(names), dtype=bool)
    enough = min(k.sum(), (n - k).sum()) >= FEWEST_DELIVERIES - 1e-9 and bool(varies.any())
    suggested, drawn = weights, np.empty((0, len(names)))
    if enough:
        suggested = _shrunk_weights(design, n, k, weights, weights)
        drawn = _bootstrap(design, n, k, weights, np.random.default_rng(seed), repeats)
    low, high = (
        np.quantile(drawn, [0.025, 0.975], axis=0)
        if enough
        else (np.zeros_like(weights), np.ones_like(weights))
    )
    tail = np.full(len(names), np.nan)
    if enough:
        above, below = ((drawn >= weights).sum(axis=0) + 1), ((drawn <= weights).sum(axis=0) + 1)
        tail[varies] = np.minimum(1.0, 2 * np.minimum(above, below) / (repeats + 1))[varies]
    adjusted = benjamini_hochberg(tail)
    rows = []
    for i, name in enumerate(names):
        word = _word(enough, bool(varies[i]), float(adjusted[i]), float(high[i] - low[i]))
        why = _why(
            word,
            name,
            leads,
            deliveries,
            float(weights[i]),
            float(suggested[i]),
            float(low[i]),
            float(high[i]),
        )
        numbers = (leads, deliveries, weights[i], suggested[i], low[i], high[i], adjusted[i])
        rows.append((name, *numbers, word, why))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def rounded_weights(weights: FloatArray, decimals: int = 2) -> FloatArray:
    """The weights at so many decimals, still summing to 1: the largest remainders are rounded up."""
    scale = 10**decimals
    exact = np.asarray(weights, dtype=float) / np.sum(weights) * scale
    whole = np.floor(exact + 1e-9)
    short = round(scale - whole.sum())
    whole[np.argsort(-(exact - whole), kind="stable")[:short]] += 1
    result: FloatArray = whole / scale
    return result


def _scaled(importance: pd.Series | None, complete: npt.NDArray[np.bool_]) -> FloatArray:
    """How much each complete row counts: 1, or its importance scaled to Kish's effective number."""
    if importance is None:
        return np.ones(int(complete.sum()))
    weights = importance.to_numpy(dtype=float)[complete]
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise InputError("The importance of each lead was expected to be a number from 0 on.")
    squares = float((weights**2).sum())
    scaled: FloatArray = weights * (weights.sum() / squares) if squares > 0 else weights
    return scaled


def _word(enough: bool, varies: bool, adjusted: float, width: float) -> str:
    if not enough:
        return TOO_LITTLE
    if not varies:
        return NO_EVIDENCE
    if adjusted <= Q:
        return MOVE
    return HOLD if width <= NARROW else TOO_LITTLE


def _why(
    word: str,
    name: str,
    leads: int,
    deliveries: int,
    current: float,
    suggested: float,
    low: float,
    high: float,
) -> str:
    counted = f"{deliveries:,} deliveries of {leads:,} leads"
    if word == NO_EVIDENCE:
        return f"{counted}, but every lead has the same {name}: outcomes cannot say what it is worth."
    if word == MOVE:
        return f"{counted} put this weight between {low:.2f} and {high:.2f}; the {current:.2f} in force does not fit."
    if word == HOLD:
        return f"{counted} leave weights from {low:.2f} to {high:.2f} standing, which holds the {current:.2f} in force."
    if min(deliveries, leads - deliveries) < FEWEST_DELIVERIES:
        return f"{counted}: at least {FEWEST_DELIVERIES} deliveries, and as many leads without, are needed to say."
    return (
        f"{counted} leave weights from {low:.2f} to {high:.2f} standing: too wide to judge the {current:.2f}."
    )


def _bootstrap(
    design: FloatArray,
    n: FloatArray,
    k: FloatArray,
    weights: FloatArray,
    rng: np.random.Generator,
    repeats: int,
) -> FloatArray:
    """Weights from resampled leads, each time with a prior drawn around the weights in force: (repeats, components)."""
    both = np.concatenate([k, n - k])
    drawn = np.empty((repeats, len(weights)))
    for i in range(repeats):
        again = rng.multinomial(round(both.sum()), both / both.sum()).astype(float)
        center = np.clip(weights + rng.normal(0.0, EXPECTED_CHANGE, len(weights)), 0.0, None)
        center = center / center.sum() if center.sum() > 0 else weights
        drawn[i] = _shrunk_weights(
            design, again[: len(k)] + again[len(k) :], again[: len(k)], weights, center
        )
    return drawn


def _shrunk_weights(
    design: FloatArray, n: FloatArray, k: FloatArray, weights: FloatArray, center: FloatArray
) -> FloatArray:
    """Non-negative slopes pulled toward overall slope × center, divided by their sum.

    The overall slope is that of a plain logistic regression on the score with the weights in force, at
    least 1.
    """
    score = (design @ weights)[:, None]
    slope = _fit(score, n, k, np.zeros(1), 1e-6)[0] if np.ptp(score) > 0 else 0.0
    scale = max(float(slope), LEAST_SLOPE)
    slopes = _fit(design, n, k, scale * center, 1.0 / (scale * EXPECTED_CHANGE) ** 2)
    total = slopes.sum()
    shares: FloatArray = slopes / total if total > 1e-9 else weights
    return shares


def _fit(design: FloatArray, n: FloatArray, k: FloatArray, center: FloatArray, penalty: float) -> FloatArray:
    """Slopes ≥ 0 of a logistic regression with a free base and penalty/2 · |slope − center|², by Newton's steps.

    Each step is a non-negative least-squares problem (Lawson and Hanson's algorithm, SciPy).
    """
    from scipy.optimize import nnls

    total = n.sum()
    rate = min(max(float(k.sum() / total), 0.5 / total), 1 - 0.5 / total)
    middle = n @ design / total
    centred = design - middle
    slopes, base = center.copy(), np.log(rate / (1 - rate))
    ridge = penalty * np.eye(design.shape[1])
    for _ in range(25):
        chance = 0.5 * (1 + np.tanh(0.5 * (base + centred @ slopes)))
        weight = np.maximum(n * chance * (1 - chance), 1e-12)
        target = base + centred @ slopes + (k - n * chance) / weight
        mean_x, mean_y = weight @ centred / weight.sum(), weight @ target / weight.sum()
        left = centred - mean_x
        matrix = (left * weight[:, None]).T @ left + ridge
        root = np.linalg.cholesky(matrix + 1e-10 * np.eye(len(matrix)))
        wanted = (left * weight[:, None]).T @ (target - mean_y) + ridge @ center
        new, _ = nnls(root.T, np.linalg.solve(root, wanted))
        change = np.abs(new - slopes).max()
        slopes, base = new, float(mean_y - mean_x @ new)
        if change < 1e-7:
            break
    return slopes
