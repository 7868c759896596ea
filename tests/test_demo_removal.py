"""The demo leaves by its own marks: every other row of every table stays, byte by byte, whatever came in which order."""

from __future__ import annotations

import json
import random
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from demo_beside import DEMO, World, rows_of
from demo_years import loaded
from lead_rows import TODAY
from outcome_rows import calibrated, history, real_history, told
from racing import ANA
from turso_server import TursoServer

import turso_db
from actors import Actor
from analytics.pipeline_scores import read_pipeline_rules
from approvals import approve, rollback
from calibration import verify_run
from configuration import active_configuration
from demo_removal import preview_removal, remove_demo, rests_on
from demo_removal import told as in_words
from errors import Conflict, Refused
from feedback import give_feedback
from icp import business_zone
from outcome_columns import read_columns
from outcome_work import match_unmatched, take_back_milestone
from pipeline import snapshot_pipeline
from scripts.command import run
from scripts.load_demo import main
from segment_factors import approve_factors
from stores import demo as demo_store
from stores import demo_removal as store
from stores import overview, runs, unmatched
from stores.audit import read_audit
from turso_db import Statement


@pytest.fixture
def world(db, config_dir, now):
    made = World(db, config_dir, now)
    active_configuration(db, config_dir=config_dir, now=now)
    made.as_demo(made.begin)
    return made


ACTS = ("own_export", "own_history", "own_outcomes", "own_hand", "own_operator", "own_deals", "own_view",
        "demo_export", "demo_history", "demo_outcomes", "demo_deals", "demo_view")  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_whatever_came_in_which_order_all_and_only_the_demo_goes(world, seed):
    order = list(ACTS) * 2
    random.Random(seed).shuffle(order)
    for act in order:
        getattr(world, act)()
    before = rows_of(world.db)
    done = remove_demo(world.db, now=world.now, actor=ANA)
    assert done.goes["batches"] == len(world.demo)
    own = {
        place: row
        for place, row in before.items()
        if place not in world.invented and not (place[0] == "deal_issues" and "'deal_id': 'demo" in row)
    }
    assert rows_of(world.db) == own
    assert world.db.rows("PRAGMA foreign_key_check") == []
    assert demo_store.read_load(world.db) is None


def test_own_data_is_byte_for_byte_as_before_the_demo_came(db, config_dir, now):
    world = World(db, config_dir, now)
    active_configuration(db, config_dir=config_dir, now=now)
    for act in [act for act in ACTS if act.startswith("own")]:
        getattr(world, act)()
    before = rows_of(db)
    world.begin()
    for act in [act for act in ACTS if act.startswith("demo")]:
        getattr(world, act)()
    assert rows_of(db) != before
    remove_demo(db, now=now, actor=ANA)
    assert rows_of(db) == before


def test_the_whole_demo_goes_and_the_preview_says_what(tmp_path, now):
    db = turso_db.connect(f"file:{loaded(tmp_path / 'data' / 'year.db')}")
    found = preview_removal(db)
    assert found.why_not is None
    counts = demo_store.count_demo(db)
    assert found.goes["batches"] == counts["batches"] == 37
    front = overview.read_overview(db, today=TODAY, maturity_days=180)
    assert (front["batches"], front["void"]) == (37, 1)  # Home, the loader and the removal say one number
    assert found.goes["leads"] == counts["leads"] == 3212
    assert found.goes["leads_called_before"] == counts["historical_leads"]
    assert found.goes["outcomes"] == counts["milestones"]
    assert in_words(found.goes).startswith("37 batches, 3,212 leads, 3,200 leads called before")
    remove_demo(db, now=now, actor=ANA)
    assert rows_of(db).keys() == {("weight_versions", 1)}
    last = read_audit(db).iloc[0]
    assert (last["actor"], last["action"]) == ("Ana Ruiz", "remove demo")
    assert json.loads(last["detail"])["gone"]["batches"] == 37
    assert overview.read_overview(db, today=TODAY, maturity_days=180)["leads"] == 0
    with pytest.raises(Refused, match="no demo"):
        remove_demo(db, now=now, actor=ANA)
    db.close()


