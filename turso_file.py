"""A database file on this machine behind the Database interface, with the server's own rules switched on.

The standard library's sqlite3 is the only library that may open the file while the product runs: two SQLite
libraries on one live file in one process tear each other's reads.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from database import BUMP, Many, Statement, Table, Written, frame_of
from errors import ConfigError, Conflict, HadesError, Refused, Unavailable
from sql_values import Value, to_sql_row, to_sql_rows

__all__ = ["LocalFile"]

_BUSY_SECONDS = 30.0
_MOST_REFUSALS = 10  # of the write-ahead log; one that another process is just switching may answer so once
_CHUNK_TYPES = frozenset((str, int, type(None)))  # what goes to SQLite as it is, without a look at the value
# What the server has not, or answers otherwise; SQL that needs it would run here and fail there.
_ABSENT = frozenset(
    ("pow", "power", "mod", "trunc", "log2", "floor", "ceil", "ceiling", "load_extension", "readfile")
)
_DENIED = frozenset(
    (
        sqlite3.SQLITE_ATTACH,  # VACUUM attaches, too
        sqlite3.SQLITE_DETACH,
        sqlite3.SQLITE_ANALYZE,
        sqlite3.SQLITE_CREATE_TEMP_TABLE,
        sqlite3.SQLITE_CREATE_TEMP_VIEW,
        sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
        sqlite3.SQLITE_CREATE_TEMP_INDEX,
    )
)
_STATE = frozenset(
    ("journal_mode", "synchronous", "cache_size", "busy_timeout", "locking_mode", "query_only", "wal_checkpoint",
     "optimize")
)  # fmt: skip


class LocalFile:
    """A database file on this machine. Safe for many threads and processes.

    A call borrows a connection and gives it back, so there are never more than calls at one time, however
    many threads come and go.
    """

    rows_per_write = 100_000

    def __init__(self, path: Path) -> None:
        self.name = f"local file {path.name}"
        self._path = path
        self._readers: deque[sqlite3.Connection] = deque()
        self._writers: deque[sqlite3.Connection] = deque()
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # threads queue here: SQLite's own waiting is a lottery
        self._trips = 0
        self._closings = 0  # a connection borrowed before a close() is closed when it comes back

    @property
    def round_trips(self) -> int:
        """Calls made so far."""
        return self._trips

    def rows(self, sql: str, args: Sequence[Value] = ()) -> list[dict[str, Any]]:
        """The rows of one SELECT, in order, as dicts. Refused when the SQL is wrong or changes something."""
        closings = self._closings
        connection = self._reader()
        try:
            cursor = connection.execute(sql, _arguments(args))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row)) for row in cursor.fetchall()]  # noqa: B905 - as long as each other by nature
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            self._fail(error, [Statement(sql, args)])
        finally:
            self._back(self._readers, connection, closings)

    def read(self, statements: Sequence[Statement]) -> list[list[dict[str, Any]]]:
        """The rows of each SELECT, all from one snapshot."""
        return [table.dicts() for table in self.tables(statements)]

    def tables(self, statements: Sequence[Statement]) -> list[Table]:
        """The rows of each SELECT as tuples with the names of their columns, all from one snapshot."""
        closings = self._closings
        connection = self._reader()
        try:
            connection.execute("BEGIN")
            try:
                return [_table(connection.execute(sql, _arguments(args))) for sql, args in statements]
            finally:
                connection.execute("COMMIT")
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            self._fail(error, statements)
        finally:
            self._back(self._readers, connection, closings)

    def frame(self, sql: str, args: Sequence[Value] = ()) -> pd.DataFrame:
        """The rows of one SELECT as a frame; integers stay exact, no row gives the columns alone."""
        closings = self._closings
        connection = self._reader()
        try:
            return frame_of(*_table(connection.execute(sql, _arguments(args))))
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            self._fail(error, [Statement(sql, args)])
        finally:
            self._back(self._readers, connection, closings)

    def stream(
        self, sql: str, args: Sequence[Value] = (), chunk_rows: int = 5000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of one SELECT in lists of at most `chunk_rows` tuples, with steady memory."""
        for _, chunk in self.streams([Statement(sql, args)], chunk_rows):
            yield chunk

    def streams(
        self, statements: Sequence[Statement], chunk_rows: int = 5000
    ) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
        """The rows of each SELECT in such lists, each with the place of its SELECT, all from one snapshot."""
        closings = self._closings
        connection = self._reader()
        cursor = connection.cursor()
        try:
            cursor.execute("BEGIN")
            for place, (sql, args) in enumerate(statements):
                cursor.execute(sql, _arguments(args))
                while chunk := cursor.fetchmany(chunk_rows):
                    yield place, chunk
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            self._fail(error, statements)
        finally:
            cursor.close()
            if connection.in_transaction:
                connection.execute("COMMIT")
            self._back(self._readers, connection, closings)

    def write(self, statements: Sequence[Statement | Many], *, bump: bool = True) -> list[Written]:
        """What each statement gave back, after all of them were kept together; on any error none is.

        Conflict when a constraint is broken, Refused when a rule of the schema or the SQL forbids it.
        """
        if not self._writing.acquire(timeout=_BUSY_SECONDS):
            raise _busy(self.name)
        try:
            return self._write(statements, bump=bump)
        finally:
            self._writing.release()

    def _write(self, statements: Sequence[Statement | Many], *, bump: bool) -> list[Written]:
        closings = self._closings
        connection = self._writer()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                written = [_run(connection, statement) for statement in statements]
                if bump:
                    connection.execute(BUMP)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
            self._fail(error, statements, reading=False)
        finally:
            self._back(self._writers, connection, closings)
        return written

    def close(self) -> None:
        """Nothing; every connection is closed, a borrowed one when its call ends."""
        with self._lock:
            self._closings += 1
            for idle in (self._readers, self._writers):
                while idle:
                    idle.pop().close()

    def _reader(self) -> sqlite3.Connection:
        with self._lock:
            self._trips += 1
            if self._readers:
                return self._readers.pop()
        connection = _open(self._path, self.name)
        connection.execute("PRAGMA query_only = ON")
        connection.set_authorizer(_as_on_the_server)
        return connection

    def _writer(self) -> sqlite3.Connection:
        with self._lock:
            self._trips += 1
            if self._writers:
                return self._writers.pop()
        connection = _open(self._path, self.name)
        connection.set_authorizer(_as_on_the_server)
        return connection

    def _back(self, idle: deque[sqlite3.Connection], connection: sqlite3.Connection, closings: int) -> None:
        if closings == self._closings:
            idle.append(connection)
        else:
            connection.close()

    def _fail(
        self, error: Exception, statements: Sequence[Statement | Many], *, reading: bool = True
    ) -> NoReturn:
        """Raise the error of the product. A value that SQLite could not take is named by its place."""
        if reading and getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY":
            raise Refused(
                "A reading was expected, but the statement changes data. Use write for it."
            ) from error
        if not isinstance(error, sqlite3.Error | sqlite3.Warning):
            for statement in statements:
                for number, row in enumerate(statement.rows if isinstance(statement, Many) else (), 1):
                    to_sql_row(row, number)
                if isinstance(statement, Statement):
                    to_sql_row(statement.args)
        raise _typed(error, self.name) from error


