"""Scored leads keep what was first known, outcomes are never lost, and one retraining runs at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from zoho_story import BATCH, export, lead_row

import turso_db
from actors import Actor
from analytics.calibration_table import known_outcomes
from errors import Conflict, Refused
from feedback import (
    UnknownLead,
    end_retraining,
    give_feedback,
    retraining_status,
    score_sent,
    start_retraining,
    undo_feedback,
)
from lead_conversion import Scorer, base_rate
from lead_schema import SentLead, read_api_rules
from outcome_columns import read_as_known, read_columns
from stores import feedback as store
from stores.guide import read_progress
from stores.models import count_judged, read_first_seen
from stores.outcomes import count_historical, read_outcome_frame
from stores.overview import read_overview
from tests.turso_server import TursoServer
from turso_db import Database

SHOP = Actor("web shop", "ops")
RULES = read_api_rules(Path(__file__).resolve().parents[1] / "config")
SCORERS = {
    name: Scorer(kind, base_rate(0, 0, prior_rate=0.1, prior_leads=20)) for name, kind in RULES.kinds.items()
}


@pytest.fixture(params=["file", "turso"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Both places a database can be in."""
    with ExitStack() as stack:
        url, token = f"file:{tmp_path / 'data' / 'hades.db'}", None
        if request.param == "turso":
            server = stack.enter_context(TursoServer(tmp_path / "s.db"))
            url, token = server.url, server.token
        database = turso_db.connect(url, token)
        stack.callback(database.close)
        yield database


def web(lead_id: str | None, outcome: bool | None = None, **features: Any) -> SentLead:
    return SentLead(lead_id, "web", features or {"age": 35}, outcome)


def score(db: Database, now: datetime, *leads: SentLead) -> list[Any]:
    return score_sent(db, leads=leads, scorers=SCORERS, now=now, actor=SHOP)


def kept(db: Database, lead_id: str) -> dict[str, Any]:
    row = store.read_lead(db, lead_id=lead_id)
    assert row is not None
    return row


def test_scoring_again_with_null_keeps_the_outcome_and_the_first_features(
    db: Database, now: datetime
) -> None:
    score(db, now, web("L-1", True, age=35, email_opens=2))
    later = now + timedelta(days=30)
    score(db, later, web("L-1", None, age=36, email_opens=90))
    row = kept(db, "L-1")
    assert row["outcome"] == 1
    assert json.loads(row["first_features"]) == {"age": 35, "email_opens": 2}
    assert json.loads(row["last_features"]) == {"age": 36, "email_opens": 90}
    assert (row["first_scored_at"], row["times_scored"]) == ("2026-02-11T15:30:00Z", 2)
    (trained_on,) = store.read_training_leads(db, kind="web")
    assert json.loads(trained_on["first_features"]) == {"age": 35, "email_opens": 2}


def test_the_database_itself_refuses_to_forget(db: Database, now: datetime) -> None:
    from turso_db import Statement

    score(db, now, web("L-1", True))
    for sql in (
        "UPDATE scored_leads SET first_features = '{}'", "UPDATE scored_leads SET first_score = 0.5",
        "DELETE FROM scored_leads", "UPDATE lead_feedback SET outcome = 0", "DELETE FROM lead_feedback",
    ):  # fmt: skip
        with pytest.raises(Refused):
            db.write([Statement(sql)])


def test_a_lead_stays_of_its_kind(db: Database, now: datetime) -> None:
    score(db, now, web("L-1"))
    company = SentLead("L-1", "hades", {"sic_code": "8361"}, True)
    assert "another kind" in score(db, now, company)[0].problem
    assert kept(db, "L-1")["outcome"] is None
    both = score(db, now, company, web("L-2", True))
    assert [one.problem is None for one in both] == [False, True]
    assert (kept(db, "L-1")["kind"], kept(db, "L-1")["outcome"], kept(db, "L-2")["outcome"]) == (
        "web",
        None,
        1,
    )


def test_a_lead_without_an_identifier_gets_one_of_its_own(db: Database, now: datetime) -> None:
    first, second = score(db, now, web(None), web(None))
    assert first.lead_id != second.lead_id
    assert kept(db, first.lead_id)["kind"] == "web"


