"""Champion and challenger: every way scores every lead, a report over live batches, and factors on a sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lead_rows import TODAY, lead_file, lead_row, scored_leads
from test_lead_model import _model

from analytics.side_by_side import as_rows, compare_factors, live_report, proposed_icp, scored_every_way
from errors import InputError
from icp import parse_icp, read_icp
from scoring import score_leads

DAY = pd.Timestamp("2026-02-11")


def _move(value: str, current: int, suggested: int, **more) -> dict:
    return {"dimension": "sic_code", "value": value, "current": current, "suggested": suggested, "verdict": "move", "candidate": False} | more  # fmt: skip


def test_every_way_scores_every_lead_whoever_decides(config_dir) -> None:
    icp = read_icp(config_dir)
    file = lead_file([lead_row(n, **{"Company Zip Code": "75201"}) for n in range(1, 4)], config_dir)
    options = {"workflow": "geography", "center_zip": "75201"}
    ready = scored_leads(file, icp, **options)
    text = proposed_icp(
        icp,
        [
            _move("7011", 100, 46),
            _move("8062", 100, 40, verdict="hold"),
            _move("4213", 40, 90, candidate=True),
        ],
    )
    proposed = parse_icp(text)
    scored = scored_every_way(ready, icp, workflow="geography", model=_model(), proposed=proposed)
    by_proposed = score_leads(file.leads, proposed, today=TODAY, **options)
    assert scored["weights_score"].tolist() == ready["score"].tolist()
    assert scored["proposed_score"].tolist() == by_proposed["score"].tolist()
    by_model = score_leads(file.leads, icp, today=TODAY, model=(1, _model()), **options)
    assert scored["model_score"].tolist() == by_model["score"].tolist()
    # … and the same when the model is the one that decides.
    other = scored_every_way(
        by_model.assign(row_number=ready["row_number"]),
        icp,
        workflow="geography",
        model=_model(),
        proposed=proposed,
    )
    assert other.reset_index(drop=True).equals(scored.reset_index(drop=True))
    rows = as_rows(scored, model_version=3, run_id=7)
    assert [row[2] for row in rows] == [3] * 3
    assert rows[0][1] == float(ready["score"].iloc[0])
    assert proposed_icp(icp, [_move("8062", 100, 40, verdict="hold")]) is None


def _live(batches=8, size=80, *, start=200, model=1.0, seed=1) -> pd.DataFrame:
    """Batches, one every five days, the oldest `start` days ago; the model knows more of what was delivered."""
    rng = np.random.default_rng(seed)
    many = batches * size
    number = np.repeat(np.arange(batches), size)
    started = DAY - pd.to_timedelta(start - 5 * number, "D")
    truth = rng.standard_normal(many)
    hit = rng.random(many) < 1 / (1 + np.exp(2.4 - truth))
    noise = rng.standard_normal((2, many))
    return pd.DataFrame(
        {
            "batch_id": [f"B{n}" for n in number], "workflow": "intent", "started_on": started,
            "delivered_on": pd.Series(started + pd.Timedelta(days=40)).where(hit),
            "appointment_on": pd.Series(started + pd.Timedelta(days=10)).where(hit | (truth > 1)),
            "weights_score": np.round(50 + 10 * (0.2 * truth + noise[0])), "model_score": np.round(50 + 10 * (model * truth + noise[1])),
            "proposed_score": np.nan, "model_version": pd.array([2] * many, dtype="Int64"),
            "run_id": pd.array([None] * many, dtype="Int64"),
        }
    )  # fmt: skip


def test_a_better_challenger_is_proposed_on_live_batches_with_a_random_order_beside_it() -> None:
    found = live_report(_live(), as_of=DAY, days=60, maturity_days=120, seed=1)
    assert (found.batches, found.leads, found.waiting) == (8, 640, 0)
    assert found.ways["way"].tolist() == ["The weights", "The model", "A random order"]
    assert found.gates["The model"].word == "proposed"
    weights, model, chance = found.ways.to_dict("records")
    assert model["deliveries"] > weights["deliveries"]
    assert chance["auc"] == 0.5
    assert chance["deliveries"] == pytest.approx(
        found.deliveries / 2
    )  # the half of each batch is called first
    assert chance["low"] < chance["deliveries"] < chance["high"]
    assert model["called"] == chance["called"] == 320


def test_a_random_order_holds_about_what_is_worked_out() -> None:
    rng = np.random.default_rng(2)
    inside = 0
    for seed in range(40):
        live = _live(seed=seed).assign(weights_score=rng.random(640))
        found = live_report(live, as_of=DAY, days=60, maturity_days=120)
        chance = found.ways.set_index("way").loc["A random order"]
        inside += chance["low"] <= found.ways["deliveries"].iloc[0] <= chance["high"]
    assert inside >= 34  # 95 % of 40 is 38


def test_young_batches_wait_and_appointments_are_an_early_sign() -> None:
    young = _live(start=60)
    waiting = live_report(young, as_of=DAY, days=30, maturity_days=120)
    assert (waiting.leads, waiting.waiting, waiting.gates) == (0, 640, {})
    assert pd.isna(waiting.last_day)
    early = live_report(young, as_of=DAY, days=60, maturity_days=120, outcome="appointment")
    assert early.leads == 640
    assert early.gates["The model"].word == "proposed"


def test_no_batch_an_older_model_and_a_wrong_span() -> None:
    none = live_report(_live().iloc[:0], as_of=DAY, days=30, maturity_days=120)
    assert (none.leads, none.batches, none.ways.empty) == (0, 0, True)
    mixed = _live()
    mixed.loc[mixed["batch_id"].isin(["B0", "B1"]), "model_version"] = 1
    found = live_report(mixed, as_of=DAY, days=60, maturity_days=120)
    assert found.ways.set_index("way").loc["The model", "called"] == 240  # six batches of 80, halved
    for days in (29, 61):
        with pytest.raises(InputError, match="30 to 60 days"):
            live_report(mixed, as_of=DAY, days=days, maturity_days=120)


def test_factors_change_bands_and_ties_but_not_the_order(config_dir) -> None:
    icp = read_icp(config_dir)
    file = lead_file([lead_row(n, Employees=str(50 + 40 * n)) for n in range(1, 30)], config_dir)
    scored = score_leads(
        file.leads, icp, workflow="geography", today=TODAY, center_zip="75201", radius_miles=5000
    )
    table = compare_factors(scored, {"as it is": 1.0, "up": 1.3, "down": 0.9, "off": 0.0})
    assert table["turned"].tolist() == [0, 0, 0, 0]
    assert table["leads"].nunique() == 1
    assert (table[["low", "fair", "good", "high"]].sum(axis=1) - 1).abs().max() < 1e-9
    assert table["tied_at_100"].iloc[1] >= table["tied_at_100"].iloc[0]
    assert table["mean"].iloc[3] == 0
    hits = np.arange(len(scored)) % 3 == 0
    aucs = compare_factors(scored, {"a": 1.0, "b": 0.99}, delivered=hits)["auc"]
    assert aucs.iloc[0] == pytest.approx(aucs.iloc[1], abs=0.05)
    with pytest.raises(InputError, match="0 to 2"):
        compare_factors(scored, {"a": 2.5})
