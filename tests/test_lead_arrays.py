"""Columns as arrays, and sentences about single leads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from icp import Band
from lead_arrays import (
    LeadArrays,
    LeadNotes,
    digits,
    joined,
    number_array,
    text_array,
    text_column,
    whole_column,
)

BANDS = (Band("low", 0, 10, 1), Band("high", 10, None, 2))


def test_columns_are_made_once_and_a_missing_one_is_all_missing() -> None:
    leads = pd.DataFrame(
        {"n": pd.array([5, None, 20], dtype="Int64"), "w": pd.array(["a", None, "a"], dtype="str")}
    )
    known = LeadArrays(leads, {"worked_out": np.array([1.0, 2.0, 3.0])})
    assert np.array_equal(known.number("n"), [5, np.nan, 20], equal_nan=True)
    assert known.number("n") is known.number("n")
    assert known.number("worked_out").tolist() == [1, 2, 3]
    assert np.isnan(known.number("nowhere")).all()
    codes, values = known.codes("w")
    assert (codes.tolist(), values) == ([0, -1, 0], ["a"])
    assert known.codes("nowhere")[0].tolist() == [-1, -1, -1]
    assert known.places("n", BANDS).tolist() == [0, -1, 1]
    assert known.places("n", BANDS) is known.places("n", BANDS)


def test_no_leads() -> None:
    known = LeadArrays(pd.DataFrame({"n": pd.array([], dtype="Int64"), "w": pd.array([], dtype="str")}))
    assert (
        known.number("n").tolist() == known.codes("w")[0].tolist() == known.places("n", BANDS).tolist() == []
    )
    notes = LeadNotes(0)
    notes.flag("never", np.array([], dtype=bool))
    assert len(notes.flagged()) == len(notes.excluded()[1]) == 0


def test_the_first_reason_stands_and_flags_are_joined() -> None:
    notes = LeadNotes(4)
    notes.exclude("first", np.array([True, False, False, False]))
    notes.exclude("second", np.array([True, True, False, False]))
    notes.exclude("for nobody", np.zeros(4, dtype=bool))
    left_out, reasons = notes.excluded()
    assert left_out.tolist() == [True, True, False, False]
    assert reasons.isna().tolist() == [False, False, True, True]
    assert reasons[:2].tolist() == ["first", "second"]
    assert notes.flagged().isna().all()
    notes.flag("a", np.array([False, True, True, False]))
    notes.flag("b", np.array([False, False, True, False]))
    notes.flag("a", np.array([True, False, False, False]))  # said again: the same sentence for more leads
    flags = notes.flagged()
    assert flags[:3].tolist() == ["a", "a", "a; b"]
    assert flags.isna().tolist() == [False, False, False, True]
    assert flags.dtype == "str"


def test_thirty_flags_fit() -> None:
    notes = LeadNotes(2)
    for place in range(30):
        notes.flag(f"flag {place}", np.array([True, place % 2 == 0]))
    assert notes.flagged()[0].count("; ") == 29
    assert notes.flagged()[1].count("; ") == 14


def test_columns_with_missing_values() -> None:
    assert text_column(["x"], np.array([0, -1])).isna().tolist() == [False, True]
    whole = whole_column(np.array([3.0, np.nan]), np.array([False, True]))
    assert str(whole.dtype) == "Int64"
    assert whole[0] == 3
    assert whole.isna().tolist() == [False, True]
    odd = pd.DataFrame({"n": pd.Series([1, None], dtype="object")})
    assert np.array_equal(number_array(odd, "n"), [1, np.nan], equal_nan=True)


def test_values_in_words_are_missing_where_they_are() -> None:
    assert text_array(pd.Series(["02139", None, ""], dtype="str")).to_pylist() == ["02139", None, ""]
    whole = pd.Series([5, None, 5], dtype="Int64")
    assert text_array(whole).to_pylist() == ["5", None, "5"]
    assert text_array(whole, "{}d".format).to_pylist() == ["5d", None, "5d"]
    assert text_array(pd.Series([2.25, np.nan]), "{:.1f}".format).to_pylist() == ["2.2", None]
    assert text_array(pd.Series([], dtype="Int64")).to_pylist() == []


def test_the_digits_of_numbers_however_they_are_written() -> None:
    usual = pd.Series(["(214) 555-0001", None], dtype="str", index=[4, 9])
    assert digits(usual).fillna("none").to_dict() == {4: "2145550001", 9: "none"}
    odd = pd.Series(["+1 214.555.0001 x9", "none", ""], dtype="str")
    assert digits(odd).tolist() == ["121455500019", "", ""]


def test_parts_are_joined_and_missing_ones_left_out() -> None:
    parts = [pd.Series(words, dtype="str") for words in (["a", None, None], ["b", "c", None])]
    assert joined(parts, " ").fillna("none").tolist() == ["a b", "c", "none"]