def test_an_outcome_says_who_and_when_and_can_be_taken_back(db: Database, now: datetime) -> None:
    score(db, now, web("L-1"))
    assert give_feedback(db, lead_id="L-1", outcome=False, now=now, actor=SHOP) == ("L-1", False, 1, True)
    ana = Actor("Ana Ruiz", "ops")
    assert give_feedback(db, lead_id="L-1", outcome=True, now=now, actor=ana).outcome is True
    assert undo_feedback(db, lead_id="L-1", now=now, actor=ana) == (
        "L-1",
        False,
        1,
        True,
    )  # the one before stands
    assert undo_feedback(db, lead_id="L-1", now=now, actor=ana) == ("L-1", None, 0, True)
    with pytest.raises(Conflict, match="nothing to take back"):
        undo_feedback(db, lead_id="L-1", now=now, actor=ana)
    told = [
        (row["given_by"], row["outcome"], row["came_from"]) for row in store.read_history(db, lead_id="L-1")
    ]
    assert told == [
        ("web shop", 0, "feedback"), ("Ana Ruiz", 1, "feedback"), ("Ana Ruiz", None, "undo"), ("Ana Ruiz", None, "undo"),
    ]  # fmt: skip


def test_taking_back_what_somebody_changed_meanwhile_is_a_conflict(db: Database, now: datetime) -> None:
    score(db, now, web("L-1", False))
    seen = kept(db, "L-1")["feedback_id"]
    give_feedback(db, lead_id="L-1", outcome=True, now=now, actor=SHOP)
    with pytest.raises(Conflict, match="meanwhile"):
        undo_feedback(db, lead_id="L-1", now=now, actor=SHOP, feedback_id=seen)
    assert kept(db, "L-1")["outcome"] == 1


def test_the_same_outcome_again_is_one_outcome(db: Database, now: datetime) -> None:
    score(db, now, web("L-1", True))
    again = give_feedback(db, lead_id="L-1", outcome=True, now=now, actor=SHOP)
    assert (again.changed, again.total_feedback) == (False, 1)
    assert len(store.read_history(db, lead_id="L-1")) == 1


def test_an_unknown_lead_and_a_viewer_are_refused(db: Database, now: datetime) -> None:
    with pytest.raises(UnknownLead):
        give_feedback(db, lead_id="L-9", outcome=True, now=now, actor=SHOP)
    with pytest.raises(UnknownLead):
        undo_feedback(db, lead_id="L-9", now=now, actor=SHOP)
    with pytest.raises(Refused):
        give_feedback(db, lead_id="L-9", outcome=True, now=now, actor=Actor("Vic", "viewer"))


def test_fifty_new_outcomes_make_one_retraining_and_the_fifty_first_none(db: Database, now: datetime) -> None:
    score(db, now, *[web(f"L-{n}", n % 10 == 0) for n in range(49)])
    assert retraining_status(db, threshold=50) == (49, 50, False)
    assert start_retraining(db, fewest=50, now=now, actor=SHOP) is None
    score(db, now, web("L-49", True))
    assert retraining_status(db, threshold=50) == (50, 50, True)
    run = start_retraining(db, fewest=50, now=now, actor=SHOP)
    assert run is not None
    assert start_retraining(db, fewest=0, now=now, actor=SHOP) is None  # one at a time
    end_retraining(db, run_id=run, failed=False, said="No candidate.", now=now)
    score(db, now, web("L-50", True))
    assert retraining_status(db, threshold=50) == (1, 50, False)  # a watermark, not a total
    assert start_retraining(db, fewest=50, now=now, actor=SHOP) is None
    assert [row["feedback_count"] for row in store.read_retrainings(db)] == [50]


def hades(lead_id: str, outcome: bool | None = None, **features: Any) -> SentLead:
    return SentLead(lead_id, "hades", features or {"sic_code": "8361", "state": "TX"}, outcome)


def told(db: Database) -> dict[Any, tuple[Any, ...]]:
    """lead → what calibration reads of it, in its plain frame and in the columnar copy, which are the same."""
    plain = read_outcome_frame(db)
    copied = read_columns(db, cache_dir=None, zone=ZoneInfo("UTC")).frame
    both = [
        {
            row["lead_id"]: (row["sic_code"], f"{row['started_on']:%Y-%m-%d}", row["delivered_on"])
            for row in frame.to_dict("records")
        }
        for frame in (plain, copied)
    ]
    assert both[0] == both[1]
    return both[0]


def test_outcomes_of_hades_leads_train_and_count_with_what_was_first_known(
    db: Database, now: datetime
) -> None:
    score(db, now, hades("C-1", sic_code="8361", employee_count=90, workflow_type="intent"), hades("C-2"))
    assert told(db) == {}  # nothing is said yet
    later = now + timedelta(days=40)
    score(db, later, hades("C-1", True, sic_code="9999", employee_count=5, workflow_type="geography"))
    give_feedback(db, lead_id="C-2", outcome=False, now=later, actor=SHOP)
    day = pd.Timestamp("2026-03-23")
    assert told(db) == {1: ("8361", "2026-02-11", day), 2: ("8361", "2026-02-11", pd.NaT)}
    leads, features = read_first_seen(db)
    assert leads[["source", "workflow"]].to_numpy().tolist() == [
        ["program", "intent"],
        ["program", "history"],
    ]
    assert features[0] == {"sic_code": "8361", "employee_count": 90}  # never those sent with the outcome
    assert list(leads["delivered_on"]) == [day, pd.NaT]


