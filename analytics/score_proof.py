"""Current against suggested scores on later leads: the walk-forward of backtest.py with the scores of icp.yaml.

A lead is scored by the dimensions that outcomes know, with the weights of its own workflow (historical leads: by
distance). What it has no value for counts the same under both scores, so it cannot decide between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.backtest import Proof, walk_forward
from analytics.calibration_table import Day, known_outcomes
from analytics.rates import FloatArray, fit_prior, shrunk_rates, suggested_scores
from analytics.recency import recency_weights
from icp import (
    Icp,
    bands_in_force,
    below_bands,
    component_of,
    default_score,
    dimension_values,
    dimensions,
    scores_in_force,
)

WORKFLOW_OF_HISTORY = "geography"
Scores = Mapping[str, Mapping[str, float]]  # dimension → value → score


def prove_scores(
    outcomes: pd.DataFrame,
    icp: Icp,
    *,
    as_of: Day,
    estimator: str,
    top: int,
    seed: int,
    months: int = 12,
    half_life_days: float | None = None,
) -> Proof:
    """The proof for these outcomes (see stores.outcomes.read_outcome_frame) as known on `as_of`.

    `half_life_days`: newer leads count more (recency.recency_weights). Each month the suggestion is made again from what was known then; `top` leads of the next month count as called.
    Values without a score of their own get the default of their dimension. No outcome gives "not ready".
    """
    scored = [d for d in dimensions(icp) if scores_in_force(icp, d)]
    features = {f"value_{d}": dimension_values(icp, d, outcomes) for d in scored}
    workflow = outcomes["workflow_type"].fillna(WORKFLOW_OF_HISTORY)
    rows = outcomes.assign(**features, proof_workflow=workflow)
    days = int(icp.data["calibration"]["maturity_days"])
    in_force: Scores = {d: _as_scored(icp, d, scores_in_force(icp, d)) for d in scored}

    def suggest(history: pd.DataFrame, cut_off: pd.Timestamp) -> Callable[[pd.DataFrame], npt.ArrayLike]:
        known = known_outcomes(history, as_of=cut_off, maturity_days=days)
        judged = history.join(known.loc[known["matured"], ["delivered"]], how="inner")
        judged = judged.assign(counts=1.0)
        if half_life_days is not None:
            judged["counts"] = recency_weights(history, as_of=cut_off, half_life_days=half_life_days)
        new = {
            d: _suggested(judged[judged[f"value_{d}"] != below_bands(icp, d)], d, estimator) for d in scored
        }
        both = {d: _as_scored(icp, d, {**in_force[d], **new[d]}) for d in scored}
        return lambda leads: _points(leads, icp, both)

    return walk_forward(
        rows,
        lambda leads: _points(leads, icp, in_force),
        suggest,
        features=[*features, "proof_workflow"],
        as_of=as_of,
        maturity_days=days,
        top=top,
        seed=seed,
        months=months,
    )


def _as_scored(icp: Icp, dimension: str, scores: Mapping[str, float]) -> Mapping[str, float]:
    """The scores, with that of the first band for what lies below it: as the one scoring function does."""
    below = below_bands(icp, dimension)
    return scores if below is None else {**scores, below: scores[bands_in_force(icp, dimension)[0].label]}


def _suggested(judged: pd.DataFrame, dimension: str, estimator: str) -> dict[str, float]:
    """Value → suggested score from these matured leads (`counts`: how much each counts); none while nothing was
    delivered."""
    weight, won = judged["counts"], judged["counts"] * judged["delivered"]
    named = pd.DataFrame({"mass": weight, "won": won, "squares": weight**2})
    counts = named.groupby(judged[f"value_{dimension}"]).sum()
    if not counts["won"].sum():
        return {}
    leads = (counts["mass"] ** 2 / counts["squares"]).to_numpy()  # Kish's effective leads
    deliveries = leads * (counts["won"] / counts["mass"]).clip(upper=1.0).to_numpy()
    rates = (
        deliveries / leads
        if estimator == "raw"
        else shrunk_rates(deliveries, leads, fit_prior(leads, deliveries))
    )
    return dict(zip(counts.index.astype("str"), suggested_scores(rates).tolist(), strict=True))


def _points(leads: pd.DataFrame, icp: Icp, scores: Scores) -> FloatArray:
    """weight × score, summed over the dimensions; a missing value counts 0 under every score."""
    total = np.zeros(len(leads))
    for dimension, by_value in scores.items():
        weight = np.zeros(len(leads))
        for workflow in ("intent", "geography"):
            weights = icp.data["scoring"][workflow]["weights"]
            weight[leads["proof_workflow"] == workflow] = weights.get(component_of(icp, dimension), 0.0)
        values = leads[f"value_{dimension}"]
        known = values.map(dict(by_value)).astype("float64")
        default = default_score(icp, dimension)
        if default is not None:
            known = known.where(known.notna() | values.isna(), float(default))
        total += weight * known.fillna(0.0).to_numpy()
    return total
