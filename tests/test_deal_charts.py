"""Pictures of deals show what the tables hold."""

from __future__ import annotations

import pytest
from deal_worlds import deal_world

from analytics.deal_charts import change_parts, effects, impact, run_chart
from analytics.win_report import win_report


@pytest.fixture(scope="module")
def report():
    return win_report(deal_world(4, 3000, points={("lead_source", "Partner"): 0.12}))


def test_months_with_limits_and_cohorts(report):
    figure = run_chart(report.months, report.cohorts)
    closing = figure.data[-1]
    assert list(closing.y) == pytest.approx(list(100 * report.months["rate"]))
    assert closing.marker.symbol[-1] == "circle-open"  # the last month is not over
    assert len(figure.data) == 6
    assert len(run_chart(report.months, report.cohorts.head(0)).data) == 5


def test_effects_are_filled_where_they_stand(report):
    figure = effects(report.drivers.values)
    shown = dict(zip(figure.data[0].y, figure.data[0].marker.symbol, strict=True))
    assert shown["Lead source: Partner"] == "circle"
    assert shown["Region: India"] == "circle-open"
    assert "Amount: twice the amount" in shown


def test_parts_and_impact(report):
    parts = change_parts(report.terms)
    assert sum(len(trace.x) for trace in parts.data) == len(report.terms)
    some = report.segments[report.segments["field"] == "region"]
    assert list(impact(some).data[0].x) == list(some["excess"].iloc[::-1])
