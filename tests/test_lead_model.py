"""The model as kept and applied: reasons sum to the score for every lead, JSON only, and exclusion stays."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_rows import TODAY

from analytics.lead_model import (
    Card,
    Input,
    LeadModel,
    Term,
    apply_model,
    chances,
    from_json,
    log_odds,
    read_input,
    sha256,
    to_json,
)
from errors import ConfigError, InputError
from icp import parse_icp, read_icp
from lead_test import one_lead
from scoring import explain, score_leads

SIZE = Input("employee_count", (100.0, 500.0), ("50-100", "101-500", "501+"))
SIC = Input("sic_code")
ODDS = st.floats(-3, 3, allow_nan=False)
SICS = ["7011", "8361", "8062", "5511"]


def _model(
    center=60.0, per_logit=20.0, sic=None, size=None, both=None, slope=1.0, intercept=0.0
) -> LeadModel:
    terms = (
        Term("onsite_likelihood", (SIC,), sic or {"8361": 0.5, "8062": -0.4}, -0.1, {}),
        Term("employee_scale", (SIZE,), size or {"50-100": 0.2, "501+": -1.0, "–": 0.3}, 0.0, {}),
        Term("onsite_likelihood_and_employee_scale", (SIC, SIZE), both or {"8361 × 50-100": 0.25}, 0.0, {}),
    )
    return LeadModel({"geography": Card(-2.2, terms)}, center, per_logit, slope, intercept)


def _leads(rows) -> pd.DataFrame:
    frames = [one_lead(company_name="Acme", zip_code="75201", **row) for row in rows]
    return pd.concat(frames, ignore_index=True).assign(row_number=range(1, len(rows) + 1))


def _scored(rows, icp, model=None, factor=1.0) -> pd.DataFrame:
    return score_leads(
        _leads(rows), icp, workflow="geography", today=TODAY, environment_factor=factor, model=None if model is None else (3, model)
    )  # fmt: skip


@settings(max_examples=25)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "sic_code": st.sampled_from([*SICS, "9999"]),
                "employee_count": st.sampled_from([None, 55, 100, 101, 499, 501, 4000]),
                "distance_miles": st.floats(0, 25),
            }
        ),
        min_size=1, max_size=6,
    ),
    st.dictionaries(st.sampled_from(SICS), ODDS, min_size=1),
    st.dictionaries(st.sampled_from(["50-100", "101-500", "501+", "–"]), ODDS, min_size=1),
    st.floats(0, 100), st.floats(0, 60), st.sampled_from([0.0, 0.5, 0.9, 1.0, 1.37, 2.0]),
)  # fmt: skip
def test_reasons_sum_to_the_score_of_every_lead(rows, sic, size, center, per_logit, factor) -> None:
    icp = parse_icp(_ICP)
    model = _model(center, per_logit, sic, size, {"8361 × 50-100": 0.4})
    scored = _scored(rows, icp, model, factor)
    told = scored[[name for name in scored if name.endswith("_points")]]
    parts = told.sum(axis=1) + scored["rounding"] + scored["cap"]
    has = scored["score"].notna()
    assert ((parts[has] - scored.loc[has, "score"].astype(float)).abs() < 1e-9).all()
    assert scored.loc[has, "score"].between(0, 100).all()
    assert (scored["score"].isna() == scored["excluded"].notna()).all()
    assert scored.loc[~has, ["chance", "model_version"]].isna().all(axis=None)
    for _, row in scored[has].iterrows():
        parts_told = explain(row, icp)
        assert parts_told["points"].iloc[:-1].sum() == pytest.approx(parts_told["points"].iloc[-1], abs=1e-9)


def test_each_reason_is_what_the_tables_say(config_dir) -> None:
    icp = read_icp(config_dir)
    rows = [
        {"sic_code": "8361", "employee_count": 80, "distance_miles": 4.0},
        {"sic_code": "7011", "distance_miles": 4.0},
    ]
    scored = _scored(rows, icp, _model())
    first, second = scored.iloc[0], scored.iloc[1]
    # 60 + 20 × (.5 + .2 + .25) = 79;  60 + 20 × (−.1 + .3 + 0) = 64
    assert (first["score"], second["score"]) == (79, 64)
    assert first["onsite_likelihood_points"] == pytest.approx(10)
    assert first["onsite_likelihood_and_employee_scale_points"] == pytest.approx(5)
    assert second["employee_scale_points"] == pytest.approx(6)  # a missing value has an entry of its own
    assert first["chance"] == pytest.approx(1 / (1 + np.exp(2.2 - 0.95)))
    assert (first["model_version"], first["priority"], second["priority"]) == (3, "Medium", "Medium")
    by_weights = _scored(rows, icp)
    assert scored["weights_score"].tolist() == by_weights["score"].tolist()
    assert scored["onsite_likelihood_score"].tolist() == by_weights["onsite_likelihood_score"].tolist()
    assert "proximity_points" not in scored  # the weights' points give way


def test_whoever_the_filter_leaves_out_stays_out(config_dir) -> None:
    scored = _scored([{"sic_code": "9999", "distance_miles": 1.0}], read_icp(config_dir), _model())
    assert scored["score"].isna().all()
    assert scored["excluded"].iloc[0] == "The SIC code is not in the filter."


def test_json_gives_the_same_model_and_nothing_else_is_read() -> None:
    model = _model()
    text = to_json(model)
    assert from_json(text) == model
    assert sha256(from_json(text)) == sha256(model)
    assert json.loads(text)["format"] == 1
    for bad in (
        "",
        "[]",
        "{}",
        text.replace('"format": 1', '"format": 2'),
        text.replace("60.0", '"much"'),
        "gASVAAAA",
    ):
        with pytest.raises(ConfigError, match="Fall back to the weights"):
            from_json(bad)


def test_a_workflow_without_a_card_is_refused(config_dir) -> None:
    with pytest.raises(InputError, match="knows the workflows geography, but not 'intent'"):
        log_odds(_leads([{"sic_code": "7011"}]), _model(), workflow="intent")


def test_no_lead_and_no_column_are_fine(config_dir) -> None:
    none = _leads([{"sic_code": "7011", "distance_miles": 1.0}]).iloc[:0]
    scored = score_leads(none, read_icp(config_dir), workflow="geography", today=TODAY, model=(1, _model()))
    assert scored.empty
    assert chances(pd.DataFrame(index=[0]), _model(), workflow="geography")[0] == pytest.approx(
        1 / (1 + np.exp(2.2 + 0.1 - 0.3))  # any other SIC −.1, a missing size +.3
    )


def test_bands_have_their_upper_end_inside() -> None:
    sizes = pd.DataFrame({"employee_count": pd.Series([10, 100, 101, 500, 501, None], dtype="Int64")})
    assert read_input(sizes, SIZE).fillna("none").tolist() == [
        "50-100", "50-100", "101-500", "101-500", "501+", "none",
    ]  # fmt: skip


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.05, 2.0), st.floats(0.05, 2.0), st.booleans())
def test_no_factor_changes_the_ranking(seed, first, second, by_model) -> None:
    # Monotone: whoever is ahead under one factor is ahead or level under any other; ties at 100 and by rounding apart.
    rng = np.random.default_rng(seed)
    rows = [
        {"sic_code": str(rng.choice(SICS)), "employee_count": int(rng.integers(50, 900)), "distance_miles": float(rng.uniform(0, 25))}
        for _ in range(8)
    ]  # fmt: skip
    icp = parse_icp(_ICP)
    model = _model(center=55.0) if by_model else None
    a = _scored(rows, icp, model, first)["score"].astype(float).to_numpy()
    b = _scored(rows, icp, model, second)["score"].astype(float).to_numpy()
    assert not ((a[:, None] > a[None, :]) & (b[:, None] < b[None, :])).any()
    nothing = _scored(rows, icp, model, 0.0)["score"]
    assert (nothing == 0).all()  # 0 flattens all


def test_the_model_is_applied_to_any_frame_of_scored_leads(config_dir) -> None:
    icp = read_icp(config_dir)
    by_weights = _scored([{"sic_code": "8361", "employee_count": 80, "distance_miles": 4.0}], icp)
    again = apply_model(by_weights, _model(), workflow="geography", version=3)
    assert again["score"].tolist() == [79]
    # Scored again by the weights, nothing of the model is left that could pass for today's.
    options = {"workflow": "geography", "today": TODAY}
    assert not {"weights_score", "chance", "model_version"} & set(score_leads(again, icp, **options))


def _text() -> str:
    from pathlib import Path

    return (Path(__file__).resolve().parents[1] / "config" / "icp.yaml").read_text("utf-8")


_ICP = _text()
