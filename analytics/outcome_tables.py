"""The table behind the picture of outcomes: how long a delivery takes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd


def delivery_curve_table(companies: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """The Kaplan–Meier share delivered by day since export: day, delivered, low, high (95 %, fractions), at_risk.

    `companies` is stores.outcomes.read_delivery_days. Open companies are watched until `as_of`. No delivery gives
    no rows. Interval by Greenwood's variance on the log(-log) scale (Kalbfleisch and Prentice 1980).
    """
    start = pd.to_datetime(companies["exported_on"], format="ISO8601")
    end = pd.to_datetime(companies["delivered_on"], format="ISO8601")
    delivered = end.notna() & (end <= pd.Timestamp(as_of))
    watched = (end.where(delivered, pd.Timestamp(as_of)) - start).dt.days.clip(lower=0)
    days = np.sort(watched[delivered].unique())
    if not len(days):
        return pd.DataFrame(columns=["day", "delivered", "low", "high", "at_risk"], dtype="float64")
    at_risk = np.array([(watched >= day).sum() for day in days])
    events = np.array([(watched[delivered] == day).sum() for day in days])
    left = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
        width = 1.959964 * np.sqrt(variance) / np.log(left)
        low, high = 1 - left ** np.exp(width), 1 - left ** np.exp(-width)
    table = pd.DataFrame({"day": days, "delivered": 1 - left, "low": low, "high": high, "at_risk": at_risk})
    origin = pd.DataFrame(
        {"day": [0], "delivered": [0.0], "low": [0.0], "high": [0.0], "at_risk": [len(watched)]}
    )
    return pd.concat([origin, table], ignore_index=True) if days[0] > 0 else table
