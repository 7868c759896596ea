"""The regression: what the data carry, drawn to the points, and no more than the outcomes say."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from analytics.backtest import auc
from analytics.penalised_logistic import Block, carried_parameters, fit_additive, platt, sum_of


def test_what_the_data_carry() -> None:
    # Riley et al. 2019 with S = .9 and R² at 10 % of its maximum; 10.6 % delivered: 3 at 500 leads, 17 at 3,000.
    assert round(carried_parameters(500, 53)) == 3
    assert round(carried_parameters(3000, 318)) == 17
    assert carried_parameters(100, 0) == carried_parameters(100, 100) == carried_parameters(0, 0) == 0


def _blocks(rng, leads, sizes=(8, 3)):
    return [Block(rng.integers(0, size, leads), size) for size in sizes]


def test_the_fit_is_the_optimum_of_what_it_says() -> None:
    rng = np.random.default_rng(1)
    blocks, points = _blocks(rng, 2000), rng.uniform(20, 90, 2000)
    odds = -3 + 0.02 * points + np.array([1.0, -1, 0, 0, 0.5, -0.5, 0, 0])[blocks[0].codes]
    hit = rng.random(2000) < 1 / (1 + np.exp(-odds))
    fit = fit_additive(blocks, points, hit, seed=1)
    # At the optimum the slope of the penalised likelihood is 0 in every direction.
    rest = hit - 1 / (1 + np.exp(-sum_of(fit, blocks, points)))
    assert rest.sum() == pytest.approx(0, abs=1e-3)
    assert (rest * points / 100).sum() == pytest.approx(fit.slope - 1.0, abs=1e-3)  # drawn to 1
    for block, own, penalty in zip(blocks, fit.deviations, fit.penalties, strict=True):
        pull = np.bincount(block.codes, rest, minlength=block.size)
        assert pull == pytest.approx(penalty * own, abs=1e-3)
    assert auc(fit.deviations[0], [True, False, False, False, True, False, False, False]) > 0.9


def test_the_number_of_threads_changes_no_digit() -> None:
    rng = np.random.default_rng(4)
    blocks, points = _blocks(rng, 3000, (60, 50, 40, 30, 20)), rng.uniform(0, 100, 3000)
    hit = rng.random(3000) < 1 / (1 + np.exp(3 - 0.02 * points))
    fits = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            fits.append(fit_additive(blocks, points, hit, seed=1))
    one, two = fits
    for first, second in zip(one.deviations + one.spreads, two.deviations + two.spreads, strict=True):
        np.testing.assert_array_equal(first, second)


def test_outcomes_without_a_pattern_leave_the_ranking_of_the_weights() -> None:
    rng = np.random.default_rng(2)
    blocks, points = _blocks(rng, 1500), rng.uniform(0, 100, 1500)
    hit = rng.random(1500) < 1 / (1 + np.exp(3 - 0.03 * points))  # the points are all there is to know
    fit = fit_additive(blocks, points, hit, seed=1)
    assert fit.slope == pytest.approx(3, abs=0.8)
    assert np.corrcoef(sum_of(fit, blocks, points), points)[0, 1] > 0.97


def test_few_data_use_no_more_parameters_than_they_carry() -> None:
    rng = np.random.default_rng(3)
    for leads in (300, 1000, 4000):
        blocks = _blocks(rng, leads, (20, 20, 5))
        odds = -2.2 + rng.normal(0, 1, 20)[blocks[0].codes] + rng.normal(0, 1, 20)[blocks[1].codes]
        hit = rng.random(leads) < 1 / (1 + np.exp(-odds))
        fit = fit_additive(blocks, np.full(leads, 50.0), hit, seed=1)
        assert fit.carried == carried_parameters(leads, int(hit.sum()))
        assert 1 + sum(fit.parameters) <= fit.carried + 0.05


@pytest.mark.parametrize("share", [0.0, 0.03, 0.97, 1.0])
def test_too_little_or_one_outcome_is_no_model(share: float) -> None:
    hit = np.arange(500) < share * 500
    assert fit_additive(_blocks(np.random.default_rng(1), 500), np.full(500, 50.0), hit, seed=1) is None


def test_a_score_that_points_the_wrong_way_is_held_at_nothing() -> None:
    rng = np.random.default_rng(4)
    points = rng.uniform(0, 100, 3000)
    hit = rng.random(3000) < 1 / (1 + np.exp(0.5 + 0.04 * points))
    assert fit_additive(_blocks(rng, 3000), points, hit, seed=1).slope == pytest.approx(0, abs=1e-9)


def test_platt_agrees_with_the_truth_and_never_turns_the_order() -> None:
    rng = np.random.default_rng(5)
    odds = rng.normal(-2, 1, 20_000)
    hit = rng.random(20_000) < 1 / (1 + np.exp(-(0.5 + 0.6 * odds)))
    slope, intercept = platt(odds, hit)
    assert (slope, intercept) == (pytest.approx(0.6, abs=0.06), pytest.approx(0.5, abs=0.15))
    assert platt(-odds, hit)[0] == 0.2
