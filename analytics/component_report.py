"""What the weights of one workflow should be, and whether they would have ranked later leads better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.backtest import Proof, Scorer, walk_forward
from analytics.calibration_table import Day, known_outcomes
from analytics.components import component_weights, rounded_weights
from analytics.recency import recency_weights
from analytics.verdicts import NO_EVIDENCE


@dataclass(frozen=True)
class ComponentReport:
    """The weights of one workflow. table: components.component_weights, with `rounded` (the suggestion at two
    decimals, which sum to 1; missing where there is nothing to go on). leads, deliveries: matured leads that have every
    component score; too_young: leads left for later. proof: the walk-forward, current against suggested weights.
    """

    table: pd.DataFrame
    leads: int
    deliveries: int
    too_young: int
    proof: Proof


def component_report(
    leads: pd.DataFrame,
    current: Mapping[str, float],
    *,
    as_of: Day,
    maturity_days: int,
    top: int,
    seed: int,
    half_life_days: float | None = None,
) -> ComponentReport:
    """The report as known on `as_of`.

    `leads` has one row per lead of the workflow: started_on, delivered_on (dates, missing allowed) and a column per
    component of `current` with its score at export (0–100; rows with a missing one are left out). `top`: how many leads
    of a month are called first. `half_life_days`: newer leads count more. No lead gives "no evidence" for every weight.
    """
    names = list(current)
    leads = leads.dropna(subset=names)
    known = known_outcomes(leads, as_of=as_of, maturity_days=maturity_days)
    judged = known[known["matured"]]
    table = _weights(leads.loc[judged.index], judged["delivered"], current, as_of, seed, half_life_days, 400)
    if judged.empty:
        table["verdict"] = NO_EVIDENCE
        table["why"] = "No lead of this workflow with a score for each part is old enough to count."
    told = table["low"].notna() & ((table["low"] > 0) | (table["high"] < 1))
    table["rounded"] = (
        rounded_weights(table["suggested"].to_numpy(dtype=float))
        if told.any()
        else np.full(len(table), np.nan)
    )

    def scorer(weights: pd.Series) -> Scorer:
        return lambda rows: rows[names].to_numpy(dtype=float) @ weights.to_numpy(dtype=float)

    def suggest(history: pd.DataFrame, cut_off: pd.Timestamp) -> Scorer:
        seen = known_outcomes(history, as_of=cut_off, maturity_days=maturity_days)
        seen = seen[seen["matured"]]
        found = _weights(
            history.loc[seen.index], seen["delivered"], current, cut_off, seed, half_life_days, 2
        )
        return scorer(found["suggested"])

    proof = walk_forward(
        leads,
        scorer(pd.Series(current, dtype=float)),
        suggest,
        features=names,
        as_of=as_of,
        maturity_days=maturity_days,
        top=top,
        seed=seed,
    )
    return ComponentReport(
        table, len(judged), int(judged["delivered"].sum()), int((~known["matured"]).sum()), proof
    )


def _weights(
    rows: pd.DataFrame,
    delivered: pd.Series,
    current: Mapping[str, float],
    as_of: Day,
    seed: int,
    half_life_days: float | None,
    repeats: int,
) -> pd.DataFrame:
    importance = None
    if half_life_days is not None:
        importance = recency_weights(rows, as_of=as_of, half_life_days=half_life_days)
    table = component_weights(rows, delivered, current, seed=seed, repeats=repeats, importance=importance)
    return table.round(9)  # beyond it lie the last bits of the machine
