"""The guide of the first steps: each step knows by itself whether it is done, and the page says so."""

from __future__ import annotations

import re

from outcome_rows import calibrated, history, real_history
from page_words import opened, said
from racing import ANA
from test_demo_removal import World, world  # noqa: F401 - world is a fixture

import turso_db
from actors import Actor
from approvals import approve
from demo_removal import remove_demo
from guide import close_guide, next_step, open_guide, steps
from settings import ROOT
from stores.guide import read_progress


def done(db) -> list[bool]:
    return [step.is_done for step in steps(read_progress(db, person="Ana Ruiz"))]


def test_each_step_is_done_once_the_database_says_so(world, config_dir, now):  # noqa: F811
    def following():
        found = next_step(steps(read_progress(world.db, person="Ana Ruiz")))
        return found and found.title.split()[0]

    for act in ("demo_outcomes", "demo_history"):
        getattr(world, act)()
    assert done(world.db) == [False] * 6  # what is invented does no step
    assert following() == "Remove"
    world.own_export()
    assert done(world.db) == [False, True, False, False, True, False]  # exported: history is a step no more
    history(world.db, now, *real_history({"8361": (218, 38), "7011": (410, 28)}))  # of the real result
    calibrated(world.db, config_dir, now)
    assert done(world.db) == [False, True, False, False, True, False]  # it rests on invented leads, too
    remove_demo(world.db, now=now, actor=ANA)
    assert done(world.db) == [True, True, False, False, True, False]
    assert following() == "Calibrate"
    run_id = calibrated(world.db, config_dir, now)["run_id"]
    assert following() == "Approve"
    approve(
        world.db, config_dir=config_dir, run_id=run_id, rows=None, reason="They fail.", now=now, actor=ANA
    )
    assert done(world.db) == [True, True, True, True, True, False]
    assert following() == "Bring"
    world.own_outcomes()
    assert done(world.db) == [True] * 6
    assert following() is None


def test_whoever_has_no_history_is_led_on_and_to_nothing_that_cannot_be_done_yet(world, now):  # noqa: F811
    remove_demo(world.db, now=now, actor=ANA)
    world.own_export()
    found = steps(read_progress(world.db, person="Ana Ruiz"))
    following = next_step(found)
    assert following is not None
    assert following.title == "Bring back what became of them"  # there is nothing to calibrate on yet


def test_where_there_was_no_demo_there_is_none_to_remove(db):
    found = steps(read_progress(db, person="Ana Ruiz"))
    assert [step.title.split()[0] for step in found] == ["Bring", "Calibrate", "Approve", "Score", "Bring"]
    assert not any(step.is_done for step in found)


def test_the_readme_tells_the_same_steps_in_the_same_order_and_words(db):
    text = (ROOT / "README.md").read_text("utf-8")
    part = text.split("\n## Your own leads")[1].split("\n## ")[0]
    titles = re.findall(r"^[0-9]\. \*\*(.+?)\.\*\*", part, re.MULTILINE)
    progress = read_progress(db, person="Ana Ruiz") | {"demo": 1}
    assert titles == [step.title for step in steps(progress)]


def test_closing_it_is_one_person_s_and_can_be_undone(db, now):
    close_guide(db, now=now, actor=ANA)
    close_guide(db, now=now, actor=ANA)
    assert read_progress(db, person="Ana Ruiz")["closed"] == 1
    assert read_progress(db, person="Bo")["closed"] == 0
    open_guide(db, actor=Actor("Bo"))
    open_guide(db, actor=ANA)
    assert read_progress(db, person="Ana Ruiz")["closed"] == 0


def test_home_shows_the_steps_until_they_are_closed_and_again_when_asked(places):
    app = opened("Home.py")
    assert "First steps with your own data" in said(app)
    links = " ".join(link.proto.label for link in app.get("page_link"))
    assert "Only leads that went out under a batch ID can be learned from later." in links
    assert "0 of 5 done" in said(app)
    app.button(key="close_guide").click().run()
    assert "First steps" not in said(app)
    app = opened("Home.py")  # another session
    assert "First steps" not in said(app)
    app.button(key="open_guide").click().run()
    assert "First steps with your own data" in said(app)


def test_the_demo_page_previews_removes_with_a_backup_and_says_so(places, now):
    db = turso_db.connect(None, None, places / "data")
    made = World(db, places / "config", now)
    opened("Home.py")  # the configuration is in force
    made.begin()
    for act in ("demo_outcomes", "demo_deals", "own_outcomes"):
        getattr(made, act)()
    app = opened("pages/13_Demo.py")
    assert not app.error
    assert (
        "1 invented batch with 2 leads and 0 leads called before would go; everything of yours stays"
        in said(app)
    )
    table = app.dataframe[0].value.set_index("what")
    assert table.loc["Batches"].tolist() == [1, 1]
    app.button(key="remove_demo").click().run()
    assert "nothing was changed. Write yours beside the button" in said(app)  # it is journalled: who did it?
    app.text_input(key="remove_demo_name").set_value("Ana Ruiz").run()
    app.button(key="remove_demo").click().run()
    assert not app.error, said(app)
    assert [row["actor"] for row in db.rows("SELECT actor FROM audit WHERE action = 'remove demo'")] == [
        "Ana Ruiz"
    ]
    assert "The demo is gone: 1 batches" in said(app).replace("\\", "")
    assert "The demo was removed on" in said(app)
    assert [row["batch_id"] for row in db.rows("SELECT batch_id FROM batches")] == made.own
    (backup,) = (places / "data" / "backups").iterdir()
    kept = turso_db.open_database(f"file:{backup}")
    assert kept.rows("SELECT count(*) AS n FROM batches") == [{"n": 2}]
    kept.close()
    db.close()


def test_what_was_approved_on_the_demo_is_offered_for_rollback_on_home(places, now):
    db = turso_db.connect(None, None, places / "data")
    made = World(db, places / "config", now)
    opened("Home.py")
    made.begin()
    history(
        db,
        now,
        *real_history({"8361": (218, 38), "7011": (410, 28)}),
        source="demo",
        actor=Actor("Demo import", "ops"),
    )
    run_id = calibrated(db, places / "config", now)["run_id"]
    before = (places / "config" / "icp.yaml").read_bytes()
    approve(
        db, config_dir=places / "config", run_id=run_id, rows=None, reason="They fail.", now=now, actor=ANA
    )
    remove_demo(db, now=now, actor=ANA)
    app = opened("Home.py")
    assert "The scores in force rest on the demo" in said(app)
    app.text_input(key="roll_back_demo_name").set_value("Ana Ruiz").run()
    app.button(key="roll_back_demo").click().run()
    assert not app.error, said(app)
    assert (places / "config" / "icp.yaml").read_bytes() == before
    assert "The scores in force rest on the demo" not in said(app)
    db.close()
