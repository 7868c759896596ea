"""What a proof and a prediction say, in sentences that one can read aloud: how many, of how many, and how sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.adjusted import FEWEST_DELIVERIES
from analytics.signed_numbers import signed
from views.formats import many, percent

AUC = "Of two leads, one delivered and one not: how often the delivered one stands first. 0.5 is no order at all."
BRIER = "The mean squared error of the chance said for each lead: 0 would be perfect, and less is better."
SURE = "in 19 of 20 cases"
NO_POOL = "What this would bring can be said once a batch was exported: it takes leads that both sets of scores rank."
NO_ORDER = "What this would bring cannot be said: no lead of the newest batches can be ranked by both sets of scores."


def prediction_sentence(
    prediction: Mapping[str, Any] | None, *, has_pools: bool = True, judged: tuple[int, int] | None = None
) -> str:
    """What a change promises (analytics.prediction.predict), with its range; without one, what it lacks: a batch, or leads
    old enough to judge (`judged`: so many, so many of them delivered).
    """
    if prediction is None:
        if judged is not None:
            return (
                f"How many deliveries this would bring cannot be said yet: of {many(judged[0], 'lead')} old enough to judge, history "
                f"and batches together, {judged[1]:,} {'was' if judged[1] == 1 else 'were'} delivered. It takes {FEWEST_DELIVERIES} "
                "delivered and as many that were not. That says nothing against the suggestion."
            )
        return NO_ORDER if has_pools else NO_POOL
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
