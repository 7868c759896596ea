import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binomtest, false_discovery_control

import analytics.rates
from analytics.rates import (
    STRONGEST,
    WEAKEST,
    Prior,
    benjamini_hochberg,
    confidence_label,
    fit_prior,
    log_marginal_likelihood,
    shrunk_rates,
    suggested_scores,
    wilson_interval,
)
from errors import InputError

# A real result: SIC → (leads, deliveries); 2,198 leads, 197 deliveries.
REAL = {
    "3599": (33, 3), "3999": (76, 4), "4213": (79, 15), "4581": (11, 3), "4731": (20, 4),
    "5511": (379, 30), "7011": (410, 28), "7991": (39, 4), "8051": (245, 18), "8059": (146, 18),
    "8062": (133, 6), "8211": (236, 14), "8221": (28, 2), "8322": (78, 3), "8331": (67, 7), "8361": (218, 38),
}  # fmt: skip
LEADS = np.array([n for n, _ in REAL.values()])
DELIVERIES = np.array([k for _, k in REAL.values()])
counts = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_examples_in_the_docstrings():
    assert doctest.testmod(analytics.rates).failed == 0


def test_wilson_agrees_with_scipy():
    for k, n in [(0, 10), (3, 11), (1, 1), (38, 218), (28, 410), (10, 10), (300, 3000)]:
        second = binomtest(k, n).proportion_ci(confidence_level=0.95, method="wilson")
        low, high = wilson_interval(k, n)
        assert low[0] == pytest.approx(second.low, abs=1e-12)
        assert high[0] == pytest.approx(second.high, abs=1e-12)


def test_wilson_by_hand():
    # 4581: k = 3, n = 11, z = 1.96. centre = (.27273 + 3.8416/22) / (1 + 3.8416/11) = .44735 / 1.34924 =
    # .33156; half = 1.96/1.34924 × √(.27273·.72727/11 + 3.8416/484) = 1.45267 × √(.018032 + .007937) =
    # .23409
    low, high = wilson_interval(3, 11)
    assert low[0] == pytest.approx(0.0975, abs=5e-5)
    assert high[0] == pytest.approx(0.5656, abs=1e-4)


def test_no_leads_means_nothing_is_known():
    low, high = wilson_interval([0], [0])
    assert (low[0], high[0]) == (0.0, 1.0)


@pytest.mark.parametrize("pair", [(-1, 3), (4, 3), (float("nan"), 3)])
def test_impossible_counts_get_a_sentence(pair):
    with pytest.raises(InputError, match="0 ≤ deliveries ≤ leads"):
        wilson_interval([pair[0]], [pair[1]])
    with pytest.raises(InputError, match="as many delivery counts"):
        wilson_interval([1, 2], [3])


@given(counts)
def test_intervals_hold_the_rate_and_stay_inside_0_and_1(pair):
    k, n = pair
    low, high = wilson_interval(k, n)
    assert 0.0 <= low[0] <= high[0] <= 1.0
    if n:
        assert low[0] <= k / n + 1e-12
        assert k / n <= high[0] + 1e-12


def test_marginal_likelihood_agrees_with_scipy():
    # SciPy's beta-binomial has the binomial coefficient, which cancels in a difference of two points.
    def second(m, s):
        return sum(betabinom.logpmf(k, n, m * s, (1 - m) * s) for n, k in REAL.values())

    ours = log_marginal_likelihood(DELIVERIES, LEADS, [0.09, 0.12], [60.0, 300.0])
    assert ours[0] - ours[1] == pytest.approx(second(0.09, 60.0) - second(0.12, 300.0))


def test_prior_of_the_real_table():
    # Reference: SciPy's Nelder–Mead on logit mean and log strength gives .0965 and 66.0.
    prior = fit_prior(LEADS, DELIVERIES)
    assert prior.mean == pytest.approx(0.0965, abs=5e-5)
    assert prior.strength == pytest.approx(66.0, abs=0.05)


def test_shrunk_rates_and_scores_of_the_real_table():
    # 8361: (38 + .09655·66.0) / (218 + 66.0) = 44.372 / 284.0 = 15.62 %
    # 4581: (3 + 6.372) / (11 + 66.0) = 9.372 / 77.0 = 12.17 %; 8062: (6 + 6.372) / (133 + 66.0) = 6.22 %
    rates = dict(zip(REAL, shrunk_rates(DELIVERIES, LEADS, fit_prior(LEADS, DELIVERIES)), strict=True))
    expected = {"8361": 15.6, "4213": 14.7, "4581": 12.2, "4731": 12.1, "8059": 11.5, "8062": 6.2}
    assert {sic: round(100 * rates[sic], 1) for sic in expected} == expected
    scores = dict(zip(REAL, suggested_scores(list(rates.values())), strict=True))
    best = {"8361": 100, "4213": 94, "4581": 78, "4731": 77, "8059": 74}
    assert {sic: scores[sic] for sic in best} == best
    assert (scores["7011"], scores["8062"]) == (
        46,
        40,
    )  # hotels: 7.22 / 15.62; hospitals: 6.22 / 15.62, the lowest
    assert min(scores.values()) == scores["8062"]


