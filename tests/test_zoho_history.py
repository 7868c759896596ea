"""Historical leads out of Zoho: each company and ZIP once, nobody twice, and what is missing is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from zoho_server import ZohoServer
from zoho_story import EXPORTED, OPS, PROFILE, company_name, deliver, export, lead_in_zoho, lead_row, synced

from actors import Actor
from errors import Refused
from stores import outcomes
from zoho_history import import_history

BATCH = "HADES-20260211-001"
INDUSTRIES = {"hotels and motels": "7011"}


@pytest.fixture
def zoho():
    with ZohoServer() as server:
        server.world.now = EXPORTED - timedelta(days=400)
        yield server


def imported(db, zoho, tmp_path):
    synced(db, zoho, tmp_path)
    return import_history(db, profile=PROFILE, industries=INDUSTRIES, now=zoho.world.now, actor=OPS)


def history(db):
    return {row["company_name"]: row for row in db.rows("SELECT * FROM historical_outcomes")}


def test_every_old_lead_of_the_source_comes_once(db, zoho, tmp_path):
    for number in range(6):
        lead_in_zoho(zoho.world, number, None, Lead_Source=["VanillaSoft", "Vanilla Soft"][number % 2])
    zoho.world.add("Leads", Company="Other Firm", Lead_Source="Web")
    deal = zoho.world.convert(next(iter(zoho.world.rows["Leads"])))
    deliver(zoho.world, deal, "2025-02-20")
    zoho.world.wait(days=400)
    export(db, BATCH, [lead_row(100)])
    done = imported(db, zoho, tmp_path)
    assert (done.counts["read"], done.counts["imported"]) == (6, 6)
    first = history(db)[company_name(0).upper()]
    assert (first["outcome"], first["delivery_at"], first["zip_code"], first["source"]) == (
        "delivery", "2025-02-20", "60000", "zoho",
    )  # fmt: skip
    assert first["deal_created_at"] == "2025-01-07"  # 400 days before 2026-02-11, in UTC
    assert sum(row["outcome"] == "delivery" for row in history(db).values()) == 1
    before = history(db)
    again = imported(db, zoho, tmp_path)
    assert (again.counts["unchanged"], again.counts["imported"], again.counts["updated"]) == (6, 0, 0)
    assert history(db) == before


def test_exported_companies_and_batch_ids_are_left_to_the_exports(db, zoho, tmp_path):
    lead_in_zoho(zoho.world, 0, None)
    zoho.world.wait(days=401)
    export(db, BATCH, [lead_row(number) for number in range(1, 4)])
    lead_in_zoho(zoho.world, 1, BATCH)
    lead_in_zoho(zoho.world, 2, None)
    lead_in_zoho(zoho.world, 50, "HADES-20250101-001", Company="Elsewhere Inc")
    assert imported(db, zoho, tmp_path).counts["read"] == 1
    assert set(history(db)) == {company_name(0).upper()}


def test_the_same_company_and_zip_is_one_lead(db, zoho, tmp_path):
    lead_in_zoho(zoho.world, 0, None, No_of_Employees=None)
    zoho.world.wait(days=10)
    second = lead_in_zoho(zoho.world, 0, None, Company=f"The {company_name(0)}, LLC", No_of_Employees=120)
    deliver(zoho.world, zoho.world.convert(second), "2025-03-01")
    lead_in_zoho(zoho.world, 0, None, Zip_Code="10001")
    done = imported(db, zoho, tmp_path)
    assert {k: v for k, v in done.counts.items() if v} == {"read": 3, "imported": 2, "merged": 1}
    row = db.rows("SELECT * FROM historical_outcomes WHERE zip_code = '60000'")[0]
    assert (row["outcome"], row["employee_count"], row["deal_created_at"]) == ("delivery", 120, "2025-01-07")


def test_the_industry_gives_a_sic_only_where_it_names_one(db, zoho, tmp_path):
    lead_in_zoho(zoho.world, 0, None, Industry="Hotels & Motels")
    lead_in_zoho(zoho.world, 1, None, Industry="Hospitality")
    lead_in_zoho(zoho.world, 2, None, Industry="Hotels & Motels", SIC_Code="8361")
    done = imported(db, zoho, tmp_path)
    assert [row["sic_code"] for row in history(db).values()] == ["7011", None, "8361"]
    assert any("1 SIC codes were taken from the industry" in note for note in done.notes)
    assert any("1 of 3 leads called before have no SIC code" in note for note in done.notes)
    assert any("3 of 3 leads called before have no employee count" in note for note in done.notes)


def test_spellings_of_the_source_that_are_not_counted_are_offered(db, zoho, tmp_path):
    lead_in_zoho(zoho.world, 0, None, Lead_Source="VanillaSoft Import")
    done = imported(db, zoho, tmp_path)
    assert done.counts["read"] == 0
    assert "1 leads in Zoho have the source 'VanillaSoft Import'" in done.notes[0]


def test_a_lead_without_a_name_is_rejected_and_counted(db, zoho, tmp_path):
    lead_in_zoho(zoho.world, 0, None, Company=None)
    assert imported(db, zoho, tmp_path).counts["rejected"] == 1


def test_a_delivery_is_never_taken_back(db, zoho, tmp_path):
    deal = zoho.world.convert(lead_in_zoho(zoho.world, 0, None))
    delivery = deliver(zoho.world, deal, "2025-02-20")
    imported(db, zoho, tmp_path)
    zoho.world.delete("Deliveries", delivery)
    imported(db, zoho, tmp_path)
    assert outcomes.count_historical(db)["deliveries"] == 1


def test_nothing_to_import_is_no_trouble(db, zoho, tmp_path):
    assert imported(db, zoho, tmp_path).counts["read"] == 0


def test_a_viewer_may_not(db):
    with pytest.raises(Refused):
        import_history(db, profile=PROFILE, industries={}, now=EXPORTED, actor=Actor("V", "viewer"))
