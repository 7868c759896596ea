"""The predictive model as it is kept and applied: a sum of looked-up log odds per lead, with a reason for each.

A model is a card per workflow: a base and one table per input (`sic_code` 8361 → +0.41). Every table averages 0 over
the leads it was learned from, so that a reason says what sets a lead apart from the average one. Cards are plain
JSON; nothing that can be executed is ever stored. How a card is learned: model_fit.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analytics.rates import FloatArray
from errors import ConfigError, InputError
from icp import component_bands
from lead_arrays import number_array, whole_column

FORMAT = 1
MODEL_COLUMNS = ("weights_score", "chance", "model_version")  # what a model's score brings along
MISSING = "–"  # the value of a lead that has none
_TINY = 1e-9


@dataclass(frozen=True)
class Input:
    """How one column is read: as text, or as the label of its band. `ends`: the upper ends (belonging to their band) of
    all labels but a last open one; none for text."""

    column: str
    ends: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Term:
    """One table of log odds: `reason` it is told under, the inputs whose values (joined by " × ") are looked up, and
    what any other value adds; `spread` is the bootstrap standard deviation per value."""

    reason: str
    inputs: tuple[Input, ...]
    values: Mapping[str, float]
    other: float
    spread: Mapping[str, float]


@dataclass(frozen=True)
class Card:
    """The model of one workflow: log odds = base + one entry per term."""

    base: float
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class LeadModel:
    """A model that can be applied to leads.

    cards: workflow → card. center, per_logit: score = center + per_logit × sum of the terms. slope, intercept:
    chance = 1 / (1 + exp(−(intercept + slope × (base + sum)))), fitted on leads held out of the fit.
    """

    cards: Mapping[str, Card]
    center: float
    per_logit: float
    slope: float
    intercept: float


def log_odds(leads: pd.DataFrame, model: LeadModel, *, workflow: str) -> pd.DataFrame:
    """One row per lead, a column per reason: the log odds that this reason adds (without the base).

    InputError for a workflow that the model has no card for. A column that the leads lack counts as missing.
    """
    card = _card(model, workflow)
    added: dict[str, FloatArray] = {}
    seen: dict[Input, list[str]] = {}
    for term in card.terms:
        for part in term.inputs:
            if part not in seen:
                seen[part] = _words(read_input(leads, part))
        words = [" × ".join(row) for row in zip(*(seen[part] for part in term.inputs), strict=True)]
        codes, unique = pd.factorize(np.array(words, dtype="object"))
        table = np.array([term.values.get(word, term.other) for word in unique], dtype=float)
        own = table[codes] if len(table) else np.zeros(len(leads))
        added[term.reason] = added.get(term.reason, np.zeros(len(leads))) + own
    return pd.DataFrame(added, index=leads.index)


def chances(leads: pd.DataFrame, model: LeadModel, *, workflow: str) -> FloatArray:
    """The calibrated chance of a delivery per lead, 0–1."""
    total = log_odds(leads, model, workflow=workflow).to_numpy().sum(axis=1) + _card(model, workflow).base
    chance: FloatArray = 0.5 * (1 + np.tanh(0.5 * (model.intercept + model.slope * total)))
    return chance


def chance_of(lead: Mapping[str, Any], model: LeadModel, *, workflow: str) -> float:
    """The same chance of one lead, from its fields by name, a hundred times quicker than a frame of one row.

    A field that is absent or None is missing. InputError for a workflow that the model has no card for.
    """
    card = _card(model, workflow)
    total = card.base
    for term in card.terms:
        words = [_word(lead.get(part.column), part) for part in term.inputs]
        total += term.values.get(" × ".join(words), term.other)
    return 0.5 * (1 + math.tanh(0.5 * (model.intercept + model.slope * total)))


def apply_model(scored: pd.DataFrame, model: LeadModel, *, workflow: str, version: int) -> pd.DataFrame:
    """The leads of scoring.score_leads, scored by the model instead of the weights; whoever is excluded stays so.

    Replaced: score (0–100), factor_points, rounding, cap. The `<part>_points` of the weights give way to `base_points`
    and one `<reason>_points` per reason of the model, and for every score: all points + rounding + cap = score, to
    1e-9 (cap is positive where the sum fell below 0). Added: weights_score (what the weights would have given), chance
    (0–1), model_version. score = the sum × factor, rounded half up, within 0 and 100.
    """
    reasons = log_odds(scored, model, workflow=workflow)
    points = {"base_points": np.full(len(scored), float(model.center))}
    points |= {f"{name}_points": model.per_logit * reasons[name].to_numpy() for name in reasons}
    total = np.sum(list(points.values()), axis=0)
    exact = total * number_array(scored, "factor")
    rounded = np.floor(exact + (0.5 + _TINY))
    score = np.clip(rounded, 0.0, 100.0)
    left_out = scored["score"].isna().to_numpy()
    old = [name for name in scored if str(name).endswith("_points")]
    columns: dict[str, Any] = {
        "factor_points": exact - total,
        "rounding": rounded - exact,
        "cap": score - rounded,
        "score": whole_column(score, left_out),
    }
    further = {
        **points,
        "weights_score": scored["score"],
        "chance": np.where(left_out, np.nan, chances(scored, model, workflow=workflow)),
        "model_version": whole_column(np.full(len(scored), float(version)), left_out),
    }
    kept = scored.drop(columns=old).assign(**columns)
    return pd.concat([kept, pd.DataFrame(further, index=scored.index)], axis=1)


def to_json(model: LeadModel) -> str:
    """The model as one JSON text with sorted keys: the same model gives the same text."""
    return json.dumps({"format": FORMAT, **asdict(model)}, sort_keys=True, allow_nan=False)


def from_json(text: str) -> LeadModel:
    """The model in a text of `to_json`; ConfigError for anything else, with what to do."""
    try:
        data = json.loads(text)
        if data.pop("format") != FORMAT:
            raise ValueError
        cards = {
            str(workflow): Card(float(card["base"]), tuple(_term(term) for term in card["terms"]))
            for workflow, card in data["cards"].items()
        }
        numbers = [float(data[name]) for name in ("center", "per_logit", "slope", "intercept")]
        if not np.isfinite(numbers).all():
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            "The stored model was expected to be a model of this product, but it cannot be read. "
            "Fall back to the weights, then train again."
        ) from error
    return LeadModel(cards, *numbers)


def sha256(model: LeadModel) -> str:
    """The hash of the model's JSON."""
    return hashlib.sha256(to_json(model).encode("utf-8")).hexdigest()


