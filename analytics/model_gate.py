"""Is a model better than what scores now? Both on the same newest leads, and only beyond chance it is proposed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.backtest import PairedGain, paired_gain
from analytics.signed_numbers import signed

LEAST_GAIN = 0.02  # of AUC
FEWEST_DELIVERIES = 20  # among the leads both are judged on, and as many without
PROPOSED, NOT_BETTER, TOO_LITTLE = "proposed", "not better", "too little"


class Gate(NamedTuple):
    """word: proposed, not better or too little; why: the sentence; gain: None where too little is known."""

    word: str
    why: str
    gain: PairedGain | None


def gate(
    delivered: npt.ArrayLike,
    in_force: npt.ArrayLike,
    candidate: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    top: int,
    seed: int,
    repeats: int = 1000,
) -> Gate:
    """Whether the candidate's scores are proposed over those in force, on the same leads, by workflow (`groups`).

    Proposed: the AUC gains at least 0.02 and the two-sided 95 % interval of a paired bootstrap lies above 0. Too little:
    fewer than 20 deliveries or 20 without. At +0.02 alone an equal model passes in a fifth of cases at 500 leads.
    """
    hit = np.asarray(delivered, dtype=bool)
    leads, deliveries = len(hit), int(hit.sum())
    if min(deliveries, leads - deliveries) < FEWEST_DELIVERIES:
        why = (
            f"{deliveries} deliveries among the {leads:,} newest leads that are old enough to judge are too few to compare "
            f"scores; {FEWEST_DELIVERIES} are needed, and as many leads without."
        )
        return Gate(TOO_LITTLE, why, None)
    gain = paired_gain(hit, in_force, candidate, groups, top=top, seed=seed, repeats=repeats)
    better = gain.auc_gain >= LEAST_GAIN and gain.auc_low > 0
    judged = (
        f"On the {leads:,} newest leads with {deliveries} deliveries the AUC goes from {gain.auc_current:.3f} to "
        f"{gain.auc_suggested:.3f} ({signed(gain.auc_gain, 3)}, 95 % from {signed(gain.auc_low, 3)} to {signed(gain.auc_high, 3)})"
    )
    need = f"at least {signed(LEAST_GAIN, 2)} and an interval above 0 are needed"
    return Gate(PROPOSED if better else NOT_BETTER, f"{judged}." if better else f"{judged}; {need}.", gain)


def falls_behind(
    delivered: npt.ArrayLike, weights: npt.ArrayLike, model: npt.ArrayLike, groups: npt.ArrayLike, *, top: int, seed: int
) -> str | None:  # fmt: skip
    """The warning that the model in force ranks worse than the weights on the newest leads, or None.

    It warns from 0.02 AUC behind, or when the whole interval is below 0; it is a warning, so that it need not be sure.
    None with fewer than 20 deliveries.
    """
    found = gate(delivered, weights, model, groups, top=top, seed=seed)
    gain = found.gain
    if gain is None or (gain.auc_gain > -LEAST_GAIN and gain.auc_high >= 0):
        return None
    sure = "This is beyond chance." if gain.auc_high < 0 else "This may still be chance."
    return (
        f"The model falls behind the weights: AUC {gain.auc_suggested:.3f} against {gain.auc_current:.3f} "
        f"({signed(gain.auc_gain, 3)}, 95 % from {signed(gain.auc_low, 3)} to {signed(gain.auc_high, 3)}). {sure} "
        "Nothing was switched; a person can fall back to the weights."
    )


def newest_cut(
    leads: pd.DataFrame, delivered: pd.Series, *, not_before: pd.Timestamp | None = None
) -> pd.Timestamp | None:
    """The last day of the leads to learn from: the newer ones judge. None where too few would be left on either side.

    `leads`: matured leads with workflow, started_on and by_chance. The newest third of the exported leads judge, more
    (up to half) until they hold 30 deliveries. `not_before`: the cut of the model in force, whose own leads must not
    judge it.
    """
    judges = leads[(leads["workflow"] != "history") & ~leads["by_chance"]]
    if judges.empty:
        return None
    ordered = judges.sort_values("started_on", ascending=False, kind="stable")
    won = delivered.loc[ordered.index].cumsum().to_numpy()
    enough = int(np.searchsorted(won, 30)) + 1
    many = min(max(len(ordered) // 3, enough), len(ordered) // 2)
    if not many:
        return None
    cut = pd.Timestamp(ordered["started_on"].iloc[many - 1]) - pd.Timedelta(days=1)
    return cut if not_before is None else max(cut, not_before)
