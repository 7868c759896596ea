"""How deals move through their stages: who goes on, who is lost there, and where they stay longest.

Time in a stage runs from the day a deal was first seen in it until it was first seen elsewhere or closed. Deals that are
still there count as long as they have been watched (Kaplan and Meier 1958, J. Am. Stat. Assoc. 53, 457–481): leaving
them out would make a stage look quicker than it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import FloatArray, wilson_interval

FEWEST = 30  # deals that were seen in a stage before it is told from others
_Z = 1.959964
COLUMNS = [
    "stage", "entered", "moved_on", "won", "lost", "still_in", "went_on", "low", "high", "median_days", "median_low", "median_high",
    "longest_open",
]  # fmt: skip


class StageFlow(NamedTuple):
    """stages: one row per stage in which deals were seen open, those they pass first above: COLUMNS; counts of deals,
    went_on, low, high (0–1, Wilson: of those that left, the share that was not lost), median_days with its 95 % interval
    (missing where fewer than half have left, however long one watches), longest_open (days). sentence: where deals stall.
    """

    stages: pd.DataFrame
    sentence: str


def stage_flow(states: pd.DataFrame, *, as_of: pd.Timestamp) -> StageFlow:
    """The flow as known on the day `as_of`.

    `states`: one row per state a deal was seen in, in the order seen: source, deal_id, seen_at, closed_on (datetime64,
    closed_on missing while open), stage (missing allowed), outcome. Deals never seen open are left out; so are states
    seen later than `as_of`. An open state without a stage tells nothing; a closing without one still ends the stay. No states: an empty table and a sentence that says so.
    """
    stays = _stays(states, as_of)
    if stays.empty:
        return StageFlow(
            pd.DataFrame(columns=COLUMNS),
            "How long deals stay in a stage cannot be told yet: no deal was seen open in one.",
        )
    rows = []
    for stage, some in stays.groupby("stage", sort=True, observed=True):
        left = some["next"] != ""
        lost = int((some["next"] == "lost").sum())
        won = int((some["next"] == "won").sum())
        gone = int(left.sum())
        low, high = wilson_interval([gone - lost], [gone])
        median, median_low, median_high = median_stay(some["days"].to_numpy(dtype=float), left.to_numpy())
        rows.append((
            str(stage), len(some), gone - lost - won, won, lost, len(some) - gone, (gone - lost) / gone if gone else np.nan,
            low[0], high[0], median, median_low, median_high, some.loc[~left, "days"].max(), some["place"].mean(),
        ))  # fmt: skip
    table = pd.DataFrame(rows, columns=[*COLUMNS, "place"])
    table = table.sort_values(["place", "stage"], ignore_index=True)[COLUMNS]
    return StageFlow(table, _sentence(table))


def median_stay(days: FloatArray, left: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """(median, low, high) of the days until leaving, NaN where the curve never falls to a half.

    The interval holds the days at which a half lies within the 95 % interval of the curve, Greenwood's variance on the
    log(−log) scale (Brookmeyer and Crowley 1982, Biometrics 38, 29–41); an end it does not reach is NaN.
    """
    times = np.unique(days[left])
    if not len(times):
        return float("nan"), float("nan"), float("nan")
    at_risk = len(days) - np.searchsorted(np.sort(days), times, side="left")
    leaving = np.searchsorted(np.sort(days[left]), times, side="right") - np.searchsorted(
        np.sort(days[left]), times, side="left"
    )
    curve: FloatArray = np.cumprod(1 - leaving / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(leaving / (at_risk * (at_risk - leaving)))) / np.abs(np.log(curve))
        ends = [curve ** np.exp(sign * _Z * spread) for sign in (1, -1)]  # below, above the curve
    ends = [np.asarray(np.where(curve > 0, end, 0.0), dtype=np.float64) for end in ends]

    def falls(line: FloatArray) -> float:
        below = np.flatnonzero(line <= 0.5)
        return float(times[below[0]]) if len(below) else float("nan")

    return falls(curve), falls(ends[0]), falls(ends[1])


def _stays(states: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per stay of a deal in a stage: stage, place (0 for the first stage of the deal), days, next (the next
    stage, won, lost, or empty while it is still there)."""
    # A closing ends a stay even where its stage was emptied.
    tells = states["stage"].notna() | (states["outcome"] != "open")
    seen = states[(states["seen_at"] < as_of + pd.Timedelta(days=1)) & tells].copy()
    if seen.empty:
        return pd.DataFrame(columns=["stage", "place", "days", "next"])
    deal = seen.groupby(["source", "deal_id"], sort=False).ngroup().to_numpy()
    seen = seen.iloc[np.argsort(deal, kind="stable")]
    deal = np.sort(deal)
    what = np.where(
        seen["outcome"] == "open", seen["stage"].astype("object"), seen["outcome"].astype("object")
    )
    new = np.concatenate([[True], (deal[1:] != deal[:-1]) | (what[1:] != what[:-1])])
    seen, deal, what = seen[new], deal[new], what[new]
    is_open = (seen["outcome"] == "open").to_numpy()
    same = np.concatenate([deal[1:] == deal[:-1], [False]])
    started = seen["seen_at"].dt.normalize().to_numpy()
    closed = seen["closed_on"].to_numpy()
    reached = np.where(np.isnan(closed), started, closed.astype(started.dtype))  # a closing day is exact
    ended = np.where(same, np.concatenate([reached[1:], reached[:1]]), np.datetime64(as_of.normalize()))
    days = (ended - started).astype("timedelta64[D]").astype(np.int64)
    place = (
        np.arange(len(deal))
        - np.flatnonzero(np.concatenate([[True], deal[1:] != deal[:-1]]))[
            np.cumsum(np.concatenate([[True], deal[1:] != deal[:-1]])) - 1
        ]
    )
    after = np.where(same, np.concatenate([what[1:], [""]]), "")
    return pd.DataFrame(
        {
            "stage": what[is_open],
            "place": place[is_open],
            "days": np.maximum(days, 0)[is_open],
            "next": after[is_open],
        }
    )


def _sentence(table: pd.DataFrame) -> str:
    known = table[(table["entered"] >= FEWEST) & table["median_days"].notna()]
    if known.empty:
        return f"Where deals stall cannot be told yet: no stage has {FEWEST} deals of which half were seen to leave it."
    slow = known.sort_values("median_days", ascending=False).iloc[0]
    told = f"Deals stay longest in {slow['stage']}: half have left after {slow['median_days']:.0f} days"
    ends = [
        f"{slow[name]:.0f}" if slow[name] == slow[name] else "unknown"
        for name in ("median_low", "median_high")
    ]
    told += f" (95 % interval {ends[0]} to {ends[1]}), {slow['still_in']:,} of {slow['entered']:,} are still there"
    others = known[known["stage"] != slow["stage"]]
    if len(others) and not slow["median_low"] > others["median_high"].max():
        told += "; the other stages may be as slow"
    left = known[known["moved_on"] + known["won"] + known["lost"] >= FEWEST].sort_values("went_on")
    if len(left) and left.iloc[0]["lost"]:
        worst = left.iloc[0]
        told += (
            f". Most are lost out of {worst['stage']}: {100 * worst['went_on']:.0f} % of those that left went on "
            f"({100 * worst['low']:.0f} to {100 * worst['high']:.0f} %)"
        )
    return told + "."
