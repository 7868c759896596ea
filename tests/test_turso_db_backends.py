"""One suite for every place the database can be: a local file, the strict server, the real libsql-server.

The same SQL gives the same answers, the same kinds of error, and the same promises under faults. Faults of
the way come from a gate before the server (tests/turso_server.py); the strict server is its own gate.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import turso_file
from database import Database, Many, Statement, Written
from errors import ConfigError, Conflict, HadesError, InputError, Refused, Unavailable
from tests.figures import show
from tests.real_server import RealServer, real_server_or_skip
from tests.turso_server import TursoServer
from turso_db import LocalFile
from turso_http import TursoHttp, for_url
from turso_libsql_client import ClientWire

_COUNTER = "INSERT INTO counters (day, last) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last"
_ADD = Statement("INSERT INTO things (name) VALUES (?) RETURNING id", ("one",))
_SCHEMA = [
    Statement("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)"),
    Statement("INSERT INTO meta VALUES ('data_version', 1)"),
    Statement("CREATE TABLE counters (day TEXT PRIMARY KEY, last INTEGER)"),
    Statement(
        "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size REAL CHECK (size > 0), other, "
        "parent INTEGER REFERENCES things (id))"
    ),
    Statement("CREATE UNIQUE INDEX things_by_other ON things (other)"),
    Statement(
        "CREATE TRIGGER things_stay BEFORE DELETE ON things WHEN OLD.name = 'kept' "
        "BEGIN SELECT RAISE(ABORT, 'what is kept stays'); END"
    ),
]


class Place:
    """Where one database is, and how to reach it."""

    def __init__(self, kind: str, folder: Path, stack: ExitStack) -> None:
        self.kind, self.folder = kind, folder
        self.real: RealServer | None = None
        self.gate: TursoServer | None = None
        self._stack = stack
        if kind == "strict":
            self.gate = stack.enter_context(TursoServer(folder / "strict.db"))
        elif kind in ("real", "libsql-client"):
            if kind != "real" and find_spec("libsql_client") is None:
                pytest.skip("libsql-client is not installed (requirements-libsql-client.txt)")
            self.real = stack.enter_context(real_server_or_skip(folder / "real"))

    def open(self) -> Database:
        """A new handle, as another process would have it."""
        if self.kind == "libsql-client" and self.real is not None:
            return self._kept(TursoHttp(ClientWire(self.real.url, self.real.token)))
        if self.real is not None:
            return self._kept(for_url(self.real.url, self.real.token))
        return self.open_gated() if self.gate is not None else self._kept(LocalFile(self.folder / "local.db"))

    def open_gated(self, pauses: list[float] | None = None, **seconds: float) -> Database:
        """A handle whose way leads through the gate, with short patience."""
        if self.real is not None and self.gate is None:
            self.gate = self._stack.enter_context(
                TursoServer(self.folder / "gate.db", upstream=self.real.url)
            )
        assert self.gate is not None
        token = self.real.token if self.real else self.gate.token
        waits = {"read_seconds": 2.0, "answer_seconds": 6.0, **seconds}
        noted = [] if pauses is None else pauses
        if self.kind == "libsql-client":
            return self._kept(
                TursoHttp(ClientWire(self.gate.url, token, seconds=waits["read_seconds"]), sleep=noted.append)
            )
        return self._kept(for_url(self.gate.url, token, sleep=noted.append, **waits))

    def _kept(self, db: Any) -> Database:
        self._stack.callback(db.close)
        opened: Database = db
        return opened


def _place(kind: str, folder: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        made = Place(kind, folder, stack)
        made.open().write(_SCHEMA, bump=False)
        yield made


@pytest.fixture(params=["local", "strict", "real", "libsql-client"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from _place(request.param, tmp_path)


@pytest.fixture(params=["strict", "real", "libsql-client"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from _place(request.param, tmp_path)


@pytest.fixture(params=["strict", "real"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """The places that the product's own client reaches; libsql-client has no cursor and hides the headers."""
    yield from _place(request.param, tmp_path)


@pytest.fixture
def db(place: Place) -> Database:
    return place.open()


def data_version(db: Database) -> int:
    return int(db.rows("SELECT value FROM meta WHERE key = 'data_version'")[0]["value"])


# the same answers


def test_a_write_is_one_round_trip_and_all_or_nothing(db: Database) -> None:
    db.write([_ADD])
    before = db.round_trips
    assert db.write([_ADD, _ADD]) == [Written([{"id": 2}], 1), Written([{"id": 3}], 1)]
    assert db.round_trips == before + 1
    with pytest.raises(Conflict, match=r"NOT NULL constraint failed: things\.name"):
        db.write([_ADD, Statement("INSERT INTO things (name) VALUES (NULL)")])
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
            Statement(_COUNTER, ("20260211",)),
            Statement(_COUNTER, ("20260211",)),
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
        db.write([_ADD, Statement(sql)])
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
            other.write([Statement(_COUNTER, ("a",)), Statement(_COUNTER, ("b",))])

    db.write([Statement(_COUNTER, ("a",)), Statement(_COUNTER, ("b",))])
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


