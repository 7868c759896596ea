"""Backups: of one moment while others write, whole and checked or not there, restored row by row, from every place."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from demo_years import loaded

from database import Database, Many, Statement
from errors import ConfigError, InputError, Refused, Unavailable
from tests.real_server import RealServer, real_server_or_skip
from tests.turso_server import TursoServer
from turso_backup import back_up, check_backup, restore
from turso_copy import tables_of
from turso_db import MIGRATIONS, LocalFile, applied_migrations, connect, migrate, open_database

NOW = datetime(2026, 2, 11, 15, 30, tzinfo=UTC)
Opener = Callable[[], Database]
SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY 1, 2"


@pytest.fixture(params=["local", "strict", "real"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Opener, Opener]]:
    """Opens a migrated database, and another one that is empty, both in the same kind of place."""
    with ExitStack() as stack:
        openers: list[Opener] = []
        for name in ("one", "other"):
            if request.param == "local":
                openers.append(lambda name=name: LocalFile(tmp_path / f"{name}.db"))  # type: ignore[misc]
                continue
            server: TursoServer | RealServer = (
                TursoServer(tmp_path / f"{name}.db")
                if request.param == "strict"
                else real_server_or_skip(tmp_path / name)
            )
            stack.enter_context(server)
            url, token = server.url, server.token
            openers.append(lambda url=url, token=token: open_database(url, token))  # type: ignore[misc]
        yield openers[0], openers[1]


def rows_of(db: Database) -> list[list[str]]:
    """Every row of every table of the product, sorted."""
    names = db.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ours = [str(r["name"]) for r in names if not str(r["name"]).startswith(("sqlite_", "_", "libsql_"))]
    tables = db.tables([Statement(f"SELECT * FROM {name}") for name in ours])
    return [sorted(map(repr, table.rows)) for table in tables]


def test_what_comes_back_is_equal_in_every_row(places: tuple[Opener, Opener], tmp_path: Path) -> None:
    one, other = (opener() for opener in places)
    if isinstance(one, LocalFile):
        loaded(tmp_path / "one.db")
    else:  # a few rows of each kind are enough across a network
        migrate(one)
        one.write([Many("INSERT INTO batch_numbers VALUES (?, ?)", [(f"d{n}", n) for n in range(1500)])])
        one.write([Statement("INSERT INTO batch_numbers VALUES (?, ?)", ("\u2028 O'Hara", 2**63 - 1))])
    file = tmp_path / "backup.db"
    done = back_up(one, file, now=NOW)
    assert sum(copied.rows for copied in done) > 1400
    assert [path.name for path in tmp_path.glob("backup.db*")] == ["backup.db"]
    restored = restore(file, other)
    assert {copied.table for copied in done} == {copied.table for copied in restored} | {"schema_migrations"}
    assert rows_of(one) == rows_of(other)
    assert migrate(other) == []
    assert one.rows(SCHEMA) == other.rows(SCHEMA)  # its triggers and indexes, too
    for db in (one, other):
        db.close()


def test_a_backup_is_of_one_moment_while_others_write(places: tuple[Opener, Opener], tmp_path: Path) -> None:
    db = places[0]()
    migrate(db)
    stop = threading.Event()

    def write() -> None:
        """Two tables that always agree: as many numbers as runs."""
        own, n = places[0](), 0
        while not stop.is_set():
            n += 1
            own.write(
                [
                    Statement("INSERT INTO batch_numbers VALUES (?, ?)", (f"day {n}", n)),
                    Statement(
                        "INSERT INTO leases (name, holder, expires_at) VALUES (?, 'x', ?)",
                        (f"lease {n}", NOW),
                    ),
                ]
            )
        own.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = []
        for number in range(4):
            file = tmp_path / f"backup{number}.db"
            back_up(db, file, now=NOW)
            backup = LocalFile(file)
            days, leases, version = backup.read(
                [
                    Statement("SELECT count(*) AS n FROM batch_numbers"),
                    Statement("SELECT count(*) AS n FROM leases"),
                    Statement("SELECT value AS n FROM meta WHERE key = 'data_version'"),
                ]
            )
            backup.close()
            assert days == leases
            found.append((days[0]["n"], version[0]["n"]))
    finally:
        stop.set()
        writer.join()
    assert found == sorted(found)
    assert found[-1][0] > found[0][0]  # they really wrote meanwhile
    assert len({version - days for days, version in found}) == 1
    db.close()


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup of a small database."""
    db = connect(f"file:{tmp_path / 'hades.db'}")
    db.write([Many("INSERT INTO batch_numbers VALUES (?, ?)", [(f"d{n}", n) for n in range(100)])])
    back_up(db, tmp_path / "backup.db", now=NOW)
    db.close()
    return tmp_path / "backup.db"


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE batch_numbers SET last_number = 8 WHERE day = 'd7'",
        "DELETE FROM batch_numbers WHERE day = 'd7'",
        "INSERT INTO batch_numbers VALUES ('d100', 1)",
        "CREATE TABLE more (x)",
        "DROP TABLE staged_exports",
    ],
)
def test_a_backup_that_was_changed_is_not_restored(backup: Path, tmp_path: Path, spoil: str) -> None:
    with sqlite3.connect(backup) as raw:
        raw.execute(spoil)
    raw.close()
    target = LocalFile(tmp_path / "new.db")
    with pytest.raises(ConfigError, match="is damaged"):
        restore(backup, target)
    assert target.rows("SELECT name FROM sqlite_master") == []
    target.close()