def banded(column: str, component: Mapping[str, Any]) -> Input:
    """How a component of icp.yaml reads its column: by its bands, or as text."""
    bands = component_bands(component)
    ends = tuple(float(band.high) for band in bands if band.high is not None)
    return Input(column, ends, tuple(band.label for band in bands))


def read_input(leads: pd.DataFrame, part: Input) -> pd.Series:
    """The value of an input per lead as text, missing where the lead has none (or lies beyond the last band)."""
    if part.column not in leads:
        return pd.Series(pd.NA, index=leads.index, dtype="str")
    if not part.ends:
        return leads[part.column].astype("str")
    numbers = pd.to_numeric(leads[part.column], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    places = np.searchsorted(np.array(part.ends), numbers, side="left")
    places[np.isnan(numbers) | (places >= len(part.labels))] = -1
    return pd.Series(
        pd.array(list(part.labels), dtype="str").take(places, allow_fill=True), index=leads.index
    )


def _word(value: Any, part: Input) -> str:
    """The value of an input for one lead, as `read_input` and `_words` give it."""
    if value is None or value != value:
        return MISSING
    if not part.ends:
        return str(value)
    try:
        place = bisect_left(part.ends, float(value))
    except (TypeError, ValueError):
        return MISSING
    return part.labels[place] if place < len(part.labels) else MISSING


def _words(values: pd.Series) -> list[str]:
    return [
        MISSING if word is None else str(word) for word in values.astype("object").where(values.notna(), None)
    ]


def _card(model: LeadModel, workflow: str) -> Card:
    if workflow not in model.cards:
        known: Sequence[str] = sorted(model.cards)
        raise InputError(f"The model knows the workflows {', '.join(known)}, but not '{workflow}'.")
    return model.cards[workflow]


def _term(data: Mapping[str, Any]) -> Term:
    return Term(
        str(data["reason"]),
        tuple(Input(str(i["column"]), tuple(i["ends"]), tuple(i["labels"])) for i in data["inputs"]),
        {str(value): float(odds) for value, odds in data["values"].items()},
        float(data["other"]),
        {str(value): float(odds) for value, odds in data["spread"].items()},
    )
