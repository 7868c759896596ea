import numpy as np
import pandas as pd
import pytest
from figures import show

from analytics.adjusted import _newton, adjusted_rates, delivery_chances, fit_adjusted
from errors import InputError

TODAY = pd.Timestamp("2026-01-01")
HOW = {"as_of": TODAY, "maturity_days": 120}


def world(rng, number, effects, together=0.0):
    """Leads with two dimensions; `together` is how often b copies a. effects: log odds of a's and b's value "1"."""
    a = rng.integers(0, 2, number)
    b = np.where(rng.random(number) < together, a, rng.integers(0, 2, number))
    chance = 1 / (1 + np.exp(-(-2.2 + effects[0] * a + effects[1] * b)))
    delivered = rng.random(number) < chance
    outcomes = pd.DataFrame(
        {
            "started_on": pd.Timestamp("2025-01-01"),
            "delivered_on": pd.Series(pd.Timestamp("2025-03-01"), index=range(number)).where(delivered),
        }
    )
    return outcomes, pd.DataFrame({"a": a.astype(str), "b": b.astype(str)}), chance


def rate_of(table, dimension, value):
    return table.set_index(["dimension", "value"]).loc[(dimension, value)]


def test_coefficients_agree_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    cells = rng.integers(0, 2, (400, 3)).astype(float)
    delivered = rng.random(400) < 1 / (1 + np.exp(2 - cells @ [0.8, -0.5, 0.3]))
    design = np.column_stack([np.ones(400), cells])
    for penalty in (0.3, 10.0):
        _, coefficients, _ = _newton(design, np.ones(400), delivered.astype(float), penalty)
        second = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=5000).fit(cells, delivered)
        assert coefficients[1:] == pytest.approx(second.coef_[0], abs=1e-4)
        assert coefficients[0] == pytest.approx(second.intercept_[0], abs=1e-4)


def test_covariance_and_evidence_are_those_of_laplace():
    # One penalised coefficient, checked against the second difference of the log posterior and the plain
    # formula.
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    n, k, penalty = np.array([50.0, 50.0]), np.array([5.0, 15.0]), 1.0
    evidence, point, covariance = _newton(design, n, k, penalty)

    def height(p):
        linear = design @ p
        return k @ linear - n @ np.log1p(np.exp(linear)) - 0.5 * (1e-6 * p[0] ** 2 + penalty * p[1] ** 2)

    step = 1e-4
    hessian = np.array(
        [
            [
                (
                    height(point + i + j)
                    - height(point + i - j)
                    - height(point - i + j)
                    + height(point - i - j)
                )
                / (4 * step**2)
                for j in np.eye(2) * step
            ]
            for i in np.eye(2) * step
        ]
    )
    assert covariance == pytest.approx(np.linalg.inv(-hessian), rel=1e-4)
    assert evidence == pytest.approx(height(point) - 0.5 * np.log(np.linalg.det(-hessian)), abs=1e-4)


def test_a_cause_is_counted_once():
    # Only a matters, b copies it in 80 % of leads: plainly b looks good too, held the same it does not.
    outcomes, values, _ = world(np.random.default_rng(2), 20_000, (1.2, 0.0), together=0.8)
    table = adjusted_rates(outcomes, values, **HOW)
    good, other = rate_of(table, "b", "1"), rate_of(table, "b", "0")
    assert good["rate"] - other["rate"] > 0.08
    assert abs(good["adjusted_rate"] - other["adjusted_rate"]) < 0.02
    assert good["adjusted_low"] < good["adjusted_rate"] < good["adjusted_high"]


def test_signs_that_disagree_are_flagged():
    # b lowers the chance, but goes with a, which raises it more: plainly b looks good.
    outcomes, values, _ = world(np.random.default_rng(3), 20_000, (2.0, -0.6), together=0.8)
    table = adjusted_rates(outcomes, values, **HOW)
    assert bool(rate_of(table, "b", "1")["disagrees"])
    assert not bool(rate_of(table, "a", "1")["disagrees"])


def test_adjusted_rates_are_standardised_over_all_leads():
    # By hand from the fit: everyone given b = 1, a kept: the mean of two chances weighted by how often a is
    # 0 and 1.
    outcomes, values, _ = world(np.random.default_rng(4), 4000, (0.7, 0.7), together=0.4)
    fit = fit_adjusted(outcomes, values, **HOW)
    everyone = delivery_chances(fit, values.assign(b="1"))
    table = adjusted_rates(outcomes, values, **HOW)
    assert rate_of(table, "b", "1")["adjusted_rate"] == pytest.approx(everyone.mean())


def test_missing_values_have_a_level_of_their_own_but_no_row():
    outcomes, values, _ = world(np.random.default_rng(5), 2000, (0.5, 0.5))
    values.loc[:500, "b"] = None
    table = adjusted_rates(outcomes, values, **HOW)
    assert set(table["value"]) == {"0", "1"}
    assert table.loc[table["dimension"] == "b", "leads"].sum() == 1499


def test_too_few_outcomes_fit_nothing():
    outcomes, values, _ = world(np.random.default_rng(6), 50, (0.0, 0.0))
    assert fit_adjusted(outcomes, values, **HOW) is None
    assert adjusted_rates(outcomes, values, **HOW).empty
    assert adjusted_rates(outcomes.head(0), values.head(0), **HOW).empty
    with pytest.raises(InputError, match="one entry per outcome row"):
        fit_adjusted(outcomes, values.head(3), **HOW)


def test_noise_is_penalised_more_than_signal():
    rng = np.random.default_rng(7)
    noise, values, _ = world(rng, 3000, (0.0, 0.0))
    signal, signal_values, _ = world(rng, 3000, (2.0, -1.5))
    assert fit_adjusted(noise, values, **HOW).penalty > fit_adjusted(signal, signal_values, **HOW).penalty


def test_draws_scatter_around_the_fit_and_repeat():
    outcomes, values, _ = world(np.random.default_rng(8), 3000, (0.8, -0.5))
    fit = fit_adjusted(outcomes, values, **HOW)
    rows = pd.DataFrame({"a": ["0", "1", "new"], "b": ["1", "1", None]})
    drawn = delivery_chances(fit, rows, draws=2000, seed=3)
    assert drawn.mean(axis=0)[:2] == pytest.approx(delivery_chances(fit, rows)[:2], rel=0.03)
    assert (drawn == delivery_chances(fit, rows, draws=2000, seed=3)).all()


@pytest.mark.prove
def test_adjusted_intervals_cover():
    """95 % intervals of adjusted rates (delta method) cover the standardised truth in 93–97 %, averaged over values."""
    rng, inside = np.random.default_rng(20260216), []
    for _ in range(400):
        effects = rng.normal(0.0, 0.5, 2)
        outcomes, values, _ = world(rng, 2500, effects, together=0.5)
        table = adjusted_rates(outcomes, values, **HOW)
        a, b = values["a"].astype(int), values["b"].astype(int)
        for row in table.itertuples():
            level = int(row.value)
            by_a, by_b = (level, b) if row.dimension == "a" else (a, level)
            true = (1 / (1 + np.exp(2.2 - effects[0] * by_a - effects[1] * by_b))).mean()
            inside.append(row.adjusted_low <= true <= row.adjusted_high)
    show(f"adjusted rates: 95 % intervals cover {np.mean(inside):.1%}")
    assert 0.93 <= np.mean(inside) <= 0.97
