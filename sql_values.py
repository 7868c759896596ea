"""What may travel into SQL, and how: the same values for the local file and for the server."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from errors import InputError

Value = Any  # what to_sql takes; None, int, float, str or bytes after it
SqlValue = int | float | str | bytes | None

_AS_THEY_ARE = {str, int, float, bytes, type(None)}  # a NaN is stored as NULL by SQLite itself
_LEAST, _MOST = -(2**63), 2**63 - 1


class ByColumn(Sequence[Sequence[Value]]):
    """Many rows held by their columns, so that a hundred thousand are handed on without being turned around."""

    def __init__(self, columns: Sequence[Sequence[Value]]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return zip(*self.columns, strict=True)

    def __getitem__(self, place: Any) -> Any:
        return [*self][place]


def to_sql(value: Value) -> SqlValue:
    """`value` as SQLite stores it.

    None, NaN, NA and NaT → NULL; bool → 0 or 1; NumPy scalars → their Python value; an aware datetime → ISO
    text in UTC (2026-02-11T15:30:00Z, whole seconds), a naive one is taken as UTC, as the product keeps all
    times; a date → 2026-02-11. TypeError for anything else. InputError for a whole number beyond 64 bits, an
    infinite number, and text that is no Unicode (half of a surrogate pair). No message quotes the value.
    """
    kind = type(value)
    if value is None:
        return None
    if kind is str:
        return value if value.isascii() else _unicode(value)
    if kind is int:
        return _int64(value)
    if kind is float:
        return _finite(value)
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)  # its own item() is a bare number of nanoseconds
        if value is pd.NaT:
            return None
    elif isinstance(value, np.generic) and not isinstance(value, np.timedelta64):
        value = value.item()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, str):
        return _unicode(str.__str__(value))
    if isinstance(value, int):  # bool is one
        return _int64(int(value))
    if isinstance(value, float):
        return _finite(float(value))
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return f"{aware:%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(
        f"A value of type {kind.__name__} cannot be stored; expected None, bool, int, float, str, bytes, "
        f"date or "
        "datetime."
    )


def to_sql_row(values: Sequence[Value], row: int | None = None) -> list[SqlValue]:
    """One row of arguments through to_sql; an error also names the place of the argument, counted from 1.

    `row` is the number of the row among many, named in the error too.
    """
    try:
        return [to_sql(value) for value in values]
    except (TypeError, InputError) as error:
        place = next(index for index, value in enumerate(values, 1) if not _storable(value))
        where = f"Argument {place}" if row is None else f"Argument {place} of row {row}"
        raise type(error)(f"{where}: {error}") from None


def to_sql_rows(rows: Sequence[Sequence[Value]]) -> Iterable[Sequence[Any]]:
    """Many rows of arguments, looked through by columns, which is fast; the same rows where nothing changes.

    Whole numbers beyond 64 bits and broken Unicode are left to the database library, which refuses them.
    """
    try:
        columns = list(rows.columns if isinstance(rows, ByColumn) else zip(*rows, strict=True))
    except ValueError:  # rows of different lengths: the database says so
        return [to_sql_row(row, number) for number, row in enumerate(rows, 1)]
    changed = False
    for place, column in enumerate(columns):
        if type(column[0]) is str:
            try:
                "".join(column)  # the quickest way to see that all are text
            except TypeError:
                pass
            else:
                continue
        kinds = set(map(type, column))
        if kinds <= _AS_THEY_ARE and not (float in kinds and (math.inf in column or -math.inf in column)):
            continue
        try:
            columns[place] = tuple([to_sql(value) for value in column])
        except (TypeError, InputError):
            return [to_sql_row(row, number) for number, row in enumerate(rows, 1)]  # which names the place
        changed = True
    return ByColumn(columns) if changed else rows


def _storable(value: Value) -> bool:
    try:
        to_sql(value)
    except (TypeError, InputError):
        return False
    return True


def _int64(value: int) -> int:
    if not _LEAST <= value <= _MOST:
        raise InputError("A whole number of at most 64 bits was expected, but a larger one came. Shorten it.")
    return value


def _finite(value: float) -> float | None:
    if math.isinf(value):
        raise InputError("A finite number was expected, but an infinite one came. Leave it out or mend it.")
    return None if math.isnan(value) else value


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(
            "Unicode text was expected, but half of a surrogate pair came. Save it as UTF-8."
        ) from None
    return text
