"""The tab By hand: companies and leads of programs get their outcomes there, one or many."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import page_words
import pytest
from zoho_story import export, lead_row

import ui
from actors import Actor
from feedback import score_sent
from icp import read_icp
from lead_conversion import Scorer, base_rate
from lead_schema import SentLead, read_api_rules
from settings import read_settings
from stores import feedback, outcomes
from views import outcome_form

ROOT = Path(__file__).resolve().parents[1]
BATCH = "HADES-20260211-001"


@pytest.fixture
def db(places, db):
    """The page's own database; the page remembers nothing."""
    return db


def opened():
    return clean(page_words.opened("pages/4_Outcomes.py", query={"tab": "By hand"}))


def clean(app):
    assert not app.exception, app.exception
    assert not app.error, [one.value for one in app.error]
    return app


def said(app):
    return page_words.said(app).replace("\\", "")


def scored(db):
    kind = read_api_rules(ROOT / "config").kinds["web"]
    scorers = {"web": Scorer(kind, base_rate(0, 0, prior_rate=0.1, prior_leads=20))}
    leads = [SentLead(f"L-{n}", "web", {"age": 30 + n}, True if n == 0 else None) for n in range(3)]
    score_sent(db, leads=leads, scorers=scorers, now=datetime.now(UTC), actor=Actor("web shop", "ops"))


def test_nothing_exported_and_nothing_scored_is_calm(db):
    app = opened()
    assert "No exported company" in said(app)
    app.segmented_control(key="by_hand_of").set_value("Leads of programs")
    assert "No lead was scored for a program yet" in said(clean(app.run()))


def test_an_outcome_for_every_company_shown_is_filled_in_and_recorded(db):
    export(db, BATCH, [lead_row(number) for number in range(3)])
    app = opened()
    assert app.button(key="by_hand_record").disabled
    app.selectbox(key="by_hand_all").set_value("contacted")
    clean(app.run())
    clean(app.button(key="by_hand_fill_all").click().run())
    button = app.button(key="by_hand_record")
    assert button.label == "Record 3 outcomes"
    clean(button.click().run())
    assert "3 outcomes recorded." in said(app)
    assert outcomes.read_funnel(db)["contacted"] == 3
    assert app.button(key="by_hand_record").disabled  # the table is fresh
    rows = db.rows("SELECT DISTINCT source, recorded_by FROM outcome_milestones")
    assert rows == [{"source": "person", "recorded_by": "Local manager"}]


def test_what_was_filled_in_for_companies_is_not_filled_in_for_leads_of_programs(db):
    export(db, BATCH, [lead_row(0)])
    scored(db)
    app = opened()
    app.selectbox(key="by_hand_all").set_value("delivery")
    clean(app.run())
    clean(app.button(key="by_hand_fill_all").click().run())
    assert not app.button(key="by_hand_record").disabled
    app.segmented_control(key="by_hand_of").set_value("Leads of programs")
    clean(app.run())
    assert app.button(key="by_hand_say").disabled
    app.segmented_control(key="by_hand_of").set_value("Exported companies")
    clean(app.run())
    assert app.button(key="by_hand_record").disabled


def test_the_search_narrows_what_is_shown(db):
    export(db, BATCH, [lead_row(number) for number in range(3)])
    app = opened()
    name = app.data_editor[0].value["company_name"].iloc[0]
    clean(app.text_input(key="by_hand_wanted").set_value(name).run())
    assert app.data_editor[0].value["company_name"].tolist() == [name]


def test_outcomes_of_leads_of_programs_are_kept_and_stand_beside_what_was_said_before(db):
    scored(db)
    app = opened()
    app.segmented_control(key="by_hand_of").set_value("Leads of programs")
    clean(app.run())
    shown = app.data_editor[0].value
    assert shown.set_index("lead_id")["outcome"].fillna("").to_dict() == {
        "L-0": "Converted",
        "L-1": "",
        "L-2": "",
    }
    app.selectbox(key="by_hand_all").set_value("Did not convert")
    clean(app.run())
    clean(app.button(key="by_hand_fill_all").click().run())
    clean(app.button(key="by_hand_say").click().run())
    assert "3 outcomes kept" in said(app)
    told = feedback.read_history(db, lead_id="L-0")
    assert [(row["outcome"], row["given_by"], row["came_from"]) for row in told] == [
        (1, "web shop", "score"), (0, "Local manager", "page"),
    ]  # fmt: skip


def test_emptying_the_cell_of_a_lead_takes_its_outcome_back(db):
    scored(db)
    seen = feedback.read_lead(db, lead_id="L-0")["feedback_id"]
    icp = read_icp(ROOT / "config")
    frame = ui.Frame(db, read_settings(), Actor("Ana Ruiz", "ops"), icp, 1, 1, datetime.now(UTC))
    outcome_form.say_now(frame, [("L-0", None, seen), ("L-1", True, None)])
    assert feedback.count_outcomes(db) == {"web": (1, 1)}  # L-1 alone
    assert feedback.read_history(db, lead_id="L-0")[-1]["given_by"] == "Ana Ruiz"
