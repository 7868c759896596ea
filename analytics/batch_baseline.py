"""Batches against the rate of the history, with limits of what chance makes, young leads allowed for."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.alarms import ALARM_SD, WARN_SD
from analytics.calibration_table import Day, known_outcomes
from analytics.maturity import Delay, rate_by_value
from analytics.rates import FloatArray, wilson_interval

COLUMNS = (
    "batch_id", "exported_on", "companies", "age_days", "deliveries", "shown", "effective", "expected", "rate", "low",
    "high", "warn_low", "warn_high", "alarm_low", "alarm_high", "matured", "word",
)  # fmt: skip
AS_EXPECTED, TOO_YOUNG = "as expected", "too young"
_POINTS = 64  # of the baseline's posterior
_LEAST_EXPECTED = 1.0  # deliveries by now: below it a batch can say nothing


def baseline_rate(
    outcomes: pd.DataFrame, delay: Delay | None, *, as_of: Day, maturity_days: int
) -> dict[str, Any] | None:
    """{leads, deliveries, rate, low, high}: what these leads say about the share delivered in the end, None without one.

    `outcomes` as in calibration_table. leads: how many fully matured leads the evidence is worth (float); rate, low,
    high: 0–1, Wilson's 95 %. Without a `delay` matured leads alone count.
    """
    if delay is None:
        known = known_outcomes(outcomes, as_of=as_of, maturity_days=maturity_days)
        judged = known[known["matured"]]
        leads, deliveries = float(len(judged)), int(judged["delivered"].sum())
    else:
        everyone = pd.Series("all", index=outcomes.index, dtype="str")
        told = rate_by_value(outcomes, everyone, delay, as_of=as_of, horizon_days=maturity_days)
        leads = float(told["effective_leads"].sum())
        deliveries = int(told["deliveries"].sum())
    if leads <= 0:
        return None
    low, high = wilson_interval([min(deliveries, leads)], [leads])
    return {
        "leads": leads, "deliveries": deliveries, "rate": min(deliveries / leads, 1.0),
        "low": float(low[0]), "high": float(high[0]),
    }  # fmt: skip


def batches_against(
    companies: pd.DataFrame,
    baseline: Mapping[str, Any],
    delay: Delay | None,
    *,
    as_of: Day,
    maturity_days: int,
) -> pd.DataFrame:
    """One row per batch, oldest first.

    `companies` has a row per company: batch_id, exported_on, delivered_on (ISO days, missing while open), as
    stores.outcomes.read_delivery_days gives it; `baseline` as `baseline_rate` gives it. Columns: batch_id, exported_on;
    companies, age_days, deliveries (so far); shown (0–1: the share of its deliveries that a batch of this age has
    shown; 0 or 1 by `maturity_days` without a delay); effective (companies × shown); expected (deliveries by now at the
    baseline's rate); rate, low, high (0–1: deliveries / effective, where it is heading, Wilson's 95 %; missing where
    nothing is expected yet); warn_low, warn_high, alarm_low, alarm_high (counts at or beyond which chance brings an
    unchanged batch in 2.3 % and 0.13 % of cases, the baseline's own uncertainty included; −1 or companies + 1 where it
    cannot); matured (bool); word: too young (less than one delivery expected), as expected, below, far below, above, far
    above.

    Limits: the binomial averaged over the baseline's posterior Beta(k + ½, n − k + ½); two and three standard
    deviations stand for their tails (Spiegelhalter 2005, Stat Med 24, 1185–1202).
    """
    if companies.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    today = pd.Timestamp(as_of).normalize()
    started = pd.to_datetime(companies["exported_on"], format="ISO8601")
    delivered = pd.to_datetime(companies["delivered_on"], format="ISO8601") <= today
    rows = pd.DataFrame({"batch_id": companies["batch_id"], "exported_on": started, "won": delivered})
    table = rows.groupby("batch_id", sort=True).agg(
        exported_on=("exported_on", "min"), companies=("won", "size"), deliveries=("won", "sum")
    )
    table = table[table["exported_on"] <= today].sort_values("exported_on", kind="stable").reset_index()
    age = (today - table["exported_on"]).dt.days.to_numpy(dtype=float)
    table["matured"] = age >= maturity_days
    shown = table["matured"].to_numpy(dtype=float) if delay is None else delay.share_by(age + 1.0)
    n, k = table["companies"].to_numpy(dtype=float), table["deliveries"].to_numpy(dtype=float)
    effective = np.maximum(n * shown, 0.0)
    safe = np.maximum(np.maximum(effective, k), 1e-9)
    low, high = wilson_interval(k, safe)
    told = effective > 0
    table["age_days"] = age.astype("int64")
    table["shown"], table["effective"] = shown, effective
    table["expected"] = effective * baseline["rate"]
    for name, values in (("rate", k / safe), ("low", low), ("high", high)):
        table[name] = np.where(told, values, np.nan)
    # Without a delay a young batch can only be better than all its time would make it.
    limits = chance_limits(n, np.ones_like(n) if delay is None else shown, baseline)
    table = table.join(limits)
    table["word"] = [_word(row) for row in table.to_dict("records")]
    return table[list(COLUMNS)]


def chance_limits(
    companies: npt.ArrayLike, shown: npt.ArrayLike, baseline: Mapping[str, Any]
) -> pd.DataFrame:
    """warn_low, warn_high, alarm_low, alarm_high as in `batches_against`, one row per number of companies."""
    from scipy.special import bdtr, betaincinv

    n = np.floor(np.asarray(companies, dtype=float))
    share = np.asarray(shown, dtype=float)
    k, m = float(baseline["deliveries"]), float(baseline["leads"])
    points = betaincinv(k + 0.5, max(m - k, 0.0) + 0.5, (np.arange(_POINTS) + 0.5) / _POINTS)
    chance = np.clip(points * share[:, None], 0.0, 1.0)

    def at_most(count: FloatArray) -> FloatArray:
        whole = bdtr(np.clip(count, 0, n)[:, None], n[:, None].astype("int64"), chance).mean(axis=1)
        found: FloatArray = np.where(count < 0, 0.0, np.where(count >= n, 1.0, whole))
        return found

    def highest(holds: Any) -> FloatArray:
        """The highest count from −1 to n for which `holds`, which is true at −1 and stays false once it is."""
        low, high = np.full(len(n), -1.0), n + 1.0
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            yes = holds(middle)
            low, high = np.where(yes, middle, low), np.where(yes, high, middle)
        return low

    limits = {}
    for name, sd in (("warn", WARN_SD), ("alarm", ALARM_SD)):
        tail = NormalDist().cdf(-sd)
        limits[f"{name}_low"] = highest(lambda count, tail=tail: at_most(count) <= tail)
        limits[f"{name}_high"] = highest(lambda count, tail=tail: 1.0 - at_most(count - 1.0) > tail) + 1.0
    return pd.DataFrame(limits).astype("int64")[["warn_low", "warn_high", "alarm_low", "alarm_high"]]


def limit_lines(baseline: Mapping[str, Any], *, least: float, most: float) -> pd.DataFrame:
    """The limits as lines for a picture: effective (from `least` to `most` companies), and warn_low, warn_high, alarm_low,
    alarm_high as rates (0–1).
    """
    sizes = np.unique(np.linspace(max(least, 1.0), max(most * 1.05, least + 10.0), 60).round())
    limits = chance_limits(sizes, np.ones_like(sizes), baseline)
    rates = limits.clip(lower=0).div(sizes, axis=0).clip(upper=1.0)
    return pd.concat([pd.Series(sizes, name="effective"), rates], axis=1)


def _word(row: Mapping[Any, Any]) -> str:
    if row["deliveries"] >= row["alarm_high"]:
        return "far above"
    if row["deliveries"] >= row["warn_high"]:
        return "above"
    if row["expected"] < _LEAST_EXPECTED:
        return TOO_YOUNG
    if row["deliveries"] <= row["alarm_low"]:
        return "far below"
    return "below" if row["deliveries"] <= row["warn_low"] else AS_EXPECTED
