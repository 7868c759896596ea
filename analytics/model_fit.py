"""How a model is learned: penalised logistic regression, pulled toward the calibrated weights.

    log odds = base + slope × (points by the weights / 100) + Σ deviation of each input's value

Deviations are normally distributed around 0 with a variance per input, chosen by marginal likelihood: an input that
tells nothing beyond the weights is shrunk to nothing, and with few leads the model ranks as the weights do. What the
data carry bounds the effective number of parameters (Riley et al. 2019, Statistics in Medicine 38, 1276–1296).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.lead_model import MISSING, Card, Input, LeadModel, Term, banded, read_input
from analytics.model_features import FEWEST_OF_VALUE, HISTORY, Candidate
from analytics.rates import FloatArray
from icp import WORKFLOWS, Icp, component_bands
from scoring import component_scores

FEWEST_DELIVERIES = 20  # and as many failures, before anything is fitted
SHRINKAGE, SHARE_OF_R2 = 0.9, 0.1
FOR_INTERACTIONS = 10.0  # parameters that the data must carry
BOOTSTRAPS = 40
TELLING = 0.2  # effective parameters, below which an input is left out
_WEAKEST, _STRONGEST = 1.0, 10_000.0  # of a penalty: 1 / variance of a deviation in log odds
_SLOPE_PRIOR = 1.0  # slope and its variance before any outcome: log odds between 0 and 100 points
OTHERS = "\0other"
Codes = npt.NDArray[np.intp]


class Block(NamedTuple):
    """One input of the regression: the place of each lead's value (−1: adds nothing), and how many values there are."""

    codes: Codes
    size: int


@dataclass(frozen=True)
class Additive:
    """A fitted sum. deviations, spreads: an array per block (log odds; bootstrap standard deviation). penalties and
    parameters (effective, 0 to size): per block. `out_of_fold`: log odds of each lead by a fit without it."""

    base: float
    slope: float
    deviations: tuple[FloatArray, ...]
    spreads: tuple[FloatArray, ...]
    penalties: tuple[float, ...]
    parameters: tuple[float, ...]
    carried: float
    out_of_fold: FloatArray


class Fitted(NamedTuple):
    """A model and what is to be said of it: leads and deliveries it was learned from, how many parameters they carry
    and how many it uses, and one row per input (input, values, parameters, spread in points)."""

    model: LeadModel
    leads: int
    deliveries: int
    carried: float
    used: float
    inputs: pd.DataFrame


def carried_parameters(leads: int, deliveries: int) -> float:
    """How many parameters the data carry: n ≥ p / ((S − 1) ln(1 − R²/S)) with S = .9 and R² at 10 % of its maximum.

    Riley et al. 2019. 0 without both outcomes.

    >>> round(carried_parameters(500, 53)), round(carried_parameters(3000, 318))
    (3, 17)
    """
    if not 0 < deliveries < leads:
        return 0.0
    share = deliveries / leads
    most = 1 - np.exp(2 * (share * np.log(share) + (1 - share) * np.log(1 - share)))
    return float(leads * (SHRINKAGE - 1) * np.log(1 - SHARE_OF_R2 * most / SHRINKAGE))


def fit_additive(
    blocks: Sequence[Block], points: npt.ArrayLike, delivered: npt.ArrayLike, *, seed: int, draws: int = BOOTSTRAPS,
) -> Additive | None:  # fmt: skip
    """The fit; None with fewer than 20 deliveries or failures.

    `points`: by the weights, 0–100 per lead (all the same: no weights to start from). Penalties by MacKay's update
    (1992, Neural Computation 4, 415–447) under the Laplace approximation, raised together until the effective
    parameters are no more than the data carry. The slope is never negative.
    """
    from threadpoolctl import threadpool_limits

    hit = np.asarray(delivered, dtype=float)
    if min(hit.sum(), len(hit) - hit.sum()) < FEWEST_DELIVERIES:
        return None
    with threadpool_limits(1, "blas"):  # matrices so small only wait for further threads
        return _fitted(blocks, np.asarray(points, dtype=float) / 100, hit, seed, draws)


def _fitted(blocks: Sequence[Block], start: FloatArray, hit: FloatArray, seed: int, draws: int) -> Additive:
    size = len(hit)
    design = _design(blocks, start)
    owners = np.repeat(np.arange(len(blocks)), [block.size for block in blocks])
    carried = carried_parameters(size, int(hit.sum()))
    everyone = np.ones(size)
    penalties, point = np.full(len(blocks), 30.0), np.zeros(design.shape[1])
    point[0] = np.log(hit.sum() / (size - hit.sum()))
    for _ in range(40):
        point, curvature = _newton(design, hit, everyone, _ridge(penalties, owners), point, steps=2)
        used = _used(curvature, penalties, owners)
        squares = np.bincount(owners, point[2:] ** 2, minlength=len(blocks))
        new = np.clip((used + 0.5) / (squares + 0.01), _WEAKEST, _STRONGEST)
        done = np.abs(np.log(new / penalties)).max(initial=0.0) < 0.02
        penalties = new
        if done:
            break
    penalties = _bounded(design, hit, penalties, owners, point, carried)
    ridge = _ridge(penalties, owners)
    point, curvature = _newton(design, hit, everyone, ridge, point, steps=25)
    rng = np.random.default_rng(seed)
    held, spread = np.full(size, np.nan), np.full(len(point), np.nan)
    if draws:
        fifth = rng.permutation(size) % 5
        for place in range(5):
            out, _ = _newton(design, hit, (fifth != place).astype(float), ridge, point, steps=8)
            held[fifth == place] = design[fifth == place] @ out
        again = [rng.multinomial(size, np.full(size, 1 / size)).astype(float) for _ in range(draws)]
        spread = np.std([_newton(design, hit, counts, ridge, point, steps=2)[0] for counts in again], axis=0)
    cuts = np.cumsum([block.size for block in blocks])[:-1]
    return Additive(
        float(point[0]), float(point[1]), tuple(np.split(point[2:], cuts)), tuple(np.split(spread[2:], cuts)),
        tuple(penalties), tuple(_used(curvature, penalties, owners)), carried, held,
    )  # fmt: skip


