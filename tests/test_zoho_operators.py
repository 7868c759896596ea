"""Operators from Zoho: created, linked, updated, never removed; and paging by token that survives its faults."""

from __future__ import annotations

import pytest
from zoho_faults import Fault
from zoho_server import Variants
from zoho_story import EXPORTED, OPS, PROFILE, open_zoho

from actors import Actor
from errors import ConfigError, HadesError, Refused
from operators import save_operator
from stores import operators as store
from stores import syncs
from zoho_operators import sync_operators
from zoho_profile import parse_profile


def account(zoho, number, **changes):
    values = {
        "Account_Name": f"Vending {number}", "Account_Type": "Owner Operator", "Phone": f"(312) 555-{number:04d}",
        "Billing_Code": f"{60000 + number}", "Email": f"v{number}@example.com", "Website": f"v{number}.example.com",
    }  # fmt: skip
    return zoho.world.add("Accounts", **(values | changes))


def synced(db, zoho, tmp_path, *, full=False, profile=PROFILE):
    client = open_zoho(zoho, tmp_path)
    try:
        return sync_operators(db, client, profile=profile, actor=OPS, clock=lambda: zoho.world.now, full=full)
    finally:
        client.close()


def counts(done):
    return {key: value for key, value in done.counts.items() if value and key not in ("calls", "credits")}


def test_accounts_of_the_type_become_operators_once(db, zoho, tmp_path):
    for number in range(5):
        account(zoho, number)
    account(zoho, 6, Account_Type="owner  OPERATOR")
    account(zoho, 7, Account_Type="Customer")
    assert counts(synced(db, zoho, tmp_path)) == {"read": 6, "created": 6}
    row = store.find_operators(db, name="vending 3")[0]
    assert (row["phone"], row["zip_code"], row["email"]) == ("(312) 555-0003", "60003", "v3@example.com")
    assert row["business_name"] == "Vending 3"
    before = store.read_all_operators(db)
    assert counts(synced(db, zoho, tmp_path)) == {"read": 6, "unchanged": 6}
    assert counts(synced(db, zoho, tmp_path, full=True)) == {"read": 6, "unchanged": 6}
    assert store.read_all_operators(db) == before


def test_only_what_changed_is_read_again(db, zoho, tmp_path):
    keys = [account(zoho, number) for number in range(5)]
    synced(db, zoho, tmp_path)
    zoho.world.wait(days=1)
    zoho.world.change("Accounts", keys[2], Phone="312-555-9999")
    done = synced(db, zoho, tmp_path)
    assert done.mode == "incremental"
    assert done.counts["updated"] == 1
    assert store.find_operators(db, name="Vending 2")[0]["phone"] == "(312) 555-9999"
    zoho.world.wait(days=1)
    assert synced(db, zoho, tmp_path).counts["read"] == 1


@pytest.mark.parametrize(
    "typed",
    [{"zip_code": "60001"}, {"phone": "312 555 0001"}, {}, {"zip_code": "60001", "phone": "312 555 7777"}],
)
def test_an_operator_typed_in_here_is_linked(db, zoho, tmp_path, typed):
    save_operator(db, values={"name": "VENDING 1", "team": "Blue"} | typed, now=EXPORTED, actor=OPS)
    account(zoho, 1)
    assert counts(synced(db, zoho, tmp_path)) == {"read": 1, "linked": 1}
    rows = store.read_all_operators(db)
    assert len(rows) == 1
    assert rows[0]["team"] == "Blue"
    assert rows[0]["zip_code"] == "60001"


def test_a_namesake_elsewhere_is_another_operator(db, zoho, tmp_path):
    save_operator(db, values={"name": "Vending 1", "zip_code": "10001"}, now=EXPORTED, actor=OPS)
    account(zoho, 1)
    assert counts(synced(db, zoho, tmp_path)) == {"read": 1, "created": 1}
    assert len(store.read_all_operators(db)) == 2


def test_a_value_typed_here_stays_until_zohos_own_changes(db, zoho, tmp_path):
    key = account(zoho, 1)
    synced(db, zoho, tmp_path)
    row = store.read_all_operators(db)[0]
    values = {field: row[field] for field in store.FIELDS} | {"phone": "(773) 555-0100", "team": "Red"}
    save_operator(db, values=values, now=EXPORTED, actor=OPS, operator_id=row["id"])
    zoho.world.change("Accounts", key, Website="new.example.com", Email=None)
    synced(db, zoho, tmp_path)
    row = store.read_all_operators(db)[0]
    assert (row["phone"], row["team"]) == ("(773) 555-0100", "Red")
    assert (row["website"], row["email"]) == ("new.example.com", "v1@example.com")
    zoho.world.change("Accounts", key, Phone="(312) 555-0002")
    synced(db, zoho, tmp_path)
    assert store.read_all_operators(db)[0]["phone"] == "(312) 555-0002"


