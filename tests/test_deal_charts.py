"""Pictures of deals show what the tables hold."""

from __future__ import annotations

import re

import pytest
from deal_worlds import deal_world

from analytics.deal_charts import change_parts, effects, impact, owner_rates, run_chart, stage_stays
from analytics.win_report import win_report


@pytest.fixture(scope="module")
def report():
    return win_report(deal_world(4, 3000, points={("lead_source", "Partner"): 0.12}))


def told(picture: str) -> list[str]:
    """What the marks of a picture say when pointed at, in order."""
    return re.findall('class="(?:track|dot|ring)" title="([^"]*)"', picture)


def test_months_with_limits_and_cohorts(report):
    picture = run_chart(report.months, report.cohorts, alt="Months")
    marks = told(picture)
    assert len(marks) == len(report.months)
    first = report.months.iloc[0]
    assert (
        marks[0]
        == f"closed {first['month']:%b %Y}: {first['won']:,} of {first['deals']:,} ({100 * first['rate']:.1f} %)"
    )
    assert 'class="ring"' in picture[picture.rindex("title=") - 20 :]  # the last month is not over
    assert "By month of creation" in picture
    assert "By month of creation" not in run_chart(report.months, report.cohorts.head(0), alt="Months")
    assert run_chart(report.months.head(0), report.cohorts.head(0), alt="Months") == ""


def test_the_axis_takes_in_the_wide_limits_of_a_thin_month(report):
    def ends_at(months):  # the highest tick, in percent
        picture = run_chart(months, report.cohorts, alt="Months")
        return max(float(tick) for tick in re.findall(r'class="y"[^>]*>([\d.]+)', picture))

    alike = report.months.assign(alarm_high=0.66)
    assert ends_at(alike) < 90
    assert ends_at(alike.assign(alarm_high=[0.9] + [0.66] * (len(alike) - 1))) >= 90


def test_effects_are_filled_where_they_stand(report):
    picture = effects(report.drivers.values, alt="Effects")
    lines = dict(re.findall('class="track" title="([^:]*: [^:]*):.*?class="(dot|ring)"', picture))
    assert lines["Lead source: Partner"] == "dot"
    assert lines["Region: India"] == "ring"
    assert "Amount: twice the amount" in lines


def test_parts_and_impact(report):
    parts = change_parts(report.terms, alt="Parts")
    assert len(told(parts)) == len(report.terms)
    assert "Other rates" in parts
    assert "Young deals" not in parts  # the legend names what is drawn
    some = report.segments[report.segments["field"] == "region"]
    expected = [
        f"{row.value}: {row.excess:.0f} wins missing".replace(": -", ": \u2212") for row in some.itertuples()
    ]
    assert [line.split(",")[0] for line in told(impact(some, alt="Impact"))] == expected


def test_owners_beside_the_rate_of_all(report):
    picture = owner_rates(report.owners, overall_rate=0.4, alt="Owners")
    assert len(told(picture)) == len(report.owners)
    assert picture.count('class="all"') == len(report.owners)


def test_a_stage_that_half_have_not_left_has_no_mark():
    import pandas as pd

    stages = pd.DataFrame({
        "stage": ["Proposal", "Contract"], "median_days": [12.0, float("nan")], "median_low": [8.0, float("nan")],
        "median_high": [float("nan")] * 2, "still_in": [3, 9], "entered": [40, 9],
    })  # fmt: skip
    assert told(stage_stays(stages, alt="Stays")) == [
        "Proposal: half have left after 12 days, 3 of 40 are still there"
    ]
