"""frame_of: the same rows give the same frame on every backend, and whole numbers stay exact."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from database import Many, Statement, Written, frame_of


def test_each_kind_of_column() -> None:
    rows = [(1, 1.5, "a", None, 2**63 - 1, b"x", 1), (2, None, None, None, None, None, 2.5)]
    frame = frame_of(list("abcdefg"), rows)
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds == {
        "a": "int64", "b": "float64", "c": "str", "d": "object", "e": "Int64", "f": "object", "g": "float64",
    }  # fmt: skip
    assert frame["e"].tolist()[0] == 2**63 - 1  # a float would have made it 9223372036854775808
    assert frame["e"].isna().tolist() == [False, True]
    assert frame["d"].tolist() == [None, None]


def test_no_row_gives_the_columns_alone() -> None:
    frame = frame_of(["a", "b"], [])
    assert list(frame.columns) == ["a", "b"]
    assert len(frame) == 0


def test_one_row_and_all_missing() -> None:
    assert frame_of(["a"], [(None,)])["a"].tolist() == [None]
    assert frame_of(["a"], [("x",)]).to_dict("records") == [{"a": "x"}]


@pytest.mark.parametrize("number", [0, -7, 2**53 - 1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
def test_whole_numbers_beside_missing_ones_are_exact(number: int) -> None:
    frame = frame_of(["a", "b"], [(number, None), (None, 1), (1, 0.5)])
    assert str(frame["a"].dtype) == "Int64"
    assert frame["a"].tolist()[0] == number
    assert frame["a"].isna().tolist() == [False, True, False]
    assert str(frame["b"].dtype) == "float64"


def test_two_columns_of_one_name_stay_two() -> None:
    frame = frame_of(["a", "a"], ((1, None), (None, 2)))
    assert list(frame.columns) == ["a", "a"]
    assert frame.iloc[0, 0] == 1
    assert frame.iloc[1, 1] == 2


def test_mixed_text_and_numbers_stay_what_they_are() -> None:
    values: list[Any] = ["x", 1, None, b"y"]
    assert frame_of(["a"], [(value,) for value in values])["a"].tolist() == values


def test_rows_of_a_wrong_length_are_an_error() -> None:
    with pytest.raises(ValueError, match="columns passed"):
        frame_of(["a", "b"], [(1,), (2,)])


def test_the_carriers_default_to_no_arguments() -> None:
    assert Statement("SELECT 1").args == ()
    assert Many("INSERT INTO t VALUES (?)", [(1,)]).rows == [(1,)]
    assert Written([], 0) == ([], 0)
    assert isinstance(frame_of(["a"], [(1,)]), pd.DataFrame)
