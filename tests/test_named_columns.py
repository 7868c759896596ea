"""What a file's headers mean: by themselves, in any spelling, or because a person said so; and sentences where they do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InputError
from named_columns import (
    FileKind,
    headers_key,
    headers_of,
    places_of_fields,
    read_named_columns,
    same_header,
    shown_headers,
    understand,
    usable_mapping,
)

KIND = FileKind(
    "outcomes", ("batch_id", "company_name", "date"), (("batch_id",), ("company_name",)),
    {"company_name": ("Company", "Firm"), "date": ("Day",)}, own_names=True, ignored=("id",),
)  # fmt: skip
LIST = FileKind(
    "phone list", ("direct_phone", "company_phone"), (("direct_phone", "company_phone"),),
    {"direct_phone": ("Phone", "Number"), "company_phone": ("HQ",)}, several=True, lone="direct_phone",
)  # fmt: skip


def read(text, **own):
    return read_named_columns(text.encode(), "x.csv", KIND, own)


def test_columns_stand_in_any_order_and_case():
    rows = read("Company Name,other,BATCH_ID\nOak Inn,1,HADES-1\n")
    assert rows.rows == [(2, {"company_name": "Oak Inn", "batch_id": "HADES-1"})]
    assert rows.notes == ["Columns not used: other."]
    assert read("batch_id,company_name,id\nx,y,1\n").notes == []
    assert rows.cells("company_name", "date") == ["Oak Inn"]


def test_what_was_read_by_another_header_is_said():
    rows = read("batch,FIRM,day\nHADES-1,Oak Inn,2026-02-12\n", batch_id="Batch")
    assert rows.rows == [(2, {"batch_id": "HADES-1", "company_name": "Oak Inn", "date": "2026-02-12"})]
    assert rows.notes == [
        "Read by other headers: batch_id from 'batch', company_name from 'FIRM', date from 'day'."
    ]


def test_every_row_is_there_read_or_not():
    rows = read('batch_id,company_name\nx,y\nx,"y\n')
    assert rows.read == 2 == len(rows.rows) + len(rows.unreadable)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("batch_id,city\nx,y\n", r"no column for company name \(company_name or Company\)\. Its columns are: batch_id, city"),
        ("batch_id,company_name,Batch ID\nx,y,z\n", "batch id beyond doubt: 'batch_id' and 'Batch ID' all mean it"),
        ("", "x.csv"),
    ],
)  # fmt: skip
def test_what_is_missing_is_a_sentence(text, says):
    with pytest.raises(InputError, match=says):
        read(text)


def test_a_field_s_own_name_beats_what_else_means_it_and_a_person_beats_both():
    headers = ["company_name", "Firm", "batch_id"]
    assert understand(headers, KIND).places == {"batch_id": [2], "company_name": [0]}
    assert understand(headers, KIND).unused == ["Firm"]
    assert understand(headers, KIND, {"company_name": "Firm"}).places["company_name"] == [1]
    assert understand(["Company", "Firm", "batch_id"], KIND).doubtful == {"company_name": ["Company", "Firm"]}
    assert not understand(["Company", "Firm", "batch_id"], KIND).is_enough
    with pytest.raises(InputError, match="no column 'Gone' to read date from"):
        places_of_fields(headers, KIND, {"date": "Gone"}, "x.csv")
    assert understand(headers, KIND, {"date": "Gone"}).is_enough


def test_of_a_list_every_column_of_numbers_is_read_and_a_chosen_one_is_one_more():
    headers = ["Phone", "Number", "Fax", "HQ"]
    assert understand(headers, LIST).places == {"direct_phone": [0, 1], "company_phone": [3]}
    assert understand(headers, LIST, {"direct_phone": "Fax"}).places == {
        "direct_phone": [0, 1, 2],
        "company_phone": [3],
    }
    assert understand(["2145550001"], LIST).places == {"direct_phone": [0]}
    assert understand([], LIST).missing == [LIST.fields]


def test_the_header_row_is_found_below_a_title_whatever_the_headers_are_called():
    text = b"Report of May\n\nFirma;Ort\nOak;Dallas\n"
    assert headers_of(text, "own.csv", KIND) == ["Firma", "Ort"]
    assert headers_of(b"Title,of two\nbatch_id,Firm\nx,y\n", "own.csv", KIND) == ["batch_id", "Firm"]
    rows = read_named_columns(text, "own.csv", KIND, {"batch_id": "Firma", "company_name": "Ort"})
    assert rows.rows == [(4, {"batch_id": "Oak", "company_name": "Dallas"})]


def test_the_key_minds_neither_order_nor_case_nor_blanks_but_the_kind():
    assert headers_key(["Company Name", "ZIP"], "leads") == headers_key(["zip", "", "company  name"], "leads")
    assert headers_key(["Company Name"], "leads") != headers_key(["Company"], "leads")
    assert headers_key(["Company Name"], "leads") != headers_key(["Company Name"], "history")


def test_of_a_remembered_mapping_only_what_fits_is_used():
    mapping = {"company_name": "Firma", "date": "Gone", "colour": "Ort"}
    assert usable_mapping(mapping, ["FIRMA", "Ort"], KIND) == {"company_name": "Firma"}


def test_headers_that_are_data_are_not_repeated():
    assert shown_headers(["Ana", "ana@example.com", "(214) 555-0101"]) == (
        "Ana, (a value, no header), (a value, no header)"
    )
    assert shown_headers([]) == "none"
    assert shown_headers([f"c{i}" for i in range(20)]).endswith("c11 ...")
    assert shown_headers(["x" * 100]) == "x" * 40


def test_headers_are_the_same_in_any_case_and_spacing():
    assert same_header(" Company\u00a0 NAME\n") == "company name"


@given(
    st.lists(st.text(max_size=12), max_size=8),
    st.dictionaries(st.sampled_from(KIND.fields), st.text(max_size=12)),
)
def test_every_header_is_understood_doubtful_unused_or_ignored_and_none_twice(headers, own):
    found = understand(headers, KIND, own)
    read = [place for places in found.places.values() for place in places]
    assert len(read) == len(set(read)) or len(set(own.values())) < len(own)
    assert {headers[place] for place in read} <= set(headers)
    assert not set(found.missing) & {(field,) for field in found.places}
