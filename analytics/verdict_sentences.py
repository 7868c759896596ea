"""The sentence beside a verdict: what was counted, what it leaves standing, and how much more would settle it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analytics.verdicts import HOLD, MOVE, NO_EVIDENCE, TOO_YOUNG, Weighing


def why(
    word: str,
    row: dict[Any, Any],
    weighing: Weighing,
    more: int | None,
    interval: str,
    maturity_days: int,
    *,
    shrunk: bool = True,
) -> str:
    """The sentence of one row of the calibration table.

    `row` has leads, deliveries, too_young, effective_leads, rate, current, suggested, adjusted_tail and pace; `more` are
    the leads that would settle it (None: settled, or nothing to compare with); `interval` the scores left standing, as
    "from 40 to 90"; `shrunk`: the suggestion rests on rates that allow for chance, not on the ratio shown.
    """
    if word == NO_EVIDENCE:
        return (
            "No lead of the history has a value of this dimension, so outcomes cannot speak about its scores."
        )
    start = _counted(word, row, maturity_days)
    if weighing.leader is None:
        return (
            f"{start} No lead of this dimension that is old enough was delivered: there is no best value yet."
        )
    current = None if pd.isna(row["current"]) else row["current"]
    scale = ""
    if current is not None and weighing.top < 100:
        scale = f" ({weighing.top:.0f}, the highest in force here, claims the best rate)"
    if word == MOVE:
        tested = int(np.isfinite(weighing.tail).sum())
        chance = f"{row['adjusted_tail']:.3f}" if row["adjusted_tail"] >= 0.001 else "below 0.001"
        return (
            f"{start} {'Allowing for chance, that' if shrunk else 'That'} is about {row['suggested']} % of the best value's rate, "
            f"and the score of {current} in force{scale} does not fit it: if it were right, outcomes so far from it would be rare "
            f"(tail probability {chance}, allowing for {tested} values tested)."
        )
    if interval == "from 100 to 100":  # the best value of a dimension that has no second one
        return f"{start} No other value has leads that are old enough to compare it with."
    standing = f"{start} The outcomes leave scores {interval} standing"
    if word == HOLD:
        return f"{standing}, " + (
            "a narrow range." if current is None else f"which holds the {current}{scale}."
        )
    wide = "tell it from other values" if current is None else f"judge the {current} in force{scale}"
    return f"{standing}: too wide to {wide}.{_settling(more, row['pace'])}"


def _settling(more: int | None, pace: float) -> str:
    """How many more leads settle a value, and how long they take to come."""
    if more is None:
        return ""
    start = f" About {_leads(more)} more that are old enough would settle it"
    if pace <= 0:
        return f"{start}; none began in the last year."
    months = max(1, round(more / pace))
    span = (
        "a month" if months == 1 else f"{months} months" if months < 24 else f"{round(months / 12):,} years"
    )
    told = f"{pace:.0f} a month" if pace >= 1 else f"{12 * pace:.0f} a year"
    return f"{start}: {span} at the present pace of {told}."


def _counted(word: str, row: dict[Any, Any], maturity_days: int) -> str:
    young, leads = row["too_young"], row["leads"]
    if word == TOO_YOUNG:
        return f"{young:,} of {_leads(leads + young)} began less than {maturity_days} days ago: too young to count."
    if not leads:
        return (
            "No lead with this value is old enough to count." if young else "No lead has had this value yet."
        )
    deliveries = "1 delivery" if row["deliveries"] == 1 else f"{row['deliveries']:,} deliveries"
    weighted = abs(row["effective_leads"] - leads) > 1e-9
    how = f"; worth {row['effective_leads']:,.0f} leads as newer ones count more" if weighted else ""
    return f"{deliveries} of {_leads(leads)} ({100 * row['rate']:.1f} %{how})."


def _leads(count: int) -> str:
    return "1 lead" if count == 1 else f"{count:,} leads"
