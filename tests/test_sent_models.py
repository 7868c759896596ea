"""Models of web leads from end to end: trained when due, approved by a name, scoring over HTTP, taken back at any time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from api_server import api_client
from test_sent_model import web_world

import turso_db
from actors import Actor
from api import build_app
from errors import Conflict, InputError, Refused
from icp import read_icp
from lead_conversion import Scorer, base_rate
from lead_schema import SentLead, read_api_rules
from scripts import train_model
from scripts.command import run
from sent_models import (
    approve_sent_model,
    bring_back_sent,
    kinds_to_learn,
    propose_sent_model,
    retrain_sent,
)
from stores import audit
from stores import feedback as leads_store
from stores import sent_models as store
from stores.model_proposals import read_proposed

from feedback import give_feedback, score_sent  # isort: skip

RULES = read_api_rules(Path(__file__).resolve().parents[1] / "config")
WEB = RULES.kinds["web"]
NOW = datetime(2026, 2, 11, 15, 30, tzinfo=UTC)
SHOP, ADA, BEA = Actor("web shop", "ops"), Actor("Ada Lane", "manager"), Actor("Bea Moss", "manager")
SCORERS = {"web": Scorer(WEB, base_rate(0, 0, prior_rate=0.1, prior_leads=20))}


def sent(db: turso_db.Database, leads: int, *, start: int = 0, seed: int = 1) -> None:
    """Nothing; so many web leads were scored, a day's worth at a time, and their outcomes said three days later."""
    frame, won = web_world(seed, start + leads)
    rows = [
        SentLead(f"L-{n:06d}", "web", {"age": int(age), "website_visits": int(visits), "lead_source": str(source)}, None)
        for n, age, visits, source in zip(range(start + leads), frame["age"], frame["website_visits"], frame["lead_source"], strict=True)
    ]  # fmt: skip
    for first in range(start, start + leads, 300):
        part = range(first, min(first + 300, start + leads))
        day = NOW - timedelta(days=60) + timedelta(days=first // 300)
        score_sent(db, leads=[rows[n] for n in part], scorers=SCORERS, now=day, actor=SHOP)
        given = [(f"L-{n:06d}", bool(won[n]), None) for n in part]
        db.write(
            leads_store.insert_feedback(
                feedback=given, now=day + timedelta(days=3), actor="crm", came_from="feedback"
            )
        )


def train(db: turso_db.Database, **options: Any) -> Any:
    return retrain_sent(db, rules=RULES, kind=WEB, now=NOW, actor=SHOP, code_version="test", **options)


def test_the_loop_s_own_kind_is_learned_elsewhere() -> None:
    assert [kind.name for kind in kinds_to_learn(RULES)] == ["web"]


def test_a_training_waits_for_enough_new_outcomes_and_none_runs_without_any(db: turso_db.Database) -> None:
    assert train(db).status == "not due"
    sent(db, 49)
    assert train(db, only_if_due=True) == (None, "not due", "49 outcomes of web leads are new since the last training; it starts at 50.")  # fmt: skip
    sent(db, 1, start=49)
    first = train(db, only_if_due=True)
    assert (first.version, first.status) == (1, "too little")  # kept as a sentence
    assert train(db, only_if_due=True).status == "not due"  # a watermark, not a total
    assert store.read_new(db) == {}
    assert train(db).version == 2  # on request always


def test_a_model_is_approved_scores_over_http_and_is_taken_back(
    config_dir: Path, db: turso_db.Database
) -> None:
    sent(db, 1500)
    done = train(db)
    assert (done.version, done.status) == (1, "proposed")
    lead = {"lead_id": "N-1", "age": 40, "website_visits": 39, "lead_source": "Referral"}
    with api_client(build_app(fresh_seconds=0.0)) as client:
        assert client.post("/score", json=lead).json()["model_version"] == "prior"  # proposed is not in force
    assert (
        approve_sent_model(db, version=1, icp=read_icp(config_dir), reason="It ranks.", now=NOW, actor=ADA)
        == 1
    )
    with api_client(build_app()) as client:
        good, poor = (
            client.post("/score", json=one).json()
            for one in (lead, lead | {"lead_id": "N-2", "website_visits": 0, "lead_source": "Organic"})
        )
        info = client.get("/info").json()["models"]["web"]
        why = client.get("/score/N-1").json()
        assert client.get("/score/N-9").status_code == 404
    assert (good["model_version"], info["model_version"]) == ("web-1", "web-1")
    # Planted: 1 / (1 + exp(2 − 0.08 × 19 − 1)) = .63 and 1 / (1 + exp(2 + 0.08 × 20)) = .027
    assert (good["conversion_score"], poor["conversion_score"]) == (pytest.approx(0.63, abs=0.15), pytest.approx(0.03, abs=0.04))  # fmt: skip
    assert (good["risk_category"], poor["risk_category"]) == ("Medium", "Low")
    assert {name: why[name] for name in good if name != "timestamp"} == {name: good[name] for name in good if name != "timestamp"}  # fmt: skip
    assert sum(why["reasons"].values()) == pytest.approx(
        100 * good["conversion_score"], abs=1e-4
    )  # six digits each
    assert why["reasons"]["website_visits"] > 0 < why["reasons"]["lead_source"]
    assert set(info["metrics"]) == {"auc", "brier", "lift", "leads", "deliveries"}
    assert bring_back_sent(db, kind="web", version=None, reason="It surprised us.", now=NOW, actor=ADA) == 2
    assert store.read_in_force(db) == {}
    assert bring_back_sent(db, kind="web", version=1, reason="It was right.", now=NOW, actor=ADA) == 3
    assert store.read_in_force(db)["web"]["version"] == 1
    assert store.read_choices(db)["reason"].tolist() == ["It was right.", "It surprised us.", "It ranks."]
    assert audit.read_audit(db)["action"].tolist().count("take model back") == 2


def test_what_has_no_proof_or_no_name_is_not_put_in_force(db: turso_db.Database, config_dir: Path) -> None:
    sent(db, 200)
    assert train(db).status in ("too little", "not better")
    for wrong, error in (
        ({"version": 9}, InputError), ({"reason": "  "}, InputError), ({"actor": SHOP}, Refused),
        ({"version": 1}, (Refused, InputError)),
    ):  # fmt: skip
        with pytest.raises(error):
            approve_sent_model(
                db,
                **(
                    {"version": 1, "icp": read_icp(config_dir), "reason": "Yes.", "now": NOW, "actor": ADA}
                    | wrong
                ),
            )
    for back in (None, 1):
        with pytest.raises(Refused):
            bring_back_sent(db, kind="web", version=back, reason="Back.", now=NOW, actor=ADA)


def test_where_two_persons_are_needed_one_proposes_and_another_puts_it_in_force(
    db: turso_db.Database, config_dir: Path
) -> None:
    path = config_dir / "icp.yaml"
    alone = read_icp(config_dir)
    path.write_text(
        path.read_text("utf-8").replace("second_approver: false", "second_approver: true"), "utf-8"
    )
    two = read_icp(config_dir)
    sent(db, 1500)
    assert train(db).status == "proposed"
    said = {"version": 1, "reason": "It ranks.", "now": NOW}
    with pytest.raises(Refused, match="One person is enough"):
        propose_sent_model(db, icp=alone, actor=ADA, **said)
    with pytest.raises(Refused, match="second approver"):
        approve_sent_model(db, icp=two, actor=ADA, **said)
    propose_sent_model(db, icp=two, actor=ADA, **said)
    with pytest.raises(Refused, match="waits for another person already"):
        propose_sent_model(db, icp=two, actor=BEA, **said)
    assert store.read_in_force(db) == {}  # a proposal changes nothing
    with pytest.raises(Refused, match="another person decides"):
        approve_sent_model(db, icp=two, actor=Actor(" ada  LANE ", "admin"), **said)
    waiting = read_proposed(db)
    assert [(row["of"], row["version"], row["proposed_by"], row["reason"]) for row in waiting] == [("web", 1, ADA.name, "It ranks.")]  # fmt: skip
    assert approve_sent_model(db, icp=two, actor=BEA, **said) == 1
    assert read_proposed(db) == []
    # What was decided does not come back: the next choice needs two persons again; the way back needs one.
    bring_back_sent(db, kind="web", version=None, reason="It surprised us.", now=NOW, actor=ADA)
    with pytest.raises(Refused, match="second approver"):
        approve_sent_model(db, icp=two, actor=BEA, **said)


def test_an_older_proposal_gives_way_to_a_newer_training(db: turso_db.Database, config_dir: Path) -> None:
    sent(db, 1500)
    assert [train(db).version for _ in range(2)] == [1, 2]
    with pytest.raises(Conflict, match="superseded by training 2"):
        approve_sent_model(db, version=1, icp=read_icp(config_dir), reason="Late.", now=NOW, actor=ADA)


def test_features_from_after_the_outcome_never_reach_the_training(db: turso_db.Database) -> None:
    sent(db, 900)
    clean = train(db)
    poison = [
        SentLead(f"L-{n:06d}", "web", {"age": 99, "website_visits": 10**6 * (n % 2), "lead_source": "Advertisement"}, None)
        for n in range(900)
    ]  # fmt: skip
    score_sent(db, leads=poison, scorers=SCORERS, now=NOW, actor=SHOP)
    again = train(db)
    models = [store.read_model(db, version=one.version) for one in (clean, again)]
    for name in ("data_sha256", "model_sha256", "coefficients", "report"):
        assert models[0][name] == models[1][name]
    assert np.all([json.loads(row["last_features"])["age"] == 99 for row in db.rows("SELECT last_features FROM scored_leads")])  # fmt: skip
    give_feedback(db, lead_id="L-000000", outcome=True, now=NOW, actor=SHOP)
    give_feedback(db, lead_id="L-000001", outcome=True, now=NOW, actor=SHOP)
    changed = store.read_model(db, version=train(db).version)
    assert changed["data_sha256"] != models[0]["data_sha256"]  # the comparison above can fail


def test_the_script_trains_every_kind(
    config_dir: Path,
    db: turso_db.Database,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.nice", lambda _: 0)
    sent(db, 60)
    assert run(train_model.main, ["--if-due", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "not due"
    assert said["kinds"]["web"]["status"] == "too little"
