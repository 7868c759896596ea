"""Stages: stays by hand, deals still there allowed for, a slow stage named only when it is slower than chance makes."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from deal_worlds import as_csv, deal_world

from actors import Actor
from analytics.stage_flow import median_stay, stage_flow
from deal_import import import_deals
from deals import read_deal_rules
from stores.deals import read_stage_states

DAY = pd.Timestamp("2024-06-30")


def states(*rows):
    """(deal, stage, outcome, seen, closed) each."""
    frame = pd.DataFrame(rows, columns=["deal_id", "stage", "outcome", "seen_at", "closed_on"]).assign(
        source="zoho"
    )
    for name in ("deal_id", "stage", "outcome", "source"):
        frame[name] = frame[name].astype("str")
    return frame.assign(
        seen_at=pd.to_datetime(frame["seen_at"]), closed_on=pd.to_datetime(frame["closed_on"])
    )


def test_stays_by_hand():
    found = stage_flow(
        states(
            ("a", "Demo", "open", "2024-01-01", None), ("b", "Demo", "open", "2024-01-01", None),
            ("a", "Demo", "open", "2024-01-05", None),  # another amount: no other stage
            ("a", "Offer", "open", "2024-01-11", None), ("b", "Demo", "lost", "2024-01-25", "2024-01-21"),
            ("a", "Offer", "won", "2024-02-01", "2024-01-31"), ("c", "Demo", "open", "2024-06-20", None),
            ("d", "Closed", "won", "2024-06-20", "2024-06-19"), ("e", "Demo", "open", "2024-07-02", None),
        ),
        as_of=DAY,
    )  # fmt: skip
    rows = found.stages.set_index("stage").to_dict("index")
    assert list(rows) == ["Demo", "Offer"]
    demo, offer = rows["Demo"], rows["Offer"]
    # a stayed 10 days and went on, b 20 until its closing day and was lost, c has been there for 10; d was never seen
    # open, e is of a later day.
    assert {k: demo[k] for k in ("entered", "moved_on", "won", "lost", "still_in", "longest_open")} == {
        "entered": 3, "moved_on": 1, "won": 0, "lost": 1, "still_in": 1, "longest_open": 10,
    }  # fmt: skip
    assert demo["went_on"] == 0.5
    # Kaplan–Meier: 3 at risk on day 10, one leaves: 2/3; 1 at risk on day 20, it leaves: 0.
    assert demo["median_days"] == 20
    assert (offer["won"], offer["median_days"]) == (1, 20)
    assert "cannot be told yet" in found.sentence


def test_a_deal_that_closes_without_a_stage_has_left_its_stage():
    found = stage_flow(
        states(
            *((f"d{n}", "Offer", "open", "2024-01-01", None) for n in range(40)),
            *((f"d{n}", None, "won" if n < 30 else "lost", "2024-02-01", "2024-01-31") for n in range(40)),
            ("e", "Offer", "open", "2024-01-01", None), ("e", None, "open", "2024-02-01", None),
        ),
        as_of=DAY,
    )  # fmt: skip
    (row,) = found.stages.to_dict("records")
    # 40 left on day 30; what became of the one whose stage was emptied while it is open is not known.
    told = [row[name] for name in ("entered", "moved_on", "won", "lost", "still_in", "median_days")]
    assert told == [41, 0, 30, 10, 1, 30]


def test_the_median_of_a_published_curve():
    # Freireich's 6-MP remissions, weeks (Kalbfleisch and Prentice 1980, p. 205): the median is 23.
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    left = np.arange(21) < 9
    median, low, high = median_stay(np.array(weeks, dtype=float), left)
    assert median == 23
    assert low == 13  # R survfit, conf.type "log-log": 13 to not reached
    assert np.isnan(high)
    assert all(np.isnan(end) for end in median_stay(np.array([1.0, 2.0]), np.array([False, False])))
    assert median_stay(np.array([3.0]), np.array([True]))[0] == 3


def world(rng, deals, middle):
    """Deals through Demo and Offer with stays around `middle` days, half of them lost out of Offer, the newest still open."""
    rows = []
    for n in range(deals):
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(0, 170)))
        for stage in ("Demo", "Offer"):
            rows.append((f"D{n}", stage, "open", day, None))
            day += pd.Timedelta(days=int(rng.exponential(middle[stage])) + 1)
        rows.append((f"D{n}", "Closed", "won" if rng.random() < 0.5 else "lost", day, day))
    return states(*(row for row in rows if row[3] <= DAY))


def test_the_slow_stage_is_named_and_noise_is_not():
    rng = np.random.default_rng(3)
    slow = stage_flow(world(rng, 400, {"Demo": 10, "Offer": 40}), as_of=DAY)
    assert slow.sentence.startswith("Deals stay longest in Offer")
    assert "may be as slow" not in slow.sentence
    assert "Most are lost out of Offer" in slow.sentence
    row = slow.stages.set_index("stage").loc["Offer"]
    assert row["median_low"] <= 40 * np.log(2) + 1 <= row["median_high"]  # the median of an exponential stay
    assert row["still_in"] > 0
    alike = stage_flow(world(rng, 400, {"Demo": 20, "Offer": 20}), as_of=DAY)
    assert "the other stages may be as slow" in alike.sentence


@pytest.mark.parametrize("rows", [(), (("a", "Closed", "won", "2024-01-01", "2024-01-01"),)])
def test_nothing_seen_open_tells_nothing(rows):
    found = stage_flow(states(*rows), as_of=DAY)
    assert found.stages.empty
    assert "cannot be told yet" in found.sentence


def test_stays_come_from_the_states_that_imports_keep(db, config_dir, now):
    rules, actor = read_deal_rules(config_dir), Actor("tester", "admin")
    deals = deal_world(2, 90, still_open=1.0).assign(stage="Demo")
    for days, share, changes in ((0, 1.0, {}), (10, 0.5, {"stage": "Offer"}), (30, 0.2, {"outcome": "won"})):
        moved = deals.head(int(90 * share)).assign(**changes)
        moved["closed_on"] = (
            pd.Timestamp(now.date() + timedelta(days=days)) if "outcome" in changes else pd.NaT
        )
        import_deals(
            db,
            content=as_csv(moved),
            name="deals.csv",
            rules=rules,
            now=now + timedelta(days=days),
            actor=actor,
        )
    found = stage_flow(read_stage_states(db), as_of=pd.Timestamp(now.date()) + pd.Timedelta(days=40))
    rows = found.stages.set_index("stage").to_dict("index")
    # All 90 came into Demo, half of them were in Offer ten days later, a fifth were won thirty days after that day.
    told = {
        stage: [row[name] for name in ("entered", "moved_on", "won", "still_in")]
        for stage, row in rows.items()
    }
    assert told == {"Demo": [90, 45, 0, 45], "Offer": [45, 0, 18, 27]}
    assert rows["Demo"]["median_days"] == 10  # the curve falls to a half, and no further
    assert np.isnan(rows["Offer"]["median_days"])
