"""The Tuning tab: calm with nothing, evidence over a year, and a factor put into force and seen at once."""

from __future__ import annotations

import pytest
import streamlit as st
from demo_years import loaded
from page_words import said
from streamlit.testing.v1 import AppTest
from test_pages import ROOT

import turso_db
from stores.weights import read_active_version


def in_force(places):
    db = turso_db.connect(None, None, places / "data")
    version = read_active_version(db)
    db.close()
    return version


@pytest.fixture
def tuned(places):
    def look(before=None):
        st.cache_data.clear()
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        app.query_params["tab"] = "Tuning"
        for name, value in (before or {}).items():
            app.session_state[name] = value
        return app.switch_page("pages/7_Score_Calibration.py").run()

    return look


def test_nothing_exported_is_a_calm_answer(tuned):
    app = tuned()
    assert not app.exception
    assert not app.error
    assert "No segment's factor is contradicted by its 0 deliveries" in said(app).replace("\\", "")


def test_a_factor_comes_into_force_with_its_reason(tuned, places):
    loaded(places / "data" / "hades.db")
    app = tuned()
    assert not app.exception
    assert not app.error
    app.text_input(key="acting_as").set_value("Ana Ruiz").run()
    tables = {tuple(table.value.columns)[:1] for table in app.dataframe}
    assert ("segment",) in tables
    app.number_input(key="factor_Migration").set_value(1.05).run()
    assert "Ranking within the segment unchanged" in said(app)
    app.button(key="approve_factor").click().run()
    assert "A reason was expected" in " ".join(e.value for e in app.error)
    app.text_input(key="factor_reason").set_value("Migrations deliver more").run()
    app.button(key="approve_factor").click().run()
    assert "Migration from 1 to 1.05" in said(app)
    version = in_force(places)
    assert "Migration: 1.05" in version["icp_yaml"]
    assert (version["actor"], version["reason"]) == ("Ana Ruiz", "Migrations deliver more")


def test_where_two_are_needed_one_proposes_and_another_approves_on_the_page(tuned, places):
    path = places / "config" / "icp.yaml"
    path.write_text(
        path.read_text("utf-8").replace("second_approver: false", "second_approver: true"), "utf-8"
    )
    app = tuned()
    app.text_input(key="acting_as").set_value("Ana Ruiz").run()
    app.number_input(key="factor_Migration").set_value(1.05).run()
    app.text_input(key="factor_reason").set_value("Migrations deliver more").run()
    app.button(key="approve_factor").click().run()
    assert "Another person decides here" in said(app)
    app = tuned()
    app.text_input(key="acting_as").set_value("Ana Ruiz").run()
    assert "**Migration from 1 to 1.05**" in said(app)
    assert "approve_proposed_factor" not in [
        button.key for button in app.button
    ]  # not by whoever proposed it
    app.text_input(key="acting_as").set_value("Bo Lind").run()
    app.text_input(key="proposed_reason").set_value("I agree").run()
    app.button(key="approve_proposed_factor").click().run()
    assert "Migration from 1 to 1.05" in said(app)
    version = in_force(places)
    assert (version["actor"], version["reason"]) == ("Bo Lind", "I agree")
    assert "Migration: 1.05" in version["icp_yaml"]
