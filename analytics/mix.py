"""Why did the rate change between two periods: other leads, other rates, or only younger leads?

Kitagawa's symmetric split (1955, JASA 50, 1168–1194) of the change in the matured rate, Σ w·r over the
values of a dimension:

    rate  Σ (r₁ − r₀)(w₀ + w₁)/2          mix  Σ (w₁ − w₀)((r₀ + r₁)/2 − r̄)

which adds up without a remainder. A value that is new or gone has one rate only, so that all of its change
is mix. Before it comes the maturity term: what is seen so far falls short of the matured rate as far as
leads are young.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.calibration_table import Day, known_outcomes
from analytics.maturity import Delay
from analytics.rates import FloatArray
from analytics.signed_numbers import signed

TERMS = ("maturity", "mix", "rate")
LEAST_SHOWN = (
    0.5  # matured leads that the leads of a value must be worth before they have a rate of their own
)


@dataclass(frozen=True)
class Waterfall:
    """From the rate of one period to that of another.

    before, after: delivered so far / leads (0–1), of leads that carry a value; leads_before, leads_after:
    how many. terms: one row per term (maturity, mix, rate): term, change (in rate, 0–1; the three sum to
    after − before), low, high (95 % by a bootstrap of leads within each period), by_chance (how often leads
    shuffled between the periods make a change at least as large). values: one row per value: value,
    share_before, share_after, rate_before, rate_after (0–1, allowing for young leads, missing where the
    value was absent), mix, rate, note ("new", "gone" or empty). why: the sentence. Terms are missing (NaN)
    when a period has no leads.
    """

    before: float
    after: float
    leads_before: int
    leads_after: int
    terms: pd.DataFrame
    values: pd.DataFrame
    why: str


def rate_waterfall(
    before: pd.DataFrame,
    before_values: pd.Series,
    after: pd.DataFrame,
    after_values: pd.Series,
    *,
    as_of: Day,
    delay: Delay | None,
    horizon_days: int,
    seed: int,
    repeats: int = 500,
) -> Waterfall:
    """The waterfall between two sets of leads (periods or batches), by the values of one dimension.

    Frames as in calibration_table, values aligned with them; leads without a value are left out. `delay`
    says how much of its deliveries a lead of some age has shown (maturity.fit_delay): a value's matured
    rate is its deliveries divided by the sum of these shares, up to `horizon_days`; a value whose leads are
    worth less than half a matured one is given its rate of the other period. Without a delay every lead
    counts as matured and the maturity term is 0.
    """
    periods = ((before, before_values), (after, after_values))
    rows = [_rows(*period, as_of, delay, horizon_days) for period in periods]
    sizes = (len(rows[0]), len(rows[1]))
    if min(sizes) == 0:
        return _empty(sizes, rows)
    names = sorted({str(name) for row in rows for name in row["value"].unique()})
    cell, times = _cells(rows, names)
    old, new = (cell.summed(each[None]) for each in times)
    terms, parts = _split(old, new)
    rng = np.random.default_rng(seed)
    drawn = np.empty((repeats, len(TERMS)))
    shuffled = np.empty((repeats, len(TERMS)))
    for start in range(0, repeats, 50):  # in portions, so that many different leads fit into memory
        part = slice(start, min(start + 50, repeats))
        size = part.stop - start
        again = [rng.multinomial(each.sum(), each / each.sum(), size=size) for each in times]
        drawn[part] = _split(*(cell.summed(each) for each in again))[0]
        first = rng.multivariate_hypergeometric(times.sum(axis=0), sizes[0], size=size, method="marginals")
        shuffled[part] = _split(cell.summed(first), cell.summed(times.sum(axis=0) - first))[0]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    chance = ((np.abs(shuffled) >= np.abs(terms[0]) - 1e-12).sum(axis=0) + 1) / (repeats + 1)
    table = pd.DataFrame({"term": TERMS, "change": terms[0], "low": low, "high": high, "by_chance": chance})
    starts = (float(old[0, 1].sum() / sizes[0]), float(new[0, 1].sum() / sizes[1]))
    return Waterfall(*starts, *sizes, table, _by_value(names, old[0], new[0], parts), _why(starts, table))


@dataclass(frozen=True)
class _Cells:
    """Leads that are alike, counted together: number of the value (ascending), delivered, share shown."""

    value: npt.NDArray[np.intp]
    delivered: FloatArray
    share: FloatArray

    def summed(self, times: npt.NDArray[np.int64]) -> FloatArray:
        """(…, 3, values): leads, deliveries and shares shown, from how often each cell occurs (…, cells)."""
        starts = np.flatnonzero(np.concatenate([[True], self.value[1:] != self.value[:-1]]))
        columns = (np.ones_like(self.share), self.delivered, self.share)
        return np.stack([np.add.reduceat(times * column, starts, axis=-1) for column in columns], axis=-2)


def _cells(rows: list[pd.DataFrame], names: list[str]) -> tuple[_Cells, npt.NDArray[np.int64]]:
    """The different leads of both periods, and how often each occurs in either: (2, cells)."""
    value = pd.Categorical(np.concatenate([row["value"] for row in rows]), categories=names).codes.astype(
        np.int64
    )
    delivered = np.concatenate([row["delivered"].to_numpy(dtype=bool) for row in rows])
    shares, shown = np.unique(np.concatenate([row["share"] for row in rows]), return_inverse=True)
    key, place = np.unique((value * 2 + delivered) * len(shares) + shown, return_inverse=True)
    found = np.column_stack([key // len(shares) // 2, key // len(shares) % 2, shares[key % len(shares)]])
    halves = np.split(place.ravel(), [len(rows[0])])
    times = np.stack([np.bincount(half, minlength=len(found)) for half in halves]).astype(np.int64)
    return _Cells(found[:, 0].astype(np.intp), found[:, 1], found[:, 2]), times


def _rows(
    outcomes: pd.DataFrame, values: pd.Series, as_of: Day, delay: Delay | None, horizon_days: int
) -> pd.DataFrame:
    """One row per lead with a value: value, delivered (0 or 1), share of its deliveries that its age has shown."""
    known = known_outcomes(outcomes, as_of=as_of, maturity_days=0)
    carried = values.loc[known.index]
    known = known[carried.notna().to_numpy()]
    age = known["age_days"].fillna(float(horizon_days)).clip(upper=float(horizon_days)).to_numpy()
    share = np.ones(len(known))
    if delay is not None:
        share = delay.share_by(age + 1.0) / delay.share_by(np.array([horizon_days + 1.0]))[0]
    names = carried.dropna().astype("str").array
    return pd.DataFrame(
        {"value": names, "delivered": known["delivered"].to_numpy(dtype=float), "share": share}
    )


def _split(old: FloatArray, new: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Terms (…, 3) and per value (…, 2, values) mix and rate, from counts (…, 3, values) of two periods."""
    weights = [part[:, 0] / part[:, 0].sum(axis=-1, keepdims=True) for part in (old, new)]
    r0, r1 = (
        np.divide(p[:, 1], p[:, 2], out=np.full_like(p[:, 1], np.nan), where=p[:, 2] >= LEAST_SHOWN)
        for p in (old, new)
    )
    r0, r1 = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    r0, r1 = np.nan_to_num(r0), np.nan_to_num(r1)
    matured = [(w * r).sum(axis=-1, keepdims=True) for w, r in zip(weights, (r0, r1), strict=True)]
    middle = (matured[0] + matured[1]) / 2
    mix = (weights[1] - weights[0]) * ((r0 + r1) / 2 - middle)
    rate = (r1 - r0) * (weights[0] + weights[1]) / 2
    seen = [part[:, 1].sum(axis=-1) / part[:, 0].sum(axis=-1) for part in (old, new)]
    maturity = (seen[1] - matured[1][:, 0]) - (seen[0] - matured[0][:, 0])
    return np.stack([maturity, mix.sum(axis=-1), rate.sum(axis=-1)], axis=-1), np.stack([mix, rate], axis=1)


