"""Proof before approval: would the suggested scores have ranked later leads better than the current ones?

At each past month the suggestion is made again from what was known then, and both scores rank the leads
that started in the month after. What the calibration of that month is given ends at its cut-off: later rows
are not in the frame, and deliveries made later have not happened yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.calibration_table import Day, known_outcomes
from analytics.rates import FloatArray
from analytics.signed_numbers import signed
from errors import InputError

READY, PROMISING, NOT_READY = "ready", "promising", "not ready"
FEWEST_DELIVERIES = 20  # among the leads ranked, before a proof is attempted

Scorer = Callable[[pd.DataFrame], npt.ArrayLike]
Suggest = Callable[[pd.DataFrame, pd.Timestamp], Scorer]
FOLD_COLUMNS = (
    "cut_off", "known_leads", "leads", "deliveries", "auc_current", "auc_suggested", "top", "top_current",
    "top_suggested",
)  # fmt: skip


@dataclass(frozen=True)
class Proof:
    """What the walk-forward says.

    folds: one row per month: cut_off (the last day known), known_leads, leads (ranked afterwards),
    deliveries (among them), auc_current, auc_suggested (0–1, missing without both outcomes), top (how many
    leads count as called), top_current, top_suggested (deliveries among those; ties shared out evenly).
    auc_*: averaged over months by their pairs of a delivered and an undelivered lead; auc_gain with
    auc_low, auc_high and top_gain with top_low, top_high: suggested minus current with a paired bootstrap
    interval (95 %). word: ready, promising or not ready; why: the sentence.
    """

    word: str
    why: str
    folds: pd.DataFrame
    leads: int
    deliveries: int
    auc_current: float
    auc_suggested: float
    auc_gain: float
    auc_low: float
    auc_high: float
    top_current: float
    top_suggested: float
    top_gain: float
    top_low: float
    top_high: float


def walk_forward(
    outcomes: pd.DataFrame,
    current: Scorer,
    suggest: Suggest,
    *,
    features: Sequence[str],
    as_of: Day,
    maturity_days: int,
    top: int,
    seed: int,
    months: int = 12,
    repeats: int = 1000,
) -> Proof:
    """The proof over the last `months` months whose leads have matured by `as_of`.

    `outcomes` has one row per lead: started_on, delivered_on and the columns `features`, known when it
    started; any other column is dropped, lest it know the outcome. `suggest(history, cut_off)` gets the
    rows started by the cut-off, with deliveries after it removed, and returns a scorer; scorers get the
    features of the leads to rank and return one score each. `top` is how many leads of a month are called
    (at most half of them counts, or there is nothing to choose). Leads without a start are history only.

    Ready: the AUC gain is above 0 with its whole interval and the calls would not have held fewer deliveries.
    Promising: both gains point up, but chance is not excluded. Not ready: all else, and under 20 deliveries.
    InputError when `top` or `months` is below 1 or a scorer returns the wrong number of scores.
    """
    if top < 1 or months < 1:
        raise InputError(f"At least one call and one month were expected, but got {top} and {months}.")
    known = known_outcomes(outcomes, as_of=as_of, maturity_days=maturity_days)
    started = pd.to_datetime(outcomes["started_on"])
    judged = known[known["matured"] & known["age_days"].notna()]
    started_day = started.loc[judged.index].dt.normalize()
    folds, scored = [], []
    for cut_off, until in _months(started_day, months):
        inside = judged.index[started_day.between(cut_off, until, inclusive="right")]
        if not len(inside):
            continue
        history = known_then(outcomes[["started_on", "delivered_on", *features]], cut_off)
        leads = outcomes.loc[inside, list(features)]
        by_current, by_suggested = (_scores(scorer, leads) for scorer in (current, suggest(history, cut_off)))
        hit = judged.loc[inside, "delivered"].to_numpy()
        fold = _Fold(hit, by_current, by_suggested, min(top, (len(inside) + 1) // 2))
        scored.append(fold)
        folds.append((cut_off, len(history), *fold.summary()))
    return _proof(
        pd.DataFrame(folds, columns=list(FOLD_COLUMNS)), scored, np.random.default_rng(seed), repeats
    )


def known_then(outcomes: pd.DataFrame, cut_off: pd.Timestamp) -> pd.DataFrame:
    """The outcomes as they were at the end of the day `cut_off`: later leads absent, later deliveries not made yet."""
    seen = known_outcomes(outcomes, as_of=cut_off, maturity_days=0)
    history = outcomes.loc[seen.index].copy()
    history["delivered_on"] = history["delivered_on"].where(seen["delivered"])
    return history


def auc(scores: npt.ArrayLike, delivered: npt.ArrayLike) -> float:
    """The chance that a delivered lead scores higher than an undelivered one, ties counting half; NaN without both."""
    hit = np.asarray(delivered, dtype=bool)
    return float(_Ranking(np.asarray(scores, dtype=float), hit).auc(np.ones((1, len(hit))))[0])


class PairedGain(NamedTuple):
    """What one score gains over another on the same leads: averages, and gains with a paired 95 % interval.

    auc_*: as in `Proof`, pooled over groups by their pairs; top_*: deliveries among the leads called first.
    """

    auc_current: float
    auc_suggested: float
    auc_gain: float
    auc_low: float
    auc_high: float
    top: int
    top_current: float
    top_suggested: float
    top_gain: float
    top_low: float
    top_high: float


def paired_gain(
    delivered: npt.ArrayLike,
    current: npt.ArrayLike,
    suggested: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    top: int,
    seed: int,
    repeats: int = 1000,
) -> PairedGain:
    """Two scores on the same leads, ranked within each group (a workflow is ranked by itself), by a paired bootstrap.

    In each group the first `top` leads are called, at most half of them. A group of one kind only adds no pair.
    0 where no group has both kinds: count first.
    """
    hit, which = np.asarray(delivered, dtype=bool), np.asarray(groups)
    first, second = np.asarray(current, dtype=float), np.asarray(suggested, dtype=float)
    folds = [
        _Fold(hit[rows], first[rows], second[rows], min(top, (int(rows.sum()) + 1) // 2))
        for rows in (which == name for name in np.unique(which))
    ]
    return _paired(folds, np.random.default_rng(seed), repeats)


class _Ranking:
    """Leads ordered by score, highest first, in groups of equal scores; counts for many weightings of leads at once."""

    def __init__(self, scores: FloatArray, delivered: npt.NDArray[np.bool_]) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ordered = scores[self.order]
        first = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(scores)]
        self.starts: npt.NDArray[np.intp] = np.flatnonzero(first)
        self.hit = delivered[self.order].astype(float)

    def _groups(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        ordered = weights[:, self.order]
        if not len(self.hit):
            return ordered, ordered
        hits = np.add.reduceat(ordered * self.hit, self.starts, axis=1)
        return hits, np.add.reduceat(ordered, self.starts, axis=1)

    def auc(self, weights: FloatArray) -> FloatArray:
        hits, sizes = self._groups(weights)
        misses = sizes - hits
        below = misses.sum(axis=1, keepdims=True) - np.cumsum(misses, axis=1)
        pairs = hits.sum(axis=1) * misses.sum(axis=1)
        won = (hits * (below + 0.5 * misses)).sum(axis=1)
        share: FloatArray = np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
        return share

    def in_top(self, weights: FloatArray, top: int) -> FloatArray:
        hits, sizes = self._groups(weights)
        before = np.cumsum(sizes, axis=1) - sizes
        taken = np.clip(top - before, 0.0, sizes)
        counted: FloatArray = np.sum(
            hits * np.divide(taken, sizes, out=np.zeros_like(sizes), where=sizes > 0), axis=1
        )
        return counted


class _Fold:
    def __init__(
        self, hit: npt.NDArray[np.bool_], current: FloatArray, suggested: FloatArray, top: int
    ) -> None:
        self.hit, self.top = hit, top
        self.rankings = (_Ranking(current, hit), _Ranking(suggested, hit))

    def measure(self, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(pairs, AUC of both, deliveries in the top of both) for each weighting of the leads."""
        delivered = (weights * self.hit).sum(axis=1)
        pairs = delivered * (weights.sum(axis=1) - delivered)
        aucs = np.stack([ranking.auc(weights) for ranking in self.rankings])
        tops = np.stack([ranking.in_top(weights, self.top) for ranking in self.rankings])
        return pairs, aucs, tops

    def summary(self) -> tuple[int, int, float, float, int, float, float]:
        _, aucs, tops = self.measure(np.ones((1, len(self.hit))))
        called = (self.top, float(tops[0, 0]), float(tops[1, 0]))
        return len(self.hit), int(self.hit.sum()), float(aucs[0, 0]), float(aucs[1, 0]), *called


