"""What the API works with: scorers by kind and workflow, looked up anew after a while."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import turso_db
from actors import Actor
from api_answers import Problem
from api_desk import clock, current_scorers, open_desk
from api_limits import RateLimit
from errors import Unavailable
from feedback import give_feedback, score_sent
from lead_conversion import Trained
from lead_schema import check_lead, read_api_rules
from settings import read_settings

SHOP = Actor("web shop", "ops")


def intent_model(leads: pd.DataFrame) -> np.ndarray:
    return np.full(len(leads), 0.44)


def test_a_model_of_one_workflow_scores_its_leads_and_the_base_rate_all_others(
    config_dir: Path, db: turso_db.Database
) -> None:
    settings = read_settings()
    rules = read_api_rules(config_dir)
    scorers = current_scorers(
        db, settings, rules, lambda _: {"hades/intent": Trained("model-3", intent_model, {})}
    )
    assert set(scorers) == {"web", "hades", "hades/intent"}
    leads = [
        check_lead({"state": "TX", "workflow_type": how} if how else {"state": "TX"}, rules)
        for how in ("intent", "geography", None)
    ]
    found = score_sent(db, leads=leads, scorers=scorers, now=clock(), actor=SHOP)
    assert [one.conversion.model_version for one in found] == ["model-3", "prior", "prior"]
    assert [one.conversion.risk_category for one in found] == ["High", "Medium", "Medium"]  # 0.44 ≥ 2 × 0.1


def test_outcomes_move_the_base_rate_once_it_is_looked_up_anew(
    config_dir: Path, db: turso_db.Database
) -> None:
    desk = open_desk(read_settings(), models=lambda _: {}, train=lambda *_: "", fresh_seconds=0.0)
    slow = open_desk(read_settings(), models=lambda _: {}, train=lambda *_: "", fresh_seconds=3600.0)
    try:
        lead = check_lead({"lead_id": "L-1", "age": 35}, desk.rules)
        score_sent(db, leads=[lead], scorers=desk.scorers(), now=clock(), actor=SHOP)
        give_feedback(db, lead_id="L-1", outcome=True, now=clock(), actor=SHOP)
        until = time.monotonic() + 20
        while desk.scorers()["web"].base.leads == 0:  # looked up beside the answers, which never wait
            assert time.monotonic() < until
            time.sleep(0.01)
        assert desk.scorers()["web"].base[:3] == (3 / 21, 1, 1)  # (1 + 0.1 × 20) / (1 + 20)
        assert slow.scorers()["web"].base[:3] == (0.1, 0, 0)
    finally:
        for one in (desk, slow):
            one.retrainer.close()
            one.db.close()


def test_a_database_that_is_away_leaves_what_scored_before(
    config_dir: Path, db: turso_db.Database, caplog: pytest.LogCaptureFixture
) -> None:
    away = [False]

    def models(_: turso_db.Database) -> dict[str, Trained]:
        if away[0]:
            raise Unavailable("The database was busy. Try again in a moment.")
        return {}

    desk = open_desk(read_settings(), models=models, train=lambda *_: "", fresh_seconds=0.0)
    try:
        away[0] = True
        until = time.monotonic() + 20
        while "goes on" not in caplog.text:
            assert desk.scorers()["web"].version == "prior"
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        desk.retrainer.close()
        desk.db.close()


def test_nothing_is_looked_up_while_it_is_fresh(config_dir: Path, db: turso_db.Database) -> None:
    asked: list[int] = []

    def models(_: turso_db.Database) -> dict[str, Trained]:
        asked.append(1)
        return {}

    desk = open_desk(read_settings(), models=models, train=lambda *_: "", fresh_seconds=3600.0)
    try:
        for _ in range(20):
            desk.scorers()
        for thread in [thread for thread in threading.enumerate() if thread.name == "scorers"]:
            thread.join()
        assert asked == [1]  # when the desk was opened
    finally:
        desk.retrainer.close()
        desk.db.close()


def test_who_guesses_keys_is_slowed_down_by_address(config_dir: Path, db: turso_db.Database) -> None:
    desk = open_desk(read_settings(), models=lambda _: {}, train=lambda *_: "", fresh_seconds=3600.0)
    desk.limit = RateLimit(0.001, 2)

    def status(address: str) -> int:
        with pytest.raises(Problem) as refused:
            desk.actor({"type": "http", "client": (address, 40_000)}, {"authorization": "Bearer guessed"})
        return refused.value.status

    try:
        assert [status("203.0.113.5") for _ in range(4)] == [401, 401, 429, 429]
        assert status("203.0.113.6") == 401
    finally:
        desk.retrainer.close()
        desk.db.close()
