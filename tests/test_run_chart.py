"""Did it fall: a planted fall is told, noise is called noise, too little is said to be too little."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world

from analytics.run_chart import find_break, latest_day, monthly_rates, recent_fall


def broken(seed=2, day="2023-12-01", before=0.5, after=0.35):
    deals = deal_world(seed, 5000)
    late = deals["closed_on"] >= day
    chance = np.where(late, after, before)
    rng = np.random.default_rng(seed)
    return deals.assign(outcome=np.where(rng.random(len(deals)) < chance, "won", "lost"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_no_fall_and_no_break(seed):
    deals = deal_world(seed)
    day = latest_day(deals)
    fall = recent_fall(deals, as_of=day)
    assert fall.verdict == "no change shown"
    assert "chance alone can make" in fall.sentence
    found = find_break(deals, as_of=day)
    assert not found.found
    assert "no clearer than chance" in found.sentence


def test_a_planted_fall_and_its_day():
    deals = broken()
    fall = recent_fall(deals, as_of=pd.Timestamp("2024-02-28"))
    assert fall.verdict == "fell"
    assert fall.low < -15 < fall.high
    assert fall.sentence.startswith("The win rate fell: ")
    found = find_break(deals, as_of=pd.Timestamp("2024-06-30"))
    assert found.found
    assert abs((found.day - pd.Timestamp("2023-12-01")).days) < 30
    assert found.rate_before == pytest.approx(0.5, abs=0.03)
    assert "broke around" in found.sentence


def test_too_little_is_said():
    deals = deal_world(1, 30)
    fall = recent_fall(deals, as_of=latest_day(deals))
    assert fall.verdict == "too little"
    assert "cannot tell yet" in fall.sentence
    assert find_break(deals, as_of=latest_day(deals)) is None


def test_months_by_closing_and_by_creation():
    deals = deal_world(1, 3000, still_open=0.2)
    day = pd.Timestamp("2024-03-15")
    closing = monthly_rates(deals, as_of=day)
    seen = deals[deals["closed_on"] <= day]
    assert closing["deals"].sum() == len(seen)
    assert closing["won"].sum() == (seen["outcome"] == "won").sum()
    assert closing["still_open"].sum() == 0
    assert not closing["complete"].iloc[-1]
    assert closing["complete"].iloc[0]
    inner = closing[closing["deals"] > 50]
    assert (inner["alarm_low"] < inner["warn_low"]).all()
    assert (inner["warn_high"] < inner["alarm_high"]).all()
    assert (closing["signal"] == "").mean() > 0.8
    created = monthly_rates(deals, as_of=day, by="created_on")
    assert created["still_open"].sum() > 0
    assert monthly_rates(deals.head(0), as_of=day).empty


def test_a_bad_month_stands_outside_its_limits():
    deals = deal_world(1, 5000)
    october = deals["closed_on"].dt.to_period("M") == "2023-10"
    deals.loc[october, "outcome"] = np.where(np.arange(october.sum()) % 4 == 0, "won", "lost")
    months = monthly_rates(deals, as_of=latest_day(deals)).set_index("month")
    assert months.loc["2023-10-01", "signal"] == "alarm"


def test_a_month_under_way_is_not_over_also_where_all_were_won():
    deals = pd.DataFrame(
        {
            "created_on": pd.to_datetime(["2024-01-02", "2024-02-02"]),
            "closed_on": pd.to_datetime(["2024-01-20", "2024-02-10"]),
            "outcome": ["won", "won"],
        }
    )
    months = monthly_rates(deals, as_of=pd.Timestamp("2024-02-15"))
    assert months["complete"].tolist() == [True, False]
    assert months["alarm_low"].isna().all()  # of one rate only there are no limits
