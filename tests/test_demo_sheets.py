"""ZoomInfo files of the demo: read, they are what was meant, however they were written."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from demo_years import CONFIG

from demo_names import CompanyNames, PhoneNumbers
from demo_sheets import FAULTS, contact_rows, place_cells, with_fault, zoominfo_csv
from demo_sites import SitePlan, draw_far_place, draw_sites
from icp import read_icp
from lead_columns import read_columns, read_industries
from leads import LeadFile, read_leads
from preflight import preflight, with_keys
from scoring import score_leads

DAY = date(2026, 2, 11)
PLANS = {
    "intent": SitePlan(0, DAY, "intent", None, 25.0),
    "geography": SitePlan(0, DAY, "geography", "02139", 25.0),
}


def sites_and_rows(workflow: str, size: int = 60):
    rng = np.random.default_rng([3, len(workflow)])
    sites = draw_sites(rng, CompanyNames(rng), PLANS[workflow], size, first_id=1000)
    return sites, contact_rows(sites, rng=rng, phones=PhoneNumbers(rng, range(80)), first_id=5000)


def read(rows, workflow: str) -> LeadFile:
    content = zoominfo_csv(rows, intent=workflow == "intent")
    return read_leads(content, "demo.csv", read_columns(CONFIG), industries=read_industries(CONFIG))


@pytest.mark.parametrize("workflow", ["intent", "geography"])
def test_a_file_reads_back_as_what_was_drawn(workflow: str) -> None:
    sites, rows = sites_and_rows(workflow)
    file = read(rows, workflow)
    assert file.rows_in == len(rows) >= len(sites)
    assert file.problems.empty
    by_id = {str(site["company_id"]): site for site in sites}
    assert set(file.leads["company_id"]) == set(by_id)
    for lead in file.leads.itertuples():
        site = by_id[lead.company_id]
        assert lead.sic_code == site["sic_code"]
        assert lead.employee_count == site["employees"]
        assert lead.zip_code == site["zip_code"]
        assert lead.state == site["state"]
        if workflow == "intent":
            assert lead.intent_score == site["intent_score"]
            assert lead.signal_date.date() == site["signal_date"]
    assert file.leads["direct_phone"].is_unique
    assert file.leads["contact_id"].is_unique
    assert file.leads["email"].dropna().str.endswith(".example.com").all()


@pytest.mark.parametrize(
    ("workflow", "fault", "kind", "reason"),
    [
        ("geography", "no name", "rejected", "without a company"),
        ("geography", "out of filter", "excluded", "not in the filter"),
        ("geography", "no sic", "excluded", "No SIC code"),
        ("geography", "too small", "excluded", "Fewer than 50"),
        ("geography", "do not call", "suppressed", "do not call"),
        ("geography", "far away", "excluded", "Outside the radius"),
        ("intent", "stale", "excluded", "older than 14 days"),
    ],
)
def test_each_fault_is_found_by_the_way_out(workflow: str, fault: str, kind: str, reason: str) -> None:
    _, rows = sites_and_rows(workflow, 5)
    rng = np.random.default_rng(1)
    far = place_cells(draw_far_place(rng, "02139"), rng)
    rows[0] = with_fault(rows[0], fault, rng=rng, today=DAY, far=far)
    file = read(rows, workflow)
    scored = with_keys(
        score_leads(file.leads, read_icp(CONFIG), workflow=workflow, today=DAY, center_zip="02139")
    )
    plan = preflight(file, scored, read_icp(CONFIG))
    assert plan.misses["kind"].tolist() == [kind]
    assert reason in plan.misses["reason"].iloc[0]


def test_a_bad_phone_costs_the_number_and_not_the_lead() -> None:
    _, rows = sites_and_rows("geography", 5)
    rows[0] = with_fault(rows[0], "bad phone", rng=np.random.default_rng(1), today=DAY)
    file = read(rows, "geography")
    assert len(file.leads) == len(rows)
    assert file.problems["column"].tolist() == ["Direct Phone Number"]


def test_every_fault_changes_a_row() -> None:
    _, rows = sites_and_rows("intent", 1)
    rng = np.random.default_rng(1)
    for fault in FAULTS:
        changed = with_fault(rows[0], fault, rng=rng, today=DAY, far={"Company Zip Code": "99999"})
        assert changed != rows[0]
