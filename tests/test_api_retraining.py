"""Outcomes that come all at once: every one stored once, one retraining, and nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from api_server import served_api

import turso_db
from actors import Actor
from api import build_app
from api_retraining import Retrainer
from errors import Unavailable
from feedback import score_sent
from lead_conversion import Scorer, base_rate
from lead_schema import SentLead, read_api_rules
from stores import feedback as store

SHOP = Actor("web shop", "ops")


def scored(db: turso_db.Database, now: datetime, size: int) -> None:
    kind = read_api_rules(Path(__file__).resolve().parents[1] / "config").kinds["web"]
    scorers = {"web": Scorer(kind, base_rate(0, 0, prior_rate=0.1, prior_leads=20))}
    leads = [SentLead(f"L-{n}", "web", {"age": n % 90}, None) for n in range(size)]
    score_sent(db, leads=leads, scorers=scorers, now=now, actor=SHOP)


async def put_all(address: str, size: int) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=size)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=120) as client:
        put = (
            client.put(f"/feedback/L-{n}?outcome={'true' if n % 10 == 0 else 'false'}") for n in range(size)
        )
        return await asyncio.gather(*put)


@pytest.mark.parametrize(("size", "settle"), [(120, 2), pytest.param(1000, 10, marks=pytest.mark.prove)])
def test_outcomes_all_at_once_are_stored_once_each_and_set_off_one_retraining(
    config_dir: Path, db: turso_db.Database, now: datetime, size: int, settle: int
) -> None:
    path = config_dir / "api.yaml"
    path.write_text(
        path.read_text("utf-8").replace("settle_seconds: 20", f"settle_seconds: {settle}"), "utf-8"
    )
    scored(db, now, size)
    runs: list[str] = []

    def train(_: turso_db.Database, __: datetime, actor: Actor) -> str:
        runs.append(actor.name)
        time.sleep(0.5)
        return "Nothing better was found."

    with served_api(build_app(train=train)) as address:
        start = time.perf_counter()
        answers = asyncio.run(put_all(address, size))
        seconds = time.perf_counter() - start
        until = time.monotonic() + 30
        while not store.read_retrainings(db) or store.read_retrainings(db)[0]["status"] == "running":
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(2)
        info = httpx.get(f"{address}/info").json()
    assert {one.status_code for one in answers} == {200}
    assert sorted(one.json()["total_feedback"] for one in answers) == list(range(1, size + 1))
    assert info["feedback_samples_collected"] == size
    rows = db.rows("SELECT lead_id, count(*) AS many FROM lead_feedback GROUP BY lead_id")
    assert (len(rows), {row["many"] for row in rows}) == (size, {1})
    assert runs == ["feedback"]
    assert [row["feedback_count"] for row in store.read_retrainings(db)] == [size]
    print(f"{size:,} outcomes at once: {seconds:.1f} s, each stored once, {len(runs)} retraining")  # noqa: T201


def test_two_processes_start_one_retraining(db: turso_db.Database, now: datetime) -> None:
    scored(db, now, 60)
    go, ran = threading.Event(), []

    def train(*_: object) -> str:
        ran.append(1)
        go.wait(10)
        return "Done."

    both = [
        Retrainer(db, threshold=50, settle_seconds=0.05, train=train, clock=lambda: now) for _ in range(2)
    ]
    db.write(
        store.insert_feedback(
            feedback=[(f"L-{n}", True, None) for n in range(60)], now=now, actor="crm", came_from="feedback"
        )
    )
    for one in both:
        one.nudge()
    time.sleep(0.5)
    assert [one.request(SHOP) for one in both] == [False, False]
    go.set()
    time.sleep(0.5)
    for one in both:
        one.close()
    assert len(ran) == 1
    assert [row["status"] for row in store.read_retrainings(db)] == ["done"]


def test_a_retraining_that_fails_says_so_and_the_next_one_may_run(db: turso_db.Database) -> None:
    def train(*_: object) -> str:
        raise Unavailable("The database was busy. Try again in a moment.")

    moments = iter(datetime(2026, 2, 11, 15, tzinfo=UTC) + timedelta(minutes=n) for n in range(100))
    retrainer = Retrainer(db, threshold=50, settle_seconds=60, train=train, clock=lambda: next(moments))
    for number in (1, 2):
        assert retrainer.request(SHOP)
        until = time.monotonic() + 10
        while store.read_retrainings(db)[0]["status"] == "running":
            assert time.monotonic() < until
            time.sleep(0.01)
        assert store.read_retrainings(db)[0]["id"] == number
    retrainer.close()
    assert {row["said"] for row in store.read_retrainings(db)} == {
        "The database was busy. Try again in a moment."
    }


def test_outcomes_that_never_stop_do_not_put_it_off_for_ever(db: turso_db.Database, now: datetime) -> None:
    scored(db, now, 3)
    told = store.insert_feedback(
        feedback=[(f"L-{n}", True, None) for n in range(3)], now=now, actor="crm", came_from="feedback"
    )
    db.write(told)
    ran = threading.Event()

    def train(*_: object) -> str:
        ran.set()
        return "Done."

    retrainer = Retrainer(db, threshold=3, settle_seconds=0.1, train=train, clock=lambda: now)
    until = time.monotonic() + 20
    while not ran.is_set():
        assert time.monotonic() < until
        retrainer.nudge()  # much more often than every 0.1 s
        time.sleep(0.01)
    retrainer.close()
