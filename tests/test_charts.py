"""What the pictures show: the marks stand where the numbers say."""

from __future__ import annotations

import pandas as pd

from analytics import charts


def test_the_funnel_says_number_and_share() -> None:
    figure = charts.funnel({"exported": 200, "delivery": 18})
    assert list(figure.data[0].text) == ["200 · 100.0%", "18 · 9.0%"]
    assert list(charts.funnel({"exported": 0}).data[0].text) == ["0 · 0.0%"]


def test_the_curve_is_in_percent() -> None:
    curve = pd.DataFrame({"day": [0, 10], "delivered": [0.0, 0.25], "low": [0.0, 0.1], "high": [0.0, 0.5]})
    assert list(charts.delivery_curve(curve).data[2].y) == [0, 25]