def test_an_outcome_taken_back_counts_nowhere_until_it_is_said_again(db: Database, now: datetime) -> None:
    score(db, now, hades("C-1", True))
    known = read_columns(db, cache_dir=None, zone=ZoneInfo("UTC")).known
    undo_feedback(db, lead_id="C-1", now=now + timedelta(days=1), actor=SHOP)
    until = pd.Timestamp("2030-01-01")
    assert known_outcomes(read_outcome_frame(db), as_of=until, maturity_days=0).empty
    assert read_first_seen(db)[0].empty
    assert count_judged(db, before=until.date()) == 0
    seen = read_overview(db, today=until.date(), maturity_days=60)
    assert (seen["leads"], seen["too_young"]) == (0, 0)
    assert set(count_historical(db).values()) == {0}
    assert read_progress(db, person="Ana")["own_history"] == 0
    then = read_as_known(db, known=known, zone=ZoneInfo("UTC")).frame  # a run made again reads what it read
    assert list(then["delivered_on"]) == [pd.Timestamp("2026-02-11")]
    give_feedback(db, lead_id="C-1", outcome=False, now=now + timedelta(days=2), actor=SHOP)
    found = known_outcomes(read_outcome_frame(db), as_of=until, maturity_days=0)
    assert found["delivered"].tolist() == [False]
    assert (count_historical(db)["leads"], read_progress(db, person="Ana")["own_history"]) == (1, 1)
    assert db.rows("SELECT outcome FROM historical_changes ORDER BY change_id") == [
        {"outcome": "delivery"}, {"outcome": "no_delivery"},
    ]  # fmt: skip


def test_a_program_says_what_became_of_an_exported_lead(db: Database, now: datetime) -> None:
    export(db, BATCH, [lead_row(number) for number in range(2)])
    row = db.rows("SELECT row_number, company_key, source_features FROM lead_outcomes ORDER BY id LIMIT 1")[0]
    lead_id, later = f"{BATCH}:{row['row_number']}", now + timedelta(days=9)

    def stands() -> Any:
        found = db.rows(
            "SELECT milestone, source, recorded_by, (SELECT outcome FROM lead_outcomes l WHERE l.id = m.lead_id) AS outcome "
            "FROM standing_milestones m WHERE company_key = ? ORDER BY id",
            (row["company_key"],),
        )
        return [tuple(one.values()) for one in found]

    assert give_feedback(db, lead_id=lead_id, outcome=True, now=later, actor=SHOP) == (lead_id, True, 1, True)
    assert give_feedback(db, lead_id=lead_id, outcome=True, now=later, actor=SHOP).changed is False
    assert stands() == [("delivery", "program", "web shop", "delivery")]
    give_feedback(db, lead_id=lead_id, outcome=False, now=later, actor=Actor("Ana", "ops"))
    assert stands() == [("lost", "program", "Ana", None)]
    assert undo_feedback(db, lead_id=lead_id, now=later, actor=SHOP).outcome is True
    assert stands() == [("delivery", "program", "web shop", "delivery")]
    undo_feedback(db, lead_id=lead_id, now=later, actor=SHOP)
    assert stands() == []
    assert db.rows("SELECT count(*) AS n FROM outcome_milestones") == [{"n": 6}]  # all of it stays on record
    give_feedback(db, lead_id=lead_id, outcome=True, now=later, actor=SHOP)
    leads, features = read_first_seen(db)
    assert leads["delivered_on"].notna().tolist() == [True, False]
    assert features[0] == json.loads(row["source_features"])
    assert kept(db, lead_id)["first_features"] == row["source_features"]


def test_an_exported_lead_is_known_by_its_row_and_not_scored_again(db: Database, now: datetime) -> None:
    export(db, BATCH, [lead_row(1)])
    for unknown in (f"{BATCH}:9999", "HADES-20260211-002:1"):
        with pytest.raises(UnknownLead):
            give_feedback(db, lead_id=unknown, outcome=True, now=now, actor=SHOP)
    assert "scored at its export" in score(db, now, hades(f"{BATCH}:1", True))[0].problem
    assert db.rows("SELECT count(*) AS n FROM scored_leads") == [{"n": 0}]


def test_a_retraining_whose_process_was_killed_stands_in_nobody_s_way(db: Database, now: datetime) -> None:
    score(db, now, web("L-1", True))
    assert start_retraining(db, fewest=1, now=now, actor=SHOP) == 1
    assert start_retraining(db, fewest=1, now=now + timedelta(minutes=20), actor=SHOP) is None
    assert (
        start_retraining(db, fewest=1, now=now + timedelta(minutes=31), actor=SHOP) == 2
    )  # its outcomes count again
    assert [row["status"] for row in store.read_retrainings(db)] == ["running", "interrupted"]


