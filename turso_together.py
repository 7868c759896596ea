"""Several readers of stores answered together: as many round trips as the longest chain of questions, usually one.

A round trip to a database across a network costs more than most answers. Each reader runs against a database that
knows the answers so far; what it asks beyond them is collected from all readers, sent as one read of one snapshot,
and the readers run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd

from database import Database, Many, Statement, Table, Written, frame_of
from errors import Refused
from sql_values import Value, to_sql_row

__all__ = ["read_together"]

_MOST_ROUNDS = 8  # a reader that asks something new each time it runs is left to the database itself
Key = tuple[str, tuple[tuple[type, Any], ...]]


def read_together(db: Database, readers: Sequence[Callable[[Database], Any]]) -> list[Any]:
    """What each reader gives, in order; statements that do not wait for each other share a round trip.

    A reader takes the database and only reads: Refused when it writes, and its own error is raised as it is. It may
    run several times, so it must ask the same again where the answers are the same. None gives an empty list and
    asks nothing.
    """
    results: dict[int, Any] = {}
    answers: dict[Key, Table] = {}
    for _ in range(_MOST_ROUNDS):
        asked: dict[Key, Statement] = {}
        for place, reader in enumerate(readers):
            if place not in results:
                try:
                    results[place] = reader(_Known(db, answers, asked))
                except _Unanswered:
                    continue
        if not asked:
            break
        answers.update(zip(asked, db.tables(list(asked.values())), strict=True))
    return [results[place] if place in results else reader(db) for place, reader in enumerate(readers)]


class _Unanswered(Exception):
    """A reader asked what is not known yet."""


class _Known:
    """A database as far as it was asked; a question without an answer is noted and ends the reader's run."""

    def __init__(self, db: Database, answers: dict[Key, Table], asked: dict[Key, Statement]) -> None:
        self._db, self._answers, self._asked = db, answers, asked
        self.name, self.rows_per_write = db.name, db.rows_per_write

    @property
    def round_trips(self) -> int:
        return self._db.round_trips

    def rows(self, sql: str, args: Sequence[Value] = ()) -> list[dict[str, Any]]:
        return self.read([Statement(sql, args)])[0]

    def read(self, statements: Sequence[Statement]) -> list[list[dict[str, Any]]]:
        return [table.dicts() for table in self.tables(statements)]

    def tables(self, statements: Sequence[Statement]) -> list[Table]:
        keys = [_key(statement) for statement in statements]
        missing = {key: s for key, s in zip(keys, statements, strict=True) if key not in self._answers}
        if missing:
            self._asked.update(missing)
            raise _Unanswered
        return [self._answers[key] for key in keys]

    def frame(self, sql: str, args: Sequence[Value] = ()) -> pd.DataFrame:
        (table,) = self.tables([Statement(sql, args)])
        return frame_of(table.columns, table.rows)

    def stream(
        self, sql: str, args: Sequence[Value] = (), chunk_rows: int = 5000
    ) -> Iterator[list[tuple[Any, ...]]]:
        return self._db.stream(sql, args, chunk_rows)  # too large to be kept for another run

    def streams(
        self, statements: Sequence[Statement], chunk_rows: int = 5000
    ) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        return self._db.streams(statements, chunk_rows)

    def write(self, statements: Sequence[Statement | Many], *, bump: bool = True) -> list[Written]:
        raise Refused("A reading was expected, but a reader changes data. Call it outside of the reading.")

    def close(self) -> None:
        """Nothing; the database belongs to the caller."""


def _key(statement: Statement) -> Key:
    """The statement with its arguments as SQL sees them: 1 and 1.0 differ, missing ones are one."""
    return statement.sql, tuple((type(value), value) for value in to_sql_row(statement.args))