def test_100_000_rows_over_10_mb(place: Place) -> None:
    db = place.open_gated(read_seconds=30.0) if place.kind == "strict" else place.open()
    columns = ", ".join(f"c{n}" for n in range(12))
    db.write(
        [
            Statement(f"CREATE TABLE wide (id INTEGER PRIMARY KEY, {columns})"),
            Statement(
                f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
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
    assert len(frame) == 100_000
    assert frame["id"].tolist() == list(range(1, 100_001))
    assert frame["c0"].iloc[-1] == 9007199254740993 + 100_000  # beyond what a float can tell apart
    assert frame["c1"].tolist() == [i * 0.1 for i in range(1, 100_001)]
    assert set(frame["c4"]) == {"a\u2028b"}
    seen = 0
    for part in db.stream("SELECT id, c2 FROM wide ORDER BY id", chunk_rows=7000):
        assert len(part) <= 7000
        assert part[0] == (seen + 1, f"text {seen + 1}")
        seen += len(part)
    assert seen == 100_000


def test_writers_at_the_same_time_all_get_through(place: Place) -> None:
    handles = [place.open() for _ in range(4)]
    numbers: list[int] = []

    def count(db: Database) -> None:
        numbers.extend(db.write([Statement(_COUNTER, ("d",))])[0].rows[0]["last"] for _ in range(15))

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


# promises under faults


@pytest.mark.parametrize(
    "kind", ["lost after commit", "502 after commit", "garbage", "truncated", "hang after commit"]
)
def test_exactly_once_when_the_answer_is_lost(remote: Place, kind: str) -> None:
    db = remote.open_gated(read_seconds=0.5)
    gate = remote.gate
    assert gate is not None
    for number in (1, 2, 3):
        gate.fail(kind, seconds=1.0)
        assert db.write(
            [
                Statement(_COUNTER, ("20260211",)),
                Many("INSERT INTO things (name, size) VALUES (?, ?)", [("a", 0.1), ("b", 2)]),
                Statement(
                    "SELECT name, sum(size) AS s, max(other) FROM things GROUP BY name ORDER BY name DESC"
                ),
            ]
        ) == [
            Written([{"last": number}], 1),
            Written([], 2),
            Written(
                [
                    {"name": "b", "s": 2.0 * number, "max(other)": None},
                    {"name": "a", "s": sum([0.1] * number), "max(other)": None},
                ],
                0,
            ),
        ]
    assert data_version(db) == 4
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 6}]


def test_a_hung_server_is_an_error_in_time_while_others_work_on(remote: Place) -> None:
    db = remote.open_gated(read_seconds=0.3)
    gate = remote.gate
    assert gate is not None
    gate.fail("hang", times=6, seconds=20)
    found: list[tuple[float, BaseException]] = []

    def hung() -> None:
        started = time.monotonic()
        try:
            db.rows("SELECT 1")
        except HadesError as error:
            found.append((time.monotonic() - started, error))

    thread = threading.Thread(target=hung)
    thread.start()
    other = remote.open()
    while gate.faults_left():  # the strict server is its own gate: the hung one takes the faults
        time.sleep(0.01)
    started = time.monotonic()
    assert other.rows("SELECT 1 AS one") == [{"one": 1}]
    assert time.monotonic() - started < 1.0
    thread.join()
    ((seconds, error),) = found
    assert isinstance(error, Unavailable)
    assert seconds < 4  # six attempts of 0.3 s


def test_a_locked_file_is_an_error_in_time_while_readers_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turso_file, "_BUSY_SECONDS", 0.2)
    db = LocalFile(tmp_path / "local.db")
    db.write(_SCHEMA, bump=False)
    holder = turso_file._open(tmp_path / "local.db", "holder")
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(Unavailable, match="busy"):
        db.write([_ADD])
    assert time.monotonic() - started < 2
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]
    holder.execute("ROLLBACK")
    holder.close()
    assert db.write([_ADD]) == [Written([{"id": 1}], 1)]
    db.close()


def test_429_honours_retry_after(own: Place) -> None:
    pauses: list[float] = []
    db = own.open_gated(pauses)
    assert own.gate is not None
    own.gate.fail("429", retry_after="3")
    assert db.write([_ADD]) == [Written([{"id": 1}], 1)]
    assert pauses == [3.0]


