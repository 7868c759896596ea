"""Turso through the package libsql-client, for sites bound to it: TURSO_DRIVER=libsql-client.

The package stands in for the wire below TursoHttp, so writes keep their tokens and repeats. It is archived
and goes only as far as it goes: answers of at most 10 MB, one request at a time, the server's retired first
version of the protocol (docs/decisions/0004-turso-client.md). It is imported only when this driver is asked
for.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from errors import ConfigError, Unavailable
from turso_address import checked_token, checked_url
from turso_once import column_names
from turso_wire import Lost, decode_row, encode


class ClientWire:
    """What TursoHttp asks of a wire, answered by the package, whose event loop runs one request at a time.

    ConfigError when the package is missing or the address is none; over https only, http on loopback.
    """

    def __init__(self, url: str, token: str | None, *, seconds: float = 30.0) -> None:
        try:
            import libsql_client
        except ImportError as error:
            raise ConfigError(
                "TURSO_DRIVER=libsql-client needs a package that is not installed. Run pip install -r "
                "requirements-libsql-client.txt, or leave TURSO_DRIVER empty."
            ) from error
        self._address, self._token = checked_url(url), checked_token(token)
        self.name = f"Turso at {urlsplit(self._address).netloc} through libsql-client"
        self.round_trips = 0
        self._package = libsql_client
        self._seconds = seconds  # the package itself would wait for five minutes
        self._lock = threading.Lock()
        self._open: list[Any] = []  # the one client of this wire, once it is needed

    def pipeline(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The results of a pipeline in the protocol's own form."""
        return [self._entry(entry) for entry in entries]

    def cursor(self, steps: Sequence[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        """The entries of a cursor, all at once: the package has no other way, and no answer over 10 MB."""
        for place, step in enumerate(steps):
            (answer,) = self.pipeline([{"type": "execute", "stmt": step["stmt"]}])
            if answer["type"] == "error":
                yield [{"type": "step_error", "step": place, "error": answer["error"]}]
                return
            result = answer["response"]["result"]
            begin = {"type": "step_begin", "step": place, "cols": result["cols"]}
            yield [begin, *({"type": "row", "row": row} for row in result["rows"])]

    def garbled(self) -> Lost:
        """What to raise when an answer is not what the protocol says."""
        return Lost(Unavailable(f"The answer of {self.name} was cut short or garbled. Try again."))

    def close(self) -> None:
        """Nothing; the connection and the thread have ended. The next request opens them again."""
        with self._lock:
            while self._open:
                self._open.pop().close()

    def _client(self) -> Any:
        def make() -> None:
            self._open.append(self._package.create_client_sync(self._address, auth_token=self._token))

        with self._lock:
            if not self._open:
                # Its thread would keep the program from ending, unless it is started by one that does not.
                starter = threading.Thread(target=make, daemon=True)
                starter.start()
                starter.join()
            return self._open[0]

    def _entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        if entry["type"] == "describe":
            names = [{"name": name} for name in column_names(entry["sql"])]
            return {"type": "ok", "response": {"result": {"cols": names}}}
        self.round_trips += 1
        try:
            if entry["type"] == "execute":
                found = self._run("execute", *_plain(entry["stmt"]))
                return {"type": "ok", "response": {"result": _result(found)}}
            steps = entry["batch"][
                "steps"
            ]  # the package adds its own BEGIN before and COMMIT, ROLLBACK after
            many = self._run("batch", [_plain(step["stmt"]) for step in steps[1:-2]])
            results = [{}, *map(_result, many), {}, None]
            return {"type": "ok", "response": {"result": {"step_results": results, "step_errors": []}}}
        except self._package.LibsqlError as error:
            failed = self._failed(error)
            if entry["type"] == "execute":
                return {"type": "error", "error": failed}
            place = 1 if "_tx" in failed["message"] else 2  # it does not say which step failed
            errors = [None] * place + [failed]
            return {"type": "ok", "response": {"result": {"step_results": [], "step_errors": errors}}}

    def _run(self, method: str, *args: Any) -> Any:
        client = self._client()
        try:
            coroutine = asyncio.wait_for(getattr(client._client, method)(*args), self._seconds)
            return client._executor.submit_coro(coroutine)
        except self._package.LibsqlError:
            raise
        except (
            Exception
        ) as error:  # what the network and the parsing below the package raise comes through bare
            raise Lost(
                Unavailable(f"{self.name} does not answer. Check the network and try again.")
            ) from error

    def _failed(self, error: Any) -> dict[str, str]:
        """The error of a statement in the protocol's form; one of the way is raised."""
        status = re.match(r"Server returned HTTP status (\d+)", error.explanation)
        if status is None:
            return {"code": error.code, "message": error.explanation}
        if status[1] in ("401", "403", "404"):
            raise ConfigError(
                f"{self.name} refused the request (status {status[1]}). Check TURSO_DATABASE_URL and "
                f"TURSO_AUTH_TOKEN."
            ) from error
        raise Lost(
            Unavailable(f"{self.name} has trouble (status {status[1]}). Try again in a moment.")
        ) from error


def _plain(stmt: Mapping[str, Any]) -> tuple[str, list[Any]]:
    return stmt["sql"], list(decode_row(stmt.get("args", ())))


def _result(found: Any) -> dict[str, Any]:
    return {
        "cols": [{"name": name} for name in found.columns],
        "rows": [[encode(value) for value in row] for row in found.rows],
        "affected_row_count": found.rows_affected,
    }
