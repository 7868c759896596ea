"""The wire of the test server: requests in, answers out, and the faults of a connection."""

from __future__ import annotations

import json
import socket
import struct
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from zoho_faults import HTML, Fault, Reply, with_fault


class Call(NamedTuple):
    """One request that arrived."""

    method: str
    path: str
    params: dict[str, str]
    query: str  # the COQL text, if any
    status: int
    headers: dict[str, str]


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is printed: clients that are killed break their connections, and that is what tests are for."""


class Handler(BaseHTTPRequestHandler):
    zoho: Any  # the ZohoServer that answers
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The organisation's clock, not the machine's."""
        return format_datetime(self.zoho.world.now, usegmt=True)

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        params = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = _query_in(content) if parts.path.endswith("/coql") else ""
        zoho = self.zoho
        fault = zoho.struck(f"{parts.path} {query}")
        if fault and fault.before:
            with zoho.lock:
                fault.before(zoho.world)
        if fault and fault.kind == "token expired":
            zoho.live_tokens.clear()
        if fault and fault.kind == "revoked":
            zoho.live_tokens.clear()
            zoho.refresh_token = "1000.another.refresh"
        reply = zoho.respond(method, parts.path, params, self.headers, content)
        if fault:
            before = zoho.answered.get(parts.path)
            reply = with_fault(
                fault, reply, before=before, asked=params, throttled_token=zoho.throttled_token()
            )
        zoho.answered[parts.path] = reply
        zoho.calls.append(Call(method, parts.path, params, query, reply.status, dict(self.headers)))
        try:
            self._write(reply, fault)
        except (ConnectionError, OSError):
            self.close_connection = True

    def _write(self, reply: Reply, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if kind == "reset before":
            return self._reset()
        if kind == "hang":
            self.zoho.wait_closing(float(fault.value) if fault else 0)
            return self._reset()
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        if reply.body is None:
            content = b""
        sent = content[: len(content) // 2] if kind in ("truncated", "reset within") else content
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if content:
            form = "text/html" if reply.body is HTML else "application/json;charset=utf-8"
            self.send_header("Content-Type", form)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(sent) if kind == "truncated" else len(content)))
        self.end_headers()
        if kind == "slow":
            step = max(1, len(sent) // 8)
            for start in range(0, len(sent), step):
                self.wfile.write(sent[start : start + step])
                self.wfile.flush()
                self.zoho.wait_closing(float(fault.value) if fault else 0)
            return None
        self.wfile.write(sent)
        if kind == "reset within":
            self.wfile.flush()
            return self._reset()
        return None

    def _reset(self) -> None:
        """The connection breaks: the other side gets a reset instead of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


def _query_in(content: bytes) -> str:
    try:
        return str(json.loads(content)["select_query"])
    except (ValueError, KeyError, TypeError):
        return ""
