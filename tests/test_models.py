"""Training, approval, the way back, single flight, and that nothing known after the export reaches a model."""

from __future__ import annotations

import ast
import json
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from model_worlds import planted, stored
from racing import ANA

import turso_db
from actors import Actor
from analytics.lead_model import from_json
from demo_world import SAMPLE_CENTER_ZIP, sample_upload
from errors import ConfigError, Conflict, InputError, Refused
from icp import parse_icp, read_icp
from models import (
    approve_model,
    bring_back,
    model_for,
    propose_model,
    record_side_by_side,
    retrain,
    training_due,
)
from scoring import score_leads
from stores import models as store
from stores.model_proposals import read_proposed
from stores.state import take_lease

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]
OPS, VIEWER = Actor("Ops", "ops"), Actor("Eve", "viewer")


@pytest.fixture(scope="module")
def year(tmp_path_factory) -> Path:
    """1,600 leads of eight batches with a planted pattern, in which one training was made."""
    path = tmp_path_factory.mktemp("year") / "hades.db"
    db = turso_db.connect(f"file:{path}")
    stored(db, planted(np.random.default_rng(11), 1600, pull=1.5)[0])
    retrain(db, icp=read_icp(ROOT / "config"), now=NOW, actor=ANA, code_version="test")
    db.close()
    return path


@pytest.fixture
def demo(year, db_path):
    db_path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(year, db_path)
    db = turso_db.connect(f"file:{db_path}")
    yield db
    db.close()


@pytest.fixture
def icp(config_dir):
    return read_icp(config_dir)


def _train(db, icp, **options):
    return retrain(db, icp=icp, **({"now": NOW, "actor": ANA, "code_version": "test"} | options))


def _approve(db, icp, **options):
    return approve_model(db, icp=icp, **({"version": 1, "workflow": "geography", "reason": "It ranks better.", "now": NOW, "actor": ANA} | options))  # fmt: skip


def _propose(db, status="proposed", **report):
    """A further training with the coefficients of the first and another verdict."""
    first = store.read_model(db, version=1)
    stamp = {name: first[name] for name in store._FIELDS} | {"status": status}
    return db.write([store.insert_model(stamp=stamp, report=first["report"] | report)])[0].rows[0]["version"]


def test_a_training_keeps_its_evidence_and_changes_nothing(demo, icp) -> None:
    kept = store.read_model(demo, version=1)
    assert kept["status"] in ("proposed", "not better")
    assert kept["created_by"] == ANA.name
    assert kept["icp_sha256"] == icp.sha256
    assert len(kept["data_sha256"]) == len(kept["model_sha256"]) == 64
    assert set(from_json(kept["coefficients"]).cards) == {"intent", "geography"}
    report = kept["report"]
    assert [scorer["name"] for scorer in report["scorers"]] == ["weights", "model"]
    assert report["used"] <= report["carried"] + 0.05
    assert {"auc_gain", "auc_low", "brier_gain", "lift_low"} <= set(report["gains"]["now"])
    assert sum(band["cases"] for band in report["scorers"][1]["bands"]) == report["judged"]
    assert kept["leads"] + report["judged"] <= len(store.read_first_seen(demo)[0])
    assert store.read_models_in_force(demo) == {}  # it only proposes
    with pytest.raises(Refused, match="append-only"):
        demo.write([turso_db.Statement("UPDATE lead_models SET status = 'proposed'")])


def test_the_same_data_give_the_same_model(demo, icp) -> None:
    again = _train(demo, icp)
    first, second = (store.read_model(demo, version=v) for v in (1, again.version))
    for name in ("coefficients", "model_sha256", "data_sha256", "report", "status", "cut_off"):
        assert first[name] == second[name], name


def test_nothing_known_after_the_export_reaches_the_training(demo, icp) -> None:
    """Poison: every column of a lead that may change later is made to tell the outcome; so are outcomes after the day."""
    before = store.read_model(demo, version=1)
    for column in ("sic_code", "state", "segment", "city", "company_name"):
        demo.write([turso_db.Statement(
            f"UPDATE lead_outcomes SET {column} = CASE WHEN outcome = 'delivery' THEN 'WON' ELSE 'LOST' END"
        )])  # fmt: skip
    demo.write(
        [turso_db.Statement("UPDATE lead_outcomes SET employee_count = 51 WHERE outcome = 'delivery'")]
    )
    demo.write([turso_db.Statement(
        "INSERT INTO outcome_milestones (batch_id, company_key, milestone, happened_at, source, source_key, recorded_at, recorded_by) "
        "SELECT batch_id, company_key, 'delivery', '2027-01-01', 'person', 'late ' || lead_id, '2027-01-01', 'x' FROM company_outcomes "
        "WHERE delivery_at IS NULL LIMIT 400"
    )])  # fmt: skip
    after = store.read_model(demo, version=_train(demo, icp).version)
    for name in ("data_sha256", "model_sha256", "report"):
        assert after[name] == before[name], name


