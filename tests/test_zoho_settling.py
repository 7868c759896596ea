"""Which company a site is, and when that answer changes: batches named twice, the days around an export, a person's undoing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from zoho_story import BATCH, EXPORTED, OPS, PROFILE, company_name, export, lead_in_zoho, lead_row, synced

from stores import unmatched
from zoho_sync import decide_match, undo_decision

SECOND = "HADES-20260212-001"


def site(db):
    """The one site there is."""
    (row,) = db.rows("SELECT status, batch_id, company_key, candidates FROM zoho_sites")
    return row


def test_a_site_that_names_two_batches_with_its_company_is_shown_with_both(db, zoho, tmp_path):
    for batch in (BATCH, SECOND):
        export(db, batch, [lead_row(0)])
    zoho.world.wait(days=1)
    lead_in_zoho(zoho.world, 0, f"{BATCH}, {SECOND}")
    synced(db, zoho, tmp_path)
    assert site(db)["status"] == "review"
    assert {row["batch_id"] for row in json.loads(site(db)["candidates"])} == {BATCH, SECOND}


@pytest.mark.parametrize(("hours", "status"), [(12, "matched"), (36, "history")])
def test_a_site_may_be_a_day_older_than_the_export(db, zoho, tmp_path, hours, status):
    """Clocks of two systems, and moments that are only known as days, differ by up to a day."""
    zoho.world.now = EXPORTED - timedelta(hours=hours)
    lead_in_zoho(zoho.world, 0, None)
    zoho.world.now = EXPORTED + timedelta(days=1)
    export(db, BATCH, [lead_row(0)])
    synced(db, zoho, tmp_path)
    assert site(db)["status"] == status


def test_a_site_without_a_batch_that_came_after_the_first_export_leaves_a_trace(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(0)])
    zoho.world.wait(days=2)
    lead_in_zoho(zoho.world, 3000, None, Company="Zephyr Quarry", Zip_Code="99501")
    synced(db, zoho, tmp_path)
    assert site(db)["status"] == "unmatched"
    assert unmatched.count_unmatched(db) == 1


def test_a_match_does_not_outlive_its_batch_id_when_zoho_names_another(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(0)])
    export(db, SECOND, [lead_row(7)])
    zoho.world.wait(days=1)
    lead = lead_in_zoho(zoho.world, 0, BATCH)
    synced(db, zoho, tmp_path)
    assert (site(db)["status"], site(db)["batch_id"]) == ("matched", BATCH)
    zoho.world.change("Leads", lead, Phone=None)  # weaker evidence alone changes nothing
    synced(db, zoho, tmp_path)
    assert (site(db)["status"], site(db)["batch_id"]) == ("matched", BATCH)
    zoho.world.change("Leads", lead, HADES_Batch_ID=f"Batch: {SECOND} | Score: 80")
    synced(db, zoho, tmp_path)
    assert site(db)["status"] == "review"  # a person says which of the two is wrong


def test_what_a_person_undid_does_not_stay(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(0), lead_row(1, company_name=company_name(0), zip_code="61801")])
    zoho.world.wait(days=1)
    name = f"lead:{lead_in_zoho(zoho.world, 0, BATCH, Phone=None, Zip_Code=None)}"
    synced(db, zoho, tmp_path)
    chosen = (BATCH, lead_row(1)["company_key"])
    decide_match(db, profile=PROFILE, site=name, company=chosen, now=zoho.world.now, actor=OPS)
    assert (site(db)["status"], site(db)["company_key"]) == ("matched", chosen[1])
    undo_decision(db, profile=PROFILE, site=name, now=zoho.world.now + timedelta(hours=1), actor=OPS)
    synced(db, zoho, tmp_path, full=True)
    assert site(db)["status"] == "review"
