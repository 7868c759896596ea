"""What would change if the suggested scores were in force: who is called first, and how many deliveries that brings.

The order is the one of an export: highest score first, equal scores in the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import FloatArray
from errors import InputError

ENTERS, LEAVES, STAYS = "enters", "leaves", "stays"


@dataclass(frozen=True)
class RankingChange:
    """The leads in both orders, and what calling the first `top` of the new one would bring.

    table: one row per lead with a score in either order, same index as the leads: score_current,
    score_suggested (missing: excluded), rank_current, rank_suggested (Int64, 1 is first, missing when
    excluded), change (enters or leaves the first `top`, stays among them, or empty). top: how many leads
    are called; entering, leaving: how many leads come among them and drop out. expected_current,
    expected_suggested: deliveries expected among those called; extra, extra_low, extra_high: their
    difference with the 95 % range of the rates' posterior. All missing (NaN) without chances. drawn: the expected
    deliveries before and after, one per draw of the chances, so that several rankings can be added up.
    """

    table: pd.DataFrame
    top: int
    entering: int
    leaving: int
    expected_current: float
    expected_suggested: float
    extra: float
    extra_low: float
    extra_high: float
    drawn: tuple[FloatArray, FloatArray] | None = None


def ranking_change(
    current: pd.Series,
    suggested: pd.Series,
    *,
    top: int,
    chances: npt.ArrayLike | None = None,
) -> RankingChange:
    """Rank the leads by both scores and compare the first `top`.

    `current` and `suggested` are the scores of the same leads, from the one scoring function under both
    sets of weights; a missing score is an excluded lead. `chances`: draws of each lead's chance of
    delivery, shape (draws, leads), e.g. adjusted.delivery_chances. The range is that of the expected
    number, not of what a single batch will happen to bring. InputError when `top` is negative or the inputs
    are not aligned.
    """
    if top < 0:
        raise InputError(f"The number of calls was expected to be 0 or more, but is {top}.")
    if not current.index.equals(suggested.index):
        raise InputError("Both scores were expected for the same leads in the same order.")
    ranks = [_ranks(scores) for scores in (current, suggested)]
    called = [(rank > 0) & (rank <= top) for rank in ranks]
    enters, leaves, stays = called[1] & ~called[0], called[0] & ~called[1], called[0] & called[1]
    change = np.select([enters, leaves, stays], [ENTERS, LEAVES, STAYS], default="")
    table = pd.DataFrame(
        {
            "score_current": current,
            "score_suggested": suggested,
            "rank_current": pd.Series(ranks[0], index=current.index, dtype="Int64").replace(0, pd.NA),
            "rank_suggested": pd.Series(ranks[1], index=current.index, dtype="Int64").replace(0, pd.NA),
            "change": change,
        },
        index=current.index,
    )
    drawn = _expected(chances, called, len(current))
    listed = table[(ranks[0] > 0) | (ranks[1] > 0)]
    return RankingChange(listed, top, int(enters.sum()), int(leaves.sum()), *told_extra(drawn), drawn)


def _ranks(scores: pd.Series) -> npt.NDArray[np.int64]:
    """1 for the highest score; equal scores in row order; 0 for a missing one."""
    numbers = scores.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    order = np.argsort(np.where(np.isnan(numbers), np.inf, -numbers), kind="stable")
    ranks = np.empty(len(numbers), dtype=np.int64)
    ranks[order] = np.arange(1, len(numbers) + 1)
    return np.where(np.isnan(numbers), 0, ranks)


def told_extra(
    drawn: tuple[FloatArray, FloatArray] | None,
) -> tuple[float, float, float, float, float]:
    """(expected before, expected after, extra, low, high) of draws as `RankingChange.drawn` has them; NaN without any."""
    if drawn is None:
        nan = float("nan")
        return nan, nan, nan, nan, nan
    before, after = drawn
    low, high = np.quantile(after - before, [0.025, 0.975])
    return float(before.mean()), float(after.mean()), float((after - before).mean()), float(low), float(high)


def _expected(
    chances: npt.ArrayLike | None, called: list[npt.NDArray[np.bool_]], leads: int
) -> tuple[FloatArray, FloatArray] | None:
    if chances is None:
        return None
    drawn: FloatArray = np.atleast_2d(np.asarray(chances, dtype=float))
    if drawn.shape[1] != leads:
        raise InputError(f"Chances of {leads} leads were expected, but {drawn.shape[1]} came.")
    return drawn[:, called[0]].sum(axis=1), drawn[:, called[1]].sum(axis=1)
