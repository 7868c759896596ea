"""The deals of the demo: the same again, and what is planted is there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from deals import read_deal_rules, read_deals
from demo_deals import PARTNER_POINTS, RATE, demo_deals

TODAY = date(2026, 2, 11)


def told(seed=1):
    rules = read_deal_rules(Path(__file__).resolve().parents[1] / "config")
    return read_deals(demo_deals(TODAY, seed), "demo.csv", rules, today=TODAY)


def test_the_same_day_and_seed_give_the_same_bytes():
    assert demo_deals(TODAY, 5) == demo_deals(TODAY, 5)
    assert demo_deals(TODAY, 5) != demo_deals(TODAY, 6)


def test_every_row_is_a_deal_and_nothing_lies_in_the_future():
    file = told()
    assert len(file.deals) == file.rows_in == 1400
    assert not file.problems["rejected"].any()
    assert (file.deals["created_on"] < str(TODAY)).all()
    assert (file.deals["closed_on"].dropna() < str(TODAY)).all()
    assert 20 <= (file.deals["outcome"] == "open").sum() <= 250


def test_partners_win_less_often_and_bring_more_of_the_newest():
    deals = told().deals
    closed = deals[deals["outcome"] != "open"]
    partner = closed["lead_source"] == "Partner"
    rate = (closed["outcome"] == "won").groupby(partner).mean()
    # Standard errors: √(.24·.76/230) = .028 and √(.42·.58/1050) = .015; three of them.
    assert abs(rate[True] - (RATE + PARTNER_POINTS)) < 0.09
    assert abs(rate[False] - RATE) < 0.05
    newest = deals["created_on"] > "2025-10-15"
    share = (deals["lead_source"] == "Partner").groupby(newest).mean()
    assert share[True] > 2 * share[False]
