"""How right a score was: counts by hand, AUC against another library, invariants over seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from analytics.accuracy import accuracy, auc_interval, band_rates, misleading_parts
from errors import InputError


def cases(scores, hits, **columns):
    """Judged cases with these scores and outcomes."""
    size = len(scores)
    frame = {
        "score": scores,
        "hit": hits,
        "name": [f"Case {n}" for n in range(size)],
        "confidence": "High",
        "version": 1,
    }
    return pd.DataFrame(frame | columns)


def world(seed, size=800, slope=3.0):
    """Scores that mean something: log odds grow by `slope` from 0 to 100."""
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 101, size)
    hit = rng.random(size) < 1 / (1 + np.exp(3 - slope * score / 100))
    return cases(score, hit)


def test_the_confusion_counts_are_those_of_the_hand():
    # Scores 90 80 75 60 40 20; hits at 90, 60 and 20. At 70: called 90 80 75, one hit.
    found = accuracy(cases([90, 80, 75, 60, 40, 20], [True, False, False, True, False, True]), high=70, top=2)
    at_high, first = found.calls.to_dict("records")
    assert [
        at_high[n] for n in ("true_positives", "false_positives", "false_negatives", "true_negatives")
    ] == [1, 2, 2, 1]
    assert at_high["precision"] == pytest.approx(1 / 3)
    assert at_high["recall"] == pytest.approx(1 / 3)
    assert at_high["f1"] == pytest.approx(1 / 3)  # 2·1 / (2·1 + 2 + 2)
    assert at_high["accuracy"] == pytest.approx(2 / 6)
    assert [first[n] for n in ("called", "true_positives", "false_positives")] == [2, 1, 1]  # 90 and 80
    assert found.failed["name"].tolist() == ["Case 1", "Case 2"]
    assert found.won["name"].tolist() == ["Case 5", "Case 3"]  # the lowest first
    assert np.isnan(found.auc)  # three hits are too few for a ranking


def test_bands_hold_every_case_once():
    # 29 | 30 49 | 50 69 | 70 100, one hit at each lower end but the first.
    bands = band_rates([29, 30, 49, 50, 69, 70, 100], [False, True, False, True, False, True, False])
    assert bands["band"].tolist() == ["0–29", "30–49", "50–69", "70–100"]
    assert bands["cases"].tolist() == [1, 2, 2, 2]
    assert bands["hits"].tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_auc_equals_that_of_scikit_learn_with_ties(seed):
    frame = world(seed)
    area, low, high = auc_interval(frame["score"], frame["hit"])
    assert area == pytest.approx(roc_auc_score(frame["hit"], frame["score"]), abs=1e-12)
    assert low < area < high


def test_the_interval_of_the_auc_holds_the_truth_as_often_as_it_says():
    # The truth from 200,000 cases of the same world; 300 worlds of 400 cases, 95 ± 4 of 100 must hold it.
    truth = roc_auc_score(*(lambda f: (f["hit"], f["score"]))(world(10_000, 200_000)))
    ends = [auc_interval(f["score"], f["hit"])[1:] for f in (world(seed, 400) for seed in range(300))]
    held = np.mean([low <= truth <= high for low, high in ends])
    assert 0.91 <= held <= 0.99


def test_a_perfect_ranking_still_has_an_interval():
    area, low, high = auc_interval(range(40), [False] * 20 + [True] * 20)
    assert area == 1.0
    assert low == pytest.approx(20 / (20 + 1.959964**2))  # Wilson for 20 of 20: n / (n + z²)
    assert high == 1.0
    assert auc_interval([7] * 40, [False] * 20 + [True] * 20)[0] == 0.5


def test_brier_and_its_parts_agree_and_equal_those_of_scikit_learn():
    found = accuracy(world(3), high=70, top=100)
    assert found.brier == pytest.approx(found.reliability - found.resolution + found.uncertainty, abs=1e-12)
    # scikit-learn's Brier score of the same chances: each tenth's mean chance for its hits and its misses
    rows = found.table.to_dict("records")
    hit = np.concatenate([np.r_[np.ones(r["hits"]), np.zeros(r["cases"] - r["hits"])] for r in rows])
    chance = np.concatenate([np.full(r["cases"], r["chance"]) for r in rows])
    assert found.brier == pytest.approx(brier_score_loss(hit, chance), abs=1e-9)
    assert found.table["cases"].sum() == found.cases


def test_a_part_that_stands_higher_on_failures_misleads_and_noise_does_not():
    frame = world(5, 600)
    rng = np.random.default_rng(5)
    frame["bad_score"] = np.where(frame["hit"], 50, 60) + rng.normal(0, 10, 600)
    frame["noise_score"] = rng.normal(50, 10, 600)
    frame["same_score"] = 40.0
    parts = misleading_parts(frame, ["bad_score", "noise_score", "same_score"], 30).set_index("component")
    assert parts["misleading"].to_dict() == {"bad_score": True, "noise_score": False, "same_score": False}
    assert parts.loc["bad_score", "low"] < 10 < parts.loc["bad_score", "high"]  # planted: 10 points
    assert np.isnan(parts.loc["same_score", "low"])


def test_welch_equals_scipy():
    from scipy.stats import ttest_ind

    frame = world(6, 300).assign(x_score=np.random.default_rng(6).normal(50, 10, 300))
    row = misleading_parts(frame, ["x_score"], 0).iloc[0]
    other = ttest_ind(
        frame.loc[~frame["hit"], "x_score"], frame.loc[frame["hit"], "x_score"], equal_var=False
    )
    assert row["adjusted"] == pytest.approx(other.pvalue)  # one test: nothing to adjust
    ends = other.confidence_interval(0.95)
    assert (row["low"], row["high"]) == (pytest.approx(ends.low), pytest.approx(ends.high))


def test_a_planted_pattern_is_found_and_noise_is_not():
    frame = cases(
        [80] * 400,
        [n % 100 < (2 if n < 100 else 25) for n in range(400)],
        state=["TX"] * 100 + ["OH", "FL", "GA"] * 100,
    )
    found = accuracy(frame, high=70, top=100, traits=["state"]).patterns
    assert found.loc[found["found"], "value"].tolist() == ["TX"]  # 2 of 100 against 75 of 300
    false = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        noise = cases(
            rng.integers(0, 101, 600), rng.random(600) < 0.15, state=rng.choice(list("ABCDEFGH"), 600)
        )
        false += bool(accuracy(noise, high=50, top=100, traits=["state"]).patterns["found"].any())
    assert false <= 3  # 5 % of 20 is 1; more than 3 has a chance of 2 in 100


def test_confidences_and_versions_are_judged_apart():
    frame = world(8, 400).assign(confidence=["High", "Low"] * 200, version=[1] * 200 + [2] * 200)
    found = accuracy(frame, high=70, top=100)
    assert found.confidences["confidence"].tolist() == ["High", "Medium", "Low"]
    assert found.confidences["cases"].tolist() == [200, 0, 200]
    assert found.confidences["hits"].sum() == found.hits
    assert found.versions["version"].tolist() == [1, 2]
    assert np.isnan(found.confidences["rate"].iloc[1])


def test_none_one_and_missing():
    assert accuracy(cases([], []), high=70, top=10) is None
    assert accuracy(cases([None], [True]), high=70, top=10) is None
    one = accuracy(cases([80], [True]), high=70, top=10)
    assert (one.cases, one.hits) == (1, 1)
    assert one.calls["precision_low"].iloc[0] == pytest.approx(
        0.2065, abs=1e-4
    )  # Wilson for 1 of 1: 1/(1+1.96²)
    with pytest.raises(InputError, match="from 0 to 100"):
        accuracy(cases([80], [True]), high=101, top=10)


def test_the_same_cases_give_the_same_report():
    first, again = (accuracy(world(9), high=70, top=100) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, again.table)
    assert first.brier == again.brier
