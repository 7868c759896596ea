"""One sync at a time, and an end that is always said."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

import sync_run as room
from actors import Actor
from errors import Conflict, Unavailable
from stores import state, syncs
from sync_run import sync_run

ACTOR = Actor("Ana Ruiz", "ops")


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock(now):
    return Clock(now)


def running(db, clock, **more):
    given = {"kind": "outcomes", "mode": "full", "actor": ACTOR, "clock": clock, "costs": lambda: (7, 9)}
    return sync_run(db, **(given | more))


def last(db):
    return syncs.read_sync_runs(db).iloc[0]


def test_a_run_ends_with_what_it_counted(db, clock):
    with running(db, clock) as run:
        assert last(db)["status"] == "running"
        run.counts |= {"read": 5, "matched": 3, "updated": 1}
        run.errors.append("One record was bad.")
        run.note("Look here.")
        run.note("Look here.")
        run.window = ("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z")
        clock.now += timedelta(minutes=2)
    row = last(db)
    assert (row["status"], row["read"], row["matched"], row["calls"], row["credits"]) == ("done", 5, 3, 7, 9)
    assert json.loads(row["errors"]) == ["One record was bad."]
    assert (row["note"], row["window_from"]) == ("Look here.", "2026-02-01T00:00:00Z")
    assert row["finished_at"] > row["started_at"]
    assert state.read_lease_holder(db, name="zoho sync", now=clock.now) is None


def test_a_failure_is_said_and_is_no_success(db, clock):
    with pytest.raises(Unavailable), running(db, clock):
        raise Unavailable("Zoho is away. Try later.")
    assert (last(db)["status"], json.loads(last(db)["errors"])) == ("failed", ["Zoho is away. Try later."])
    with pytest.raises(ZeroDivisionError), running(db, clock):
        1 / 0  # noqa: B018
    assert "ZeroDivisionError" in last(db)["errors"]
    with pytest.raises(KeyboardInterrupt), running(db, clock):
        raise KeyboardInterrupt
    assert last(db)["status"] == "interrupted"


def test_two_do_not_run_at_once_not_even_in_one_process(db, clock):
    said = []

    def second():
        try:
            with running(db, clock):
                said.append("ran")
        except Conflict as error:
            said.append(str(error))

    with running(db, clock):
        beside = threading.Thread(target=second)
        beside.start()
        beside.join()
    assert "running already" in said[0]
    assert syncs.read_sync_runs(db)["status"].tolist() == ["done"]


def test_the_place_of_a_dead_process_is_free_at_once_and_of_another_machine_later(db, clock):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for holder, free in (
        (f"{socket.gethostname()}:{ended.pid}:1:1", True),
        (f"{socket.gethostname()}:{os.getpid()}:123:1", True),  # this number, but another process had it then
        ("another machine:1:1:1", False),
    ):
        state.take_lease(db, name="zoho sync", holder=holder, now=clock.now, seconds=120)
        if free:
            with running(db, clock):
                pass
        else:
            with pytest.raises(Conflict), running(db, clock):
                pass
            clock.now += timedelta(seconds=121)
            with running(db, clock):
                pass


def test_a_process_that_waits_to_be_noticed_is_dead(db, clock):
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    child.stdout.read()
    while room._started(child.pid) != "ended":
        pass
    assert room._is_gone(f"{socket.gethostname()}:{child.pid}:123:1")
    child.wait()
    child.stdout.close()


def test_a_run_left_behind_is_interrupted(db, clock):
    syncs.start_run(db, kind="outcomes", mode="full", now=clock.now, actor="somebody")
    with running(db, clock):
        assert syncs.read_sync_runs(db)["status"].tolist() == ["running", "interrupted"]


def test_the_run_says_how_far_it_is_and_stops_when_another_took_over(db, clock, monkeypatch):
    monkeypatch.setattr(room, "_BEAT_SECONDS", 0.02)

    def overtaken():
        with running(db, clock) as run:
            run.counts["read"] = 4
            while last(db)["read"] != 4:
                pass
            clock.now += timedelta(seconds=500)
            state.take_lease(db, name="zoho sync", holder="elsewhere:1:1:1", now=clock.now, seconds=9999)
            run.lost.wait(5)
            run.hold()

    with pytest.raises(Conflict, match="took over"):
        overtaken()
    assert state.read_lease_holder(db, name="zoho sync", now=clock.now) == "elsewhere:1:1:1"
