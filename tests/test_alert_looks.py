"""What rules look at: limits by hand, planted changes seen, stated false alarms against measured ones."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world
from figures import show
from scipy.stats import hypergeom

from analytics.alert_looks import (
    BATCHES,
    IMPACT,
    LONG_CYCLES,
    SIGN,
    SLOW_FALL,
    SOURCES,
    TESTED,
    WIN_RATE,
    Seen,
    looks,
)
from analytics.alert_rules import AlertRule, false_alarm_rate, findings, replay

UNTIL = date(2024, 5, 31)


def rule(kind, **changes):
    return AlertRule(**({"name": kind, "kind": kind, "limit": 2.0, "direction": "fall"} | changes))


def exported(sizes, hits, first="2023-01-02", every=14):
    """One batch every so many days; the first `hits` companies of each were delivered after 60 days."""
    rows = []
    for number, (size, good) in enumerate(zip(sizes, hits, strict=True)):
        day = pd.Timestamp(first) + pd.Timedelta(days=every * number)
        rows += [
            (f"B{number:03d}", day, day + pd.Timedelta(days=60) if n < good else pd.NaT) for n in range(size)
        ]
    return pd.DataFrame(rows, columns=["batch_id", "exported_on", "delivered_on"])


def test_a_source_that_falls_behind_the_others_is_named():
    deals = deal_world(3, 6000)
    bad = (deals["lead_source"] == "Partner") & (deals["closed_on"] >= "2024-04-15")
    deals.loc[bad & (np.arange(len(deals)) % 3 > 0), "outcome"] = "lost"
    found = findings(rule(SOURCES, field="lead_source", limit=3.0), Seen(deals), day=UNTIL)
    assert [f.subject for f in found] == ["lead source Partner"]
    assert "stands below the others" in found[0].sentence


def test_the_chance_of_a_look_is_the_tail_of_its_table():
    look = looks(rule(SOURCES, field="lead_source"), Seen(deal_world(1, 6000)), day=UNTIL)[0]
    assert 0 < look.chance <= 0.02276  # the tail of two standard deviations
    lost = looks(rule(IMPACT, field="region"), Seen(deal_world(1, 6000)), day=UNTIL)
    assert all(0 < one.chance <= 0.02276 for one in lost)


def test_more_lost_deals_than_the_pace_before_are_seen():
    deals = deal_world(4, 4000)
    again = deals[
        (deals["region"] == "India") & (deals["closed_on"] >= "2024-04-20") & (deals["outcome"] == "lost")
    ]
    doubled = pd.concat([deals, *[again.assign(deal_id=again["deal_id"] + f"x{n}") for n in range(2)]])
    found = findings(rule(IMPACT, field="region", limit=3.0), Seen(doubled), day=UNTIL)
    assert [f.subject for f in found] == ["region India"]
    assert not findings(rule(IMPACT, field="region", limit=3.0), Seen(deals), day=UNTIL)


def test_longer_cycles_are_seen_with_both_medians():
    deals = deal_world(5, 8000, days=800)  # deals go on being created: without new ones the late ones remain
    late = (deals["closed_on"] >= "2024-04-15") & (deals["outcome"] == "won")
    found = findings(
        rule(LONG_CYCLES, limit=3.0),
        Seen(
            deals.assign(
                created_on=deals["created_on"].where(~late, deals["created_on"] - pd.Timedelta(days=40))
            )
        ),
        day=UNTIL,
    )
    assert [f.subject for f in found] == ["all deals"]
    assert "take longer" in found[0].sentence
    assert not findings(rule(LONG_CYCLES, limit=3.0), Seen(deals), day=UNTIL)


def test_a_slow_fall_is_signalled_and_an_unchanged_year_hardly_ever():
    deals = deal_world(6, 3000)
    rng = np.random.default_rng(6)
    # Windows of 365 days from 2000-01-03: one begins on 2023-12-28; from then on 12 points fewer are won.
    late = (
        (deals["closed_on"] >= "2023-12-28") & (deals["outcome"] == "won") & (rng.random(len(deals)) < 0.25)
    )
    deals.loc[late, "outcome"] = "lost"
    found = findings(rule(SLOW_FALL, days=120), Seen(deals), day=UNTIL)
    assert [f.subject for f in found] == ["all deals"]
    assert "the CUSUM signalled on" in found[0].sentence
    quiet = sum(
        bool(replay(rule(SLOW_FALL), Seen(deal_world(100 + n, 3000)), until=UNTIL, days=150))
        for n in range(12)
    )
    assert quiet <= 3  # 5 % of 12 years is .6; more than 3 has a chance of 2 in 1,000


def test_a_source_that_changed_sides_is_seen():
    deals = deal_world(7, 8000)
    rng = np.random.default_rng(7)
    partner, late = deals["lead_source"] == "Partner", deals["closed_on"] >= "2024-04-15"
    chance = np.where(partner, np.where(late, 0.15, 0.65), 0.45)
    deals["outcome"] = np.where(rng.random(len(deals)) < chance, "won", "lost")
    found = findings(rule(SIGN, field="lead_source"), Seen(deals), day=UNTIL)
    assert "lead source Partner" in [f.subject for f in found]
    assert "changed sides" in found[0].sentence
    assert not findings(rule(SIGN, field="lead_source"), Seen(deal_world(7, 8000)), day=UNTIL)


def test_a_batch_that_came_of_age_far_below_the_others_is_named():
    companies = exported([100] * 12, [12] * 11 + [1])
    # Batch 11 left on 2023-06-05 and came of age on 2023-10-03.
    seen = Seen(deal_world(1, 0), companies, 120)
    found = findings(rule(BATCHES, limit=2.0, days=14), seen, day=date(2023, 10, 5))
    assert [f.subject for f in found] == ["batch B011"]
    assert "1 of 100 companies were delivered within 120 days" in found[0].sentence
    assert findings(rule(BATCHES, days=14), seen, day=date(2023, 10, 2)) == []  # not of age yet
    look = looks(rule(BATCHES, days=14), seen, day=date(2023, 10, 5))[0]
    # 133 deliveries among 1,200 companies, batches of 100: at or below 5 in 1.3 %, the largest tail under 2.28 %.
    tails = hypergeom.cdf(np.arange(101), 1200, 133, 100)
    assert look.chance == pytest.approx(tails[tails <= 0.02276].max(), rel=1e-3)


@pytest.mark.parametrize("kind", TESTED)
def test_nothing_to_look_at_shows_nothing(kind):
    empty = Seen(deal_world(1, 0))
    assert looks(rule(kind), empty, day=UNTIL) == []
    assert false_alarm_rate(rule(kind), empty, day=UNTIL) is None
    few = Seen(deal_world(1, 25), exported([5], [1]))
    assert looks(rule(kind), few, day=UNTIL) == []


@pytest.mark.prove
@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (WIN_RATE, None),
        (WIN_RATE, "region"),
        (SOURCES, "lead_source"),
        (IMPACT, "region"),
        (LONG_CYCLES, None),
    ],
)
def test_stated_against_measured_false_alarms(kind, field):
    said, fired, number = [], 0, 0
    tried = rule(kind, field=field, days=30)
    for seed in range(300):
        seen = Seen(deal_world(30_000 + seed, 6000, days=800))
        for n in range(10):
            day = date(2024, 3, 1) + timedelta(days=30 * n)
            rate = false_alarm_rate(tried, seen, day=day)
            if rate is not None:
                number += 1
                said.append(rate[0])
                fired += bool(findings(tried, seen, day=day))
    show(
        f"{kind} by {field or 'nothing'}: stated {100 * np.mean(said):.2f} %, measured {100 * fired / number:.2f} % of {number:,} looks."
    )
    # A tenth, and what {number} looks leave to chance: three standard errors.
    assert fired / number == pytest.approx(np.mean(said), rel=0.1, abs=3 * np.sqrt(np.mean(said) / number))


@pytest.mark.prove
def test_stated_against_measured_false_alarms_of_batches():
    rng, said, fired, number = np.random.default_rng(5), [], 0, 0
    tried = rule(BATCHES, days=14)
    for _ in range(1500):
        sizes = rng.integers(60, 140, 14)
        seen = Seen(deal_world(1, 0), exported(sizes, rng.binomial(sizes, 0.1)), 120)
        day = date(2023, 10, 31)
        rate = false_alarm_rate(tried, seen, day=day)
        said.append(rate[0])
        fired += bool(findings(tried, seen, day=day))
        number += 1
    show(
        f"batch anomaly: stated {100 * np.mean(said):.2f} %, measured {100 * fired / number:.2f} % of {number:,} looks."
    )
    assert fired / number == pytest.approx(np.mean(said), rel=0.1, abs=3 * np.sqrt(np.mean(said) / number))
