"""Did the win rate fall, or is it noise: months with their limits, one comparison, and a test for a break."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.alarms import funnel_limits
from analytics.rates import wilson_interval
from analytics.segments import newcombe_interval
from analytics.signed_numbers import signed

FEWEST = 30  # closed deals in each period before two periods are compared
FEWEST_SIDE = 50  # closed deals on each side of a break
SIMULATED = 999


@dataclass(frozen=True)
class Fall:
    """The newest period against the one before it, by closing date.

    verdict: fell, rose, no change shown, too little. Rates 0–1; points, low, high: the difference in
    percentage points with its 95 % interval; p two-sided. from_day is the first day of the newest period,
    before_from that of the one before, until the last day.
    """

    verdict: str
    won: int
    deals: int
    won_before: int
    deals_before: int
    points: float
    low: float
    high: float
    p: float
    before_from: pd.Timestamp
    from_day: pd.Timestamp
    until: pd.Timestamp

    @property
    def sentence(self) -> str:
        """One sentence a person could read aloud."""
        if self.verdict == "too little":
            return (
                f"The data cannot tell yet: {self.deals:,} deals closed since {_day(self.from_day)} and "
                f"{self.deals_before:,} in the period before; {FEWEST} in each are needed."
            )
        rates = (
            f"{100 * self.won / self.deals:.1f} % of {self.deals:,} deals closed since {_day(self.from_day)} were won, "
            f"{100 * self.won_before / self.deals_before:.1f} % of {self.deals_before:,} before"
        )
        change = (
            f"{signed(self.points, 1)} points, 95 % interval {signed(self.low, 1)} to {signed(self.high, 1)}"
        )
        start = {
            "fell": "The win rate fell",
            "rose": "The win rate rose",
            "no change shown": "Nothing shows that the win rate changed",
        }
        end = "." if self.verdict != "no change shown" else ", which chance alone can make."
        return f"{start[self.verdict]}: {rates} ({change}){end}"


@dataclass(frozen=True)
class Break:
    """The day on which the win rate most likely broke: found (bool, p ≤ 5 %), day (first day after it), rate_before,
    rate_after (0–1), p (share of simulated unchanged histories with as clear a break)."""

    found: bool
    day: pd.Timestamp
    rate_before: float
    rate_after: float
    p: float

    @property
    def sentence(self) -> str:
        """One sentence a person could read aloud."""
        if not self.found:
            return "No day stands out as a break: the clearest one found is no clearer than chance makes."
        return (
            f"The win rate broke around {_day(self.day)}: {100 * self.rate_before:.1f} % before, "
            f"{100 * self.rate_after:.1f} % after (chance makes as clear a break in {100 * self.p:.1f} % of histories)."
        )


def latest_day(deals: pd.DataFrame) -> pd.Timestamp:
    """The newest day the deals know of: their last closing, or creation when none is closed. NaT for no deals."""
    day = deals["closed_on"].max()
    return pd.Timestamp(deals["created_on"].max() if pd.isna(day) else day)


def recent_fall(deals: pd.DataFrame, *, as_of: pd.Timestamp, days: int = 90, days_before: int = 365) -> Fall:
    """The `days` until `as_of` against the `days_before` before them, by closing date; open deals left out."""
    from scipy.stats import norm

    from_day = as_of - pd.Timedelta(days=days - 1)
    before_from = from_day - pd.Timedelta(days=days_before)
    closed, won = deals["closed_on"], deals["outcome"] == "won"
    new = (closed >= from_day) & (closed <= as_of)
    old = (closed >= before_from) & (closed < from_day)
    n, m, k, j = (int(part.sum()) for part in (new, old, new & won, old & won))
    together = (before_from, from_day, as_of)
    if min(n, m) < FEWEST:
        nan = float("nan")
        return Fall("too little", k, n, j, m, nan, nan, nan, nan, *together)
    low, high = newcombe_interval(k, n, j, m)
    rate = (k + j) / (n + m)
    error = np.sqrt(rate * (1 - rate) * (1 / n + 1 / m))
    p = float(2 * norm.sf(abs(k / n - j / m) / error)) if error > 0 else 1.0
    verdict = "no change shown" if p > 0.05 else "fell" if k / n < j / m else "rose"
    return Fall(verdict, k, n, j, m, 100 * (k / n - j / m), 100 * low, 100 * high, p, *together)


def monthly_rates(deals: pd.DataFrame, *, as_of: pd.Timestamp, by: str = "closed_on") -> pd.DataFrame:
    """One row per month in which deals were closed (by="closed_on") or created (by="created_on").

    Columns: month (its first day), deals (closed ones), won, still_open (of the month's creations; 0 by
    closing date), rate, low, high (0–1), warn_low, warn_high, alarm_low, alarm_high (rates 0–1: funnel limits
    around the rate of all months; missing where all deals were won, or none), signal ("alarm", "warn" or ""), complete
    (bool: the month is over).
    """
    seen = (deals[by] <= as_of).to_numpy()
    month = deals[by].to_numpy(dtype="datetime64[M]")[seen].astype(np.int64)
    first = int(month.min()) if len(month) else 0
    closed, won = (
        (deals["outcome"] != "open").to_numpy()[seen],
        (deals["outcome"] == "won").to_numpy()[seen],
    )
    every, done, good = (
        np.bincount(month[which] - first, minlength=1) for which in (slice(None), closed, won)
    )
    done, good = (np.pad(counts, (0, len(every) - len(counts))) for counts in (done, good))
    table = pd.DataFrame(
        {
            "month": (first + np.arange(len(every))).astype("datetime64[M]").astype("datetime64[us]"),
            "deals": done,
            "won": good,
            "still_open": every - done,
        }
    )[every > 0].reset_index(drop=True)
    n = table["deals"].to_numpy(dtype=float)
    table["rate"] = table["won"] / table["deals"].where(table["deals"] > 0)
    table["low"], table["high"] = wilson_interval(table["won"], n)
    overall = float(table["won"].sum() / n.sum()) if n.sum() else 0.0
    names = ("warn_low", "warn_high", "alarm_low", "alarm_high")
    over = (table["month"] + pd.offsets.MonthEnd(0)) <= as_of
    if not 0 < overall < 1:
        return table.assign(**dict.fromkeys(names, np.nan), signal="", complete=over)
    limits = funnel_limits(n, overall)
    safe = np.where(n > 0, n, np.nan)
    won = table["won"].to_numpy()
    outside = {
        name: (n > 0)
        & ((won <= limits[f"{name}_low"].to_numpy()) | (won >= limits[f"{name}_high"].to_numpy()))
        for name in ("warn", "alarm")
    }
    for name in names:
        table[name] = np.clip(limits[name].to_numpy() / safe, 0, 1)
    table["signal"] = np.where(outside["alarm"], "alarm", np.where(outside["warn"], "warn", ""))
    table["complete"] = over
    return table


def find_break(deals: pd.DataFrame, *, as_of: pd.Timestamp, seed: int = 0) -> Break | None:
    """The likeliest single break of the win rate by closing day; None with fewer than 50 deals on each side.

    The break maximises the likelihood ratio of two rates against one; its p-value comes from 999 histories
    simulated with one rate and the same closings per day, so that having looked everywhere is allowed for.
    """
    closed = deals[deals["closed_on"].notna() & (deals["closed_on"] <= as_of)]
    daily = (closed["outcome"] == "won").groupby(closed["closed_on"]).agg(["size", "sum"])
    n = daily["size"].to_numpy(dtype=float)
    before = np.cumsum(n)[:-1]
    total = n.sum()
    places = np.flatnonzero((before >= FEWEST_SIDE) & (total - before >= FEWEST_SIDE))
    won = daily["sum"].to_numpy(dtype=float)
    if not len(places) or not 0 < won.sum() < total:
        return None
    rng = np.random.default_rng(seed)
    drawn = rng.binomial(n.astype(int), won.sum() / total, size=(SIMULATED, len(n))).astype(float)
    cut = before[places]

    def gain(rows: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.float64]:
        first = np.cumsum(rows, axis=-1)[..., places]
        all_won = rows.sum(axis=-1, keepdims=True)
        return (
            _log_likelihood(first, cut)
            + _log_likelihood(all_won - first, total - cut)
            - _log_likelihood(all_won, np.array([total]))
        )

    real = gain(won)
    at = int(places[int(real.argmax())])
    p = float(((gain(drawn).max(axis=-1) >= real.max() - 1e-12).sum() + 1) / (SIMULATED + 1))
    k = float(won[: at + 1].sum())
    return Break(
        found=p <= 0.05,
        day=pd.Timestamp(str(daily.index[at + 1])),
        rate_before=k / float(before[at]),
        rate_after=(float(won.sum()) - k) / float(total - before[at]),
        p=p,
    )


def _log_likelihood(
    won: np.typing.NDArray[np.float64], deals: np.typing.NDArray[np.float64]
) -> np.typing.NDArray[np.float64]:
    """Binomial log likelihood at its own rate, without the coefficient."""
    rate = np.clip(won / deals, 1e-12, 1 - 1e-12)
    result: np.typing.NDArray[np.float64] = won * np.log(rate) + (deals - won) * np.log1p(-rate)
    return result


def _day(day: pd.Timestamp) -> str:
    return f"{day:%d %b %Y}".lstrip("0")
