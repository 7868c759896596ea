"""The script that trains: what it prints, and its exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from model_worlds import planted, stored

import turso_db
from scripts import train_model
from scripts.command import run
from stores.models import read_models
from stores.state import take_lease


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    """The process of the tests stays as quick as it is."""
    monkeypatch.setattr("os.nice", lambda _: 0)


@pytest.fixture
def filled(config_dir, db_path):
    db = turso_db.connect(f"file:{db_path}")
    stored(db, planted(np.random.default_rng(11), 900, pull=1.5)[0])
    yield db
    db.close()


def test_it_trains_says_what_it_found_and_waits_for_more(filled, capsys) -> None:
    assert run(train_model.main, ["--json", "--actor", "Ana"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == 1
    assert told["status"] in ("proposed", "not better")
    assert read_models(filled)["created_by"].tolist() == ["Ana"]
    assert run(train_model.main, ["--if-due"]) == 0
    assert "0 outcomes are new since the last training" in capsys.readouterr().out
    assert len(read_models(filled)) == 1


def test_it_says_when_another_one_is_running(filled, capsys) -> None:
    from datetime import UTC, datetime

    assert take_lease(filled, name="train a model", holder="other", now=datetime.now(UTC), seconds=600)
    assert run(train_model.main, []) == 0
    assert "being trained already" in capsys.readouterr().out


def test_an_empty_database_is_a_sentence(config_dir, capsys) -> None:
    assert run(train_model.main, []) == 0
    assert "0 deliveries of 0 leads" in capsys.readouterr().out
