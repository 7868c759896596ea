"""Inputs of a model: what may enter, and the traces of values that were written after the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from model_worlds import planted

from analytics.model_features import candidate_inputs, leak_warnings, plain_features
from icp import read_icp


@pytest.fixture
def world(config_dir):
    leads, hit = planted(np.random.default_rng(1), 1200)
    return leads, hit, read_icp(config_dir)


def _found(leads, hit, icp) -> dict[str, list[str]]:
    table = leak_warnings(leads, hit, candidate_inputs(leads, icp))
    assert table["left_out"].all()
    assert table["sentence"].str.endswith((".", "itself.")).all()
    return table.groupby("input")["kind"].agg(list).to_dict()


def test_the_configured_columns_and_whatever_else_was_kept_enter(world) -> None:
    leads, _, icp = world
    rng = np.random.default_rng(2)
    more = leads.assign(
        stage=rng.choice(["new", "called"], 1200), owner=rng.choice(["Ana", "Ben"], 1200), pace_days=rng.uniform(0, 90, 1200),
        company_name="Acme", email="a@example.com", score=50, proximity_score=70.0, onsite_likelihood_points=30.0,
        note_day="2025-01-01", intent_score=rng.uniform(40, 100, 1200),
    )  # fmt: skip
    found = {c.reason: c for c in candidate_inputs(more, icp)}
    assert set(found) == {"employee_scale", "proximity", "onsite_likelihood", "state", "stage", "owner", "pace_days", "intent_score"}  # fmt: skip
    assert found["proximity"].where == ("geography",)
    assert set(found["onsite_likelihood"].where) == {"intent", "geography", "history"}
    assert len(found["pace_days"].part.labels) == 5
    assert found["stage"].part.ends == ()


def test_plain_inputs_raise_no_warning(world) -> None:
    leads, hit, icp = world
    assert _found(leads, hit, icp) == {}


def test_a_date_after_the_export_is_found_in_any_column(world) -> None:
    leads, hit, icp = world
    late = (leads["started_on"] + pd.Timedelta(days=20)).dt.strftime("%Y-%m-%d").where(hit)
    assert _found(leads.assign(contract_day=late), hit, icp) == {"contract_day": ["dates after"]}
    early = (leads["started_on"] - pd.Timedelta(days=20)).dt.strftime("%Y-%m-%d")
    assert _found(leads.assign(signal_day=early), hit, icp) == {}


def test_a_value_that_is_filled_when_the_outcome_is_known_is_found(world) -> None:
    leads, hit, icp = world
    rng = np.random.default_rng(3)
    filled = rng.random(1200) < np.where(hit, 0.8, 0.1)
    kinds = _found(leads.assign(offer_tier=pd.Series("Gold", index=leads.index).where(filled)), hit, icp)
    assert kinds == {"offer_tier": ["filled later"]}
    older = leads["started_on"] < leads["started_on"].median()
    urgency = pd.Series(rng.choice(["high", "low"], 1200)).where(older)
    assert _found(leads.assign(urgency=urgency), hit, icp) == {"urgency": ["filled later"]}


def test_one_value_many_values_and_the_outcome_itself_are_found(world) -> None:
    leads, hit, icp = world
    rng = np.random.default_rng(4)
    more = leads.assign(
        segment=np.where(rng.random(1200) < 0.99, "Cold", "Migration"),
        ticket=[f"T{n}" for n in range(1200)],
        result=np.where(hit & (rng.random(1200) < 0.6), "signed", "open"),
    )
    assert _found(more, hit, icp) == {
        "segment": ["one value"], "ticket": ["many values"], "result": ["knows the outcome"],
    }  # fmt: skip


def test_an_input_is_judged_where_it_counts_alone(world) -> None:
    # Signals exist in the intent workflow only: missing elsewhere, where other rates hold, is no trace of anything.
    leads, hit, icp = world
    flows = np.where(hit & (np.arange(1200) % 4 > 0), "intent", "geography")
    more = leads.assign(
        workflow=flows,
        signal_strength=pd.Series(["High", "Low"] * 600).where(flows == "intent"),
        age_days=2.0,
    )
    assert "signal_strength" not in _found(more, hit, icp)


def test_no_outcome_gives_no_warning(world) -> None:
    leads, hit, icp = world
    none = leak_warnings(leads.iloc[:0], hit.iloc[:0], candidate_inputs(leads, icp))
    assert none.empty


def test_kept_features_become_typed_columns() -> None:
    frame = plain_features(
        [{"a": 1, "b": True, "c": "x", "d": [1], "e": None}, {"a": None, "b": None, "c": "7", "f": 2.5}]
    )
    assert frame["a"].tolist()[0] == 1.0
    assert str(frame["b"].dtype) == "boolean"
    assert frame["c"].tolist() == ["x", "7"]
    assert "d" not in frame
    assert frame["f"].tolist()[1] == 2.5
