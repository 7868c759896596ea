"""The chain of custody: every count adds up, whatever is in the database."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zoho_server import ZohoServer
from zoho_story import EXPORTED, export, lead_in_zoho, lead_row, synced, tell_story

import turso_db
from stores import custody
from stores.custody import HOPS, read_custody, read_left_behind
from turso_db import Many, Statement
from zoho_custody import CAUSES, chain_of_custody

BATCH = "HADES-20260211-001"
SITES = st.lists(
    st.tuples(
        st.sampled_from(["matched", "review", "unmatched", "history", "other"]),
        st.sampled_from([None, BATCH, "HADES-20260211-002", "HADES-19990101-001"]),  # named
        st.sampled_from(
            [None, (BATCH, 0), (BATCH, 1), ("HADES-20260211-002", 2)]
        ),  # the company it is or may be
        st.integers(0, 2),  # milestones
        st.sampled_from(["lead", "deal", "both", "both, ID lost"]),
    ),
    max_size=12,
)


def placed(db, sites):
    """Nothing; the sites are in the database, whatever they say."""
    rows, records = [], []
    for number, (status, named, company, milestones, kind) in enumerate(sites):
        if status == "matched" and company is None:
            company = (BATCH, 0)
        site = f"{'lead' if kind == 'lead' else 'deal'}:{number}"
        batch, place = company or (None, None)
        key = None if place is None else lead_row(place)["company_key"]
        rows.append((site, status, batch, key, named, f"Site {number}", milestones))
        if kind != "deal":
            records.append(("leads", f"1{number}", site, named))
        if kind != "lead":
            records.append(("deals", f"2{number}", site, None if kind == "both, ID lost" else named))
    db.write(
        [
            Statement("DELETE FROM zoho_sites"),
            Statement("DELETE FROM zoho_records"),
            Many(
                "INSERT INTO zoho_sites (site, status, batch_id, company_key, named_batch, company_name, milestones, "
                "changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, '')",
                rows,
            ),
            Many(
                "INSERT INTO zoho_records (role, zoho_id, site, batch_id, facts, first_seen_at, changed_at) "
                "VALUES (?, ?, ?, ?, '{}', '', '')",
                records,
            ),
        ]
    )


@pytest.fixture(scope="module")
def two_batches(tmp_path_factory):
    db = turso_db.connect(f"file:{tmp_path_factory.mktemp('chain')}/x.db")
    export(db, BATCH, [lead_row(0), lead_row(1), lead_row(1, contact_id="9"), lead_row(3)])
    export(db, "HADES-20260211-002", [lead_row(2)])
    db.write([Statement("UPDATE batches SET status = 'void' WHERE batch_id LIKE '%002'")])
    yield db
    db.close()


@settings(max_examples=150)
@given(sites=SITES)
def test_the_counts_add_up_whatever_is_there(two_batches, sites):
    placed(two_batches, sites)
    chain = chain_of_custody(read_custody(two_batches))
    exported, seen, with_id, without_id, matched = chain.hops
    for hop in chain.hops:
        assert hop.number == hop.goes_on + hop.stays
        assert hop.stays == sum(leak.number for leak in hop.leaks)
        assert min(hop.goes_on, hop.stays) >= 0
        assert len(read_left_behind(two_batches, hop=hop.rows)) == hop.stays
    assert exported.number == 3  # companies of the batch that is not void: two contacts of one count once
    assert seen.goes_on == with_id.number
    assert seen.stays == without_id.number
    assert matched.number == with_id.goes_on + without_id.goes_on == chain.matched
    assert chain.matched == chain.in_zoho + chain.further_sites + chain.of_void
    assert exported.goes_on == chain.in_zoho
    assert chain.further_sites >= 0
    assert seen.number == sum(status in ("matched", "review", "unmatched") for status, *_ in sites)


def test_without_anything_every_count_is_nothing(db):
    chain = chain_of_custody(read_custody(db))
    assert {hop.number for hop in chain.hops} == {0}
    assert all(read_left_behind(db, hop=hop).empty for hop in HOPS)


def test_each_likely_cause_is_told(db, tmp_path):
    with ZohoServer() as zoho:
        zoho.world.now = EXPORTED
        export(db, BATCH, [lead_row(number) for number in range(10)])
        zoho.world.wait(days=1)
        lead_in_zoho(zoho.world, 500, None)  # from the call centre, without the ID, and nobody we know
        lead_in_zoho(zoho.world, 501, "HADES-20250101-009")
        lead_in_zoho(zoho.world, 502, BATCH)
        zoho.world.add("Deals", Deal_Name="Boreal Quarry", Lead_Source="VanillaSoft", Stage="Qualification")
        lost = lead_in_zoho(zoho.world, 3, BATCH)
        zoho.world.convert(lost, keep_batch=False)
        lead_in_zoho(zoho.world, 4, BATCH, Lead_Status="New")
        synced(db, zoho, tmp_path)
    chain = chain_of_custody(read_custody(db))
    exported, seen, with_id, without_id, matched = chain.hops
    assert (exported.number, exported.goes_on) == (10, 2)
    assert {leak.cause: leak.number for leak in seen.leaks} == {
        "lost in VanillaSoft": 1,
        "not mapped at conversion": 1,
    }
    assert {leak.cause: leak.number for leak in with_id.leaks} == {"unknown batch": 1, "typed by hand": 1}
    assert without_id.goes_on == 0
    assert (matched.number, matched.goes_on) == (2, 1)
    assert "In 1 of them the lead has the batch ID and its deal has not" in chain.notes[0]
    causes = read_left_behind(db, hop="without ID")
    assert set(causes["cause"]) <= set(CAUSES)


def test_a_story_adds_up_and_each_hop_opens_its_rows(db, tmp_path):
    with ZohoServer() as zoho:
        tell_story(db, zoho.world)
        synced(db, zoho, tmp_path)
    chain = chain_of_custody(read_custody(db))
    assert chain.hops[0].number == 60
    assert chain.hops[1].stays > 0
    for hop in chain.hops:
        rows = custody.read_left_behind(db, hop=hop.rows, limit=500)
        assert len(rows) == hop.stays
        assert len(read_left_behind(db, hop=hop.rows, limit=1)) == min(hop.stays, 1)
