"""Reading Zoho: pages that repeat, vanish or break, errors by remedy, counts, and nothing secret in any sentence."""

from __future__ import annotations

import random
import tracemalloc
from datetime import UTC, datetime

import pytest
from figures import show
from hypothesis import given, settings
from hypothesis import strategies as st
from zoho_coql import parsed
from zoho_faults import Fault
from zoho_readers import FIELDS, add_leads, ids, open_client, queried, recorded
from zoho_server import Variants
from zoho_world import LEAD_FIELDS

from errors import ConfigError, Refused, Unavailable
from zoho_client import _paired, moment, quoted


@pytest.fixture
def client(zoho, tmp_path):
    made = open_client(zoho, tmp_path)
    yield made
    made.close()


READERS = pytest.mark.parametrize("read", [recorded, queried])


@READERS
@pytest.mark.parametrize("number", [0, 1, 10, 11, 35])
def test_every_record_comes_once_in_order(zoho, client, read, number):
    added = add_leads(zoho, number)
    assert read(client) == added


@READERS
def test_pages_are_as_few_as_they_can_be(zoho, client, read):
    add_leads(zoho, 30)
    read(client)
    assert client.calls == 3 == len(zoho.api_calls())


def test_converted_leads_come_when_asked_for(zoho, client):
    leads = add_leads(zoho, 3)
    zoho.world.convert(leads[1])
    assert recorded(client) == [leads[0], leads[2]]
    assert recorded(client, converted=True) == leads
    assert queried(client) == [leads[0], leads[2]]
    assert queried(client, where=["(Converted__s = true or Converted__s = false)"]) == leads


def test_only_what_changed_since_comes(zoho, client):
    leads = add_leads(zoho, 3)
    zoho.world.wait(hours=1)
    since = zoho.world.now
    assert recorded(client, modified_since=since) == []
    zoho.world.change("Leads", leads[1], Company="Other")
    assert recorded(client, modified_since=since) == [leads[1]]
    assert queried(client, where=[f"Modified_Time >= {moment(since)}"]) == [leads[1]]


PASSING = (
    "duplicates", "shuffled", "reset before", "reset within", "truncated", "html", "internal", "status",
    "same page", "empty page", "no content", "missing rows, count kept", "throttled", "token expired",
)  # fmt: skip
EMPTY = ("empty page", "no content")  # as a first page it is an empty module


@READERS
@pytest.mark.parametrize(
    ("kind", "nth"), [(kind, nth) for kind in PASSING for nth in (1, 2, 3, 4) if nth > 1 or kind not in EMPTY]
)
def test_a_passing_fault_leaves_no_trace(zoho, client, read, kind, nth):
    added = add_leads(zoho, 35)
    zoho.faults.append(Fault(kind, on="Leads", nth=nth, value=503 if kind == "status" else None))
    assert sorted(read(client)) == added


@pytest.mark.parametrize("kind", ["same page token", "no page token"])
def test_a_broken_continuation_is_asked_for_again(zoho, client, kind):
    added = add_leads(zoho, 35)
    zoho.faults.append(Fault(kind, on="Leads", nth=2))
    assert recorded(client) == added


@pytest.mark.parametrize(
    ("read", "kind", "sentence"),
    [
        (recorded, "same page token", "leads back to a page"),
        (recorded, "no page token", "without saying where they continue"),
        (recorded, "same page", "the same page of records twice"),
        (recorded, "empty page", "came empty although it was announced"),
        (recorded, "no content", "vanished"),
        (queried, "same page", "the same page of records twice"),
        (queried, "empty page", "came empty although it was announced"),
        (queried, "no content", "vanished"),
        (queried, "missing rows, count kept", "announced 10 records on a page and sent 7"),
        (queried, "html", "not the JSON it should be"),
        (queried, "truncated", "not the JSON it should be"),
        (queried, "status", "HTTP 503"),
        (queried, "internal", "HTTP 500"),
        (queried, "reset before", "connection to Zoho broke"),
        (queried, "reset within", "connection to Zoho broke"),
        (queried, "throttled", "throttling"),
    ],
)
def test_a_lasting_fault_is_a_sentence(zoho, client, read, kind, sentence):
    add_leads(zoho, 35)
    zoho.faults.append(Fault(kind, on="Leads", nth=2, times=99, value=503 if kind == "status" else None))
    with pytest.raises(Unavailable, match=sentence):
        read(client)
    assert 4 <= len(client.pauses) <= 8  # it was tried again, and not for ever


