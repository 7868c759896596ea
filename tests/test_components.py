import numpy as np
import pandas as pd
import pytest
from figures import show

from analytics.components import COLUMNS, _fit, component_weights, rounded_weights
from errors import InputError

IN_FORCE = {"signal": 0.5, "onsite": 0.25, "freshness": 0.25}


def world(rng, number, weights, slope=2.5):
    """Leads whose three component scores raise the log odds of delivery by slope × weight."""
    scores = np.column_stack([rng.choice([100.0, 70.0, 40.0], number) for _ in weights])
    chance = 1 / (1 + np.exp(2.3 - slope * (scores / 100 @ np.array(weights) - 0.7)))
    return pd.DataFrame(scores, columns=list(IN_FORCE)), pd.Series(rng.random(number) < chance)


def test_the_fit_agrees_with_scikit_learn_where_no_slope_is_held_at_zero():
    from sklearn.linear_model import LogisticRegression

    scores, delivered = world(np.random.default_rng(1), 2000, (0.3, 0.3, 0.4))
    design = scores.to_numpy() / 100
    second = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(design, delivered)
    ours = _fit(design, np.ones(len(design)), delivered.to_numpy(dtype=float), np.zeros(3), 1e-9)
    assert (second.coef_[0] > 0).all()
    assert ours == pytest.approx(second.coef_[0], abs=1e-3)


def test_the_fit_is_the_best_with_non_negative_slopes():
    from scipy.optimize import minimize

    # The third component lowers the odds: its slope is held at 0 and the others are what they are without it.
    rng = np.random.default_rng(2)
    scores, _ = world(rng, 1500, (0.5, 0.3, 0.2))
    design = scores.to_numpy() / 100
    delivered = (rng.random(1500) < 1 / (1 + np.exp(1.5 - design @ [1.5, 0.8, -1.5]))).astype(float)
    ours = _fit(design, np.ones(1500), delivered, np.array([1.0, 0.5, 0.5]), 4.0)

    def unlikeliness(p):
        linear = p[0] + design @ p[1:]
        return np.sum(np.log1p(np.exp(linear)) - delivered * linear) + 2.0 * np.sum(
            (p[1:] - [1.0, 0.5, 0.5]) ** 2
        )

    bounds = [(None, None), (0, None), (0, None), (0, None)]
    second = minimize(
        unlikeliness, [-2.0, 1, 1, 1], bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-14}
    )
    assert second.x[3] == 0.0
    assert ours == pytest.approx(second.x[1:], abs=2e-3)


def test_planted_weights_are_recovered_and_say_move():
    scores, delivered = world(np.random.default_rng(3), 20_000, (0.1, 0.6, 0.3))
    table = component_weights(scores, delivered, IN_FORCE, seed=1, repeats=200)
    assert tuple(table.columns) == COLUMNS
    assert table["suggested"].sum() == pytest.approx(1.0)
    inside = (table["low"] <= [0.1, 0.6, 0.3]) & (table["high"] >= [0.1, 0.6, 0.3])
    assert inside.all()
    assert table["verdict"].tolist()[:2] == ["move", "move"]
    assert "the 0.50 in force does not fit" in table["why"][0]


def test_right_weights_are_held():
    scores, delivered = world(np.random.default_rng(4), 20_000, (0.5, 0.25, 0.25))
    table = component_weights(scores, delivered, IN_FORCE, seed=1, repeats=200)
    assert table["verdict"].tolist() == ["hold"] * 3
    assert table["suggested"].to_numpy() == pytest.approx([0.5, 0.25, 0.25], abs=0.08)


def test_few_deliveries_change_little():
    scores, delivered = world(np.random.default_rng(5), 300, (0.1, 0.8, 0.1))
    table = component_weights(scores, delivered, IN_FORCE, seed=1, repeats=100)
    assert np.abs(table["suggested"] - table["current"]).max() < 0.3
    assert "hold" not in set(table["verdict"])


def test_too_few_deliveries_repeat_the_weights_in_force():
    scores, delivered = world(np.random.default_rng(6), 60, (0.4, 0.3, 0.3))
    delivered[:] = [True] * 19 + [False] * 41
    table = component_weights(scores, delivered, IN_FORCE, seed=1)
    assert table["suggested"].tolist() == [0.5, 0.25, 0.25]
    assert table["verdict"].tolist() == ["too little"] * 3
    assert "at least 20 deliveries" in table["why"][0]
    empty = component_weights(scores.head(0), delivered.head(0), IN_FORCE, seed=1)
    assert empty["leads"].tolist() == [0, 0, 0]
    assert empty["verdict"].tolist() == ["too little"] * 3


