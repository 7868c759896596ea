"""Whom not to call: lists are read in any usual form, kept with their day, and asked before an export."""

from __future__ import annotations

import contextlib
import io
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_rows import TODAY, lead_file, lead_row, scored_leads
from racing import ANA

import turso_db
from actors import Actor
from configuration import active_configuration
from errors import InputError, Refused
from export import exported_before, record_export
from icp import read_icp
from lead_columns import read_columns
from preflight import preflight, with_keys
from scripts import load_suppression
from stores import audit, batches
from stores import suppression as store
from suppression import find_suppressed, load_list, retire_list
from suppression_keys import KINDS, barred, read_entries, stale_lists
from vanillasoft import read_back

CONFIG = Path(__file__).resolve().parents[1] / "config"
COLUMNS = read_columns(CONFIG)


def loaded(db, now, content, kind, name="Registry", scrubbed_on=TODAY, actor=ANA):
    return load_list(
        db, content=content, file_name="list.csv", kind=kind, name=name, scrubbed_on=scrubbed_on, columns=COLUMNS,
        today=TODAY, now=now, actor=actor,
    )  # fmt: skip


def planned(db, now, *rows):
    """The plan of these ZoomInfo rows against the lists in force."""
    icp = read_icp(CONFIG)
    file = lead_file(rows, CONFIG)
    scored = scored_leads(file, icp)
    found = find_suppressed(db, leads=scored)
    keyed = with_keys(scored, suppressed=found)
    known = exported_before(db, keyed=keyed, icp=icp, now=now)
    return preflight(file, keyed, icp, exported_before=known, suppressed=found)


def reasons(plan):
    return {row.row_number: (row.kind, row.reason) for row in plan.misses.itertuples()}


@pytest.mark.parametrize(
    ("kind", "content", "keys"),
    [
        ("phone", b"Phone\n(214) 555-0001\n1-214-555-0002\n214 555 0001\n", ["2145550001", "2145550002"]),
        ("phone", b"2145550001\n2145550002\n", ["2145550001", "2145550002"]),  # no header at all
        ("phone", b"Name,Direct Phone Number,Mobile phone\nPat,2145550001,4695550001\n",
         ["2145550001", "4695550001"]),
        ("company", b'Company Name\n"The Oak Inn, LLC"\nElm Mill\n', ["oak inn", "elm mill"]),
        ("company", b"Company Name,Company Zip Code\nOak Inn,2139\n", ["oak inn|02139"]),
        ("company", b"ZoomInfo Company ID,Company Name\n350001.0,Oak Inn\n", ["id:350001"]),
        ("domain", b"Website\nhttps://www.Oak.example.com/about\nElm.example.com\n",
         ["oak.example.com", "elm.example.com"]),
        ("domain", b"oak.example.com\n", ["oak.example.com"]),
        ("domain", b"Email Address\npat@oak.example.com\n", ["oak.example.com"]),
        ("person", b"Email Address\nPat@Example.com\n", ["pat@example.com"]),
        ("person", b"ZoomInfo Contact ID\n-1001\n", ["id:-1001"]),
        ("person", b"First Name,Last Name,Company Name\nPat,Doe,Oak Inn LLC\n", ["pat doe|oak inn"]),
    ],
)  # fmt: skip
def test_a_list_is_read_in_the_form_people_have_it(kind, content, keys):
    assert read_entries(content, "list.csv", kind, COLUMNS).keys == keys


def test_every_row_of_a_list_is_an_entry_a_repetition_or_a_rejection():
    entries = read_entries(
        b"Phone\n2145550001\n12\n2145550001\nnone\n2145550009\n", "list.csv", "phone", COLUMNS
    )
    assert (entries.rows_in, len(entries.keys), entries.repeated) == (5, 2, 1)
    assert entries.rejected == [
        (3, "Expected a phone number of ten digits; this row has none."),
        (5, "Expected a phone number of ten digits; this row has none."),
    ]


