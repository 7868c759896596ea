"""Milestones from Zoho's records: dates, spellings, corrections, silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoho_profile import read_profile
from zoho_rules import ZohoRecord, judge, read_record, unknown_stages

PROFILE = read_profile(Path(__file__).resolve().parent.parent / "config")
LOCATINGS = read_profile(Path(__file__).resolve().parent.parent / "config", "zoho_locatings.yaml")
CREATED, CHANGED = "2026-02-01T09:00:00-06:00", "2026-02-20T17:30:00-06:00"


def said(profile, key, forecasts=None, **values):
    """{milestone: day} and the judgement of a record with these raw values."""
    raw = {"id": "5725767000000420001", "Created_Time": CREATED, "Modified_Time": CHANGED} | values
    judgement = judge(profile.roles[key], read_record(profile.roles[key], raw), forecasts)
    return {m.milestone: m.happened_at for m in judgement.milestones}, judgement


def lead(**values):
    return said(PROFILE, "leads", **values)


def deal(forecasts=None, **values):
    return said(PROFILE, "deals", forecasts, **values)


def delivery(**values):
    return said(PROFILE, "deliveries", **values)


MOMENT = {"created": "2026-02-01T15:00:00Z", "changed": "2026-02-20T23:30:00Z"}  # the two above, in UTC


def test_a_lead_that_nobody_touched_says_nothing():
    for status in (None, "", "-None-", "Not Contacted", "Attempted to Contact"):
        assert lead(Lead_Status=status)[0] == {}


def test_statuses_of_a_lead():
    assert lead(Lead_Status="Contacted")[0] == {"contacted": MOMENT["created"]}
    assert lead(Lead_Status=" contact in FUTURE")[0] == {"contacted": MOMENT["created"]}
    assert lead(Lead_Status="Appt Set")[0] == {"appointment": MOMENT["created"]}
    assert lead(Lead_Status="Junk Lead")[0] == {"lost": MOMENT["changed"]}
    assert set(lead(Lead_Status="Not Interested")[0]) == {"contacted", "lost"}


def test_a_converted_lead_has_an_appointment_on_the_day_it_was_converted():
    found, _ = lead(Converted__s=True, Converted_Date_Time="2026-02-10T12:00:00-06:00")
    assert found == {"appointment": "2026-02-10T18:00:00Z"}


def test_an_open_deal_is_an_appointment_and_never_lost():
    for stage in (None, "Qualification", "Negotiation/Review", "Declined By Operator", "Closed Won"):
        assert deal(Stage=stage)[0] == {"appointment": MOMENT["created"]}


def test_a_lost_deal_was_an_appointment_and_is_lost():
    assert deal(Stage="Closed Lost")[0] == {"appointment": MOMENT["created"], "lost": MOMENT["changed"]}


def test_the_forecast_type_speaks_only_where_no_list_names_the_stage():
    forecasts = {
        "Gone elsewhere": "Closed Lost",
        "Machine promised": "Closed Won",
        "Qualification": "Closed Lost",
    }
    assert "lost" in deal(forecasts, Stage="gone  ELSEWHERE")[0]
    assert set(deal(forecasts, Stage="Machine promised")[0]) == {"appointment"}
    assert "lost" not in deal(forecasts, Stage="Qualification")[0]


def test_a_stage_that_nobody_knows_changes_nothing_and_is_told():
    found, judgement = deal(Stage="Zwischenstand")
    assert found == {"appointment": MOMENT["created"]}
    assert judgement.taken_back == frozenset()
    assert "'Zwischenstand' of Deals is in no list" in judgement.note
    assert unknown_stages(PROFILE.roles["deals"], ["Zwischenstand", "Closed Won", None]) == {"Zwischenstand"}


@pytest.mark.parametrize(
    "stage", ["Green/ Delivered", "Green/Delivered", "Green / Delivered", "green/delivered"]
)
def test_every_spelling_of_a_stage_means_the_same(stage):
    assert said(LOCATINGS, "deals", Stage=stage)[0] == {
        "appointment": MOMENT["created"],
        "delivery": MOMENT["changed"],
    }


def test_a_delivery_has_its_own_date():
    found, judgement = delivery(Delivery_Status="Delivered", Delivery_Date="2026-02-15")
    assert found == {"delivery": "2026-02-15"}
    assert judgement.milestones[0].dated


def test_a_delivery_without_a_date_is_dated_by_its_last_change():
    found, judgement = delivery(Delivery_Status="delivered ")
    assert found == {"delivery": MOMENT["changed"]}
    assert not judgement.milestones[0].dated


def test_a_machine_that_went_was_delivered():
    found, judgement = delivery(Delivery_Status="Removed", Delivery_Date="2026-02-15")
    assert found == {"churned": MOMENT["changed"], "delivery": "2026-02-15"}
    assert "delivery" not in judgement.taken_back


@pytest.mark.parametrize("status", [None, "", "N/A", "Something new"])
def test_silence_takes_nothing_back(status):
    found, judgement = delivery(Delivery_Status=status, Delivery_Date=None)
    assert found == {}
    assert judgement.taken_back == frozenset()


@pytest.mark.parametrize("status", ["Scheduled", "Cancelled", "not delivered"])
def test_only_a_status_that_says_so_takes_a_delivery_back(status):
    found, judgement = delivery(Delivery_Status=status, Delivery_Date="2026-02-15")
    assert found == {}
    assert "delivery" in judgement.taken_back


def test_a_reopened_deal_is_no_longer_lost():
    assert "lost" in deal(Stage="Qualification")[1].taken_back
    assert "lost" not in deal(Stage="Closed Lost")[1].taken_back
    assert "lost" not in deal(Stage=None)[1].taken_back


def test_a_delivery_record_alone_is_a_delivery_in_the_second_profile():
    assert said(LOCATINGS, "deliveries", Locating={"id": "1", "name": "x"})[0] == {
        "delivery": MOMENT["created"]
    }


def test_a_record_is_read_without_people_and_with_plain_values():
    raw = {
        "id": "5725767000000420001", "Company": " Harbor  Inn ", "Phone": "(312) 555-0123", "Mobile": "+1 312 555 0124",
        "Website": "https://www.harbor.example.com/x", "Zip_Code": "6101", "State": "Texas", "No_of_Employees": 120,
        "HADES_Batch_ID": "Batch: HADES-20260211-001 | Score: 85", "Lead_Source": "VanillaSoft",
        "First_Name": "Ana", "Last_Name": "Ruiz", "Email": "ana@example.com", "SIC_Code": "7011-01",
        "Created_Time": CREATED, "Modified_Time": CHANGED, "Converted_Deal": {"id": "77", "name": "Harbor"},
        "Converted__s": True,
    }  # fmt: skip
    record = read_record(PROFILE.roles["leads"], raw)
    assert record.name == "Harbor Inn"
    assert record.phones == ("3125550123", "3125550124")
    assert (record.web_domain, record.zip_code, record.state) == ("harbor.example.com", "06101", "TX")
    assert (record.employees, record.sic_code, record.deal) == (120, "7011", "77")
    assert record.batch_ids == ("HADES-20260211-001",)
    assert record.converted
    assert not any(name in json.dumps(record.as_json()) for name in ("Ana", "Ruiz", "ana@"))
    assert ZohoRecord.from_json(json.loads(json.dumps(record.as_json()))) == record


@pytest.mark.parametrize("bad", [None, 5, "", "abc", "12a", {}])
def test_a_record_without_an_id_cannot_be_kept(bad):
    with pytest.raises(ValueError, match="without an id"):
        read_record(PROFILE.roles["leads"], {"id": bad})


def test_a_value_that_cannot_be_read_is_a_sentence_and_no_stop():
    raw = {
        "id": "1",
        "Delivery_Date": "tomorrow",
        "Modified_Time": "2026-02-11T09:30:00",
        "Created_Time": CREATED,
    }
    record = read_record(PROFILE.roles["deliveries"], raw)
    assert record.delivered_on is None
    assert len(record.problems) == 2  # a moment without its offset could be any of 24
    assert all("could not be read" in problem for problem in record.problems)


scraps = st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.dictionaries(
    st.sampled_from(["id", "name"]), st.text(max_size=5)), st.lists(st.text(max_size=3), max_size=2))  # fmt: skip


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.data())
def test_no_record_whatever_makes_reading_explode(data):
    for role in PROFILE.roles.values():
        raw = {name: data.draw(scraps) for name in role.api_names()} | {"id": "42"}
        record = read_record(role, raw)
        judge(role, record)
        assert ZohoRecord.from_json(json.loads(json.dumps(record.as_json()))) == record