@READERS
def test_rows_that_go_between_pages_are_no_trouble(zoho, client, read):
    added = add_leads(zoho, 35)
    zoho.faults.append(Fault("", on="Leads", nth=2, before=lambda world: world.delete("Leads", added[20])))
    found = read(client)
    assert len(found) == len(set(found))
    # A query is cut by id: nothing but the deleted row is missing. A page token may skip a row; a count shows it.
    assert set(added) - set(found) == {added[20]} or read is recorded


def test_rows_that_change_between_pages_move_nothing_in_a_query(zoho, client):
    added = add_leads(zoho, 35)
    zoho.faults.append(
        Fault("", on="Leads", nth=3, before=lambda world: world.change("Leads", added[0], City="x"))
    )
    assert queried(client) == added


def test_an_expired_page_token_starts_again_and_gives_nothing_twice(zoho, client):
    added = add_leads(zoho, 35)
    zoho.faults.append(Fault("", on="Leads", nth=3, before=lambda world: world.wait(hours=25)))
    assert recorded(client) == added


def test_a_page_token_that_keeps_expiring_is_refused(zoho, client):
    add_leads(zoho, 35)
    zoho.faults.append(Fault("", on="Leads", nth=2, times=99, before=lambda world: world.wait(hours=25)))
    with pytest.raises(Refused, match="EXPIRED_VALUE"):
        recorded(client)


def test_a_missing_field_is_named_with_its_module(zoho, client):
    del zoho.world.fields["Leads"]["HADES_Batch_ID"]
    with pytest.raises(ConfigError, match=r"module Leads has no field HADES_Batch_ID.*config/zoho.yaml"):
        queried(client)


@READERS
def test_a_missing_module_is_named(zoho, client, read):
    zoho.world.fields.pop("Leads")
    with pytest.raises(ConfigError, match=r"no module Leads.*config/zoho.yaml"):
        read(client)


@pytest.mark.parametrize("name", ["Leads where", "x;y", "", "Léads", "a.b.c", "1a"])
def test_names_that_cannot_be_api_names_are_never_sent(zoho, client, name):
    for attempt in (
        lambda: list(client.coql(name, FIELDS)),
        lambda: list(client.records("Leads", [name])),
        lambda: client.fields(name),
        lambda: client.count(name),
    ):
        with pytest.raises(ConfigError):
            attempt()
    assert zoho.calls == []


def test_more_than_fifty_fields_are_a_sentence(client):
    with pytest.raises(ConfigError, match="1 to 50 fields"):
        list(client.records("Leads", [f"F{number}" for number in range(51)]))


def test_counts_are_zohos_own(zoho, client):
    leads = add_leads(zoho, 12)
    zoho.world.convert(leads[0])
    both = "(Converted__s = true or Converted__s = false)"
    assert client.count("Leads", where=[both]) == 12
    assert client.count("Leads") == 11
    assert client.count("Deals") == 1
    assert client.count("Deliveries") == 0
    assert client.count_all("Leads") == 11
    zoho.variants.counts_by_query = False
    assert client.count("Leads") is None


@pytest.mark.parametrize("answer", [{}, {"count": None}, {"count": "many"}, {"count": -1}])
def test_a_count_that_is_none_is_none(zoho, client, answer):
    zoho.faults.append(Fault("json", "/actions/count", value=(200, answer)))
    assert client.count_all("Leads") is None


