"""What the pictures of the report show: the marks stand where the numbers say."""

import numpy as np
import pandas as pd
import pytest

from analytics.batch_baseline import batches_against, limit_lines
from analytics.calibration_charts import batch_funnel, rate_steps, weight_intervals
from analytics.mix import rate_waterfall

SURE = {"leads": 1e9, "deliveries": 1e8, "rate": 0.1}


def test_batches_stand_at_their_rate_and_strange_ones_are_diamonds_with_their_name():
    days = pd.concat([
        pd.DataFrame({"batch_id": name, "exported_on": day, "delivered_on": ["2025-12-01"] * k + [None] * (n - k)})
        for name, day, n, k in (("HADES-20250601-001", "2025-06-01", 100, 10), ("HADES-20250602-001", "2025-06-02", 100, 30))
    ])  # fmt: skip
    table = batches_against(days, SURE, None, as_of="2026-02-11", maturity_days=120)
    lines = limit_lines(SURE, least=50, most=200)
    assert lines["effective"].iloc[0] == 50
    figure = batch_funnel(table, lines, rate=0.1)
    dots = figure.data[4]
    assert list(dots.y) == pytest.approx([10.0, 30.0])
    assert list(dots.marker.symbol) == ["circle", "diamond"]
    assert list(dots.text) == ["", "20250602-001"]
    assert len(figure.data[5].x) == 0  # no young one


def test_the_steps_lead_from_one_rate_to_the_other():
    rng = np.random.default_rng(1)

    def period(day, rates):
        values = pd.Series(rng.choice(["a", "b"], 400))
        won = rng.random(400) < values.map(rates).to_numpy()
        frame = pd.DataFrame(
            {
                "started_on": pd.Timestamp(day),
                "delivered_on": pd.Series(pd.Timestamp("2025-09-01"), range(400)).where(won),
            }
        )
        return frame, values

    found = rate_waterfall(
        *period("2025-01-01", {"a": 0.1, "b": 0.1}), *period("2025-07-01", {"a": 0.2, "b": 0.1}), as_of="2026-02-11",
        delay=None, horizon_days=120, seed=1, repeats=50,
    )  # fmt: skip
    bars = rate_steps(found).data[0]
    assert [name.split("<br>")[0] for name in bars.x] == [
        "Before",
        "Young leads",
        "Other leads",
        "Other rates",
        "After",
    ]
    assert bars.base[3] + bars.y[3] == pytest.approx(100 * found.after)
    assert "▲" in bars.x[3]


def test_weights_have_no_suggestion_where_nothing_was_found():
    rows = pd.DataFrame({
        "component": ["signal_strength", "freshness"], "current": [0.5, 0.5], "suggested": [0.6, 0.4], "rounded": [0.6, None],
        "low": [0.4, 0.0], "high": [0.8, 1.0], "verdict": ["hold", "too little"],
    })  # fmt: skip
    suggested, force = weight_intervals(rows).data
    assert list(suggested.y) == ["Freshness", "Signal strength"]  # Plotly draws upwards
    assert np.isnan(suggested.x[0])
    assert suggested.x[1] == pytest.approx(60)
    assert list(force.x) == [50, 50]
