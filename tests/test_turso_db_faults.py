"""The same promises under faults, on every server (turso_places.py) and, where a file can have the fault, on the file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import turso_file
from database import Many, Statement, Written
from errors import ConfigError, HadesError, Unavailable
from tests.figures import show
from tests.real_server import real_server_or_skip
from tests.turso_places import ADD, COUNTER, SCHEMA, Place, data_version, place_of
from turso_db import LocalFile
from turso_http import for_url


@pytest.fixture(params=["local", "strict", "real", "libsql-client"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from place_of(request.param, tmp_path)


@pytest.fixture(params=["strict", "real", "libsql-client"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from place_of(request.param, tmp_path)


@pytest.fixture(params=["strict", "real"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """The places that the product's own client reaches; libsql-client has no cursor and hides the headers."""
    yield from place_of(request.param, tmp_path)


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
                Statement(COUNTER, ("20260211",)),
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
    db.write(SCHEMA, bump=False)
    holder = turso_file._open(tmp_path / "local.db", "holder")
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(Unavailable, match="busy"):
        db.write([ADD])
    assert time.monotonic() - started < 2
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]
    holder.execute("ROLLBACK")
    holder.close()
    assert db.write([ADD]) == [Written([{"id": 1}], 1)]
    db.close()


def test_429_honours_retry_after(own: Place) -> None:
    pauses: list[float] = []
    db = own.open_gated(pauses)
    assert own.gate is not None
    own.gate.fail("429", retry_after="3")
    assert db.write([ADD]) == [Written([{"id": 1}], 1)]
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
    for act in (lambda: db.rows("SELECT 1"), lambda: db.write([ADD])):
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
        owner.write(SCHEMA, bump=False)
        reader = for_url(server.url, server.signed(a="ro"))
        assert reader.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]
        with pytest.raises(ConfigError, match="reading only"):
            reader.write([ADD])
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
            db.write([ADD])
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
    db.write([ADD])
    list(db.stream("SELECT * FROM things"))
    time.sleep(seconds)
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 1}]
    time.sleep(seconds)
    assert db.write([ADD]) == [Written([{"id": 2}], 1)]


@pytest.mark.parametrize("remote", ["strict"], indirect=True)
def test_a_transaction_that_is_cut_fails_whole(remote: Place) -> None:
    db = remote.open_gated()
    assert remote.gate is not None
    remote.gate.fail("transaction timeout", times=6)
    with pytest.raises(Unavailable, match="busy"):
        db.write([ADD, ADD, ADD])
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]
    remote.gate.fail("transaction timeout")
    assert len(db.write([ADD, ADD, ADD])) == 3  # the repeat
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
            slow.write([ADD, busy, ADD, busy, ADD])
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
