from dataclasses import replace

import numpy as np
import pytest
from figures import show
from scipy.stats import betabinom, fisher_exact
from test_rates import DELIVERIES, LEADS, REAL

from analytics.rates import fit_prior, shrunk_rates
from analytics.verdicts import (
    HOLD,
    MOVE,
    NO_EVIDENCE,
    TOO_LITTLE,
    TOO_YOUNG,
    contradicted,
    leads_to_settle,
    posterior_rates,
    weigh_scores,
    word_for,
)

# 22 values at about 3,000 leads, as uneven as a real list; the other dimensions of a run beside them.
SIC = np.array([45, 104, 108, 15, 27, 517, 560, 53, 334, 199, 182, 322, 38, 106, 91, 298, 1, 1, 1, 1, 1, 1])
SIC = np.round(SIC * 2390 / SIC.sum()).astype(int)
SIC[16:] = [164, 136, 109, 87, 66, 44]
OTHERS = [np.array([2000, 800, 200]), np.array([300, 400, 900, 900, 500]), np.array([500, 1000, 1500])]


def test_draws_have_the_posterior_means_of_the_shrunk_rates():
    # With many leads the fitted prior and the drawn ones agree; compare with the fitted means on the real
    # table.
    draws = posterior_rates(LEADS, DELIVERIES, seed=1)
    assert draws.shape == (4000, len(LEADS))
    expected = shrunk_rates(DELIVERIES, LEADS, fit_prior(LEADS, DELIVERIES))
    assert draws.mean(axis=0) == pytest.approx(expected, rel=0.12)


def test_draws_agree_with_a_sum_over_a_grid():
    # Second way: posterior mean of value 0 as the sum over a 200 × 200 grid of (mean, log M), densities by
    # SciPy.
    n, k = np.array([50, 200, 120, 80]), np.array([10, 15, 12, 4])
    mean, strength = np.meshgrid(np.linspace(0.005, 0.4, 200), np.exp(np.linspace(0, np.log(1e5), 200)))
    mean, strength = mean.ravel()[:, None], strength.ravel()[:, None]
    density = betabinom.logpmf(k, n, mean * strength, (1 - mean) * strength).sum(axis=1)
    weight = np.exp(density - 0.5 * np.log(strength[:, 0]))  # flat in 1/√M, the grid being even in log M
    by_grid = (weight[:, None] * (k + mean * strength) / (n + strength)).sum(axis=0) / weight.sum()
    assert posterior_rates(n, k, seed=3, draws=20000).mean(axis=0) == pytest.approx(by_grid, rel=0.02)


def test_same_seed_same_draws():
    first, second, other = (posterior_rates(LEADS, DELIVERIES, seed=s, draws=50) for s in (4, 4, 5))
    assert (first == second).all()
    assert not (first == other).all()


def test_the_real_table_contradicts_hotels_hospitals_and_schools():
    hundred = {"7011", "7991", "8051", "8059", "8062", "8211", "8221", "8361"}
    current = [
        100 if sic in hundred else 70 if sic in {"3599", "5511", "8322", "8331"} else 40 for sic in REAL
    ]
    weighing = weigh_scores(LEADS, DELIVERIES, current, seed=1)
    moves = {sic for sic, moved in zip(REAL, contradicted(weighing, LEADS), strict=True) if moved}
    assert moves == {"7011", "8051", "8062", "8211"}
    assert list(REAL)[weighing.leader] == "8361"


def test_equal_scores_claim_equal_rates_whatever_their_level():
    leads, deliveries = [1000, 1000, 1000], [100, 101, 99]
    for level in (100, 70, 40, 10):
        weighing = weigh_scores(leads, deliveries, [level] * 3, seed=1)
        assert not contradicted(weighing, leads).any()


