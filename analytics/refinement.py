"""New weights for a weighted sum of any components, with the proof that they rank later cases better.

The score of a case is the sum of weight × component, components from 0 to 100. Weights are fitted as those of the
lead score are (analytics.components); what makes it a proposal is the time-wise proof: each month is ranked by
weights fitted to what was known before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.backtest import Proof, Scorer, walk_forward
from analytics.components import component_weights, rounded_weights
from analytics.rates import FloatArray
from errors import InputError

DECIMALS = 2
FEWEST_A_STAGE = 40  # hits, and as many misses, before a stage gets weights of its own


@dataclass(frozen=True)
class Refinement:
    """What the cases say about the weights.

    table: one row per component as analytics.components.component_weights gives it. weights: component → suggested
    weight at two decimals, summing to 1. proof: current against suggested on later months. stages: one row per stage:
    stage, cases, hits, why (missing where it has weights of its own), and a column per component (0–1, missing without).
    extras: one row per further factor: factor, cases, hits, points (its worth in points of the score from its lowest to
    its highest, the score held), low, high (95 %), worth (bool: the interval leaves out 0).
    cases, hits; half_life: days after which a case counts half, or missing.
    """

    table: pd.DataFrame
    weights: dict[str, float]
    proof: Proof
    stages: pd.DataFrame
    extras: pd.DataFrame
    cases: int
    hits: int
    half_life: float | None


def refine(
    cases: pd.DataFrame,
    current: Mapping[str, float],
    *,
    seed: int,
    top: int = 100,
    half_life: float | None = None,
    extras: Sequence[str] = (),
) -> Refinement:
    """The weights these cases suggest, as of the newest of them.

    `cases` has one row per closed case: day (datetime64), hit (bool), optionally stage (text), a column per component of
    `current` (0–100; rows with a missing one are left out) and per name of `extras` (numbers of any scale, for instance
    whether a competitor was there). `half_life`: a case so many days older than the newest counts half. `top`: how many
    cases of a month are worked on first. InputError for no case, a component outside 0–100 or a half-life of 0 or less.
    """
    names = list(current)
    used = (
        cases.dropna(subset=[*names, "day", "hit"]).sort_values("day", kind="stable").reset_index(drop=True)
    )
    _check(used, names, half_life)
    importance = _importance(used["day"], half_life)
    hit = used["hit"].astype(bool)
    table = component_weights(used[names], hit, current, seed=seed, importance=importance)
    weights = rounded_weights(table["suggested"].to_numpy(dtype=float), DECIMALS)
    return Refinement(
        table=table,
        weights=dict(zip(names, weights.tolist(), strict=True)),
        proof=_proof(used, current, seed=seed, top=top, half_life=half_life),
        stages=_stages(used, current, seed, half_life),
        extras=_extras(used, names, weights, [name for name in extras if name not in names]),
        cases=len(used),
        hits=int(hit.sum()),
        half_life=half_life,
    )


def _check(used: pd.DataFrame, names: Sequence[str], half_life: float | None) -> None:
    if used.empty:
        raise InputError(
            "No case has a day, an outcome and every component, so there is nothing to learn from."
        )
    if half_life is not None and not half_life > 0:
        raise InputError(f"A half-life above 0 days was expected, got {half_life:g}.")
    wrong = [name for name in names if not used[name].between(0, 100).all()]
    if wrong:
        raise InputError(
            f"Components from 0 to 100 were expected, but {', '.join(wrong)} go beyond. Scale them first."
        )


def _importance(days: pd.Series, half_life: float | None) -> pd.Series | None:
    if half_life is None:
        return None
    age = (days.max() - days).dt.days.to_numpy(dtype=float)
    return pd.Series(0.5 ** (age / half_life), index=days.index)


def _proof(
    used: pd.DataFrame, current: Mapping[str, float], *, seed: int, top: int, half_life: float | None
) -> Proof:
    """Month by month: fitted to the cases before it, held against the weights in force on it."""
    names = list(current)
    outcomes = used[names].assign(
        started_on=used["day"], delivered_on=used["day"].where(used["hit"].astype(bool))
    )

    def scorer(weights: FloatArray) -> Scorer:
        return lambda leads: leads[names].to_numpy(dtype=float) @ weights

    def suggest(history: pd.DataFrame, _: pd.Timestamp) -> Scorer:
        known = component_weights(
            history[names], history["delivered_on"].notna(), current, seed=seed, repeats=2,
            importance=_importance(history["started_on"], half_life),
        )  # fmt: skip
        return scorer(known["suggested"].to_numpy(dtype=float))

    now = np.array([float(current[name]) for name in names])
    return walk_forward(
        outcomes,
        scorer(now),
        suggest,
        features=names,
        as_of=used["day"].max(),
        maturity_days=0,
        top=top,
        seed=seed,
    )


def _stages(
    used: pd.DataFrame, current: Mapping[str, float], seed: int, half_life: float | None
) -> pd.DataFrame:
    rows = []
    for stage, some in used.groupby("stage", sort=True) if "stage" in used else ():
        hit = some["hit"].astype(bool)
        row = {"stage": str(stage), "cases": len(some), "hits": int(hit.sum()), "why": None}
        if min(hit.sum(), (~hit).sum()) < FEWEST_A_STAGE:
            row["why"] = (
                f"At least {FEWEST_A_STAGE} hits and as many misses are needed for weights of its own."
            )
        else:
            found = component_weights(
                some[list(current)],
                hit,
                current,
                seed=seed,
                repeats=2,
                importance=_importance(some["day"], half_life),
            )
            row |= dict(zip(current, rounded_weights(found["suggested"].to_numpy(dtype=float)), strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=["stage", "cases", "hits", "why", *current])


def _extras(
    used: pd.DataFrame, names: Sequence[str], weights: npt.ArrayLike, extras: Sequence[str]
) -> pd.DataFrame:
    """What each further factor adds to the suggested score: its log odds over those of a point; interval by the delta method."""
    rows = []
    score = used[list(names)].to_numpy(dtype=float) @ np.asarray(weights, dtype=float)
    for name in extras:
        known = pd.to_numeric(used[name], errors="coerce")
        kept = known.notna().to_numpy()
        values, hit = known.to_numpy(dtype=float)[kept], used["hit"].to_numpy(dtype=bool)[kept]
        span = float(np.ptp(values)) if len(values) else 0.0
        points = low = high = float("nan")
        if span > 0 and min(hit.sum(), (~hit).sum()) >= FEWEST_A_STAGE:
            slopes, errors = _logistic(
                np.column_stack([score[kept] / 100, (values - values.min()) / span]), hit
            )
            if slopes[0] > 0.25:  # a score that tells nothing gives no scale for points
                points = 100 * slopes[1] / slopes[0]
                gradient = np.array([-points / slopes[0], 100 / slopes[0]])
                half = 1.959964 * float(np.sqrt(gradient @ errors @ gradient))
                low, high = points - half, points + half
        rows.append((name, int(kept.sum()), int(hit.sum()), points, low, high, bool(low > 0 or high < 0)))
    return pd.DataFrame(rows, columns=["factor", "cases", "hits", "points", "low", "high", "worth"])


def _logistic(design: FloatArray, hit: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Slopes of a logistic regression with intercept, and their covariance (inverse information)."""
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(C=1e4, tol=1e-8, max_iter=1000).fit(design, hit)
    chance = fit.predict_proba(design)[:, 1]
    full = np.column_stack([np.ones(len(design)), design])
    information = (full * (chance * (1 - chance))[:, None]).T @ full
    slopes: FloatArray = fit.coef_[0]
    return slopes, np.linalg.inv(information)[1:, 1:]
