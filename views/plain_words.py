"""What a proof and a prediction say, in sentences that one can read aloud: how many, of how many, and how sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.signed_numbers import signed
from views.formats import many, percent

AUC = "Of two leads, one delivered and one not: how often the delivered one stands first. 0.5 is no order at all."
BRIER = "The mean squared error of the chance said for each lead: 0 would be perfect, and less is better."
SURE = "in 19 of 20 cases"
NO_POOL = "What this would bring can be said once a batch was exported: it takes leads that both sets of scores rank."
TOO_FEW = (
    "How many deliveries this would bring cannot be said: fewer than ten are known among leads like those exported. "
    "That says nothing against the suggestion: the proof rests on how it ranked leads of the past."
)


def prediction_sentence(prediction: Mapping[str, Any] | None, *, has_pools: bool = True) -> str:
    """What a change promises (analytics.prediction.predict), with its range; without one, what it lacks."""
    if prediction is None:
        return TOO_FEW if has_pools else NO_POOL
    entering = prediction["entering"]
    if not entering:
        return f"The same {prediction['calls']:,} leads would be called first, so nothing more or less is expected."
    extra, low, high = (_tenths(prediction[name]) for name in ("extra", "extra_low", "extra_high"))
    now, then = (_tenths(prediction[f"expected_{name}"]) for name in ("current", "suggested"))
    told = (
        "as many deliveries as today"
        if extra == 0
        else f"about {abs(extra):,.1f} {'more' if extra > 0 else 'fewer'} deliveries than today"
    )
    return (
        f"If {prediction['calls']:,} of {prediction['leads']:,} leads are called, {many(entering, 'of them is', 'of them are')} another "
        f"than today. Expected: {told}, {then:,.1f} instead of {now:,.1f} ({SURE} the difference is between {signed(low, 1)} and "
        f"{signed(high, 1)}). {_surely(low, high)}"
    )


def _surely(low: float, high: float) -> str:
    if low > 0:
        return "So it is an improvement beyond chance."
    if high < 0:
        return "So it would bring fewer, beyond chance."
    return "So chance is not excluded."


def proof_sentences(proof: Mapping[str, Any]) -> list[str]:
    """A proof (analytics.backtest.Proof as a run keeps it): first what was called and delivered, then how well both rank.
    Without figures, why there are none.
    """
    if proof.get("auc_gain") is None or not proof["folds"]:
        return [str(proof["why"])]
    top = sum(fold["top"] for fold in proof["folds"])
    now, then = (round(proof[f"top_{name}"]) for name in ("current", "suggested"))
    low, high = (signed(proof[f"top_{name}"], 0) for name in ("low", "high"))
    gain, least, most = (signed(100 * proof[f"auc_{name}"], 1) for name in ("gain", "low", "high"))
    return [
        (
            f"{many(len(proof['folds']), 'past month')}, {proof['leads']:,} leads, {proof['deliveries']:,} deliveries: of the {top:,} leads "
            f"called first, {then:,} would have been delivered by the suggested scores and {now:,} by those in force, {signed(then - now, 0)} "
            f"({SURE} between {low} and {high})."
        ),
        (
            f"Of two leads, one delivered and one not, the scores in force put the delivered one first in {percent(proof['auc_current'])} of "
            f"cases and the suggested ones in {percent(proof['auc_suggested'])} (AUC; 50 % is no order at all): {gain} points, {SURE} between "
            f"{least} and {most}."
        ),
    ]


def _tenths(number: float) -> float:
    """To one decimal, and never −0."""
    return round(number, 1) + 0.0