@pytest.mark.parametrize(
    ("kind", "error"),
    [("401", ConfigError), ("403", ConfigError), ("404", ConfigError), ("500", Unavailable)],
)
def test_statuses_are_sentences_without_the_token(remote: Place, kind: str, error: type[HadesError]) -> None:
    db = remote.open_gated()
    assert remote.gate is not None
    remote.gate.fail(kind, times=6)
    token = remote.real.token if remote.real else remote.gate.token
    for act in (lambda: db.rows("SELECT 1"), lambda: db.write([_ADD])):
        with pytest.raises(error) as raised:
            act()
        chain: BaseException | None = raised.value
        while chain is not None:
            assert token not in str(chain)
            chain = chain.__cause__
        assert "<" not in str(raised.value)
        remote.gate.fail(kind, times=6 - remote.gate.faults_left())


def test_real_tokens(tmp_path: Path) -> None:
    with real_server_or_skip(tmp_path) as server:
        owner = for_url(server.url, server.token)
        owner.write(_SCHEMA, bump=False)
        reader = for_url(server.url, server.signed(a="ro"))
        assert reader.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]
        with pytest.raises(ConfigError, match="reading only"):
            reader.write([_ADD])
        for token in (server.signed(expires_in=-3600), "nonsense", None):
            stranger = for_url(server.url, token)
            with pytest.raises(ConfigError, match="TURSO_AUTH_TOKEN"):
                stranger.rows("SELECT 1")
            stranger.close()
        reader.close()
        owner.close()


@pytest.mark.parametrize("kind", ["cut", "truncated", "lost after commit"])
def test_a_broken_cursor_is_never_a_short_result(own: Place, kind: str) -> None:
    db = own.open_gated()
    gate = own.gate
    assert gate is not None
    db.write([Many("INSERT INTO things (name) VALUES (?)", [(f"n{n}",) for n in range(1000)])])
    gate.fail(kind)
    assert sum(map(len, db.stream("SELECT id FROM things", chunk_rows=5000))) == 1000  # repeated, whole
    gate.fail(kind, times=20)
    with pytest.raises(Unavailable):
        list(db.stream("SELECT id FROM things"))


def test_only_gzip_no_stream_left_and_no_more_connections_than_threads(own: Place) -> None:
    db = own.open_gated()
    gate = own.gate
    assert gate is not None
    gate.connections = 0
    gate.requests.clear()

    def work() -> None:
        for _ in range(3):
            db.write([_ADD])
            db.rows("SELECT * FROM things")
            list(db.stream("SELECT * FROM things"))
            next(iter(db.stream("SELECT * FROM things", chunk_rows=1)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(gate.encodings) == {"gzip"}
    assert gate.open_streams == 0
    # a stream that is given up half way costs its connection: the rest of the answer is on it
    assert gate.connections <= 6 + 6 * 3
    cursors = gate.requests.count("/v3/cursor")
    assert gate.requests.count("/v3/pipeline") == 6 * 3 * 2 + cursors  # each cursor's stream was closed


@pytest.mark.parametrize("seconds", [0.1, pytest.param(15, marks=pytest.mark.prove)])
def test_work_goes_on_after_a_silence(place: Place, seconds: float) -> None:
    if place.gate is not None:
        place.gate.engine.stream_seconds = min(10.0, seconds / 2)
    db = place.open()
    db.write([_ADD])
    list(db.stream("SELECT * FROM things"))
    time.sleep(seconds)
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 1}]
    time.sleep(seconds)
    assert db.write([_ADD]) == [Written([{"id": 2}], 1)]


@pytest.mark.parametrize("remote", ["strict"], indirect=True)
def test_a_transaction_that_is_cut_fails_whole(remote: Place) -> None:
    db = remote.open_gated()
    assert remote.gate is not None
    remote.gate.fail("transaction timeout", times=6)
    with pytest.raises(Unavailable, match="busy"):
        db.write([_ADD, _ADD, _ADD])
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]
    remote.gate.fail("transaction timeout")
    assert len(db.write([_ADD, _ADD, _ADD])) == 3  # the repeat
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 3}]


@pytest.mark.prove
@pytest.mark.parametrize("remote", ["real"], indirect=True)
def test_a_slow_write_on_the_real_server_is_whole_or_not_at_all(remote: Place) -> None:
    """The server cuts a transaction older than 5 s when another writer waits."""
    slow, quick = remote.open(), remote.open()
    count_far = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) AS n FROM n"
    busy = Statement(count_far, (20_000_000,))
    done: list[str] = []

    def write_slowly() -> None:
        try:
            slow.write([_ADD, busy, _ADD, busy, _ADD])
            done.append("kept")
        except HadesError as error:
            done.append(error.kind)

    thread = threading.Thread(target=write_slowly)
    thread.start()
    time.sleep(0.3)
    for _ in range(5):
        quick.write([Statement("INSERT INTO things (name) VALUES ('quick')")])
    thread.join()
    names = [row["name"] for row in quick.rows("SELECT name FROM things")]
    show(f"the slow write: {done[0]}; quick writes beside it: {names.count('quick')}")
    assert names.count("quick") == 5
    assert names.count("one") == (3 if done == ["kept"] else 0)
