"""What keeps the API upright: how much a request may carry, how many may come, and from where without a key."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_answers import Problem, error_answer
from errors import ConfigError

_MOST_NAMES = 10_000  # of callers remembered at a time; the longest unseen is forgotten first


class OpenDoor(ConfigError):
    """Other machines would be served without a key or sign-in."""


def is_loopback(host: str | None) -> bool:
    """Whether only this machine reaches the host: localhost, 127.0.0.0/8 or ::1."""
    name = (host or "").strip("[]").lower()
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def said_hosts(argv: Sequence[str], server_host: str | None) -> list[str]:
    """The addresses that a command line of uvicorn (--host, --uds, --fd) or UVICORN_HOST names to serve on."""
    said = [server_host] if server_host else []
    for place, word in enumerate(argv):
        option, _, value = word.partition("=")
        if option in ("--host", "--uds", "--fd"):
            said.append(value or (argv[place + 1] if place + 1 < len(argv) else ""))
    return said


def refuse_open_door(hosts: Sequence[str], *, is_shut: bool, sentence: str) -> None:
    """Nothing when the door is shut by a key or sign-in, or only this machine is served; else OpenDoor."""
    if not is_shut and not all(is_loopback(host) for host in hosts):
        raise OpenDoor(f"{sentence} Or serve 127.0.0.1.")


def is_from_here(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether a request without a key came to this machine by its own name, and from no page of another site."""
    origin = headers.get("origin")
    try:
        host = urlsplit(f"//{headers.get('host', '')}").hostname
        from_here = origin is None or is_loopback(urlsplit(origin).hostname)
    except ValueError:  # no address at all, such as [
        return False
    return is_loopback((scope.get("server") or ("", 0))[0]) and is_loopback(host) and from_here


class RateLimit:
    """So many requests per second and caller, with a burst at once."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, float(burst), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: str) -> None:
        """Nothing while the caller may go on; else a Problem 429 that says when to come back."""
        now = self._clock()
        with self._lock:
            left, seen = self._left.pop(caller, (self._burst, now))
            left = min(self._burst, left + (now - seen) * self._per_second)
            self._left[caller] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > _MOST_NAMES:
                self._left.popitem(last=False)
        if left < 1:
            seconds = str(max(1, round((1 - left) / self._per_second)))
            raise Problem(
                429,
                f"Too many requests at once. Wait {seconds} s, then go on more slowly.",
                {"Retry-After": seconds},
            )


class Gate:
    """Around the whole API: no request larger than its limit, and no error but in its one shape."""

    def __init__(self, app: ASGIApp, *, most_bytes: Callable[[str], int]) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer of the app inside, or the error that stopped it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, read, started = 0, 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise _too_large(most)
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            most = self._most_bytes(scope["path"])
            said = dict(scope["headers"]).get(b"content-length", b"0")
            if said.isdigit() and int(said) > most:
                raise _too_large(most)
            await self._app(scope, counted, noted)
        except Exception as error:
            if started:
                raise
            await error_answer(error)(scope, receive, send)


def _too_large(most: int) -> Problem:
    return Problem(
        413,
        f"At most {most // 1024:,} kB were expected in one request. Send less at once.",
        {"Connection": "close"},
    )