def test_raw_scores_of_the_real_table():
    # best: 4581 with 3/11 = .27273. 8361: 38/218 = .17431 → 63.9; 8062: 6/133 = .04511 → 16.5 → 17;
    # 7011: 28/410 = .06829 → 25.04; 4213: 15/79 = .18987 → 69.6
    scores = dict(zip(REAL, suggested_scores(DELIVERIES / LEADS), strict=True))
    assert {s: scores[s] for s in ("4581", "8361", "8062", "7011", "4213")} == {
        "4581": 100, "8361": 64, "8062": 17, "7011": 25, "4213": 70,
    }  # fmt: skip


def test_values_without_leads_change_nothing_and_get_the_mean():
    prior = fit_prior(LEADS, DELIVERIES)
    assert fit_prior([*LEADS, 0], [*DELIVERIES, 0]) == prior
    assert shrunk_rates([0], [0], prior)[0] == pytest.approx(prior.mean)


def test_one_value_or_all_alike_pull_to_the_common_mean():
    assert fit_prior([40], [4]) == Prior(0.1, STRONGEST)
    alike = fit_prior([100, 200, 400], [10, 20, 40])
    assert alike.strength == STRONGEST
    assert alike.mean == pytest.approx(0.1)


def test_nothing_all_or_none_delivered_keep_the_mean_inside():
    assert fit_prior([], []) == Prior(0.5, WEAKEST)
    assert fit_prior([0, 0], [0, 0]) == Prior(0.5, WEAKEST)
    assert fit_prior([10, 20], [0, 0]) == Prior(pytest.approx(0.5 / 31), STRONGEST)
    assert fit_prior([10, 20], [10, 20]) == Prior(pytest.approx(30.5 / 31), STRONGEST)


def test_values_as_different_as_can_be_get_the_weakest_prior():
    assert fit_prior([1000, 1000], [1, 999]).strength == pytest.approx(WEAKEST)


@settings(max_examples=40, deadline=None)
@given(st.lists(counts, min_size=2, max_size=8), st.floats(0.02, 0.6), st.floats(2.0, 5000.0))
def test_no_other_point_is_likelier_than_the_fitted_one(pairs, mean, strength):
    k, n = np.array(pairs).T
    if n.sum() == 0 or k.sum() in (0, n.sum()) or (n > 0).sum() == 1:
        return
    prior = fit_prior(n, k)
    other = log_marginal_likelihood(k, n, mean, strength)
    assert log_marginal_likelihood(k, n, prior.mean, prior.strength) >= other - 1e-3


def test_scores_round_half_up_and_keep_missing_missing():
    # 100 × .125/.2 = 62.5 → 63, where banker's rounding would give 62; 100 × .245/.4 = 61.25 → 61
    assert suggested_scores([0.125, 0.2]).tolist() == [63.0, 100.0]
    assert suggested_scores([0.245, 0.4]).tolist() == [61.0, 100.0]
    mixed = suggested_scores([0.1, np.nan, 0.2])
    assert mixed[[0, 2]].tolist() == [50.0, 100.0]
    assert np.isnan(mixed[1])
    assert suggested_scores([0.07]).tolist() == [100.0]


def test_without_any_delivery_no_score_is_suggested():
    assert np.isnan(suggested_scores([0.0, 0.0])).all()
    assert suggested_scores([]).tolist() == []
    assert np.isnan(suggested_scores([np.nan])).all()


def test_benjamini_hochberg_by_hand_and_by_scipy():
    # sorted .01 .02 .03 .50, m = 4: .01·4/1 = .04, .02·4/2 = .04, .03·4/3 = .04, .50·4/4 = .50
    assert benjamini_hochberg([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.04, 0.04])
    p = np.random.default_rng(3).uniform(size=50) ** 2
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))


def test_missing_p_values_are_not_tests():
    adjusted = benjamini_hochberg([np.nan, 0.02, np.nan, 0.5])
    assert adjusted[[1, 3]] == pytest.approx([0.04, 0.5])
    assert np.isnan(adjusted[[0, 2]]).all()
    assert benjamini_hochberg([]).tolist() == []
    with pytest.raises(InputError):
        benjamini_hochberg([1.2])


def test_confidence_labels_at_their_edges():
    assert [confidence_label(n) for n in (0, 29, 30, 99, 100, 5000)] == [
        "Low", "Low", "Medium", "Medium", "High", "High",
    ]  # fmt: skip
