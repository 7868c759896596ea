"""What travels into SQL: every kind of value, its stored form, and the sentences for the others."""

from __future__ import annotations

import enum
import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InputError
from sql_values import ByColumn, to_sql, to_sql_row, to_sql_rows


class Stage(str, enum.Enum):  # noqa: UP042 - the older kind, whose str() is not its value
    OPEN = "open"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (True, 1),
        (False, 0),
        (np.bool_(True), 1),
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (np.int64(2**63 - 1), 2**63 - 1),
        (np.uint8(7), 7),
        (1.5, 1.5),
        (-0.0, -0.0),
        (float("nan"), None),
        (np.float64("nan"), None),
        (np.float32(0.5), 0.5),
        (pd.NA, None),
        (pd.NaT, None),
        (np.datetime64("NaT"), None),
        ("", ""),
        ("Zoë \u2028 \x85 \x00 end", "Zoë \u2028 \x85 \x00 end"),
        (np.str_("text"), "text"),
        (Stage.OPEN, "open"),
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        (date(2026, 2, 11), "2026-02-11"),
        (datetime(2026, 2, 11, 15, 30, tzinfo=UTC), "2026-02-11T15:30:00Z"),
        # 09:30 six hours behind UTC is 15:30 UTC
        (datetime(2026, 2, 11, 9, 30, tzinfo=timezone(timedelta(hours=-6))), "2026-02-11T15:30:00Z"),
        (datetime(2026, 2, 11, 15, 30, 59, 999_999), "2026-02-11T15:30:59Z"),
        (datetime(1, 1, 1), "0001-01-01T00:00:00Z"),
        (pd.Timestamp("2026-02-11 15:30", tz="America/Chicago"), "2026-02-11T21:30:00Z"),
        (np.datetime64("2026-02-11T15:30:00", "ns"), "2026-02-11T15:30:00Z"),
        (np.datetime64("2026-02-11", "D"), "2026-02-11T00:00:00Z"),
    ],
)
def test_stored_forms(value: Any, stored: Any) -> None:
    got = to_sql(value)
    assert got == stored
    assert type(got) is type(stored)


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.5"),
        timedelta(1),
        np.timedelta64(1, "s"),
        [1],
        {"a": 1},
        object(),
        np.array([1]),
        1j,
        Ellipsis,
    ],
)
def test_strange_types_are_named(value: Any) -> None:
    with pytest.raises(TypeError, match=f"A value of type {type(value).__name__} cannot be stored"):
        to_sql(value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, np.uint64(2**63), 10**30])
def test_whole_numbers_beyond_64_bits(value: Any) -> None:
    with pytest.raises(InputError, match="64 bits"):
        to_sql(value)


@pytest.mark.parametrize("value", [float("inf"), -np.inf, np.float32("inf")])
def test_infinite_numbers(value: Any) -> None:
    with pytest.raises(InputError, match="finite"):
        to_sql(value)


def test_half_a_surrogate_pair() -> None:
    with pytest.raises(InputError, match="Unicode"):
        to_sql("caf\udce9")


def test_errors_name_the_place_and_never_the_value() -> None:
    with pytest.raises(TypeError) as strange:
        to_sql_row(["a", 1, Decimal("4111.1111")])
    assert str(strange.value).startswith("Argument 3: A value of type Decimal cannot be stored")
    assert "4111" not in str(strange.value)
    with pytest.raises(InputError) as large:
        to_sql_row([10**30], 7)
    assert str(large.value).startswith("Argument 1 of row 7: ")
    assert "1000" not in str(large.value)


def test_no_arguments() -> None:
    assert to_sql_row(()) == []


@given(
    st.one_of(
        st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_infinity=False), st.text(), st.binary()
    )
)
def test_what_is_stored_comes_back_from_sqlite(value: Any) -> None:
    stored = to_sql(value)
    connection = sqlite3.connect(":memory:")
    (got,) = connection.execute("SELECT ?", (stored,)).fetchone()
    connection.close()
    assert got == stored
    assert type(got) is type(stored)
    assert stored == value or (value != value and stored is None)


@given(st.datetimes())
def test_times_sort_as_text_as_they_do_in_time(at: datetime) -> None:
    later = min(at, datetime(9999, 12, 31)) + timedelta(seconds=1)
    assert str(to_sql(min(at, later))) <= str(to_sql(later))
    assert len(str(to_sql(at))) == len("2026-02-11T15:30:00Z")


def test_many_rows_are_the_same_rows_where_nothing_changes() -> None:
    rows = [("a", 1, 1.5, b"x", None), ("b", 2, float("nan"), b"", None)]
    assert to_sql_rows(rows) is rows
    assert to_sql_rows([]) == []


def test_many_rows_are_converted_by_columns() -> None:
    rows = [("a", np.int64(1), date(2026, 2, 11), True), ("b", None, None, pd.NA)]
    kept = [("a", 1, "2026-02-11", 1), ("b", None, None, None)]
    assert list(to_sql_rows(rows)) == kept
    assert list(to_sql_rows([("a", "b"), (np.str_("c"), None)])) == [("a", "b"), ("c", None)]
    held = ByColumn([list(column) for column in zip(*rows, strict=True)])
    assert list(to_sql_rows(held)) == kept
    assert (len(held), held[1], [*held]) == (2, rows[1], rows)
    plain = ByColumn([["a", "b"], [1, None]])
    assert to_sql_rows(plain) is plain


def test_many_rows_name_the_row_and_the_place() -> None:
    with pytest.raises(InputError, match="Argument 2 of row 3: A finite number"):
        to_sql_rows([("a", 1.0), ("b", 2), ("c", -np.inf)])
    with pytest.raises(TypeError, match="Argument 1 of row 2: A value of type Decimal"):
        to_sql_rows([("a",), (Decimal(1),)])


@given(
    st.lists(
        st.tuples(st.none() | st.text(), st.none() | st.integers(-9, 9) | st.floats() | st.booleans()),
        max_size=5,
    )
)
def test_many_rows_and_single_values_agree(rows: list[tuple[Any, ...]]) -> None:
    def stored(value: Any) -> Any:
        return None if value != value else value  # SQLite itself stores a NaN as NULL

    try:
        expected = [tuple(to_sql_row(row)) for row in rows]
    except InputError:
        with pytest.raises(InputError):
            to_sql_rows(rows)
    else:
        assert [tuple(map(stored, row)) for row in to_sql_rows(rows)] == expected
