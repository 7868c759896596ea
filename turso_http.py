"""Turso as a Database: every write one request that is kept exactly once, every read one of one snapshot."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, groupby, islice
from operator import itemgetter
from typing import Any, Protocol, TypeVar

import pandas as pd

from database import Many, Statement, Table, Written, frame_of
from errors import Conflict, HadesError, Unavailable
from sql_values import Value
from turso_once import (
    NOTES,
    TABLES,
    Batch,
    chained,
    kept_before,
    reading,
    stmt,
    table_missing,
    write_batch,
    written_before,
)
from turso_patience import repeating
from turso_wire import Lost, Wire, decode_row, typed

__all__ = ["TursoHttp", "for_url"]

T = TypeVar("T")
Part = tuple[int, list[tuple[Any, ...]]]

_PRUNE_EVERY = 64


class AnyWire(Protocol):
    """What TursoHttp asks of the way to the database: a Wire, or a package that stands in for it."""

    @property
    def name(self) -> str:
        """For people; never with a token."""

    @property
    def round_trips(self) -> int:
        """Requests sent so far."""

    def pipeline(self, entries: Sequence[Mapping[str, Any]], /) -> list[Any]:
        """The result of each entry."""

    def cursor(self, steps: Sequence[Mapping[str, Any]], /) -> Iterator[list[dict[str, Any]]]:
        """The entries of a cursor, in lists."""

    def garbled(self) -> Lost:
        """What to raise when an answer is not what the protocol says."""

    def close(self) -> None:
        """Nothing; every connection is closed."""


class TursoHttp:
    """A database behind SQL over HTTP. Safe for many threads; no transaction outlives a request."""

    rows_per_write = 1000

    def __init__(self, wire: AnyWire, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = wire.name
        self._wire = wire
        self._writes = count()
        self._large: set[str] = (
            set()
        )  # SQL whose answer was once too large for one piece: straight to the cursor
        self._again = repeating(sleep)

    @property
    def round_trips(self) -> int:
        """Requests sent so far, repeats included."""
        return self._wire.round_trips

    def rows(self, sql: str, args: Sequence[Value] = ()) -> list[dict[str, Any]]:
        """The rows of one SELECT, in order, as dicts. Refused when the SQL is wrong, Unavailable without an answer."""
        return self._read_one(sql, args).dicts()

    def read(self, statements: Sequence[Statement]) -> list[list[dict[str, Any]]]:
        """The rows of each SELECT, all from one snapshot."""
        return [table.dicts() for table in self.tables(statements)]

    def tables(self, statements: Sequence[Statement]) -> list[Table]:
        """The rows of each SELECT as tuples with the names of their columns, all from one snapshot."""
        if not statements:
            return []
        if len(statements) == 1:  # one statement is a snapshot by itself
            return [self._read_one(*statements[0])]
        steps = chained(["BEGIN", *map(reading, statements), "COMMIT"])
        return self._read("\n".join(s.sql for s in statements), steps)[1:-2]

    def frame(self, sql: str, args: Sequence[Value] = ()) -> pd.DataFrame:
        """The rows of one SELECT as a frame; integers stay exact, no row gives the columns alone."""
        return frame_of(*self._read_one(sql, args))

    def stream(
        self, sql: str, args: Sequence[Value] = (), chunk_rows: int = 5000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of one SELECT in lists of at most `chunk_rows` tuples, with steady memory.

        An answer that breaks off after the first list is Unavailable: what came before it is not the whole.
        """
        for _, part in self.streams([Statement(sql, args)], chunk_rows):
            yield part

    def streams(self, statements: Sequence[Statement], chunk_rows: int = 5000) -> Iterator[Part]:
        """The rows of each SELECT in such lists, each with the place of its SELECT, all from one snapshot."""
        steps = chained(["BEGIN", *map(reading, statements), "COMMIT"])

        def first_part() -> tuple[Part | None, Iterator[Part]]:
            parts = _in_lists(self._cursor(steps), chunk_rows)
            return next(parts, None), parts

        part, parts = self._repeat(first_part)
        try:
            while part is not None:
                yield part
                part = next(parts, None)
        except Lost as lost:
            raise Unavailable(f"{lost.error} Part of the rows had come; none of them may be used.") from lost

    def write(self, statements: Sequence[Statement | Many], *, bump: bool = True) -> list[Written]:
        """What each statement gave back, after all of them were kept together; on any error none is.

        Repeated by itself when the answer is lost, and kept once all the same. Conflict when a constraint is
        broken, Refused when a rule of the schema or the SQL forbids it, Unavailable when it stays open what
        became of it.
        """
        batch = write_batch(
            uuid.uuid4().hex, statements, bump=bump, prune=next(self._writes) % _PRUNE_EVERY == 0
        )
        sent = False

        def attempt() -> list[Written]:
            nonlocal sent
            try:
                return self._write_once(batch)
            except Lost as lost:
                sent = sent or lost.ran
                raise

        try:
            return self._repeat(attempt)
        except HadesError as error:
            if sent and isinstance(error, Unavailable):
                raise Unavailable(
                    f"{error} It is open whether the last change was kept: look before repeating it."
                ) from error
            raise

    def close(self) -> None:
        """Nothing; every connection is closed."""
        self._wire.close()

    def _repeat(self, attempt: Callable[[], T]) -> T:
        """The result of the first attempt that has one; the error of the last where none has."""
        try:
            return self._again(attempt)
        except Lost as lost:
            raise lost.error from lost

    def _read_one(self, sql: str, args: Sequence[Value]) -> Table:
        return self._read(sql, chained([reading(Statement(sql, args))]))[0]

    def _read(self, key: str, steps: Sequence[Mapping[str, Any]]) -> list[Table]:
        """The rows of every step, in one piece where the server allows it, else by cursor."""
        whole = None if key in self._large else self._repeat(lambda: self._read_whole(steps))
        if whole is not None:
            return whole
        self._large.add(key)
        return self._repeat(lambda: self._read_by_cursor(steps))

    def _read_whole(self, steps: Sequence[Mapping[str, Any]]) -> list[Table] | None:
        """The rows of every step, or None when the answer is too large for one piece."""
        with self._understood():
            try:
                return [_table(result) for result in self._results(steps)]
            except _StepError as failed:
                if failed.error.get("code") == "RESPONSE_TOO_LARGE":
                    return None
                raise

    def _read_by_cursor(self, steps: Sequence[Mapping[str, Any]]) -> list[Table]:
        found = [Table([], []) for _ in steps]
        for step, columns, row in self._cursor(steps):
            if row is None:
                found[step] = Table(columns, [])
            else:
                found[step].rows.append(row)
        return found

    def _cursor(
        self, steps: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[int, list[str], tuple[Any, ...] | None]]:
        """Step, its columns and None where a step begins; then step, columns and row for each of its rows."""
        step, columns = -1, list[str]()
        for entries in self._wire.cursor(steps):
            with self._understood():
                for entry in entries:
                    kind = entry["type"]
                    if kind == "row":
                        yield step, columns, decode_row(entry["row"])
                    elif kind == "step_begin":
                        step, columns = entry["step"], [str(column["name"]) for column in entry["cols"]]
                        yield step, columns, None
                    elif kind == "step_error":
                        raise _StepError(step, entry["error"])

    def _write_once(self, batch: Batch) -> list[Written]:
        """What the batch gave back, from this attempt or from an earlier one whose answer was lost."""
        with self._understood():
            try:
                results = self._results(batch.steps)
                written = []
                for places, shape in zip(batch.places, batch.shapes, strict=True):
                    own = [results[place] for place in places]
                    rows = _table(own[0]).dicts() if shape.gives_rows else []
                    written.append(Written(rows, sum(int(result["affected_row_count"]) for result in own)))
                return written
            except _StepError as failed:
                if kept_before(failed.step, failed.error):
                    return self._remembered(batch)
                if table_missing(failed.step, failed.error):
                    # a database that sees its first write from here gets the tables that tokens need
                    self._results(chained(["BEGIN IMMEDIATE", *TABLES, "COMMIT"]))
                    return self._write_once(batch)
                raise

    def _remembered(self, batch: Batch) -> list[Written]:
        """What an earlier attempt gave back: its answer was lost, its notes are in the database."""
        with_rows = [place for place, shape in enumerate(batch.shapes) if shape.gives_rows]
        described = [
            {"type": "describe", "sql": batch.steps[batch.places[place][0]]["stmt"]["sql"]}
            for place in with_rows
        ]
        noted = {"type": "execute", "stmt": stmt(Statement(NOTES, (batch.token,)))}
        with self._understood():
            first, *others = (
                _response(answer)["result"] for answer in self._wire.pipeline([noted, *described])
            )
            names = {
                place: [str(column["name"]) for column in other["cols"]]
                for place, other in zip(with_rows, others, strict=True)
            }
            notes = [(place, column, value) for place, column, value in _table(first).rows]
            written = written_before(batch, notes, names)
        if written is None:
            raise Conflict(
                f"The change was kept by {self.name}, but the answer was lost on the way and cannot be had "
                f"again. "
                "Look at what is there before repeating it."
            )
        return written

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """An error of the server becomes one of the product; an answer that is not the protocol's is garbled."""
        try:
            yield
        except _StepError as failed:
            raise typed(failed.error, self.name) from None
        except (KeyError, TypeError, ValueError) as error:
            raise self._wire.garbled() from error

    def _results(self, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The result of each step, {} for a skipped one; _StepError for the first that failed."""
        if len(steps) == 1:
            (answer,) = self._wire.pipeline([{"type": "execute", "stmt": steps[0]["stmt"]}])
            return [_response(answer)["result"]]
        (answer,) = self._wire.pipeline([{"type": "batch", "batch": {"steps": steps}}])
        result = _response(answer)["result"]
        for step, error in enumerate(result["step_errors"]):
            if error is not None:
                raise _StepError(step, error)
        if len(result["step_results"]) != len(steps):
            raise ValueError
        return [found or {} for found in result["step_results"]]


class _StepError(Exception):
    """The server's error for one step of a request."""

    def __init__(self, step: int, error: Mapping[str, Any]) -> None:
        super().__init__(step)
        self.step, self.error = step, error


def for_url(
    url: str,
    token: str | None,
    *,
    connect_seconds: float = 5.0,
    read_seconds: float = 15.0,
    answer_seconds: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> TursoHttp:
    """The database at `url`: libsql:// or https://, http:// on loopback only; ConfigError for any other
    address.

    `connect_seconds` bounds the connection, `read_seconds` each silence, `answer_seconds` one whole answer (a
    streamed one may take longer). Nothing is sent yet. `sleep` takes the pauses between attempts.
    """
    wire = Wire(
        url, token, connect_seconds=connect_seconds, read_seconds=read_seconds, answer_seconds=answer_seconds
    )
    return TursoHttp(wire, sleep=sleep)


def _response(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The response to one entry of a pipeline; _StepError when the server reports an error in its place."""
    if answer["type"] == "error":
        raise _StepError(-1, answer["error"])
    response: dict[str, Any] = answer["response"]
    return response


def _table(result: Mapping[str, Any]) -> Table:
    columns = [str(column["name"]) for column in result.get("cols", ())]
    return Table(columns, [decode_row(row) for row in result.get("rows", ())])


def _in_lists(found: Iterator[tuple[int, list[str], tuple[Any, ...] | None]], size: int) -> Iterator[Part]:
    rows = ((step, row) for step, _, row in found if row is not None)
    for step, own in groupby(rows, key=itemgetter(0)):
        while part := [row for _, row in islice(own, size)]:
            yield step - 1, part  # the first step is BEGIN
