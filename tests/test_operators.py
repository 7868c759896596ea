"""Operators as a person adds and edits them."""

from __future__ import annotations

import pytest
from racing import ANA

from actors import Actor
from errors import Conflict, InputError, Refused
from operators import save_operator
from stores import audit, operators

KIM = {
    "name": "  Kim   Lee ", "business_name": "Lone Star Vending", "phone": "+1 214.555.0199", "email": "kim@example.com",
    "zip_code": "2139", "website": "lonestar.example.com", "team": "South",
}  # fmt: skip


def saved(db, now, **changes):
    save_operator(db, values=KIM | changes, now=now, actor=ANA)
    return operators.read_operators(db).to_dict("records")


def test_what_is_typed_is_kept_in_one_form(db, now):
    row = saved(db, now)[0]
    assert {name: row[name] for name in KIM} == KIM | {
        "name": "Kim Lee", "phone": "(214) 555-0199", "zip_code": "02139",
    }  # fmt: skip
    entry = audit.read_audit(db).iloc[0]
    assert (entry["action"], entry["subject"], entry["actor"]) == ("add operator", "Kim Lee", "Ana Ruiz")


def test_only_the_name_is_needed(db, now):
    save_operator(db, values={"name": "Kim Lee", "phone": None, "email": ""}, now=now, actor=ANA)
    row = operators.find_operators(db, name="Kim Lee")[0]
    assert [row[name] for name in KIM if name != "name"] == [None] * 6


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "name was expected"),
        ({"name": "N/A"}, "name was expected"),
        ({"zip_code": "7520"}, ""),
        ({"zip_code": "ABC"}, "ZIP code of five digits"),
        ({"phone": "555-0199"}, "phone number of ten digits"),
        ({"email": "kim.example.com"}, "to hold an @"),
    ],
)
def test_a_value_of_the_wrong_form_is_a_sentence(changes, sentence, db, now):
    if not sentence:  # a leading zero lost by a spreadsheet is no mistake
        assert saved(db, now, **changes)[0]["zip_code"] == "07520"
        return
    with pytest.raises(InputError, match=sentence):
        saved(db, now, **changes)
    assert operators.count_operators(db) == 0


def test_one_name_stands_once_per_zip(db, now):
    saved(db, now)
    with pytest.raises(Conflict, match="already an operator with this name and ZIP"):
        saved(db, now, name="KIM LEE", phone="")
    assert len(saved(db, now, zip_code="75201")) == 2


def test_an_edit_changes_the_operator_it_names(db, now):
    first = saved(db, now)[0]
    save_operator(db, values=KIM | {"team": "North"}, now=now, actor=ANA, operator_id=first["id"])
    assert operators.read_operator(db, operator_id=first["id"])["team"] == "North"
    assert operators.count_operators(db) == 1
    with pytest.raises(InputError, match="no operator"):
        save_operator(db, values=KIM, now=now, actor=ANA, operator_id=99)
    assert audit.read_audit(db)["action"].tolist() == ["edit operator", "add operator"]


def test_a_viewer_changes_nothing(db, now):
    with pytest.raises(Refused, match="may not change operators"):
        save_operator(db, values=KIM, now=now, actor=Actor("Vic", "viewer"))
