"""The model of leads: what was planted is found, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from model_worlds import planted

from analytics.backtest import auc
from analytics.model_features import candidate_inputs
from analytics.model_fit import fit_model, points_by_weights
from analytics.model_report import scored_by_model
from icp import read_icp


def test_the_model_finds_what_was_planted_and_says_the_same_again(config_dir) -> None:
    icp = read_icp(config_dir)
    leads, hit = planted(np.random.default_rng(6), 4000)
    candidates = candidate_inputs(leads, icp)
    fitted = fit_model(leads, hit, icp, candidates, seed=1)
    new, won = planted(np.random.default_rng(7), 4000)
    score, chance = scored_by_model(new, fitted.model)
    assert auc(score, won) > auc(points_by_weights(new, icp), won) + 0.05
    assert chance.mean() == pytest.approx(won.mean(), abs=0.02)
    assert fitted.used <= fitted.carried + 0.05
    assert score.min() >= 0
    assert score.max() <= 100
    mine, weights = scored_by_model(leads, fitted.model)[0], points_by_weights(leads, icp)
    assert mine.mean() == pytest.approx(weights.mean(), abs=1)  # cuts and priorities keep their meaning
    assert mine.std() == pytest.approx(weights.std(), rel=0.1)
    assert fit_model(leads, hit, icp, candidates, seed=1).model == fitted.model


def test_history_and_the_other_workflow_teach_too(config_dir) -> None:
    icp = read_icp(config_dir)
    leads, hit = planted(np.random.default_rng(8), 3000)
    flows = np.array(["history", "geography", "intent"])[np.arange(3000) % 3]
    leads = leads.assign(
        workflow=flows, distance_miles=leads["distance_miles"].where(flows == "geography"),
        signal_strength=pd.Series(np.where(flows == "intent", "High", None), dtype="str"),
        age_days=np.where(flows == "intent", 2.0, np.nan),
    )  # fmt: skip
    model = fit_model(leads, hit, icp, candidate_inputs(leads, icp), seed=1).model
    for workflow in ("intent", "geography"):
        sic = next(term for term in model.cards[workflow].terms if term.reason == "onsite_likelihood")
        assert sic.values["8361"] > sic.values["8062"] + 0.5  # planted 1.5 apart in log odds
    assert {term.reason for term in model.cards["geography"].terms} >= {"proximity", "employee_scale"}
    assert "signal_strength" not in {term.reason for term in model.cards["geography"].terms}
