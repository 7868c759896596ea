"""A strict SQL-over-HTTP server on loopback, with faults on demand and counters.

    with TursoServer(tmp_path / "server.db") as server:
        server.fail("lost after commit")          # the next request only; times=3 for three
        server.latency = 0.02                     # seconds each way
        db = for_url(server.url, server.token)

Faults: "reset" (nothing runs, the connection breaks), "lost after commit" (it runs, the connection breaks),
"502 after commit", "garbage" (it runs, the answer is not JSON), "empty results", "429", "401", "403", "
""404", "500" (HTML, nothing runs), "hang" (nothing runs, no answer), "hang after commit", "slow" (the answer
trickles), "truncated" (the answer stops half way, the connection ends), "cut" (a cursor that ends well but
half way), "cursor error" (a cursor that fails half way), "busy", "transaction timeout", "blocked".

With `upstream`, the address of a real server, it is a gate before that server: the faults of the way are the
same, those inside the database ("busy", "transaction timeout", "blocked", "cursor error") are the strict
server's only.
"""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from tests.turso_engine import Engine, Malformed, SqlError

_HTML = b"<html><body><h1>Something went wrong</h1></body></html>"
_STATUS = {"429": 429, "401": 401, "403": 403, "404": 404, "500": 500, "503": 503}


class Fault(NamedTuple):
    kind: str
    retry_after: str | None
    seconds: float


