"""The wire: values as the protocol writes them, what each status and error code means, one pool of
connections.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from errors import ConfigError, Conflict, HadesError, Refused, Unavailable
from tests.turso_engine import decode
from tests.turso_places import ANY_VALUE
from tests.turso_server import TursoServer
from turso_wire import Lost, Wire, decode_row, encode, typed


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TursoServer]:
    with TursoServer(tmp_path / "server.db") as running:
        yield running


def wire_to(server: TursoServer, token: str | None = "", **changes: float) -> Wire:
    seconds = {"connect_seconds": 2.0, "read_seconds": 2.0, "answer_seconds": 4.0, **changes}
    return Wire(server.url, server.token if token == "" else token, **seconds)


def execute(sql: str) -> dict[str, Any]:
    return {"type": "execute", "stmt": {"sql": sql, "args": []}}


def entries_of(cursor: Iterator[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [entry for part in cursor for entry in part]


@given(ANY_VALUE)
def test_every_value_survives_the_way_there_and_back(value: Any) -> None:
    sent = json.loads(json.dumps(encode(value)))
    assert decode(sent) == value  # the strict server's own reading of it
    assert decode_row([sent]) == (value,)


def test_forms_that_only_a_server_sends() -> None:
    # no padding in base64, null for a number that is not finite, unknown fields beside
    assert decode_row([{"type": "blob", "base64": "YQ"}]) == (b"a",)
    assert decode_row([{"type": "float", "value": None}]) == (None,)
    assert decode_row([{"type": "float", "value": 2, "more": 1}]) == (2.0,)


@pytest.mark.parametrize(
    ("code", "message", "kind", "said"),
    [
        (
            "SQLITE_CONSTRAINT",
            "SQLite error: UNIQUE constraint failed: t.a",
            Conflict,
            "UNIQUE constraint failed: t.a",
        ),
        ("SQLITE_CONSTRAINT_PRIMARYKEY", "UNIQUE constraint failed: t.a", Conflict, "same key"),
        ("SQLITE_CONSTRAINT", "SQLite error: exported leads are never deleted", Refused, "never deleted"),
        ("SQL_PARSE_ERROR", "SQL string could not be parsed: near X", Refused, "near X"),
        ("SQL_INPUT_ERROR", "SQL input error: no such column: a (at offset 7)", Refused, "no such column"),
        ("SQLITE_UNKNOWN", "SQLite error: no such table: t", Refused, "no such table: t"),
        ("ARGS_INVALID", "Arguments do not match", Refused, "Arguments"),
        ("BLOCKED", "Operation was blocked", ConfigError, "quota"),
        ("SOMETHING_NEW", "what is this", Refused, "what is this"),
        (None, None, Refused, "no reason was given"),
    ],
)
def test_final_errors_inside_an_answer(code: Any, message: Any, kind: type[HadesError], said: str) -> None:
    error = typed({"code": code, "message": message}, "Turso at host")
    assert type(error) is kind
    assert said in str(error)
    assert not str(error).endswith("..")


@pytest.mark.parametrize(
    "code",
    [
        "SQLITE_BUSY",
        "SQLITE_BUSY_SNAPSHOT",
        "TRANSACTION_TIMEOUT",
        "TRANSACTION_BUSY",
        "RESPONSE_TOO_LARGE",
        "SQLITE_FULL",
    ],
)
def test_errors_that_another_attempt_can_help(code: str) -> None:
    error = typed({"code": code, "message": "x"}, "Turso at host")
    assert isinstance(error, Lost)
    assert isinstance(error.error, Unavailable)
    assert not error.ran


def test_a_pipeline_closes_its_stream_and_keeps_its_connection(server: TursoServer) -> None:
    wire = wire_to(server)
    for _ in range(5):
        (answer,) = wire.pipeline([execute("SELECT 1 AS one")])
    assert answer["response"]["result"]["rows"] == [[{"type": "integer", "value": "1"}]]
    assert server.open_streams == 0
    assert server.connections == 1
    assert wire.round_trips == 5
    assert set(server.encodings) == {"gzip"}
    wire.close()


def test_connections_are_never_more_than_threads_at_work(server: TursoServer) -> None:
    wire = wire_to(server)
    server.latency = 0.01
    for _ in range(3):  # three generations of threads, as a page that is drawn three times
        threads = [threading.Thread(target=wire.pipeline, args=([execute("SELECT 1")],)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert server.connections <= 8
    wire.close()


def test_a_cursor_is_read_to_its_end_and_its_stream_closed(server: TursoServer) -> None:
    wire = wire_to(server)
    entries = entries_of(wire.cursor([{"stmt": {"sql": "SELECT 1 AS one UNION ALL SELECT 2"}}]))
    assert [entry["type"] for entry in entries] == ["step_begin", "row", "row", "step_end"]
    assert server.open_streams == 0
    assert server.connections == 1
    wire.close()


def test_a_cursor_given_up_half_way_leaves_no_stream(server: TursoServer) -> None:
    wire = wire_to(server)
    entries = wire.cursor([{"stmt": {"sql": "SELECT 1 AS one UNION ALL SELECT 2"}}])
    next(entries)
    entries.close()  # type: ignore[attr-defined]
    assert server.open_streams == 0
    wire.close()


def test_the_stream_is_closed_where_the_server_says_it_lives(tmp_path: Path, server: TursoServer) -> None:
    with TursoServer(tmp_path / "other.db") as other:
        server.base_url = other.url
        list(wire_to(server).cursor([{"stmt": {"sql": "SELECT 1"}}]))
        assert other.requests == ["/v3/pipeline"]


def test_a_base_url_that_is_not_safe_gets_no_token(tmp_path: Path, server: TursoServer) -> None:
    server.base_url = "http://evil.example"
    assert len(entries_of(wire_to(server).cursor([{"stmt": {"sql": "SELECT 1"}}]))) == 3
    assert server.requests == ["/v3/cursor"]


@pytest.mark.parametrize("kind", ["cut", "truncated", "cursor error", "garbage"])
def test_a_cursor_that_does_not_end_well_is_an_error(server: TursoServer, kind: str) -> None:
    server.fail(kind)
    with pytest.raises(Lost):
        list(wire_to(server).cursor([{"stmt": {"sql": "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3"}}]))


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        ("401", ConfigError, "may have expired. Set TURSO_AUTH_TOKEN"),
        ("403", ConfigError, "may be for reading only. Set TURSO_AUTH_TOKEN"),
        ("404", ConfigError, "Check TURSO_DATABASE_URL"),
        ("500", Lost, "status 500"),
        ("503", Lost, "status 503"),
        ("429", Lost, "too many requests"),
    ],
)
def test_what_each_status_means(server: TursoServer, status: str, kind: type[Exception], said: str) -> None:
    server.fail(status)
    with pytest.raises(kind, match=said) as raised:
        wire_to(server).pipeline([execute("SELECT 1")])
    assert server.token not in str(raised.value)
    assert "<html>" not in str(raised.value)


def test_no_token_where_one_is_asked_for(server: TursoServer) -> None:
    with pytest.raises(ConfigError, match="asks for a token and none is set"):
        wire_to(server, None).pipeline([execute("SELECT 1")])


def test_a_request_that_the_server_finds_malformed(server: TursoServer) -> None:
    with pytest.raises(Refused, match="status 400"):
        wire_to(server).pipeline([{"type": "nonsense"}])
    assert server.open_streams == 0


@pytest.mark.parametrize(
    ("header", "least", "most"), [("7", 7, 7), ("0.5", 0.5, 0.5), ("soon", None, None), (None, None, None)]
)
def test_retry_after_in_seconds(
    server: TursoServer, header: str | None, least: float | None, most: float | None
) -> None:
    server.fail("429", retry_after=header)
    with pytest.raises(Lost) as lost:
        wire_to(server).pipeline([execute("SELECT 1")])
    assert lost.value.wait == least == most
    assert not lost.value.ran


def test_retry_after_as_a_date(server: TursoServer) -> None:
    server.fail("429", retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True))
    with pytest.raises(Lost) as lost:
        wire_to(server).pipeline([execute("SELECT 1")])
    assert lost.value.wait == pytest.approx(20, abs=3)


def test_nobody_there() -> None:
    wire = Wire("http://127.0.0.1:9", None, connect_seconds=1, read_seconds=1, answer_seconds=1)
    with pytest.raises(Lost, match="does not answer") as lost:
        wire.pipeline([execute("SELECT 1")])
    assert not lost.value.ran  # never connected: surely nothing happened


@pytest.mark.parametrize("kind", ["hang", "reset", "lost after commit"])
def test_no_answer_leaves_open_whether_it_ran(server: TursoServer, kind: str) -> None:
    server.fail(kind)
    started = time.monotonic()
    with pytest.raises(Lost) as lost:
        wire_to(server, read_seconds=0.3).pipeline([execute("SELECT 1")])
    assert lost.value.ran
    assert time.monotonic() - started < 5


def test_an_answer_that_trickles_ends_at_its_time(server: TursoServer) -> None:
    server.fail("slow", seconds=0.05)  # some 200 bytes: 10 s for the whole
    started = time.monotonic()
    with pytest.raises(Lost, match="does not answer"):
        wire_to(server, read_seconds=1.0, answer_seconds=0.5).pipeline([execute("SELECT 1")])
    assert time.monotonic() - started < 5


def test_the_token_is_in_no_representation(server: TursoServer) -> None:
    wire = wire_to(server)
    assert server.token not in repr(wire) + wire.name + wire.url
