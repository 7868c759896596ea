"""Lists of whom not to call out of Zoho: flagged records and sites with a machine, counted, dated, never shrunk by accident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from zoho_faults import Fault
from zoho_story import (
    EXPORTED,
    OPS,
    PROFILE,
    company_name,
    deliver,
    export,
    lead_in_zoho,
    lead_row,
    open_zoho,
    synced,
)

from actors import Actor
from errors import ConfigError, Refused, Unavailable
from scripts import load_suppression
from stores import suppression as store
from stores.zoho_lists import read_last_sync
from suppression import find_suppressed, load_lists_from_zoho, retire_list
from zoho_profile import parse_profile


@pytest.fixture
def zoho(zoho):
    zoho.world.fields["Leads"] |= {"Do_Not_Call": "boolean", "Email_Opt_Out": "boolean"}
    for number in range(3):
        zoho.world.add(
            "Accounts", Account_Name=f"Customer {number}", Account_Type="Customer", Billing_Code=f"6020{number}",
            Phone=f"(312) 555-77{number:02d}",
        )  # fmt: skip
    zoho.world.add("Accounts", Account_Name="Gone Inn", Account_Type="Former Customer", Billing_Code="60300")
    zoho.world.add("Accounts", Account_Name="Holiday Chain", Account_Type="Customer", Phone="312-555-7799")
    zoho.world.add(
        "Accounts", Account_Name="Vending Ltd", Account_Type="Owner Operator", Billing_Code="60400"
    )
    flagged = zoho.world.add(
        "Leads", Company="Grumpy Motel", Phone="(312) 555-8801", Mobile="3125558802", Do_Not_Call=True
    )
    zoho.world.convert(flagged)  # a converted lead is still flagged
    zoho.world.add("Leads", Company="Quiet Lodge", Phone="(312) 555-8803", Do_Not_Call=False, Email="No@Example.com",
                   Email_Opt_Out=True)  # fmt: skip
    return zoho


def loaded(db, zoho, tmp_path, *, profile=PROFILE, actor=OPS, days=0):
    client = open_zoho(zoho, tmp_path)
    now = EXPORTED + timedelta(days=days)
    try:
        done = load_lists_from_zoho(db, client, profile=profile, today=now.date(), now=now, actor=actor)
    finally:
        client.close()
    return {(one.name, one.kind): one for one in done}


def keys(db, kind):
    return sorted(
        row["key"]
        for row in db.rows(
            "SELECT e.key FROM suppression_entries e JOIN suppression_lists l ON l.list_id = e.list_id "
            "WHERE l.retired_at IS NULL AND e.kind = ?", (kind,),
        )
    )  # fmt: skip


def test_customers_and_flagged_records_become_lists_of_the_day(db, zoho, tmp_path):
    done = loaded(db, zoho, tmp_path)
    assert keys(db, "company") == [
        "customer 0|60200",
        "customer 1|60201",
        "customer 2|60202",
        "gone inn|60300",
    ]
    assert keys(db, "phone") == [
        "3125557700", "3125557701", "3125557702", "3125557799", "3125558801", "3125558802",
    ]  # fmt: skip
    assert keys(db, "person") == ["no@example.com"]
    customers = done["Zoho customers", "company"].loaded
    assert customers.counts == {"rows_in": 5, "entries": 4, "repeated": 0, "rejected": 1}
    assert "every site of its name" in customers.rejected[0][1]
    assert "never synced" in done["Zoho sites with a machine", "company"].why_not
    lists = store.read_lists(db)
    assert set(lists["scrubbed_on"]) == {EXPORTED.date().isoformat()}
    assert set(lists["file_name"]) == {"Zoho"}


def test_sites_with_a_machine_are_barred_as_of_the_last_sync(db, zoho, tmp_path):
    export(db, "HADES-20260211-001", [lead_row(number) for number in range(5)])
    zoho.world.wait(days=1)
    for number in range(3):
        lead = lead_in_zoho(zoho.world, number, "HADES-20260211-001")
        deal = zoho.world.convert(lead)
        if number < 2:
            deliver(zoho.world, deal, status=("Delivered", "Removed")[number])
    assert read_last_sync(db) is None
    synced(db, zoho, tmp_path)
    assert read_last_sync(db)[:10] == zoho.world.now.date().isoformat()
    done = loaded(db, zoho, tmp_path, days=9)
    sites = done["Zoho sites with a machine", "company"].loaded
    assert sites.counts["entries"] == 2
    assert {company_name(0).lower() + "|60000", company_name(1).lower() + "|60001"} <= set(
        keys(db, "company")
    )
    assert {"3125550000", "3125550001"} <= set(keys(db, "phone"))
    assert "3125550002" not in keys(db, "phone")  # agreed, but no machine yet
    days = store.read_lists(db).set_index("name")["scrubbed_on"]
    assert set(days["Zoho sites with a machine"]) == {zoho.world.now.date().isoformat()}
    assert set(days["Zoho customers"]) == {"2026-02-20"}


def test_loading_again_replaces_and_what_is_no_longer_flagged_is_free(db, zoho, tmp_path):
    loaded(db, zoho, tmp_path)
    before = keys(db, "phone")
    loaded(db, zoho, tmp_path, days=1)
    assert keys(db, "phone") == before
    lead = next(key for key, row in zoho.world.rows["Leads"].items() if row["Do_Not_Call"])
    zoho.world.change("Leads", lead, Do_Not_Call=False)
    loaded(db, zoho, tmp_path, days=2)
    assert keys(db, "phone") == [number for number in before if not number.startswith("31255588")]
    assert len(store.read_lists(db)) == 4  # an empty list is a list: its day says that Zoho was asked


def test_a_list_that_lost_most_of_its_entries_stays_until_a_person_retires_it(db, zoho, tmp_path):
    for number in range(30):
        zoho.world.add(
            "Accounts", Account_Name=f"More {number}", Account_Type="Customer", Billing_Code=f"61{number:03d}"
        )
    loaded(db, zoho, tmp_path)
    for key, row in zoho.world.rows["Accounts"].items():
        if row["Account_Name"].startswith("More"):
            zoho.world.change("Accounts", key, Account_Type="Prospect")
    done = loaded(db, zoho, tmp_path, days=1)
    assert "retire the list" in done["Zoho customers", "company"].why_not
    assert len(keys(db, "company")) == 34
    number = next(row.list_id for row in store.read_lists(db).itertuples() if row.kind == "company")
    retire_list(db, list_id=int(number), now=EXPORTED, actor=OPS)
    assert loaded(db, zoho, tmp_path, days=2)["Zoho customers", "company"].loaded.counts["entries"] == 4


def test_a_field_that_zoho_lacks_is_told_and_the_other_lists_are_loaded(db, zoho, tmp_path):
    del zoho.world.fields["Leads"]["Do_Not_Call"]
    done = loaded(db, zoho, tmp_path)
    assert "Leads has no field Do_Not_Call" in done["Zoho do not call", "phone"].why_not
    assert done["Zoho customers", "phone"].loaded.counts["entries"] == 4


def test_rows_that_vanish_on_the_way_are_counted_and_read_again(db, zoho, tmp_path):
    zoho.faults.append(Fault("missing rows", "from Accounts where", 1))
    assert loaded(db, zoho, tmp_path)["Zoho customers", "company"].loaded.counts["entries"] == 4
    zoho.faults[:] = [Fault("missing rows", "from Accounts where", 1, 99)]
    with pytest.raises(Unavailable, match="Nothing was changed"):
        loaded(db, zoho, tmp_path, days=1)
    assert len(keys(db, "company")) == 4


def test_an_export_asks_these_lists(db, zoho, tmp_path, config_dir):
    from lead_rows import lead_file, scored_leads
    from lead_rows import lead_row as row

    from icp import read_icp

    loaded(db, zoho, tmp_path)
    leads = scored_leads(
        lead_file([row(**{"Company Name": "Customer 1", "Company Zip Code": "60201"})], config_dir), read_icp(config_dir)
    )  # fmt: skip
    found = find_suppressed(db, leads=leads)
    assert "Zoho customers" in found["company"]["customer 1|60201"]


def test_who_may_not_and_a_profile_without_lists(db, zoho, tmp_path):
    with pytest.raises(Refused, match="may not"):
        loaded(db, zoho, tmp_path, actor=Actor("V", "viewer"))
    text = "lead_source: X\nmodules:\n  leads:\n    module: Leads\n    fields: {name: Company}\n    outcomes: {stages: {}}\n"
    with pytest.raises(ConfigError, match="no part `suppression`"):
        loaded(db, zoho, tmp_path, profile=parse_profile(text))


def test_the_script_says_what_became_of_each_list(db, zoho, config_dir, monkeypatch):
    for name, value in zoho.environment().items():
        monkeypatch.setenv(name, value)
    result, text, code = load_suppression.main(["--from-zoho", "--actor", "Ana"])
    assert code == 1  # sites with a machine need a sync first, and that is said
    assert result["lists"][0] == {"name": "Zoho customers", "kind": "company", "rows_in": 5, "entries": 4, "repeated": 0,
                                  "rejected": 1}  # fmt: skip
    assert "Zoho customers (company): 4 entries" in text
    assert "never synced" in text