def test_over_http_all_and_only_the_demo_goes_after_a_backup_of_everything(
    tmp_path, config_dir, now, monkeypatch, capsys
):
    with closing(
        turso_db.connect(f"file:{tmp_path / 'strict.db'}")
    ) as db:  # built here, because that is quicker
        world = World(db, config_dir, now)
        active_configuration(db, config_dir=config_dir, now=now)
        for act in [act for act in ACTS if act.startswith("own")]:
            getattr(world, act)()
        own = rows_of(db)
        world.begin()
        for act in [act for act in ACTS if act.startswith("demo")]:
            getattr(world, act)()
        both = rows_of(db)
    with TursoServer(tmp_path / "strict.db") as server:
        monkeypatch.setenv("TURSO_DATABASE_URL", server.url)
        monkeypatch.setenv("TURSO_AUTH_TOKEN", server.token)
        assert run(main, ["--remove", "--actor", "Ana Ruiz", "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["goes"]["batches"] == len(world.demo) >= 1
        backup = Path(said["backup"])
        assert backup.is_absolute()
        with closing(turso_db.open_database(f"file:{backup}")) as kept:
            assert rows_of(kept) == both
        assert server.mistakes == []
    with closing(turso_db.connect(f"file:{tmp_path / 'strict.db'}")) as db:
        assert rows_of(db) == own


@pytest.mark.parametrize("table", ["lead_outcomes", "outcome_milestones", "deal_snapshots", "summary_views"])
def test_the_database_keeps_the_demo_until_it_leaves_and_own_rows_even_then(world, table):
    for act in ("demo_outcomes", "demo_deals", "demo_view"):
        getattr(world, act)()
    with pytest.raises(Refused, match=r"append-only|never"):
        world.db.write([Statement(f"DELETE FROM {table}")])
    for act in ("own_outcomes", "own_deals", "own_view"):
        getattr(world, act)()
    with pytest.raises(Refused, match=r"append-only|never"):
        world.db.write([Statement("UPDATE demo_load SET leaving = 1"), Statement(f"DELETE FROM {table}")])


def test_what_people_and_files_said_about_invented_companies_is_set_aside_with_its_reason(world):
    world.demo_outcomes()
    batch, key = world.company(world.demo[-1])
    world.say((batch, key), "appointment")
    told(world.db, world.now, (batch, f"Invented Inn {world.number}", "churned", "2026-02-11"))
    invented = world.db.rows("SELECT id FROM outcome_milestones WHERE source = 'demo'")[0]["id"]
    take_back_milestone(world.db, milestone_id=invented, reason="A trial.", now=world.now, actor=ANA)
    assert preview_removal(world.db).stays["set_aside"] == 2
    remove_demo(world.db, now=world.now, actor=ANA)
    kept = unmatched.read_unmatched(world.db, states=unmatched.STATES).sort_values("milestone")
    assert kept[["source", "milestone", "state"]].to_numpy().tolist() == [
        ["person", "appointment", "set aside"],
        ["file", "churned", "set aside"],
    ]
    because = "It was said about an invented company of the demo, which was removed."
    assert set(kept["set_aside_because"]) == {because}
    assert unmatched.count_unmatched(world.db) == 0
    assert world.db.rows("SELECT count(*) AS n FROM outcome_milestones") == [{"n": 0}]


def test_an_own_company_that_an_invented_outcome_was_matched_to_has_its_own_outcome_again(world):
    world.own_hand()
    company = world.company(world.own[-1])
    world.demo_outcomes()
    row = int(unmatched.read_unmatched(world.db)["id"].iloc[0])
    match_unmatched(world.db, row_id=row, company=company, now=world.now, actor=ANA)
    asked = ("SELECT DISTINCT outcome FROM lead_outcomes WHERE batch_id = ? AND company_key = ?", company)
    assert world.db.rows(*asked) == [{"outcome": "delivery"}]
    remove_demo(world.db, now=world.now + timedelta(hours=1), actor=ANA)
    assert world.db.rows(*asked) == [{"outcome": "contacted"}]


def test_an_invented_operator_that_an_own_batch_names_stays(world):
    operator = demo_store.read_demo_operators(world.db)[0]
    world.export(demo=False, operator=operator)
    assert preview_removal(world.db).goes["operators"] == 0
    remove_demo(world.db, now=world.now, actor=ANA)
    assert [row["name"] for row in world.db.rows("SELECT name FROM operators")] == ["Demo Dora"]


def test_zoho_that_names_an_invented_company_is_never_parted_from_it(world):
    batch, key = world.company(world.demo_export())
    site = "INSERT INTO zoho_sites (site, status, batch_id, company_key, changed_at) VALUES ('Deals:1', 'matched', ?, ?, ?)"
    world.db.write([Statement(site, (batch, key, world.now))])
    before = rows_of(world.db)
    assert "hang together in 1 places" in str(preview_removal(world.db).why_not)
    with pytest.raises(Refused, match="what Zoho said is never deleted"):
        remove_demo(world.db, now=world.now, actor=ANA)
    assert rows_of(world.db) == before


def test_a_history_that_an_own_file_changed_is_not_parted_either(world):
    world.demo_history()
    row = (
        f"Invented Site {world.number}",
        "7011",
        "90",
        "75201",
        "TX",
        "delivery",
        "2025-01-10",
        "2025-03-01",
    )
    history(world.db, world.now, row)
    with pytest.raises(Refused, match="changed 1 invented companies"):
        remove_demo(world.db, now=world.now, actor=ANA)


def test_only_a_manager_removes_it(world):
    with pytest.raises(Refused, match="may not remove the demo"):
        remove_demo(world.db, now=world.now, actor=Actor("Bo", "ops"))


def test_an_own_batch_that_takes_an_invented_operator_meanwhile_breaks_the_removal(world):
    operator = demo_store.read_demo_operators(world.db)[0]
    ids, counts = store.read_leaving_ids(world.db), store.read_leaving(world.db)
    rests = store.read_rests_on_demo(world.db)
    world.export(demo=False, operator=operator)
    before = rows_of(world.db)
    late = store.remove_statements(rests=rests, counts=counts, ids=ids, now=world.now, actor="Ana Ruiz")
    with pytest.raises(Conflict):
        world.db.write(late)
    assert rows_of(world.db) == before


def test_what_was_learned_from_the_demo_is_told_and_can_be_rolled_back(world, config_dir, now):
    told_of = {"8361": (218, 38), "7011": (410, 28)}  # of the real result
    history(world.db, now, *real_history(told_of), source="demo", actor=DEMO)
    run_id = calibrated(world.db, config_dir, now)["run_id"]
    said = {"config_dir": config_dir, "run_id": run_id, "rows": None, "now": now, "actor": ANA}
    approve(world.db, reason="They fail.", **said)
    found = remove_demo(world.db, now=now, actor=ANA)
    assert (found.weight_version, found.back_to) == (2, 1)
    assert "Version 1 is the one before" in rests_on(found)[0]
    assert store.read_removal(world.db)["back_to"] == 1
    assert runs.read_latest_run(world.db) is None
    with pytest.raises(Refused, match="rests on the demo"):
        verify_run(world.db, run_id=run_id)
    with pytest.raises(Refused, match="rests on the demo"):
        approve(world.db, reason="Why not.", **said)
    rollback(world.db, config_dir=config_dir, version=1, reason="It was the demo.", now=now, actor=ANA)
    assert store.read_removal(world.db)["back_to"] is None  # somebody decided


@pytest.mark.parametrize(
    ("steps", "back_to"),
    [
        ((1.1,), 1),  # a factor has no calibration behind it, and rests on invented leads all the same
        ((1.1, 1.2), 1),
        ((1.1, "back to 1"), None),  # the scores are as before the demo: nothing to roll back
        ((1.1, 1.2, "back to 2"), 1),
        ((1.1, "back to 1", 1.2), 3),
        ((), None),
    ],
)
def test_a_rollback_is_offered_only_where_the_scores_in_force_rest_on_the_demo(world, steps, back_to):
    said = {"config_dir": world.config, "now": world.now, "actor": ANA}
    for version, step in enumerate(steps, 1):
        if isinstance(step, str):
            rollback(world.db, version=int(step[-1]), reason="No.", **said)
        else:
            approve_factors(world.db, factors={"Cold": step}, seen_version=version, reason="Yes.", **said)
    found = remove_demo(world.db, now=world.now, actor=ANA)
    assert (found.back_to, len(rests_on(found))) == (back_to, 0 if back_to is None else 1)
    assert store.read_removal(world.db)["back_to"] == back_to
    if back_to is not None:
        rollback(world.db, version=back_to, reason="It was the demo.", **said)
        assert store.read_removal(world.db)["back_to"] is None


def test_what_was_approved_before_the_demo_came_does_not_rest_on_it(db, config_dir, now):
    world = World(db, config_dir, now)
    active_configuration(db, config_dir=config_dir, now=now)
    before = {"config_dir": config_dir, "now": now - timedelta(days=1), "actor": ANA}
    approve_factors(db, factors={"Cold": 1.1}, seen_version=1, reason="Own leads.", **before)
    world.begin()
    assert preview_removal(db).back_to is None


def test_an_earlier_removal_offers_no_rollback_to_the_text_in_force(world):
    said = {"config_dir": world.config, "now": world.now, "actor": ANA}
    approve_factors(world.db, factors={"Cold": 1.1}, seen_version=1, reason="Yes.", **said)
    rollback(world.db, version=1, reason="No.", **said)
    row = "INSERT INTO demo_removals VALUES (1, ?, 'Ana Ruiz', 7, '{}', 0, 0, 3, 1)"
    world.db.write([Statement(row, (world.now,))])
    assert store.read_removal(world.db)["back_to"] is None


def test_the_columnar_copy_forgets_the_demo(world, tmp_path):
    zone = business_zone(active_configuration(world.db, config_dir=world.config, now=world.now).icp)
    world.demo_export()
    world.own_export()
    kept = tmp_path / "kept"
    assert len(read_columns(world.db, cache_dir=kept, zone=zone).frame) == 4
    remove_demo(world.db, now=world.now, actor=ANA)
    assert set(read_columns(world.db, cache_dir=kept, zone=zone).frame["batch_id"]) == set(world.own)


def test_deals_of_an_earlier_release_were_marked_as_of_a_file_and_leave_too(world):
    world.deals(b"demo", "demo_deals.csv", actor=DEMO)
    rules = read_pipeline_rules(world.config)
    snapshot_pipeline(world.db, rules=rules, today=TODAY, now=world.now, actor=DEMO)
    later = world.now + timedelta(days=1)
    world.deals(b"own", "own.csv", now=later)
    assert preview_removal(world.db).goes["deals"] == 2
    remove_demo(world.db, now=later, actor=ANA)
    for table in ("deals", "deal_snapshots"):
        left = world.db.rows(f"SELECT deal_id FROM {table} ORDER BY 1")
        assert [row["deal_id"] for row in left] == ["own-1", "own-2"]
    assert world.db.rows("SELECT count(*) AS n FROM pipeline_snapshots") == [{"n": 0}]


def test_the_command_previews_backs_up_and_removes(tmp_path, db_path, config_dir, capsys):
    loaded(db_path)
    assert run(main, ["--remove", "--preview", "--json"]) == 0
    told_before = json.loads(capsys.readouterr().out)
    assert (told_before["removed"], told_before["goes"]["batches"], told_before["backup"]) == (
        False,
        37,
        None,
    )
    assert (
        run(main, ["--remove", "--actor", "Ana Ruiz", "--backup", str(tmp_path / "before.db"), "--json"]) == 0
    )
    done = json.loads(capsys.readouterr().out)
    assert (done["removed"], done["goes"]) == (True, told_before["goes"])
    backup = turso_db.open_database(f"file:{tmp_path / 'before.db'}")
    assert backup.rows("SELECT count(*) AS n FROM batches") == [{"n": 37}]
    backup.close()
    assert run(main, ["--remove"]) == 2
    assert "no demo in this database" in capsys.readouterr().err


def test_what_a_program_says_of_an_invented_lead_is_never_said_of_the_own_one_that_gets_its_id(world):
    world.demo_export()
    ((asked, old),) = [
        row.values()
        for row in world.db.rows(
            "SELECT batch_id || ':' || row_number AS asked, id FROM lead_outcomes ORDER BY id LIMIT 1"
        )
    ]
    program = Actor("web shop", "ops")
    give_feedback(world.db, lead_id=asked, outcome=False, now=world.now, actor=program)
    remove_demo(world.db, now=world.now, actor=ANA)
    world.own_export()
    assert world.db.rows("SELECT min(id) AS id FROM lead_outcomes") == [{"id": old}]
    assert give_feedback(world.db, lead_id=asked, outcome=True, now=world.now, actor=program).changed
    assert world.db.rows("SELECT DISTINCT outcome FROM lead_outcomes") == [{"outcome": None}]
    for nowhere in ("outcome_milestones", "historical_outcomes"):
        assert world.db.rows(f"SELECT count(*) AS n FROM {nowhere}") == [{"n": 0}]


def test_no_lead_that_leaves_makes_the_database_read_all_that_hangs_on_leads(db):
    hangs = db.rows(
        'SELECT t.name AS of_table, f."from" AS of_column FROM sqlite_master t, pragma_foreign_key_list(t.name) f '
        "WHERE t.type = 'table' AND f.\"table\" = 'lead_outcomes'"
    )
    assert len(hangs) == 2
    for table, column in (one.values() for one in hangs):
        found = db.rows(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 1")
        assert [row["detail"].split()[0] for row in found] == ["SEARCH"], table
