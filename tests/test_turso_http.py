"""Turso as a Database, against the strict server: repeats, exactly once, answers too large, people's
sentences.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from database import Many, Statement, Written
from errors import ConfigError, Conflict, HadesError, InputError, Refused, Unavailable
from tests.turso_server import TursoServer
from turso_http import TursoHttp, for_url

_COUNTER = "INSERT INTO counters (day, last) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last"
_ADD = Statement("INSERT INTO things (name) VALUES (?) RETURNING id", ("one",))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TursoServer]:
    with TursoServer(tmp_path / "server.db") as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def db(server: TursoServer, pauses: list[float]) -> Iterator[TursoHttp]:
    database = for_url(server.url, server.token, read_seconds=10.0, answer_seconds=20.0, sleep=pauses.append)
    database.write(
        [
            Statement("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER)"),
            Statement("INSERT INTO meta VALUES ('data_version', 1)"),
            Statement("CREATE TABLE counters (day TEXT PRIMARY KEY, last INTEGER)"),
            Statement("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size REAL)"),
        ],
        bump=False,
    )
    server.requests.clear()
    yield database
    database.close()
    assert server.open_streams == 0  # whatever a test did


def data_version(db: TursoHttp) -> int:
    return int(db.rows("SELECT value FROM meta")[0]["value"])


def test_one_request_each(db: TursoHttp, server: TursoServer) -> None:
    before = db.round_trips
    assert db.write([_ADD, Many("INSERT INTO things (name) VALUES (?)", [("two",), ("three",)])]) == [
        Written([{"id": 1}], 1),
        Written([], 2),
    ]
    assert db.rows("SELECT name FROM things WHERE id = ?", (2,)) == [{"name": "two"}]
    assert db.read([Statement("SELECT 1 AS a"), Statement("SELECT name AS b FROM things WHERE id > 2")]) == [
        [{"a": 1}],
        [{"b": "three"}],
    ]
    assert db.frame("SELECT id, name FROM things ORDER BY id")["name"].tolist() == ["one", "two", "three"]
    assert db.round_trips - before == 4
    assert server.requests == ["/v3/pipeline"] * 4
    assert db.read([]) == []


def test_a_write_bumps_the_data_version_once_or_not(db: TursoHttp) -> None:
    db.write([_ADD, _ADD])
    assert data_version(db) == 2
    db.write([_ADD], bump=False)
    assert data_version(db) == 2


def test_all_or_nothing(db: TursoHttp) -> None:
    with pytest.raises(Conflict, match="NOT NULL constraint failed"):
        db.write([_ADD, Statement("INSERT INTO things (name) VALUES (NULL)")])
    assert db.rows("SELECT * FROM things") == []
    assert data_version(db) == 1


@pytest.mark.parametrize(
    "kind",
    ["lost after commit", "502 after commit", "garbage", "empty results", "truncated", "hang after commit"],
)
def test_a_lost_answer_gives_the_same_number_and_one_row(
    db: TursoHttp, server: TursoServer, kind: str
) -> None:
    hasty = for_url(server.url, server.token, read_seconds=1.0, sleep=lambda _: None)
    for expected in (1, 2, 3):
        server.fail(kind, seconds=3.0)
        written = (hasty if kind == "hang after commit" else db).write(
            [
                Statement(_COUNTER, ("20260211",)),
                Many("INSERT INTO things (name, size) VALUES (?, ?)", [("a", 0.1), ("b", None)]),
                Statement(
                    "UPDATE things SET size = 1.7976931348623025e+308 WHERE size IS NULL RETURNING size, "
                    "name AS n"
                ),
                Statement("SELECT count(*) AS things FROM things"),
            ]
        )
        assert written == [
            Written([{"last": expected}], 1),
            Written([], 2),
            Written([{"size": 1.7976931348623025e308, "n": "b"}], 1),
            Written([{"things": 2 * expected}], 0),
        ]
    assert data_version(db) == 4
    hasty.close()


def test_two_lost_answers_in_a_row(db: TursoHttp, server: TursoServer) -> None:
    server.fail("lost after commit")
    server.fail("lost after commit")  # the repeat, which finds the token, is lost as well
    server.fail("502 after commit")  # so is the question for the notes
    assert db.write([Statement(_COUNTER, ("d",))]) == [Written([{"last": 1}], 1)]


def test_a_first_write_whose_answer_is_lost(server: TursoServer) -> None:
    """The tables of the tokens are made on the way; that, too, may be lost."""
    db = for_url(server.url, server.token, sleep=lambda _: None)
    for kind in ("lost after commit", "busy", "garbage", "lost after commit", "lost after commit"):
        server.fail(kind)
    db.write([Statement("CREATE TABLE t (a)")], bump=False)
    assert db.rows("SELECT count(*) AS n FROM t") == [{"n": 0}]
    db.close()


def test_an_answer_that_cannot_be_had_again_is_said_plainly(db: TursoHttp, server: TursoServer) -> None:
    server.fail("lost after commit")
    with pytest.raises(Conflict, match=r"was kept .* but the answer was lost"):
        db.write([Statement("INSERT INTO things (name) VALUES ('x') RETURNING *")])
    assert len(db.rows("SELECT id FROM things")) == 1


@pytest.mark.parametrize("kind", ["500", "reset", "429", "busy", "transaction timeout"])
def test_a_write_that_surely_did_not_happen_is_repeated(
    db: TursoHttp, server: TursoServer, kind: str
) -> None:
    server.fail(kind, times=2)
    assert db.write([_ADD, _ADD, _ADD]) == [Written([{"id": n}], 1) for n in (1, 2, 3)]
    assert data_version(db) == 2


@pytest.mark.parametrize("kind", ["500", "reset", "429", "lost after commit", "garbage", "truncated"])
def test_reads_are_repeated(db: TursoHttp, server: TursoServer, kind: str, pauses: list[float]) -> None:
    server.fail(kind, times=3)
    assert db.rows("SELECT 1 AS one") == [{"one": 1}]
    assert len(pauses) == 3
    assert pauses[0] < pauses[-1] + 0.2  # growing, with a little chance


def test_it_gives_up_after_six_attempts(db: TursoHttp, server: TursoServer, pauses: list[float]) -> None:
    server.fail("500", times=6)
    with pytest.raises(Unavailable, match="status 500"):
        db.rows("SELECT 1")
    assert len(server.requests) == 6
    assert len(pauses) == 5


def test_a_write_given_up_in_doubt_says_so(db: TursoHttp, server: TursoServer) -> None:
    server.fail("lost after commit")
    server.fail("500", times=5)
    with pytest.raises(Unavailable, match="open whether the last change was kept"):
        db.write([_ADD])


def test_a_write_that_never_ran_is_in_no_doubt(db: TursoHttp, server: TursoServer) -> None:
    server.fail("429", times=6)
    with pytest.raises(Unavailable) as raised:
        db.write([_ADD])
    assert "open whether" not in str(raised.value)
    assert db.rows("SELECT * FROM things") == []


def test_retry_after_is_honoured(db: TursoHttp, server: TursoServer, pauses: list[float]) -> None:
    server.fail("429", retry_after="7")
    db.rows("SELECT 1")
    assert pauses == [7.0]


def test_a_long_retry_after_is_told_to_the_person(
    db: TursoHttp, server: TursoServer, pauses: list[float]
) -> None:
    server.fail("429", retry_after="600")
    with pytest.raises(Unavailable, match="Try again in 600 seconds"):
        db.rows("SELECT 1")
    assert pauses == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [("401", ConfigError), ("403", ConfigError), ("404", ConfigError), ("blocked", ConfigError)],
)
def test_what_an_administrator_must_mend_is_not_repeated(
    db: TursoHttp, server: TursoServer, kind: str, error: type[HadesError]
) -> None:
    server.fail(kind)
    with pytest.raises(error) as raised:
        db.write([_ADD])
    assert len(server.requests) == 1
    assert server.token not in str(raised.value)


def test_a_token_for_reading_reads_and_does_not_write(db: TursoHttp, server: TursoServer) -> None:
    reader = for_url(server.url, server.reading_token)
    assert reader.rows("SELECT 1 AS one") == [{"one": 1}]
    with pytest.raises(ConfigError, match="reading only"):
        reader.write([_ADD])
    reader.close()


@pytest.mark.parametrize(
    "sql",
    ["VACUUM", "ANALYZE", "ATTACH 'x' AS y", "CREATE TEMP TABLE t (a)", "PRAGMA journal_mode = DELETE", "SELECT pow(2, 3)",
     "SELECT 1; SELECT 2", "SELEC 1", "SELECT absent FROM things", "SELECT * FROM nowhere"],
)  # fmt: skip
def test_sql_that_the_server_refuses(db: TursoHttp, sql: str) -> None:
    with pytest.raises(Refused, match=r"did not accept a statement|A reading was expected"):
        db.rows(sql)
    with pytest.raises(Refused, match="did not accept a statement"):
        db.write([_ADD, Statement(sql)])
    assert db.rows("SELECT * FROM things") == []


def test_wrong_arguments(db: TursoHttp, server: TursoServer) -> None:
    with pytest.raises(Refused, match="Arguments do not match"):
        db.rows("SELECT ?, ?", (1,))
    server.requests.clear()
    with pytest.raises(TypeError, match="Argument 1: A value of type object"):
        db.rows("SELECT ?", (object(),))
    with pytest.raises(InputError, match="Argument 2 of row 2"):
        db.write([Many("INSERT INTO things (name, size) VALUES (?, ?)", [("a", 1), ("b", float("inf"))])])
    with pytest.raises(Refused, match="expected to have 2 values"):
        db.write([Many("INSERT INTO things (name, size) VALUES (?, ?)", [("a", 1), ("b",)])])
    assert server.requests == []  # nothing of it left this machine


def test_many_rows_of_a_change_that_is_no_plain_insert(db: TursoHttp) -> None:
    db.write([Many("INSERT INTO things (name) VALUES (?)", [("a",), ("b",), ("c",)])])
    written = db.write(
        [
            Many("UPDATE things SET size = ? WHERE id = ?", [(1.5, 1), (2.5, 2), (9.9, 99)]),
            Many("INSERT INTO things (name) VALUES (lower(?))", [("D",), ("E",)]),
            Many(
                "INSERT INTO things (id, name) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
                [(1, "x"), (7, "y")],
            ),
            Many("INSERT INTO things (name) VALUES (?)", []),
        ]
    )
    assert [w.affected for w in written] == [2, 2, 1, 0]
    assert db.rows("SELECT name, size FROM things ORDER BY id")[:2] == [
        {"name": "a", "size": 1.5},
        {"name": "b", "size": 2.5},
    ]


def test_more_arguments_than_one_statement_takes(db: TursoHttp) -> None:
    rows = [(f"name {n}", n / 2) for n in range(20_000)]  # 40,000 arguments; SQLite takes 32,766
    assert db.write([Many("INSERT INTO things (name, size) VALUES (?, ?)", rows)]) == [Written([], 20_000)]
    assert db.rows("SELECT count(*) AS n, max(size) AS most FROM things") == [{"n": 20_000, "most": 9999.5}]


def test_an_answer_too_large_for_one_piece_comes_by_cursor(db: TursoHttp, server: TursoServer) -> None:
    server.engine.max_answer_bytes = 2_000
    db.write([Many("INSERT INTO things (name) VALUES (?)", [(f"name {n}",) for n in range(200)])])
    server.requests.clear()
    sql = "SELECT id, name FROM things ORDER BY id"
    assert [row["id"] for row in db.rows(sql)] == list(range(1, 201))
    assert server.requests == ["/v3/pipeline", "/v3/cursor", "/v3/pipeline"]  # the last closes the stream
    server.requests.clear()
    assert len(db.frame(sql)) == 200
    assert server.requests == ["/v3/cursor", "/v3/pipeline"]  # it knows by now
    both = db.read([Statement(sql), Statement("SELECT count(*) AS n FROM things")])
    assert (len(both[0]), both[1]) == (200, [{"n": 200}])
    assert db.frame("SELECT id, name FROM things WHERE id < 0").columns.tolist() == ["id", "name"]


def test_a_stream_comes_in_pieces(db: TursoHttp, server: TursoServer) -> None:
    db.write([Many("INSERT INTO things (name) VALUES (?)", [(f"n{n}",) for n in range(10)])])
    pieces = list(db.stream("SELECT id FROM things WHERE id > ? ORDER BY id", (3,), chunk_rows=3))
    assert [[row[0] for row in piece] for piece in pieces] == [[4, 5, 6], [7, 8, 9], [10]]
    assert list(db.stream("SELECT id FROM things WHERE id < 0")) == []
    with pytest.raises(Refused):
        list(db.stream("SELECT * FROM nowhere"))
    half = db.stream("SELECT id FROM things", chunk_rows=2)
    next(half)
    half.close()  # type: ignore[attr-defined]
    assert server.open_streams == 0


@pytest.mark.parametrize("kind", ["cut", "truncated", "cursor error"])
def test_a_stream_that_breaks_is_repeated_at_first_and_an_error_later(
    db: TursoHttp, server: TursoServer, kind: str
) -> None:
    db.write(
        [Many("INSERT INTO things (name) VALUES (?)", [("n" * 100,)] * 9000)]
    )  # more than is read at once
    server.fail(kind)
    assert sum(len(piece) for piece in db.stream("SELECT * FROM things", chunk_rows=9000)) == 9000
    server.fail(kind)
    got: list[int] = []
    pieces = map(len, db.stream("SELECT * FROM things", chunk_rows=10))
    with pytest.raises(Unavailable, match="none of them may be used"):
        got.extend(pieces)
    assert 0 < sum(got) < 9000


def test_old_tokens_go(db: TursoHttp, server: TursoServer) -> None:
    db.write([Statement("INSERT INTO _tx (id, at) VALUES ('old', '2020-01-01T00:00:00Z')")])
    db.write([Statement("INSERT INTO _tx_notes VALUES ('old', 0, 0, 'x')")])
    fresh = for_url(server.url, server.token)
    fresh.write([_ADD])  # the first write of a process clears up
    assert fresh.rows("SELECT count(*) AS n FROM _tx WHERE id = 'old'") == [{"n": 0}]
    assert fresh.rows("SELECT count(*) AS n FROM _tx_notes WHERE tx = 'old'") == [{"n": 0}]
    assert fresh.rows("SELECT count(*) > 2 AS more FROM _tx") == [{"more": 1}]
    fresh.close()


def test_a_hung_request_does_not_hold_the_others(db: TursoHttp, server: TursoServer) -> None:
    server.fail("hang", seconds=10)
    patient = for_url(server.url, server.token, read_seconds=3.0, sleep=lambda _: None)
    hung = threading.Thread(target=patient.rows, args=("SELECT 1 AS one",))
    hung.start()
    while server.faults_left():
        time.sleep(0.01)
    assert db.rows("SELECT 1 AS one") == [{"one": 1}]
    assert hung.is_alive()  # it still waits for its answer
    hung.join()
    patient.close()


def test_eight_threads_wait_at_the_same_time(db: TursoHttp, server: TursoServer) -> None:
    server.latency = 0.4
    started = time.monotonic()
    threads = [threading.Thread(target=db.rows, args=("SELECT 1",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 4.0  # one after the other they would take 8 × 0.8 s


def test_streams_that_expire_are_never_met(db: TursoHttp, server: TursoServer) -> None:
    server.engine.stream_seconds = 0.01
    for _ in range(3):
        assert db.rows("SELECT 1 AS one") == [{"one": 1}]
        db.write([_ADD])
        time.sleep(0.03)


def test_the_name_is_for_people(server: TursoServer) -> None:
    db = for_url(server.url, server.token)
    assert db.name == f"Turso at {server.url.removeprefix('http://')}"
    assert db.rows_per_write == 1000
    db.close()


@pytest.mark.parametrize(
    "make", [lambda: for_url("wss://x", None), lambda: for_url("http://example.com", "t")]
)
def test_addresses_are_checked_at_once(make: Callable[[], TursoHttp]) -> None:
    with pytest.raises(ConfigError):
        make()
