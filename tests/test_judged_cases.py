"""Which leads and deals can be judged, and with what confidence they went out."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analytics.judged_cases import judged_deals, judged_leads, past_leads

DAY = date(2026, 2, 11)


def lead(exported, delivered=None, sic="8361", batch="HADES-20251001-001", **changes):
    return {"batch_id": batch, "company_name": "Oak Home", "workflow_type": "intent", "weight_version": 1, "score": 80,
            "sic_code": sic, "state": "TX", "segment": "Cold", "employee_count": 101, "exported_on": pd.Timestamp(exported),
            "delivered_on": pd.Timestamp(delivered) if delivered else pd.NaT, "onsite_likelihood_score": 100.0} | changes  # fmt: skip


def started(*days, sic="8361"):
    return pd.DataFrame({"sic_code": sic, "started_on": pd.to_datetime(list(days))})


def test_only_leads_old_enough_are_judged_and_later_deliveries_are_not_known_yet():
    leads = pd.DataFrame([
        lead("2025-10-14", "2025-12-01"),  # 120 days old: judged, a hit
        lead("2025-10-01", "2026-02-12"),  # delivered a day after the look: not known
        lead("2025-10-15", "2025-12-01"),  # 119 days: too young, also with a delivery
        lead("2026-02-12"),  # not exported yet
    ])  # fmt: skip
    judged = judged_leads(leads, started("2025-01-01"), as_of=DAY, maturity_days=120)
    assert judged.cases["hit"].tolist() == [True, False]
    assert judged.too_young == 1
    assert judged.parts == ("onsite_likelihood_score",)
    assert judged.cases["size"].tolist() == ["101–500"] * 2
    assert judged.batch == 4


def test_confidence_counts_what_could_be_judged_when_the_lead_went_out():
    # Exported on 2025-10-14; 120 days earlier is 2025-06-16: leads from then or before could be judged.
    cases = pd.DataFrame([lead("2025-10-14"), lead("2025-10-14", sic="7011"), lead("2025-10-14", sic=None)])
    earlier = pd.concat([started(*["2025-06-16"] * 30, *["2025-06-17"] * 5), started("2025-01-01", sic=None)])
    assert past_leads(cases, earlier, maturity_days=120).tolist() == [30, 0, 0]
    judged = judged_leads(cases, earlier, as_of=DAY, maturity_days=120)
    assert judged.cases["confidence"].tolist() == ["Medium", "Low", "Low"]


@pytest.mark.parametrize(
    ("employees", "name"), [(50, "50–100"), (500, "101–500"), (501, "501+"), (49, "0–49"), (None, None)]
)
def test_sizes_have_names(employees, name):
    judged = judged_leads(
        pd.DataFrame([lead("2025-10-01", employee_count=employees)]), started(), as_of=DAY, maturity_days=120
    )
    found = judged.cases["size"].iloc[0]
    assert (found if isinstance(found, str) else None) == name


def test_nothing_gives_no_case():
    empty = pd.DataFrame([lead("2025-10-01")]).iloc[:0]
    judged = judged_leads(empty, started(), as_of=DAY, maturity_days=120)
    assert len(judged.cases) == 0
    assert judged.batch == 100


def test_closed_deals_are_hits_when_won():
    outcomes = pd.DataFrame({"deal_id": ["A", "B"], "outcome": ["won", "lost"], "score": [80.0, 20.0]})
    judged = judged_deals(outcomes, open_deals=7)
    assert judged.cases["hit"].tolist() == [True, False]
    assert judged.too_young == 7