def test_a_component_that_never_varies_cannot_be_judged():
    scores, delivered = world(np.random.default_rng(7), 4000, (0.5, 0.25, 0.25))
    scores["freshness"] = 100.0
    table = component_weights(scores, delivered, IN_FORCE, seed=1, repeats=100).set_index("component")
    assert table["verdict"]["freshness"] == "no evidence"
    assert np.isnan(table["tail"]["freshness"])
    assert table["suggested"].sum() == pytest.approx(1.0)


def test_rows_with_a_missing_score_are_left_out():
    scores, delivered = world(np.random.default_rng(8), 2000, (0.5, 0.25, 0.25))
    scores.loc[:499, "onsite"] = np.nan
    table = component_weights(scores, delivered, IN_FORCE, seed=1, repeats=50)
    assert table["leads"].tolist() == [1500] * 3


def test_same_seed_same_table():
    scores, delivered = world(np.random.default_rng(9), 1000, (0.5, 0.25, 0.25))
    first = component_weights(scores, delivered, IN_FORCE, seed=4, repeats=50)
    pd.testing.assert_frame_equal(first, component_weights(scores, delivered, IN_FORCE, seed=4, repeats=50))


def test_trouble_gets_a_sentence():
    scores, delivered = world(np.random.default_rng(10), 100, (0.5, 0.25, 0.25))
    with pytest.raises(InputError, match="sum to 1, but sum to 0"):
        component_weights(scores, delivered, {"signal": 0.5, "onsite": 0.4}, seed=1)
    with pytest.raises(InputError, match="none for proximity"):
        component_weights(scores, delivered, {"proximity": 1.0}, seed=1)
    with pytest.raises(InputError, match="one entry per row"):
        component_weights(scores, delivered.head(3), IN_FORCE, seed=1)


def test_rounded_weights_still_sum_to_one():
    # .335 .333 .332 → 33.5 33.3 33.2: floors 33 33 33, one short, the largest remainder goes up
    assert rounded_weights(np.array([0.335, 0.333, 0.332])).tolist() == [0.34, 0.33, 0.33]
    assert rounded_weights(np.array([2.0, 1.0, 1.0])).tolist() == [0.5, 0.25, 0.25]


@pytest.mark.prove
def test_planted_component_weights_lie_within_their_intervals():
    """Weights planted up to .3 from those in force, 3,000 leads: intervals hold them in nine of ten cases or more."""
    rng, inside, moved = np.random.default_rng(20260217), [], 0
    for world_number in range(150):
        planted = list(((0.5, 0.25, 0.25), (0.3, 0.4, 0.3), (0.2, 0.5, 0.3))[world_number % 3])
        scores, delivered = world(rng, 3000, planted)
        table = component_weights(scores, delivered, IN_FORCE, seed=world_number, repeats=200)
        inside += (table["low"].le(planted) & table["high"].ge(planted)).tolist()
        moved += world_number % 3 == 0 and (table["verdict"] == "move").any()
    show(f"component weights: intervals hold the planted weight in {np.mean(inside):.1%}; "
         f"right weights told to move in {moved / 50:.0%} of worlds")  # fmt: skip
    assert np.mean(inside) >= 0.9
    assert moved / 50 <= 0.06


def test_importance_of_one_each_changes_nothing_and_leads_that_count_nothing_are_not_there():
    rng = np.random.default_rng(4)
    scores = pd.DataFrame({"a": rng.integers(0, 101, 600), "b": rng.integers(0, 101, 600)})
    delivered = pd.Series(rng.random(600) < 0.02 + 0.003 * scores["a"])
    plain = component_weights(scores, delivered, {"a": 0.5, "b": 0.5}, seed=1)
    ones = component_weights(
        scores, delivered, {"a": 0.5, "b": 0.5}, seed=1, importance=pd.Series(np.full(600, 3.0))
    )
    pd.testing.assert_frame_equal(plain, ones)
    half = pd.Series(np.r_[np.ones(300), np.zeros(300)])
    weighted = component_weights(scores, delivered, {"a": 0.5, "b": 0.5}, seed=1, importance=half)
    alone = component_weights(scores.iloc[:300], delivered.iloc[:300], {"a": 0.5, "b": 0.5}, seed=1)
    assert weighted["suggested"].tolist() == pytest.approx(alone["suggested"].tolist(), abs=1e-6)
    with pytest.raises(InputError, match="importance"):
        component_weights(scores, delivered, {"a": 0.5, "b": 0.5}, seed=1, importance=-half)
