"""One lead under the lamp: every figure from hand arithmetic."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from icp import parse_icp, read_icp
from lead_test import most_alike, one_lead, parts_told, scores_by_version, what_would_change

ICP = read_icp(Path(__file__).resolve().parents[1] / "config")
TODAY = date(2026, 2, 11)
HOTEL = {
    "company_name": "Oak Inn",
    "sic_code": "7011",
    "employee_count": 120,
    "distance_miles": 8.0,
    "state": "TX",
}


def changes(workflow="geography", **values):
    lead = one_lead(**(HOTEL | values))
    table = what_would_change(lead, ICP, workflow=workflow, today=TODAY)
    return {(row.part, row.value): (row.score, row.difference) for row in table.itertuples()}


def test_what_would_change_a_score_and_by_how_much():
    # now: 0.5 x 85 + 0.3 x 100 + 0.2 x 70 = 42.5 + 30 + 14 = 86.5, rounded half up 87
    found = changes()
    assert found["proximity", "0-5"] == (94, 7)  # 50 + 30 + 14
    assert found["proximity", "10-25"] == (79, -8)  # 35 + 30 + 14
    assert found["employee_scale", "501+"] == (93, 6)  # 42.5 + 30 + 20 = 92.5
    assert found["employee_scale", "50-100"] == (81, -6)  # 42.5 + 30 + 8 = 80.5
    assert found["onsite_likelihood", "3999"] == (69, -18)  # 42.5 + 12 + 14 = 68.5
    assert ("proximity", "5-10") not in found  # as it is
    assert ("onsite_likelihood", "8062") not in found  # scores 100 as well


def test_the_largest_gain_comes_first():
    table = what_would_change(one_lead(**HOTEL), ICP, workflow="geography", today=TODAY)
    assert table["value"].iloc[0] == "0-5"
    assert table["difference"].dropna().is_monotonic_decreasing
    # those beyond the radius of 25 miles are last, with the reason
    assert table["excluded"].dropna().tolist() == ["Outside the radius of 25 miles."] * 2


def test_a_lead_that_is_left_out_is_told_what_would_bring_it_in():
    found = changes("intent", signal_strength="High", signal_date=pd.Timestamp("2026-01-01"))
    # 0.5 x 100 + 0.25 x 100 + 0.25 x (100, 70, 40)
    assert {key: score for key, (score, _) in found.items()} == {
        ("freshness", "Hot"): 100, ("freshness", "Warm"): 93, ("freshness", "Cooling"): 85,
    }  # fmt: skip


def test_earlier_versions_give_their_own_score():
    earlier = parse_icp(ICP.text.replace('"7011": 100', '"7011": 46'))
    table = scores_by_version(one_lead(**HOTEL), [(2, ICP), (1, earlier)], workflow="geography", today=TODAY)
    # 42.5 + 0.3 x 46 + 14 = 70.3
    assert table[["version", "score"]].to_numpy().tolist() == [[2, 87], [1, 70]]
    assert table["onsite_likelihood_points"].tolist() == pytest.approx([30.0, 13.8])
    assert scores_by_version(one_lead(**HOTEL), [], workflow="geography", today=TODAY).empty


def past(*rows):
    names = ["sic_code", "employee_count", "state", "distance_miles", "signal_strength"]
    types = {"sic_code": "str", "state": "str", "signal_strength": "str", "employee_count": "Int64",
             "distance_miles": "float64"}  # fmt: skip
    return pd.DataFrame(rows, columns=names).astype(types)


def test_the_most_alike_come_first_with_gower_s_distance():
    table = past(
        ("8062", 120, "TX", 8.0, None),  # another group: 1 of 4 parts
        ("7011", 1200, "TX", 8.0, None),  # ten times as large: log 10 / log 100 = 0.5 of 4 parts
        ("7021", 120, "TX", 33.0, None),  # same group 0.5, 25 of 50 miles 0.5
        ("7011", 120, "TX", 8.0, None),
        (None, None, None, None, None),
    )
    found = most_alike(HOTEL, table)
    assert found["distance"].tolist() == pytest.approx([0, 0.125, 0.25, 0.25, 1])
    assert found["sic_code"].tolist()[:4] == ["7011", "7011", "8062", "7021"]
    assert len(most_alike(HOTEL, table, many=2)) == 2


def test_nothing_known_and_nobody_there():
    assert most_alike({}, past(("7011", 1, "TX", 1.0, "High")))["distance"].tolist() == [1.0]
    assert most_alike(HOTEL, past()).empty


def test_what_a_score_is_made_of_in_words():
    scored = pd.DataFrame(
        {"proximity_points": [50.0, 42.5, float("nan")], "employee_scale_points": [14.0, 0.0, float("nan")],
         "factor_points": [0.0, -4.25, float("nan")], "cap": [0.0, 0.0, float("nan")]},
        index=[7, 8, 9],
    )  # fmt: skip
    assert parts_told(scored).to_dict() == {
        7: "50 proximity + 14 employee scale", 8: "42.5 proximity − 4.25 factor", 9: "",
    }  # fmt: skip
