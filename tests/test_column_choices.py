"""A choice of columns is remembered per set of headers, until another choice replaces it."""

from __future__ import annotations

import pytest
from racing import ANA

from actors import Actor
from column_choices import remember_columns, remembered_columns
from errors import InputError, Refused
from lead_columns import lead_kind
from outcome_reading import history_kind
from stores import audit, column_choices

HEADERS = ["Firma", "Ort", "PLZ"]
KIND = lead_kind({})


def test_the_last_choice_is_the_whole_choice(db, now):
    remember_columns(
        db, kind=KIND, headers=HEADERS, mapping={"company_name": "Firma", "city": "Ort"}, now=now, actor=ANA
    )
    remember_columns(db, kind=KIND, headers=HEADERS, mapping={"zip_code": "PLZ"}, now=now, actor=ANA)
    assert remembered_columns(db, kind=KIND, headers=["plz", "ort", "firma"]) == {"zip_code": "PLZ"}
    assert remembered_columns(db, kind=KIND, headers=["Firma"]) == {}
    assert audit.read_audit(db).empty  # the import that reads by it tells of it, once
    assert db.rows("SELECT chosen_by, field FROM column_choices") == [
        {"chosen_by": ANA.name, "field": "zip_code"}
    ]
    assert column_choices.read_choices(db, headers_sha256="unknown") == {}


@pytest.mark.parametrize("mapping", [{"colour": "Firma"}, {"company_name": "Nowhere"}])
def test_what_is_not_there_is_refused(db, now, mapping):
    with pytest.raises(InputError, match="does not have"):
        remember_columns(db, kind=KIND, headers=HEADERS, mapping=mapping, now=now, actor=ANA)
    assert remembered_columns(db, kind=KIND, headers=HEADERS) == {}


def test_a_viewer_chooses_nothing(db, now):
    with pytest.raises(Refused):
        remember_columns(db, kind=KIND, headers=HEADERS, mapping={}, now=now, actor=Actor("Vic", "viewer"))


def test_the_same_headers_in_another_kind_of_file_are_another_choice(db, now):
    remember_columns(
        db, kind=KIND, headers=HEADERS, mapping={"company_name": "Firma", "city": "Ort"}, now=now, actor=ANA
    )
    history = history_kind()
    assert remembered_columns(db, kind=history, headers=HEADERS) == {}
    remember_columns(db, kind=history, headers=HEADERS, mapping={"outcome": "Ort"}, now=now, actor=ANA)
    assert remembered_columns(db, kind=history, headers=HEADERS) == {"outcome": "Ort"}
    assert remembered_columns(db, kind=KIND, headers=HEADERS) == {"company_name": "Firma", "city": "Ort"}


@pytest.mark.parametrize("value", ["pat@example.com", "(214) 555-0101"])
def test_a_value_in_the_place_of_a_header_is_not_kept(db, now, value):
    with pytest.raises(InputError, match="row of headers above the list") as refused:
        remember_columns(
            db, kind=KIND, headers=[value, "x"], mapping={"company_name": value}, now=now, actor=ANA
        )
    assert value not in str(refused.value)
    assert db.rows("SELECT * FROM column_choices") == []
