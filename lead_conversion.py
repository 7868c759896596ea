"""The one scoring core of leads with declared fields: page, script and API turn features into a probability here.

A trained model is a function from a frame of leads to probabilities, with a version. Without one the base rate answers,
and the version says `prior`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import wilson_interval
from lead_schema import BASE_RATE, LeadKind

PRIOR = "prior"
CATEGORIES = ("High", "Medium", "Low")
_DTYPES = {"whole": "Int64", "number": "float64", "text": "str", "choice": "str"}


class BaseRate(NamedTuple):
    """rate: 0 to 1, pulled toward the configured one; successes of leads that counted; Wilson's 95 % ends of those."""

    rate: float
    successes: int
    leads: int
    low: float | None
    high: float | None


class Trained(NamedTuple):
    """A model in force: `probability` takes a frame (one row per lead, the fields of the kind) and gives 0 to 1 each; `of_one`,
    where there is one, gives the same of a single lead's fields, quickly. `reasons`, where there is one, takes a frame, too:
    points per reason, which sum to 100 x the probability."""

    version: str
    probability: Callable[[pd.DataFrame], npt.ArrayLike]
    metrics: Mapping[str, Any]
    of_one: Callable[[Mapping[str, Any]], float] | None = None
    reasons: Callable[[pd.DataFrame], pd.DataFrame] | None = None


class Scorer(NamedTuple):
    """What scores one kind of lead now."""

    kind: LeadKind
    base: BaseRate
    trained: Trained | None = None

    @property
    def version(self) -> str:
        """The model's version, or `prior`."""
        return self.trained.version if self.trained else PRIOR

    @property
    def thresholds(self) -> tuple[float, float]:
        """The scores from which a lead is High and Medium; multiples of the base rate end at 1."""
        unit = self.base.rate if self.kind.thresholds == BASE_RATE else 1.0
        return min(self.kind.high * unit, 1.0), min(self.kind.medium * unit, 1.0)


class Conversion(NamedTuple):
    """conversion_score: probability, 0 to 1; risk_category: High, Medium or Low, how likely it converts."""

    conversion_score: float
    risk_category: str
    model_version: str


def scorer_of(scorers: Mapping[str, Scorer], kind: str, features: Mapping[str, Any]) -> Scorer:
    """What scores this lead: that of its kind and workflow (`hades/intent`) where there is one, else that of its kind."""
    return scorers.get(f"{kind}/{features.get('workflow_type')}") or scorers[kind]


def base_rate(successes: int, leads: int, *, prior_rate: float, prior_leads: float) -> BaseRate:
    """The share of leads that converted, as if `prior_leads` further ones had converted at `prior_rate`.

    rate = (successes + prior_rate x prior_leads) / (leads + prior_leads): the mean of the beta posterior. Without a lead
    it is prior_rate, and low and high are None.
    """
    rate = (successes + prior_rate * prior_leads) / (leads + prior_leads)
    if not leads:
        return BaseRate(rate, successes, leads, None, None)
    low, high = wilson_interval(successes, leads)
    return BaseRate(rate, successes, leads, float(low[0]), float(high[0]))


def lead_frame(leads: Sequence[Mapping[str, Any]], kind: LeadKind) -> pd.DataFrame:
    """One row per lead, one column per declared field (whole numbers Int64, numbers float64, text str); missing stays
    missing."""
    return pd.DataFrame(
        {
            name: pd.Series([lead.get(name) for lead in leads], dtype=_DTYPES[field.type])
            for name, field in kind.fields.items()
        }
    )


def conversions(leads: Sequence[Mapping[str, Any]], scorer: Scorer) -> list[Conversion]:
    """One result per lead of the scorer's kind, in order; none for none. ValueError when a model gives no probability."""
    if scorer.trained is None:
        rate = round(scorer.base.rate, 6)
        return [Conversion(rate, _category(rate, scorer), scorer.version)] * len(leads)
    if not leads:
        return []
    if len(leads) == 1 and scorer.trained.of_one is not None:
        scores = np.array([scorer.trained.of_one(leads[0])], dtype="float64")
    else:
        scores = np.asarray(scorer.trained.probability(lead_frame(leads, scorer.kind)), dtype="float64")
    if scores.shape != (len(leads),) or not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"the model {scorer.version} did not give one probability per lead")
    return [
        Conversion(score, _category(score, scorer), scorer.version) for score in np.round(scores, 6).tolist()
    ]


def reasons_of(lead: Mapping[str, Any], scorer: Scorer) -> dict[str, float]:
    """Points per reason, which sum to 100 x the lead's probability before it is rounded: `base` (the average lead's, or the
    base rate's) and one per field that the model knows."""
    if scorer.trained is None or scorer.trained.reasons is None:
        (alone,) = conversions([lead], scorer)
        return {"base": 100 * alone.conversion_score}
    told = scorer.trained.reasons(lead_frame([lead], scorer.kind)).iloc[0]
    return {str(name).removesuffix("_points"): float(points) for name, points in told.items()}


def _category(score: float, scorer: Scorer) -> str:
    high, medium = scorer.thresholds
    tiny = 1e-6  # scores are rounded to six digits
    return (
        CATEGORIES[0] if score >= high - tiny else CATEGORIES[1] if score >= medium - tiny else CATEGORIES[2]
    )
