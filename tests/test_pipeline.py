"""Snapshots of the pipeline: once a day, frozen, and matched with what became of the deals."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from page_words import opened, said

import turso_db
from actors import Actor
from analytics.pipeline_scores import read_pipeline_rules
from deal_import import import_deals
from deals import read_deal_rules
from errors import Refused
from pipeline import snapshot_pipeline
from scripts.command import run
from scripts.snapshot_pipeline_scores import main
from stores import pipeline as store
from turso_db import Statement

ANA = Actor("Ana Ruiz", "manager")
HEAD = "deal_id,account,created_date,closed_date,deal_amount,outcome\n"
FIRST = (
    HEAD
    + "1,Ada,2025-01-02,2025-02-01,100,Won\n2,Ada,2025-11-01,,300,Open\n3,Bob,2025-11-01,,50,Open\n4,,2025-11-01,,,Open\n"
)
LATER = HEAD + "2,Ada,2025-11-01,2026-02-20,280,Won\n3,Bob,2025-11-01,2026-02-15,50,Lost\n"


def bring(db, text, config_dir, now):
    import_deals(
        db, content=text.encode(), name="deals.csv", rules=read_deal_rules(config_dir), now=now, actor=ANA
    )


def take(db, config_dir, day, actor=ANA):
    now = datetime.combine(day, datetime.min.time())
    return snapshot_pipeline(db, rules=read_pipeline_rules(config_dir), today=day, now=now, actor=actor)


def test_a_day_is_kept_once_and_never_changes(db, config_dir, now):
    bring(db, FIRST, config_dir, now)
    done = take(db, config_dir, date(2026, 2, 11))
    assert (done.scored, done.left_out, done.kept) == (2, 1, True)
    assert not take(db, config_dir, date(2026, 2, 11)).kept
    assert db.rows("SELECT count(*) AS n FROM pipeline_scores")[0]["n"] == 2
    with pytest.raises(Refused):
        db.write([Statement("UPDATE pipeline_scores SET score = 100")])
    newest = store.read_newest_snapshot(db)
    assert newest["settings"]["account"]["upsell"] == 0.25
    assert len(newest["scale"]["largest_deal"]) == 11
    assert store.read_scores(db, snapshot_id=newest["snapshot_id"])["deal_id"].tolist() == ["2", "3"]
    with pytest.raises(Refused):
        take(db, config_dir, date(2026, 2, 12), Actor("Vi", "viewer"))


def test_outcomes_are_matched_back_with_the_score_then_and_before_the_close(db, config_dir, now):
    assert store.read_scored_outcomes(db).empty
    bring(db, FIRST, config_dir, now)
    take(db, config_dir, date(2026, 2, 11))
    take(db, config_dir, date(2026, 2, 14))
    bring(db, LATER, config_dir, now + timedelta(days=14))
    take(db, config_dir, date(2026, 2, 25))  # after both closed: knows the outcome and must not count
    table = store.read_scored_outcomes(db).set_index("deal_id")
    assert table.loc["2", "outcome"] == "won"
    assert table.loc["2", "amount"] == 280  # the final value
    assert table.loc["2", "days_to_close"] == 9  # 11 to 20 February
    assert table.loc["3", "outcome"] == "lost"
    first = json.loads(
        json.dumps(db.rows("SELECT score FROM pipeline_scores WHERE deal_id = '2' ORDER BY snapshot_id"))
    )
    assert table.loc["2", "score"] == first[0]["score"]
    assert table.loc["2", "score_at_close"] == first[1]["score"]


def test_the_script_scores_once_a_day(config_dir, db, now, capsys):
    bring(db, FIRST, config_dir, now)
    assert run(main, ["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] is True
    assert run(main, []) == 0
    assert "nothing was changed" in capsys.readouterr().out


def test_the_page_scores_and_shows_what_became_of_scores(places, now):
    db = turso_db.connect(None, None, places / "data")
    bring(db, FIRST, places / "config", now)
    app = opened("pages/5_Pipeline.py")
    assert "have not been scored yet" in said(app)
    app.button(key="score_now").click().run()
    assert not app.exception
    told = said(app).replace("\\", "")
    assert "2 open deals scored; 1 have neither" in told
    assert "of 2 open deals scored 75 or more" in told
    app.button(key="score_now").click().run()
    assert "scored today already" in said(app)
    take(db, places / "config", date(2026, 2, 14))
    bring(db, LATER, places / "config", now + timedelta(days=14))
    db.close()
    app = opened("pages/5_Pipeline.py")
    app.session_state["tab"] = "What became of them"
    app.run()
    assert not app.exception
    assert "2 scored deals closed since" in said(app)
