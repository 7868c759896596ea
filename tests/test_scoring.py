"""Scores by hand arithmetic, every reason to leave a lead out, and parts that sum to the score."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lead_frames import ICP, PARTS, TODAY, changed, frame, lead_row, one, scored

from errors import ConfigError, InputError
from scoring import score_leads

# ---- the formula ----


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        # .50 x signal + .25 x onsite + .25 x freshness
        ({}, 100),  # 50 + 25 + 25
        ({"signal_strength": "Medium"}, 85),  # 35 + 25 + 25
        (
            {"signal_strength": "Low", "signal_date": pd.Timestamp("2026-02-04")},
            63,
        ),  # 20 + 25 + 17.5 = 62.5, up
        ({"signal_strength": "Low", "sic_code": "5511"}, 63),  # 20 + 17.5 + 25 = 62.5, up, not 62 (to even)
        ({"sic_code": "5511"}, 93),  # 50 + 17.5 + 25 = 92.5, up, not 92
        ({"sic_code": "3999", "signal_date": pd.Timestamp("2026-01-28")}, 70),  # 50 + 10 + 10, 14 days old
        ({"signal_strength": None}, 70),  # 20 + 25 + 25: unknown scores 40
    ],
)
def test_intent_scores(changes: dict[str, Any], score: int) -> None:
    assert one("intent", **changes)["score"] == score


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        # .50 x proximity + .30 x onsite + .20 x employees
        ({}, 94),  # 50 + 30 + 14
        ({"distance_miles": 12.0, "employee_count": 120}, 79),  # 35 + 30 + 14
        ({"distance_miles": 5.0, "employee_count": 100}, 88),  # 50 + 30 + 8: both ends belong to the band
        ({"distance_miles": 5.01, "employee_count": 101}, 87),  # 42.5 + 30 + 14 = 86.5, up, not 86 (to even)
        ({"distance_miles": 10.0, "employee_count": 501}, 93),  # 42.5 + 30 + 20 = 92.5, up
        ({"distance_miles": 25.0, "sic_code": "9229", "employee_count": 50}, 55),  # 35 + 12 + 8
        ({"distance_miles": None}, 79),  # 35 + 30 + 14: an unknown distance scores 70
        ({"employee_count": None}, 88),  # 50 + 30 + 8: unknown scores as the lowest band
    ],
)
def test_geography_scores(changes: dict[str, Any], score: int) -> None:
    assert scored(lead_row(**changes), lead_row())["score"].iloc[0] == score


def test_bands_beyond_the_radius_still_score() -> None:
    far = {"options": {"radius_miles": 100}}
    assert one(distance_miles=50.0, **far)["score"] == 69  # 25 + 30 + 14
    assert one(distance_miles=50.1, **far)["score"] == 59  # 15 + 30 + 14


def test_every_combination_of_scores_is_rounded_half_up_once() -> None:
    # Decimal arithmetic is the other party: all 4 x 3 x 3 and 5 x 3 x 3 combinations and several factors.
    strengths = {"High": 100, "Medium": 70, "Low": 40}
    sics = {"7011": 100, "5511": 70, "3999": 40}
    ages = {0: 100, 3: 100, 4: 70, 7: 70, 8: 40, 14: 40}
    miles = {0.0: 100, 5.0: 100, 7.0: 85, 11.0: 70, 25.5: 50, 51.0: 30}
    sizes = {60: 40, 101: 70, 4999: 100}
    for factor in ("1.0", "0.9", "1.1", "0.35", "2.0", "0.0"):
        expected, rows = [], []
        for (strength, a), (sic, b), (age, c) in product(strengths.items(), sics.items(), ages.items()):
            rows.append(
                lead_row(signal_strength=strength, sic_code=sic, signal_date=TODAY - timedelta(days=age))
            )
            expected.append(Decimal("0.50") * a + Decimal("0.25") * b + Decimal("0.25") * c)
        intent = scored(*rows, workflow="intent", environment_factor=float(factor))
        assert intent["score"].tolist() == [half_up(value, factor) for value in expected]
        expected, rows = [], []
        for (mile, a), (sic, b), (size, c) in product(miles.items(), sics.items(), sizes.items()):
            rows.append(lead_row(distance_miles=mile, sic_code=sic, employee_count=size))
            expected.append(Decimal("0.50") * a + Decimal("0.30") * b + Decimal("0.20") * c)
        geography = scored(*rows, radius_miles=100, environment_factor=float(factor))
        assert geography["score"].tolist() == [half_up(value, factor) for value in expected]


def half_up(value: Decimal, factor: str) -> int:
    return min(100, int((value * Decimal(factor)).quantize(Decimal(1), ROUND_HALF_UP)))


def test_the_parts_by_hand() -> None:
    row = one(
        "intent",
        signal_strength="Low",
        signal_date=pd.Timestamp("2026-02-04"),
        options={"environment_factor": 1.1},
    )
    # 20 + 25 + 17.5 = 62.5; x 1.1 = 68.75, so the factor adds 6.25; rounded to 69 adds .25; no cap.
    assert row[["signal_strength_score", "onsite_likelihood_score", "freshness_score"]].tolist() == [
        40,
        100,
        70,
    ]
    assert row[["signal_strength_points", "onsite_likelihood_points", "freshness_points"]].tolist() == [
        20,
        25,
        17.5,
    ]
    assert row[list(PARTS)].tolist() == pytest.approx([6.25, 0.25, 0], abs=1e-9)
    assert (row["score"], row["environment_factor"], row["segment_factor"]) == (69, 1.1, 1.0)
    row = one("intent", options={"environment_factor": 1.5})
    # 100 x 1.5 = 150, cut to 100: the factor adds 50 and the cap takes them.
    assert row[list(PARTS)].tolist() == [50, 0, -50]
    assert row["score"] == 100


def test_a_half_that_binary_fractions_lose_is_rounded_up_all_the_same() -> None:
    # 85 x 0.7 = 59.5 by hand and 59.49999999999999 as floats
    assert one("intent", options={"environment_factor": 0.7}, signal_strength="Medium")["score"] == 60


@pytest.mark.parametrize(
    ("score", "priority"),
    [
        (80, "High"),
        (79, "Medium"),
        (60, "Medium"),
        (59, "Low"),
        (40, "Low"),
        (39, "Very Low"),
        (0, "Very Low"),
        (100, "High"),
    ],
)
def test_priority(score: int, priority: str) -> None:
    # 100 points times score/100 is the score itself.
    row = one("intent", options={"environment_factor": score / 100})
    assert (row["score"], row["priority"]) == (score, priority)


# ---- who is left out ----


@pytest.mark.parametrize(
    ("workflow", "changes", "reason"),
    [
        ("intent", {"sic_code": "4213"}, "The SIC code is not in the filter."),
        ("intent", {"sic_code": None}, "No SIC code."),
        ("intent", {"employee_count": 49}, "Fewer than 50 employees."),
        ("intent", {"employee_count": 0}, "Fewer than 50 employees."),
        ("intent", {"employee_count": 5001}, "More than 5,000 employees."),
        ("intent", {"signal_date": pd.Timestamp("2026-01-27")}, "The signal is older than 14 days."),
        ("intent", {"signal_date": None}, "The age of the signal is unknown."),
        ("intent", {"signal_date": None, "signal_strength": None}, "The company has no intent signal."),
        ("geography", {"distance_miles": 25.1}, "Outside the radius of 25 miles."),
        ("geography", {"sic_code": "4213", "distance_miles": 99.0}, "The SIC code is not in the filter."),
    ],
)
def test_reasons(workflow: str, changes: dict[str, Any], reason: str) -> None:
    row = scored(lead_row(**changes), lead_row(), workflow=workflow).iloc[0]
    assert row["excluded"] == reason
    assert pd.isna(row["score"])
    assert pd.isna(row["priority"])


@pytest.mark.parametrize(
    ("workflow", "changes"),
    [
        ("intent", {"employee_count": 50}),
        ("intent", {"employee_count": 5000}),
        ("intent", {"employee_count": None}),
        ("intent", {"signal_date": pd.Timestamp("2026-01-28")}),
        ("intent", {"distance_miles": 900.0}),  # the radius is a matter of geography
        ("geography", {"distance_miles": 25.0}),
        ("geography", {"distance_miles": None}),
        ("geography", {"signal_date": None, "signal_strength": None}),
    ],
)
def test_the_edges_stay_in(workflow: str, changes: dict[str, Any]) -> None:
    row = scored(lead_row(**changes), lead_row(), workflow=workflow).iloc[0]
    assert pd.isna(row["excluded"])
    assert row["score"] >= 0


def test_a_lead_without_sic_scores_the_default_where_that_is_allowed() -> None:
    icp = changed(("allow_unknown_sic: false", "allow_unknown_sic: true"))
    row = one(icp=icp, sic_code=None)
    assert (row["onsite_likelihood_score"], row["score"]) == (40, 76)  # 50 + 12 + 14
    assert row["flags"] == "SIC code unknown: scored 40"
    assert one(icp=icp, sic_code="4213")["excluded"] == "The SIC code is not in the filter."


def test_a_code_in_the_filter_without_a_score_takes_the_default() -> None:
    row = one(icp=changed(('    - "3531"', '    - "4213"\n    - "3531"')), sic_code="4213")
    assert row["onsite_likelihood_score"] == 40
    assert row["flags"] == "SIC code without a score of its own: scored 40"


def test_with_the_size_filter_off_the_nearest_band_counts() -> None:
    icp = changed(("    min: 50\n    max: 5000", "    min: null\n    max: null"))
    low, high = (one(icp=icp, employee_count=count) for count in (10, 90_000))
    assert (low["employee_scale_score"], high["employee_scale_score"]) == (40, 100)
    assert low["flags"] == "Number of employees below all bands: scored as 50-100"
    assert pd.isna(high["flags"])


def test_unknown_size_follows_the_lowest_band_when_its_score_changes() -> None:
    icp = changed(
        ('{label: "50-100", min: 50, max: 100, score: 40}', '{label: "50-100", min: 50, max: 100, score: 90}')
    )
    assert one(icp=icp, employee_count=None)["employee_scale_score"] == 90


# ---- flags, ages, distances, segments ----


def test_flags_say_what_was_assumed() -> None:
    row = one(employee_count=None, distance_miles=None, zip_code=None, options={"center_zip": "75201"})
    assert row["flags"] == "Distance unknown: scored 70; Number of employees unknown: scored as 50-100"
    assert pd.isna(one()["flags"])
    row = one("intent", signal_date=pd.Timestamp("2026-02-12"))
    assert row["flags"] == "The signal is dated in the future: its age counts as 0 days"
    assert (row["age_days"], row["freshness"], row["score"]) == (0, "Hot", 100)
    row = one("intent", signal_strength="Strong")
    assert (row["signal_strength_score"], row["flags"]) == (
        40,
        "Signal strength without a score of its own: scored 40",
    )


@pytest.mark.parametrize(
    ("day", "age", "freshness"),
    [("2026-02-11", 0, "Hot"), ("2026-02-08", 3, "Hot"), ("2026-02-07", 4, "Warm"), ("2026-02-04", 7, "Warm"),
     ("2026-02-03", 8, "Cooling"), ("2026-01-28", 14, "Cooling"), ("2026-01-27", 15, None)],
)  # fmt: skip
def test_age_and_freshness_stand_in_both_workflows(day: str, age: int, freshness: str | None) -> None:
    for workflow in ("intent", "geography"):
        row = one(workflow, signal_date=pd.Timestamp(day))
        assert row["age_days"] == age
        assert row["freshness"] == freshness if freshness else pd.isna(row["freshness"])


def test_the_time_of_day_does_not_make_a_signal_older() -> None:
    late = one("intent", signal_date=pd.Timestamp("2026-02-09T23:59:59"))
    assert late["age_days"] == 2
    leads = frame(lead_row())
    assert score_leads(leads, ICP, workflow="intent", today=datetime(2026, 2, 11, 23, 0))["age_days"][0] == 2


def test_missing_distances_are_measured_from_the_centre() -> None:
    # Dallas to Fort Worth is about 31 miles: outside 25, in the band 25-50 within 40.
    rows = [lead_row(distance_miles=None, zip_code=z) for z in ("75201", "76102", "00000")] + [lead_row()]
    result = scored(*rows, center_zip="75201")
    assert result["distance_miles"].iloc[0] == 0
    assert result["distance_miles"].iloc[1] == pytest.approx(31, abs=1)
    assert np.isnan(result["distance_miles"].iloc[2])
    assert result["distance_miles"].iloc[3] == 4.2  # the file's own stays
    assert result["excluded"].notna().tolist() == [False, True, False, False]
    wider = scored(*rows, center_zip="75201", radius_miles=40)
    assert wider["proximity_score"].tolist() == [100, 50, 70, 100]
    assert wider["flags"].notna().tolist() == [False, False, True, False]


def test_geography_without_centre_and_distances_is_refused() -> None:
    rows = [lead_row(distance_miles=None), lead_row(distance_miles=None)]
    with pytest.raises(InputError, match="needs a ZIP code to measure from: type one under Measure from ZIP"):
        scored(*rows)
    with pytest.raises(InputError, match="needs a ZIP code to measure from: type one under Measure from ZIP"):
        score_leads(frame(*rows).drop(columns="distance_miles"), ICP, workflow="geography", today=TODAY)
    with pytest.raises(InputError, match="five digits"):
        scored(*rows, center_zip="Dallas")
    with pytest.raises(InputError, match="not on the map"):
        scored(*rows, center_zip="00000")


def test_intent_notes_the_distance_but_never_fails_for_it() -> None:
    assert one("intent", distance_miles=None, options={"center_zip": "75201"})["distance_miles"] == 0
    assert np.isnan(one("intent", distance_miles=None, options={"center_zip": "Dallas"})["distance_miles"])


def test_intent_on_a_file_without_signals_is_refused() -> None:
    columns = ["signal_strength", "signal_date", "intent_topic"]
    with pytest.raises(InputError, match="company intent sheet"):
        score_leads(frame(lead_row()).drop(columns=columns), ICP, workflow="intent", today=TODAY)
    with pytest.raises(InputError, match="company intent sheet"):
        scored(lead_row(**dict.fromkeys(columns)), workflow="intent")


def test_segments() -> None:
    icp = changed(("    Migration: 1.0", "    Migration: 1.1"), ("    Cold: 1.0", "    Cold: 0.9"))
    rows = [lead_row(segment=name) for name in ("Migration", "existing ", None, "Partner")]
    result = scored(*rows, icp=icp)
    assert result["segment"].tolist() == ["Migration", "Existing", "Cold", "Partner"]
    assert result["segment_factor"].tolist() == [1.1, 1.0, 0.9, 0.9]
    # 94 x 1.1 = 103.4, cut to 100; 94; 94 x .9 = 84.6, up to 85.
    assert result["score"].tolist() == [100, 94, 85, 85]
    assert result["cap"].tolist() == [-3, 0, 0, 0]
    assert result["flags"].iloc[3] == "Segment not in icp.yaml: the factor of Cold was used"
    assert scored(*rows, icp=icp, segment="migration")["segment"].tolist() == [
        "Migration",
        "Existing",
        "Migration",
        "Partner",
    ]
    assert scored(lead_row(), icp=icp, segment="Existing", environment_factor=0.5)["factor"].tolist() == [0.5]
    bare = score_leads(frame(lead_row()).drop(columns="segment"), icp, workflow="geography", today=TODAY)
    assert bare["segment"].tolist() == ["Cold"]
    with pytest.raises(InputError, match="Migration, Existing, Cold"):
        scored(lead_row(), segment="Warm")


@pytest.mark.parametrize("factor", [-0.1, 2.1, float("nan"), float("inf")])
def test_an_environment_factor_out_of_range_is_refused(factor: float) -> None:
    with pytest.raises(ConfigError, match="from 0 to 2"):
        scored(lead_row(), environment_factor=factor)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(InputError, match="intent, geography"):
        scored(lead_row(), workflow="phone")
    for radius in (0, -5, float("nan"), float("inf")):
        with pytest.raises(InputError, match="radius"):
            scored(lead_row(), radius_miles=radius)


# ---- the frame ----


def test_every_lead_comes_back_with_its_columns_and_index() -> None:
    leads = frame(lead_row(), lead_row(sic_code=None), lead_row(distance_miles=99.0)).set_index(
        pd.Index([7, 3, 3])
    )
    leads["of_the_file"] = ["a", "b", "c"]
    before = leads.copy(deep=True)
    result = score_leads(leads, ICP, workflow="geography", today=TODAY)
    assert result.index.tolist() == [7, 3, 3]
    assert list(result.columns[: len(leads.columns)]) == list(leads.columns)
    assert result["of_the_file"].tolist() == ["a", "b", "c"]
    pd.testing.assert_frame_equal(leads, before)  # the leads themselves are left alone
    types = result.dtypes.astype(str)
    assert types[["score", "age_days"]].tolist() == ["Int64", "Int64"]
    assert types[["priority", "excluded", "freshness", "segment", "flags"]].tolist() == ["str"] * 5
    assert types[["factor", "distance_miles", "proximity_points", "rounding"]].tolist() == ["float64"] * 4


@pytest.mark.parametrize("workflow", ["intent", "geography"])
def test_no_lead_at_all(workflow: str) -> None:
    none = score_leads(frame(), ICP, workflow=workflow, today=TODAY)
    some = scored(lead_row(), workflow=workflow)
    assert len(none) == 0
    assert list(none.columns) == list(some.columns)
    assert none.dtypes.astype(str).tolist() == some.dtypes.astype(str).tolist()


def test_all_leads_left_out() -> None:
    result = scored(lead_row(sic_code=None), lead_row(sic_code="4213"))
    assert result["score"].isna().all()
    assert result["excluded"].notna().all()


def test_columns_as_a_form_gives_them() -> None:
    # One lead typed in by hand: object columns, plain ints and dates.
    row = {"sic_code": "7011", "employee_count": 120, "distance_miles": 4.2, "signal_date": date(2026, 2, 9),
           "signal_strength": "High"}  # fmt: skip
    typed = pd.DataFrame([row]).astype("object")
    for workflow, score in (("intent", 100), ("geography", 94)):
        assert score_leads(typed, ICP, workflow=workflow, today=TODAY)["score"].tolist() == [score]


def test_the_same_leads_always_score_the_same() -> None:
    rows = [lead_row(employee_count=count) for count in (50, None, 800)]
    pd.testing.assert_frame_equal(scored(*rows), scored(*rows))


def test_a_further_component_scores_by_its_declaration() -> None:
    icp = changed(
        ("      proximity: 0.50\n", "      proximity: 0.40\n      shifts: 0.10\n"),
        (
            "\n# Dimensions that calibration",
            (
                "\n  shifts:\n    column: shifts\n    dimension: shifts\n    unknown: exclude\n    beyond: exclude\n"
                "    bands:\n      - {label: one, max: 1, score: 20}\n      - {label: more, max: 4, score: 90}\n"
                "\n# Dimensions that calibration"
            ),
        ),
    )
    leads = pd.concat([frame(lead_row())] * 4, ignore_index=True).assign(shifts=[1, 3, None, 5])
    result = score_leads(leads, icp, workflow="geography", today=TODAY)
    # 40 + 30 + 14 = 84, and a tenth of 20 or 90.
    assert result["score"].tolist()[:2] == [86, 93]
    assert result["excluded"].tolist()[2:] == ["Shifts unknown.", "Shifts beyond 4."]
    words = changed(("    unknown: 40\n", "    unknown: Medium\n"))
    assert one("intent", icp=words, signal_strength=None)["signal_strength_score"] == 70
    words = changed(("    unknown: 40\n", "    unknown: exclude\n"))
    assert one("intent", icp=words, signal_strength=None)["excluded"] == "Signal strength unknown."
    assert (
        one("intent", icp=words, signal_strength="Strong")["excluded"] == "Signal strength without a score."
    )
