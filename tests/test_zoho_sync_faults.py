"""Every fault of Zoho recovers within the run or is told, and after the next good run nothing of it is left."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
import test_zoho_operators
from zoho_faults import Fault
from zoho_story import (
    EXPORTED,
    PROFILE,
    SMALL_PAGES,
    deliver,
    fresh,
    lead_in_zoho,
    open_zoho,
    synced,
    tell_story,
    whole,
)

from actors import Actor
from errors import Conflict, HadesError, Refused
from stores import state, syncs
from stores import zoho as store
from turso_db import Many
from zoho_sync import sync_outcomes


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
    "503": Fault("status", "from Leads where", 1, 2, 503),
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
    assert json.loads(last["errors"]) == (
        [said] if said else [BAD] if name == "a record that is none" else []
    )
    assert said is None or len(said) > 40
    assert fault.met >= fault.nth
    zoho.faults.clear()
    zoho.refresh_token = refresh_token
    second = synced(db, zoho, tmp_path, **SMALL_PAGES)
    assert second.errors == []
    clean = fresh(zoho, tmp_path)
    assert whole(db) == whole(clean)
    clean.close()


# Each fault that was promised, and where its row is. Queries know no page tokens: those are in the table of operators.
PROMISED = {
    "token expired": ["token expired"], "revoked": ["token revoked"],
    "throttled with 200 and 400": ["token throttled with 200", "token throttled with 400"],
    "wrong scope": ["wrong scope"], "403": ["forbidden"],
    "429 with and without Retry-After": ["throttled", "throttled with Retry-After", "throttled for an hour"],
    "500": ["internal error"], "HTML 502": ["502 with HTML"], "503": ["503", "503 for long"],
    "reset before and within the body": ["reset before the answer", "reset within the answer", "resets for long"],
    "truncated JSON": ["truncated"], "slow": ["slow"], "hang": ["hangs"], "duplicate rows": ["duplicate rows"],
    "rows missing from a page": ["rows missing", "rows missing, and told", "rows missing for long"],
    "shuffled page": ["shuffled"], "same page token again": ["same page token"],
    "missing token with more_records": ["no page token"], "empty page": ["empty page"],
    "204 in the middle": ["nothing in the middle", "nothing at the start"],
    "HTML with 200": ["HTML with 200", "HTML with 200 for metadata"],
    "rows changed and deleted between pages": [
        "a lead is renamed after its page", "a lead is deleted after its page", "a lead is deleted before its page",
        "a delivery is deleted", "a deal is won",
    ],
}  # fmt: skip


def test_every_fault_that_was_promised_is_in_a_table():
    of_tokens = {fault.kind for fault in test_zoho_operators.FAULTS}
    rows = {*FAULTS, *BETWEEN_PAGES, *of_tokens}
    assert len(PROMISED) == 22
    assert [fault for fault, names in PROMISED.items() if not set(names) <= rows] == []


RECOVER_BY_THEMSELVES = [
    "token expired", "throttled", "throttled with Retry-After", "internal error", "502 with HTML", "503",
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
    clean = fresh(zoho, tmp_path)
    assert whole(db) == whole(clean)
    clean.close()


def _first(world, module, **wanted):
    return next(key for key, row in world.rows[module].items() if all(row[f] == v for f, v in wanted.items()))


BETWEEN_PAGES = {
    "a lead is renamed after its page": lambda w: w.change(
        "Leads", min(w.rows["Leads"], key=int), City="Elgin"
    ),
    "a lead is deleted after its page": lambda w: w.delete("Leads", min(w.rows["Leads"], key=int)),
    "a lead is deleted before its page": lambda w: w.delete("Leads", max(w.rows["Leads"], key=int)),
    "a delivery is deleted": lambda w: w.delete("Deliveries", min(w.rows["Deliveries"], key=int)),
    "a deal is won": lambda w: w.change(
        "Deals", _first(w, "Deals", Stage="Qualification"), Stage="Closed Won"
    ),
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
    clean = fresh(zoho, tmp_path)
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
                lead_in_zoho(
                    zoho.world, rng.randint(0, 59), f"HADES-20260211-00{rng.randint(1, 3)}", Lead_Status="New"
                )
        synced(db, zoho, tmp_path, **SMALL_PAGES)
    clean = fresh(zoho, tmp_path)
    assert _standing(db) == _standing(clean)
    assert whole(db)[1:3] == whole(clean)[1:3]
    assert whole(db)[5] == whole(clean)[5]
    clean.close()


def test_sites_that_cannot_be_settled_end_the_run_in_a_sentence(db, zoho, tmp_path, monkeypatch):
    tell_story(db, zoho.world)
    nothing = Many("UPDATE zoho_records SET settled = 1 WHERE site = ? AND 0", [("lead:1",)])
    monkeypatch.setattr(store, "mark_settled", lambda **_: nothing)
    assert "stay unsettled although they were just settled" in tried(db, zoho, tmp_path)
    monkeypatch.undo()
    synced(db, zoho, tmp_path)
    clean = fresh(zoho, tmp_path)
    assert whole(db) == whole(clean)
    clean.close()


def test_only_what_changed_is_read_again(db, zoho, tmp_path):
    tell_story(db, zoho.world)
    synced(db, zoho, tmp_path)
    zoho.world.wait(days=2)
    for module in ("Leads", "Deals", "Deliveries"):
        zoho.world.change(module, max(zoho.world.rows[module], key=int))
    assert (
        synced(db, zoho, tmp_path).counts["read"] > 50
    )  # the overlap reaches back to where the last one ended
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
