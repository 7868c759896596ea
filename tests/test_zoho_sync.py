"""The outcome sync as a whole: every fault recovers or is told, and ends where a run without faults ends."""

from __future__ import annotations

import pytest
from zoho_faults import Fault
from zoho_server import Variants
from zoho_story import (
    BATCH,
    EXPORTED,
    OPS,
    PROFILE,
    ROOT,
    SMALL_PAGES,
    company_name,
    deliver,
    export,
    fresh,
    lead_in_zoho,
    lead_row,
    synced,
    tell_story,
    whole,
)

from errors import ConfigError, InputError
from stores import matches, unmatched
from zoho_profile import parse_profile, read_profile
from zoho_sync import decide_match


def outcome_of(db, number):
    return db.rows("SELECT outcome FROM lead_outcomes WHERE row_number = ?", (number,))[0]["outcome"]


def milestones_of(db, number):
    rows = db.rows(
        "SELECT milestone, substr(happened_at, 1, 10) AS day FROM standing_milestones WHERE company_key = ? ORDER BY id",
        (lead_row(number)["company_key"],),
    )
    return {row["milestone"]: row["day"] for row in rows}


@pytest.fixture
def one(db, zoho):
    """One batch of ten companies, and the id of company 0's lead in Zoho."""
    zoho.world.now = EXPORTED
    export(db, BATCH, [lead_row(number) for number in range(10)])
    zoho.world.wait(days=1)
    return lead_in_zoho(zoho.world, 0, BATCH, Lead_Status="New")


def test_the_life_of_a_lead_is_followed(db, zoho, tmp_path, one):
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) is None
    zoho.world.change("Leads", one, Lead_Status="Contacted")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "contacted"
    deal = zoho.world.convert(one, keep_batch=False)
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "appointment"
    delivery = deliver(zoho.world, deal, "2026-02-20", "Scheduled")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "appointment"
    zoho.world.change("Deliveries", delivery, Delivery_Status="Delivered")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "delivery"
    zoho.world.change("Deliveries", delivery, Delivery_Status="Removed")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "churned"
    assert milestones_of(db, 0)["delivery"] == "2026-02-20"  # ever delivered


def test_a_corrected_date_moves_and_both_dates_stay_on_record(db, zoho, tmp_path, one):
    deal = zoho.world.convert(one)
    delivery = deliver(zoho.world, deal, "2026-02-20")
    synced(db, zoho, tmp_path)
    for day in ("2026-02-25", "2026-02-20", "2026-02-25"):  # to and fro
        zoho.world.change("Deliveries", delivery, Delivery_Date=day)
        synced(db, zoho, tmp_path)
        assert milestones_of(db, 0)["delivery"] == day
    rows = db.rows(
        "SELECT milestone, detail FROM outcome_milestones WHERE source_key LIKE ? ORDER BY id",
        (f"{delivery}:%",),
    )
    assert [row["milestone"] for row in rows] == ["delivery", *["retracted", "delivery"] * 3]
    assert rows[1]["detail"] == "the date was corrected in Zoho"


def test_a_lost_deal_that_is_reopened_is_open_again(db, zoho, tmp_path, one):
    deal = zoho.world.convert(one, Stage="Closed Lost")
    synced(db, zoho, tmp_path)
    assert "lost" in milestones_of(db, 0)
    zoho.world.change("Deals", deal, Stage="Negotiation/Review")
    synced(db, zoho, tmp_path)
    assert "lost" not in milestones_of(db, 0)
    assert outcome_of(db, 0) == "appointment"


@pytest.mark.parametrize("status", [None, "Some new word"])
def test_a_delivery_is_never_taken_back_by_silence(db, zoho, tmp_path, one, status):
    delivery = deliver(zoho.world, zoho.world.convert(one))
    synced(db, zoho, tmp_path)
    zoho.world.change("Deliveries", delivery, Delivery_Status=status, Delivery_Date=None)
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "delivery"
    zoho.world.vanish("Deliveries", delivery)
    done = synced(db, zoho, tmp_path, full=True)
    assert outcome_of(db, 0) == "delivery"
    assert "no longer shown by Zoho" in done.notes[0]


def test_a_delivery_that_zoho_denies_or_deletes_is_taken_back_and_comes_back(db, zoho, tmp_path, one):
    delivery = deliver(zoho.world, zoho.world.convert(one))
    synced(db, zoho, tmp_path)
    zoho.world.change("Deliveries", delivery, Delivery_Status="Cancelled")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "appointment"
    zoho.world.change("Deliveries", delivery, Delivery_Status="Delivered")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "delivery"
    record = dict(zoho.world.rows["Deliveries"][delivery])
    zoho.world.delete("Deliveries", delivery)
    for full in (False, True):
        synced(db, zoho, tmp_path, full=full)
        assert outcome_of(db, 0) == "appointment"
    zoho.world.rows["Deliveries"][delivery] = record
    zoho.world.deleted["Deliveries"].clear()
    zoho.world.change("Deliveries", delivery)  # restored from the recycle bin
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "delivery"