def test_many_at_once_start_one_retraining(db: Database, now: datetime) -> None:
    score(db, now, *[web(f"L-{n}", n % 2 == 0) for n in range(60)])
    with ThreadPoolExecutor(16) as pool:
        tries = [pool.submit(start_retraining, db, fewest=50, now=now, actor=SHOP) for _ in range(64)]
    assert [one.result() for one in tries].count(None) == 63


def earlier(tmp_path: Path, schema: str) -> tuple[Path, Database]:
    """The file of a database as an earlier release has it, and the database."""
    folder, path = tmp_path / "earlier", tmp_path / "old.db"
    folder.mkdir()
    for step in turso_db.MIGRATIONS.glob("[0-9]*.sql"):
        if step.name[:4] <= schema:
            shutil.copy(step, folder / step.name)
    return path, turso_db.connect(f"file:{path}", migrations_dir=folder)


def sent_before(lead_id: str, now: datetime) -> dict[str, Any]:
    """A lead as a program sent it when it could take any name."""
    return {"lead_id": lead_id, "kind": "hades", "features": '{"sic_code": "7011"}', "scored_at": now,
            "scored_by": "web shop", "score": 0.5, "model_version": "w"}  # fmt: skip


@pytest.mark.parametrize("schema", ["0021", "0025"])
def test_an_outcome_sent_under_the_name_of_an_exported_row_before_this_was_known_counts_once(
    tmp_path: Path, now: datetime, schema: str
) -> None:
    path, old = earlier(tmp_path, schema)
    export(old, BATCH, [lead_row(number) for number in range(3)])
    numbers = [row["row_number"] for row in old.rows("SELECT row_number FROM lead_outcomes ORDER BY id")]
    won, silent, taken_back = (f"{BATCH}:{number}" for number in numbers)
    for lead_id in (won, silent, taken_back, "CRM-1"):
        old.write([store.upsert_leads(leads=[sent_before(lead_id, now)])])
        if lead_id != silent:
            said = [(lead_id, True, None)]
            old.write(store.insert_feedback(feedback=said, now=now, actor="web shop", came_from="score"))
    undone = store.insert_undo(lead_id=taken_back, feedback_id=2, now=now, actor="web shop")
    old.write(undone)
    old.close()
    db = turso_db.connect(f"file:{path}")
    assert [(row["outcome"], row["exported_lead"]) for row in map(partial(kept, db), (won, silent, taken_back, "CRM-1"))] == [
        (1, 1), (None, 2), (None, 3), (1, None),
    ]  # fmt: skip
    assert db.rows("SELECT outcome FROM lead_outcomes ORDER BY id") == [
        {"outcome": "delivery"}, {"outcome": None}, {"outcome": None},
    ]  # fmt: skip
    assert db.rows("SELECT milestone, lead_id, recorded_by FROM outcome_milestones") == [
        {"milestone": "delivery", "lead_id": 1, "recorded_by": "web shop"}
    ]
    counting = "SELECT source_key FROM historical_outcomes WHERE deal_created_at < '2200'"
    assert db.rows(counting) == [{"source_key": "program|CRM-1"}]
    leads, _ = read_first_seen(db)
    assert sorted(leads["source"]) == ["hades", "hades", "hades", "program"]
    give_feedback(db, lead_id=won, outcome=False, now=now, actor=SHOP)
    assert db.rows("SELECT milestone FROM standing_milestones") == [{"milestone": "lost"}]
    assert db.rows(counting) == [{"source_key": "program|CRM-1"}]
    db.close()


def test_a_lead_whose_id_another_one_has_by_now_is_told_apart_by_an_upgrade(
    tmp_path: Path, now: datetime
) -> None:
    path, old = earlier(tmp_path, "0025")
    export(old, BATCH, [lead_row(1), lead_row(2)])
    right, padded = f"{BATCH}:1", f"{BATCH}:002"
    for lead_id in (right, padded):
        give_feedback(old, lead_id=lead_id, outcome=True, now=now, actor=SHOP)
    gone = {"HADES-20260101-001:1": 1, "HADES-20260101-001:7": 77}  # the id given again, and one nobody has
    for lead_id, exported in gone.items():
        old.write([
            store.upsert_leads(leads=[sent_before(lead_id, now)]),
            turso_db.Statement("UPDATE scored_leads SET exported_lead = ? WHERE lead_id = ?", (exported, lead_id)),
        ])  # fmt: skip
    old.close()
    db = turso_db.connect(f"file:{path}")
    assert [kept(db, lead_id)["exported_lead"] for lead_id in (right, padded, *gone)] == [1, 2, -1, -1]
    db.close()
