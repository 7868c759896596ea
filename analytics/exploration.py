"""What the exploration slices have shown so far: how leads convert that the rules leave out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from analytics.rates import wilson_interval

COLUMNS = ("left_out_because", "companies", "too_young", "judged", "deliveries", "rate", "low", "high")


def exploration_table(explored: pd.DataFrame, *, as_of: date, maturity_days: int) -> pd.DataFrame:
    """One row per reason why the rules left leads out, most companies first, and one named "All" at the end.

    `explored` has a row per company that went out by chance: inclusion_probability (0 to 1), left_out_because,
    exported_on, delivered_on (dates; missing while not delivered). Columns: COLUMNS; rate is Hajek's estimate, the
    mean of the outcomes weighted by 1 / inclusion probability, over those exported at least `maturity_days` before
    `as_of` (the others are too young, delivered or not: of young leads only the quick ones have an outcome); low and high are Wilson's 95 % limits at Kish's effective number, (sum of weights)² / sum of
    squared weights; all three missing while nobody can be judged. No row gives no row.

    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 5.7; Kish (1965), Survey Sampling, 11.7.
    """
    if explored.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    exported = pd.to_datetime(explored["exported_on"])
    won = explored["delivered_on"].notna().to_numpy()
    old = ((pd.Timestamp(as_of) - exported).dt.days >= maturity_days).to_numpy()
    weight = 1 / explored["inclusion_probability"].to_numpy(dtype="float64")
    reasons = explored["left_out_because"].astype("str").to_numpy()
    order = pd.Series(reasons).value_counts().index.tolist()
    rows = []
    for name in [*order, "All"]:
        mine = np.ones(len(explored), dtype=bool) if name == "All" else reasons == name
        judged, told = mine & old, [np.nan] * 3
        if judged.any():
            w = weight[judged]
            rate = float((w * won[judged]).sum() / w.sum())
            effective = float(w.sum() ** 2 / (w**2).sum())
            low, high = wilson_interval([rate * effective], [effective])
            told = [rate, float(low[0]), float(high[0])]
        counts = [int(mine.sum()), int((mine & ~old).sum()), int(judged.sum()), int((judged & won).sum())]
        rows.append([name, *counts, *told])
    return pd.DataFrame(rows, columns=list(COLUMNS))
