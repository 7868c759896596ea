"""A database copied between places: every value, every row, after any interruption, and nothing
overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import turso_copy
from database import Database, Many, Statement
from errors import ConfigError, Conflict, HadesError, Refused
from tests.real_server import real_server_or_skip
from tests.turso_server import TursoServer
from turso_copy import copy_database
from turso_db import LocalFile, connect, migrate
from turso_http import for_url

_VALUES = [2**63 - 1, -1, 1.7976931348623025e308, 0.1, "a\u2028b\x85\x00c", "", b"\x00\xff", b"", None]
Places = Callable[[str], Database]


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """Opens an empty database of a kind: local, strict or real."""
    with ExitStack() as stack:
        opened = 0

        def make(kind: str) -> Database:
            nonlocal opened
            opened += 1
            if kind == "local":
                db: Any = LocalFile(tmp_path / f"copy{opened}.db")
            elif kind == "strict":
                server = stack.enter_context(TursoServer(tmp_path / f"s{opened}.db"))
                db = for_url(server.url, server.token)
            else:
                real = stack.enter_context(real_server_or_skip(tmp_path / f"real{opened}"))
                db = for_url(real.url, real.token)
            stack.callback(db.close)
            return db

        yield make


def filled(db: Database) -> Database:
    """A migrated database with rows that refer to each other and values of every kind."""
    migrate(db)
    db.write(
        [
            Statement("CREATE TABLE any_value (v, w TEXT)"),
            Many(
                "INSERT INTO any_value (v, w) VALUES (?, ?)", [(v, str(n)) for n, v in enumerate(_VALUES)] * 3
            ),
            Statement("DELETE FROM any_value WHERE w = '3'"),  # gaps among the rowids
            Many(
                "INSERT INTO audit (at, actor, role, action, subject) VALUES ('2026-02-11T15:30:00Z', ?, "
                "'ops', 'x', 'y')",
                [(f"Actor {n}",) for n in range(3000)],
            ),
        ]
    )
    return db


def everything(db: Database) -> dict[str, Any]:
    names = [
        row["name"] for row in db.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    ]
    ours = [name for name in names if not name.startswith(("_", "sqlite_", "libsql_"))]
    rows = {
        name: [row for part in db.stream(f"SELECT * FROM {name} ORDER BY rowid") for row in part]
        for name in ours
    }
    kinds = "SELECT type, name, sql FROM sqlite_master WHERE substr(name, 1, 1) <> '_' AND sql IS NOT NULL ORDER BY name"
    return {"rows": rows, "schema": db.rows(kinds)}


@pytest.mark.parametrize(
    ("start", "end"),
    [("local", "local"), ("local", "strict"), ("strict", "local"), ("local", "real"), ("real", "local")],
)
def test_a_copy_is_equal_in_every_row(places: Places, start: str, end: str) -> None:
    source, target = filled(places(start)), places(end)
    told: list[str] = []
    done = copy_database(source, target, tell=told.append)
    assert everything(target) == everything(source)
    assert "audit: 3,000 rows copied" in told
    (audit,) = [copied for copied in done if copied.table == "audit"]
    assert audit.rows == 3000
    assert len(audit.sha256) == 64
    assert migrate(target) == []  # the product opens it
    with pytest.raises(Refused, match="append-only"):
        target.write([Statement("DELETE FROM audit")])


def test_there_and_back_has_the_same_hashes(places: Places) -> None:
    first, cloud, back = filled(places("local")), places("strict"), places("local")
    there = copy_database(first, cloud)
    assert copy_database(cloud, back) == there


def test_an_interrupted_copy_is_closed_to_the_product_and_goes_on(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = filled(places("local")), places("strict")
    written = 0

    class Broken(Exception):
        pass

    for stop_after in (1, 2, 3, 40):  # in the middle of the rows, and of the indexes and triggers at the end
        written = 0
        original = type(target).write

        def write(self: Any, *args: Any, limit: int = stop_after, act: Any = original, **more: Any) -> Any:
            nonlocal written
            written += self is target
            if written > limit:
                raise Broken
            return act(self, *args, **more)

        with monkeypatch.context() as patch:
            patch.setattr(type(target), "write", write)
            with pytest.raises(Broken):
                copy_database(source, target)
        with pytest.raises(ConfigError, match="not finished"):
            migrate(target)
    told: list[str] = []
    copy_database(source, target, tell=told.append)
    assert "audit: 0 rows copied" in told  # they were there already
    assert everything(target) == everything(source)


def test_rows_that_changed_after_an_interruption_are_copied_again(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = filled(places("local")), places("strict")
    with monkeypatch.context() as patch:
        patch.setattr(turso_copy, "_settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            copy_database(source, target)
    source.write(
        [
            Statement("UPDATE any_value SET v = 'changed' WHERE rowid = 2"),
            Statement("DELETE FROM any_value WHERE rowid = 5"),
            Statement("INSERT INTO any_value (rowid, v) VALUES (4, 'in the gap')"),
        ]
    )
    copy_database(source, target)
    assert everything(target) == everything(source)


def test_a_source_that_never_rests_is_a_conflict(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = filled(places("local")), places("local")
    compare = turso_copy._compare

    def restless(*args: Any) -> Any:
        result = compare(*args)
        source.write([Statement("UPDATE meta SET value = value + 1")])
        return result

    monkeypatch.setattr(turso_copy, "_compare", restless)
    with pytest.raises(Conflict, match="keeps changing"):
        copy_database(source, target)


def test_a_target_with_anything_in_it_is_left_alone(places: Places) -> None:
    source, target = filled(places("local")), places("local")
    target.write(
        [Statement("CREATE TABLE precious (a)"), Statement("INSERT INTO precious VALUES (1)")], bump=False
    )
    with pytest.raises(Refused, match="expected to be empty"):
        copy_database(source, target)
    assert everything(target)["rows"] == {"precious": [(1,)]}
    done = places("local")
    copy_database(source, done)
    with pytest.raises(Refused, match="expected to be empty"):
        copy_database(source, done)


def test_an_unfinished_copy_of_something_else_is_left_alone(places: Places) -> None:
    source, target = filled(places("local")), places("local")
    target.write([Statement(f"CREATE TABLE {turso_copy.UNFINISHED} (begun)")], bump=False)
    with pytest.raises(Refused, match="unfinished copy of another"):
        copy_database(source, target)


def test_a_source_that_is_no_database_of_the_product(places: Places) -> None:
    with pytest.raises(Refused, match="no database of this product"):
        copy_database(places("local"), places("local"))


def test_large_values_go_in_writes_of_a_size_a_server_takes(places: Places) -> None:
    source, target = places("local"), places("real")
    migrate(source)
    source.write(
        [
            Statement("CREATE TABLE files (content)"),
            *(Statement("INSERT INTO files VALUES (randomblob(1500000))") for _ in range(5)),
        ]
    )
    copy_database(source, target)
    sums = "SELECT sum(length(content)) AS size, count(DISTINCT content) AS n FROM files"
    assert target.rows(sums) == [{"size": 7_500_000, "n": 5}]


def test_the_product_opens_a_copy_and_not_half_of_one(tmp_path: Path) -> None:
    source = filled(LocalFile(tmp_path / "from.db"))
    target = LocalFile(tmp_path / "to.db")
    copy_database(source, target)
    target.close()
    opened = connect(f"file:{tmp_path / 'to.db'}")
    assert opened.rows("SELECT count(*) AS n FROM audit") == [{"n": 3000}]
    opened.write([Statement(f"CREATE TABLE {turso_copy.UNFINISHED} (begun)")])
    opened.close()
    with pytest.raises(HadesError, match="not finished"):
        connect(f"file:{tmp_path / 'to.db'}")
    source.close()
