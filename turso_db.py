"""One database, two places: a file at home (default) or Turso in the cloud, behind the same small interface.

The interface is `Database` in database.py; `connect` opens the right backend and brings its schema up to date.
The local backend switches on what the server has on by default, so the same SQL gives the same answers.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from database import BUMP, Database, Many, Statement, Written, frame_of
from errors import ConfigError, Conflict, HadesError, Refused, Unavailable
from sql_values import Value, to_sql

__all__ = [
    "Database",
    "LocalFile",
    "Many",
    "Statement",
    "Value",
    "Written",
    "connect",
    "migrate",
    "pending_migrations",
]

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_BUSY_SECONDS = 30.0


class LocalFile:
    """A database file on this machine. Safe for many threads and processes; one connection per thread."""

    rows_per_write = 100_000

    def __init__(self, path: Path) -> None:
        self.name = f"local file {path.name}"
        self.round_trips = 0
        self._path = path
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def rows(self, sql: str, args: Sequence[Value] = ()) -> list[dict[str, Value]]:
        """The rows of one SELECT, in order, as dicts. Refused when the SQL is wrong, Unavailable when locked."""
        return self.read([Statement(sql, args)])[0]

    def read(self, statements: Sequence[Statement]) -> list[list[dict[str, Value]]]:
        """The rows of each SELECT, all from one snapshot."""
        connection = self._connection()
        self.round_trips += 1
        try:
            connection.execute("BEGIN")
            try:
                return [_dicts(connection.execute(s.sql, to_sql_row(s.args))) for s in statements]
            finally:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _typed(error, self.name) from error

    def frame(self, sql: str, args: Sequence[Value] = ()) -> pd.DataFrame:
        """The rows of one SELECT as a frame; integers stay exact, no row gives the columns alone."""
        connection = self._connection()
        self.round_trips += 1
        try:
            cursor = connection.execute(sql, to_sql_row(args))
            return frame_of([column[0] for column in cursor.description], cursor.fetchall())
        except sqlite3.Error as error:
            raise _typed(error, self.name) from error

    def stream(
        self, sql: str, args: Sequence[Value] = (), chunk_rows: int = 5000
    ) -> Iterator[list[tuple[Value, ...]]]:
        """The rows of one SELECT in lists of at most `chunk_rows` tuples, with steady memory."""
        connection = self._connection()
        self.round_trips += 1
        try:
            cursor = connection.execute(sql, to_sql_row(args))
            while chunk := cursor.fetchmany(chunk_rows):
                yield chunk
        except sqlite3.Error as error:
            raise _typed(error, self.name) from error

    def write(self, statements: Sequence[Statement | Many], *, bump: bool = True) -> list[Written]:
        """What each statement gave back, after all of them were kept together; on any error none is.

        Conflict when a constraint is broken, Refused when a rule of the schema or the SQL forbids it.
        """
        connection = self._connection()
        self.round_trips += 1
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
        except sqlite3.Error as error:
            raise _typed(error, self.name) from error
        return written

    def close(self) -> None:
        """Nothing; every connection of every thread is closed."""
        with self._lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()
        self._own = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = _open(self._path, self.name)
            self._own.connection = connection
            with self._lock:
                self._opened.append(connection)
        return connection


def connect(
    url: str | None,
    token: str | None = None,
    data_dir: Path = Path("data"),
    *,
    driver: str | None = None,
    migrations_dir: Path = MIGRATIONS,
) -> Database:
    """The database that `url` names, opened and migrated.

    None → `hades.db` in `data_dir`; `file:PATH` → that file; libsql:// or https:// (http:// on loopback) → Turso.
    ConfigError when the address has another form or the database is newer than this code.
    """
    database = _open_backend(url, token, data_dir, driver)
    try:
        migrate(database, migrations_dir)
    except BaseException:
        database.close()
        raise
    return database


def pending_migrations(db: Database, migrations_dir: Path = MIGRATIONS) -> list[str]:
    """The names of the migrations that this code has and the database has not, in order."""
    return [path.name for path in _unapplied(db, migrations_dir)]


def migrate(db: Database, migrations_dir: Path = MIGRATIONS) -> list[str]:
    """The names of the migrations applied by this call, each in one write with its own record.

    Two processes may call it at once: the record comes first in the write, so one of them wins and the other
    sees it applied. ConfigError when the database is newer than the code.
    """
    applied = []
    for path in _unapplied(db, migrations_dir):
        text = path.read_text(encoding="utf-8")
        record = Statement(
            "INSERT INTO schema_migrations (name, sha256, applied_at) VALUES (?, ?, ?)",
            (path.name, _sha256(text), datetime.now(UTC)),
        )
        try:
            db.write([record, *(Statement(sql) for sql in _statements(text))], bump=False)
        except Conflict:
            continue  # another process recorded it first, in the same write as its changes
        applied.append(path.name)
    return applied


def _unapplied(db: Database, migrations_dir: Path) -> list[Path]:
    known = sorted(migrations_dir.glob("[0-9]*.sql"))
    if not db.rows("SELECT 1 AS found FROM sqlite_master WHERE name = 'schema_migrations'"):
        db.write(
            [
                Statement(
                    "CREATE TABLE IF NOT EXISTS schema_migrations "
                    "(name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL)"
                )
            ],
            bump=False,
        )
    applied = {str(row["name"]) for row in db.rows("SELECT name FROM schema_migrations")}
    unknown = sorted(applied - {path.name for path in known})
    if unknown:
        raise ConfigError(
            f"The database ({db.name}) is newer than this code: it already has {', '.join(unknown)}, which this "
            "release does not know. Start the newer release, or name another database."
        )
    return [path for path in known if path.name not in applied]


def _statements(text: str) -> list[str]:
    """The single statements of a migration; a trigger's inner semicolons do not split it."""
    statements, pending = [], ""
    for line in text.splitlines():
        if not pending and (not line.strip() or line.lstrip().startswith("--")):
            continue
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    if pending.strip():
        raise ConfigError("A migration ends in the middle of a statement. Restore the migrations folder.")
    return statements


