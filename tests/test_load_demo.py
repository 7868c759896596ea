"""python -m scripts.load_demo: what it prints, writes and refuses."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from demo_years import loaded

import turso_db
from actors import Actor
from analytics.stage_flow import stage_flow
from deal_import import import_deals
from demo_deals import STAGES, WEEKS
from demo_world import SEED
from errors import Unavailable
from operators import save_operator
from scripts import load_demo
from scripts.command import run
from scripts.load_demo import main
from stores import deals
from stores import demo as store


def test_a_loaded_world_says_so_and_shows_what_was_recovered(
    db_path: Path, config_dir: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(db_path)
    weeks_left = iter(range(4))

    def stopped(*given: Any, **named: Any) -> Any:
        if next(weeks_left, None) is None:
            raise Unavailable("Stopped here.")
        return import_deals(*given, **named)

    with monkeypatch.context() as here:  # an interrupted load goes on where it stopped
        here.setattr(load_demo, "import_deals", stopped)
        assert run(main, []) == 2
    capsys.readouterr()
    assert run(main, []) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        f"The demo world of seed {SEED} was loaded on 2026-02-11 already; nothing was changed."
    )
    assert "intervals hold the planted rate; 95 of 100 should" in out
    assert run(main, ["--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["loaded"] is False
    assert told["seed"] == SEED
    assert told["counts"]["batches"] == 37
    hotels = next(row for row in told["planted"] if row["value"] == "7011")
    assert hotels["planted"] == pytest.approx(28 / 410, abs=1e-6)  # the real result
    with closing(turso_db.connect(None, None, db_path.parent)) as db:
        assert len(store.read_deal_files(db)) == WEEKS + 1
        found = deals.count_deals(db)
        assert (found["deals"], found["newest_close"]) == (1400, "2026-02-10")
        flow = stage_flow(deals.read_stage_states(db), as_of=pd.Timestamp("2026-02-11"))
        assert flow.sentence.startswith("Deals stay longest in Proposal: half have left after ")
        assert flow.stages["stage"].tolist() == list(STAGES)
    assert hotels["low"] <= hotels["rate"] <= hotels["high"]
    assert told["inside"] <= told["of"] == sum(row["inside"] is not None for row in told["planted"])
    assert [Path(path).name for path in told["files"]] == ["zoominfo_intent.csv", "zoominfo_geography.csv"]
    assert all(Path(path).read_bytes().startswith(b"\xef\xbb\xbf") for path in told["files"])


def test_an_empty_database_is_filled(db, config_dir: Path, capsys) -> None:
    assert run(main, ["--if-empty", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["loaded"] is True
    assert store.read_load(db)["finished_at"]
    assert run(main, ["--if-empty"]) == 0
    assert "already" in capsys.readouterr().out


def test_a_database_in_use_is_refused_or_with_if_empty_left_alone(db, now, config_dir: Path, capsys) -> None:
    save_operator(db, values={"name": "Oak Vending"}, now=now, actor=Actor("Ana Ruiz", "ops"))
    assert run(main, ["--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "Refused"
    assert "holds 1 operators" in error["message"]
    assert run(main, ["--if-empty"]) == 0
    assert "in use" in capsys.readouterr().out
    assert store.read_load(db) is None


def test_a_database_across_a_network_is_never_filled_unasked(
    monkeypatch, config_dir: Path, tmp_path, capsys
) -> None:
    from scripts.load_demo import _reason_to_leave_alone
    from settings import Settings

    class Far:
        name = "hades on turso.example"

    told = _reason_to_leave_alone(Far(), Settings(database_url="libsql://hades.turso.example"))  # type: ignore[arg-type]
    assert told is not None
    assert "across a network" in told


def test_a_wrong_seed_is_a_sentence(db, config_dir: Path, capsys) -> None:
    assert run(main, ["--seed", "-4", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "InputError"
