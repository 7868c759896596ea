"""Probabilities and risk categories, with and without a trained model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lead_conversion import Scorer, Trained, base_rate, conversions, lead_frame
from lead_schema import read_api_rules

RULES = read_api_rules(Path(__file__).resolve().parents[1] / "config")
NOTHING = base_rate(0, 0, prior_rate=0.1, prior_leads=20)


def test_the_base_rate_gives_way_to_outcomes() -> None:
    assert NOTHING == (0.1, 0, 0, None, None)
    known = base_rate(197, 2198, prior_rate=0.1, prior_leads=20)
    assert known.rate == pytest.approx(199 / 2218)  # (197 + 2) / (2198 + 20)
    # Wilson: SciPy's binomtest(197, 2198).proportion_ci(method="wilson") gives 0.0784, 0.1023
    assert (round(known.low or 0, 4), round(known.high or 0, 4)) == (0.0784, 0.1023)


def test_without_a_model_the_base_rate_answers() -> None:
    scorer = Scorer(RULES.kinds["hades"], NOTHING)
    assert scorer.thresholds == (0.2, 0.1)  # twice and once the base rate
    assert conversions([{"state": "TX"}], scorer) == [(0.1, "Medium", "prior")]
    assert conversions([], scorer) == []
    assert conversions([{"age": 35}], Scorer(RULES.kinds["web"], NOTHING)) == [(0.1, "Low", "prior")]


def test_a_model_sees_one_frame_and_its_thresholds_hold_at_their_ends() -> None:
    seen: list[pd.DataFrame] = []

    def probability(leads: pd.DataFrame) -> np.ndarray:
        seen.append(leads)
        return leads["age"].to_numpy(dtype="float64") / 100

    scorer = Scorer(RULES.kinds["web"], NOTHING, Trained("web-3", probability, {}))
    found = conversions([{"age": n, "location": "Ohio"} for n in (70, 69, 40, 39)], scorer)
    assert [one.risk_category for one in found] == ["High", "Medium", "Medium", "Low"]
    assert {one.model_version for one in found} == {"web-3"}
    assert len(seen) == 1
    assert list(seen[0].columns) == list(RULES.kinds["web"].fields)


def test_a_frame_keeps_what_is_missing_missing() -> None:
    frame = lead_frame(
        [{"employee_count": 120, "sic_code": "0174"}, {"distance_miles": 4.2}], RULES.kinds["hades"]
    )
    assert frame["employee_count"].dtype == "Int64"
    assert frame["sic_code"].tolist()[0] == "0174"
    assert frame.isna().sum().sum() == 2 * len(frame.columns) - 3


@pytest.mark.parametrize("answer", [[0.5], [0.5, np.nan], [0.5, 1.2]])
def test_what_is_no_probability_is_never_answered(answer: list[float]) -> None:
    scorer = Scorer(RULES.kinds["web"], NOTHING, Trained("bad", lambda leads: answer, {}))
    with pytest.raises(ValueError, match="one probability per lead"):
        conversions([{"age": 1}, {"age": 2}], scorer)