def test_a_backup_that_was_cut_or_scratched_is_not_restored(backup: Path, tmp_path: Path) -> None:
    content = backup.read_bytes()
    target = LocalFile(tmp_path / "new.db")
    for spoiled in (content[: len(content) // 2], content[:5000] + bytes(4000) + content[9000:]):
        backup.write_bytes(spoiled)
        with pytest.raises((ConfigError, Refused, Unavailable)):
            restore(backup, target)
    assert target.rows("SELECT name FROM sqlite_master") == []
    target.close()


def test_nothing_is_overwritten(backup: Path, tmp_path: Path) -> None:
    db = connect(f"file:{tmp_path / 'hades.db'}")
    before = backup.read_bytes()
    with pytest.raises(Refused, match="expected not to exist"):
        back_up(db, backup, now=NOW)
    assert backup.read_bytes() == before
    with pytest.raises(Refused, match="expected to be empty"):
        restore(backup, db)
    db.close()


def test_what_is_no_backup_is_told(backup: Path, tmp_path: Path) -> None:
    target = LocalFile(tmp_path / "new.db")
    with pytest.raises(InputError, match=r"no file missing\.db"):
        restore(tmp_path / "missing.db", target)
    with pytest.raises(Refused, match="is not a backup"):
        restore(tmp_path / "hades.db", target)
    empty = LocalFile(tmp_path / "empty.db")
    with pytest.raises(Refused, match="no database of this product"):
        back_up(empty, tmp_path / "none.db", now=NOW)
    assert not list(tmp_path.glob("none.db*"))
    with pytest.raises(Refused, match="is not a backup"):
        check_backup(empty)
    for db in (target, empty):
        db.close()


def test_a_backup_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    db = connect(f"file:{tmp_path / 'hades.db'}")
    db.write([Statement("INSERT INTO schema_migrations VALUES ('9999_later.sql', 'x', 'y')")])
    back_up(db, tmp_path / "newer.db", now=NOW)
    target = LocalFile(tmp_path / "new.db")
    with pytest.raises(ConfigError, match="newer than this code"):
        restore(tmp_path / "newer.db", target)
    db.close()
    target.close()


class Breaking:
    """A database whose snapshot breaks off after some rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)

    def streams(self, statements: list[Statement], chunk_rows: int) -> Iterator[object]:
        for number, part in enumerate(self._db.streams(statements, chunk_rows)):
            if number == 2:
                raise Unavailable("The answer broke off.")
            yield part


def test_a_backup_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    db = connect(f"file:{tmp_path / 'hades.db'}")
    with pytest.raises(Unavailable):
        back_up(Breaking(db), tmp_path / "backup.db", now=NOW)  # type: ignore[arg-type]
    assert not list(tmp_path.glob("backup.db*"))
    (tmp_path / "backup.db.part").write_bytes(b"what a killed backup left behind")
    back_up(db, tmp_path / "backup.db", now=NOW)
    db.close()


# From every schema that was ever there


RELEASED = "0021_schedule.sql"
NUMBERS = [path.name for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))]


def as_of(schema: str, demo: Path, folder: Path) -> Path:
    """A database of an earlier schema, holding of the demo year what that schema has a place for."""
    earlier = folder / "migrations"
    earlier.mkdir()
    for name in NUMBERS[: NUMBERS.index(schema) + 1]:
        shutil.copy(MIGRATIONS / name, earlier / name)
    path = folder / "old.db"
    connect(f"file:{path}", migrations_dir=earlier).close()
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute(f"ATTACH '{demo}' AS demo")
    tables = "SELECT name FROM {}.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_%' ESCAPE '\\'"
    known = {row[0] for row in raw.execute(tables.format("demo"))}
    raw.execute("BEGIN")
    for (table,) in raw.execute(tables.format("main")).fetchall():
        if table in known and table not in ("schema_migrations", "meta"):
            columns = [row[1] for row in raw.execute(f"PRAGMA main.table_info({table})")]
            there = {row[1] for row in raw.execute(f"PRAGMA demo.table_info({table})")}
            names = ", ".join(column for column in columns if column in there)
            raw.execute(f"INSERT OR REPLACE INTO main.{table} ({names}) SELECT {names} FROM demo.{table}")
    raw.execute("COMMIT")
    raw.close()
    return path


@pytest.mark.parametrize("schema", NUMBERS)
def test_a_database_of_every_schema_comes_up_to_the_newest_with_its_data(schema: str, tmp_path: Path) -> None:
    demo = loaded(tmp_path / "demo.db")
    old = as_of(schema, demo, tmp_path)
    before = LocalFile(old)
    held = {
        table.name: table for table in tables_of(before) if table.name not in ("schema_migrations", "meta")
    }
    kept = before.tables([Statement(table.select, (-(2**63),)) for table in held.values()])
    assert dict(zip(held, map(len, (table.rows for table in kept)), strict=True))["lead_outcomes"] > 1000
    restored = before
    if schema in (NUMBERS[0], RELEASED):  # an upgrade begins with a backup, and may have to begin from one
        back_up(before, tmp_path / "backup.db", now=NOW)
        before.close()
        restored = LocalFile(tmp_path / "new.db")
        restore(tmp_path / "backup.db", restored)
    assert migrate(restored) == NUMBERS[NUMBERS.index(schema) + 1 :]
    assert [row["name"] for row in applied_migrations(restored)] == NUMBERS
    assert restored.tables([Statement(table.select, (-(2**63),)) for table in held.values()]) == kept
    assert restored.rows("PRAGMA foreign_key_check") == []
    assert restored.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    fresh = connect(f"file:{tmp_path / 'fresh.db'}")
    assert [row["name"] for row in restored.rows(SCHEMA)] == [row["name"] for row in fresh.rows(SCHEMA)]
    for db in (restored, fresh):
        db.close()
