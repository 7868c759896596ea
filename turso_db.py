"""One database, two places: a file at home (default) or Turso in the cloud, behind the same small interface.

The interface is `Database` in database.py; `connect` opens the right backend and brings its schema up to
date. The local backend (turso_file) switches on what the server (turso_http) has on by default, so the same
SQL gives the same answers.
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from database import Database, Many, Statement, Table, Written
from errors import ConfigError, Conflict
from sql_values import ByColumn, Value
from turso_copy import UNFINISHED
from turso_file import LocalFile
from turso_together import read_together

__all__ = [
    "ByColumn",
    "Database",
    "LocalFile",
    "Many",
    "Statement",
    "Table",
    "Value",
    "Written",
    "applied_migrations",
    "connect",
    "migrate",
    "open_database",
    "pending_migrations",
    "read_together",
]

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_RECORDS = (
    "CREATE TABLE IF NOT EXISTS schema_migrations "
    "(name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL)"
)


def connect(
    url: str | None,
    token: str | None = None,
    data_dir: Path = Path("data"),
    *,
    driver: str | None = None,
    migrations_dir: Path = MIGRATIONS,
) -> Database:
    """The database that `url` names, opened and migrated.

    None → `hades.db` in `data_dir`; `file:PATH` → that file; libsql:// or https:// (http:// on loopback) →
    Turso. ConfigError when the address has another form or the database is newer than this code.
    """
    database = open_database(url, token, data_dir, driver=driver)
    try:
        migrate(database, migrations_dir)
    except BaseException:
        database.close()
        raise
    return database


def pending_migrations(db: Database, migrations_dir: Path = MIGRATIONS) -> list[str]:
    """The names of the migrations that this code has and the database has not, in order. Changes nothing.

    ConfigError when the database has one that the code has not, has it with another text, or lacks an earlier
    one.
    """
    return [path.name for path in _unapplied(db, migrations_dir)]


def applied_migrations(db: Database) -> list[dict[str, Value]]:
    """One dict per migration the database has, in order: name, sha256, applied_at. Empty for a new
    database.
    """
    names = "SELECT name FROM sqlite_master WHERE name IN ('schema_migrations', ?)"
    found = {row["name"] for row in db.rows(names, (UNFINISHED,))}
    if UNFINISHED in found:
        raise ConfigError(
            f"A copy into this database ({db.name}) is not finished. Run the same scripts.copy_database "
            f"again, or "
            "name another database."
        )
    if not found:
        return []
    return db.rows("SELECT name, sha256, applied_at FROM schema_migrations ORDER BY name")


def migrate(db: Database, migrations_dir: Path = MIGRATIONS) -> list[str]:
    """The names of the migrations applied by this call, each in one write with its own record.

    Two processes may call it at once: the record comes first in the write, so one of them wins and the other
    sees it applied. ConfigError as for pending_migrations, and then nothing is changed.
    """
    pending = _unapplied(db, migrations_dir)
    if pending and pending[0] == _known(migrations_dir)[0]:
        db.write([Statement(_RECORDS)], bump=False)
    applied = []
    for path in pending:
        text = _text(path)
        record = Statement(
            "INSERT INTO schema_migrations (name, sha256, applied_at) VALUES (?, ?, ?)",
            (path.name, _sha256(text), datetime.now(UTC)),
        )
        try:
            db.write([record, *(Statement(sql) for sql in _statements(text))], bump=False)
        except Conflict:
            if path.name not in {row["name"] for row in applied_migrations(db)}:
                raise  # the data broke a rule of the new schema: nobody else applied it
            continue  # another process recorded it first, in the same write as its changes
        applied.append(path.name)
    return applied


def _known(migrations_dir: Path) -> list[Path]:
    found = sorted(migrations_dir.glob("[0-9]*.sql"))
    if not found:
        raise ConfigError(
            "The folder of the migrations is empty or missing. Restore migrations/ from the release."
        )
    return found


def _unapplied(db: Database, migrations_dir: Path) -> list[Path]:
    known = _known(migrations_dir)
    applied = {str(row["name"]): str(row["sha256"]) for row in applied_migrations(db)}
    unknown = sorted(applied.keys() - {path.name for path in known})
    if unknown:
        raise ConfigError(
            f"The database ({db.name}) is newer than this code: it already has {', '.join(unknown)}, which "
            f"this "
            "release does not know. Start the newer release, or name another database."
        )
    changed = [path.name for path in known if applied.get(path.name) not in (None, _sha256(_text(path)))]
    if changed:
        raise ConfigError(
            f"The database ({db.name}) was made with another text of {', '.join(changed)} than this release "
            f"has. "
            "Restore the file from the release that made the database, or name another database."
        )
    pending = [path for path in known if path.name not in applied]
    if pending and applied and pending[0].name < max(applied):
        raise ConfigError(
            f"The database ({db.name}) has {max(applied)} but not the earlier {pending[0].name}. "
            "Restore it from a backup, or name another database."
        )
    return pending


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


def open_database(
    url: str | None, token: str | None = None, data_dir: Path = Path("data"), *, driver: str | None = None
) -> Database:
    """The database that `url` names, as it is: nothing is migrated, and a server is not asked anything
    yet.
    """
    if url is None or url.startswith("file:"):
        path = data_dir / "hades.db" if url is None else Path(url.removeprefix("file:"))
        if not path.name or path.is_dir():
            raise ConfigError(
                "TURSO_DATABASE_URL=file:PATH was expected to name a file. Write file:data/hades.db."
            )
        return LocalFile(path)
    from turso_http import TursoHttp, for_url  # the network's library is loaded only where there is a network

    if driver == "libsql-client":
        from turso_libsql_client import ClientWire

        return TursoHttp(ClientWire(url, token))
    if driver not in (None, "http"):
        raise ConfigError(f"TURSO_DRIVER is '{driver}'; it was expected to be empty or libsql-client.")
    return for_url(url, token)


def _text(path: Path) -> str:
    """The text of a migration; line ends as on every machine, so that its hash is the same on all."""
    return path.read_text(encoding="utf-8").replace("\r\n", "\n")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