def test_a_feature_written_after_the_outcome_is_left_out_and_said(demo, icp) -> None:
    leads, kept = store.read_first_seen(demo)
    from analytics.model_report import trained

    days = leads["delivered_on"].dt.strftime("%Y-%m-%d")
    poisoned = [
        row | ({"contract_day": days[n], "stage": "signed"} if isinstance(days[n], str) and leads["source"][n] == "hades" else {"stage": "open"})
        for n, row in enumerate(kept)
    ]  # fmt: skip
    clean = trained(leads, kept, icp, as_of=NOW.date(), top=68, seed=1)
    found = trained(leads, poisoned, icp, as_of=NOW.date(), top=68, seed=1)
    warned = {(row["input"], row["kind"]) for row in found.report["warnings"] if row["left_out"]}
    assert {("contract_day", "dates after"), ("stage", "knows the outcome")} <= warned
    assert found.model == clean.model


def test_scores_come_from_the_approved_model_and_from_the_weights_again(demo, icp, config_dir) -> None:
    version = _propose(demo)
    assert _approve(demo, icp, version=version) == 1
    in_force = store.read_models_in_force(demo)
    assert list(in_force) == ["geography"]
    leads = _uploads(config_dir)
    options = {
        "workflow": "geography",
        "today": NOW.date(),
        "center_zip": SAMPLE_CENTER_ZIP,
        "radius_miles": 50,
    }
    by_weights = score_leads(leads, icp, **options)
    by_model = score_leads(leads, icp, model=model_for(in_force, "geography"), **options)
    has = by_model["score"].notna()
    assert (by_model.loc[has, "model_version"] == version).all()
    assert (by_model.loc[has, "score"] != by_weights.loc[has, "score"]).any()
    assert by_model["weights_score"].equals(by_weights["score"].rename("weights_score"))
    assert model_for(in_force, "intent") is None  # per workflow
    assert bring_back(demo, workflow="geography", version=None, reason="Fall back.", now=NOW, actor=ANA) == 2
    assert store.read_models_in_force(demo) == {}
    assert (
        bring_back(demo, workflow="geography", version=version, reason="After all.", now=NOW, actor=ANA) == 3
    )
    assert store.read_models_in_force(demo)["geography"]["version"] == version
    told = store.read_choices(demo)
    assert told["version"].tolist()[0] == version
    assert told["reason"].tolist() == ["After all.", "Fall back.", "It ranks better."]
    actions = [row["action"] for row in demo.rows("SELECT action FROM audit ORDER BY id DESC LIMIT 3")]
    assert actions == ["take model back", "take model back", "approve model"]


def _uploads(config_dir):
    from lead_columns import read_columns, read_industries
    from leads import read_leads

    content = sample_upload("geography", NOW.date())
    file = read_leads(content, "sample.csv", read_columns(config_dir), industries=read_industries(config_dir))
    return file.leads


def test_where_two_persons_are_needed_a_model_is_proposed_and_another_person_decides(demo, icp) -> None:
    two = parse_icp(icp.text.replace("second_approver: false", "second_approver: true"))
    first = store.read_model(demo, version=1)
    stamp = {name: first[name] for name in store._FIELDS} | {"status": "proposed", "icp_sha256": two.sha256}
    gains = {"gains": {workflow: {"auc_gain": 0.02, "leads": 50} for workflow in ("geography", "intent")}}
    version = demo.write([store.insert_model(stamp=stamp, report=first["report"] | gains)])[0].rows[0][
        "version"
    ]

    def propose(workflow="geography", actor=ANA, **options):
        return propose_model(demo, **({"version": version, "workflow": workflow, "icp": two, "reason": "It ranks better.", "now": NOW, "actor": actor} | options))  # fmt: skip

    bo = Actor("Bo Diaz", "manager")
    with pytest.raises(Refused, match="second approver"):
        _approve(demo, two, version=version)
    with pytest.raises(Refused, match="may not propose"):
        propose(actor=OPS)
    with pytest.raises(Conflict, match="weights changed"):
        propose(icp=icp)
    propose()
    with pytest.raises(Refused, match="another person decides"):
        _approve(demo, two, version=version)
    with pytest.raises(Refused, match="second approver"):
        _approve(demo, two, version=version, workflow="intent", actor=bo)  # that was not proposed
    propose("intent")
    assert [(row["of"], row["version"]) for row in read_proposed(demo)] == [
        ("geography", version),
        ("intent", version),
    ]
    assert _approve(demo, two, version=version, actor=bo) == 1
    assert [row["of"] for row in read_proposed(demo)] == ["intent"]
    bring_back(
        demo, workflow="geography", version=None, reason="Calm.", now=NOW, actor=ANA
    )  # one person, at any time
    assert store.read_models_in_force(demo) == {}


