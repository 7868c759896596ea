"""The Outcomes and Operators pages with a Zoho behind them: decide, work, count, connect, and what a new user is told."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import page_words
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from zoho_story import OPS, company_name, export, lead_in_zoho, lead_row, synced

import ui
from jobs import jobs
from outcomes import import_outcomes
from stores import matches, milestones, outcomes, syncs, unmatched

ROOT = Path(__file__).resolve().parents[1]
BATCH = "HADES-20260211-001"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def connected(monkeypatch, zoho, **changes):
    for name, value in (zoho.environment() | changes).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def db(places, db):
    """The pages' own database; the pages remember nothing."""
    return db


def opened(page, **query):
    return clean(page_words.opened(page, query=query))


def clean(app):
    assert not app.exception, app.exception
    return app


def said(app):
    return page_words.said(app).replace("\\", "")


@pytest.fixture
def review(db, zoho, tmp_path):
    """The site of a lead that two companies of one batch fit."""
    export(db, BATCH, [lead_row(0), lead_row(1, company_name=company_name(0), zip_code="61801"), lead_row(2)])
    zoho.world.wait(days=1)
    lead = lead_in_zoho(zoho.world, 0, BATCH, Phone=None, Zip_Code=None)
    synced(db, zoho, tmp_path)
    return f"lead:{lead}"


