"""Sites of the demo: inside the filters, at real distances, in the planned sizes."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from demo_years import CONFIG

from demo_names import CompanyNames
from demo_rates import size_bands, size_counts
from demo_sites import OPERATORS, SitePlan, draw_employees, draw_far_place, draw_places, draw_sites
from geo import miles_from
from icp import in_filter, read_icp

DAY = date(2026, 2, 11)


def drawn(workflow: str, center_zip: str | None, radius_miles: float = 25.0, size: int = 80):
    rng = np.random.default_rng(2)
    plan = SitePlan(3, DAY, workflow, center_zip, radius_miles)
    return draw_sites(rng, CompanyNames(rng), plan, size, first_id=70)


@pytest.mark.parametrize("center", [row[0] for row in OPERATORS])
@pytest.mark.parametrize("radius", [25.0, 50.0])
def test_every_operator_has_sites_around(center: str, radius: float) -> None:
    sites = drawn("geography", center, radius, size=30)
    zips = pd.Series([site["zip_code"] for site in sites])
    measured = miles_from(center, zips)
    assert (measured <= radius).all()
    assert measured.tolist() == pytest.approx([site["miles"] for site in sites])


def test_sites_pass_the_filters_and_have_fresh_signals() -> None:
    icp = read_icp(CONFIG)
    sites = drawn("intent", None)
    assert [site["company_id"] for site in sites] == list(range(70, 150))
    assert all(in_filter(icp, "sic_code", site["sic_code"]) for site in sites)
    assert all(50 <= site["employees"] <= 5000 for site in sites)
    assert all(DAY - timedelta(days=13) <= site["signal_date"] <= DAY for site in sites)
    assert all(60 <= site["intent_score"] <= 100 for site in sites)
    assert all(np.isnan(site["miles"]) for site in sites)


def test_the_intent_lists_of_an_operator_reach_beyond_fifty_miles() -> None:
    miles = [site["miles"] for site in drawn("intent", "75201")]
    assert max(miles) > 50
    assert min(miles) <= 5


def test_employees_come_in_the_sizes_that_the_rates_ask_for() -> None:
    codes = ["7011"] * 150 + ["8062"] * 150
    employees = draw_employees(np.random.default_rng(5), codes)
    assert Counter(size_bands(employees)) == Counter({k: n for k, n in size_counts(codes).items() if n})
    large = size_bands(employees[:150]).count("501+"), size_bands(employees[150:]).count("501+")
    assert large[1] > large[0]  # hospitals are large more often


def test_most_places_lie_near_an_operator_and_the_far_one_does_not() -> None:
    where = draw_places(np.random.default_rng(1), 2000)
    nearest = pd.concat([miles_from(row[0], where["zip_code"]) for row in OPERATORS], axis=1).min(axis=1)
    # Three in four are drawn near, a part of the others happens to be: 0.75 ± 0.03 (3 sd of 2,000) and more.
    assert 0.72 < (nearest <= 60).mean() < 0.95
    far = draw_far_place(np.random.default_rng(1), "02139")
    assert 60 < miles_from("02139", pd.Series([far["zip_code"]])).iloc[0] < 200