@pytest.mark.parametrize("variants", [Variants(), Variants(nothing_deleted=304)])
def test_deleted_records_come_newest_first_and_once(zoho, client, variants):
    zoho.variants = variants
    leads = add_leads(zoho, 210)
    assert list(client.deleted("Leads", since=zoho.world.now)) == []
    since = zoho.world.now
    for lead in leads[:205]:
        zoho.world.delete("Leads", lead)
    assert set(ids(client.deleted("Leads", since=since))) == set(leads[:205])
    assert ids(client.deleted("Leads", since=zoho.world.now)) == []


def test_more_than_two_thousand_deleted_records_end_there(zoho, client):
    for lead in add_leads(zoho, 2100):
        zoho.world.delete("Leads", lead)
    assert len(ids(client.deleted("Leads"))) == 2000


def test_an_error_wrapped_in_data_is_an_error(zoho, client):
    error = {
        "code": "PATTERN_NOT_MATCHED",
        "details": {"param_name": "type"},
        "message": "no",
        "status": "error",
    }
    zoho.faults.append(Fault("json", "/deleted", value=(400, {"data": [error]})))
    with pytest.raises(Refused, match="PATTERN_NOT_MATCHED"):
        list(client.deleted("Leads"))


def test_metadata_says_modules_fields_and_stages(zoho, client):
    assert {entry["api_name"] for entry in client.modules()} == {"Leads", "Deals", "Deliveries", "Accounts"}
    assert "HADES_Batch_ID" in {entry["api_name"] for entry in client.fields("Leads")}
    zoho.world.stages["Machine placed"] = "Closed Won"
    stages = client.stages()
    assert stages["Machine placed"] == "Closed Won"
    assert stages["Closed Lost"] == "Closed Lost"
    assert stages["Qualification"] == "Open"


def test_costs_are_counted(zoho, client):
    add_leads(zoho, 5)
    list(client.coql("Leads", FIELDS))  # 2,000 rows asked for: 3 credits
    client.count("Leads")  # 1
    list(client.deleted("Leads"))  # 2
    assert (client.calls, client.credits) == (3, 6)
    assert client.server_time == zoho.world.now


def test_a_record_without_an_id_is_handed_on_to_be_listed(zoho, client):
    add_leads(zoho, 5)
    zoho.faults.append(Fault("bad row", on="Leads", times=2))
    for pages in (client.records("Leads", FIELDS), client.coql("Leads", FIELDS)):
        rows = [row for page in pages for row in page]
        assert len(rows) == 5
        assert [row["id"] for row in rows].count(None) == 1


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["City = 'a'", "State = 'b'", "Company = 'c'"]), min_size=1, max_size=8))
def test_any_number_of_criteria_is_paired_as_coql_demands(criteria):
    parsed(f"select id from Leads where {_paired(criteria)}", {"Leads": LEAD_FIELDS})


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives_quoting(text):
    found = parsed(f"select id from Leads where Company = {quoted(text)}", {"Leads": LEAD_FIELDS})
    assert found.meets({"Company": text})


def test_a_moment_is_written_with_its_offset():
    assert moment(datetime(2026, 2, 11, 9, 30, tzinfo=UTC)) == "'2026-02-11T09:30:00+00:00'"


@pytest.mark.prove
def test_a_hundred_thousand_records_pass_in_steady_memory(zoho, tmp_path):
    rng = random.Random(7)
    for number in range(100_000):
        zoho.world.add("Deals", Deal_Name=f"Site {number} {rng.random()}")
    client = open_client(zoho, tmp_path, timeout=(5, 60))
    tracemalloc.start()
    total, peaks = 0, []
    for page in client.coql("Deals", ["Deal_Name", "Stage"]):
        total += len(page)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
    tracemalloc.stop()
    client.close()
    assert total == 100_000
    assert client.calls == 50
    assert peaks[-1] < peaks[4] * 1.5 + 1_000_000
    show(f"100,000 deals in {client.calls} calls, {client.credits} credits; memory {peaks[-1] / 1e6:.1f} MB")
