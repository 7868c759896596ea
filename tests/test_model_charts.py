"""The pictures of the model tab."""

from __future__ import annotations

import numpy as np

from analytics.model_charts import reliability_pair
from analytics.model_report import reliability


def test_both_scorers_stand_beside_the_line_with_their_intervals() -> None:
    rng = np.random.default_rng(1)
    chance = rng.uniform(0.02, 0.3, 500)
    hit = rng.random(500) < chance
    tables = {"weights": reliability(np.full(500, hit.mean()), hit), "model": reliability(chance, hit)}
    assert tables["model"]["leads"].tolist() == [100] * 5
    assert tables["model"]["chance"].is_monotonic_increasing
    figure = reliability_pair(tables)
    assert [trace.name for trace in figure.data[1:]] == ["Weights", "Model"]
    assert list(figure.data[2].y) == [100 * rate for rate in tables["model"]["rate"]]
    assert list(figure.data[0].x) == list(figure.data[0].y)  # where chance and rate are equal