def test_a_score_far_off_moves_in_either_direction():
    # rates 20 %, 10 %, 10 %: true scores 100, 50, 50
    leads, deliveries = [2000, 2000, 2000], [400, 200, 200]
    weighing = weigh_scores(leads, deliveries, [100, 100, 10], seed=1)
    assert contradicted(weighing, leads).tolist() == [False, True, True]
    right = weigh_scores(leads, deliveries, [100, 50, 50], seed=1)
    assert not contradicted(right, leads).any()


def test_a_scale_that_does_not_reach_100_moves_as_a_whole():
    # All at 40 and the first twice as good: moving the others to 50 alone would put them above it.
    leads, deliveries = [2000, 2000, 2000], [400, 200, 200]
    weighing = weigh_scores(leads, deliveries, [40, 40, 40], seed=1)
    moves = contradicted(weighing, leads)
    assert moves[0]
    assert moves[1:].all()


def test_few_leads_do_not_move_on_what_their_neighbours_did():
    # 1,000 leads at 10 % each say that values are alike; one lead of its own cannot say that 40 is wrong,
    # 200 can.
    leads, deliveries = np.array([1000, 1000, 1000, 1, 0]), np.array([100, 100, 100, 0, 0])
    moves = contradicted(weigh_scores(leads, deliveries, [100, 100, 100, 40, 40], seed=1), leads)
    assert not moves[3:].any()
    leads[3], deliveries[3] = 200, 20
    assert contradicted(weigh_scores(leads, deliveries, [100, 100, 100, 40, 40], seed=1), leads)[3]


def test_values_nobody_tried_are_no_yardstick():
    few = weigh_scores([400, 400], [60, 30], [100, 100], seed=1)
    many = weigh_scores([400, 400] + [0] * 20, [60, 30] + [0] * 20, [100.0] * 22, seed=1)
    assert many.score_low[:2] == pytest.approx(few.score_low, abs=4)
    assert np.isnan(many.tail[2:]).all()


def test_a_value_of_few_leads_moves_only_when_its_own_outcomes_say_so():
    weighing = replace(
        weigh_scores([400, 400, 29, 30], [60, 30, 2, 2], [100, 100, 100, 100], seed=1),
        adjusted=np.array([0.9, 0.9, 0.01, 0.01]), own_tail=np.array([0.9, 0.9, 0.2, 0.2]),
    )  # fmt: skip
    assert contradicted(weighing, [400, 400, 29, 30]).tolist() == [False, False, False, True]
    own = replace(weighing, own_tail=np.array([0.9, 0.9, 0.04, 0.2]))
    assert contradicted(own, [400, 400, 29, 30]).tolist() == [False, False, True, True]


def test_nothing_one_and_none_delivered():
    none = weigh_scores([], [], [], seed=1)
    assert none.leader is None
    assert len(none.tail) == 0
    one = weigh_scores([300], [30], [55], seed=1)
    assert not contradicted(one, [300]).any()
    assert (one.score_low[0], one.score_high[0]) == (100.0, 100.0)
    dry = weigh_scores([300, 20], [0, 0], [100, 40], seed=1)
    assert dry.leader is None
    assert np.isnan(dry.tail).all()
    assert not contradicted(dry, [300, 20]).any()
    full = weigh_scores([30, 20], [30, 20], [100, 100], seed=1)
    assert not contradicted(full, [30, 20]).any()


def test_words_in_their_order():
    base = {
        "moves": False,
        "leads": 200,
        "too_young": 0,
        "low": 40.0,
        "high": 80.0,
        "delivered": True,
        "known": True,
    }

    def word(**changes):
        return word_for(**(base | changes))

    assert word() == HOLD
    assert word(high=80.5) == TOO_LITTLE
    assert word(leads=29) == TOO_LITTLE
    assert word(delivered=False) == TOO_LITTLE
    assert word(leads=29, too_young=29) == TOO_YOUNG
    assert word(leads=0, too_young=1) == TOO_YOUNG
    assert word(leads=29, too_young=28) == TOO_LITTLE
    assert word(moves=True, too_young=500) == MOVE
    assert word(known=False, moves=True) == NO_EVIDENCE


