"""The accuracy of many leads is counted beside the pages; meanwhile the newest report stands, with its age."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing

import pytest
from page_words import opened, said

from errors import Unavailable
from jobs import jobs
from views import accuracy_count

PAGE = "pages/11_Accuracy.py"
KIND = "accuracy of leads"


@pytest.fixture
def many(places, monkeypatch):
    """An empty database that counts as a large one."""
    monkeypatch.setattr(accuracy_count, "AT_ONCE", -1)
    return places / "data" / "hades.db"


def waited() -> None:
    until = time.monotonic() + 60
    while jobs().state(KIND).running:
        assert time.monotonic() < until
        time.sleep(0.1)


def written(path) -> None:
    with closing(sqlite3.connect(path)) as own, own:
        own.execute("UPDATE meta SET value = value + 1 WHERE key = 'data_version'")


def test_many_leads_are_counted_in_a_process_and_the_newest_report_stands_meanwhile(many, monkeypatch):
    report = "No lead is old enough to judge yet"
    app = opened(PAGE)
    assert not app.exception
    assert "being held against its score" in said(app)
    assert report not in said(app)
    waited()
    app.run()
    assert report in said(app)
    assert "Counted" not in said(app)  # nothing came in since

    written(many)
    app.run()  # within a minute nothing is counted again
    assert "data came in since. They are counted at the next look" in said(app)
    assert report in said(app)
    assert not jobs().state(KIND).running

    may_end = threading.Event()
    result = accuracy_count._kept()["leads"].result
    monkeypatch.setattr(accuracy_count, "run_script", lambda *_: result if may_end.wait(60) else None)
    monkeypatch.setattr(accuracy_count, "REST", accuracy_count.REST * 0)
    app.run()
    assert "They are being counted; the page changes by itself." in said(app)
    assert report in said(app)
    may_end.set()
    waited()
    assert "Counted" not in said(app.run())


def test_a_report_that_stands_after_a_count_failed_says_how_old_it_is(many, monkeypatch):
    def refused(*_):
        raise Unavailable("The database did not answer.")

    app = opened(PAGE)
    waited()
    assert "No lead is old enough to judge yet" in said(app.run())
    written(many)
    monkeypatch.setattr(accuracy_count, "run_script", refused)
    monkeypatch.setattr(accuracy_count, "REST", accuracy_count.REST * 0)
    app.run()
    waited()
    app.run()
    assert "The database did not answer" in " ".join(error.value for error in app.error)
    assert "data came in since. They are not in what stands here." in said(app)


def test_a_count_that_fails_says_so_and_is_not_begun_again_by_a_look(many, monkeypatch):
    def refused(*_):
        raise Unavailable("The database did not answer.")

    monkeypatch.setattr(accuracy_count, "run_script", refused)
    app = opened(PAGE)
    waited()
    ended = jobs().state(KIND).ended
    app.run()
    assert "The database did not answer" in " ".join(error.value for error in app.error)
    assert jobs().state(KIND).ended == ended
    written(many)
    app.run()  # there is something new to count
    waited()
    assert jobs().state(KIND).ended == ended + 1