def test_a_review_is_decided_and_undone_from_the_page(db, review):
    app = opened("pages/4_Outcomes.py", tab="Review", review=review)
    assert "1 site in Zoho may be an exported company" in said(app)
    assert app.subheader[0].value == company_name(0).upper()
    evidence = next(table.value for table in app.dataframe if "In Zoho" in table.value)
    assert evidence.iloc[:, 0].tolist()[:3] == ["How likely", "Exported", "Name"]
    assert evidence.loc[2].str.startswith("✓").sum() == 2  # the name agrees with both
    app.text_input(key="review_reason").set_value("phoned them")
    clean(app.button(key="choose_2").click().run())
    assert "Every later sync keeps to it" in said(app)
    assert matches.count_reviews(db) == 0
    assert matches.read_decided(db).iloc[0]["reason"] == "phoned them"
    app = opened("pages/4_Outcomes.py", tab="Review")
    assert "No site waits for a decision" in said(app)
    app.session_state["decided"] = True
    clean(app.run())
    app.session_state["decided_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    clean(app.run())
    clean(app.button(key="undo_decision").click().run())
    assert matches.count_reviews(db) == 1


def test_none_of_these_and_another_company(db, review):
    app = opened("pages/4_Outcomes.py", tab="Review")
    clean(app.button(key="choose_none").click().run())
    assert matches.read_decided(db).iloc[0]["decided_by"] == "Local manager"
    app = opened("pages/4_Outcomes.py", tab="Review", review=review)
    assert "decided that it is none of ours" in said(app)
    clean(app.text_input(key="other_search").set_value(company_name(2)).run())
    app.session_state["other_found"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    clean(app.run())
    clean(app.button(key="choose_other").click().run())
    assert matches.read_decided(db).iloc[0]["exported_name"] == company_name(2)


def test_the_search_for_another_company_has_an_address(db, review):
    app = opened("pages/4_Outcomes.py", tab="Review", review=review, other_search=company_name(2))
    assert app.text_input(key="other_search").value == company_name(2)
    assert next(t.value for t in app.dataframe if "outcome" in t.value)["company_name"].tolist() == [company_name(2)]  # fmt: skip


def test_an_unknown_site_in_the_address_is_a_sentence(db):
    assert "There is no site lead:1" in said(opened("pages/4_Outcomes.py", tab="Review", review="lead:1"))


def test_unmatched_rows_are_work(db):
    export(db, BATCH, [lead_row(number) for number in range(3)])
    text = f"batch_id,company_name,milestone,date\n{BATCH},Nobody,delivery,2026-02-20\n{BATCH},Noone,lost,2026-02-21\n"
    import_outcomes(db, content=text.encode(), name="x.csv", now=NOW, actor=OPS)
    home = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30).run()
    assert "2 outcomes found no company" in said(home)
    app = opened("pages/4_Outcomes.py", tab="Unmatched")
    app.session_state["log_Waiting"] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    clean(app.run())
    app.text_input(key="assign_to").set_value("Bo Lee")
    clean(app.button(key="assign").click().run())
    assert "2 rows given to Bo Lee" in said(app)
    app.session_state["log_Waiting"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    clean(app.run())
    row = int(unmatched.read_unmatched(db)["id"][0])
    clean(app.text_input(key=f"by_hand_{row}_search").set_value(company_name(1)).run())
    app.session_state[f"by_hand_{row}_found"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    clean(app.run())
    clean(app.button(key="match_by_hand").click().run())
    assert unmatched.count_states(db) == {"open": 0, "assigned": 1, "set aside": 0, "settled": 1}
    app.session_state["log_Waiting"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    clean(app.run())
    clean(app.button(key="set_aside").click().run())
    assert "reason was expected" in said(app)
    app.text_input(key="aside_because").set_value("a test record")
    clean(app.button(key="set_aside").click().run())
    app = opened("pages/4_Outcomes.py", tab="Unmatched", log="Set aside")
    assert app.dataframe[0].value["set_aside_because"].tolist() == ["a test record"]


def test_the_nearest_names_of_the_batch_are_one_click_away(db):
    export(db, BATCH, [lead_row(number) for number in range(3)])
    name, site = company_name(1), lead_row(1)["zip_code"]
    wrong = name[:2] + name[3:]
    text = f"batch_id,company_name,milestone,date,zip_code\n{BATCH},{wrong},delivery,2026-02-20,{site}\n"
    done = import_outcomes(db, content=text.encode(), name="x.csv", now=NOW, actor=OPS)
    assert done.counts["matched"] == 0
    app = opened("pages/4_Outcomes.py", tab="Unmatched")
    app.session_state["log_Waiting"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    clean(app.run())
    row = int(unmatched.read_unmatched(db)["id"][0])
    assert app.text_input(key=f"by_hand_{row}_search").value == ""  # what found nothing is not searched again
    button = app.button(key="near_1")
    assert button.label == f"{name}, {site}"
    clean(button.click().run())
    assert unmatched.count_states(db)["settled"] == 1
    assert outcomes.read_feed(db)["company_name"].tolist() == [name]


def test_a_milestone_is_taken_back_from_the_page(db):
    export(db, BATCH, [lead_row(0)])
    text = f"batch_id,company_name,milestone,date\n{BATCH},{company_name(0)},delivery,2026-02-20\n"
    import_outcomes(db, content=text.encode(), name="x.csv", now=NOW, actor=OPS)
    app = opened("pages/4_Outcomes.py", milestone=str(outcomes.read_feed(db)["id"][0]))
    clean(app)
    app.text_input(key="taken_because").set_value("another building")
    clean(app.button(key="take_back").click().run())
    assert "Taken back: delivery" in said(app)
    assert "milestone" not in app.query_params
    assert outcomes.read_feed(db).empty
    assert milestones.read_taken_back(db)["reason"].tolist() == ["another building"]


def test_the_chain_of_custody_opens_its_rows(db, zoho, tmp_path, review):
    app = opened("pages/4_Outcomes.py", tab="Chain of custody", hop="not in Zoho")
    assert "0 of 1 sites in Zoho are known companies" in said(app)
    hops, rows = (table.value for table in app.dataframe)
    there, on = (hops[name].str.split().str[0].astype(int) for name in ("number", "goes_on"))
    assert (there == on + hops["stays"]).all()
    assert len(rows) == 3
    assert rows["maybe"].tolist() == ["in review", "", ""]


@pytest.mark.parametrize(
    "tab", ["Newest", "Review", "Unmatched", "Chain of custody", "Import files", "History"]
)
def test_every_tab_is_calm_over_nothing(db, tab):
    app = opened("pages/4_Outcomes.py", tab=tab)
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("tab", ["Newest", "Review", "Unmatched", "Chain of custody", "History"])
def test_every_tab_costs_three_round_trips_cold_and_one_warm(db, review, tab):
    app = opened("pages/4_Outcomes.py", tab=tab)
    used = ui._connection()[0]
    st.cache_data.clear()
    before = used.round_trips
    clean(app.run())
    assert used.round_trips - before <= 3
    before = used.round_trips
    clean(app.run())
    assert used.round_trips - before == 1


def test_a_running_sync_says_how_far_it_is_and_no_second_one_can_be_started(db, zoho, monkeypatch, places):
    connected(monkeypatch, zoho)
    now, done = datetime.now(UTC).replace(microsecond=0), threading.Event()
    run = syncs.start_run(db, kind="outcomes", mode="full", now=now, actor="Ana Ruiz")
    syncs.note_progress(db, run_id=run, counts={"read": 1400, "calls": 7}, now=now)
    AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30).run()
    jobs().start("sync outcomes", lambda: str(done.wait(20)))
    try:
        app = opened("pages/3_Operators.py", tab="Zoho")
        assert "1,400 records read with 7 calls to Zoho" in said(app)
        assert app.button(key="sync_outcomes").disabled
        assert app.button(key="sync_operators").disabled
        assert app.dataframe[-1].value["status"].tolist() == ["running"]
    finally:
        done.set()
    waited(app, "outcomes")


def test_batches_from_elsewhere_come_in_from_the_page_and_say_that_they_have_no_file(db):
    app = opened("pages/4_Outcomes.py", tab="Import files")
    content = (
        b"batch_id,company_name,exported_at\nHADES-20251103-004,Amber Inn,2025-11-03\nHADES-20251103-004,,x\n"
    )
    app.file_uploader(key="export_file").upload("old.csv", content, "text/csv")
    clean(app.run())
    clean(app.button(key="import_export_file").click().run())
    became = app.dataframe[0].value
    assert became.to_numpy().tolist() == [
        [2, "rows in the file"], [1, "new, and kept"], [1, "could not be used: why stands below"],
        [1, "batches they belong to"],
    ]  # fmt: skip
    app = opened("pages/2_Batches.py", batch="HADES-20251103-004")
    assert "Its file was made elsewhere" in said(app)
    assert not app.error


# A new user and Zoho


def type_in(app, zoho, **changes):
    said_by_user = {
        "zoho_id": zoho.client_id,
        "zoho_secret": zoho.client_secret,
        "zoho_code": "1000.grant.code",
    } | changes
    for key, value in said_by_user.items():
        app.text_input(key=key).set_value(value)
    return clean(app.button(key="connect_zoho").click().run())  # fmt: skip


def waited(app, kind):
    until = time.monotonic() + 20
    while jobs().state(f"sync {kind}").running:
        assert time.monotonic() < until
        time.sleep(0.05)
    return clean(app.run())


def test_a_new_user_connects_step_by_step_and_nothing_secret_is_shown(places, zoho, monkeypatch):
    monkeypatch.setenv("ZOHO_ACCOUNTS_URL", zoho.url)
    app = opened("pages/3_Operators.py", tab="Zoho")
    assert "Zoho is not connected yet" in said(app)
    assert "Make a Self Client" in said(app)
    assert "ZohoCRM.coql.READ" in app.code[0].value
    clean(app.button(key="connect_zoho").click().run())
    assert "all three of the same Self Client" in said(app)
    type_in(app, zoho)
    text = (places / "secrets.toml").read_text()
    assert f'ZOHO_REFRESH_TOKEN = "{zoho.refresh_token}"' in text
    assert "Zoho is connected, and everything a sync needs is there" in said(app)
    everything = said(app) + "".join(widget.value or "" for widget in app.text_input)
    for secret in (zoho.client_secret, zoho.refresh_token, "1000.grant.code"):
        assert secret not in everything
    assert (places / "secrets.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"zoho_code": "1000.old"}, "Zoho did not take the grant code"),
        ({"zoho_id": "1000.WRONG"}, "Zoho does not know this client"),
        ({"zoho_secret": "wrong"}, "client secret"),
    ],
)
def test_a_new_user_with_wrong_credentials_is_told_what_to_do(places, zoho, monkeypatch, typed, says):
    monkeypatch.setenv("ZOHO_ACCOUNTS_URL", zoho.url)
    app = type_in(opened("pages/3_Operators.py", tab="Zoho"), zoho, **typed)
    assert says.lower() in said(app).lower()
    assert not (places / "secrets.toml").exists()
    assert app.text_input(key="zoho_code").value == ""  # it works once


def test_a_revoked_connection_says_how_to_renew_it(places, zoho, monkeypatch):
    connected(monkeypatch, zoho, ZOHO_REFRESH_TOKEN="1000.revoked")
    app = opened("pages/3_Operators.py", tab="Zoho")
    clean(app.button(key="check_zoho").click().run())
    assert "1 thing to mend" in said(app)
    assert "no longer accepts the refresh token" in said(app)
    clean(app.button(key="sync_outcomes").click().run())
    app = waited(app, "outcomes")
    assert "no longer accepts the refresh token" in said(app)
    assert app.dataframe[-1].value["status"].tolist() == ["failed"]


def test_a_missing_field_says_where_to_click(places, zoho, monkeypatch):
    connected(monkeypatch, zoho)
    del zoho.world.fields["Deals"]["HADES_Batch_ID"]
    app = opened("pages/3_Operators.py", tab="Zoho")
    clean(app.button(key="check_zoho").click().run())
    assert "1 thing to mend before a sync can work" in said(app)
    assert "Deals has no field HADES_Batch_ID" in app.error[0].value.replace("\\", "")
    assert "Setup" in app.error[0].value


def test_an_empty_zoho_is_calm(places, zoho, monkeypatch):
    connected(monkeypatch, zoho)
    app = opened("pages/3_Operators.py", tab="Zoho")
    clean(app.button(key="sync_outcomes").click().run())
    app = waited(app, "outcomes")
    assert "its modules are empty" in said(app)
    clean(app.button(key="sync_operators").click().run())
    app = waited(app, "operators")
    assert "no operator to bring in" in said(app)
    assert not app.error


def test_history_comes_in_from_zoho_with_what_is_missing(db, zoho, monkeypatch, places):
    connected(monkeypatch, zoho)
    lead_in_zoho(zoho.world, 0, None)
    lead_in_zoho(zoho.world, 1, None, Lead_Source="VanillaSoft Import")
    app = opened("pages/4_Outcomes.py", tab="History")
    clean(app.button(key="import_history").click().run())
    app = waited(app, "history")
    assert "1 read, 1 imported" in said(app)
    assert "1 of 1 leads called before have no SIC code" in said(app)
    assert 'lead_source: ["VanillaSoft", "VanillaSoft Import"]' in app.code[0].value


def test_a_run_opens_with_its_sentences(db, zoho, monkeypatch, places):
    connected(monkeypatch, zoho)
    zoho.world.add("Accounts", Account_Name=None, Account_Type="Owner Operator")
    app = opened("pages/3_Operators.py", tab="Zoho")
    clean(app.button(key="sync_operators").click().run())
    app = waited(app, "operators")
    app.query_params["sync"] = str(db.rows("SELECT max(run_id) AS id FROM sync_runs")[0]["id"])
    clean(app.run())
    assert "0 created, 0 updated, 0 linked, 0 unchanged, 1 skipped" in said(app)
    assert "has no name and was skipped" in app.dataframe[-1].value.iloc[0, 0]


def test_deals_come_in_at_a_press(places, db, zoho, monkeypatch):
    connected(monkeypatch, zoho)
    zoho.world.add("Deals", Deal_Name="D", Stage="Closed Won", Closing_Date="2026-02-11", Amount=5.0)
    app = opened("pages/3_Operators.py", tab="Zoho")
    clean(app.button(key="sync_deals").click().run())
    app = waited(app, "deals")
    assert "1 read, 1 new, 0 changed" in said(app)
    assert db.rows("SELECT source, outcome FROM deals")[0] == {"source": "zoho", "outcome": "won"}
