"""One suite for every place the database can be (turso_places.py): the same SQL gives the same answers and the same
kinds of error.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from database import Database, Many, Statement, Written
from errors import Conflict, HadesError, InputError, Refused, Unavailable
from tests.turso_places import ADD, COUNTER, Place, data_version, place_of


@pytest.fixture(params=["local", "strict", "real", "libsql-client"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from place_of(request.param, tmp_path)


@pytest.fixture
def db(place: Place) -> Database:
    return place.open()


def test_a_write_is_one_round_trip_and_all_or_nothing(db: Database) -> None:
    db.write([ADD])
    before = db.round_trips
    assert db.write([ADD, ADD]) == [Written([{"id": 2}], 1), Written([{"id": 3}], 1)]
    assert db.round_trips == before + 1
    with pytest.raises(Conflict, match=r"NOT NULL constraint failed: things\.name"):
        db.write([ADD, Statement("INSERT INTO things (name) VALUES (NULL)")])
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 3}]
    assert data_version(db) == 3


def test_what_each_kind_of_statement_gives_back(db: Database) -> None:
    assert db.write(
        [
            Many(
                "INSERT INTO things (name, size, other) VALUES (?, ?, ?)",
                [("a", 1.5, 1), ("b", None, 2), ("c", 2, 3)],
            ),
            Statement("UPDATE things SET size = size * 2 WHERE size IS NOT NULL"),
            Statement("UPDATE things SET size = 1 WHERE id > 1 RETURNING id, name AS n, size"),
            Statement("SELECT id, size FROM things ORDER BY id DESC LIMIT 2"),
            Statement("SELECT id FROM things WHERE id < 0"),
            Statement("DELETE FROM things WHERE id = 3 RETURNING id"),
            Statement("DELETE FROM things WHERE id = 99"),
            Many("UPDATE things SET name = ? WHERE id = ?", [("x", 1), ("y", 2), ("z", 99)]),
            Many(
                "INSERT INTO things (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING", [(1, "no"), (9, "yes")]
            ),
            Many("INSERT INTO things (name) VALUES (?)", []),
            Statement("CREATE TABLE more (a)"),
            Statement("INSERT INTO more SELECT id FROM things"),
            Statement(COUNTER, ("20260211",)),
            Statement(COUNTER, ("20260211",)),
            Statement("INSERT OR REPLACE INTO things (id, name) VALUES (9, 'again')"),
        ]
    ) == [
        Written([], 3),
        Written([], 2),
        Written([{"id": 2, "n": "b", "size": 1.0}, {"id": 3, "n": "c", "size": 1.0}], 2),
        Written([{"id": 3, "size": 1.0}, {"id": 2, "size": 1.0}], 0),
        Written([], 0),
        Written([{"id": 3}], 1),
        Written([], 0),
        Written([], 2),
        Written([], 1),
        Written([], 0),
        Written([], 0),
        Written([], 3),
        Written([{"last": 1}], 1),
        Written([{"last": 2}], 1),
        Written([], 1),
    ]


@pytest.mark.parametrize(
    ("sql", "kind", "said"),
    [
        ("INSERT INTO things (id, name) VALUES (1, 'x')", Conflict, "UNIQUE constraint failed: things.id"),
        (
            "INSERT INTO things (name, other) VALUES ('x', 'o')",
            Conflict,
            "UNIQUE constraint failed: things.other",
        ),
        ("INSERT INTO things (name, size) VALUES ('x', -1)", Conflict, "CHECK constraint failed"),
        ("INSERT INTO things (name, parent) VALUES ('x', 77)", Conflict, "FOREIGN KEY constraint failed"),
        ("DELETE FROM things", Refused, "what is kept stays"),
        ("INSERT INTO nowhere VALUES (1)", Refused, "no such table: nowhere"),
        ("INSERT INTO things (absent) VALUES (1)", Refused, "absent"),
        ("INSERT INTO things (name) VALUES (?)", Refused, "did not accept a statement"),
        ("SELEC 1", Refused, "syntax error"),
        ("SELECT 1; SELECT 2", Refused, "did not accept a statement"),
        ("VACUUM", Refused, "did not accept a statement"),
        ("ANALYZE", Refused, "did not accept a statement"),
        ("ATTACH ':memory:' AS other", Refused, "did not accept a statement"),
        ("CREATE TEMP TABLE t (a)", Refused, "did not accept a statement"),
        ("PRAGMA journal_mode = DELETE", Refused, "did not accept a statement"),
        ("SELECT pow(2, 3)", Refused, "pow"),
        ("SELECT 7 % 4, trunc(1.5)", Refused, "trunc"),
    ],
)
def test_the_same_sentence_everywhere(db: Database, sql: str, kind: type[HadesError], said: str) -> None:
    db.write([Statement("INSERT INTO things (id, name, other) VALUES (1, 'kept', 'o')")])
    with pytest.raises(kind) as raised:
        db.write([ADD, Statement(sql)])
    assert type(raised.value) is kind
    assert said in str(raised.value)
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO things (name) VALUES ('x')",
        "INSERT INTO things (name) VALUES ('x') RETURNING id",
        "DELETE FROM things",
        "-- hidden\nUPDATE things SET name = 'x'",
        "WITH a AS (SELECT 1) INSERT INTO things (name) SELECT 'x'",
        "CREATE TABLE t (a)",
        "DROP TABLE things",
    ],
)
def test_a_reading_changes_nothing(db: Database, sql: str) -> None:
    for read in (
        lambda: db.rows(sql),
        lambda: db.read([Statement("SELECT 1"), Statement(sql)]),
        lambda: db.frame(sql),
        lambda: list(db.stream(sql)),
    ):
        with pytest.raises(Refused, match="A reading was expected"):
            read()
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]


def test_values_come_back_as_they_went(db: Database) -> None:
    values = [
        2**63 - 1,
        -(2**63),
        2**53 + 1,
        1.7976931348623025e308,
        5e-324,
        -0.0,
        0.1,
        "line\u2028separator\x85next\x00nul\r\n end",
        "Zoë 🙂 \ufeff",
        "",
        b"",
        b"\x00\xff\x80",
        None,
    ]
    row = db.rows("SELECT " + ", ".join(f"? AS v{place}" for place in range(len(values))), values)[0]
    assert list(row.values()) == values
    assert [type(value) for value in row.values()] == [type(value) for value in values]
    db.write([Many("INSERT INTO things (name, other) VALUES ('v', ?)", [(value,) for value in values])])
    stored = [row["other"] for row in db.rows("SELECT other FROM things ORDER BY id")]
    assert stored == values
    streamed = [
        row[0] for part in db.stream("SELECT other FROM things ORDER BY id", chunk_rows=2) for row in part
    ]
    assert streamed == values


def test_values_are_converted_the_same_way(db: Database) -> None:
    given = [
        np.int64(2**62),
        np.float64("nan"),
        float("nan"),
        True,
        pd.NA,
        pd.NaT,
        np.bool_(False),
        np.float32(0.5),
        pd.Timestamp("2026-02-11 09:30", tz="America/Chicago"),
        datetime(2026, 2, 11, 15, 30, tzinfo=UTC),
        date(2026, 2, 11),
        np.str_("text"),
    ]
    db.write(
        [
            Statement("CREATE TABLE kept (v)"),
            Many("INSERT INTO kept VALUES (?)", [(value,) for value in given]),
        ]
    )
    db.write([Statement("INSERT INTO kept VALUES (?)", (value,)) for value in given])
    stored = [row["v"] for row in db.rows("SELECT v FROM kept ORDER BY rowid")]
    once = [
        2**62,
        None,
        None,
        1,
        None,
        None,
        0,
        0.5,
        "2026-02-11T15:30:00Z",
        "2026-02-11T15:30:00Z",
        "2026-02-11",
        "text",
    ]
    assert stored == once + once


@pytest.mark.parametrize(
    ("value", "error"),
    [(10**30, InputError), (float("inf"), InputError), ("\ud800", InputError), (1j, TypeError)],
)
def test_values_that_cannot_be_stored(db: Database, value: Any, error: type[Exception]) -> None:
    before = db.round_trips
    for act in (
        lambda: db.rows("SELECT ?, ?", (1, value)),
        lambda: db.write([Statement("INSERT INTO things (name, other) VALUES (?, ?)", ("a", value))]),
        lambda: db.write([Many("INSERT INTO things (name, other) VALUES (?, ?)", [("a", 1), ("b", value)])]),
    ):
        with pytest.raises(error, match="Argument 2"):
            act()
    assert db.round_trips - before <= 3
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]


def test_frames_are_the_same(db: Database) -> None:
    db.write(
        [
            Many(
                "INSERT INTO things (name, size, other) VALUES (?, ?, ?)",
                [("a", 1.5, 2**62), ("b", None, None)],
            )
        ]
    )
    frame = db.frame("SELECT id, name, size, other, parent FROM things ORDER BY id")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "id": "int64", "name": "str", "size": "float64", "other": "Int64", "parent": "object",
    }  # fmt: skip
    assert frame["other"].tolist()[0] == 2**62
    none = db.frame("SELECT id, name FROM things WHERE id < 0")
    assert (list(none.columns), len(none)) == (["id", "name"], 0)


def test_a_read_is_one_snapshot_in_one_round_trip(place: Place) -> None:
    db, other = place.open(), place.open()
    going, trouble = threading.Event(), []

    def writer() -> None:
        while not going.is_set():
            other.write([Statement(COUNTER, ("a",)), Statement(COUNTER, ("b",))])

    db.write([Statement(COUNTER, ("a",)), Statement(COUNTER, ("b",))])
    thread = threading.Thread(target=writer)
    thread.start()
    try:
        before = db.round_trips
        for _ in range(30):
            first, second = db.read(
                [
                    Statement("SELECT last FROM counters WHERE day = 'a'"),
                    Statement("SELECT last FROM counters WHERE day = 'b'"),
                ]
            )
            trouble += [] if first == second else [(first, second)]
        assert db.round_trips == before + 30
    finally:
        going.set()
        thread.join()
    assert trouble == []


@pytest.mark.parametrize("rows", [30_000, pytest.param(100_000, marks=pytest.mark.prove)])
def test_many_rows_over_10_mb(place: Place, rows: int) -> None:
    # a row of 13 values is over 400 bytes of JSON: 30,000 are more than 12 MB
    db = place.open_gated(read_seconds=30.0) if place.kind == "strict" else place.open()
    columns = ", ".join(f"c{n}" for n in range(12))
    db.write(
        [
            Statement(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {columns})"),
            Statement(
                f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
                f"INSERT INTO wide (id, {columns}) SELECT i, 9007199254740993 + i, i * 0.1, 'text ' || i, "
                f"NULL, "
                "'a' || char(8232) || 'b', i % 7, 'Company of some length', '60601', 'IL', i / 3, 'Low', "
                "1e300 FROM n"
            ),
        ]
    )
    if place.kind == "libsql-client":  # as far as the package goes
        with pytest.raises(Unavailable, match="so large an answer"):
            db.frame("SELECT * FROM wide ORDER BY id")
        return
    frame = db.frame("SELECT * FROM wide ORDER BY id")
    assert len(frame) == rows
    assert frame["id"].tolist() == list(range(1, rows + 1))
    assert frame["c0"].iloc[-1] == 9007199254740993 + rows  # beyond what a float can tell apart
    assert frame["c1"].tolist() == [i * 0.1 for i in range(1, rows + 1)]
    assert set(frame["c4"]) == {"a\u2028b"}
    seen = 0
    for part in db.stream("SELECT id, c2 FROM wide ORDER BY id", chunk_rows=7000):
        assert len(part) <= 7000
        assert part[0] == (seen + 1, f"text {seen + 1}")
        seen += len(part)
    assert seen == rows


def test_writers_at_the_same_time_all_get_through(place: Place) -> None:
    handles = [place.open() for _ in range(4)]
    numbers: list[int] = []

    def count(db: Database) -> None:
        numbers.extend(db.write([Statement(COUNTER, ("d",))])[0].rows[0]["last"] for _ in range(15))

    threads = [threading.Thread(target=count, args=(db,)) for db in handles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 61))


def test_work_goes_on_after_close(place: Place) -> None:
    db = place.open()
    db.close()
    assert db.rows("SELECT 1 AS one") == [{"one": 1}]  # a closed handle opens again when it is used again
