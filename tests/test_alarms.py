"""Limits and what they say of themselves: stated false-alarm rates against measured ones."""

from __future__ import annotations

import numpy as np
import pytest
from figures import show
from scipy.stats import binom

from analytics.alarms import (
    cusum_path,
    design_cusum,
    funnel_limits,
)
from errors import InputError


def test_limits_are_the_tails_of_the_binomial():
    # Binomial(100, ½): P(X ≤ 39) = .0176, P(X ≤ 40) = .0284; P(X ≤ 34) = .0009, P(X ≤ 35) = .0018 (tables)
    row = funnel_limits(100, 0.5).iloc[0]
    assert (row["warn_low"], row["warn_high"]) == (39, 61)
    assert (row["alarm_low"], row["alarm_high"]) == (34, 66)
    assert row["warn_rate"] == pytest.approx(2 * 0.0176, abs=1e-4)
    assert row["alarm_rate"] == pytest.approx(2 * 0.0009, abs=1e-4)
    assert funnel_limits(3, 0.1).iloc[0]["alarm_low"] == -1  # three deals cannot be too few
    assert funnel_limits([], 0.1).empty
    with pytest.raises(InputError):
        funnel_limits(10, 0.0)


def test_a_quarter_below_baseline_is_no_alarm_rule_for_a_hundred_leads():
    # docs/statistics.md: at a base rate of 10.6 %, 7 or fewer of 100 are a quarter below (0.75 × 10.6 = 7.95)
    assert binom.cdf(7, 100, 0.106) == pytest.approx(0.155, abs=0.005)


def test_a_path_by_hand():
    chart = design_cusum(0.5, 0.4, deals_a_year=200)
    won = [1, 0, 0, 1]
    path, signals = cusum_path(chart, won)
    # from 0: max(0, 0 + win) = 0, then two losses, then a win
    assert path * chart.limit == pytest.approx([0, chart.loss, 2 * chart.loss, 2 * chart.loss + chart.win])
    assert not len(signals)
    assert cusum_path(chart, [])[0].size == 0


def test_a_fall_is_signalled_and_the_sum_starts_anew():
    chart = design_cusum(0.45, 0.35, deals_a_year=1000)
    rng = np.random.default_rng(1)
    won = np.concatenate([rng.random(300) < 0.45, rng.random(1500) < 0.30])
    path, signals = cusum_path(chart, won)
    assert signals[0] > 300
    assert len(signals) > 1
    assert path[signals[0]] >= 1
    assert path[signals[0] + 1] < 0.5
    rise = design_cusum(0.45, 0.55, deals_a_year=1000)
    assert not len(cusum_path(rise, won)[1])


def test_the_false_alarm_rate_stays_under_what_was_asked_and_is_nearly_used():
    for baseline, to in ((0.45, 0.40), (0.10, 0.07), (0.40, 0.48)):
        chart = design_cusum(baseline, to, deals_a_year=1200, false_alarm=0.05)
        assert 0.045 < chart.false_alarm <= 0.05
    with pytest.raises(InputError):
        design_cusum(0.4, 0.4, deals_a_year=100)


def measured(chart, years, seed):
    """The share of simulated unchanged years with at least one signal."""
    rng = np.random.default_rng(seed)
    height = np.zeros(years, dtype=np.int64)
    signalled = np.zeros(years, dtype=bool)
    for _ in range(chart.deals_a_year):
        height = np.maximum(height + np.where(rng.random(years) < chart.baseline, chart.win, chart.loss), 0)
        signalled |= height >= chart.limit
    return signalled.mean()


def test_the_stated_rate_is_what_simulated_years_measure():
    chart = design_cusum(0.45, 0.38, deals_a_year=400, false_alarm=0.2)
    # 4,000 years: standard error of a share of .2 is .0063
    assert measured(chart, 4000, 1) == pytest.approx(chart.false_alarm, abs=0.02)


@pytest.mark.prove
def test_stated_against_measured_within_a_tenth():
    for baseline, to in ((0.45, 0.40), (0.10, 0.07)):
        chart = design_cusum(baseline, to, deals_a_year=1200)
        share = measured(chart, 40_000, 7)
        show(
            f"CUSUM {baseline:.0%} → {to:.0%}: stated {100 * chart.false_alarm:.2f} %, measured {100 * share:.2f} % of years."
        )
        assert share == pytest.approx(chart.false_alarm, rel=0.1)
    limits = funnel_limits(100, 0.45)
    stated = 1 - (1 - limits["warn_rate"].iloc[0]) ** 12
    drawn = np.random.default_rng(3).binomial(100, 0.45, size=(40_000, 12))
    share = (
        ((drawn <= limits["warn_low"].iloc[0]) | (drawn >= limits["warn_high"].iloc[0])).any(axis=1).mean()
    )
    show(f"Twelve monthly looks at 2 sd: stated {100 * stated:.1f} %, measured {100 * share:.1f} % of years.")
    assert share == pytest.approx(stated, rel=0.1)
