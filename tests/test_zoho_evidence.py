"""The evidence of a review beside each other, and a decision that is made and taken back."""

from __future__ import annotations

import pytest
from zoho_server import ZohoServer
from zoho_story import EXPORTED, OPS, PROFILE, company_name, export, lead_in_zoho, lead_row, synced

from errors import Conflict, InputError
from stores import matches, outcomes, unmatched
from zoho_evidence import candidates_of, in_zoho
from zoho_sync import decide_match, undo_decision

BATCH = "HADES-20260211-001"


@pytest.fixture
def zoho():
    with ZohoServer() as server:
        server.world.now = EXPORTED
        yield server


@pytest.fixture
def review(db, zoho, tmp_path):
    """The site of a lead that two companies of one batch fit: the same name at two ZIPs, and no ZIP in Zoho."""
    elm = {"street": "9 Elm Street"}
    twin = lead_row(1, company_name=company_name(0), zip_code="61801", web_domain="amber.example", **elm)
    export(db, BATCH, [lead_row(0, contact_id="77", **elm), lead_row(0, contact_id="78", row_number=9), twin])
    zoho.world.wait(days=1)
    lead = lead_in_zoho(zoho.world, 0, BATCH, Phone=None, Zip_Code=None, Street="9 Elm St")
    assert synced(db, zoho, tmp_path).counts["review"] == 1
    return f"lead:{lead}"  # fmt: skip


def says(table):
    return dict(zip(table["trait"], table["says"], strict=True))


def test_both_sides_stand_beside_each_other(db, review):
    found = matches.read_evidence(db, site=review)
    first, second = candidates_of(found)
    assert {first.company_key, second.company_key} == {lead_row(0)["company_key"], lead_row(1)["company_key"]}
    assert 0 <= second.probability <= first.probability <= 1
    twin = first if first.company_key == lead_row(1)["company_key"] else second
    other = second if twin is first else first
    assert says(twin.table) == {
        "Name": "agrees", "Phone": "only exported", "ZIP": "only exported", "Street": "agrees", "State": "agrees",
        "Web": "only exported", "Batch ID": "agrees",
    }  # fmt: skip
    assert (twin.contacts, other.contacts) == (1, 2)
    assert says(other.table)["Contact ID"] == "only exported"
    assert says(other.table)["Street"] == "agrees"
    assert twin.table.set_index("trait").loc["Street", ["zoho", "exported"]].tolist() == [
        "9 Elm St", "9 Elm Street",
    ]  # fmt: skip
    traits = in_zoho(found["records"]).set_index("trait")["zoho"]
    assert traits["Name"] == company_name(0).upper()
    assert traits["Batch ID"] == BATCH
    assert not {"Last_Name", "Email"} & set(traits.index)  # no person's name or address is kept


def test_an_unknown_site_has_no_evidence(db):
    found = matches.read_evidence(db, site="lead:1")
    assert candidates_of(found) == []
    assert in_zoho(found["records"]).empty


def test_a_decision_is_undone_and_the_evidence_decides_again(db, zoho, tmp_path, review):
    chosen = (BATCH, lead_row(1)["company_key"])
    decide_match(
        db,
        profile=PROFILE,
        site=review,
        company=chosen,
        now=zoho.world.now,
        actor=OPS,
        reason=" phoned  them ",
    )
    decided = matches.read_decided(db).iloc[0]
    assert (decided["batch_id"], decided["decided_by"], decided["reason"]) == (
        BATCH,
        "Ana Ruiz",
        "phoned them",
    )
    assert len(outcomes.read_feed(db)) == 1
    undo_decision(db, profile=PROFILE, site=review, now=zoho.world.now, actor=OPS, reason="wrong one")
    assert matches.count_reviews(db) == 1
    assert outcomes.read_feed(db).empty
    assert matches.read_decided(db).empty
    for full in (False, True):
        assert synced(db, zoho, tmp_path, full=full).counts["updated"] == 0
    assert matches.count_reviews(db) == 1
    with pytest.raises(Conflict, match="No decision"):
        undo_decision(db, profile=PROFILE, site=review, now=zoho.world.now, actor=OPS)
    decide_match(db, profile=PROFILE, site=review, company=None, now=zoho.world.now, actor=OPS)
    assert matches.read_decided(db).iloc[0][["exported_name"]].isna().all()
    assert len(db.rows("SELECT 1 FROM match_decisions")) == 3  # every word of every person stays
    with pytest.raises(InputError, match="no such site"):
        undo_decision(db, profile=PROFILE, site="lead:1", now=zoho.world.now, actor=OPS)  # fmt: skip


def test_an_unmatched_site_is_matched_by_hand_and_reopens_when_that_is_undone(db, zoho, tmp_path):
    export(db, BATCH, [lead_row(number) for number in range(4)])
    zoho.world.wait(days=1)
    lead = lead_in_zoho(zoho.world, 500, BATCH)
    synced(db, zoho, tmp_path)
    assert unmatched.count_unmatched(db) == 1
    chosen = (BATCH, lead_row(2)["company_key"])
    decide_match(db, profile=PROFILE, site=f"lead:{lead}", company=chosen, now=zoho.world.now, actor=OPS)
    row = unmatched.read_unmatched(db, states=["settled"]).iloc[0]
    assert (row["resolved_by"], row["resolution"]) == ("Ana Ruiz", f"matched to {BATCH} by hand")
    undo_decision(db, profile=PROFILE, site=f"lead:{lead}", now=zoho.world.now, actor=OPS)
    assert unmatched.count_unmatched(db) == 1