def test_leads_to_settle_by_hand():
    # No claim; rate .1 of 100 leads against .2 of 400: ratio ½, wanted variance (.4 / (2·1.96·.5))² = .04165;
    # spread .9/.1 + .8/.2 × 100/400 = 10; 10/.04165 = 240.1 → 241 leads, 141 more.
    assert leads_to_settle(0.1, 100, 0.2, 400, None) == 141
    # A claim of 1 is .6931 away on the log scale: (.6931/2.8016)² = .06121 is reached first: 163.4 → 164, 64
    # more.
    assert leads_to_settle(0.1, 100, 0.2, 400, 1.0) == 64
    assert leads_to_settle(0.1, 5000, 0.2, 400, None) >= 1


@pytest.mark.prove
def test_scores_that_are_right_are_left_alone():
    """All scores equal, no real difference, four scored dimensions: any *move* in at most 5 % of runs."""
    rng, worlds, wrong = np.random.default_rng(20260211), 600, 0
    for world in range(worlds):
        level = (100, 70, 40)[world % 3]
        run = [(leads, rng.binomial(leads, 0.1)) for leads in (SIC, *OTHERS)]
        wrong += any(
            contradicted(weigh_scores(n, k, np.full(len(n), level), seed=world), n).any() for n, k in run
        )
    show(f"no real difference: any move in {wrong / worlds:.1%} of {worlds} runs (BH, q = .05)")
    assert wrong / worlds <= 0.05


@pytest.mark.prove
def test_one_value_twice_as_good_is_seen():
    """One of 22 values at 20 % with 250 leads: it leads and the values with 200 leads or more move, in 80 %."""
    rng, worlds = np.random.default_rng(20260212), 600
    leads = SIC.copy()
    leads[9] = 0
    leads = np.round(leads * 2750 / leads.sum()).astype(int)
    leads[9] = 250
    large = (leads >= 200) & (np.arange(22) != 9)
    rates = np.where(np.arange(22) == 9, 0.2, 0.1)
    led = every = most = known = 0
    for world in range(worlds):
        deliveries = rng.binomial(leads, rates)
        # What could be had at most: whoever knows the best value beforehand and tests each against it, uncorrected.
        known += all(
            fisher_exact([[deliveries[9], 250 - deliveries[9]], [k, n - k]], alternative="greater")[1] <= 0.05
            for k, n in zip(deliveries[large], leads[large], strict=True)
        )
        weighing = weigh_scores(leads, deliveries, np.full(22, 100), seed=world)
        moved = contradicted(weighing, leads)[large]
        led += weighing.leader == 9
        every += weighing.leader == 9 and bool(moved.all())
        most += weighing.leader == 9 and moved.mean() > 0.5
    show(
        f"twice as good: leads in {led / worlds:.1%} of {worlds} worlds, and of the {large.sum()} values with "
        f"200 leads or more most move in {most / worlds:.1%}, every one in {every / worlds:.1%} (BH, q = .05; "
        f"by Fisher's exact test at 5 %, uncorrected and knowing the best, every one in {known / worlds:.1%})"
    )
    assert most / worlds >= 0.8
    assert every / worlds >= known / worlds - 0.04


@pytest.mark.prove
def test_scores_tied_at_the_best_stay_when_others_move():
    """Half the values at 10 %, half at 5 %, all scored 100: few of those that move belong to the better half."""
    rng, worlds = np.random.default_rng(20260213), 300
    better = np.arange(22) % 2 == 0
    shares = []
    for world in range(worlds):
        deliveries = rng.binomial(SIC, np.where(better, 0.1, 0.05))
        moved = contradicted(weigh_scores(SIC, deliveries, np.full(22, 100), seed=world), SIC)
        shares.append((moved & better).sum() / max(moved.sum(), 1))
    show(f"half the scores right: {np.mean(shares):.1%} of the moves were wrong")
    assert np.mean(shares) <= 0.05
