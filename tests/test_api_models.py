"""The model that a person put in force answers over HTTP; a training runs in a process of its own."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_server import api_client

import turso_db
from actors import Actor
from analytics.lead_model import Card, Input, LeadModel, Term, sha256, to_json
from api import build_app
from api_models import models_in_force, train_models
from api_retraining import FEEDBACK
from scripts import train_model
from scripts.command import run
from stores import models as store

NOW = datetime(2026, 2, 11, 15, 30, tzinfo=UTC)
MODEL = LeadModel(
    cards={"intent": Card(-2.0, (Term("State", (Input("state"),), {"TX": 1.5}, -0.5, {}),))},
    center=50.0, per_logit=10.0, slope=1.0, intercept=0.0,
)  # fmt: skip


def in_force(db: turso_db.Database) -> None:
    """The model above, put in force for intent as approve_model does; its proof is not the matter here."""
    stamp = dict.fromkeys(store._FIELDS) | {
        "created_at": NOW, "created_by": "Ana", "as_of": NOW.date(), "status": "proposed", "why": "Better.", "judged": 900,
        "leads": 700, "deliveries": 70, "weight_version": 1, "icp_sha256": "x", "data_sha256": "x", "code_version": "x",
        "seed": 1, "coefficients": to_json(MODEL), "model_sha256": sha256(MODEL),
    }  # fmt: skip
    report: Any = {
        "judged": 200,
        "judged_deliveries": 20,
        "scorers": [{"name": "model", "auc": 0.71, "brier": 0.08, "lift": 2.1}],
    }
    db.write([store.insert_model(stamp=stamp, report=report)])
    choice = store.insert_choice(
        workflow="intent", number=1, version=1, actor="Ana", now=NOW, reason="It ranks better."
    )
    db.write([choice])


def test_without_a_choice_no_model_scores(db: turso_db.Database) -> None:
    assert models_in_force(db) == {}


def test_the_model_in_force_scores_leads_of_its_workflow(config_dir: Path, db: turso_db.Database) -> None:
    in_force(db)
    with api_client(build_app()) as client:
        said = [client.post("/score", json={"lead_id": f"C-{n}", "state": state, "workflow_type": how}).json()
                for n, (state, how) in enumerate([("TX", "intent"), ("OH", "intent"), ("TX", "geography")])]  # fmt: skip
        info = client.get("/info").json()
    # 1 / (1 + exp(2 − 1.5)) = 0.377541 and 1 / (1 + exp(2 + 0.5)) = 0.075858
    assert [one["conversion_score"] for one in said] == [0.377541, 0.075858, 0.1]
    assert [one["model_version"] for one in said] == ["model-1", "model-1", "prior"]
    assert [one["risk_category"] for one in said] == ["High", "Low", "Medium"]
    assert (info["model_version"], info["metrics"]) == (
        "model-1", {"auc": 0.71, "brier": 0.08, "lift": 2.1, "leads": 200, "deliveries": 20},
    )  # fmt: skip
    assert set(info["models"]) == {"web", "hades", "hades/intent"}


@pytest.mark.parametrize(("actor", "sentence"), [(FEEDBACK, "it starts at 50"), (Actor("crm", "ops"), "")])
def test_a_training_runs_in_a_process_of_its_own_and_says_what_it_found(
    config_dir: Path, db: turso_db.Database, actor: Actor, sentence: str
) -> None:
    said = train_models(db, NOW, actor)
    assert sentence in said
    assert said.endswith(".")
    assert models_in_force(db) == {}


def test_a_training_on_request_ends_in_the_table(config_dir: Path, db: turso_db.Database) -> None:
    with api_client(build_app()) as client:
        assert client.post("/retrain").json()["started"]
        until = time.monotonic() + 60
        while (last := client.get("/info").json()["last_retraining"])["status"] == "running":
            assert time.monotonic() < until
            time.sleep(0.1)
    assert last["status"] == "done"
    assert last["said"]


def test_the_script_says_when_nothing_is_due(
    config_dir: Path,
    db: turso_db.Database,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.nice", lambda _: 0)  # the process of the tests stays as quick as it is
    assert run(train_model.main, ["--if-due", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["version"], said["status"]) == (None, "not due")
