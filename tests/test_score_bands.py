"""Scores by band of Call Priority, beside those of earlier batches."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.score_bands import band_names, bands_figure, beside_batches, score_bands

LIMITS = {"High": 80, "Medium": 60, "Low": 40, "Very Low": 0}


def test_a_band_has_its_limits_in():
    scores = pd.Series([100, 80, 79, 60, 40, 39, 0, None], dtype="Int64")
    table = score_bands(scores, LIMITS)
    assert table["leads"].tolist() == [2, 2, 1, 2]
    assert table["share"].tolist() == pytest.approx([2 / 7, 2 / 7, 1 / 7, 2 / 7])
    assert table["scores"].tolist() == ["80–100", "60–79", "40–59", "0–39"]


def test_no_score_has_no_share():
    assert score_bands(pd.Series([], dtype="Int64"), LIMITS)["share"].isna().all()


def test_the_upload_comes_first_then_the_batches_as_given():
    counted = pd.DataFrame({"batch_id": ["B2", "B2", "B1"], "score": [90, 10, 70], "leads": [3, 1, 5]})
    table = beside_batches(pd.Series([85, 65]), counted, LIMITS)
    assert table["source"].unique().tolist() == ["This upload", "B2", "B1"]
    assert table[table["source"] == "B2"]["leads"].tolist() == [3, 0, 0, 1]
    assert table[table["source"] == "B2"]["share"].tolist() == [0.75, 0, 0, 0.25]
    assert len(bands_figure(table).data) == 4
    assert beside_batches(pd.Series([85]), counted[:0], LIMITS)["source"].unique().tolist() == ["This upload"]


def test_one_band_alone_has_all_scores():
    assert band_names({"All": 0}) == {"All": "0–100"}
