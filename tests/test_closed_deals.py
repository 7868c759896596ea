"""Closed deals as arrays: the same counts as pandas makes, windows by day, open and nameless deals left out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from deal_worlds import deal_world

from analytics.closed_deals import ClosedDeals, day_number


def test_counts_of_a_window_are_those_of_pandas():
    deals = deal_world(3, 2000, still_open=0.2).sample(frac=1, random_state=1)
    deals.loc[deals.index[::9], "region"] = np.nan
    closed = ClosedDeals(deals)
    part = closed.between(date(2023, 6, 30), date(2023, 12, 31))
    some = deals[(deals["closed_on"] > "2023-06-30") & (deals["closed_on"] <= "2023-12-31")]
    won = (some["outcome"] == "won").groupby(some["region"]).agg(["sum", "size"])
    assert closed.counts(part, "region") == {
        label: (row["sum"], row["size"]) for label, row in won.iterrows()
    }
    assert closed.counts(part, None) == {"": ((some["outcome"] == "won").sum(), len(some))}
    days = (some["closed_on"] - some["created_on"]).dt.days
    assert sorted(closed.took[part]) == sorted(days)


def test_deals_are_in_order_of_closing_and_then_of_their_id():
    day = pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-02", None])
    frame = pd.DataFrame({
        "deal_id": ["b", "c", "a", "d"], "created_on": day, "closed_on": day, "outcome": ["won", "lost", "lost", "open"],
    })  # fmt: skip
    closed = ClosedDeals(frame)
    assert closed.day.tolist() == [day_number(date(2024, 1, 1)), *[day_number(date(2024, 1, 2))] * 2]
    assert closed.won.tolist() == [False, False, True]  # c, then a before b
    assert closed.won_before.tolist() == [0, 0, 0, 1]


def test_no_deals_count_nothing():
    closed = ClosedDeals(deal_world(1, 0))
    part = closed.between(date(2023, 1, 1), date(2024, 1, 1))
    assert closed.counts(part, None) == {}
    assert closed.counts(part, "region") == {}


def test_days_count_from_1970():
    assert day_number(date(1970, 1, 2)) == 1
    assert day_number(date(2000, 1, 3)) == 10_959  # 30 years, 7 of them leap years, and 2 days