def _pooled(measured: list[tuple[FloatArray, FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    """AUC averaged over folds by their pairs, and the sum of deliveries in the top: (2, weightings) each."""
    pairs = np.stack([fold[0] for fold in measured])
    aucs = np.stack([np.nan_to_num(fold[1]) for fold in measured])
    total = np.maximum(pairs.sum(axis=0), 1e-12)
    return (aucs * pairs[:, None, :]).sum(axis=0) / total, np.sum([fold[2] for fold in measured], axis=0)


def _proof(folds: pd.DataFrame, scored: list[_Fold], rng: np.random.Generator, repeats: int) -> Proof:
    leads, deliveries = int(folds["leads"].sum()), int(folds["deliveries"].sum())
    if min(deliveries, leads - deliveries) < FEWEST_DELIVERIES:
        nan = float("nan")
        why = (
            f"{deliveries} deliveries among {leads:,} matured leads of {len(folds)} past months are too few for a "
            f"proof; {FEWEST_DELIVERIES} are needed."
        )
        return Proof(NOT_READY, why, folds, leads, deliveries, *([nan] * 10))
    found = _paired(scored, rng, repeats)
    word = NOT_READY
    if found.auc_gain > 0 and found.top_gain >= 0:
        word = READY if found.auc_low > 0 else PROMISING
    why = (
        f"Over {len(folds)} past months and {leads:,} leads with {deliveries} deliveries the AUC goes from "
        f"{found.auc_current:.3f} to {found.auc_suggested:.3f} ({signed(found.auc_gain, 3)}, 95 % from {signed(found.auc_low, 3)} to "
        f"{signed(found.auc_high, 3)}), and the {found.top:,} leads called first hold {found.top_suggested:.0f} deliveries "
        f"instead of {found.top_current:.0f} ({signed(found.top_gain, 0)}, from {signed(found.top_low, 0)} to {signed(found.top_high, 0)})."
    )
    return Proof(word, why, folds, leads, deliveries, *found[:5], *found[6:])


def _paired(folds: Sequence[_Fold], rng: np.random.Generator, repeats: int) -> PairedGain:
    aucs, tops = _pooled([fold.measure(np.ones((1, len(fold.hit)))) for fold in folds])
    again = []
    for fold in folds:
        size = len(fold.hit)
        again.append(fold.measure(rng.multinomial(size, np.full(size, 1 / size), size=repeats).astype(float)))
    drawn_aucs, drawn_tops = _pooled(again)
    auc_low, auc_high = np.quantile(drawn_aucs[1] - drawn_aucs[0], [0.025, 0.975])
    top_low, top_high = np.quantile(drawn_tops[1] - drawn_tops[0], [0.025, 0.975])
    auc = (
        float(aucs[0, 0]),
        float(aucs[1, 0]),
        float(aucs[1, 0] - aucs[0, 0]),
        float(auc_low),
        float(auc_high),
    )
    called = (
        float(tops[0, 0]),
        float(tops[1, 0]),
        float(tops[1, 0] - tops[0, 0]),
        float(top_low),
        float(top_high),
    )
    return PairedGain(*auc, sum(fold.top for fold in folds), *called)


def _months(started: pd.Series, months: int) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """(last day before, last day) of the last calendar months with matured leads, oldest first; the first lead's own
    month is left out, as nothing was known before it."""
    if not len(started):
        return []
    first, last = started.min().to_period("M"), started.max().to_period("M")
    found = pd.period_range(first + 1, last, freq="M")[-months:]
    return [((month - 1).end_time.normalize(), month.end_time.normalize()) for month in found]


def _scores(scorer: Scorer, leads: pd.DataFrame) -> FloatArray:
    scores = np.asarray(scorer(leads.copy()), dtype=float)
    if scores.shape != (len(leads),):
        raise InputError(f"A scorer was expected to return {len(leads)} scores, but returned {scores.size}.")
    ranked: FloatArray = np.where(np.isnan(scores), -np.inf, scores)
    return ranked
