"""The sentences themselves; which verdict is given when stands in test_verdicts and test_calibration_table."""

import pytest
from test_calibration_table import history, table_of

from analytics.recency import recency_weights


def why(counts, current, value, **how):
    return table_of(history(counts), current, **how).loc[value, "why"]


def test_too_little_says_how_many_more_and_how_long_they_take():
    # All 325 leads began within a year: 25 of b's are 25 × 30 / 365 = 2.05 a month.
    row = table_of(history({"a": (300, 30), "b": (25, 2)}), {"a": 100, "b": 100}).loc["b"]
    assert row["pace"] == pytest.approx(25 * 30 / 365)
    assert row["months_to_settle"] == pytest.approx(row["more_leads"] / row["pace"])
    assert f"About {row['more_leads']:,} leads more that are old enough would settle it: " in row["why"]
    assert f"{row['months_to_settle'] / 12:.0f} years at the present pace of 2 a month." in row["why"]


def test_where_nothing_comes_any_more_it_says_so():
    old = history({"a": (300, 30), "b": (25, 2)}, started="2023-01-01", delivered="2023-04-01")
    row = table_of(old, {"a": 100, "b": 100}).loc["b"]
    assert row["pace"] == 0
    assert row["why"].endswith("would settle it; none began in the last year.")


def test_weighting_is_said_with_what_the_leads_are_worth():
    frame = history({"a": (100, 10), "b": (100, 10)})
    frame.loc[frame.index[::2], "started_on"] = "2023-01-01"
    weights = recency_weights(frame, as_of="2026-02-11", half_life_days=365)
    row = table_of(frame, {"a": 100, "b": 70}, weights=weights).loc["a"]
    assert f"worth {row['effective_leads']:.0f} leads as newer ones count more" in row["why"]
    assert row["leads"] == 100
    assert 50 < row["effective_leads"] < 100


def test_no_evidence_and_no_delivery_have_their_own_sentences():
    assert why({None: (10, 1)}, {"a": 100}, "a").startswith(
        "No lead of the history has a value of this dimension"
    )
    assert why({"a": (10, 0)}, {"a": 100}, "a").endswith("there is no best value yet.")
