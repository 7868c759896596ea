"""The Insights page over real deals: five answers in order, issues worked on, a change named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from deal_worlds import as_csv, deal_world
from page_words import opened, pictures, said
from test_pages import ANA

import turso_db
from deal_import import import_deals
from deals import read_deal_rules
from named_columns import headers_key
from stores import audit

PAGE = "pages/6_Insights.py"


@pytest.fixture
def sold(places):
    db = turso_db.connect(None, None, places / "data")
    content = as_csv(deal_world(1, 1500, still_open=0.1)) + b"X1,2023-05-05,2023-05-01,r,i,e,p,l,s,5,Won\n"
    import_deals(
        db, content=content, name="deals.csv", rules=read_deal_rules(places / "config"), now=datetime.now(UTC), actor=ANA
    )  # fmt: skip
    db.close()
    return places


def test_five_answers_in_order_then_a_settled_issue(sold):
    app = opened(PAGE)
    assert not app.exception
    assert not app.error
    asked = [heading.value for heading in app.subheader]
    assert asked[:5] == [
        "Did it fall, or is it noise?",
        "Why?",
        "Where is the biggest risk?",
        "What first?",
        "Who?",
    ]
    told = said(app)
    assert "There is nothing to act on" in told
    assert "points, 95 % interval" in told.replace("\\", "")
    assert len(pictures(app)) == 5  # nobody stands out, so nobody is ranked
    assert "Where deals stall" in told
    app.session_state["named_change"] = True
    app.run()
    app.selectbox(key="change_field").select("region").run()
    app.multiselect(key="change_labels_region").select("India").run()
    app.date_input(key="change_day").set_value(date(2023, 8, 15)).run()
    assert not app.exception
    assert "the difference is no more than chance makes" in said(app).replace("\\", "")

    app = opened(PAGE, query={"tab": "Issues"})
    app.session_state["issues"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.text_input(key="issue_resolution").set_value("mended")
    app.run()
    app.button(key="settle_issues").click().run()
    assert not app.exception
    assert "1 issue settled" in said(app)


def test_deals_come_in_through_the_page(places):
    app = opened(PAGE)
    assert "No deals have come in yet" in said(app)
    app.file_uploader(key="deal_file").upload("odd.csv", b"no,day,fate,region\n1,2025-01-02,open,A\n").run()
    assert "odd.csv has no column for: Deal ID, Created on, Outcome. Say below which it is." in said(
        app
    ).replace("\\", "")
    assert app.button(key="import_deals").disabled
    key = headers_key(["no", "day", "fate", "region"], "deals")[:12]
    for field, header in (("deal_id", "no"), ("created_on", "day"), ("outcome", "fate")):
        app.selectbox(key=f"is_{key}_{header}").select(field).run()
    assert not app.button(key="import_deals").disabled
    app.button(key="import_deals").click().run()
    assert not app.exception
    db = turso_db.connect(None, None, places / "data")
    told = audit.read_audit(db)
    assert "choose columns" not in told["action"].tolist()  # one entry for the file, none for each click
    (entry,) = told[told["action"] == "import deals"].to_dict("records")
    assert json.loads(entry["detail"])["columns"] == {"deal_id": "no", "created_on": "day", "outcome": "fate"}
    db.close()
    assert "1 read, 1 new" in said(app).replace("\\", "")
    assert "No deal was closed yet" in said(app)
