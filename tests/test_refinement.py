"""Weights of any weighted sum: planted ones come back, noise proposes nothing, and later cases are never seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.refinement import _extras, refine
from errors import InputError

CURRENT = {
    "speed_to_close": 0.15,
    "largest_deal": 0.20,
    "product_mix": 0.15,
    "upsell": 0.25,
    "win_rate": 0.20,
    "recency": 0.05,
}


def world(seed, true, size=3000, slope=5.0, months=18):
    """Closed cases over some months whose log odds follow the true weights."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.uniform(0, 100, (size, len(true))).round(), columns=list(true))
    score = frame.to_numpy() @ np.array(list(true.values())) / 100
    frame["hit"] = rng.random(size) < 1 / (1 + np.exp(-(slope * (score - 0.5) - 1.5)))
    frame["day"] = pd.Timestamp("2024-07-01") + pd.to_timedelta(rng.integers(0, 30 * months, size), "D")
    return frame


def test_planted_weights_come_back_with_proof():
    true = {**dict.fromkeys(CURRENT, 0.08), "win_rate": 0.60}
    found = refine(world(1, true), CURRENT, seed=1)
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.weights["win_rate"] > 0.4
    assert found.table.set_index("component").loc["win_rate", "verdict"] == "move"
    assert found.proof.word == "ready"
    assert found.proof.auc_low > 0


@pytest.mark.prove
def test_right_weights_are_not_sold_as_wrong():
    words = [refine(world(seed, CURRENT), CURRENT, seed=seed) for seed in range(2, 8)]
    assert not any(found.proof.word == "ready" for found in words)
    moved = sum((found.table["verdict"] == "move").sum() for found in words)
    assert moved <= 2  # 36 verdicts with a false discovery rate of 5 %


def test_later_cases_never_reach_the_weights_of_earlier_months():
    frame = world(9, CURRENT, size=1000, months=8)
    last = frame["day"].max().to_period("M").start_time
    poisoned = frame.copy()
    late = poisoned["day"] >= last
    poisoned.loc[late, "hit"] = ~poisoned.loc[late, "hit"]
    ours, theirs = (refine(f, CURRENT, seed=9).proof.folds.iloc[:-1] for f in (frame, poisoned))
    pd.testing.assert_frame_equal(ours, theirs)


def test_recent_cases_count_more_where_asked():
    old, new = (
        {**dict.fromkeys(CURRENT, 0.08), "upsell": 0.60},
        {**dict.fromkeys(CURRENT, 0.08), "win_rate": 0.60},
    )
    before, after = world(3, old, size=1500, months=9), world(4, new, size=1500, months=9)
    after["day"] += pd.Timedelta(days=720)
    both = pd.concat([before, after], ignore_index=True)
    plain, recent = (refine(both, CURRENT, seed=3, half_life=days) for days in (None, 60))
    assert recent.weights["win_rate"] > plain.weights["win_rate"]
    assert recent.weights["upsell"] < plain.weights["upsell"]


def test_stages_get_weights_where_they_carry_them():
    true = {**dict.fromkeys(CURRENT, 0.08), "upsell": 0.60}
    frame = world(5, true).assign(stage=lambda f: np.where(f.index < 30, "Demo", "Proposal"))
    stages = refine(frame, CURRENT, seed=5).stages.set_index("stage")
    assert stages.loc["Proposal", "upsell"] > 0.4
    assert "At least 40 hits" in stages.loc["Demo", "why"]
    assert np.isnan(stages.loc["Demo", "upsell"])


def with_competitor(seed):
    """A world in which a competitor costs log odds of 1, where a point of the score is worth 5/100: 20 points."""
    frame, rng = world(seed, CURRENT, size=4000), np.random.default_rng(1000 + seed)
    frame["competitor"], frame["coin"] = rng.integers(0, 2, 4000), rng.integers(0, 2, 4000)
    odds = 5 * (frame[list(CURRENT)].to_numpy() @ np.array(list(CURRENT.values())) / 100 - 0.5) - 1.5
    frame["hit"] = rng.random(4000) < 1 / (1 + np.exp(-(odds - frame["competitor"])))
    return frame


def test_a_further_factor_is_worth_points_or_nothing():
    extras = refine(with_competitor(6), CURRENT, seed=6, extras=["competitor", "coin"]).extras.set_index(
        "factor"
    )
    assert extras["worth"].to_dict() == {"competitor": True, "coin": False}


@pytest.mark.prove
def test_the_interval_of_a_further_factor_holds_the_truth_as_often_as_it_says():
    rows = [
        _extras(with_competitor(seed), list(CURRENT), list(CURRENT.values()), ["competitor"]).iloc[0]
        for seed in range(80)
    ]
    assert (
        sum(row["low"] < -20 < row["high"] for row in rows) >= 70
    )  # 95 % of 80 are 76; 70 or fewer: 1 in 60


def test_few_cases_repeat_the_weights_and_prove_nothing():
    found = refine(world(7, CURRENT, size=30), CURRENT, seed=7)
    assert found.weights == CURRENT
    assert set(found.table["verdict"]) == {"too little"}
    assert found.proof.word == "not ready"


@pytest.mark.parametrize(
    ("change", "told"),
    [(lambda f: f.iloc[:0], "nothing to learn"), (lambda f: f.assign(upsell=f["upsell"] * 2), "upsell go beyond"),
     (lambda f: f.assign(hit=None), "nothing to learn")],
)  # fmt: skip
def test_trouble_gets_a_sentence(change, told):
    with pytest.raises(InputError, match=told):
        refine(change(world(8, CURRENT, size=200)), CURRENT, seed=8)
    with pytest.raises(InputError, match="half-life"):
        refine(world(8, CURRENT, size=200), CURRENT, seed=8, half_life=0)