class TursoServer:
    """The server; its attributes may be changed while it runs."""

    token = "header.good-token.signature"
    reading_token = "header.reading-token.signature"

    def __init__(self, path: Path, *, upstream: str | None = None) -> None:
        self.engine = Engine(path)
        self.upstream = upstream
        self.latency = 0.0
        self.requests: list[str] = []  # the paths, in order
        self.encodings: list[str] = []
        self.connections = 0
        self.mistakes: list[BaseException | None] = []  # what went wrong in the server itself
        self.base_url: str | None = None  # what cursors and open streams are told to use from then on
        self.auth = True
        self.plan: Callable[[], str] = str  # asked for a kind of fault at each request; "" for none
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._going = threading.Event()
        server = self

        class Handler(_Handler):
            owner = server

        self._http = _Server(("127.0.0.1", 0), Handler)
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> TursoServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._going.set()
        self._http.shutdown()
        self._thread.join()
        self._http.end_connections()
        self._http.server_close()
        self.engine.close()
        assert not self.mistakes, self.mistakes

    @property
    def open_streams(self) -> int:
        return self.engine.open_streams

    def fail(
        self, kind: str, *, times: int = 1, retry_after: str | None = None, seconds: float = 30.0
    ) -> None:
        """The next `times` requests meet this fault."""
        with self._lock:
            self._faults.extend([Fault(kind, retry_after, seconds)] * times)

    def faults_left(self) -> int:
        with self._lock:
            return len(self._faults)

    def next_fault(self) -> Fault | None:
        with self._lock:
            if self._faults:
                return self._faults.popleft()
            kind = self.plan()
            return Fault(kind, None, 1.0) if kind else None

    def wait(self, seconds: float) -> None:
        """A pause that ends when the server does."""
        self._going.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: TursoServer

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.owner.connections += 1
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def open_connections(self) -> int:
        return len(self._open)

    def end_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is the server's own mistake."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.owner.mistakes.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: TursoServer

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""

    def do_GET(self) -> None:
        self._send(200 if self.path in ("/v2", "/v3", "/health", "/version") else 404, b"", "text/plain")

    def do_POST(self) -> None:
        server = self.owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.requests.append(self.path)
        server.encodings.append(self.headers.get("Accept-Encoding") or "")
        time.sleep(server.latency)
        fault = server.next_fault()
        kind = fault.kind if fault else ""
        if kind in _STATUS and fault:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return self._send(_STATUS[kind], _HTML, "text/html", headers)
        if kind == "reset":
            return self._break()
        if kind == "hang" and fault:
            server.wait(fault.seconds)
            return self._break()
        if kind == "busy":
            server.engine.busy_begins += 1
        if kind == "transaction timeout":
            server.engine.timeout_at_step = 3
        refused = None if server.upstream else self._refusal(body)
        if refused is not None:
            return self._send(*refused)
        try:
            status, content = (
                self._forward(body) if server.upstream else (200, self._run(json.loads(body), kind))
            )
        except (Malformed, ValueError) as error:
            message = str(error)
            code = {"code": "STREAM_EXPIRED"} if "expired" in message else {}
            return self._send(400, json.dumps({"message": message, **code}).encode(), "application/json")
        time.sleep(server.latency)
        lines = status == 200 and self.path == "/v3/cursor"
        if kind in ("cut", "cursor error"):
            content = _spoiled(content, kind)
        if kind == "lost after commit":
            return self._break()
        if kind == "hang after commit" and fault:
            server.wait(fault.seconds)
            return self._break()
        if kind == "502 after commit":
            return self._send(502, _HTML, "text/html")
        if kind == "garbage":
            return self._send(200, b'{"results": [{"type": "ok", ', "application/json")
        if kind == "empty results":
            return self._send(200, b'{"baton": null, "base_url": null, "results": []}', "application/json")
        if kind == "slow" and fault:
            return self._trickle(content, fault.seconds)
        if kind == "truncated":
            self._head(status, "application/json", {"Content-Length": str(len(content))})
            self.wfile.write(content[: len(content) // 2])
            return self._break()
        return self._chunks(content) if lines else self._send(status, content, "application/json")

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the real server's answer."""
        server = self.owner
        headers = {
            "Content-Type": "application/json",
            "Authorization": self.headers.get("Authorization") or "",
        }
        way = http.client.HTTPConnection((server.upstream or "").removeprefix("http://"), timeout=60)
        try:
            way.request("POST", self.path, body, headers)
            answer = way.getresponse()
            return answer.status, answer.read()
        finally:
            way.close()

    def _refusal(self, body: bytes) -> tuple[int, bytes, str] | None:
        server = self.owner
        if self.path not in ("/v3/pipeline", "/v3/cursor"):
            return 404, b"", "text/plain"
        if "br" in (self.headers.get("Accept-Encoding") or "").replace(" ", "").split(","):
            return 400, b'{"message": "br takes a minute here"}', "application/json"
        if server.auth:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if token not in (server.token, server.reading_token):
                return 401, b'{"error": "Unauthorized: `The JWT is invalid`"}', "application/json"
            if token == server.reading_token and b"INSERT" in body:
                return 403, b'{"error": "Write operations are forbidden"}', "application/json"
        return None

    def _run(self, sent: Any, kind: str) -> bytes:
        engine = self.owner.engine
        engine.expire()
        if not isinstance(sent, dict):
            raise Malformed("expected an object")
        if self.path == "/v3/cursor":
            stream = engine.enter(sent.get("baton"))
            lines: list[dict[str, Any]] = []
            for index, (result, error) in enumerate(engine.batch(stream, sent.get("batch"))):
                if error is not None:
                    lines.append({"type": "step_error", "step": index, "error": error.entry()})
                elif result is not None:
                    lines.append({"type": "step_begin", "step": index, "cols": result["cols"]})
                    lines += [{"type": "row", "row": row} for row in result["rows"]]
                    count = result["affected_row_count"]
                    lines.append({"type": "step_end", "affected_row_count": count, "last_insert_rowid": 1})
            baton = engine.leave(stream, close=False)
            lines.append({"type": "replication_index", "replication_index": 1})
            first = {"baton": baton, "base_url": self.owner.base_url}
            return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in [first, *lines])
        entries = sent.get("requests")
        if not isinstance(entries, list) or set(sent) - {"baton", "requests"}:
            raise Malformed("requests: expected a list")
        if any(entry == {"type": "close"} for entry in entries[:-1]):
            raise Malformed("close must be the last request")
        stream = engine.enter(sent.get("baton"))
        closing = bool(entries) and entries[-1] == {"type": "close"}
        results = []
        try:
            for entry in entries[:-1] if closing else entries:
                try:
                    if kind == "blocked":
                        raise SqlError("BLOCKED", "Operation was blocked: the plan is used up")
                    results.append({"type": "ok", "response": engine.run(stream, entry)})
                except SqlError as error:
                    results.append({"type": "error", "error": error.entry()})
        except Malformed:
            engine.leave(stream, close=True)
            raise
        if closing:
            results.append({"type": "ok", "response": {"type": "close"}})
        baton = engine.leave(stream, close=closing)
        answer = {"baton": baton, "base_url": self.owner.base_url, "results": results}
        return json.dumps(answer, ensure_ascii=False).encode()

    def _head(self, status: int, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, content: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        headers = dict(headers or {})
        if "gzip" in (self.headers.get("Accept-Encoding") or "") and len(content) > 1000:
            content, headers["Content-Encoding"] = gzip.compress(content, 1), "gzip"
        self._head(status, kind, {**headers, "Content-Length": str(len(content))})
        self.wfile.write(content)

    def _chunks(self, content: bytes) -> None:
        """The lines as chunks that end anywhere, in the middle of a character too."""
        self._head(200, "text/plain", {"Transfer-Encoding": "chunked"})
        for start in range(0, len(content), 60_001):
            piece = content[start : start + 60_001]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _trickle(self, content: bytes, seconds: float) -> None:
        self._head(200, "application/json", {"Content-Length": str(len(content))})
        for index in range(len(content)):
            self.wfile.write(content[index : index + 1])
            self.owner.wait(seconds)

    def _break(self) -> None:
        """The connection ends with a reset, without another byte."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _spoiled(content: bytes, kind: str) -> bytes:
    """Half of the lines of a cursor; with "cursor error" the error of the protocol after them."""
    lines = content.split(b"\n")
    half = b"\n".join(lines[: len(lines) // 2]) + b"\n"
    return half + b'{"type": "error", "error": {"message": "disk I/O", "code": "SQLITE_IOERR"}}\n' * (
        kind != "cut"
    )
