"""How a model is learned from leads: the sum of penalised_logistic, pulled toward the calibrated weights, as one card per
workflow.

An input that tells nothing beyond the weights is shrunk to nothing, and with few leads the model ranks as the weights do.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.lead_model import MISSING, Card, Input, LeadModel, Term, banded, read_input
from analytics.model_features import FEWEST_OF_VALUE, HISTORY, Candidate
from analytics.penalised_logistic import Additive, Block, carried_parameters, fit_additive, platt, sum_of
from analytics.rates import FloatArray
from icp import WORKFLOWS, Icp, component_bands
from scoring import component_scores

FOR_INTERACTIONS = 10.0  # parameters that the data must carry
TELLING = 0.2  # effective parameters, below which an input is left out
OTHERS = "\0other"


class Fitted(NamedTuple):
    """A model and what is to be said of it: leads and deliveries it was learned from, how many parameters they carry
    and how many it uses, and one row per input (input, values, parameters, spread in points)."""

    model: LeadModel
    leads: int
    deliveries: int
    carried: float
    used: float
    inputs: pd.DataFrame


def fit_model(
    leads: pd.DataFrame, delivered: pd.Series, icp: Icp, candidates: Sequence[Candidate], *, seed: int
) -> Fitted | None:
    """The model of these matured leads; None with fewer than 20 deliveries or failures.

    `leads`: workflow (intent, geography or history) and the columns of the candidates, `delivered` (bool), aligned.
    History is scored as geography. Values of fewer than 5 leads count as one of the others. Pairs of the inputs of
    icp.yaml enter once the data carry 10 parameters. The score of the training leads has the mean and the standard
    deviation that the weights give them, so that cuts and call priorities keep their meaning.
    """
    where = leads["workflow"].to_numpy(dtype="object")
    points = points_by_weights(leads, icp)
    hit = delivered.to_numpy(dtype=bool)
    inputs = [Coded.of(leads, where, [candidate]) for candidate in candidates]
    if carried_parameters(len(hit), int(hit.sum())) >= FOR_INTERACTIONS:
        own = [c for c in candidates if c.reason in icp.data["components"]]
        inputs += [
            Coded.of(leads, where, pair)
            for pair in combinations(own, 2)
            if set(pair[0].where) & set(pair[1].where)
        ]
    inputs = [one for one in inputs if one.block.size > 1]
    kinds = [*WORKFLOWS, HISTORY]
    flow = Block(np.array([kinds.index(str(name)) for name in where], dtype=np.intp), len(kinds))
    fit = fit_additive([flow, *(one.block for one in inputs)], points, hit, seed=seed)
    if fit is None:
        return None
    telling = [used >= TELLING for used in fit.parameters[1:]]
    if not all(
        telling
    ):  # what tells next to nothing is left out, so that the model stays small enough to read
        inputs = [one for one, kept in zip(inputs, telling, strict=True) if kept]
        fit = fit_additive([flow, *(one.block for one in inputs)], points, hit, seed=seed)
        assert fit is not None  # the outcomes are the same
    cards = {workflow: _card(workflow, leads, where, icp, fit, inputs, kinds) for workflow in WORKFLOWS}
    slope, intercept = platt(fit.out_of_fold, hit)
    here = where != HISTORY
    some = here if here.any() else np.ones(len(hit), dtype=bool)
    total = sum_of(fit, [flow, *(one.block for one in inputs)], points)
    center, per_logit = _scale(points[some], total[some], where[some])
    table = pd.DataFrame(
        {
            "input": ["workflow", *(one.reason for one in inputs)],
            "values": [len(kinds), *(one.block.size for one in inputs)],
            "parameters": fit.parameters,
            "spread": [per_logit * float(np.mean(spread)) for spread in fit.spreads],
        }
    ).sort_values("parameters", ascending=False, kind="stable", ignore_index=True)
    model = LeadModel(cards, center, per_logit, slope, intercept)
    return Fitted(model, len(hit), int(hit.sum()), fit.carried, 1 + float(np.sum(fit.parameters)), table)


def points_by_weights(leads: pd.DataFrame, icp: Icp) -> FloatArray:
    """What the weights in force give each lead, 0–100, not rounded; history is scored as geography, a component
    that would exclude a lead (the exploration slice) by its lowest score."""
    found = np.zeros(len(leads))
    where = leads["workflow"].to_numpy(dtype="object")
    for workflow in WORKFLOWS:
        rows = (where == workflow) | ((where == HISTORY) & (workflow == "geography"))
        for name, weight in icp.data["scoring"][workflow]["weights"].items():
            found[rows] += weight * _scores(leads[rows], icp, workflow)[name].to_numpy()
    return found


def _scores(leads: pd.DataFrame, icp: Icp, workflow: str) -> pd.DataFrame:
    scores = component_scores(leads, icp, workflow=workflow)
    lowest = {str(name): min(_known_scores(icp, str(name))) for name in scores}
    return scores.fillna(lowest)


def _known_scores(icp: Icp, name: str) -> list[float]:
    component = icp.data["components"][name]
    bands = component_bands(component)
    return [float(b.score) for b in bands] if bands else [float(s) for s in component["scores"].values()]


class Coded(NamedTuple):
    """One input of the regression as it was read: its reason, parts, the values of enough leads, the block, and the
    workflows where it counts."""

    reason: str
    parts: tuple[Input, ...]
    levels: tuple[str, ...]
    block: Block
    where: tuple[str, ...]

    @classmethod
    def of(
        cls, leads: pd.DataFrame, where: npt.NDArray[np.object_], candidates: Sequence[Candidate]
    ) -> Coded:
        """The input of one candidate, or of two together."""
        both = tuple(w for w in candidates[0].where if all(w in c.where for c in candidates))
        words = [read_input(leads, c.part).astype("object").fillna(MISSING).astype(str) for c in candidates]
        joined = words[0] if len(words) == 1 else words[0] + " × " + words[1]
        joined = joined.where(np.isin(where, both))
        counts = joined.value_counts()
        enough = FEWEST_OF_VALUE * len(candidates)
        levels = tuple(sorted(str(value) for value in counts.index[counts >= enough]))
        if len(candidates) == 1 and (counts < enough).any():
            levels += (OTHERS,)
            joined = joined.where(joined.isna() | joined.isin(levels), OTHERS)
        places = pd.Index(levels).get_indexer(pd.Index(joined.to_numpy(dtype="object")))
        block = Block(np.asarray(places, dtype=np.intp), len(levels))
        return cls(
            "_and_".join(c.reason for c in candidates), tuple(c.part for c in candidates), levels, block, both
        )


def _card(
    workflow: str, leads: pd.DataFrame, where: npt.NDArray[np.object_], icp: Icp, fit: Additive,
    inputs: Sequence[Coded], kinds: Sequence[str],
) -> Card:  # fmt: skip
    """The sum for one workflow, each term made to average 0 over its leads (over all where it has none)."""
    base = fit.base + float(fit.deviations[0][kinds.index(workflow)])
    rows = where == workflow if (where == workflow).any() else np.ones(len(where), dtype=bool)
    weights, terms = icp.data["scoring"][workflow]["weights"], []
    placed = dict.fromkeys(weights, False)
    for one, deviations, spreads in zip(inputs, fit.deviations[1:], fit.spreads[1:], strict=True):
        if workflow not in one.where:
            continue
        table = dict(zip(one.levels, deviations.tolist(), strict=True))
        spread = {
            level: round(s, 6)
            for level, s in zip(one.levels, spreads.tolist(), strict=True)
            if level != OTHERS
        }
        other = table.pop(OTHERS, 0.0)
        if one.reason in weights:
            placed[one.reason] = True
            by_weight, beside = _by_weights(one.reason, one.parts[0], table, icp, workflow, fit.slope)
            table = {value: table.get(value, other) + odds for value, odds in by_weight.items()}
            other += beside
        terms.append(Term(one.reason, one.parts, table, other, spread))
    for name in [name for name, there in placed.items() if not there]:
        component = icp.data["components"][name]
        part = banded(component["column"], component)
        by_weight, beside = _by_weights(name, part, {}, icp, workflow, fit.slope)
        terms.append(Term(name, (part,), by_weight, beside, {}))
    even = []
    for term in terms:
        words = [
            read_input(leads[rows], part).astype("object").fillna(MISSING).astype(str) for part in term.inputs
        ]
        joined = words[0] if len(words) == 1 else words[0] + " × " + words[1]
        mean = float(joined.map(dict(term.values)).astype(float).fillna(term.other).mean())
        base += mean
        values = {value: round(odds - mean, 9) for value, odds in term.values.items()}
        even.append(Term(term.reason, term.inputs, values, round(term.other - mean, 9), term.spread))
    return Card(round(base, 9), tuple(even))


def _by_weights(
    name: str, part: Input, seen: dict[str, float], icp: Icp, workflow: str, slope: float
) -> tuple[dict[str, float], float]:
    """Log odds that the weights give each value of a component (and a missing one), and any other value."""
    component = icp.data["components"][name]
    if part.ends:
        numbers = [*part.ends, part.ends[-1] + 1][: len(part.labels)]
        values, column = list(part.labels), pd.Series([*numbers, np.nan, np.nan], dtype="float64")
    else:
        values = sorted({*map(str, component["scores"]), *seen} - {MISSING})
        column = pd.Series([*values, None, "\0"], dtype="str")
    scores = _scores(pd.DataFrame({component["column"]: column}), icp, workflow)[name].to_numpy()
    odds = slope * icp.data["scoring"][workflow]["weights"][name] * scores / 100
    return dict(zip([*values, MISSING], odds.tolist()[:-1], strict=True)), float(odds[-1])


def _scale(points: FloatArray, total: FloatArray, where: npt.NDArray[np.object_]) -> tuple[float, float]:
    """(center, points per unit of log odds): mean and spread of the weights' points, but nobody beyond 0 and 100."""
    apart = np.concatenate([total[where == name] - total[where == name].mean() for name in np.unique(where)])
    center = float(points.mean())
    if np.ptp(apart) < 1e-12:
        return center, 0.0
    per_logit = float(points.std() / apart.std()) if points.std() > 0 else 10.0
    room = min((99.0 - center) / max(apart.max(), 1e-9), (center - 1.0) / max(-apart.min(), 1e-9))
    return round(center, 6), round(max(min(per_logit, room), 0.0), 6)
