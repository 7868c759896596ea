"""The outcome sync as a whole: every fault recovers or is told, and ends where a run without faults ends."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from zoho_faults import Fault
from zoho_server import Variants, ZohoServer
from zoho_story import (
    EXPORTED,
    OPS,
    PROFILE,
    ROOT,
    company_name,
    deliver,
    export,
    lead_in_zoho,
    lead_row,
    open_zoho,
    synced,
    tell_story,
    whole,
)
from zoho_world import ZohoWorld

import turso_db
from actors import Actor
from errors import ConfigError, Conflict, HadesError, InputError, Refused
from stores import outcomes, state, syncs
from stores import zoho as store
from zoho_profile import parse_profile, read_profile
from zoho_sync import decide_match, sync_outcomes

BATCH = "HADES-20260211-001"
SMALL_PAGES = {"coql_rows": 20}


@pytest.fixture
def zoho():
    with ZohoServer() as server:
        server.world.now = EXPORTED
        yield server


def fresh(tmp_path, zoho, name="clean.db", **story):
    """Another database with the same exports, synced once and without faults."""
    clean = turso_db.connect(f"file:{tmp_path / name}")
    tell_story(clean, ZohoWorld(), **story)
    synced(clean, zoho, tmp_path)
    return clean


def outcome_of(db, number):
    return db.rows("SELECT outcome FROM lead_outcomes WHERE row_number = ?", (number,))[0]["outcome"]


def milestones_of(db, number):
    rows = db.rows(
        "SELECT milestone, substr(happened_at, 1, 10) AS day FROM standing_milestones WHERE company_key = ? ORDER BY id",
        (lead_row(number)["company_key"],),
    )
    return {row["milestone"]: row["day"] for row in rows}


def tried(db, zoho, tmp_path):
    """The sentence that a sync ends with, or None when it is done."""
    try:
        synced(db, zoho, tmp_path, **SMALL_PAGES)
    except HadesError as error:
        return str(error)
    return None


# The table of faults

BAD = "Deliveries: a record without an id came and was left out."

FAULTS = {
    "token expired": Fault("token expired", "coql", 2),
    "token revoked": Fault("revoked", "coql", 2, 1),
    "token throttled with 200": Fault("throttled token", "/oauth"),
    "token throttled with 400": Fault("throttled token", "/oauth"),
    "wrong scope": Fault("scope", "coql", 2),
    "forbidden": Fault("forbidden", "from Deals", 1),
    "throttled": Fault("throttled", "from Leads", 2, 2),
    "throttled with Retry-After": Fault("throttled", "from Leads", 2, 1, 3),
    "throttled for an hour": Fault("throttled", "from Leads", 2, 1, 3600),
    "internal error": Fault("internal", "from Leads", 2, 2),
    "502 with HTML": Fault("status", "from Leads", 2, 2, 502),
    "503 for long": Fault("status", "from Leads", 2, 99, 503),
    "reset before the answer": Fault("reset before", "from Leads", 2),
    "reset within the answer": Fault("reset within", "from Leads", 2),
    "resets for long": Fault("reset within", "from Deals", 1, 99),
    "truncated": Fault("truncated", "from Deals", 1),
    "slow": Fault("slow", "from Deals", 1, 1, 0.01),
    "hangs": Fault("hang", "from Deals", 1, 1, 1.5),
    "duplicate rows": Fault("duplicates", "from Leads where", 1, 3),
    "rows missing": Fault("missing rows", "from Leads where", 1),
    "rows missing, and told": Fault("missing rows, count kept", "from Leads where", 2),
    "rows missing for long": Fault("missing rows", "from Leads where", 1, 99),
    "shuffled": Fault("shuffled", "from Leads where", 1, 3),
    "same page again": Fault("same page", "from Leads where", 2),
    "same page for ever": Fault("same page", "from Leads where", 2, 99),
    "empty page": Fault("empty page", "from Leads where", 2),
    "nothing in the middle": Fault("no content", "from Leads where", 2),
    "nothing at the start": Fault("no content", "from Leads where", 1),
    "HTML with 200": Fault("html", "from Leads where", 2),
    "HTML with 200 for metadata": Fault("html", "settings/fields", 1),
    "a count that is wrong once": Fault("json", "COUNT", 1, 1, (200, {"data": [{"COUNT(id)": 3}]})),
    "a record that is none": Fault("bad row", "from Deliveries where", 1),
}


@pytest.mark.parametrize("name", FAULTS)
def test_after_the_next_good_run_no_fault_has_left_a_trace(db, zoho, tmp_path, name):
    given = FAULTS[name]
    fault = Fault(given.kind, given.on, given.nth, given.times, given.value)
    zoho.variants.throttle_status = 400 if "400" in name else 200
    tell_story(db, zoho.world)
    zoho.faults.append(fault)
    refresh_token = zoho.refresh_token
    said = tried(db, zoho, tmp_path)
    last = syncs.read_sync_runs(db).iloc[0]
    assert last["status"] == ("failed" if said else "done")
    assert json.loads(last["errors"]) == ([said] if said else [BAD] if name == "a record that is none" else [])
    assert said is None or len(said) > 40
    assert fault.met >= fault.nth
    zoho.faults.clear()
    zoho.refresh_token = refresh_token
    second = synced(db, zoho, tmp_path, **SMALL_PAGES)
    assert second.errors == []
    clean = fresh(tmp_path, zoho)
    assert whole(db) == whole(clean)
    clean.close()


RECOVER_BY_THEMSELVES = [
    "token expired", "throttled", "throttled with Retry-After", "internal error", "502 with HTML",
    "reset before the answer", "reset within the answer", "truncated", "slow", "hangs", "duplicate rows", "rows missing",
    "rows missing, and told", "shuffled", "same page again", "empty page", "nothing in the middle",
    "HTML with 200", "HTML with 200 for metadata", "a count that is wrong once", "nothing at the start",
]  # fmt: skip


@pytest.mark.parametrize("name", RECOVER_BY_THEMSELVES)
def test_what_can_pass_passes_within_the_run(db, zoho, tmp_path, name):
    given = FAULTS[name]
    tell_story(db, zoho.world)
    zoho.faults.append(Fault(given.kind, given.on, given.nth, given.times, given.value))
    synced(db, zoho, tmp_path, **SMALL_PAGES)
    zoho.faults.clear()
    clean = fresh(tmp_path, zoho)
    assert whole(db) == whole(clean)
    clean.close()


def _first(world, module, **wanted):
    return next(key for key, row in world.rows[module].items() if all(row[f] == v for f, v in wanted.items()))


BETWEEN_PAGES = {
    "a lead is renamed after its page": lambda w: w.change("Leads", min(w.rows["Leads"], key=int), City="Elgin"),
    "a lead is deleted after its page": lambda w: w.delete("Leads", min(w.rows["Leads"], key=int)),
    "a lead is deleted before its page": lambda w: w.delete("Leads", max(w.rows["Leads"], key=int)),
    "a delivery is deleted": lambda w: w.delete("Deliveries", min(w.rows["Deliveries"], key=int)),
    "a deal is won": lambda w: w.change("Deals", _first(w, "Deals", Stage="Qualification"), Stage="Closed Won"),
    "a delivery is made": lambda w: deliver(w, _first(w, "Deals", Stage="Qualification")),
    "a lead is added": lambda w: lead_in_zoho(w, 59, "HADES-20260211-003"),
    "a record silently goes": lambda w: w.vanish("Deals", min(w.rows["Deals"], key=int)),
}


@pytest.mark.parametrize("name", BETWEEN_PAGES)
@pytest.mark.parametrize(("on", "nth"), [("from Leads where", 2), ("from Deals where", 1), ("COUNT", 3)])
def test_what_happens_in_zoho_between_pages_ends_the_same(db, zoho, tmp_path, name, on, nth):
    tell_story(db, zoho.world)
    zoho.faults.append(Fault("", on, nth, before=BETWEEN_PAGES[name]))
    said = tried(db, zoho, tmp_path)
    assert said is None or "could be read" in said
    zoho.faults.clear()
    synced(db, zoho, tmp_path, **SMALL_PAGES)
    clean = fresh(tmp_path, zoho)
    if name == "a record silently goes":
        # Silence takes nothing back: what the record said before it went stays, and that is all that differs.
        synced(db, zoho, tmp_path, full=True)
        assert set(whole(clean)[0]) <= set(whole(db)[0])
    else:
        assert _standing(db) == _standing(clean)
        assert whole(db)[1] == whole(clean)[1]
    clean.close()


def _standing(db):
    sql = "SELECT batch_id, company_key, milestone, happened_at FROM standing_milestones"
    return sorted(str(tuple(row.values())) for row in db.rows(sql))


# Again, in pieces, and after a crash


def test_running_twice_changes_nothing(db, zoho, tmp_path):
    tell_story(db, zoho.world)
    synced(db, zoho, tmp_path)
    before, version = whole(db), state.read_state(db).data_version
    assert synced(db, zoho, tmp_path).counts["updated"] == 0
    assert synced(db, zoho, tmp_path, full=True).counts["updated"] == 0
    assert whole(db) == before
    assert state.read_state(db).data_version <= version + 4  # start and end of two runs, nothing else


def test_in_pieces_equals_once(db, zoho, tmp_path):
    """The same year of Zoho, seen after every few changes, and seen once at its end."""
    rng = random.Random(3)
    tell_story(db, zoho.world)
    for _ in range(12):
        for _ in range(3):
            zoho.world.wait(hours=rng.randint(1, 40))
            deals = [k for k, row in zoho.world.rows["Deals"].items() if row["Stage"] == "Qualification"]
            what = rng.random()
            if what < 0.5 and deals:
                deliver(zoho.world, rng.choice(deals), f"2026-03-{rng.randint(1, 28):02d}")
            elif what < 0.8:
                zoho.world.change("Leads", rng.choice(list(zoho.world.rows["Leads"])), City="Elgin")
            else:
                lead_in_zoho(zoho.world, rng.randint(0, 59), f"HADES-20260211-00{rng.randint(1, 3)}", Lead_Status="New")
        synced(db, zoho, tmp_path, **SMALL_PAGES)
    clean = fresh(tmp_path, zoho)
    assert _standing(db) == _standing(clean)
    assert whole(db)[1:3] == whole(clean)[1:3]
    assert whole(db)[5] == whole(clean)[5]
    clean.close()


def test_only_what_changed_is_read_again(db, zoho, tmp_path):
    tell_story(db, zoho.world)
    synced(db, zoho, tmp_path)
    zoho.world.wait(days=2)
    for module in ("Leads", "Deals", "Deliveries"):
        zoho.world.change(module, max(zoho.world.rows[module], key=int))
    assert synced(db, zoho, tmp_path).counts["read"] > 50  # the overlap reaches back to where the last one ended
    done = synced(db, zoho, tmp_path)
    assert (done.mode, done.counts["read"]) == ("incremental", 3)


def test_a_run_that_was_killed_is_interrupted_and_the_next_goes_on(db, zoho, tmp_path):
    tell_story(db, zoho.world)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    import socket

    holder = f"{socket.gethostname()}:{gone.pid}:1:1"
    state.take_lease(db, name="zoho sync", holder=holder, now=zoho.world.now, seconds=120)
    syncs.start_run(db, kind="outcomes", mode="full", now=zoho.world.now, actor="somebody")
    synced(db, zoho, tmp_path)
    runs = syncs.read_sync_runs(db)
    assert runs["status"].tolist() == ["done", "interrupted"]
    assert "went on from there" in runs["note"].tolist()[1]


def test_a_second_sync_cannot_start_beside_one(db, zoho, tmp_path):
    state.take_lease(db, name="zoho sync", holder="another machine:1:1:1", now=zoho.world.now, seconds=60)
    with pytest.raises(Conflict, match="running already"):
        synced(db, zoho, tmp_path)
    zoho.world.wait(seconds=61)
    synced(db, zoho, tmp_path)


def test_a_viewer_may_not_sync(db, zoho, tmp_path):
    client = open_zoho(zoho, tmp_path)
    with pytest.raises(Refused, match="may not sync"):
        sync_outcomes(db, client, profile=PROFILE, actor=Actor("V", "viewer"), clock=lambda: EXPORTED)
    client.close()


# What comes out


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
    rows = db.rows("SELECT milestone, detail FROM outcome_milestones WHERE source_key LIKE ? ORDER BY id", (f"{delivery}:%",))
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
    log = outcomes.read_unmatched(db)
    assert set(log["company_name"]) == {"Zephyr Quarry", "Boreal Quarry"}
    assert any("No batch HADES-20250101-007 was exported" in why for why in log["why"])
    assert any(f"No company of {BATCH} looks like it" in why for why in log["why"])
    export(db, "HADES-20250101-007", [lead_row(3001, company_name="Boreal Quarry LLC", zip_code="99502")])
    synced(db, zoho, tmp_path)
    assert set(outcomes.read_unmatched(db)["company_name"]) == {"Zephyr Quarry"}


def test_a_decision_is_remembered_through_every_later_sync(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(0), lead_row(1, company_name=company_name(0), zip_code="61801")])
    zoho.world.wait(days=1)
    lead = lead_in_zoho(zoho.world, 0, BATCH, Phone=None, Zip_Code=None)
    assert synced(db, zoho, tmp_path).counts["review"] == 1
    queue = store.read_reviews(db)
    assert queue["site"].tolist() == [f"lead:{lead}"]
    chosen = (BATCH, lead_row(1)["company_key"])
    decide_match(db, profile=PROFILE, site=f"lead:{lead}", company=chosen, now=zoho.world.now, actor=OPS, reason="phoned")
    assert milestones_of(db, 1)
    assert store.count_reviews(db) == 0
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
        decide_match(db, profile=PROFILE, site=site or f"lead:{one}", company=company, now=EXPORTED, actor=OPS)


def test_what_is_not_ours_is_left_alone(db, zoho, tmp_path, one):
    zoho.world.add("Leads", Company=company_name(1), Lead_Source="Web", Lead_Status="Contacted", Zip_Code="60001")
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
    assert outcomes.count_unmatched(db) == 0
    assert db.rows("SELECT status FROM zoho_sites")[0]["status"] == "history"


def test_the_chain_of_custody_adds_up(db, zoho, tmp_path):
    tell_story(db, zoho.world)
    synced(db, zoho, tmp_path)
    chain = store.read_chain(db)
    assert chain["exported"] == 60 == chain["in_zoho"] + chain["not_in_zoho"]
    assert chain["sites"] == chain["with_batch_id"] + chain["without_batch_id"]
    assert chain["sites"] == chain["matched"] + chain["review"] + chain["unmatched"]
    assert chain["matched"] == chain["with_outcome"] + chain["without_outcome"]
    assert chain["id_lost_at_conversion"] > 0


# Set-up


def test_an_empty_zoho_is_no_trouble(db, zoho, tmp_path):
    done = synced(db, zoho, tmp_path)
    assert done.counts["read"] == 0
    assert done.mode == "full"
    assert synced(db, zoho, tmp_path).mode == "full"  # nothing was seen, so there is no bookmark to go on from


def test_a_missing_field_is_named_with_what_to_do(db, zoho, tmp_path):
    del zoho.world.fields["Deals"]["HADES_Batch_ID"]
    with pytest.raises(ConfigError, match=r"Deals has no field HADES_Batch_ID.*Setup.*modules\.deals\.fields\.batch"):
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
    clean = fresh(tmp_path, zoho)
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
    text = (ROOT / "config" / "zoho.yaml").read_text().replace("contacted: [Contacted,", "contacted: [Green light, Contacted,")
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
    assert [outcome_of(db, number) for number in range(5)] == ["delivery", "delivery", "delivery", "appointment", None]
    assert "lost" in milestones_of(db, 3)
    assert done.counts["matched"] == done.counts["read"] == 6


# Costs and endurance


def grow(world, leads, deals, deliveries):
    for number in range(leads):
        key = lead_in_zoho(world, number, f"HADES-20260211-{number // 200 + 1:03d}", Lead_Status="New")
        if number < deals:
            deal = world.convert(key)
            if number < deliveries:
                deliver(world, deal)


def test_a_usual_year_costs_the_fewest_calls(db, zoho, tmp_path):
    grow(zoho.world, 3200, 700, 300)
    done = synced(db, zoho, tmp_path)
    # 2 pages of leads, 1 of deals, 1 of deliveries; one count per module; and three calls for the fields, once.
    assert done.counts["calls"] == 4 + 3 + 3
    assert done.counts["read"] == 4200
    zoho.world.wait(days=1)
    assert synced(db, zoho, tmp_path).counts["calls"] == 3 + 3 + 3  # one page each, the counts, what was deleted


@pytest.mark.prove
def test_a_hundred_thousand_records_in_steady_memory(db, zoho, tmp_path):
    import tracemalloc

    export(db, BATCH, [lead_row(number) for number in range(2000)])
    for number in range(100_000):
        zoho.world.add("Leads", Company=f"Site {number}", Lead_Source="VanillaSoft", Lead_Status="New")
    tracemalloc.start()
    started = time.perf_counter()
    done = synced(db, zoho, tmp_path, timeout=(5, 60))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.counts["read"] == 100_000
    assert peak < 300e6
    print(f"\n100,000 records: {done.counts['calls']} calls, {time.perf_counter() - started:.0f} s, peak {peak / 1e6:.0f} MB")  # noqa: T201


@pytest.mark.prove
def test_fifty_kills_leave_no_trace(db, db_path, zoho, config_dir, tmp_path):
    """A process that is killed at any moment, fifty times; then the next run ends where one run ends."""
    rng = random.Random(11)
    tell_story(db, zoho.world, companies=400)
    zoho.world.now = EXPORTED.replace(month=3)
    environment = os.environ | zoho.environment() | {"PYTHONPATH": str(ROOT), "TURSO_DATABASE_URL": f"file:{db_path}"}
    command = [sys.executable, "-m", "scripts.track_outcomes", "--full"]
    started = time.perf_counter()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)
    whole_run = time.perf_counter() - started
    killed = 0
    for _ in range(50):
        db.write([store.unsettle_all()])
        for key in rng.sample(sorted(zoho.world.rows["Leads"]), 20):
            zoho.world.change("Leads", key, City=f"Town {rng.random():.3f}")
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=rng.uniform(0.3, 1.0) * whole_run)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
            process.wait()
    subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)
    clean = turso_db.connect(f"file:{tmp_path / 'clean.db'}")
    tell_story(clean, ZohoWorld(), companies=400)
    synced(clean, zoho, tmp_path / "clean")
    assert whole(db) == whole(clean)
    clean.close()
    statuses = syncs.read_sync_runs(db, limit=200)["status"].value_counts().to_dict()
    assert statuses.get("interrupted", 0) > 10
    print(f"\n{killed} of 50 runs killed; {statuses}")  # noqa: T201
