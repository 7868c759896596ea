"""Batch IDs: how they are written, and how they are read out of noisy cells, exactly."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_ids import batch_id, find_batch_id, read_batch_ids

ID = "HADES-20260211-001"


@pytest.mark.parametrize(
    "text",
    [
        ID, "hades-20260211-001", "hades 20260211 001", "HADES_20260211_001", "HADES - 20260211 - 001",
        "Batch: HADES-20260211-001 | Score: 85 | Age: 2d", "see\nHADES-20260211-001.", "(HADES-20260211-001)",
        "HADES–20260211–001", "HADES\u00a020260211\u00a0001", "ＨＡＤＥＳ－２０２６０２１１－００１",
        "HADES20260211001", "called twice (hades 20260211 001), no answer.", "HADES-20260211-\n001",
        "Batch:HADES-20260211-001|Score:85",
        "HADES-20260211-001_final", "HADES: 20260211/001", "\ufeffHADES-20260211-001",
    ],
)  # fmt: skip
def test_an_id_is_found_however_it_was_typed(text):
    assert read_batch_ids(text) == [ID]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HADES-20260211-0010", ["HADES-20260211-0010"]),
        ("HADES-20260211-010", ["HADES-20260211-010"]),
        ("HADES-20260211-1001", ["HADES-20260211-1001"]),
        ("HADES-20260211-01", []),
        ("HADES-2026021-001", []),
        ("HADES-20261301-001", []),
        ("HADES-20260230-001", []),
        ("XHADES-20260211-001", []),
        ("HADES-20260211-001A", []),
        ("HADES-120260211-001", []),
        ("SHADES 20260211 001", []),
        ("HADES-20260211-001a", []),
        ("HADES", []),
        ("", []),
    ],
)
def test_a_look_alike_never_passes_for_it(text, found):
    assert read_batch_ids(text) == found
    assert find_batch_id(text) == next(iter(found), None)
    assert ID not in found


def test_several_ids_come_in_order_and_once():
    text = "HADES-20260211-002 then hades 20260211 001, again HADES_20260211_002"
    assert read_batch_ids(text) == ["HADES-20260211-002", ID]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.dates(date(2020, 1, 1), date(2099, 12, 31)),
    st.integers(1, 12_000),
    st.sampled_from(["-", " ", "_", " - ", ": "]),
    st.sampled_from(["", "Batch: ", "note (", "x | "]),
    st.sampled_from(["", " | Score: 85", ")", ".", "\n"]),
    st.booleans(),
)
def test_every_id_survives_a_noisy_cell(day, number, between, before, after, lower):
    canonical = f"HADES-{day:%Y%m%d}-{number:03d}"
    noisy = before + canonical.replace("-", between) + after
    assert read_batch_ids(noisy.lower() if lower else noisy) == [canonical]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_gives_only_ids_that_stand_in_it(text):
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
    found = read_batch_ids(f"{text} HADES-20260211-001")
    assert found[-1:] == ["HADES-20260211-001"]
    for other in found[:-1]:
        date.fromisoformat(f"{other[6:10]}-{other[10:12]}-{other[12:14]}")
        assert other[6:14] + other[15:] in digits


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1, "HADES-20260211-001"),
        (42, "HADES-20260211-042"),
        (999, "HADES-20260211-999"),
        (1000, "HADES-20260211-1000"),
    ],
)
def test_batch_numbers_have_three_digits_and_go_on_past_999(number, shown):
    assert batch_id(date(2026, 2, 11), number) == shown
    assert re.fullmatch(r"HADES-\d{8}-\d{3,}", shown)
    assert find_batch_id(f"Score: 85 | Batch: {shown} | Age: 2d") == shown
