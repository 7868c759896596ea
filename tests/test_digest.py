"""The digest leaves once a week, to each reader at least once, over a real mail server; and it ends when they say so."""

from __future__ import annotations

import email
import socket
from datetime import date, timedelta
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from racing import ANA

from actors import Actor
from alert_senders import letter_sender
from digest import add_reader, deliver_digest, leave_digest, preview_digest, write_digest
from errors import InputError, Refused, Unavailable
from stores.digests import read_readers

WEEK, ZONE, URL = date(2026, 2, 2), ZoneInfo("America/Chicago"), "https://hades.example.com"


class Mailbox:
    """Takes letters, after refusing so many."""

    def __init__(self, refuse=0):
        self.refuse, self.letters = refuse, []

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            self.refuse -= 1
            return "451 try again later"
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@pytest.fixture
def post():
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    box.send = letter_sender(smtp_url=f"smtp://127.0.0.1:{port}", mail_from="hades@example.com")
    yield box
    server.stop()


def written(db, now):
    body = preview_digest(db, week=WEEK, zone=ZONE, now=now)
    return write_digest(db, week=WEEK, body=body, now=now, actor=ANA)


def deliver(db, send, now):
    return deliver_digest(db, send=send, public_url=URL, now=now, actor=ANA)


def test_each_reader_gets_the_week_once_as_text_and_html(db, now, post):
    for address in ("ana@example.com", "bo@example.com"):
        add_reader(db, email=address, now=now, actor=ANA)
    assert written(db, now)
    assert not written(db, now)  # the same week again: as it was written first
    assert deliver(db, post.send, now).sent == 2
    assert deliver(db, post.send, now + timedelta(days=1)).sent == 0
    assert sorted(letter["To"] for letter in post.letters) == ["ana@example.com", "bo@example.com"]
    letter = post.letters[0]
    assert letter["Subject"] == "HADES: Sales health, 2 Feb to 8 Feb 2026"
    assert letter.get_body(("plain",)).get_content().startswith("Sales health")
    assert "<h1>Sales health" in letter.get_body(("html",)).get_content()
    assert letter["List-Unsubscribe"].strip().startswith(f"<{URL}/Alerts?leave=")


def test_a_server_that_refuses_is_asked_again_and_nobody_misses_it(db, now, post):
    add_reader(db, email="ana@example.com", now=now, actor=ANA)
    written(db, now)
    post.refuse = 2
    assert (deliver(db, post.send, now).sent, deliver(db, post.send, now).sent) == (0, 0)
    trouble = read_readers(db).iloc[0]["trouble"]
    assert "did not take the message" in trouble
    assert "ana@" not in trouble
    assert deliver(db, post.send, now + timedelta(minutes=5)).failed == 1
    assert deliver(db, post.send, now + timedelta(minutes=20)).sent == 1
    assert len(post.letters) == 1


def test_a_crash_between_sending_and_marking_repeats_once_under_the_same_key(db, now, post):
    add_reader(db, email="ana@example.com", now=now, actor=ANA)
    written(db, now)

    def crashing(*letter):
        post.send(*letter)
        raise KeyboardInterrupt  # the process dies here: nothing is marked

    with pytest.raises(KeyboardInterrupt):
        deliver(db, crashing, now)
    assert deliver(db, post.send, now + timedelta(minutes=9)).sent == 0  # its claim still stands
    assert deliver(db, post.send, now + timedelta(minutes=10)).sent == 1
    assert len({letter["Message-ID"] for letter in post.letters}) == 1
    assert len(post.letters) == 2


def test_who_leaves_by_their_link_gets_nothing_more_and_is_not_put_back_by_a_run(db, now, post):
    for address in ("ana@example.com", "bo@example.com"):
        add_reader(db, email=address, now=now, actor=ANA)
    written(db, now)
    deliver(db, post.send, now)
    links = {
        letter["To"]: letter["List-Unsubscribe"].strip(" <>").partition("leave=")[2]
        for letter in post.letters
    }
    assert not leave_digest(db, token="guessed", now=now)
    assert not leave_digest(db, token="", now=now)
    assert leave_digest(db, token=links["ana@example.com"], now=now)
    assert not leave_digest(db, token=links["ana@example.com"], now=now)  # once is enough
    body = preview_digest(db, week=WEEK + timedelta(days=7), zone=ZONE, now=now)
    write_digest(db, week=WEEK + timedelta(days=7), body=body, now=now, actor=ANA)
    deliver(db, post.send, now + timedelta(days=7))
    assert [letter["To"] for letter in post.letters].count("ana@example.com") == 1
    assert [letter["To"] for letter in post.letters].count("bo@example.com") == 2
    add_reader(db, email="ANA@example.com", now=now, actor=ANA)  # a person brings her back
    assert read_readers(db)["unsubscribed_at"].isna().all()
    assert len(read_readers(db)) == 2


def test_trouble_is_said(db, now):
    with pytest.raises(InputError, match="e-mail address"):
        add_reader(db, email="ana", now=now, actor=ANA)
    with pytest.raises(Refused):
        add_reader(db, email="a@example.com", now=now, actor=Actor("Olga", "ops"))
    add_reader(db, email="a@example.com", now=now, actor=ANA)
    written(db, now)
    nowhere = letter_sender(smtp_url=None, mail_from=None)
    assert deliver(db, nowhere, now).failed == 1
    assert "HADES_SMTP_URL" in read_readers(db).iloc[0]["trouble"]
    closed = letter_sender(smtp_url="smtp://127.0.0.1:9", mail_from="x@example.com")
    with pytest.raises(Unavailable):
        closed("a@example.com", "k", "s", "t", "h", None)
    assert db.rows("SELECT week FROM digests") == [{"week": "2026-02-02"}]
    assert "a@example.com" not in str(db.rows("SELECT * FROM audit"))
