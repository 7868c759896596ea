"""The regression of winning: against another library, and effects against hand arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world

from analytics.driver_model import (
    REST,
    amount_effect,
    cross_validated_auc,
    deal_design,
    fit_deal_model,
    joint_test,
    label_effects,
    win_chances,
)

FIELDS = ("region", "industry", "product", "lead_source", "amount")


def test_coefficients_are_those_of_another_library():
    from sklearn.linear_model import LogisticRegression

    design = deal_design(deal_world(1, 2000, points={("region", "India"): 0.1}), FIELDS)
    ours = fit_deal_model(design.matrix, design.won)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=500).fit(design.matrix[:, 1:], design.won)
    assert ours.coefficients[0] == pytest.approx(theirs.intercept_[0], abs=1e-4)
    assert ours.coefficients[1:] == pytest.approx(theirs.coef_[0], abs=1e-4)


def test_one_field_alone_gives_the_plain_difference_of_rates():
    # 60 of 100 won against 40 of 100: 20 points; Wald's error sqrt(.24/100 + .24/100) = .0693
    deals = deal_world(1, 200).assign(region=["A"] * 100 + ["B"] * 100)
    deals["created_on"] = pd.Timestamp("2023-02-01")
    deals["outcome"] = ["won"] * 60 + ["lost"] * 40 + ["won"] * 40 + ["lost"] * 60
    design = deal_design(deals, ("region",))
    model = fit_deal_model(design.matrix, design.won)
    effects, errors = label_effects(model, design, "region")
    assert effects == pytest.approx([0.2, -0.2], abs=1e-6)
    assert errors == pytest.approx([0.0693, 0.0693], abs=1e-4)
    # the same as a likelihood: χ² of Wald = (log odds ratio / its error)² = (2·ln 1.5)² / (4·(1/60+1/40)/2)
    z = 2 * np.log(1.5) / np.sqrt(2 / 60 + 2 / 40)
    from scipy.stats import norm

    assert joint_test(model, design.blocks["region"]) == pytest.approx(2 * norm.sf(z), rel=1e-4)
    chance, low, high = win_chances(model, design)
    assert chance[0] == pytest.approx(0.6, abs=1e-6)
    assert (low < chance).all()
    assert (chance < high).all()
    assert np.isnan(label_effects(model, design, "region", without=[0, 1])[0]).all()


def test_the_effect_of_an_amount():
    rng = np.random.default_rng(3)
    deals = deal_world(3, 4000)
    chance = 1 / (1 + np.exp(-0.3 * (np.log2(deals["amount"]) - 13)))
    deals["outcome"] = np.where(rng.random(len(deals)) < chance, "won", "lost")
    design = deal_design(deals, ("amount",))
    effect, error = amount_effect(fit_deal_model(design.matrix, design.won), design)
    truth = (1 / (1 + np.exp(-0.3 * (np.log2(deals["amount"]) - 12))) - chance).mean()
    assert abs(effect - truth) < 3 * error


def test_too_few_deals_and_nothing_to_tell_apart_give_no_design():
    assert deal_design(deal_world(1, 60), FIELDS) is None
    same = deal_world(1, 500).assign(region="A", amount=5.0)
    assert deal_design(same, ("region", "amount")) is None


def test_rare_labels_go_together():
    deals = deal_world(1, 1000)
    deals.loc[:19, "region"] = "Rare"
    deals.loc[20:39, "region"] = "Rarer"
    assert REST in deal_design(deals, ("region",)).labels["region"]
    lone = deal_world(1, 1000)
    lone.loc[:5, "region"] = "Rare"
    assert len(deal_design(lone, ("region",)).labels["region"]) == 4


def test_auc_of_noise_is_one_half_and_of_a_driver_above():
    noise = deal_design(deal_world(1, 3000), FIELDS)
    _, low, high = cross_validated_auc(noise, seed=0)
    assert low < 0.5 < high
    real = deal_design(deal_world(1, 3000, points={("region", "India"): 0.3}), FIELDS)
    assert cross_validated_auc(real, seed=0)[1] > 0.5
