"""Messages of both tables: who claims sends, and what was not taken is tried again ever later, never given up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from errors import Unavailable
from message_delivery import deliver_due
from stores import alerts, digests
from stores.messages import claim_message

DAY = date(2026, 2, 9)


def fill(db, table, now):
    """One message that is due."""
    if table == "alert_messages":
        alert = {"rule": "Sync failed", "subject": "deals"}
        db.write(
            [
                alerts.insert_alert(sentence="It failed.", day=DAY, now=now, **alert),
                alerts.insert_messages(recipients=["ana@example.com"], now=now, **alert),
            ]
        )
    else:
        db.write([digests.add_reader(email="ana@example.com", token="t", now=now, actor="Ana")])
        db.write(digests.insert_digest(week=DAY, body={"title": "A week"}, now=now))


def due(db, table, now):
    return (alerts if table == "alert_messages" else digests).read_due(db, now=now)


@pytest.fixture(params=["alert_messages", "digest_messages"])
def table(request, db, now):
    fill(db, request.param, now)
    return request.param


def test_a_message_waits_longer_after_each_refusal_and_is_never_given_up(db, now, table):
    def refuse(message):
        raise Unavailable("The mail server is busy.")

    waits, at = [], now
    for _ in range(6):
        assert deliver_due(db, due(db, table, at), table=table, send=refuse, now=at).failed == 1
        waits.append(next(m for m in range(1, 1000) if due(db, table, at + timedelta(minutes=m))))
        at += timedelta(minutes=waits[-1])
    assert waits == [5, 15, 60, 240, 240, 240]  # minutes
    taken = []
    assert deliver_due(db, due(db, table, at), table=table, send=taken.append, now=at).sent == 1
    assert len(taken) == 1
    assert due(db, table, at + timedelta(days=400)) == []


def test_a_message_that_somebody_claimed_is_theirs_until_the_claim_runs_out(db, now, table):
    waiting = due(db, table, now)
    claim = {"message_id": waiting[0]["message_id"], "attempts": 0, "until": now + timedelta(minutes=10)}
    assert db.write([claim_message(table=table, **claim)])[0].rows
    assert not db.write([claim_message(table=table, **claim)])[0].rows
    sent = deliver_due(db, waiting, table=table, send=lambda message: 1 / 0, now=now)
    assert (sent.sent, sent.failed) == (0, 0)
    assert due(db, table, now + timedelta(minutes=9)) == []
    assert len(due(db, table, now + timedelta(minutes=10))) == 1


def test_none_due_is_none_sent(db, now):
    done = deliver_due(db, [], table="alert_messages", send=lambda message: None, now=now)
    assert (done.sent, done.failed) == (0, 0)
