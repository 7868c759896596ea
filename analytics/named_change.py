"""Did a change that someone names help: difference in differences, with what it takes for granted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.signed_numbers import signed

FEWEST = 30  # closed deals in each of the four cells
ASSUMPTIONS = (
    "Without the change both groups would have moved alike. The check before the change can contradict this, never prove it.",
    "Nothing else happened to one group alone at that time.",
    "The group's deals are of the same kind before and after; deals still open are left out on both sides.",
)
_Z = 1.959964


@dataclass(frozen=True)
class NamedChange:
    """The group's change less the change of the others, by creation date.

    cells: one row per group (changed, others) and time (before, after): group, time, deals, won, rate. points,
    low, high: the effect in percentage points with its 95 % interval; placebo_*: the same for a made-up change
    in the middle of the time before, which should be nothing. verdict: helped, harmed, no effect shown, not
    comparable (the made-up change shows an effect), too little.
    """

    verdict: str
    cells: pd.DataFrame
    points: float
    low: float
    high: float
    placebo_points: float
    placebo_low: float
    placebo_high: float

    @property
    def sentence(self) -> str:
        """One sentence a person could read aloud."""
        told = (
            f"{signed(self.points, 1)} points, 95 % interval {signed(self.low, 1)} to {signed(self.high, 1)}"
        )
        return {
            "too little": f"The data cannot tell: each group needs {FEWEST} closed deals before and after the change.",
            "not comparable": (
                "The data cannot tell: the two groups moved apart before the change already "
                f"({signed(self.placebo_points, 1)} points at a made-up date), so they cannot be compared."
            ),
            "helped": f"After the change the group won more often than the others' change would explain ({told}).",
            "harmed": f"After the change the group won less often than the others' change would explain ({told}).",
            "no effect shown": f"No effect shown: the difference is no more than chance makes ({told}).",
        }[self.verdict]


def named_change(
    deals: pd.DataFrame, *, field: str, labels: Collection[str], day: pd.Timestamp
) -> NamedChange:
    """What happened to deals with one of `labels` in `field` that were created from `day` on.

    (won after − won before) of the group less the same of all other deals; the interval is Wald's, from the four
    independent rates (Angrist and Pischke 2009, chapter 5). Open deals and deals without the field are left out.
    """
    closed = deals[(deals["outcome"] != "open") & deals[field].notna()]
    group = closed[field].isin(list(labels))
    cells = _cells(closed, group, day)
    points, low, high = _difference(cells)
    before = closed["created_on"] < day
    middle = closed.loc[before, "created_on"].median() if before.any() else day
    placebo = _difference(_cells(closed[before], group[before], pd.Timestamp(middle)))
    if np.isnan(points):
        verdict = "too little"
    elif placebo[1] > 0 or placebo[2] < 0:
        verdict = "not comparable"
    else:
        verdict = "helped" if low > 0 else "harmed" if high < 0 else "no effect shown"
    return NamedChange(verdict, cells, points, low, high, *placebo)


def _cells(closed: pd.DataFrame, group: pd.Series, day: pd.Timestamp) -> pd.DataFrame:
    after = closed["created_on"] >= day
    rows = []
    for name, inside in (("changed", group), ("others", ~group)):
        for time, at in (("before", ~after), ("after", after)):
            won = closed.loc[inside & at, "outcome"] == "won"
            rows.append((name, time, len(won), int(won.sum()), float(won.mean()) if len(won) else np.nan))
    return pd.DataFrame(rows, columns=["group", "time", "deals", "won", "rate"])


def _difference(cells: pd.DataFrame) -> tuple[float, float, float]:
    if (cells["deals"] < FEWEST).any():
        return float("nan"), float("nan"), float("nan")
    old, new, others_old, others_new = cells["rate"]
    points = (new - old) - (others_new - others_old)
    error = float(np.sqrt((cells["rate"] * (1 - cells["rate"]) / cells["deals"]).sum()))
    return 100 * points, 100 * (points - _Z * error), 100 * (points + _Z * error)