def _open_backend(url: str | None, token: str | None, data_dir: Path, driver: str | None) -> Database:
    if url is None or url.startswith("file:"):
        path = data_dir / "hades.db" if url is None else Path(url.removeprefix("file:"))
        if not path.name or path.is_dir():
            raise ConfigError(
                "TURSO_DATABASE_URL=file:PATH was expected to name a file. Write file:data/hades.db."
            )
        return LocalFile(path)
    if driver == "libsql-client":
        from turso_libsql_client import for_url as libsql_client_for_url

        adapter: Database = libsql_client_for_url(url, token)
        return adapter
    if driver not in (None, "http"):
        raise ConfigError(f"TURSO_DRIVER is '{driver}'; it was expected to be empty or libsql-client.")
    from turso_http import for_url

    return for_url(url, token)


def _open(path: Path, name: str) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # check_same_thread is off only so that close() may close what other threads opened.
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        _use_wal(connection)
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


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL once; the switch needs the file alone and does not wait by itself."""
    until = time.monotonic() + _BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _run(connection: sqlite3.Connection, statement: Statement | Many) -> Written:
    if isinstance(statement, Many):
        cursor = connection.executemany(statement.sql, map(to_sql_row, statement.rows))
        return Written([], max(cursor.rowcount, 0))
    cursor = connection.execute(statement.sql, to_sql_row(statement.args))
    return Written(_dicts(cursor) if cursor.description else [], max(cursor.rowcount, 0))


def to_sql_row(values: Sequence[Value]) -> list[Value]:
    """The values of one argument row as SQLite takes them."""
    return [value if type(value) in _PLAIN else to_sql(value) for value in values]


_PLAIN = (
    str,
    int,
    type(None),
)  # the common ones need no look; an int out of range is refused by sqlite3 itself


def _dicts(cursor: sqlite3.Cursor) -> list[dict[str, Value]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _typed(error: sqlite3.Error, name: str) -> HadesError:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_CONSTRAINT_TRIGGER"):
        return Refused(f"The database refused a change: {error}.")
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(f"A row with the same key is already there, or one it needs is missing: {error}.")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Unavailable(
            f"The database ({name}) was busy for {_BUSY_SECONDS:.0f} seconds. Try again in a moment."
        )
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


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