def test_many_deliveries_deleted_at_once_still_count_and_are_told(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(number) for number in range(10)])
    zoho.world.wait(days=1)
    leads = [lead_in_zoho(zoho.world, number, BATCH) for number in range(10)]
    records = [deliver(zoho.world, zoho.world.convert(lead)) for lead in leads]
    synced(db, zoho, tmp_path)
    for record in records[:8]:
        zoho.world.delete("Deliveries", record, kind="permanent")
    done = synced(db, zoho, tmp_path)
    assert "8 deliveries were deleted in Deliveries at once" in done.errors[0]
    assert all(outcome_of(db, number) == "delivery" for number in range(10))


def test_the_forecast_type_is_asked_for_only_when_a_stage_is_unknown(db, zoho, tmp_path, one):
    deal = zoho.world.convert(one)
    synced(db, zoho, tmp_path)
    assert not any("pipeline" in call.path for call in zoho.calls)
    zoho.world.stages["Gone with another"] = "Closed Lost"
    zoho.world.change("Deals", deal, Stage="Gone with another")
    synced(db, zoho, tmp_path)
    assert "lost" in milestones_of(db, 0)
    synced(db, zoho, tmp_path)
    assert sum("pipeline" in call.path for call in zoho.calls) == 1


def test_an_unknown_stage_is_open_and_told(db, zoho, tmp_path, one):
    zoho.world.convert(one, Stage="Zwischenstand")
    done = synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "appointment"
    assert "'Zwischenstand' of Deals is in no list" in done.notes[0]


def test_a_look_alike_batch_id_is_not_the_batch(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(0)])
    zoho.world.wait(days=1)
    lead_in_zoho(zoho.world, 0, "HADES-20260211-0010")
    done = synced(db, zoho, tmp_path)
    assert done.counts["matched"] == 0
    assert outcome_of(db, 0) is None
    assert done.counts["review"] == 1  # everything else fits: a person decides


def test_a_miss_leaves_a_trace_that_a_later_match_closes(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(number) for number in range(5)])
    zoho.world.wait(days=1)
    lead_in_zoho(zoho.world, 3000, BATCH, Company="Zephyr Quarry", Zip_Code="99501")
    lead_in_zoho(zoho.world, 3001, "HADES-20250101-007", Company="Boreal Quarry", Zip_Code="99502")
    done = synced(db, zoho, tmp_path)
    assert done.counts["unmatched"] == 2
    log = unmatched.read_unmatched(db)
    assert set(log["company_name"]) == {"Zephyr Quarry", "Boreal Quarry"}
    assert any("No batch HADES-20250101-007 was exported" in why for why in log["why"])
    assert any(f"No company of {BATCH} looks like it" in why for why in log["why"])
    export(db, "HADES-20250101-007", [lead_row(3001, company_name="Boreal Quarry LLC", zip_code="99502")])
    synced(db, zoho, tmp_path)
    assert set(unmatched.read_unmatched(db)["company_name"]) == {"Zephyr Quarry"}


def test_a_decision_is_remembered_through_every_later_sync(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(0), lead_row(1, company_name=company_name(0), zip_code="61801")])
    zoho.world.wait(days=1)
    lead = lead_in_zoho(zoho.world, 0, BATCH, Phone=None, Zip_Code=None)
    assert synced(db, zoho, tmp_path).counts["review"] == 1
    queue = matches.read_reviews(db)
    assert queue["site"].tolist() == [f"lead:{lead}"]
    chosen = (BATCH, lead_row(1)["company_key"])
    decide_match(
        db,
        profile=PROFILE,
        site=f"lead:{lead}",
        company=chosen,
        now=zoho.world.now,
        actor=OPS,
        reason="phoned",
    )
    assert milestones_of(db, 1)
    assert matches.count_reviews(db) == 0
    deal = zoho.world.convert(lead, keep_batch=False)  # the site changes its name, the decision stays
    deliver(zoho.world, deal)
    for full in (False, True):
        assert synced(db, zoho, tmp_path, full=full).counts["review"] == 0
    assert outcome_of(db, 1) == "delivery"
    assert outcome_of(db, 0) is None
    decide_match(db, profile=PROFILE, site=f"deal:{deal}", company=None, now=zoho.world.now, actor=OPS)
    synced(db, zoho, tmp_path, full=True)
    assert outcome_of(db, 1) is None
    assert milestones_of(db, 1) == {}


@pytest.mark.parametrize(
    ("site", "company"), [("lead:1", None), (None, ("HADES-20260211-009", "c0|60000")), (None, (BATCH, "x"))]
)
def test_a_decision_needs_a_site_and_a_company_that_exist(db, zoho, tmp_path, one, site, company):
    synced(db, zoho, tmp_path)
    with pytest.raises(InputError, match="Load the page again"):
        decide_match(
            db, profile=PROFILE, site=site or f"lead:{one}", company=company, now=EXPORTED, actor=OPS
        )


def test_what_is_not_ours_is_left_alone(db, zoho, tmp_path, one):
    zoho.world.add(
        "Leads", Company=company_name(1), Lead_Source="Web", Lead_Status="Contacted", Zip_Code="60001"
    )
    done = synced(db, zoho, tmp_path)
    assert done.counts["other"] == 1
    assert outcome_of(db, 1) is None


