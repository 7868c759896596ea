"""A backup: the whole database as it was at one moment, in one file, with the hash of every table inside.

The rows come from one snapshot, so the database may be written to meanwhile, and through the connections of all other
reads, so no second SQLite library ever opens the live file. A backup is a database file like any other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from database import Database, Many, Statement
from errors import ConfigError, Conflict, InputError, Refused
from turso_copy import FURTHER, MANIFEST, Copied, Row, Table, copy_database, digest_of, tables_of, write_rows
from turso_db import open_database, pending_migrations

__all__ = ["back_up", "check_backup", "restore"]

_SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
_MANIFEST = f"CREATE TABLE {MANIFEST} (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sha256 TEXT NOT NULL, made_at TEXT NOT NULL)"
_SOUND = [{"integrity_check": "ok"}]
_FIRST = -(2**63)
_CHUNK_ROWS = 500  # the files of large batches are rows, too

Tell = Callable[[str], None]


def back_up(source: Database, path: Path, *, now: datetime, tell: Tell = lambda _: None) -> list[Copied]:
    """One entry per table: how many rows, and one hash over them. The file is there whole and checked, or not at all.

    Refused when `path` exists or the source holds no database of this product; Conflict when its schema changes
    meanwhile. What was written is read again and compared by hash before the file gets its name. `tell`: a line per
    table.
    """
    if path.exists():
        raise Refused(f"{path.name} was expected not to exist yet. Name another file; nothing was changed.")
    part = path.with_name(f"{path.name}.part")
    _remove(part)
    try:
        with closing(open_database(f"file:{part}")) as target:
            done = _fill(source, target, now)
            check_backup(target, tell=tell)
        os.replace(part, path)
    finally:
        _remove(part)
    return done


def check_backup(backup: Database, *, tell: Tell = lambda _: None) -> list[Copied]:
    """One entry per table, after every row was read and its table found to be as it was written.

    Refused when this is no backup, ConfigError when it is damaged.
    """
    if not backup.rows("SELECT 1 FROM sqlite_master WHERE name = ?", (MANIFEST,)):
        raise Refused(f"{backup.name} is not a backup. Name a file that scripts.backup made.")
    noted = {Copied(*row.values()) for row in backup.rows(f"SELECT name, rows, sha256 FROM {MANIFEST}")}  # noqa: S608
    tables = tables_of(backup)
    found = _hashed(tables, _rows_of(backup, tables))
    wrong = {copied.table for copied in noted ^ set(found)}
    if wrong or backup.rows("PRAGMA foreign_key_check") or backup.rows("PRAGMA integrity_check") != _SOUND:
        raise ConfigError(
            f"The backup {backup.name} is damaged ({', '.join(sorted(wrong)) or 'its pages'}). Use another one; "
            "nothing was changed."
        )
    for copied in found:
        tell(f"{copied.table}: {copied.rows:,} rows, checked")
    return found


def restore(path: Path, target: Database, *, tell: Tell = lambda _: None) -> list[Copied]:
    """One entry per table, after the backup was checked, copied, and every row of both found equal.

    The target must be empty; one whose restoring was interrupted goes on. InputError when there is no such file,
    ConfigError when it is damaged or newer than this code, Refused when it is no backup or the target holds anything.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path.name}. Name the file that scripts.backup made.")
    with closing(open_database(f"file:{path}")) as backup:
        check_backup(backup)
        pending_migrations(backup)
        return copy_database(backup, target, tell=tell)


def _fill(source: Database, target: Database, now: datetime) -> list[Copied]:
    schema, further = source.read([Statement(_SCHEMA), Statement(FURTHER)])
    tables = tables_of(source)
    target.write([Statement(_MANIFEST), *(Statement(table.sql) for table in tables)], bump=False)
    schema_then: list[Row] = []

    def kept() -> Iterator[tuple[int, list[Row]]]:
        for place, rows in _rows_of(source, tables, Statement(_SCHEMA)):
            if place == len(tables):
                schema_then.extend(rows)
            else:
                write_rows(target, tables[place], rows)
                yield place, rows

    done = _hashed(tables, kept())
    if [tuple(row.values()) for row in schema] != schema_then:
        raise Conflict(f"The schema of {source.name} changed during the backup. Run the same command again.")
    entries = Many(f"INSERT INTO {MANIFEST} VALUES (?, ?, ?, ?)", [(*copied, now) for copied in done])  # noqa: S608
    target.write([*(Statement(str(row["sql"])) for row in further), entries], bump=False)
    return done


def _rows_of(db: Database, tables: list[Table], *more: Statement) -> Iterator[tuple[int, list[Row]]]:
    """The rows of every table, then of `more`, from one snapshot, each with its place."""
    return db.streams([*(Statement(table.select, (_FIRST,)) for table in tables), *more], _CHUNK_ROWS)


def _hashed(tables: list[Table], found: Iterator[tuple[int, list[Row]]]) -> list[Copied]:
    counts, hashes = [0] * len(tables), [hashlib.sha256() for _ in tables]
    for place, rows in found:
        counts[place] += len(rows)
        for row in rows:
            hashes[place].update(digest_of(row))
    return [
        Copied(table.name, count, whole.hexdigest())
        for table, count, whole in zip(tables, counts, hashes, strict=True)
    ]


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
