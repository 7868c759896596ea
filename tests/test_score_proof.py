"""Current against suggested scores on later leads: a planted world is told apart from noise, and the future is not read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.score_proof import prove_scores
from icp import read_icp

ICP = read_icp(Path(__file__).resolve().parents[1] / "config")
AS_OF = date(2026, 6, 30)


def world(rates: dict[str, float], *, leads: int = 3000, seed: int = 3) -> pd.DataFrame:
    """Historical leads over two years: each SIC delivers at its rate after 30 to 60 days."""
    rng = np.random.default_rng(seed)
    sic = rng.choice(list(rates), leads)
    started = pd.Timestamp("2024-06-01") + pd.to_timedelta(rng.integers(0, 730, leads), unit="D")
    won = rng.random(leads) < np.array([rates[code] for code in sic])
    delivered = started + pd.to_timedelta(rng.integers(30, 61, leads), unit="D")
    missing = pd.Series([None] * leads, dtype="str")
    return pd.DataFrame(
        {
            "source": "historical", "lead_id": range(leads), "batch_id": missing, "sic_code": pd.Series(sic, dtype="str"),
            "employee_count": pd.Series([120] * leads, dtype="Int64"), "state": missing, "zip_code": missing,
            "distance_miles": np.full(leads, np.nan), "signal_strength": missing, "workflow_type": missing,
            "hades_score": pd.Series([None] * leads, dtype="Int64"), "started_on": started,
            "delivered_on": pd.Series(delivered).where(pd.Series(won)),
        }
    )  # fmt: skip


def proof(frame: pd.DataFrame, **options):
    return prove_scores(
        frame, ICP, **({"as_of": AS_OF, "estimator": "shrunk", "top": 50, "seed": 1} | options)
    )


def test_scores_that_were_wrong_are_proved_wrong() -> None:
    """7011 and 8062 have 100 in force and deliver least, 3999 has 40 and delivers most."""
    found = proof(world({"7011": 0.04, "8062": 0.04, "3999": 0.30}))
    assert found.word == "ready"
    assert found.auc_current < 0.5 < found.auc_suggested
    assert found.auc_low > 0


def test_a_lead_below_every_band_scores_as_the_first_band_does_here_too() -> None:
    """As in scoring.py: 30 employees score what 80 do, under both sets of scores, whatever such leads delivered."""
    same = world({"8361": 0.10})
    parts = [same.assign(employee_count=pd.array([count] * len(same), dtype="Int64")) for count in (80, 30)]
    found = proof(pd.concat(parts, ignore_index=True))
    assert (found.auc_current, found.auc_suggested) == (0.5, 0.5)  # every lead scores the same


def test_right_scores_are_not_ready_to_move() -> None:
    """Rates in proportion to the scores in force, 100 : 70 : 40: nothing better is to be found."""
    found = proof(world({"8361": 0.20, "5511": 0.14, "3999": 0.08}))
    assert found.word != "ready"


def test_too_little_is_a_calm_answer() -> None:
    found = proof(world({"7011": 0.1}, leads=40))
    assert found.word == "not ready"
    assert "too few for a proof" in found.why
    assert proof(world({"7011": 0.1}).iloc[:0]).word == "not ready"


@pytest.mark.parametrize("estimator", ["shrunk", "raw"])
def test_what_comes_after_the_day_changes_nothing(estimator: str) -> None:
    clean = world({"7011": 0.04, "8062": 0.10, "3999": 0.30})
    day = pd.Timestamp("2026-01-31")
    poisoned = clean.copy()
    later = poisoned["started_on"] > day
    poisoned.loc[later, "sic_code"] = "9999"
    poisoned.loc[later, "delivered_on"] = poisoned.loc[later, "started_on"]
    assert later.any()
    before, after = (proof(f, as_of=day.date(), estimator=estimator) for f in (clean, poisoned))
    pd.testing.assert_frame_equal(before.folds, after.folds)
    assert before.why == after.why
