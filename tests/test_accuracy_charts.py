"""The pictures of the accuracy report, and its page: a whole demo year, nothing yet, deals."""

from __future__ import annotations

import pandas as pd
import pytest
from demo_years import loaded
from page_words import opened, pictures, said

from analytics.accuracy_charts import bands_figure, reliability_figure

PAGE = "pages/11_Accuracy.py"


def test_nothing_exported_is_a_calm_sentence(places):
    app = opened(PAGE)
    assert not app.exception
    assert not app.error
    assert "No lead is old enough to judge yet" in said(app)
    app.segmented_control(key="of").set_value("Deals").run()
    assert "No deal is closed" in said(app)


def test_the_demo_year_is_judged_with_its_evidence(places):
    loaded(places / "data" / "hades.db")
    app = opened(PAGE)
    assert not app.exception
    assert not app.error
    told = said(app).replace("\\", "")
    assert "AUC" in told
    assert "95 % from" in told
    assert len(pictures(app)) == 2
    assert [heading.value for heading in app.subheader][-1] == "Did it get better?"
    assert all(len(table.value) <= 500 for table in app.dataframe)


@pytest.mark.parametrize("rates", [[0.1, None], [0.0, 1.0]])
def test_the_pictures_stand_with_missing_groups(rates):
    table = pd.DataFrame({"score_from": [0, 50], "score_to": [49, 100], "cases": [10, 20], "hits": [1, 2],
                          "chance": [0.05, 0.1], "rate": rates, "low": [0.0, 0.1], "high": [0.3, 1.0]})  # fmt: skip
    known = table["rate"].notna().sum()
    assert reliability_figure(table, alt="x").count('class="dot"') == known
    bands = table.assign(band=["0–29", "30–49"])
    assert bands_figure(bands, overall_rate=0.1, hit="delivered", alt="x").count('class="dot"') == known


def test_no_group_at_all_is_an_empty_plane_and_no_lines():
    table = pd.DataFrame(
        columns=["score_from", "score_to", "cases", "hits", "chance", "rate", "low", "high", "band"]
    )
    assert 'class="dot"' not in reliability_figure(table, alt="x")
    assert bands_figure(table, overall_rate=0.1, hit="won", alt="x") == ""
