"""Segments: impact by hand, gaps, rules found where planted and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world
from figures import show

from analytics.segments import found_rules, newcombe_interval, segment_table, stage_table


def small():
    """Six closed deals and two open ones, by hand."""
    day = pd.Timestamp("2025-01-01")
    rows = [
        ("A", 10, "won"),
        ("A", 20, "lost"),
        ("A", 40, "lost"),
        ("A", 30, "lost"),
        ("B", 15, "won"),
        ("B", 5, "won"),
    ]
    deals = pd.DataFrame(
        {"deal_id": list("123456"), "region": [r for r, _, _ in rows], "created_on": day,
         "closed_on": [day + pd.Timedelta(days=d) for _, d, _ in rows], "outcome": [o for _, _, o in rows], "amount": 100.0,
         "stage": "Demo"}
    )  # fmt: skip
    still = deals.iloc[[0, 4]].assign(
        deal_id=["7", "8"], outcome="open", closed_on=pd.NaT, amount=[1000.0, 500.0]
    )
    return pd.concat([deals, still], ignore_index=True)


def test_impact_excess_and_gap_by_hand():
    table = segment_table(small(), fields=("region",)).set_index("value")
    # A: 4 deals, 1 won → impact 4 × (1 − 1/4) = 3; overall 3 of 6 → excess 4 × (1/2 − 1/4) = 1
    assert table.loc["A", ["deals", "won", "impact"]].tolist() == [4, 1, 3]
    assert table.loc["A", "excess"] == pytest.approx(1.0)
    assert table.loc["B", "excess"] == pytest.approx(-1.0)
    assert table.loc["A", "gap"] == 30 - 10  # median lost (20, 30, 40) less median won (10)
    assert np.isnan(table.loc["B", "gap"])  # nothing lost, no gap
    assert table.loc["A", "at_risk"] == pytest.approx(1000 * 0.75)
    assert table.loc["A", "at_risk_low"] < 750 < table.loc["A", "at_risk_high"]
    assert table.index.tolist() == ["A", "B"]  # the greatest impact first


def test_a_difference_of_two_proportions_as_published():
    # Newcombe 1998, table II, example (a): 56/70 − 48/80, method 10: 0.0524 to 0.3339
    low, high = newcombe_interval(56, 70, 48, 80)
    assert low == pytest.approx(0.0524, abs=5e-5)
    assert high == pytest.approx(0.3339, abs=5e-5)


def test_no_deals_and_only_open_deals_give_empty_tables():
    deals = deal_world(1, 10)
    for none in (deals.head(0), deals.assign(outcome="open", closed_on=pd.NaT)):
        assert segment_table(none).empty
        assert found_rules(none).empty


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_has_no_segment(seed):
    rules = found_rules(deal_world(seed))
    assert not rules["found"].any()
    table = segment_table(deal_world(seed))
    assert (table["adjusted"] > 0.05).all()


def test_a_planted_label_is_found_as_itself_and_a_pair_as_a_pair():
    rules = found_rules(deal_world(4, points={("lead_source", "Partner"): 0.1}))
    assert rules.loc[rules["found"], "rule"].tolist() == ["lead source Partner"]
    deals = deal_world(5)
    pair = (deals["region"] == "India") & (deals["product"] == "Core")
    rng = np.random.default_rng(5)
    deals.loc[pair, "outcome"] = np.where(rng.random(pair.sum()) < 0.2, "won", "lost")
    rules = found_rules(deals)
    assert rules.loc[rules["found"], "rule"].tolist() == ["region India and product Core"]
    row = rules[rules["found"]].iloc[0]
    assert row["low"] < 100 * (0.2 - 0.45) < row["high"]


def test_stages_count_closed_and_open_deals():
    table = stage_table(small())
    assert table.loc[0, ["closed", "won", "open_deals"]].tolist() == [6, 3, 2]
    assert table.loc[0, "open_days"] == 40  # the newest day known is the last closing


def test_gap_intervals_hold_no_difference_between_equal_cycles():
    table = segment_table(deal_world(1, 20_000))
    assert (table["gap_adjusted"] > 0.05).all()
    assert ((table["gap_low"] < 0) & (table["gap_high"] > 0)).mean() > 0.8


@pytest.mark.prove
def test_how_often_noise_gives_a_segment():
    worlds = 300
    wrong = sum(bool(found_rules(deal_world(2000 + seed)).found.any()) for seed in range(worlds))
    show(f"Noise worlds in which a rule is found: {wrong} of {worlds}.")
    assert wrong <= 0.02 * worlds
