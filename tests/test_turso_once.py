"""A write that may be sent again: its steps, and that its notes tell the same as the answer that was lost."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database import Many, Statement, Written
from tests.turso_engine import decode
from tests.turso_places import ANY_VALUE
from turso_once import NOTES, TABLES, Batch, kept_before, shape_of, table_missing, write_batch, written_before

_TOKEN = "0123456789abcdef0123456789abcdef"
_COUNTER = "INSERT INTO counters (day, last) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last"


@pytest.fixture
def connection() -> Any:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(";".join(TABLES))
    made.execute("CREATE TABLE counters (day TEXT PRIMARY KEY, last INTEGER)")
    made.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, a, b)")
    yield made
    made.close()


def answer_and_notes(
    connection: sqlite3.Connection, batch: Batch
) -> tuple[list[Written], list[Written] | None]:
    """What the steps give when they run, and what the notes in the database tell about it afterwards."""
    results: list[tuple[list[str], list[Any], int]] = []
    for step in batch.steps[:-1]:  # the last is the rollback, which runs only where the commit did not
        cursor = connection.execute(
            step["stmt"]["sql"], [decode(value) for value in step["stmt"].get("args", ())]
        )
        rows = cursor.fetchall()
        results.append(([c[0] for c in cursor.description or ()], rows, max(cursor.rowcount, 0)))
    answered, names = [], {}
    for place, (steps, shape) in enumerate(zip(batch.places, batch.shapes, strict=True)):
        columns, rows, _ = results[steps[0]] if steps else ([], [], 0)
        names[place] = columns
        found = [dict(zip(columns, row, strict=True)) for row in rows] if shape.gives_rows else []
        answered.append(Written(found, sum(results[step][2] for step in steps)))
    notes = connection.execute(NOTES, (batch.token,)).fetchall()
    return answered, written_before(batch, notes, names)


def test_the_steps_of_a_write() -> None:
    batch = write_batch(_TOKEN, [Statement("DELETE FROM things WHERE id = ?", (1,))], bump=True)
    texts = [step["stmt"]["sql"] for step in batch.steps]
    assert texts[0] == "BEGIN IMMEDIATE"
    assert texts[1].startswith("INSERT INTO _tx")
    assert texts[2] == "DELETE FROM things WHERE id = ?"
    assert texts[3].startswith("INSERT INTO _tx_notes")
    assert texts[4].startswith("UPDATE meta")
    assert texts[5:] == ["COMMIT", "ROLLBACK"]
    assert "condition" not in batch.steps[0]
    # every step runs only after the one before it; the rollback only where the commit did not happen
    assert [step["condition"] for step in batch.steps[1:-1]] == [{"type": "ok", "step": n} for n in range(5)]
    assert batch.steps[-1]["condition"] == {"type": "not", "cond": {"type": "ok", "step": 5}}


def test_no_bump_no_prune_and_both() -> None:
    assert not any("meta" in s["stmt"]["sql"] for s in write_batch(_TOKEN, [], bump=False).steps)
    pruning = [s["stmt"]["sql"] for s in write_batch(_TOKEN, [], bump=True, prune=True).steps]
    assert sum(text.startswith("DELETE FROM _tx WHERE at <") for text in pruning) == 1


@pytest.mark.parametrize(
    ("sql", "verb", "gives_rows", "columns"),
    [
        ("SELECT 1", "SELECT", True, 1),
        ("select a, b AS c, count(*) FROM t", "SELECT", True, 3),
        ("SELECT DISTINCT a, max(b, c), 'x, y' FROM t", "SELECT", True, 3),
        ("SELECT a IS DISTINCT FROM b, c FROM t", "SELECT", True, 2),
        ("SELECT (SELECT a, b FROM t), c UNION SELECT 1, 2", "SELECT", True, 2),
        ('SELECT "odd, name", [other, name], `third, name` FROM t', "SELECT", True, 3),
        ("SELECT a -- one, two\n, b /* three, four */ FROM t", "SELECT", True, 2),
        ("SELECT * FROM t", "SELECT", True, 0),
        ("SELECT t.*, 1 FROM t", "SELECT", True, 0),
        ("SELECT a * b FROM t", "SELECT", True, 1),
        ("WITH x AS (SELECT 1, 2) SELECT a, b, c FROM x", "SELECT", True, 3),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "INSERT", False, 0),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x RETURNING id", "INSERT", True, 0),
        ("INSERT INTO t VALUES (?)", "INSERT", False, 0),
        ("INSERT INTO t VALUES (?) RETURNING id, a AS b;", "INSERT", True, 2),
        ("INSERT INTO t VALUES (?) RETURNING *", "INSERT", True, 0),
        ("INSERT INTO t VALUES (?) RETURNING a + ?", "INSERT", True, 0),
        ("INSERT INTO main.t VALUES (?) RETURNING a", "INSERT", True, 0),
        ("UPDATE OR IGNORE t SET a = 'RETURNING x' RETURNING id", "UPDATE", True, 1),
        ("REPLACE INTO t VALUES (1) RETURNING id", "REPLACE", True, 1),
        ("DELETE FROM t WHERE a IN (SELECT b FROM c RETURNING) RETURNING id, a", "DELETE", True, 2),
        ("-- a comment\nCREATE TABLE t (a)", "CREATE", False, 0),
        ("PRAGMA user_version", "PRAGMA", True, 0),
        ("VALUES (1), (2)", "VALUES", True, 0),
        ("", "", False, 0),
    ],
)
def test_shapes(sql: str, verb: str, gives_rows: bool, columns: int) -> None:
    shape = shape_of(sql)
    assert (shape.verb, shape.gives_rows, shape.columns) == (verb, gives_rows, columns)


def test_a_counter_that_goes_on_is_told_as_it_was(connection: sqlite3.Connection) -> None:
    for number in (1, 2, 3):
        batch = write_batch(f"token{number}", [Statement(_COUNTER, ("20260211",))], bump=False)
        answered, noted = answer_and_notes(connection, batch)
        assert answered == noted == [Written([{"last": number}], 1)]
    # long afterwards the notes of the first still tell the first number
    notes = connection.execute(NOTES, ("token1",)).fetchall()
    first = write_batch("token1", [Statement(_COUNTER, ("20260211",))], bump=False)
    assert written_before(first, notes, {0: ["last"]}) == [Written([{"last": 1}], 1)]


def test_a_table_with_a_trigger_of_its_own_has_each_row_noted_once(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TRIGGER own AFTER INSERT ON things BEGIN UPDATE things SET b = 1 WHERE id = NEW.id; END"
    )
    batch = write_batch(
        _TOKEN, [Statement("INSERT INTO things (a) VALUES (?) RETURNING id, a", ("x",))], bump=False
    )
    answered, noted = answer_and_notes(connection, batch)
    assert answered == noted == [Written([{"id": 1, "a": "x"}], 1)]


def test_many_rows_go_in_steps_that_every_sqlite_takes() -> None:
    many = Many("INSERT INTO things (a, b) VALUES (?, ?)", [(n, n) for n in range(40_000)])
    sent = [len(step["stmt"].get("args", ())) for step in write_batch(_TOKEN, [many], bump=False).steps]
    assert max(sent) <= 32_766  # SQLITE_MAX_VARIABLE_NUMBER of an SQLite that nobody configured
    assert sum(number for number in sent if number > 2) == 80_000


@given(values=st.lists(st.tuples(ANY_VALUE, ANY_VALUE), max_size=4), pair=st.tuples(ANY_VALUE, ANY_VALUE))
def test_notes_tell_exactly_what_the_answer_told(
    values: list[tuple[Any, Any]], pair: tuple[Any, Any]
) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(";".join(TABLES))
    connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, a, b, c TEXT, d REAL)")
    statements: list[Statement | Many] = [
        Many("INSERT INTO things (a, b) VALUES (?, ?)", values),
        Statement("INSERT INTO things AS t (a, b) VALUES (?, ?) RETURNING things.id, a, b AS other", pair),
        Statement("SELECT id, a, b FROM things ORDER BY id DESC"),
        Statement("UPDATE things SET c = a, d = b RETURNING c, d, typeof(c), 1"),
        Statement("SELECT max(id) AS most, count(*), c, d FROM things GROUP BY c, d ORDER BY 1 LIMIT 3"),
        Statement("UPDATE things SET b = a WHERE id % 2 RETURNING b, id"),
        Statement("DELETE FROM things WHERE id = 1 RETURNING id, a"),
        Statement("SELECT id FROM things WHERE ? IS NOT NULL", pair[:1]),
        Statement("CREATE TABLE more (a)"),
    ]
    answered, noted = answer_and_notes(connection, write_batch(_TOKEN, statements, bump=False))
    connection.close()
    assert noted == answered


def test_no_trigger_stays(connection: sqlite3.Connection) -> None:
    answer_and_notes(connection, write_batch(_TOKEN, [Statement(_COUNTER, ("d",))], bump=False))
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (0,)


def test_rows_that_cannot_be_noted_are_owned_up_to(connection: sqlite3.Connection) -> None:
    statements = [Statement("INSERT INTO things (a) VALUES (1) RETURNING *")]
    _, noted = answer_and_notes(connection, write_batch(_TOKEN, statements, bump=False))
    assert noted is None


def test_which_errors_mean_kept_and_which_mean_first_write() -> None:
    kept = {"message": "SQLite error: UNIQUE constraint failed: _tx.id", "code": "SQLITE_CONSTRAINT"}
    missing = {"message": "SQLite error: no such table: _tx", "code": "SQLITE_UNKNOWN"}
    assert kept_before(1, kept)
    assert not kept_before(2, kept)
    assert not kept_before(1, missing)
    assert table_missing(1, missing)
    assert not table_missing(3, missing)
    assert not kept_before(1, {})