@settings(max_examples=40)
@given(st.binary(max_size=300), st.sampled_from(KINDS))
def test_any_bytes_are_a_list_or_a_sentence(content, kind):
    with contextlib.suppress(InputError):
        entries = read_entries(content, "list.csv", kind, COLUMNS)
        assert entries.rows_in >= len(entries.rejected) + entries.repeated


def test_a_workbook_is_a_list_too():
    book = openpyxl.Workbook()
    book.active.append(["Phone"])
    book.active.append([2145550001])
    content = io.BytesIO()
    book.save(content)
    assert read_entries(content.getvalue(), "list.xlsx", "phone", COLUMNS).keys == ["2145550001"]


def test_a_list_without_a_fitting_column_is_refused_with_its_columns():
    with pytest.raises(
        InputError, match=r"no column for a phone number of ten digits\. Its columns are: Colour, Size"
    ):
        read_entries(b"Colour,Size\nred,3\n", "list.csv", "phone", COLUMNS)


@pytest.mark.parametrize(
    ("kind", "content", "what"),
    [
        ("company", b"Company Name\nOak Inn 1\n", "The company"),
        ("company", b"Company Name,ZIP code\nOak Inn 1,75201\n", "The company"),
        ("company", b"ZoomInfo Company ID\n350001\n", "The company"),
        ("domain", b"Website\noak1.example.com\n", "The web domain"),
        ("person", b"Email Address\nPAT1@example.com\n", "The person"),
        ("person", b"ZoomInfo Contact ID\n-1001\n", "The person"),
        ("person", b"First Name,Last Name,Company\nPat,Doe1,Oak Inn 1\n", "The person"),
    ],
)
def test_whoever_is_on_a_list_stays_with_the_list_s_name_and_day(db, now, kind, content, what):
    loaded(db, now, content, kind)
    plan = planned(db, now, lead_row(1), lead_row(2))
    assert reasons(plan) == {2: ("suppressed", f"{what} is on the suppression list Registry of 2026-02-11.")}
    assert plan.counts()["suppressed"] == 1


def test_a_company_at_another_site_is_not_on_the_list(db, now):
    loaded(db, now, b"Company Name,ZIP code\nOak Inn 1,75202\n", "company")
    assert planned(db, now, lead_row(1)).counts()["exported"] == 1


def test_a_listed_number_is_not_dialled_under_any_name_and_the_next_one_is(db, now, config_dir):
    loaded(db, now, b"Phone\n2145550001\n9725550002\n", "phone")
    plan = planned(db, now, lead_row(1), lead_row(2, Direct_Phone_Number="", Mobile_phone=""),
                   lead_row(3, Direct_Phone_Number="2145550001", Company_HQ_Phone="2145550001"))  # fmt: skip
    assert reasons(plan) == {3: ("suppressed", "Every number of this contact is marked do not call.")}
    assert plan.ready["dial_key"].tolist() == ["9725550001", "4695550003"]
    assert "A number is on the suppression list Registry of 2026-02-11." in plan.ready["flags"].iloc[0]
    done = record_export(
        db, preflight=plan, icp=active_configuration(db, config_dir=config_dir, now=now).icp, weight_version=1,
        workflow="intent", parameters={}, today=TODAY, now=now, actor=ANA,
    )  # fmt: skip
    assert b"555-0001" not in done.csv.replace(b"(972) 555-0001", b"").replace(b"(469) 555-0001", b"")
    assert read_back(done.csv)["Business"].tolist() == ["(972) 555-0001", ""]


def test_a_newer_list_replaces_the_one_of_its_name_and_nothing_is_lost(db, now):
    loaded(db, now, b"Phone\n2145550001\n", "phone")
    loaded(db, now, b"Company Name\nElm\n", "company")  # another kind under the same name stands beside it
    loaded(db, now, b"Phone\n2145550002\n", "phone", name="registry")
    assert planned(db, now, lead_row(1)).ready["dial_key"].tolist() == ["2145550001"]
    assert planned(db, now, lead_row(2)).ready["dial_key"].tolist() == ["9725550002"]
    assert len(store.read_lists(db)) == 2
    assert len(store.read_lists(db, in_force=False)) == 3
    assert len(db.rows("SELECT * FROM suppression_entries")) == 3
    assert audit.read_audit(db)["action"].tolist() == ["load suppression list"] * 3


