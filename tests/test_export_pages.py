"""The pages of the export desk without a browser: numbers that open their rows, lists, one lead under test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from lead_rows import csv_file, lead_row
from page_words import opened, said

import turso_db
from actors import Actor
from lead_columns import read_columns
from stores import batches
from stores.summary_views import read_views
from suppression import load_list

ROOT = Path(__file__).resolve().parents[1]
ANA = Actor("Ana Ruiz", "manager")
SCORE, BATCHES, LISTS, TEST = (
    f"pages/{name}.py" for name in ("1_Score_and_Export", "2_Batches", "9_Suppression", "10_Test_a_Lead")
)


@pytest.fixture
def desk(places):
    db = turso_db.connect(None, None, places / "data")
    yield db
    db.close()


def uploaded(*files):
    """The score page with these files, measured from 75201."""
    app = opened(SCORE)
    app.text_input(key="center").set_value("75201")
    for file in files:
        app.file_uploader(key="leads_file").upload(*file)
    return app.run()


def rows_of(app, *columns):
    """The first table on the page that has these columns."""
    return next(frame.value for frame in app.dataframe if {*columns} <= {*frame.value.columns})


FILE = ("leads.csv", csv_file([
    lead_row(1), lead_row(2, ZoomInfo_Contact_ID="-1001"), lead_row(3, Employees="9"), lead_row(4, Company_Name=""),
    lead_row(5, Company_Name="<script>alert(1)</script> **bold** ![x](http://example.com/x.png)"),
]), "text/csv")  # fmt: skip


def test_the_count_adds_up_and_every_number_opens_its_rows(places):
    app = uploaded(FILE)
    assert not app.exception
    assert "2 of 5 leads are ready to go out" in said(app)
    assert "5 in − 1 unreadable − 1 filtered out − 1 twice in the file = 2 ready" in said(app)
    for step, row in (("unreadable", 5), ("filtered", 4), ("duplicate", 3)):
        app.session_state["opened"] = step
        app.run()
        assert rows_of(app, "step")["row_number"].tolist() == [row]
    app.session_state["opened"] = "in"
    app.run()
    every = rows_of(app, "step")
    assert every["row_number"].tolist() == [2, 3, 4, 5, 6]
    assert every["reason"].str.endswith(".").all()


def test_exporting_records_first_and_the_same_file_again_says_where_they_are(desk):
    app = uploaded(FILE)
    app.button(key="export_button").click().run()
    assert not app.error, said(app)
    found = batches.read_batches(desk)
    assert found["exported"].tolist() == [2]
    assert f"{found['batch_id'][0]} is recorded: 2 leads" in said(app)
    assert "0 of 5 leads are ready" in said(app)  # drawn again: nothing more is recorded
    assert app.button(key="export_button").disabled
    app.run()
    assert len(batches.read_batches(desk)) == 1
    other = uploaded(FILE)
    other.session_state["opened"] = "exported before"
    other.run()
    assert f"was exported in {found['batch_id'][0]}" in rows_of(other, "step")["reason"].iloc[0]


def test_two_files_make_one_batch(desk):
    app = uploaded(FILE, ("more.csv", csv_file([lead_row(7)]), "text/csv"))
    assert "3 of 6 leads are ready" in said(app)
    app.button(key="export_button").click().run()
    assert batches.read_batches(desk)["source_file"].tolist() == ["leads.csv + more.csv"]


def test_a_choice_of_columns_is_remembered_for_the_next_file(desk):
    content = csv_file([lead_row(1)]).replace(b"Company Name", b"Firma")
    app = uploaded(("own.csv", content, "text/csv"))
    assert "no column for company name" in said(app)
    box = next(box for box in app.selectbox if box.label == "Firma is")
    box.set_value("company_name").run()
    assert "1 of 1 leads are ready" in said(app)
    again = uploaded(("next.csv", csv_file([lead_row(2)]).replace(b"Company Name", b"Firma"), "text/csv"))
    assert "1 of 1 leads are ready" in said(again)


def test_the_boxes_stand_open_where_a_contact_has_no_name_yet(desk):
    def is_open(content):
        app = uploaded(("own.csv", content, "text/csv"))
        return next(one for one in app.expander if one.label.startswith("Columns of")).proto.expanded

    whole = csv_file([lead_row(1)])
    assert not is_open(whole)
    assert is_open(whole.replace(b"Last Name", b"Nachname"))


def test_columns_that_decide_and_were_not_understood_are_told(desk):
    content = b"Company Name,SIC Code 1,Company Postal,Workers,Phone\nOak Inn,8361,94103,10,\n"
    told = said(uploaded(("odd.csv", content, "text/csv")))
    assert "ZIP code, number of employees, phone number" in told
    assert "Company Postal, Workers, Phone were not understood" in told
    assert "no column for" not in said(uploaded(("whole.csv", csv_file([lead_row(1)]), "text/csv")))


def test_a_stale_list_asks_before_the_export(desk):
    now = datetime.now(UTC).replace(microsecond=0)
    load_list(
        desk, content=b"Phone\n2145550009\n", file_name="l.csv", kind="phone", name="Registry",
        scrubbed_on=now.date() - timedelta(days=60), columns=read_columns(ROOT / "config"), today=now.date(), now=now, actor=ANA,
    )  # fmt: skip
    app = uploaded(FILE)
    assert "Registry was scrubbed" in said(app)
    assert app.button(key="export_button").disabled
    app.checkbox(key="accept_stale").check().run()
    app.button(key="export_button").click().run()
    assert not app.error, said(app)
    assert "accepted_stale" in batches.read_batches(desk)["parameters"][0]


def test_a_list_is_loaded_and_retired_on_its_page(desk):
    app = opened(LISTS)
    app.file_uploader(key="list_file").upload("numbers.csv", b"Phone\n2145550001\n12\n", "text/csv")
    app.text_input(key="list_name").set_value("Registry")
    app.button(key="load_list").click().run()
    assert "Registry is in force" in said(app)
    assert "1 entry on 1 list" in said(app)
    app.button(key="retire").click().run()
    assert "No list is asked before an export" in said(app)


def test_one_batch_beside_another(desk):
    for row in (1, 2):
        app = uploaded(("leads.csv", csv_file([lead_row(row)]), "text/csv"))
        app.button(key="export_button").click().run()
        assert not app.error
    ids = batches.read_batches(desk)["batch_id"].tolist()
    app = opened(BATCHES)
    app.query_params["batch"] = ids[0]
    app.run()
    assert "too young to judge" in said(app)
    app.query_params["part"] = "Compare"
    app.run().selectbox(key="compare_with").set_value(ids[1]).run()
    assert not app.exception
    assert any("not distinguishable from chance" in part.value for part in app.html)


def test_a_typed_lead_shows_its_parts_and_what_would_change_it(places):
    app = opened(TEST)
    assert not app.exception
    next(box for box in app.selectbox if box.label == "SIC").set_value("7011")
    next(box for box in app.number_input if box.label == "Employees").set_value(120)
    next(box for box in app.number_input if box.label == "Miles away").set_value(8.0)
    app.run()
    # 0.5 x 85 + 0.3 x 100 + 0.2 x 70 = 86.5, rounded half up 87
    assert "Score 87, call priority High" in said(app)
    assert rows_of(app, "part", "points")["points"].tolist()[-1] == 87
    assert rows_of(app, "difference")["difference"].max() == 7
    app.session_state["beside"] = "Under earlier versions"
    assert rows_of(app.run(), "version")["score"].tolist() == [87]


def test_a_picked_lead_brings_what_was_known_at_its_export(desk):
    app = uploaded(("leads.csv", csv_file([lead_row(1)]), "text/csv"))
    app.button(key="export_button").click().run()
    app = opened(TEST)
    app.text_input(key="find").set_value("Oak Inn").run()
    assert not app.exception
    # 0 miles: 0.5 x 100 + 0.3 x 100 + 0.2 x 70 = 94
    assert "Score 94" in said(app)
    assert "It went out in HADES" in said(app)
    app.run()  # a second look in the same session is no second view
    views = read_views(desk)
    assert views[["event", "potential"]].to_numpy().tolist() == [["sales_summary_viewed", 94]]


def test_lists_come_from_zoho_at_a_press(desk, zoho, monkeypatch):
    zoho.world.add("Accounts", Account_Name="Old Customer", Account_Type="Customer", Billing_Code="60201")
    assert not [b for b in opened(LISTS).button if b.key == "load_from_zoho"]
    for name, value in zoho.environment().items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    app = opened(LISTS)
    app.button(key="load_from_zoho").click().run()
    assert not app.exception
    assert "2 lists with 1 entry from Zoho in force" in said(app)
    assert "Leads has no field" in said(app)
    assert "never synced" in said(app)
    assert "1 entry on 2 lists are asked" in said(app)
