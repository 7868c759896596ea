"""SQL over HTTP, version 3: one POST there, one checked answer back; values, errors and addresses of the
protocol.

Connections are kept alive in one pool that all threads share, so there are never more than threads at work,
and a page drawn by a fresh thread finds a warm one. Redirects are not followed: the token goes nowhere else.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from errors import ConfigError, Conflict, HadesError, Refused, Unavailable
from sql_values import SqlValue
from turso_address import checked_token, checked_url

_PIECE = 1 << 18
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "TRANSACTION_TIMEOUT", "TRANSACTION_BUSY")


class Lost(Exception):
    """One attempt came to nothing. `error` is what to raise when there is no further one.

    `wait` is the pause in seconds that the server asked for; `ran` is False when the server surely kept
    nothing.
    """

    def __init__(self, error: HadesError, *, wait: float | None = None, ran: bool = True) -> None:
        super().__init__(str(error))
        self.error, self.wait, self.ran = error, wait, ran


class Wire:
    """The way to one database: `pipeline` and `cursor`, each one request. Raises Lost, ConfigError or
    Refused.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        connect_seconds: float,
        read_seconds: float,
        answer_seconds: float,
    ) -> None:
        self.url = checked_url(url)
        self.host = urlsplit(self.url).netloc
        self.name = f"Turso at {self.host}"
        self.round_trips = 0
        self._token = checked_token(token)
        self._timeouts = (connect_seconds, read_seconds)
        self._answer_seconds = answer_seconds
        self._lock = threading.Lock()
        self._adapter = HTTPAdapter(pool_connections=4, pool_maxsize=64)
        with (
            requests.Session() as session
        ):  # proxies and certificates as the environment says, looked up once
            found = session.merge_environment_settings(self.url, {}, True, None, None)
        self._settings: dict[str, Any] = {**found, "stream": True}

    def pipeline(
        self, entries: Sequence[Mapping[str, Any]], *, baton: str | None = None, url: str = ""
    ) -> list[Any]:
        """The `results` of a pipeline, one per entry; the stream is closed by an entry added at the end."""
        sent = {"baton": baton, "requests": [*entries, {"type": "close"}]}
        answer = self._post("/v3/pipeline", sent, url)
        try:
            with answer:
                content = b"".join(self._pieces(answer))
            results = json.loads(content)["results"]
            if len(results) != len(entries) + 1:
                raise ValueError
        except (ValueError, KeyError, TypeError) as error:
            raise self.garbled() from error
        return list(results[:-1])

    def cursor(self, steps: Sequence[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        """The entries of a cursor, in lists as they come; Lost when the answer ends without its end mark."""
        answer = self._post("/v3/cursor", {"baton": None, "batch": {"steps": steps}}, "")
        left: dict[str, Any] = {}
        ended = False
        try:
            with answer:
                for lines in self._lines(
                    answer
                ):  # to the end of the body, so that the connection can be kept
                    try:
                        entries = json.loads(b"[" + b",".join(lines) + b"]")
                        if not left:
                            left = entries.pop(0)
                        if entries and entries[-1]["type"] == "replication_index":
                            entries.pop()
                            ended = True
                        failed = next((entry for entry in entries if entry["type"] == "error"), None)
                    except (ValueError, KeyError, TypeError, IndexError) as error:
                        raise self.garbled() from error
                    if failed is not None:
                        raise typed(failed["error"], self.name)
                    yield entries
            if not ended:
                raise self.garbled()  # the body is over, the rows perhaps not
        finally:
            self._leave(left)

    def garbled(self) -> Lost:
        """What to raise when an answer is not what the protocol says."""
        return Lost(
            Unavailable(
                f"{self.name} was expected to answer in the SQL-over-HTTP protocol, but the answer was cut "
                f"short or "
                "garbled. Try again; if it stays so, check what stands between this machine and the database."
            )
        )

    def close(self) -> None:
        """Nothing; every kept connection is closed."""
        self._adapter.close()

    def _leave(self, left: Mapping[str, Any]) -> None:
        """A cursor leaves its stream open: close it where the server says it lives. It would expire by
        itself.
        """
        baton, url = left.get("baton"), left.get("base_url")
        if isinstance(baton, str):
            try:
                self.pipeline([], baton=baton, url=checked_url(url) if url else "")
            except (Lost, HadesError):
                return

    def _post(self, path: str, content: Mapping[str, Any], url: str) -> requests.Response:
        request = requests.PreparedRequest()
        body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        request.prepare_method("POST")
        request.url = (url or self.url) + path
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "gzip",
            "Content-Length": str(len(body)),
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request.headers = requests.structures.CaseInsensitiveDict(headers)
        request.body = body
        with self._lock:
            self.round_trips += 1
        try:
            answer = self._adapter.send(request, timeout=self._timeouts, **self._settings)
        except requests.exceptions.SSLError as error:
            raise ConfigError(
                f"{self.name} was expected to show a valid certificate, but it did not. "
                "Check TURSO_DATABASE_URL and the certificates of this machine."
            ) from error
        except (requests.RequestException, HTTPError) as error:
            raise self._no_answer(error) from error
        if answer.status_code != 200:
            with answer:
                raise self._status(answer)
        return answer

    def _pieces(self, answer: requests.Response) -> Iterator[bytes]:
        """The body as it comes, within the time for one whole answer."""
        until = time.monotonic() + self._answer_seconds
        try:
            while piece := answer.raw.read1(_PIECE, decode_content=True):
                yield piece
                if time.monotonic() > until:
                    raise self._no_answer(TimeoutError())
        except (HTTPError, OSError) as error:
            raise self._no_answer(error) from error

    def _lines(self, answer: requests.Response) -> Iterator[list[bytes]]:
        """The lines of a body, many at once. A line ends at a line feed only: text may hold U+2028 and
        U+0085.
        """
        rest = b""
        read = answer.raw.read1  # what is there, so that the baton is known at once; then large pieces
        try:
            while piece := read(_PIECE, decode_content=True):
                *lines, rest = (rest + piece).split(b"\n")
                if lines:
                    read = answer.raw.read
                    yield lines
        except (HTTPError, OSError) as error:
            raise self._no_answer(error) from error
        if rest:
            yield [rest]

    def _no_answer(self, error: BaseException) -> Lost:
        reason = getattr(error.args[0], "reason", None) if error.args else None
        ran = not isinstance(error, requests.exceptions.ConnectTimeout) and not isinstance(
            reason, NewConnectionError
        )
        return Lost(
            Unavailable(f"{self.name} does not answer. Check the network and try again in a moment."), ran=ran
        )

    def _status(self, answer: requests.Response) -> Exception:
        """What a status other than 200 means. The body is quoted only where it is the protocol's own
        sentence.
        """
        status = answer.status_code
        if status in (401, 403):
            if not self._token:
                return ConfigError(f"{self.name} asks for a token and none is set. Set TURSO_AUTH_TOKEN.")
            perhaps = "have expired" if status == 401 else "be for reading only"
            return ConfigError(
                f"{self.name} was expected to accept the token, but refused it; it may {perhaps}. "
                "Set TURSO_AUTH_TOKEN to a fresh token with the right to read and write."
            )
        if status == 404 or 300 <= status < 400:
            return ConfigError(
                f"No database answers at {self.host} (status {status}). Check TURSO_DATABASE_URL; "
                "the database may have been renamed, moved or deleted."
            )
        if status == 429:
            wait = _retry_after(answer.headers.get("Retry-After"))
            again = f"in {wait:.0f} seconds" if wait is not None else "in a minute"
            return Lost(
                Unavailable(f"{self.name} gets too many requests. Try again {again}."), wait=wait, ran=False
            )
        if status == 408 or status >= 500:
            return Lost(Unavailable(f"{self.name} has trouble (status {status}). Try again in a moment."))
        try:
            content = json.loads(b"".join(self._pieces(answer)))
            said = str(content.get("message") or content.get("error") or "")
        except (ValueError, AttributeError, Lost):
            said = ""
        return Refused(f"{self.name} did not accept a request (status {status}){_quoted(said, self._token)}.")


def typed(error: Mapping[str, Any], name: str) -> Exception:
    """The exception for an error that the server reports inside an answer: Lost where another attempt can
    help.
    """
    code = str(error.get("code") or "")
    message = _sentence(str(error.get("message") or ""))
    if code.startswith("SQLITE_CONSTRAINT"):
        if "constraint failed" in message:
            return Conflict(
                f"A row with the same key is already there, or one it needs is missing: {message}."
            )
        return Refused(f"The database refused a change: {message}.")
    if code.startswith(_BUSY):
        return Lost(Unavailable(f"{name} is busy with other changes. Try again in a moment."), ran=False)
    if code == "RESPONSE_TOO_LARGE":  # the sum over all clients counts too, so another attempt may do
        return Lost(
            Unavailable(f"{name} cannot give so large an answer now. Ask for less, or try again."), ran=False
        )
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM")):
        return Lost(Unavailable(f"The disk of {name} is full or fails. Try again later."), ran=False)
    if code.startswith(("BLOCKED", "SQLITE_READONLY", "SQLITE_AUTH")):
        return ConfigError(
            f"{name} does not let this change or query through: {message}. "
            "Check the plan and its quota, and that the token may write."
        )
    return Refused(f"The database did not accept a statement: {message}.")


def encode(value: SqlValue) -> dict[str, Any]:
    """One value as the protocol writes it: whole numbers as text of 64 bits, blobs in base64."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    if isinstance(value, float):
        return {"type": "float", "value": value}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    return {"type": "blob", "base64": base64.b64encode(value).decode()}


def decode_row(row: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    """One row of an answer as Python values. A float of null was not finite."""
    return tuple(
        [
            value["value"]
            if (kind := value["type"]) == "text"
            else int(value["value"])
            if kind == "integer"
            else _RARER[kind](value)
            for value in row
        ]
    )


def _float(value: Mapping[str, Any]) -> float | None:
    return None if value["value"] is None else float(value["value"])


def _blob(value: Mapping[str, Any]) -> bytes:
    text = value["base64"]
    return base64.b64decode(text + "=" * (-len(text) % 4))


_RARER: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "null": lambda value: None,
    "float": _float,
    "blob": _blob,
}


def _retry_after(text: str | None) -> float | None:
    """Seconds to wait, from a number of seconds or a date; None when absent or unreadable."""
    if text is None:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _sentence(message: str) -> str:
    """The server's message without its prefix, on one line, not too long, without the final stop."""
    text = re.sub(
        r"^(SQLite error|SQL input error|SQL string could not be parsed):\s*", "", " ".join(message.split())
    )
    return (text[:300] or "no reason was given").rstrip(".")


def _quoted(message: str, token: str | None) -> str:
    text = " ".join(message.split())[:300].rstrip(".")
    return f": {text.replace(token, '***') if token else text}" if text else ""
