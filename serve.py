"""The app and the API in one process: pages at /, the API under /api. `python -m serve` or `uvicorn serve:app`."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api import app as api
from api import quiet_access_log
from api_limits import OpenDoor, is_from_here, refuse_open_door, said_hosts
from errors import ConfigError, HadesError
from settings import ROOT, read_settings

_BACK = ROOT / "assets" / "back.js"
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = ((b"content-security-policy", _POLICY.encode()), (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"), (b"referrer-policy", b"same-origin"))  # fmt: skip


class Door:
    """Around the pages: other machines, and other names of this one, only with sign-in; headers on every answer.

    The name matters because a page of another site can point its own name at 127.0.0.1 and then ask as if it were ours.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer of the app inside, or a refusal."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        inside = scope["path"].startswith("/api/") or is_from_here(
            scope, headers
        )  # the API has its own check
        is_figures = scope["path"] == "/_stcore/metrics"  # Streamlit's own, which it shows to anybody
        if not inside and (is_figures or not _has_sign_in()):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                sentence = "HADES serves other machines, and this one under another name, only with sign-in."
                await PlainTextResponse(sentence, 403)(scope, receive, send)
            return

        is_secure = scope.get("scheme") in ("https", "wss")

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                own = [
                    (n, _secure(v) if n == b"set-cookie" and is_secure else v) for n, v in message["headers"]
                ]
                message["headers"] = [*own, *((n, v) for n, v in _HEADERS if n not in known)]
            await send(message)

        await self._app(scope, receive, with_headers)


def _secure(cookie: bytes) -> bytes:
    """The cookie for TLS only; Streamlit itself never says so."""
    return cookie if b"secure" in cookie.lower().split(b"; ") else cookie + b"; Secure"


@asynccontextmanager
async def _lifespan(_: Any) -> AsyncIterator[None]:
    """The API opens and closes with the app; a mounted app's own lifespan does not run by itself.

    What stops it, such as a mistake in a configuration, does not stop the pages: they say it in a sentence, and so does
    the API to every request until it is mended.
    """
    quiet_access_log()
    try:
        check_hosts(_hosts())
        await run_in_threadpool(api.state.desk)
    except OpenDoor:
        raise
    except HadesError as error:
        print(f"HADES serves its pages; the rest waits: {error}", file=sys.stderr, flush=True)  # noqa: T201
        yield
        return
    async with api.router.lifespan_context(api):
        yield


def _hosts() -> list[str]:
    """The addresses that whoever started this process said, on the command line or in a setting."""
    if "streamlit" in [Path(word).name for word in sys.orig_argv[:3]]:  # `streamlit run serve.py`
        return [str(st.get_option("server.address") or "0.0.0.0")]  # noqa: S104 - what Streamlit then takes
    return said_hosts(sys.argv, read_settings().server_host)


def check_hosts(hosts: Sequence[str]) -> None:
    """Nothing when these addresses may be served; ConfigError for another machine's while there is no sign-in."""
    sentence = "The app serves other machines only with sign-in. Set up [auth] in the secrets."
    refuse_open_door(hosts, is_shut=_has_sign_in(), sentence=sentence)


def _has_sign_in() -> bool:
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


@cache
def _front() -> str:
    """Streamlit's own first page with our script before its own, so that Back undoes a filter (docs/decisions/0012)."""
    streamlit = Path(st.__file__).with_name("static") / "index.html"
    return streamlit.read_text("utf-8").replace("<head>", '<head><script src="./hades/back.js"></script>', 1)


def _open_page(_: Request) -> Response:
    return HTMLResponse(_front(), headers={"Cache-Control": "no-cache"})


def _back_script(_: Request) -> Response:
    return FileResponse(_BACK, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def _page_routes() -> list[BaseRoute]:
    """The address of each page, and of the script that it loads; everything else is Streamlit's."""
    names = sorted(path.stem.partition("_")[2] for path in (ROOT / "pages").glob("*.py"))
    return [
        Route("/hades/back.js", _back_script),
        *(Route(f"/{name}", _open_page) for name in ("", *names)),
    ]


app = st.App(
    Path(__file__).with_name("Home.py"),
    routes=[Mount("/api", app=api), *_page_routes()],
    middleware=[Middleware(Door)],
    lifespan=_lifespan,
)


def _check_free(host: str, port: int) -> None:
    """Nothing when the port can be served on; ConfigError when another program does."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be served: {error.strerror}. Stop what runs there, or choose another port with --port."
        ) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until stopped; 2 when it may not be."""
    import uvicorn

    options = argparse.ArgumentParser(prog="python -m serve", description=__doc__)
    options.add_argument("--host", default="127.0.0.1", help="the address to serve on (default: %(default)s)")
    options.add_argument("--port", type=int, default=8501, help="default: %(default)s")
    options.add_argument("--api-only", action="store_true", help="the API alone, at /")
    said = options.parse_args(argv)
    try:
        if not said.api_only:
            check_hosts([said.host])
        _check_free(said.host, said.port)
    except HadesError as error:
        print(str(error), file=sys.stderr)  # noqa: T201
        return 2
    print(f"HADES is at http://{said.host}:{said.port}. Ctrl+C stops it.", flush=True)  # noqa: T201
    uvicorn.run(
        "api:app" if said.api_only else "serve:app", host=said.host, port=said.port, timeout_keep_alive=30
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