def test_no_model_without_its_proof(demo, icp) -> None:
    worse = _propose(demo, "not better")
    with pytest.raises(Refused, match="no proof to be better"):
        _approve(demo, icp, version=worse)
    assert store.read_models_in_force(demo) == {}
    gains = store.read_model(demo, version=1)["report"]["gains"]
    losing = _propose(demo, gains=gains | {"geography": gains["geography"] | {"auc_gain": -0.01}})
    with pytest.raises(Refused, match="There the weights stay"):
        _approve(demo, icp, version=losing)
    with pytest.raises(Refused, match="no lead of the workflow intent"):
        _approve(demo, icp, version=losing, workflow="intent")
    fine = _propose(demo)
    _approve(demo, icp, version=fine)
    with pytest.raises(Refused, match="already"):
        _approve(demo, icp, version=fine)


def test_live_batches_are_a_proof_too(demo, icp) -> None:
    version = _propose(demo, "not better")
    rng = np.random.default_rng(1)
    rows = demo.rows(
        "SELECT l.batch_id, l.row_number, o.delivery FROM lead_outcomes l JOIN company_outcomes o ON o.lead_id = l.id"
    )

    def tell(know: float) -> None:
        for batch in sorted({row["batch_id"] for row in rows}):
            told = [
                (r["row_number"], float(rng.random()), version, float(know * r["delivery"] + rng.random()), None, None)
                for r in rows if r["batch_id"] == batch
            ]  # fmt: skip
            demo.write([store.insert_side_by_side(batch_id=batch, rows=told)])

    with pytest.raises(Refused, match="no proof"):
        _approve(demo, icp, version=version)
    tell(0.6)
    assert _approve(demo, icp, version=version) == 1


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"version": 99}, InputError, "There is no model 99"),
        ({"workflow": "mail"}, InputError, "'mail' is unknown"),
        ({"reason": " "}, InputError, "A reason was expected"),
        ({"actor": OPS}, Refused, "manager"),
    ],
)
def test_an_approval_is_checked(demo, icp, options, error, said) -> None:
    version = _propose(demo)
    with pytest.raises(error, match=said):
        _approve(demo, icp, **({"version": version} | options))


def test_a_superseded_model_and_other_weights_are_conflicts(demo, icp) -> None:
    first, second = _propose(demo), _propose(demo)
    with pytest.raises(Conflict, match=f"superseded by model {second}"):
        _approve(demo, icp, version=first)
    with pytest.raises(Conflict, match="The weights changed"):
        _approve(demo, parse_icp(icp.text + "\n# a thought\n"), version=second)


def test_of_two_choices_at_once_the_first_one_counts(demo, icp, monkeypatch) -> None:
    version = _propose(demo)
    _approve(demo, icp, version=version)
    monkeypatch.setattr(store, "next_choice", lambda db, *, workflow: 1)
    with pytest.raises(Conflict, match="at this moment"):
        bring_back(demo, workflow="geography", version=None, reason="No.", now=NOW, actor=ANA)


def test_only_what_scored_before_comes_back_without_a_proof(demo, icp) -> None:
    with pytest.raises(Refused, match="never scored"):
        bring_back(demo, workflow="intent", version=1, reason="Try.", now=NOW, actor=ANA)
    with pytest.raises(Refused, match="weights score the workflow intent already"):
        bring_back(demo, workflow="intent", version=None, reason="Try.", now=NOW, actor=ANA)


def test_a_training_is_due_at_fifty_new_outcomes_and_not_at_every_one_after(demo, icp) -> None:
    assert training_due(demo, icp=icp, now=NOW) == (0, 50, False)
    keys = demo.rows("SELECT batch_id, company_key, lead_id FROM company_outcomes WHERE NOT delivery AND exported_at > '2025-11-25' LIMIT 51")  # fmt: skip

    def lose(rows):
        demo.write([turso_db.Statement(
            "INSERT INTO outcome_milestones (batch_id, company_key, milestone, happened_at, source, source_key, recorded_at, recorded_by) "
            "VALUES (?, ?, 'lost', '2026-02-01', 'person', ?, '2026-02-01', 'x')", (r["batch_id"], r["company_key"], f"k{r['lead_id']}")
        ) for r in rows])  # fmt: skip

    lose(keys[:49])
    assert training_due(demo, icp=icp, now=NOW) == (49, 50, False)
    assert _train(demo, icp, only_if_due=True) == (
        None,
        "not due",
        "49 outcomes are new since the last training; it starts at 50.",
    )
    lose(keys[49:50])
    assert _train(demo, icp, only_if_due=True).version == 2
    lose(keys[50:])
    assert training_due(demo, icp=icp, now=NOW) == (1, 50, False)
    assert _train(demo, icp, only_if_due=True).status == "not due"


