"""What the outcomes say about each score in force: move, hold, too little, too young, or no evidence.

A score of 70 claims a rate of 70 % of the best value's, so the null hypothesis of every test here is the
*current score*. Where no score in force is 100, the best value itself cannot have 70 % of its own rate: a claim
is therefore the score divided by the highest score in force among the values that have matured leads. All equal
to 70 then says the same as all equal to 100, that no value is better than another.

The posterior of all rates of the dimension is the beta-binomial whose fitted means are the shrunk rates,
with the uncertainty of its mean and strength drawn too; the intervals of rates and scores come from it. For
the test some values may stand on their own instead (v of v + 15, for v values): where one value truly
differs, the common model pulls it toward the others and hides half of what it has to say; but in a
dimension of three values, where little can be learned about how alike they are, chance must not be taken
for a difference either. A claim is then tested from both sides:

* *Too high* when rate ≥ claim × the rate of the leading value is improbable. The leader is one fixed value (the
  highest shrunk rate). The highest rate *of each draw* would not do: among many equal values chance always lifts
  some value above any other, and scores that are right would look too high.
* *Too low* when rate ≤ claim × the highest rate of each draw is improbable. Here the highest rate is the careful
  choice, as a claim that is too low against every value is too low against the best.

The tail probability is twice the smaller side, or the one side for a score at the top, which cannot be too low.
The values of a dimension go through Benjamini–Hochberg. How often all this is wrong is measured in
tests/test_verdicts.py, by the proofs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.rates import MEDIUM_CONFIDENCE, FloatArray, benjamini_hochberg, fit_prior, shrunk_rates

MOVE, HOLD, TOO_LITTLE, TOO_YOUNG, NO_EVIDENCE = "move", "hold", "too little", "too young", "no evidence"
OUTSIDE = "outside"  # of every band: counted, and nothing is said of a score

Q = 0.05  # false discovery rate among the values of a dimension
NARROW = 40.0  # points: an interval no wider than this says enough to hold a score
DRAWS = 4000
OWN_STRENGTH = 15.0  # leads: what the prior of a value that stands on its own weighs
HALF_OWN = 15  # values: in a dimension of so many, half may stand on their own; of fewer, fewer
_STRONGEST = 1e7  # leads: values are then alike for every purpose


class Verdict(NamedTuple):
    """One word, the sentence why, and how many more matured leads of the value would settle it (None: settled)."""

    word: str
    why: str
    more_leads: int | None


@dataclass(frozen=True)
class Weighing:
    """What the posterior says about one dimension; every array has one entry per value.

    leader: position of the value with the highest shrunk rate, None without a single delivery.
    rate_low, rate_high: 95 % credible interval of the rate (0–1).
    score_low, score_high: the scores (0–100) the outcomes leave standing at 95 %: below `score_low` is too
    low against the best value, above `score_high` too high against the leader. tail: probability on the
    scale of a two-sided p-value that the ratio this score claims is right; NaN: not tested. adjusted: `tail`
    after Benjamini–Hochberg. own_tail: the same test from the value's own outcomes alone. literal_tail: the
    same for the score taken literally (70 = 70 % of the best), also where the highest is not 100. top: the
    highest score in force among values with matured leads, NaN without one.
    """

    leader: int | None
    rate_low: FloatArray
    rate_high: FloatArray
    score_low: FloatArray
    score_high: FloatArray
    tail: FloatArray
    adjusted: FloatArray
    own_tail: FloatArray
    literal_tail: FloatArray
    top: float


def posterior_rates(
    leads: npt.ArrayLike,
    deliveries: npt.ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
    own_share: float = 0.0,
) -> FloatArray:
    """Draws from the posterior of all rates of one dimension: shape (draws, values), rates 0–1.

    Each rate comes from Beta(mean·M, (1 − mean)·M) with M common to the dimension or, with prior
    probability `own_share`, from the same mean with M = 15. The mean has a flat prior; so has the spread
    1/√M for 1 ≤ M ≤ 10,000,000 leads (Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.3), or log M
    where values may stand on their own, as these then carry the spread. Mean and M are drawn from their
    joint posterior on a grid. Values without leads are drawn from the prior. Same seed, same draws.
    """
    n = np.asarray(leads, dtype=float)
    k = np.asarray(deliveries, dtype=float)
    rng = np.random.default_rng(seed)
    if not len(n):
        return np.empty((draws, 0))
    mean, strength = _draw_prior(n, k, rng, draws, own_share)
    common, alone = _log_parts(n, k, mean, strength, own_share)
    on_its_own = rng.random((draws, len(n))) < np.exp(alone - np.logaddexp(common, alone))
    weight = np.where(on_its_own, OWN_STRENGTH, strength[:, None])
    a = k + mean[:, None] * weight
    b = n - k + (1 - mean[:, None]) * weight
    rates: FloatArray = np.maximum(rng.beta(a, b), 1e-12)
    return rates


def weigh_scores(
    leads: npt.ArrayLike,
    deliveries: npt.ArrayLike,
    current: npt.ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
) -> Weighing:
    """Compare the current scores (0–100, NaN where a value has none) of one dimension with its outcomes.

    `leads` and `deliveries` count matured leads per value. Values without a current score or without a
    matured lead are not tested, nor is anything while nothing was delivered. One value alone claims only to
    equal itself and is never contradicted.
    """
    n = np.asarray(leads, dtype=float)
    k = np.asarray(deliveries, dtype=float)
    scores = np.asarray(current, dtype=float)
    nothing = np.full(len(n), np.nan)
    rates = posterior_rates(n, k, seed=seed, draws=draws)
    if not len(n) or k.sum() == 0:
        low, high = np.quantile(rates, [0.025, 0.975], axis=0)
        return Weighing(
            None,
            low,
            high,
            np.zeros(len(n)),
            np.full(len(n), 100.0),
            nothing,
            nothing,
            nothing,
            nothing,
            math.nan,
        )
    points = shrunk_rates(k, n, fit_prior(n, k))
    points[n == 0] = 0.0
    leader = int(np.argmax(points))
    seen = n > 0
    own_share = float(seen.sum() / (seen.sum() + HALF_OWN))
    robust = posterior_rates(n, k, seed=seed, draws=draws, own_share=own_share)
    own = np.maximum(np.random.default_rng([seed, 1]).beta(k + 0.5, n - k + 0.5, size=rates.shape), 1e-12)
    against_leader, against_best = _ratios(robust, robust, leader, seen)
    tried = (n > 0) & ~np.isnan(scores)
    top = float(scores[tried].max()) if tried.any() else math.nan
    claims = np.minimum(np.maximum(scores, 0.5) / max(top, 0.5), 1.0) if tried.any() else nothing
    claims = np.where(tried, claims, np.nan)
    literal = np.where(tried, np.maximum(scores, 0.5) / 100.0, np.nan)
    tail = _tail(claims, against_leader, against_best)
    rate_low, rate_high = np.quantile(rates, [0.025, 0.975], axis=0)
    of_leader, of_best = _ratios(rates, rates, leader, seen)
    return Weighing(
        leader=leader,
        rate_low=rate_low,
        rate_high=rate_high,
        score_low=100.0 * np.quantile(of_best, 0.025, axis=0),
        score_high=100.0 * np.minimum(np.quantile(of_leader, 0.975, axis=0), 1.0),
        tail=tail,
        adjusted=benjamini_hochberg(tail),
        own_tail=_tail(claims, *_ratios(own, robust, leader, seen)),
        literal_tail=_tail(literal, against_leader, against_best),
        top=top,
    )


def contradicted(weighing: Weighing, leads: npt.ArrayLike, q: float = Q) -> npt.NDArray[np.bool_]:
    """Per value, whether the outcomes contradict its current score: the rows that say *move*.

    Contradicted after Benjamini–Hochberg at `q`; a value with fewer than 30 matured leads must be
    contradicted by its own outcomes alone as well, as it should not move on what its neighbours did. Where
    the highest score in force is below 100 and some ratio is contradicted, the leader (and whatever the
    outcomes contradict when scores are taken literally) moves too: suggestions set the best value to 100,
    and moving only some of them would turn the order round.
    """
    n = np.asarray(leads, dtype=float)
    sure = (n >= MEDIUM_CONFIDENCE) | (np.nan_to_num(weighing.own_tail, nan=1.0) <= q)
    moves: npt.NDArray[np.bool_] = (np.nan_to_num(weighing.adjusted, nan=1.0) <= q) & sure
    if moves.any() and weighing.top < 100.0 and weighing.leader is not None:
        literally = np.nan_to_num(benjamini_hochberg(weighing.literal_tail), nan=1.0) <= q
        moves = moves | (literally & sure)
        moves[weighing.leader] |= not math.isnan(weighing.tail[weighing.leader])
    return moves


def leads_to_settle(
    rate: float, leads: float, best_rate: float, best_leads: float, claim: float | None, tested: int = 1
) -> int:
    """How many more matured leads of a value would settle its score, all values growing at the present pace.

    Settled means: the 95 % interval of 100 × rate / best rate is at most 40 points wide, or the claim (a
    share of the best rate, None without a current score) is contradicted in 80 % of cases if the present
    rates are true; for `tested` values at once the level is divided among them, which is what
    Benjamini–Hochberg asks at most. From the variance of a log ratio of two proportions, (1 − r)/(r·n) each
    (Katz et al. 1978, Biometrics 34, 469–474). At least 1; `best_*` belong to the leading value, or to the
    second for the leader itself.
    """
    ratio = rate / best_rate
    wanted = (NARROW / 100.0 / (2 * 1.96 * ratio)) ** 2
    if claim is not None and claim > 0:
        level = NormalDist().inv_cdf(1 - Q / (2 * max(tested, 1)))
        wanted = max(wanted, (math.log(ratio / claim) / (level + NormalDist().inv_cdf(0.8))) ** 2)
    spread = (1 - rate) / rate + (1 - best_rate) / best_rate * leads / max(best_leads, 1)
    return max(1, math.ceil(spread / wanted - leads))


def word_for(
    *,
    moves: bool,
    leads: int,
    too_young: int,
    low: float,
    high: float,
    delivered: bool,
    known: bool,
    worth: float | None = None,
) -> str:
    """The verdict of one value from what is known about it.

    known: whether any lead of the history carries a value of this dimension; delivered: whether any matured
    lead of the dimension was delivered; low, high: the scores left standing; worth: what the matured leads are
    worth where newer ones count more, else `leads`. A score is held only with 30 of them.
    """
    if not known:
        return NO_EVIDENCE
    if moves:
        return MOVE
    if delivered and (leads if worth is None else worth) >= MEDIUM_CONFIDENCE and high - low <= NARROW:
        return HOLD
    return TOO_YOUNG if too_young > 0 and too_young >= leads else TOO_LITTLE


def _draw_prior(
    n: FloatArray, k: FloatArray, rng: np.random.Generator, draws: int, own_share: float
) -> tuple[FloatArray, FloatArray]:
    """Draws of (mean, strength) from a coarse grid, then from a fine one over what the coarse one left likely."""
    from scipy.special import expit, logit

    seen = n > 0
    n, k = n[seen], k[seen]
    middle = float(logit((k.sum() + 0.5) / (n.sum() + 1.0)))
    reach = 1.5 + 4.0 / math.sqrt(k.sum() + 1.0)
    box = [(middle - reach, middle + reach), (0.0, math.log(_STRONGEST))]
    for points in ((41, 25), (30, 30)):
        sides = [np.linspace(low, high, count) for (low, high), count in zip(box, points, strict=True)]
        grid = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)
        mean = expit(grid[:, 0])
        common, alone = _log_parts(n, k, mean, np.exp(grid[:, 1]), own_share)
        weight = np.logaddexp(common, alone).sum(axis=1) + np.log(mean) + np.log1p(-mean)
        if own_share == 0.0:
            weight = weight - 0.5 * grid[:, 1]  # flat in 1/√M, written on the scale of log M
        steps = np.array([side[1] - side[0] for side in sides])
        likely = grid[weight > weight.max() - 12.0]
        bounds = zip(likely.min(axis=0) - steps, likely.max(axis=0) + steps, box, strict=True)
        box = [(max(low, old[0]), min(high, old[1])) for low, high, old in bounds]
    share = np.exp(weight - weight.max())
    picked = grid[rng.choice(len(grid), size=draws, p=share / share.sum())]
    picked = picked + (rng.random(picked.shape) - 0.5) * steps  # spread inside the grid's cells
    return expit(picked[:, 0]), np.exp(np.clip(picked[:, 1], 0.0, math.log(_STRONGEST)))


def _log_parts(
    n: FloatArray, k: FloatArray, mean: FloatArray, strength: FloatArray, own_share: float
) -> tuple[FloatArray, FloatArray]:
    """Log of prior share × marginal likelihood per (point, value): scattering with the others, and on its own."""
    from scipy.special import betaln

    def log_likelihood(s: FloatArray) -> FloatArray:
        a, b = (mean * s)[:, None], ((1 - mean) * s)[:, None]
        result: FloatArray = betaln(k + a, n - k + b) - betaln(a, b)
        return result

    if own_share == 0.0:
        common = log_likelihood(strength)
        return common, np.full_like(common, -np.inf)
    alone = log_likelihood(np.full_like(mean, OWN_STRENGTH)) + math.log(own_share)
    return log_likelihood(strength) + math.log(1 - own_share), alone


def _ratios(
    rates: FloatArray, others: FloatArray, leader: int, seen: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Per draw and value: rate / leader's rate, and rate / highest rate of the draw (itself included).

    Only values with leads of their own can be the highest: what nobody has tried is no yardstick.
    """
    against_leader = rates / others[:, [leader]]
    against_leader[:, leader] = 1.0
    tried = np.where(seen, others, 0.0)
    if others.shape[1] == 1:
        return against_leader, np.ones_like(rates)
    two = np.partition(tried, -2, axis=1)[:, -2:]
    highest_other = np.where(tried >= two[:, [1]], two[:, [0]], two[:, [1]])
    return against_leader, rates / np.maximum(rates, highest_other)


def _tail(claims: FloatArray, against_leader: FloatArray, against_best: FloatArray) -> FloatArray:
    draws = len(against_leader)
    too_high = ((against_leader >= claims - 1e-12).sum(axis=0) + 1) / (draws + 1)
    too_low = ((against_best <= claims + 1e-12).sum(axis=0) + 1) / (draws + 1)
    tail = np.where(claims >= 1.0, too_high, np.minimum(1.0, 2.0 * np.minimum(too_high, too_low)))
    result: FloatArray = np.where(np.isnan(claims), np.nan, tail)
    return result