def test_a_retired_list_is_no_longer_asked(db, now):
    loaded(db, now, b"Company Name\nOak Inn 1\n", "company")
    retire_list(db, list_id=1, now=now, actor=ANA)
    assert planned(db, now, lead_row(1)).counts()["exported"] == 1
    with pytest.raises(InputError, match="no suppression list 1 in force"):
        retire_list(db, list_id=1, now=now, actor=ANA)
    with pytest.raises(Refused):
        db.write([turso_db.Statement("DELETE FROM suppression_lists")])


def test_a_scrub_is_stale_after_31_days(db, now):
    for days, name in ((31, "Fresh"), (32, "Old")):
        loaded(db, now, b"Phone\n2145550009\n", "phone", name=name, scrubbed_on=TODAY - timedelta(days=days))
    assert stale_lists(store.read_lists(db), TODAY) == [
        "The suppression list Old was scrubbed 32 days ago, on 2026-01-10."
    ]


def test_an_export_against_a_stale_scrub_asks_first_and_keeps_the_answer(db, now, config_dir):
    loaded(db, now, b"Phone\n2145550009\n", "phone", scrubbed_on=date(2026, 1, 1))
    plan = planned(db, now, lead_row(1))
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    options = {"preflight": plan, "icp": icp, "weight_version": 1, "workflow": "intent", "parameters": {},
               "today": TODAY, "now": now, "actor": ANA}  # fmt: skip
    with pytest.raises(
        Refused, match=r"Registry was scrubbed 41 days ago, on 2026-01-01\. Load a newer one first"
    ):
        record_export(db, **options)
    assert db.rows("SELECT * FROM batch_numbers") == []
    done = record_export(db, **options, accept_stale=True)
    kept = batches.read_batch(db, batch_id=done.batch_id)["parameters"]
    assert "Registry was scrubbed 41 days ago" in kept


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "  "}, "to have a name"),
        ({"scrubbed_on": TODAY + timedelta(days=1)}, "scrub date was expected to be today or earlier"),
        ({"content": b"Phone\nnone\n"}, "has no entry"),
        ({"kind": "colour"}, "one of phone, company, domain, person"),
    ],
)
def test_what_is_no_list_is_refused_and_nothing_is_kept(db, now, change, sentence):
    with pytest.raises(InputError, match=sentence):
        loaded(db, now, **({"content": b"Phone\n2145550001\n", "kind": "phone"} | change))
    assert store.read_lists(db, in_force=False).empty


def test_a_viewer_loads_no_list(db, now):
    with pytest.raises(Refused):
        loaded(db, now, b"Phone\n2145550001\n", "phone", actor=Actor("Vic", "viewer"))


def test_the_script_loads_a_list(config_dir, tmp_path, capsys):
    path = tmp_path / "numbers.csv"
    path.write_text("Phone\n2145550001\n12\n")
    result, text, code = load_suppression.main(
        [
            str(path),
            "--kind",
            "phone",
            "--name",
            "National registry",
            "--scrubbed",
            "2026-02-01",
            "--actor",
            "Ana Ruiz",
        ]
    )
    assert (result, code) == ({"rows_in": 2, "entries": 1, "repeated": 0, "rejected": 1}, 0)
    assert "row 3: Expected a phone number" in text


def test_a_number_on_a_list_takes_no_flag_of_the_file_away():
    numbers = pd.array(["(214) 555-0101", "(214) 555-0102"], dtype="str")
    leads = pd.DataFrame(
        {
            "direct_phone": numbers, "mobile_phone": pd.array([None, None], dtype="str"),
            "company_phone": pd.array([None, None], dtype="str"),
            "direct_do_not_call": pd.array([True, None], dtype="boolean"),
        }
    )  # fmt: skip
    marked = barred(leads, {"2145550102": "On the list."})
    assert marked["direct_do_not_call"].tolist() == [True, True]