def test_one_training_at_a_time(demo, icp, db_path) -> None:
    found = []

    def train() -> None:
        own = turso_db.connect(f"file:{db_path}")
        found.append(_train(own, icp).status)
        own.close()

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count("running") == 3
    assert len(store.read_models(demo)) == 2
    # A process that died with the lease in hand blocks nobody for ever.
    assert take_lease(demo, name="train a model", holder="dead", now=NOW - timedelta(hours=1), seconds=1800)
    assert _train(demo, icp).version == 3


def test_too_little_and_one_outcome_are_sentences(db, icp, now) -> None:
    found = _train(db, icp, now=now)
    assert found.status == "too little"
    assert found.why.startswith(
        "0 deliveries of 0 leads that are old enough to judge are too little to learn from"
    )
    kept = store.read_model(db, version=1)
    assert (kept["coefficients"], kept["report"]) == (None, {})
    with pytest.raises(InputError, match="There is no model 1"):
        _approve(db, icp, now=now)
    with pytest.raises(Refused, match="ops"):
        _train(db, icp, now=now, actor=VIEWER)


def test_every_export_keeps_what_each_way_gave(demo, icp, config_dir) -> None:
    from export import record_export
    from lead_columns import read_columns, read_industries
    from leads import read_leads
    from preflight import preflight, with_keys

    content = sample_upload("geography", NOW.date())
    file = read_leads(content, "sample.csv", read_columns(config_dir), industries=read_industries(config_dir))
    version = _propose(demo)
    _approve(demo, icp, version=version)
    model = model_for(store.read_models_in_force(demo), "geography")
    scored = score_leads(
        file.leads,
        icp,
        workflow="geography",
        today=NOW.date(),
        center_zip=SAMPLE_CENTER_ZIP,
        radius_miles=50,
        model=model,
    )
    plan = preflight(file, with_keys(scored), icp)
    done = record_export(
        demo, preflight=plan, icp=icp, weight_version=1, workflow="geography", parameters={"model_version": version},
        today=NOW.date(), now=NOW, actor=ANA,
    )  # fmt: skip
    options = {
        "batch_id": done.batch_id,
        "ready": plan.ready,
        "icp": icp,
        "workflow": "geography",
        "actor": ANA,
    }
    assert record_side_by_side(demo, **options) == done.counts["exported"]
    record_side_by_side(demo, **options)  # again: nothing
    rows = demo.rows(
        "SELECT s.*, l.hades_score, l.source_features FROM side_by_side s JOIN lead_outcomes l USING (batch_id, row_number)"
    )
    assert len(rows) == done.counts["exported"]
    for row in rows:
        kept = json.loads(row["source_features"])
        assert (row["model_score"], row["model_version"]) == (row["hades_score"], version)
        assert (kept["model_version"], kept["weights_score"]) == (version, row["weights_score"])
        parts = sum(value or 0 for name, value in kept.items() if name.endswith("_points"))
        assert parts + kept["rounding"] + kept["cap"] == pytest.approx(kept["score"], abs=1e-9)
    live = store.read_side_by_side(demo)
    assert len(live) == len({(row["batch_id"], row["row_number"]) for row in rows} & set(_first_rows(demo)))
    assert live["model_version"].eq(version).all()
    with pytest.raises(Refused, match="never changes"):
        demo.write([turso_db.Statement("DELETE FROM side_by_side")])


def _first_rows(db):
    return [(r["batch_id"], r["row_number"]) for r in db.rows("SELECT l.batch_id, l.row_number FROM company_outcomes c JOIN lead_outcomes l ON l.id = c.lead_id")]  # fmt: skip


def test_every_face_that_exports_scores_by_the_model_in_force() -> None:
    for room in ("pages/1_Score_and_Export.py", "scripts/export_batch.py"):
        tree = ast.parse((ROOT / room).read_text("utf-8"))
        text = ast.unparse(tree)
        assert "model_for(" in text, room
        assert "record_side_by_side(" in text, room


def test_a_model_of_another_release_is_a_sentence(demo, icp) -> None:
    kept = store.read_model(demo, version=1)
    assert model_for({"intent": {"version": 1, "coefficients": kept["coefficients"]}}, "intent")[0] == 1
    with pytest.raises(ConfigError, match="Fall back to the weights"):
        model_for({"intent": {"version": 1, "coefficients": "{}"}}, "intent")
