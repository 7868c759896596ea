"""Tuning factors: expected deliveries by hand, intervals of a book, and a ranking that no factor changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tuning import (
    ABOVE,
    BELOW,
    HOLD,
    INSIDE,
    MOVE,
    TOO_FEW,
    factored,
    poisson_interval,
    ranking_effect,
    read_tuning_rules,
    segment_averages,
    suggested_factors,
)
from errors import ConfigError, InputError

FACTORS = {"Migration": 1.0, "Existing": 1.0, "Cold": 1.0}


def world(seed, true=None, size=4000):
    """Leads whose chance is their points times their segment's true factor."""
    rng = np.random.default_rng(seed)
    segment = rng.choice(list(FACTORS), size)
    points = rng.uniform(20, 100, size)
    times = np.array([(true or {}).get(name, 1.0) for name in segment])
    return pd.DataFrame(
        {"segment": segment, "points": points, "hit": rng.random(size) < points / 500 * times}
    )


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390), (100, 81.364, 121.627)],
)
def test_the_interval_is_that_of_the_tables(count, low, high):
    # Garwood's limits as tabulated in Pearson and Hartley, Biometrika Tables for Statisticians I, table 40
    assert poisson_interval(count) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_a_planted_factor_is_found_and_the_others_hold():
    table = suggested_factors(world(1, {"Migration": 1.6}), FACTORS).set_index("segment")
    assert table.loc["Migration", "verdict"] == MOVE
    # All segments are pooled for the expectation, so its own surplus raises that a little: 1.6 over (1.6 + 1 + 1) / 3.
    assert table.loc["Migration", "low"] < 1.6 / 1.2 < table.loc["Migration", "high"]
    assert 1.1 < table.loc["Migration", "suggested"] < 1.6
    assert (table["deliveries"].sum(), round(table["expected"].sum())) == (
        world(1, {"Migration": 1.6})["hit"].sum(),
        round(world(1, {"Migration": 1.6})["hit"].sum()),
    )  # fmt: skip - a logistic regression with an intercept keeps the total


def test_without_a_difference_the_factor_seldom_moves():
    moved = sum(
        (suggested_factors(world(seed, size=1200), FACTORS)["verdict"] == MOVE).sum() for seed in range(60)
    )
    assert moved <= 14  # 180 verdicts at 5 % are 9; more than 14 has a chance of 3 in 100


def test_few_leads_are_too_little_and_none_are_said_so():
    few = suggested_factors(world(2, size=60), FACTORS)
    assert set(few["verdict"]) == {TOO_FEW}
    none = suggested_factors(world(2).iloc[:0], FACTORS)
    assert none["leads"].tolist() == [0, 0, 0]
    assert none["suggested"].isna().all()
    assert none["why"].str.contains("At least 10 expected deliveries").all()
    one_sided = suggested_factors(world(2).assign(hit=False), FACTORS)
    assert set(one_sided["verdict"]) == {TOO_FEW}


def test_a_factor_in_force_that_fits_holds():
    table = suggested_factors(world(3, {"Cold": 0.5}), {"Cold": 0.6}).set_index("segment")
    assert table.loc["Cold", "verdict"] == HOLD  # 0.5 over (1 + 1 + 0.5) / 3 = 0.6


@given(st.lists(st.floats(0, 100), min_size=2, max_size=60), st.floats(0.01, 2.0))
def test_no_factor_turns_two_leads_round(points, factor):
    scores = factored(points, factor)
    order = np.argsort(points, kind="stable")
    assert (np.diff(scores[order]) >= 0).all()  # who came first still does, or is tied


def test_what_a_factor_does_to_ties_is_counted():
    # 80 × 1.25 = 100; 90 and 95 pass it; 79 × 1.25 = 98.75 → 99. None of them was at 100 before.
    more, sentence = ranking_effect([79, 80, 90, 95, float("nan")], 1.0, 1.25)
    assert more == 3
    assert "3 leads now tied at 100" in sentence
    assert ranking_effect([79, 80], 1.0, 1.0)[0] == 0
    assert "nothing is ranked" in ranking_effect([50, 60], 1.0, 0.0)[1]
    assert "no longer at 100" in ranking_effect([100, 100], 1.0, 0.9)[1]
    with pytest.raises(InputError, match="from 0 to 2"):
        factored([50], 2.1)


def test_averages_stand_beside_their_band(tmp_path):
    rules = read_tuning_rules(tmp_path)
    scores = pd.Series([69, 70, 71, 90, 91, 92, 10, 11, 12, 50, None], dtype="Float64")
    segments = pd.Series(["Migration"] * 3 + ["Existing"] * 3 + ["Cold"] * 3 + ["Own", "Own"])
    table = segment_averages(scores, segments, rules).set_index("segment")
    assert table["status"].tolist()[:3] == [INSIDE, ABOVE, BELOW]
    assert pd.isna(table.loc["Own", "status"])
    assert table.loc["Migration", "average"] == 70
    # Student's t at 2 degrees of freedom, 4.303, times 1/√3
    assert table.loc["Migration", "high"] == pytest.approx(70 + 4.303 / 3**0.5, abs=1e-3)
    assert table.loc["Own", "leads"] == 1
    none = segment_averages(scores.iloc[:0], segments.iloc[:0], rules)
    assert none["status"].tolist() == [TOO_FEW] * 3


@pytest.mark.parametrize(
    ("text", "told"),
    [("expected: {Cold: 3}\nlow_score: 1\nhigh_score: 2", "expected.Cold"), ("low_score: 80\nhigh_score: 70", "at most"),
     ("low_score: no", "low_score"), ("expected: {Cold: {low: 9, high: 3}}\nlow_score: 1\nhigh_score: 2", "low to high"),
     ("expected: [1]", "per segment"), ("{", "cannot be read")],
)  # fmt: skip
def test_a_wrong_file_is_told_by_its_key(tmp_path, text, told):
    (tmp_path / "tuning.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_tuning_rules(tmp_path)
