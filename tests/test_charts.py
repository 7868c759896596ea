"""What the pictures show: the marks stand where the numbers say."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics import charts


def rows() -> pd.DataFrame:
    return pd.DataFrame({
        "value": ["8361", "7011", "9711"], "leads": [218, 410, 0], "deliveries": [38, 28, 0],
        "rate": [38 / 218, 28 / 410, None], "low": [0.13, 0.05, None], "high": [0.23, 0.10, None],
        "current": [100.0, 100.0, 100.0], "suggested": [100.0, 46.0, None],
    })  # fmt: skip


def test_a_value_without_leads_is_left_out_and_the_rest_keep_their_order_from_the_top() -> None:
    trace = charts.rate_intervals(rows(), overall_rate=0.09).data[0]
    assert list(trace.y) == ["7011", "8361"]  # Plotly draws upwards
    assert list(trace.x) == pytest.approx([100 * 28 / 410, 100 * 38 / 218])
    assert list(trace.error_x.array) == pytest.approx([10 - 100 * 28 / 410, 23 - 100 * 38 / 218])


def test_the_funnel_says_number_and_share() -> None:
    figure = charts.funnel({"exported": 200, "delivery": 18})
    assert list(figure.data[0].text) == ["200 · 100.0%", "18 · 9.0%"]
    assert list(charts.funnel({"exported": 0}).data[0].text) == ["0 · 0.0%"]


def test_the_curve_is_in_percent() -> None:
    curve = pd.DataFrame({"day": [0, 10], "delivered": [0.0, 0.25], "low": [0.0, 0.1], "high": [0.0, 0.5]})
    assert list(charts.delivery_curve(curve).data[2].y) == [0, 25]
