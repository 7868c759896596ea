"""The tabs Digest and Schedule on the Alerts page."""

from __future__ import annotations

import pytest
import streamlit as st
from page_words import said
from racing import ANA
from streamlit.testing.v1 import AppTest
from test_pages import ROOT

import turso_db
from digest import add_reader
from schedule import Step, run_steps
from stores.digests import read_readers


@pytest.fixture
def looked(places):
    def look(tab="Digest", **query):
        st.cache_data.clear()
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        app.session_state["tab"] = tab
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page("pages/8_Alerts.py").run()

    return look


def test_a_quiet_week_without_readers(looked, places):
    app = looked()
    assert not app.exception
    told = said(app).replace("\\", "")
    assert "Sales health" in told
    assert "Nothing stands out from what chance makes." in told
    assert "The schedule has not run here yet" not in told  # another tab, drawn when it is opened
    assert "The schedule has not run here yet" in said(looked("Schedule"))
    app.text_input(key="reader_email").set_value("nobody").run()
    app.button(key="add_reader").click().run()
    assert "mail address was expected" in " ".join(error.value for error in app.error)
    app.text_input(key="reader_email").set_value("ana@example.com").run()
    app.button(key="add_reader").click().run()
    assert "ana@example.com · 0 sent" in said(app).replace("\\", "")
    app.button(key="leave_1").click().run()
    assert "unsubscribed" in said(app)


def test_the_link_of_a_digest_unsubscribes_and_the_schedule_is_shown(looked, places, now):
    db = turso_db.connect(None, None, places / "data")
    add_reader(db, email="ana@example.com", now=now, actor=ANA)
    run_steps(db, steps=[Step("sync", lambda: "3 records read.")], holder="x", clock=lambda: now, actor=ANA)
    token = db.rows("SELECT token FROM digest_readers")[0]["token"]
    app = looked(leave=token)
    assert not app.exception
    assert "You get no more digests." in " ".join(message.value for message in app.success)
    assert read_readers(db)["unsubscribed_at"].notna().all()
    assert "The schedule has stopped" in said(looked("Schedule"))  # its only run was long ago
    assert "This link has been used" in " ".join(message.value for message in looked(leave=token).info)
    db.close()
