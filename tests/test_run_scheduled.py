"""The schedule as a command: over an empty product and over a year, and again an hour later."""

from __future__ import annotations

import json

from deal_worlds import as_csv, deal_world
from demo_years import loaded
from racing import ANA

import turso_db
from deal_import import import_deals
from deals import read_deal_rules
from scripts.command import run
from scripts.run_scheduled import STEPS, main


def ran(capsys, *arguments):
    code = run(main, [*arguments, "--json"])
    return code, {step["step"]: step for step in json.loads(capsys.readouterr().out)["steps"]}


def test_an_empty_product_has_nothing_to_do_and_says_so(config_dir, capsys):
    code, steps = ran(capsys)
    assert code == 0
    assert tuple(steps) == STEPS
    assert [steps[name]["status"] for name in ("sync", "snapshot", "insight")] == ["skipped"] * 3
    assert "Nothing to calibrate yet." in steps["candidates"]["sentence"]
    assert "was written; 0 sent" in steps["digest"]["sentence"]


def test_a_year_is_calibrated_scored_and_told_once(config_dir, db_path, capsys, now):
    loaded(db_path)
    db = turso_db.connect(f"file:{db_path}")
    content = as_csv(deal_world(1, 600, still_open=0.1))
    import_deals(db, content=content, name="deals.csv", rules=read_deal_rules(config_dir), now=now, actor=ANA)
    code, steps = ran(capsys)
    assert {steps[name]["status"] for name in STEPS[1:]} == {"done"}
    assert code == 0
    assert "a person approves" in steps["candidates"]["sentence"]
    assert db.rows("SELECT max(version) AS v FROM weight_versions")[0]["v"] == 1  # nothing changed itself
    counts = "SELECT (SELECT count(*) FROM calibration_runs) AS r, (SELECT count(*) FROM pipeline_snapshots) AS s, (SELECT count(*) FROM digests) AS d"
    before = db.rows(counts)[0]
    assert before == {"r": 1, "s": 1, "d": 1}
    _, again = ran(capsys)
    assert "Calibrated 0 days ago." in again["candidates"]["sentence"]
    assert db.rows(counts)[0] == before
    db.close()


def test_one_step_alone(config_dir, capsys):
    assert list(ran(capsys, "--step", "alerts")[1]) == ["alerts"]
