"""Difference in differences: by hand, planted, contradicted before the change, and too little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world

from analytics.named_change import named_change

DAY = pd.Timestamp("2023-08-15")


def test_the_difference_by_hand():
    rows = []
    for region, day, won, n in (
        ("A", "2023-01-01", 40, 100),
        ("A", "2023-09-01", 60, 100),
        ("B", "2023-01-01", 50, 100),
        ("B", "2023-09-01", 55, 100),
    ):
        rows += [
            {"region": region, "created_on": pd.Timestamp(day), "outcome": "won" if i < won else "lost"}
            for i in range(n)
        ]
    found = named_change(pd.DataFrame(rows), field="region", labels=["A"], day=DAY)
    # (.60 − .40) − (.55 − .50) = 15 points; error sqrt((.24+.24+.25+.2475)/100) = 9.888
    assert found.points == pytest.approx(15.0)
    assert found.high - found.points == pytest.approx(1.959964 * 9.8869, abs=0.01)
    assert found.verdict == "no effect shown"
    assert "no more than chance makes" in found.sentence


def planted(seed, since, points):
    deals = deal_world(seed, 6000)
    touched = (deals["region"] == "India") & (deals["created_on"] >= since)
    rng = np.random.default_rng(seed)
    deals.loc[touched, "outcome"] = np.where(rng.random(touched.sum()) < 0.45 + points, "won", "lost")
    return deals


def test_a_planted_change_helps_and_noise_does_not():
    found = named_change(planted(2, DAY, 0.15), field="region", labels=["India"], day=DAY)
    assert found.verdict == "helped"
    assert found.low < 15 < found.high
    assert named_change(planted(2, DAY, -0.15), field="region", labels=["India"], day=DAY).verdict == "harmed"
    assert named_change(deal_world(3), field="region", labels=["India"], day=DAY).verdict == "no effect shown"


def test_groups_that_moved_apart_before_cannot_be_compared():
    found = named_change(planted(2, "2023-04-20", 0.2), field="region", labels=["India"], day=DAY)
    assert found.verdict == "not comparable"
    assert "already" in found.sentence


def test_too_little():
    for deals in (deal_world(1, 60), deal_world(1, 0), deal_world(1, 500).assign(region="A")):
        found = named_change(deals, field="region", labels=["India"], day=DAY)
        assert found.verdict == "too little"
        assert "cannot tell" in found.sentence
