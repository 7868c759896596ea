"""What an approval promised, and whether it came true.

The promise: among as many calls as before, so many more deliveries, because other leads come first. It is graded on
the leads that were exported under the new scores: every one of them has an outcome, so both orders can be made again
and the leads that came among the calls compared with those that dropped out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.ranking import ENTERS, LEAVES, RankingChange, ranking_change, told_extra
from analytics.signed_numbers import signed

TOO_YOUNG, HELD, SHORT, BETTER = "too young", "held", "fell short", "did better"
FEWEST_LEADS = 30  # matured, before a prediction is graded at all
_Z = 1.959964


@dataclass(frozen=True)
class Grade:
    """How a prediction came out.

    word: too young, held, fell short or did better; why: the sentence. leads: matured ones exported under the
    version; waiting: those still too young; calls: how many of them come first; predicted, observed: extra deliveries
    among these calls; low, high: between which the observed number had to lie (95 %: the prediction's own range and
    the chance of single deliveries); open: True where no change at all would have fitted as well.
    """

    word: str
    why: str
    leads: int
    waiting: int
    calls: int = 0
    predicted: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    observed: float = float("nan")
    open: bool = False


def half(leads: int) -> int:
    """How many of so many leads count as called: the first half."""
    return (leads + 1) // 2


def predict(changes: Sequence[RankingChange]) -> dict[str, Any] | None:
    """What these rankings promise together; None without chances or without a call.

    leads, calls (whole numbers); entering (leads that come among the calls); expected_current, expected_suggested,
    extra, extra_low, extra_high (deliveries); lift, lift_low, lift_high (deliveries then / now); per_100, per_100_low,
    per_100_high (extra deliveries per 100 calls). Ranges are 95 %, of the expected number.
    """
    told = [change for change in changes if change.drawn is not None and change.top]
    calls = sum(min(change.top, len(change.table)) for change in told)
    if not calls:
        return None
    before = np.sum([change.drawn[0] for change in told if change.drawn], axis=0)
    after = np.sum([change.drawn[1] for change in told if change.drawn], axis=0)
    current, suggested, extra, low, high = told_extra((before, after))
    ratio = after / np.maximum(before, 1e-12)
    lift_low, lift_high = np.quantile(ratio, [0.025, 0.975])
    return {
        "leads": sum(len(change.table) for change in told),
        "calls": calls,
        "entering": sum(change.entering for change in told),
        "expected_current": current,
        "expected_suggested": suggested,
        "extra": extra,
        "extra_low": low,
        "extra_high": high,
        "lift": float(ratio.mean()),
        "lift_low": float(lift_low),
        "lift_high": float(lift_high),
        "per_100": 100 * extra / calls,
        "per_100_low": 100 * low / calls,
        "per_100_high": 100 * high / calls,
    }


def grade(prediction: Mapping[str, Any], leads: pd.DataFrame) -> Grade:
    """The grade of a prediction (see `predict`) by the leads exported under its version.

    `leads`, one row per company in the order of export: workflow_type, score_before and score_after (by the scores it
    replaced and by its own; missing: excluded), matured and delivered (bool). Each workflow is ranked by itself, its
    first half called. Young leads are ranked with the others and counted nowhere. Too young below 30 matured leads.

    The observed number is deliveries of leads that enter less deliveries of those that leave; its variance is that of
    two binomials with one success and one failure added to each (Agresti and Caffo 2000, The American Statistician 54).
    """
    matured = int(leads["matured"].sum())
    waiting = len(leads) - matured
    if matured < FEWEST_LEADS:
        return Grade(
            TOO_YOUNG,
            f"{matured:,} leads exported under it are old enough; {FEWEST_LEADS} are needed, and {waiting:,} are on "
            "their way."
            if waiting
            else f"{matured:,} leads exported under it are old enough; {FEWEST_LEADS} are needed.",
            matured,
            waiting,
        )
    calls, sides = 0, {ENTERS: [0, 0], LEAVES: [0, 0]}
    for _, rows in leads[leads["matured"]].groupby("workflow_type", sort=True):
        top = half(len(rows))
        change = ranking_change(rows["score_before"], rows["score_after"], top=top)
        calls += top
        for side, counts in sides.items():
            index = change.table.index[change.table["change"] == side]
            counts[0] += len(index)
            counts[1] += int(rows.loc[index, "delivered"].sum())
    observed = float(sides[ENTERS][1] - sides[LEAVES][1])
    chance = sum(_variance(n, k) for n, k in sides.values())
    promised = (float(prediction[f"per_100{end}"]) * calls / 100 for end in ("", "_low", "_high"))
    predicted, own_low, own_high = promised
    spread = _Z * float(np.sqrt(((own_high - own_low) / (2 * _Z)) ** 2 + chance))
    low, high = predicted - spread, predicted + spread
    word = HELD if low <= observed <= high else SHORT if observed < low else BETTER
    also_none = abs(observed) <= _Z * float(np.sqrt(chance))
    why = (
        f"Among {calls:,} calls it promised {signed(predicted, 1)} deliveries and {signed(observed, 0)} came; between {signed(low, 1)} and "
        f"{signed(high, 1)} is what chance leaves to the promise."
    )
    if also_none:
        why += " No change at all would have fitted, too."
    return Grade(word, why, matured, waiting, calls, predicted, low, high, observed, also_none)


def _variance(leads: int, deliveries: int) -> float:
    """Of the number of deliveries among so many leads; nothing varies among none."""
    if not leads:
        return 0.0
    rate = (deliveries + 1) / (leads + 2)
    return leads * rate * (1 - rate)
