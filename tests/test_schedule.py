"""The schedule: one at a time, each step's end kept, none stopped by another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from racing import ANA

from actors import Actor
from errors import Conflict, Refused, Unavailable
from schedule import DONE, FAILED, LEASE, SKIPPED, Skip, Step, run_steps
from stores.schedule import read_steps
from stores.state import read_lease_holder, take_lease


def failing(error):
    def work():
        raise error

    return work


def run(db, now, *steps, holder="here", actor=ANA):
    return run_steps(db, steps=[Step(*step) for step in steps], holder=holder, clock=lambda: now, actor=actor)


def test_a_failing_step_stops_no_other_and_every_end_is_kept(db, now, caplog):
    ended = run(
        db, now, ("a", lambda: "3 rows."), ("b", failing(Unavailable("Zoho did not answer."))),
        ("c", failing(ValueError("secret-token at home"))), ("d", failing(Skip("Not connected."))), ("e", lambda: "Fine."),
    )  # fmt: skip
    assert [(ran.step, ran.status) for ran in ended] == [
        ("a", DONE),
        ("b", FAILED),
        ("c", FAILED),
        ("d", SKIPPED),
        ("e", DONE),
    ]
    assert "reference" in ended[2].sentence or "under" in ended[2].sentence
    assert "secret-token" not in ended[2].sentence
    kept = read_steps(db).set_index("step")
    assert kept.loc["b", "sentence"] == "Zoho did not answer."
    assert kept["last_good_at"].notna().to_dict() == {
        "a": True,
        "b": False,
        "c": False,
        "d": False,
        "e": True,
    }
    assert read_lease_holder(db, name=LEASE, now=now) is None


def test_the_last_good_run_stays_when_a_later_one_fails(db, now):
    run(db, now, ("sync", lambda: "ok"))
    run(db, now + timedelta(hours=1), ("sync", failing(Unavailable("down"))))
    row = read_steps(db).iloc[0]
    assert (row["status"], row["last_good_at"], row["ran_at"]) == (
        FAILED,
        "2026-02-11T15:30:00Z",
        "2026-02-11T16:30:00Z",
    )


def test_a_second_one_is_told_and_does_nothing(db, now):
    assert take_lease(db, name=LEASE, holder="elsewhere", now=now, seconds=60)
    with pytest.raises(Conflict, match="running already"):
        run(db, now, ("a", lambda: "x"))
    assert read_steps(db).empty
    assert (
        run(db, now + timedelta(seconds=61), ("a", lambda: "x"))[0].status == DONE
    )  # whoever died left a lease that ends


def test_while_a_step_runs_nobody_else_begins_and_who_took_too_long_begins_no_further_one(db, now):
    told = []

    def long_one():
        for later in (timedelta(minutes=59), timedelta(minutes=61)):
            try:
                told.append(run(db, now + later, ("b", lambda: "x"), holder="elsewhere")[0].status)
            except Conflict as error:
                told.append(str(error))
        assert take_lease(db, name=LEASE, holder="elsewhere", now=now + timedelta(minutes=61), seconds=3600)
        return "At last."

    with pytest.raises(Conflict, match="no further step was begun"):
        run(db, now, ("a", long_one), ("c", lambda: "never"))
    assert "nothing was begun" in told[0]
    assert told[1] == DONE
    assert set(read_steps(db)["step"]) == {"a", "b"}


def test_who_may_not_is_refused(db, now):
    with pytest.raises(Refused, match="run the schedule"):
        run(db, now, ("a", lambda: "x"), actor=Actor("Vera", "viewer"))
