"""A choice of columns is remembered per set of headers, until another choice replaces it."""

from __future__ import annotations

import pytest
from racing import ANA

from actors import Actor
from column_choices import remember_columns, remembered_columns
from errors import InputError, Refused
from stores import audit, column_choices

HEADERS = ["Firma", "Ort", "PLZ"]


def test_the_last_choice_is_the_whole_choice(db, now):
    remember_columns(
        db, headers=HEADERS, mapping={"company_name": "Firma", "city": "Ort"}, now=now, actor=ANA
    )
    remember_columns(db, headers=HEADERS, mapping={"zip_code": "PLZ"}, now=now, actor=ANA)
    assert remembered_columns(db, headers=["plz", "ort", "firma"]) == {"zip_code": "PLZ"}
    assert remembered_columns(db, headers=["Firma"]) == {}
    assert audit.read_audit(db)["action"].tolist() == ["choose columns"] * 2
    assert column_choices.read_choices(db, headers_sha256="unknown") == {}


@pytest.mark.parametrize("mapping", [{"colour": "Firma"}, {"company_name": "Nowhere"}])
def test_what_is_not_there_is_refused(db, now, mapping):
    with pytest.raises(InputError, match="does not have"):
        remember_columns(db, headers=HEADERS, mapping=mapping, now=now, actor=ANA)
    assert remembered_columns(db, headers=HEADERS) == {}


def test_a_viewer_chooses_nothing(db, now):
    with pytest.raises(Refused):
        remember_columns(db, headers=HEADERS, mapping={}, now=now, actor=Actor("Vic", "viewer"))
