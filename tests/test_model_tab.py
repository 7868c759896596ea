"""The tab Model in every state: nothing trained, proposed, in force and falling back, for those who may not."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from model_worlds import planted, stored
from page_words import said
from racing import ANA
from streamlit.testing.v1 import AppTest
from test_sent_models import sent, train

import turso_db
from configuration import active_configuration
from jobs import jobs
from models import retrain
from stores import models as store
from stores import sent_models as sent_store

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)


@pytest.fixture
def config(places: Path, config_dir: Path) -> Path:
    return config_dir


@pytest.fixture
def trained(config: Path, db_path: Path):
    """A database with a model that was proposed."""
    db = turso_db.connect(f"file:{db_path}")
    stored(db, planted(np.random.default_rng(11), 1600, pull=1.5)[0], exported="2025-01-01")
    now = datetime.now(UTC)
    icp = active_configuration(db, config_dir=config, now=now).icp
    made = retrain(db, icp=icp, now=now, actor=ANA, code_version="test")
    assert made.status == "proposed"
    yield db
    db.close()


def opened(**secrets: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    for name, value in secrets.items():
        app.secrets[name] = value
    app.run()
    app.session_state["tab"] = "Model"
    return app.switch_page("pages/7_Score_Calibration.py").run()


def press(app: AppTest, key: str) -> AppTest:
    return next(button for button in app.button if button.key == key).click().run()


def test_nothing_was_trained_yet_and_training_says_what_is_missing(config: Path) -> None:
    app = opened()
    assert not app.exception
    assert not app.error
    assert "The weights score every lead" in said(app)
    assert "No model was trained yet" in said(app)
    assert "no batch of them is old enough to judge yet" in said(app)
    press(app, "train_model")
    until = time.monotonic() + 30
    while jobs().state("train a model").running and time.monotonic() < until:
        time.sleep(0.05)
    app.run()
    assert "0 deliveries of 0 leads that are old enough to judge are too little" in said(app)


def test_a_proposed_model_is_shown_approved_and_taken_back_in_one_click(trained: turso_db.Database) -> None:
    app = opened()
    assert not app.exception
    text = said(app)
    assert "newest leads with" in text
    assert {metric.label for metric in app.metric} >= {"AUC", "Brier score", "Parameters in use"}
    assert next(b for b in app.button if b.key == "approve_model").disabled  # an approval carries a name
    app.text_input(key="acting_as").set_value("Ana Ruiz").run()
    app.text_input(key="model_reason").set_value("It ranks better.")
    press(app, "approve_model")
    assert store.read_models_in_force(trained)["geography"]["chosen_by"] == "Ana Ruiz"
    assert "Model 1 scores by distance from the next lead on." in said(app).replace("\\", "")
    assert "model 1 scores by distance" in said(app)
    press(app, "fall_back_geography")
    assert store.read_models_in_force(trained) == {}
    assert "The weights score every lead" in said(app)
    assert store.read_choices(trained)["version"].isna().tolist() == [True, False]


def test_where_two_persons_are_needed_the_button_proposes_and_then_asks_for_another(
    config: Path, db_path: Path
) -> None:
    path = config / "icp.yaml"
    path.write_text(
        path.read_text("utf-8").replace("second_approver: false", "second_approver: true"), "utf-8"
    )
    db = turso_db.connect(f"file:{db_path}")
    stored(db, planted(np.random.default_rng(11), 1600, pull=1.5)[0], exported="2025-01-01")
    now = datetime.now(UTC)
    retrain(db, icp=active_configuration(db, config_dir=config, now=now).icp, now=now, actor=ANA, code_version="test")  # fmt: skip
    app = opened()
    app.text_input(key="acting_as").set_value("Ana Ruiz").run()
    assert app.button(key="approve_model").label == "Propose"
    app.text_input(key="model_reason").set_value("It ranks better.")
    press(app, "approve_model")
    assert "Model 1 waits for another person." in said(app).replace("\\", "")
    assert "another person decides this one" in said(app)
    assert "approve_model" not in [button.key for button in app.button]
    assert store.read_models_in_force(db) == {}
    app.text_input(key="acting_as").set_value("Bo Diaz").run()
    assert "Ana Ruiz proposed it" in said(app)
    assert app.button(key="approve_model").label == "Put into force"
    app.text_input(key="model_reason").set_value("Seen.")
    press(app, "approve_model")
    assert store.read_models_in_force(db)["geography"]["chosen_by"] == "Bo Diaz"
    db.close()


def test_a_model_that_falls_behind_is_warned_of_and_still_scores(
    trained: turso_db.Database, config: Path
) -> None:
    trained.write(
        [store.insert_choice(workflow="geography", number=1, version=1, actor="Ana", now=NOW, reason="Good.")]
    )
    # The world turns: what the model was learned from is the opposite of what the newest leads became.
    cut = store.read_model(trained, version=1)["cut_off"]
    rows = trained.rows("SELECT l.batch_id, l.company_key, o.delivery, l.sic_code FROM lead_outcomes l JOIN company_outcomes o ON o.lead_id = l.id "
                        "WHERE substr(l.exported_at, 1, 10) > ?", (cut,))  # fmt: skip
    turned = [turso_db.Statement(
        "INSERT INTO outcome_milestones (batch_id, company_key, milestone, happened_at, source, source_key, recorded_at, recorded_by) "
        "VALUES (?, ?, 'delivery', '2025-08-01', 'person', ?, '', 'x')", (r["batch_id"], r["company_key"], f"turned {n}")
    ) for n, r in enumerate(rows) if r["sic_code"] in ("8062", "7011")]  # fmt: skip
    trained.write(turned)
    app = opened()
    assert not app.exception
    assert "falls behind the weights" in said(app).replace("\\", "")
    assert store.read_models_in_force(trained)["geography"]["version"] == 1  # a warning, never a switch


def test_two_factors_stand_side_by_side_on_the_same_leads(trained: turso_db.Database, config: Path) -> None:
    app = opened()
    assert "tied at 100 under B" not in said(app)  # nobody pays for what is closed
    app.session_state["factors_open"] = True
    app.run()
    assert not app.exception
    assert "exported without their points" in said(app)


def test_web_leads_get_a_model_by_approval_and_fall_back_with_one_click(
    config: Path, db_path: Path, db: turso_db.Database
) -> None:
    sent(db, 1500)
    assert train(db).status == "proposed"
    app = opened()
    assert "Web leads of programs: scored by the base rate" in [one.value for one in app.subheader]
    app = app.sidebar.text_input[0].set_value("Ada Lane").run()
    app = next(one for one in app.text_input if one.key == "sent_reason_web").set_value("It ranks.").run()
    app = press(app, "approve_sent_web")
    assert "Web leads of programs: scored by model web-1" in [one.value for one in app.subheader]
    held = sent_store.read_in_force(db)["web"]
    assert (held["version"], held["chosen_by"]) == (1, "Ada Lane")
    app = press(app, "sent_fall_back_web")
    assert sent_store.read_in_force(db) == {}
    app = press(app, "sent_bring_back_web")
    assert sent_store.read_in_force(db)["web"]["version"] == 1
    assert not app.exception
