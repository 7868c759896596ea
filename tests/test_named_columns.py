"""A file with named columns: any order and spelling of the headers, and a sentence about what is missing."""

from __future__ import annotations

import pytest

from errors import InputError
from named_columns import read_named_columns

COLUMNS = ("batch_id", "company_name", "date")


def read(text, needed=COLUMNS[:2], **more):
    return read_named_columns(text.encode(), "x.csv", COLUMNS, needed, **more)


def test_columns_stand_in_any_order_and_case():
    rows = read("Company Name,other,BATCH_ID\nOak Inn,1,HADES-1\n")
    assert rows.rows == [(2, {"company_name": "Oak Inn", "other": "1", "batch_id": "HADES-1"})]
    assert rows.notes == ["Columns not used: other."]
    assert read("batch_id,company_name,id\nx,y,1\n", ignored=("id",)).notes == []


def test_every_row_is_there_read_or_not():
    rows = read('batch_id,company_name\nx,y\nx,"y\n')
    assert rows.read == 2 == len(rows.rows) + len(rows.unreadable)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("batch_id,city\nx,y\n", "missing: company_name. It has: batch_id, city"),
        ("batch_id,company_name,Batch ID\nx,y,z\n", "the column batch_id more than once"),
        ("", "x.csv"),
    ],
)
def test_what_is_missing_is_a_sentence(text, says):
    with pytest.raises(InputError, match=says):
        read(text)
