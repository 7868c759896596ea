"""Company names taken apart: what is read over, and what keeps branches and namesakes apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from company_names import read_company_names


def main_name(text):
    return read_company_names(text)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Harbor Inn", "HARBOR INN, L.L.C."),
        ("Harbor Inn", "The Harbor Inn Inc."),
        ("Smith & Sons", "Smith and Sons Co"),
        ("Café Olé", "Cafe Ole"),
        ("A. O. Smith", "SMITH A O CORP"),
        ("McDonald's", "MCDONALDS CORP"),
        ("W.W. Grainger", "W. W. GRAINGER, INC."),
        ("Intl Mfg Svcs", "International Manufacturing Services"),
        ("St. Mary's Hosp", "Saint Marys Hospital"),
        ("1st Baptist Sch", "First Baptist School"),
        ("Brown–Forman", "BROWN FORMAN CORP"),
        ("Walt Disney Company (The)", "Walt Disney Co"),
        ("Store No. 012", "Store 12"),
    ],
)
def test_what_is_read_over(one, other):
    assert main_name(one).key == main_name(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Harbor Inn #12", "Harbor Inn #14"),
        ("Income Fund II", "Income Fund III"),
        ("Harbor Inn", "Harbor Hotel"),
        ("84 Lumber", "Lumber"),
        ("Banco Santander (Brasil)", "Banco Santander"),
    ],
)
def test_what_is_not(one, other):
    assert main_name(one).key != main_name(other).key


def test_a_dba_is_two_names():
    for text in ("Smith Hospitality LLC dba Harbor Inn", "Smith Hospitality LLC, d/b/a Harbor Inn",
                 "Smith Hospitality D.B.A. Harbor Inn", "Smith Hospitality doing business as Harbor Inn"):  # fmt: skip
        keys = [name.key for name in read_company_names(text)]
        assert keys == ["hospitality smith", "harbor inn"], text


def test_place_legal_form_and_numbers_are_kept_apart():
    name = main_name("FIRST BANCORP /NC/")
    assert (name.words, name.place) == (("first", "bancorp"), "nc")
    name = main_name("Plum Acquisition Corp. III")
    assert (name.words, name.numbers, name.legal) == (("plum", "acquisition"), {"3"}, "corp")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The The", ("the", "the")),
        ("Company", ("company",)),
        ("Limited Brands", ("limited", "brand")),
        ("3M", ("3m",)),
    ],
)
def test_a_name_of_nothing_else_keeps_its_words(text, words):
    assert main_name(text).words == words


@pytest.mark.parametrize("text", ["", "   ", "---", "&", "()", "'"])
def test_a_text_without_letters_or_digits_is_no_name(text):
    assert [name.words for name in read_company_names(text) if name.key] in ([], [("and",)])


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(max_size=50))
def test_any_text_is_taken_apart_and_case_changes_nothing(text):
    keys = [name.key for name in read_company_names(text)]
    if text.isascii():
        assert keys == [name.key for name in read_company_names(text.upper())]
        assert keys == [name.key for name in read_company_names(f"  {text}  ")]
