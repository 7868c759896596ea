"""The pictures of the accuracy report, and its page: a whole demo year, nothing yet, deals."""

from __future__ import annotations

import pandas as pd
import pytest
from demo_years import loaded
from page_words import opened, said

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
    assert len(app.get("plotly_chart")) == 2
    assert [heading.value for heading in app.subheader][-1] == "Did it get better?"
    assert all(len(table.value) <= 500 for table in app.dataframe)


@pytest.mark.parametrize("rates", [[0.1, None], [0.0, 1.0]])
def test_the_pictures_stand_with_missing_groups(rates):
    table = pd.DataFrame({"score_from": [0, 50], "score_to": [49, 100], "cases": [10, 20], "hits": [1, 2],
                          "chance": [0.05, 0.1], "rate": rates, "low": [0.0, 0.1], "high": [0.3, 1.0]})  # fmt: skip
    known = table["rate"].notna().sum()
    figure = reliability_figure(table)
    assert len(figure.data[1].x) == known
    bands = table.assign(band=["0–29", "30–49"])
    assert len(bands_figure(bands, overall_rate=0.1).data[0].x) == known
