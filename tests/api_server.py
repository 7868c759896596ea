"""The API behind a real uvicorn on loopback, and a client that keeps its connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn


@contextmanager
def served_api(app: Any, **options: Any) -> Iterator[str]:
    """The address of the app; when it does not start, what stopped it is raised."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=5, **options)
    server = uvicorn.Server(config)
    ended = threading.Event()

    def serve() -> None:
        with contextlib.suppress(SystemExit, RuntimeError):  # uvicorn's way to say that the app did not start
            server.run(sockets=[listening])
        ended.set()

    thread = threading.Thread(target=serve, name="api under test", daemon=True)
    thread.start()
    while not server.started and not ended.wait(0.01):
        pass
    try:
        if not server.started:
            raise RuntimeError("the API did not start")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()


@contextmanager
def api_client(app: Any) -> Iterator[httpx.Client]:
    """A client of the app, served."""
    with served_api(app) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client