def _by_value(names: list[str], old: FloatArray, new: FloatArray, parts: FloatArray) -> pd.DataFrame:
    rates = [
        np.divide(p[1], p[2], out=np.full_like(p[1], np.nan), where=p[2] >= LEAST_SHOWN) for p in (old, new)
    ]
    return pd.DataFrame(
        {
            "value": names,
            "share_before": old[0] / old[0].sum(),
            "share_after": new[0] / new[0].sum(),
            "rate_before": rates[0],
            "rate_after": rates[1],
            "mix": parts[0, 0],
            "rate": parts[0, 1],
            "note": np.where(old[0] == 0, "new", np.where(new[0] == 0, "gone", "")),
        }
    )


def _why(starts: tuple[float, float], table: pd.DataFrame) -> str:
    words = {
        "maturity": "leads that are still young",
        "mix": "a different mix of leads",
        "rate": "different rates of the same kind of lead",
    }
    told = []
    for row in table.sort_values("change", key=abs, ascending=False).to_dict("records"):
        if abs(row["change"]) < 5e-5:
            continue
        sure = "" if row["low"] > 0 or row["high"] < 0 else ", which chance alone may have made"
        told.append(f"{signed(100 * row['change'], 1)} points come from {words[row['term']]}{sure}")
    change = f"The rate went from {100 * starts[0]:.1f} % to {100 * starts[1]:.1f} %"
    return f"{change}: {'; '.join(told)}." if told else f"{change}."


def _empty(sizes: tuple[int, int], rows: list[pd.DataFrame]) -> Waterfall:
    nan = float("nan")
    rates = [float(row["delivered"].mean()) if len(row) else nan for row in rows]
    terms = pd.DataFrame({"term": TERMS, "change": nan, "low": nan, "high": nan, "by_chance": nan})
    columns = ["value", "share_before", "share_after", "rate_before", "rate_after", "mix", "rate", "note"]
    which = "Neither period has" if max(sizes) == 0 else "One of the periods has no"
    why = f"{which} leads with a value, so there is nothing to compare."
    return Waterfall(rates[0], rates[1], *sizes, terms, pd.DataFrame(columns=columns), why)