def _arguments(args: Sequence[Value]) -> Sequence[Any]:
    return args if _CHUNK_TYPES.issuperset(map(type, args)) else to_sql_row(args)


def _run(connection: sqlite3.Connection, statement: Statement | Many) -> Written:
    if isinstance(statement, Many):
        cursor = connection.executemany(statement.sql, to_sql_rows(statement.rows))
        return Written([], max(cursor.rowcount, 0))
    cursor = connection.execute(statement.sql, _arguments(statement.args))
    rows = _table(cursor).dicts() if cursor.description else []
    return Written(rows, max(cursor.rowcount, 0))


def _table(cursor: sqlite3.Cursor) -> Table:
    return Table([column[0] for column in cursor.description or ()], cursor.fetchall())


def _open(path: Path, name: str) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One thread at a time uses a connection, but not always the same one.
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        _use_wal(connection, name)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")
    except sqlite3.Error as error:
        raise _typed(error, name) from error
    except OSError as error:
        raise ConfigError(
            f"The folder of the database ({name}) cannot be made or entered: {error.strerror}. "
            "Check its permissions or set HADES_DATA_DIR."
        ) from error
    switch = getattr(connection, "setconfig", None)
    if switch is not None:  # Python 3.12 on: text in double quotes is a name, as on the server
        switch(getattr(sqlite3, "SQLITE_DBCONFIG_DQS_DML"), False)  # noqa: B009
        switch(getattr(sqlite3, "SQLITE_DBCONFIG_DQS_DDL"), False)  # noqa: B009
    return connection


def _use_wal(connection: sqlite3.Connection, name: str) -> None:
    """Switch to WAL once; the switch needs the file alone and does not wait by itself.

    A file system that cannot hold the log's shared memory is answered with the old mode and no error: it never will.
    """
    until = time.monotonic() + _BUSY_SECONDS
    refusals = 0
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                return
            refusals += 1
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
        if refusals > _MOST_REFUSALS:
            connection.close()
            raise ConfigError(
                f"The database ({name}) lies where SQLite can keep no write-ahead log, as on many network drives. "
                "Put it on a disk of this machine: set HADES_DATA_DIR or TURSO_DATABASE_URL."
            )
        time.sleep(0.02)


def _as_on_the_server(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Whether a statement may be prepared: what the server refuses is refused here, so that nothing works
    only at home.
    """
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (second or "").lower() in _ABSENT else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        changes = (first or "").lower() in _STATE and (
            second is not None or first in ("optimize", "wal_checkpoint")
        )
        return sqlite3.SQLITE_DENY if changes else sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY if action in _DENIED else sqlite3.SQLITE_OK


def _typed(error: Exception, name: str) -> HadesError:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_CONSTRAINT_TRIGGER"):
        return Refused(f"The database refused a change: {error}.")
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(f"A row with the same key is already there, or one it needs is missing: {error}.")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy(name)
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return Unavailable(f"The disk of the database ({name}) is full or fails. Make room, then try again.")
    if code.startswith(
        ("SQLITE_CANTOPEN", "SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_READONLY", "SQLITE_PERM")
    ):
        return ConfigError(
            f"The database ({name}) cannot be opened for writing: {error}. "
            "Check the path and its permissions, or restore the file from a backup."
        )
    return Refused(f"The database did not accept a statement: {error}.")


def _busy(name: str) -> Unavailable:
    return Unavailable(
        f"The database ({name}) was busy for {_BUSY_SECONDS:.0f} seconds. Try again in a moment."
    )