def test_leads_older_than_the_first_export_are_history(db, zoho, tmp_path):
    zoho.world.wait(days=-400)
    lead_in_zoho(zoho.world, 0, None)
    zoho.world.wait(days=400)
    export(db, BATCH, [lead_row(0)])
    done = synced(db, zoho, tmp_path)
    assert done.counts["other"] == 1
    assert unmatched.count_unmatched(db) == 0
    assert db.rows("SELECT status FROM zoho_sites")[0]["status"] == "history"


# Set-up


def test_an_empty_zoho_is_no_trouble(db, zoho, tmp_path):
    done = synced(db, zoho, tmp_path)
    assert done.counts["read"] == 0
    assert done.mode == "full"
    assert (
        synced(db, zoho, tmp_path).mode == "full"
    )  # nothing was seen, so there is no bookmark to go on from


def test_a_missing_field_is_named_with_what_to_do(db, zoho, tmp_path):
    del zoho.world.fields["Deals"]["HADES_Batch_ID"]
    with pytest.raises(
        ConfigError, match=r"Deals has no field HADES_Batch_ID.*Setup.*modules\.deals\.fields\.batch"
    ):
        synced(db, zoho, tmp_path)


def test_a_missing_module_is_named_with_what_to_do(db, zoho, tmp_path):
    del zoho.world.fields["Deliveries"]
    with pytest.raises(ConfigError, match=r"no module Deliveries.*config/zoho\.yaml"):
        synced(db, zoho, tmp_path)


def test_fields_that_may_be_absent_are_not_asked_for(db, zoho, tmp_path, one):
    for name in ("Website", "SIC_Code", "Street"):
        del zoho.world.fields["Leads"][name]
    zoho.world.change("Leads", one, Lead_Status="Contacted")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) == "contacted"


@pytest.mark.parametrize(
    "variants",
    [
        Variants(both_converted_in_one_query=False),
        Variants(counts_by_query=False),
        Variants(counts_by_query=False, both_converted_in_one_query=False, count_has_converted=True),
        Variants(nothing_deleted=304, throttle_status=400, expires_in_ms=True, unknown_fields_refused=True),
    ],
)
def test_either_answer_of_zoho_gives_the_same(db, zoho, tmp_path, variants):
    tell_story(db, zoho.world)
    clean = fresh(zoho, tmp_path)
    zoho.variants = variants
    synced(db, zoho, tmp_path, **SMALL_PAGES)
    assert whole(db) == whole(clean)
    zoho.faults.append(Fault("missing rows", "from Leads where", 1))
    synced(db, zoho, tmp_path, full=True, **SMALL_PAGES)
    assert whole(db) == whole(clean)
    clean.close()


def test_a_change_of_the_rules_is_applied_to_what_was_read(db, zoho, tmp_path, one):
    zoho.world.change("Leads", one, Lead_Status="Green light")
    synced(db, zoho, tmp_path)
    assert outcome_of(db, 0) is None
    text = (
        (ROOT / "config" / "zoho.yaml")
        .read_text()
        .replace("contacted: [Contacted,", "contacted: [Green light, Contacted,")
    )
    assert synced(db, zoho, tmp_path, profile=parse_profile(text)).mode == "full"
    assert outcome_of(db, 0) == "contacted"


def test_the_second_profile_finds_its_sites_without_a_batch_id(db, zoho, tmp_path):
    from zoho_world import LOCATING_FIELDS

    profile = read_profile(ROOT / "config", "zoho_locatings.yaml")
    zoho.world.add_module("Locatings", LOCATING_FIELDS)
    zoho.world.fields["Deliveries"] |= {"Locating": "lookup", "Vanillasoft_ID": "text"}
    export(db, BATCH, [lead_row(number, street=f"{number + 10} Lake Street") for number in range(5)])
    zoho.world.wait(days=1)
    sites = [
        zoho.world.add(
            "Locatings", Name=company_name(number), Stage="Green - LLL Approved", Lead_Source="Vanilla Soft",
            Street_Address=f"{number + 10} Lake St", Zip_Code=f"{60000 + number}", Vanillasoft_ID=f"V{number}",
        )
        for number in range(4)
    ]  # fmt: skip
    zoho.world.add("Deliveries", Name="Machine", Locating={"id": sites[0], "name": "x"})
    zoho.world.add("Deliveries", Name="Machine", Vanillasoft_ID="V1")  # no link, but the same VanillaSoft ID
    zoho.world.change("Locatings", sites[2], Stage="Green / Delivered")
    zoho.world.change("Locatings", sites[3], Stage="RED/rejected")
    for full in (False, False, True):
        done = synced(db, zoho, tmp_path, profile=profile, full=full)
    assert [outcome_of(db, number) for number in range(5)] == [
        "delivery",
        "delivery",
        "delivery",
        "appointment",
        None,
    ]
    assert "lost" in milestones_of(db, 3)
    assert done.counts["matched"] == done.counts["read"] == 6
