"""Alerts in the table and on their way: real Slack-like and mail servers on loopback, faults, crashes, twice at most."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from page_words import opened, said

import turso_db
from actors import Actor
from alert_senders import senders
from alerts import acknowledge_alert, check_alerts, deliver_alerts, snooze_alert
from analytics.alert_rules import AlertRule, Finding, read_alert_rules, with_changes
from errors import Refused
from scripts.check_alerts import main
from scripts.command import run
from stores import alerts as store
from stores import syncs
from stores.alerts import read_rule_changes

ANA = Actor("Ana Ruiz", "manager")
RULE = AlertRule(
    "Sync failed", "failed sync", active=True, cooldown_days=0, tell=("slack", "ana@example.com")
)


@contextmanager
def slack(answers):
    """A webhook that answers with these codes, then 200; it notes every text it took."""
    taken = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
            code = answers.pop(0) if answers else 200
            if code == 200:
                taken.append(text)
            self.send_response(code)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/services/planted-secret", taken
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mailbox(refuse=0):
    """An SMTP server that refuses the first so many mails; it notes every mail it took."""
    taken = []
    left = [refuse]

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word in (b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET"):
                    self.wfile.write(b"250 fine\r\n")
                elif word == b"DATA":
                    if left[0]:
                        left[0] -= 1
                        self.wfile.write(b"451 later\r\n")
                        continue
                    self.wfile.write(b"354 go\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    taken.append(b"".join(lines).decode())
                    self.wfile.write(b"250 kept\r\n")
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"smtp://127.0.0.1:{server.server_address[1]}", taken
    finally:
        server.shutdown()
        server.server_close()


def fail(db, now, kind="outcomes"):
    """A sync whose newest attempt failed."""
    db.write([syncs.insert_finished(kind=kind, counts={}, errors=[], now=now, actor="t")])
    from turso_db import Statement

    db.write(
        [
            Statement(
                "UPDATE sync_runs SET status = 'failed' WHERE run_id = (SELECT max(run_id) FROM sync_runs)"
            )
        ]
    )


def mend(db, now, kind="outcomes"):
    db.write([syncs.insert_finished(kind=kind, counts={}, errors=[], now=now, actor="t")])


def check(db, now, rules=(RULE,)):
    return check_alerts(db, rules=rules, today=now.date(), now=now, actor=ANA)


def test_an_alert_opens_once_closes_and_opens_again(db, now):
    assert check(db, now).opened == []
    fail(db, now)
    assert check(db, now).opened == [("Sync failed", "outcomes")]
    assert check(db, now).opened == []
    mend(db, now)
    assert check(db, now).closed == [("Sync failed", "outcomes")]
    fail(db, now)
    assert check(db, now + timedelta(days=1)).opened == [("Sync failed", "outcomes")]
    assert len(store.read_alerts(db)) == 2
    with pytest.raises(Refused):
        check_alerts(db, rules=[RULE], today=now.date(), now=now, actor=Actor("Vi", "viewer"))


def test_faults_are_retried_until_each_person_was_told_once(db, now):
    fail(db, now)
    check(db, now)
    with slack([500, 429]) as (hook, posts), mailbox(refuse=1) as (smtp, mails):
        send = senders(slack_webhook=hook, smtp_url=smtp, mail_from="hades@example.com")
        first = deliver_alerts(db, send=send, now=now, actor=ANA)
        assert (first.sent, first.failed) == (0, 2)
        trouble = store.read_alerts(db)["trouble"].iloc[0]
        assert "planted-secret" not in trouble
        assert deliver_alerts(db, send=send, now=now, actor=ANA).failed == 0  # not yet due
        for hours in range(1, 12):
            deliver_alerts(db, send=send, now=now + timedelta(hours=hours), actor=ANA)
    assert len(posts) == 1
    assert len(mails) == 1
    assert "The newest import or sync of outcomes failed." in posts[0]
    assert "Message-ID: <alert-" in mails[0]


def test_a_crash_between_sending_and_marking_repeats_once_and_loses_nothing(db, now):
    fail(db, now)
    check(db, now)

    class Crash(BaseException):
        pass

    with slack([]) as (hook, posts), mailbox() as (smtp, mails):
        send = senders(slack_webhook=hook, smtp_url=smtp, mail_from="hades@example.com")

        def crashing(recipient, *rest):
            send(recipient, *rest)
            raise Crash

        with pytest.raises(Crash):
            deliver_alerts(db, send=crashing, now=now, actor=ANA)
        assert len(posts) == 1  # taken, and not marked
        deliver_alerts(db, send=send, now=now + timedelta(minutes=1), actor=ANA)
        assert len(posts) == 1  # the claim holds for ten minutes
        assert len(mails) == 1
        for minutes in (11, 30, 60):
            deliver_alerts(db, send=send, now=now + timedelta(minutes=minutes), actor=ANA)
    assert len(posts) == 2  # once more, and never again
    assert len(mails) == 1


def test_two_who_deliver_at_once_send_each_message_once(db_path, db, now):
    fail(db, now)
    check(
        db,
        now,
        rules=[
            AlertRule(
                "Sync failed", "failed sync", active=True, tell=tuple(f"p{n}@example.com" for n in range(10))
            )
        ],
    )
    told = []
    others = [turso_db.connect(f"file:{db_path}") for _ in range(4)]
    threads = [
        threading.Thread(target=deliver_alerts, args=(other,), kwargs={
            "send": lambda recipient, *_: told.append(recipient), "now": now, "actor": ANA})
        for other in others
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert sorted(told) == sorted(f"p{n}@example.com" for n in range(10))


def test_seen_and_snoozed_alerts_send_nothing(db, now):
    fail(db, now)
    check(db, now)
    number = int(store.read_alerts(db)["alert_id"].iloc[0])
    told = []

    def keep(recipient, *_):
        told.append(recipient)

    snooze_alert(db, alert_id=number, days=2, now=now, actor=ANA)
    deliver_alerts(db, send=keep, now=now + timedelta(days=1), actor=ANA)
    assert told == []
    deliver_alerts(db, send=keep, now=now + timedelta(days=3), actor=ANA)
    assert sorted(told) == ["ana@example.com", "slack"]
    fail(db, now, "operators")
    check(db, now)
    acknowledge_alert(db, alert_id=number + 1, now=now, actor=ANA)
    deliver_alerts(db, send=keep, now=now + timedelta(days=3), actor=ANA)
    assert len(told) == 2
    assert store.read_alerts(db).set_index("alert_id").loc[number + 1, "acknowledged_by"] == "Ana Ruiz"


def test_ways_that_are_not_set_up_are_trouble_and_not_silence(db, now):
    fail(db, now)
    check(db, now)
    done = deliver_alerts(
        db, send=senders(slack_webhook=None, smtp_url=None, mail_from=None), now=now, actor=ANA
    )
    assert done.failed == 2
    assert "not set up" in store.read_alerts(db)["trouble"].iloc[0]


def test_the_script_checks_and_delivers(db, config_dir, now, capsys, monkeypatch):
    fail(db, now)
    path = config_dir / "alerts.yaml"
    path.write_text("rules: [{name: Sync failed, kind: failed sync, active: true, tell: [slack]}]")
    with slack([]) as (hook, posts):
        monkeypatch.setenv("HADES_SLACK_WEBHOOK", hook)
        assert run(main, []) == 0
        assert run(main, ["--json"]) == 0
    out = capsys.readouterr().out
    assert "Opened: Sync failed, outcomes." in out
    assert "planted-secret" not in out
    assert len(posts) == 1


def test_the_page_shows_rules_and_takes_an_acknowledgement(places, now):
    db = turso_db.connect(None, None, places / "data")
    fail(db, now)
    app = opened("pages/8_Alerts.py")
    assert "No alert is open" in said(app)
    app.button(key="check_now").click().run()
    assert not app.exception
    assert "1 alert is open" in said(app)
    app.button(key="seen_1").click().run()
    assert "Seen by" in said(app)
    app.button(key="quiet_1").click().run()
    assert not app.exception
    db.close()


def test_what_another_room_found_opens_and_closes_like_everything_else(db, now):
    behind = AlertRule("Model behind", "model behind", active=True)
    told = {"model behind": [Finding("model of intent", "The model falls behind the weights.")]}

    def checked(**more):
        return check_alerts(db, rules=[behind], today=now.date(), now=now, actor=ANA, **more)

    assert checked(told=told).opened == [("Model behind", "model of intent")]
    assert checked(told=told).opened == []
    assert checked().closed == [("Model behind", "model of intent")]


def test_a_manager_changes_a_rule_on_the_page_and_the_file_stands_again(places, now):
    db = turso_db.connect(None, None, places / "data")
    app = opened("pages/8_Alerts.py")
    app.session_state["tab"] = "Rules"
    app.query_params["rule"] = "Strange deals"
    app.run()
    app.number_input(key="limit_Strange deals").set_value(5.0).run()
    app.text_input(key="tell_Strange deals").set_value("slack, bob").run()
    app.button(key="save_Strange deals").click().run()
    assert "does not fit" in " ".join(error.value for error in app.error)  # bob is no address
    app.text_input(key="tell_Strange deals").set_value("slack, bob@example.com").run()
    app.button(key="save_Strange deals").click().run()
    assert not app.exception
    rules = with_changes(read_alert_rules(places / "config"), read_rule_changes(db))
    changed = next(rule for rule in rules if rule.name == "Strange deals")
    assert (changed.limit, changed.tell) == (5.0, ("slack", "bob@example.com"))
    assert db.rows("SELECT action, subject FROM audit WHERE action LIKE '%rule'") == [
        {"action": "change alert rule", "subject": "Strange deals"}
    ]
    app.button(key="reset_Strange deals").click().run()
    rules = with_changes(read_alert_rules(places / "config"), read_rule_changes(db))
    assert next(rule for rule in rules if rule.name == "Strange deals").limit == 20
    db.close()
