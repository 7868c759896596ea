"""A training from end to end: time split, what is compared, and the warning when a model falls behind."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from model_worlds import planted

from analytics.model_report import behind, chances_by_points, compared, matured_leads, reliability, trained
from icp import read_icp

DAY = pd.Timestamp("2026-03-01")


@pytest.fixture
def icp(config_dir):
    return read_icp(config_dir)


def _world(seed=21, leads=2400, pull=1.5):
    frame, _ = planted(np.random.default_rng(seed), leads, pull=pull)
    features = ["sic_code", "employee_count", "distance_miles", "state"]
    kept = json.loads(frame[features].to_json(orient="records"))
    return frame.drop(columns=features), kept


def test_older_leads_teach_and_only_newer_ones_judge(icp) -> None:
    leads, kept = _world()
    found = trained(leads, kept, icp, as_of=DAY, top=100, seed=1)
    older = leads["started_on"] <= found.cut_off
    assert found.leads == older.sum()
    assert found.report["judged"] == (~older).sum()
    assert found.status == "proposed"
    assert (
        found.report["gains"]["weights"] == found.report["gains"]["now"]
    )  # nothing but the weights is in force
    model = found.report["scorers"][1]
    assert model["auc"] > found.report["scorers"][0]["auc"]
    assert sum(row["leads"] for row in model["reliability"]) == found.report["judged"]
    json.dumps(found.report, allow_nan=False)
    # What the newer leads became changes the verdict, never the model.
    turned = leads.assign(delivered_on=leads["delivered_on"].where(older, leads["started_on"]))
    assert trained(turned, kept, icp, as_of=DAY, top=100, seed=1).model == found.model


def test_young_leads_and_later_deliveries_are_not_seen(icp) -> None:
    leads, kept = _world()
    day = leads["started_on"].iloc[1200] + pd.Timedelta(days=120)
    known, delivered = matured_leads(leads, kept, as_of=day, maturity_days=120)
    assert known["started_on"].max() <= day - pd.Timedelta(days=120)
    late = leads.assign(delivered_on=day + pd.Timedelta(days=1))
    assert not matured_leads(late, kept, as_of=day, maturity_days=120)[1].any()
    assert delivered.any()


def test_a_model_in_force_is_what_the_candidate_is_held_against(icp) -> None:
    leads, kept = _world()
    first = trained(leads, kept, icp, as_of=DAY, top=100, seed=1)
    again = trained(
        leads, kept, icp, as_of=DAY, top=100, seed=1, in_force={"geography": first.model}, not_before=first.cut_off
    )  # fmt: skip
    assert again.model == first.model
    assert again.report["gains"]["now"]["auc_gain"] == 0
    assert again.status == "not better"
    assert [scorer["name"] for scorer in again.report["scorers"]] == ["weights", "model", "in force"]


def test_too_little_is_a_sentence(icp) -> None:
    leads, kept = _world(leads=100)
    found = trained(leads, kept, icp, as_of=DAY, top=100, seed=1)
    assert (found.status, found.model, found.report) == ("too little", None, {})
    assert found.why.startswith(f"{leads['delivered_on'].notna().sum()} deliveries of 100 leads")
    one = trained(leads.assign(delivered_on=pd.NaT), kept, icp, as_of=DAY, top=100, seed=1)
    assert one.why.startswith("0 deliveries of 100 leads")
    history, _ = _world()
    none = trained(history.assign(workflow="history"), _, icp, as_of=DAY, top=100, seed=1)
    assert none.why == "No exported lead is old enough to judge a model on yet, so that none was learned."


def test_it_warns_only_of_a_model_that_falls_behind(icp) -> None:
    leads, kept = _world()
    model = trained(leads, kept, icp, as_of=DAY, top=100, seed=1).model
    options = {"as_of": DAY, "top": 100, "seed": 1}
    assert behind(leads, kept, icp, {"geography": (model, None)}, **options) == {}
    assert behind(leads, kept, icp, {}, **options) == {}
    # The world turns: what was delivered once is not any more.
    _, other = _world(pull=-1.5, seed=22)
    turned, _ = _world(pull=-1.5, seed=22)
    said = behind(turned, other, icp, {"geography": (model, None)}, **options)
    assert "falls behind the weights" in said["geography"]


def test_gains_are_those_of_the_same_leads() -> None:
    rng = np.random.default_rng(3)
    hit = rng.random(800) < 0.2
    good, bad = (
        (hit + rng.standard_normal(800), np.full(800, 0.2)),
        (rng.standard_normal(800), np.full(800, 0.2)),
    )
    found = compared(hit, np.zeros(800), bad, good, top=100, seed=1)
    assert found["auc_low"] > 0.1
    assert found["brier_gain"] == 0
    assert found["lift_gain"] == pytest.approx(found["top_gain"] / (100 * hit.mean()))
    perfect = compared(hit, np.zeros(800), bad, (good[0], hit.astype(float)), top=100, seed=1)
    assert perfect["brier_gain"] == pytest.approx(((0.2 - hit) ** 2).mean())


def test_points_become_chances_that_are_right_on_average() -> None:
    rng = np.random.default_rng(4)
    points = rng.uniform(20, 90, 5000)
    hit = rng.random(5000) < 1 / (1 + np.exp(4 - 0.03 * points))
    chance = chances_by_points(points, hit, points)
    assert chance.mean() == pytest.approx(hit.mean(), abs=0.005)
    assert (np.abs(reliability(chance, hit)["chance"] - reliability(chance, hit)["rate"]) < 0.03).all()
    assert chances_by_points(np.full(10, 5.0), hit[:10], np.arange(3.0)).tolist() == [hit[:10].mean()] * 3
