"""What holds for every score, the parts of one lead as a page shows them, and whom to call at a company."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_frames import ICP, TODAY, changed, frame, lead_row, one, parts_of, scored

from errors import InputError
from scoring import component_names, explain, score_leads

# ---- properties ----

ROWS = st.fixed_dictionaries(
    {
        "sic_code": st.sampled_from(["7011", "5511", "3999", "4213", None]),
        "employee_count": st.none() | st.integers(0, 9000),
        "distance_miles": st.none() | st.floats(0, 60, allow_nan=False),
        "signal_strength": st.sampled_from(["High", "Medium", "Low", None]),
        "signal_date": st.none() | st.dates(date(2026, 1, 20), date(2026, 2, 14)).map(pd.Timestamp),
        "segment": st.sampled_from(["Migration", "Existing", "Cold", "Partner", None]),
    }
)
LEADS = st.lists(ROWS, min_size=1, max_size=12).map(lambda rows: [lead_row(**row) for row in rows])
FACTORS = st.floats(0, 2, allow_nan=False)
SEGMENTED = changed(
    ("    Migration: 1.0", "    Migration: 1.37"), ("    Existing: 1.0", "    Existing: 0.61")
)


@settings(derandomize=True, max_examples=80, deadline=None)
@given(LEADS, FACTORS, st.sampled_from(["intent", "geography"]))
def test_parts_sum_to_the_score_exactly(rows: list[dict[str, Any]], factor: float, workflow: str) -> None:
    leads = frame(*rows, lead_row())  # one good lead, so that no file is without signals or distances
    result = score_leads(leads, SEGMENTED, workflow=workflow, today=TODAY, environment_factor=factor)
    kept = result[result["score"].notna()]
    assert np.abs(parts_of(kept, workflow) - kept["score"].astype("float64")).max() <= 1e-9
    assert kept["score"].between(0, 100).all()
    assert (kept["cap"] <= 0).all()
    assert kept["rounding"].abs().max() <= 0.5 + 1e-8
    # No row vanishes: each has a score or a reason, never both.
    assert (result["score"].isna() == result["excluded"].notna()).all()
    assert (result["score"].isna() == result["priority"].isna()).all()


@settings(derandomize=True, max_examples=60, deadline=None)
@given(LEADS, FACTORS, st.sampled_from(["intent", "geography"]))
def test_a_factor_changes_no_ranking_but_for_ties(
    rows: list[dict[str, Any]], factor: float, workflow: str
) -> None:
    leads = frame(*rows, lead_row())
    plain = (
        score_leads(leads, ICP, workflow=workflow, today=TODAY)["score"].dropna().astype("int64").to_numpy()
    )
    times = score_leads(leads, ICP, workflow=workflow, today=TODAY, environment_factor=factor)
    turned = times["score"].dropna().astype("int64").to_numpy()
    # Of two leads the better one is never the worse one afterwards.
    better = plain[:, None] > plain[None, :]
    worse = turned[:, None] < turned[None, :]
    assert not (better & worse).any()


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
    st.integers(0, 2),
    st.integers(0, 100),
    FACTORS,
)
def test_more_in_one_component_is_never_less_in_the_score(
    scores: list[int], which: int, more: int, factor: float
) -> None:
    def with_scores(values: list[int]) -> int:
        components = dict(ICP.data["components"])
        for name, value in zip(("signal_strength", "onsite_likelihood"), values, strict=False):
            components[name] = components[name] | {"scores": {"High": value, "7011": value}}
        hot = [{"label": "Hot", "max": 3, "score": values[2]}]
        components["freshness"] = components["freshness"] | {"bands": hot}
        icp = replace(ICP, data=dict(ICP.data) | {"components": components})
        return int(one("intent", icp=icp, options={"environment_factor": factor})["score"])

    raised = list(scores)
    raised[which] = max(scores[which], more)
    assert with_scores(raised) >= with_scores(scores)


# ---- explaining, contacts ----


def test_explain_shows_the_parts_of_one_lead() -> None:
    table = explain(one(distance_miles=12.0, options={"environment_factor": 1.1}), ICP)
    # 35 + 30 + 14 = 79; x 1.1 = 86.9, so 7.9 more; rounded up by .1.
    assert table["part"].tolist() == [
        "employee_scale",
        "proximity",
        "onsite_likelihood",
        "factor",
        "rounding",
        "cap",
        "score",
    ]
    assert table["points"].tolist() == pytest.approx([14, 35, 30, 7.9, 0.1, 0, 87], abs=1e-9)
    assert table["weight"].tolist()[:3] == [0.2, 0.5, 0.3]
    assert table["score"].tolist()[:3] == [70, 70, 100]
    assert table["value"].tolist()[:4] == ["120", "12.0", "7011", "1.1"]
    assert table["points"][:-1].sum() == pytest.approx(table["points"].iloc[-1], abs=1e-9)


def test_explain_a_lead_that_was_left_out() -> None:
    row = scored(lead_row(signal_date=None), lead_row(), workflow="intent").iloc[0]
    table = explain(row, ICP)
    assert table["value"].iloc[-1] == "The age of the signal is unknown."
    assert np.isnan(table["points"].iloc[-1])
    assert table.loc[table["part"] == "freshness", "weight"].tolist() == [0.25]


def test_explain_keeps_the_weight_a_lead_was_scored_with() -> None:
    later = changed(
        (
            "      proximity: 0.50\n      onsite_likelihood: 0.30",
            "      proximity: 0.60\n      onsite_likelihood: 0.20",
        )
    )
    assert explain(one(), later)["weight"].tolist()[:3] == [0.2, 0.5, 0.3]


def test_component_names() -> None:
    assert component_names(ICP, "intent") == ("signal_strength", "onsite_likelihood", "freshness")
    assert component_names(ICP, "geography") == ("proximity", "onsite_likelihood", "employee_scale")
    with pytest.raises(InputError):
        component_names(ICP, "phone")
