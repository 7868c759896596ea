"""The one interface to the database; LocalFile (turso_db) and TursoHttp (turso_http) both have this shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from sql_values import Value

_EXACT = 2.0**53  # below it every whole number is a float of its own

BUMP = "UPDATE meta SET value = value + 1 WHERE key = 'data_version'"


class Statement(NamedTuple):
    """One SQL statement with its positional `?` arguments."""

    sql: str
    args: Sequence[Value] = ()


class Many(NamedTuple):
    """One statement run once per row of arguments."""

    sql: str
    rows: Sequence[Sequence[Value]]


class Table(NamedTuple):
    """The rows of one SELECT as tuples, with the names of their columns, which stay when there is no row."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """One dict per row."""
        return [dict(zip(self.columns, row)) for row in self.rows]  # noqa: B905 - as long as each other by nature


class Written(NamedTuple):
    """What one statement of a write gave back: its rows (RETURNING, SELECT) and how many it touched."""

    rows: list[dict[str, Any]]
    affected: int


class Database(Protocol):
    """Rows, frames, atomic writes and streamed reads. Every method may be called from any thread."""

    @property
    def name(self) -> str:
        """For people; never with a token."""

    @property
    def rows_per_write(self) -> int:
        """How many rows one write should carry at most."""

    @property
    def round_trips(self) -> int:
        """Calls made so far: what the tests count."""

    def rows(self, sql: str, args: Sequence[Value] = ()) -> list[dict[str, Any]]:
        """The rows of one SELECT."""

    def read(self, statements: Sequence[Statement]) -> list[list[dict[str, Any]]]:
        """The rows of several SELECTs from one snapshot, in one round trip."""

    def tables(self, statements: Sequence[Statement]) -> list[Table]:
        """The same as tuples with the names of their columns."""

    def frame(self, sql: str, args: Sequence[Value] = ()) -> pd.DataFrame:
        """The rows of one SELECT as a frame (see frame_of)."""

    def stream(
        self, sql: str, args: Sequence[Value] = (), chunk_rows: int = 5000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of one SELECT in pieces, with steady memory."""

    def streams(
        self, statements: Sequence[Statement], chunk_rows: int = 5000
    ) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        """The rows of several SELECTs from one snapshot in pieces, each with the place of its SELECT; in order."""

    def write(self, statements: Sequence[Statement | Many], *, bump: bool = True) -> list[Written]:
        """All statements kept together or none; the data version grows in the same transaction."""

    def close(self) -> None:
        """Every connection is closed."""


def frame_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """One row per tuple. Whole numbers stay exact: int64, or Int64 where some are missing.

    Text becomes `str`, reals float64; a column without any value is object and all None.
    """
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns}, columns=list(columns))
    frame = pd.DataFrame(rows if isinstance(rows, list) else list(rows), columns=list(range(len(columns))))
    for place in range(len(columns)):
        # pandas makes floats of whole numbers beside missing ones, and those are exact only up to 2**53
        if frame[place].dtype == "float64" and float not in map(type, map(itemgetter(place), rows)):
            frame.isetitem(place, _whole(frame[place].to_numpy(), place, rows))
    frame.columns = pd.Index(columns)
    return frame


def _whole(floats: np.ndarray, place: int, rows: Sequence[Sequence[Any]]) -> pd.api.extensions.ExtensionArray:
    """The whole numbers of a column as Int64, by way of their floats where those are exact."""
    missing = np.isnan(floats)
    known = np.where(missing, 0.0, floats)
    if np.abs(known).max() < _EXACT:
        return pd.arrays.IntegerArray(known.astype("int64"), missing)
    return pd.array([row[place] for row in rows], dtype="Int64")