def test_what_cannot_be_kept_is_listed_and_stops_nothing(db, zoho, tmp_path):
    account(zoho, 1)
    account(zoho, 1, Phone="(312) 555-4444")  # the same name and ZIP
    account(zoho, 2, Account_Name=None)
    account(zoho, 3, Phone="12", Billing_Code="x", Email="no address")
    done = synced(db, zoho, tmp_path)
    assert counts(done) == {"read": 4, "created": 2, "skipped": 2}
    assert "name and ZIP of another operator" in done.errors[0]
    assert "has no name" in done.errors[1]
    row = store.find_operators(db, name="Vending 3")[0]
    assert (row["phone"], row["zip_code"], row["email"]) == (None, None, None)


def test_an_account_that_is_gone_removes_nobody(db, zoho, tmp_path):
    key = account(zoho, 1)
    synced(db, zoho, tmp_path)
    zoho.world.delete("Accounts", key)
    synced(db, zoho, tmp_path, full=True)
    assert store.count_operators(db) == 1


FAULTS = [
    Fault("same page token", "/Accounts", 2), Fault("no page token", "/Accounts", 1), Fault("same page", "/Accounts", 2),
    Fault("empty page", "/Accounts", 2), Fault("no content", "/Accounts", 2), Fault("missing rows", "/Accounts", 1),
    Fault("missing rows, count kept", "/Accounts", 3), Fault("duplicates", "/Accounts", 1, 3), Fault("shuffled", "/Accounts", 1, 9),
    Fault("truncated", "/Accounts", 2), Fault("reset within", "/Accounts", 3), Fault("html", "/Accounts", 2),
    Fault("status", "/Accounts", 2, 2, 502), Fault("throttled", "/Accounts", 2, 1, 2), Fault("token expired", "/Accounts", 2),
    Fault("status", "/Accounts", 2, 99, 503), Fault("same page token", "/Accounts", 2, 99), Fault("forbidden", "/Accounts", 2),
    Fault("missing rows", "/Accounts", 1, 99), Fault("scope", "/Accounts", 3), Fault("no page token", "/Accounts", 1, 99),
]  # fmt: skip


@pytest.mark.parametrize("given", FAULTS, ids=lambda fault: f"{fault.kind} {fault.nth} {fault.times}")
def test_no_fault_leaves_a_trace(db, zoho, tmp_path, given):
    for number in range(450):
        account(zoho, number)
    zoho.faults.append(Fault(given.kind, given.on, given.nth, given.times, given.value))
    said = None
    try:
        synced(db, zoho, tmp_path)
    except HadesError as error:
        said = str(error)
    assert (said is None) == (given.times < 99 and given.kind not in ("forbidden", "scope"))
    assert said is None or store.count_operators(db) == 0
    zoho.faults.clear()
    synced(db, zoho, tmp_path)
    assert store.count_operators(db) == 450
    assert syncs.read_sync_runs(db, kind="operators")["status"].tolist()[0] == "done"


@pytest.mark.parametrize("variants", [Variants(counts_by_query=False), Variants(unknown_fields_refused=True)])
def test_either_answer_of_zoho_gives_the_same(db, zoho, tmp_path, variants):
    zoho.variants = variants
    for number in range(3):
        account(zoho, number)
    assert synced(db, zoho, tmp_path).counts["created"] == 3


def test_a_missing_field_is_named(db, zoho, tmp_path):
    del zoho.world.fields["Accounts"]["Account_Type"]
    with pytest.raises(ConfigError, match=r"Accounts has no field Account_Type.*operators\.type_field"):
        synced(db, zoho, tmp_path)


def test_a_profile_without_operators_is_a_sentence(db, zoho, tmp_path):
    text = "lead_source: x\nmodules:\n  deals: {module: Deals, fields: {name: Deal_Name}, outcomes: {stages: {}}}\n"
    with pytest.raises(ConfigError, match="no part `operators`"):
        synced(db, zoho, tmp_path, profile=parse_profile(text))


def test_a_viewer_may_not(db, zoho, tmp_path):
    client = open_zoho(zoho, tmp_path)
    with pytest.raises(Refused, match="may not sync"):
        sync_operators(db, client, profile=PROFILE, actor=Actor("V", "viewer"), clock=lambda: EXPORTED)
    client.close()
