"""Batches side by side: how far their companies came, by operator, and whether a difference is more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analytics.rates import wilson_interval

STEPS = ("contacted", "appointments", "deliveries")


def compare_batches(first: Mapping[str, Any], second: Mapping[str, Any]) -> pd.DataFrame:
    """One row per step (contacted, appointments, deliveries): how many companies of each batch came so far, the
    rates with 95 % Wilson intervals, and the difference second - first with Newcombe's interval.

    Each batch has companies, contacted, appointments, deliveries. Columns: step, first, second (counts),
    first_rate, first_low, first_high, second_rate, second_low, second_high, difference, difference_low,
    difference_high (fractions; missing where a batch has no company), distinct (bool: the interval of the
    difference leaves 0 out).

    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10: the limits of the difference are made of the
    Wilson limits of both rates.
    """
    n = np.array([[first["companies"], second["companies"]]] * len(STEPS), dtype="float64")
    k = np.array([[first[step], second[step]] for step in STEPS], dtype="float64")
    low, high = wilson_interval(k, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(n > 0, k / n, np.nan)
    p1, p2 = rate.T
    difference = p2 - p1
    down = difference - np.hypot(p2 - low[:, 1], high[:, 0] - p1)
    up = difference + np.hypot(high[:, 1] - p2, p1 - low[:, 0])
    return pd.DataFrame(
        {
            "step": STEPS,
            "first": k[:, 0].astype("int64"),
            "second": k[:, 1].astype("int64"),
            "first_rate": p1, "first_low": low[:, 0], "first_high": high[:, 0],
            "second_rate": p2, "second_low": low[:, 1], "second_high": high[:, 1],
            "difference": difference, "difference_low": down, "difference_high": up,
            "distinct": (down > 0) | (up < 0),
        }
    )  # fmt: skip


def age_in_days(exported_at: str, now: pd.Timestamp) -> int:
    """Whole days from the export to `now`."""
    return int((now - pd.Timestamp(exported_at)).days)


def by_operator(batches: pd.DataFrame, *, now: pd.Timestamp, maturity_days: int) -> pd.DataFrame:
    """One row per operator, most companies first: what became of the companies found for it in batches that stand.

    `batches` as stores.batches.read_batches gives them; those without an operator are one row named "No operator".
    Columns: operator, batches, companies, too_young (companies of batches younger than `maturity_days`), deliveries (of
    the others), rate with its 95 % Wilson interval low and high (fractions; missing where all are too young), than_all
    (above, below, or missing where the interval holds the rate of all). No batch gives no row.
    """
    stand = batches[batches["status"] == "closed"]
    old = (now - pd.to_datetime(stand["exported_at"], utc=True)).dt.days >= maturity_days
    counted = pd.DataFrame(
        {
            "operator": stand["operator_name"].astype("str").fillna("No operator"), "batches": 1,
            "companies": stand["companies"], "too_young": stand["companies"].where(~old, 0),
            "deliveries": stand["deliveries"].where(old, 0),
        }
    )  # fmt: skip
    table = counted.groupby("operator", as_index=False).sum()
    n, k = (
        (table["companies"] - table["too_young"]).to_numpy("float64"),
        table["deliveries"].to_numpy("float64"),
    )
    low, high = wilson_interval(k, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, all_of_them = np.where(n > 0, k / n, np.nan), k.sum() / n.sum()
    than_all = np.select(
        [(n > 0) & (low > all_of_them), (n > 0) & (high < all_of_them)], ["above", "below"], ""
    )
    table = table.assign(rate=rate, low=np.where(n > 0, low, np.nan), high=np.where(n > 0, high, np.nan),
                         than_all=pd.Series(than_all, dtype="str").replace("", pd.NA))  # fmt: skip
    return table.sort_values(["companies", "operator"], ascending=[False, True], ignore_index=True)