def sum_of(fit: Additive, blocks: Sequence[Block], points: npt.ArrayLike) -> FloatArray:
    """The log odds of leads whose values have these places."""
    whole = np.concatenate([[fit.base, fit.slope], *fit.deviations])
    total: FloatArray = np.asarray(_design(blocks, np.asarray(points, dtype=float) / 100) @ whole)
    return total


def platt(out_of_fold: FloatArray, delivered: npt.ArrayLike) -> tuple[float, float]:
    """(slope, intercept) that turn log odds into calibrated ones (Platt 1999), drawn to (1, 0) as if by one standard
    deviation of .3 and .5; the slope stays between .2 and 2, so that the order never changes."""
    hit = np.asarray(delivered, dtype=float)
    design = np.column_stack([np.ones(len(hit)), out_of_fold])
    found = np.array([0.0, 1.0])
    middle, ridge = found.copy(), np.array([4.0, 11.0])
    for _ in range(25):
        chance = _expit(design @ found)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        found = found + np.linalg.solve(curvature, design.T @ (hit - chance) - ridge * (found - middle))
    return round(float(np.clip(found[1], 0.2, 2.0)), 9), round(float(found[0]), 9)


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


def _design(blocks: Sequence[Block], points: FloatArray) -> Any:
    """A sparse column of ones, one of points (as shares of 100), and one per value of each block."""
    from scipy.sparse import csr_matrix

    size, first = len(points), 2
    everyone = np.arange(size)
    rows, columns = [everyone, everyone], [np.zeros(size, dtype=np.intp), np.ones(size, dtype=np.intp)]
    for block in blocks:
        there = np.flatnonzero(block.codes >= 0)
        rows.append(there)
        columns.append(first + block.codes[there])
        first += block.size
    filled = np.concatenate([np.ones(size), points, np.ones(sum(map(len, rows[2:])))])
    return csr_matrix((filled, (np.concatenate(rows), np.concatenate(columns))), shape=(size, first))


def _ridge(penalties: FloatArray, owners: Codes) -> FloatArray:
    return np.concatenate([[1e-6, 1 / _SLOPE_PRIOR], penalties[owners]])


def _used(curvature: FloatArray, penalties: FloatArray, owners: Codes) -> FloatArray:
    """Effective parameters per block: Σ 1 − penalty × posterior variance."""
    share = 1 - penalties[owners] * np.diag(np.linalg.inv(curvature))[2:]
    used: FloatArray = np.bincount(owners, np.clip(share, 0.0, 1.0), minlength=len(penalties)).astype(float)
    return used


def _bounded(
    design: Any,
    hit: FloatArray,
    penalties: FloatArray,
    owners: Codes,
    point: FloatArray,
    carried: float,
) -> FloatArray:
    """The penalties, raised by one factor until the effective parameters (the slope is one) are no more than `carried`."""
    everyone = np.ones(len(hit))

    def used(factor: float) -> float:
        raised = np.minimum(penalties * factor, 1e6)
        _, curvature = _newton(design, hit, everyone, _ridge(raised, owners), point, steps=4)
        return 1 + float(_used(curvature, raised, owners).sum())

    if not len(penalties) or used(1.0) <= carried:
        return penalties
    low, high = 0.0, np.log(1e4)
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if used(np.exp(middle)) > carried else (low, middle)
    raised: FloatArray = np.minimum(penalties * np.exp(high), 1e6)
    return raised


def _newton(
    design: Any,
    hit: FloatArray,
    counts: FloatArray,
    ridge: FloatArray,
    start: FloatArray,
    *,
    steps: int,
) -> tuple[FloatArray, FloatArray]:
    """(coefficients, curvature where the last step began) after at most so many steps; the slope (second column) is drawn to its prior and, where
    it would turn negative, held at 0."""
    middle = np.zeros(len(ridge))
    middle[1] = _SLOPE_PRIOR
    point = start
    curvature, weighed, turned = np.diag(ridge), design.copy(), design.T.tocsr()
    for _ in range(steps):
        chance = _expit(design @ point)
        weighed.data = design.data * np.repeat(counts * chance * (1 - chance), np.diff(design.indptr))
        curvature = (turned @ weighed).toarray() + np.diag(ridge)
        slope = turned @ (counts * (hit - chance)) - ridge * (point - middle)
        step = np.linalg.solve(curvature, slope)
        if point[1] + step[1] < 0:
            free = np.arange(len(point)) != 1
            step = np.zeros(len(point))
            step[1] = -point[1]
            step[free] = np.linalg.solve(
                curvature[np.ix_(free, free)], slope[free] - curvature[free, 1] * step[1]
            )
        point = point + step * min(1.0, 3.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return point, curvature


def _expit(x: FloatArray) -> FloatArray:
    chance: FloatArray = 0.5 * (1 + np.tanh(0.5 * x))
    return chance
