"""How much a lead counts by its age, where newer leads are to count more: an option, off by default."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.calibration_table import Day, known_outcomes
from errors import InputError


def recency_weights(outcomes: pd.DataFrame, *, as_of: Day, half_life_days: float) -> pd.Series:
    """½ ^ (age in days / half-life) per lead (0–1), same index; 1 for a lead that starts after `as_of`.

    `outcomes` has started_on and delivered_on. A lead without a start is old and counts as the oldest one that has a
    start; where none has, all count 1. InputError when the half-life is not above 0.
    """
    if not half_life_days > 0:
        raise InputError(f"A half-life above 0 days was expected, but got {half_life_days:g}.")
    age = known_outcomes(outcomes, as_of=as_of, maturity_days=0)["age_days"].reindex(outcomes.index)
    started = pd.to_datetime(outcomes["started_on"])
    oldest = age.max() if age.notna().any() else 0.0
    age = age.where(started.notna(), oldest).fillna(0.0)
    return pd.Series(np.power(0.5, age.to_numpy() / half_life_days), index=outcomes.index, name="weight")
