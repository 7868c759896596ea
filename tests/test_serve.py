"""App and API in one process: both answer, one database, and neither serves other machines openly."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

import serve
from errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]


def test_pages_and_api_answer_from_one_process(config_dir: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "serve", "--port", str(port)],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                assert httpx.get(f"{address}/api/health").json()["status"] == "ok"
                break
            except httpx.TransportError:
                assert server.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.1)
        page = httpx.get(address)
        assert page.status_code == 200
        assert "<title>" in page.text
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert httpx.get(f"{address}/_stcore/health").text == "ok"
        scored = httpx.post(f"{address}/api/score", json={"lead_id": "L-1", "age": 35})
        assert scored.json()["model_version"] == "prior"
        assert httpx.put(f"{address}/api/feedback/L-1?outcome=true").json()["total_feedback"] == 1
        assert "/score" in httpx.get(f"{address}/api/openapi.json").json()["paths"]
        assert httpx.get(f"{address}/api/nowhere").json()["error"]["kind"] == "NotFound"
    finally:
        server.terminate()
        server.wait(20)
        log.close()
    assert "L-1" not in (tmp_path / "log").read_text()


def test_other_machines_are_refused_without_sign_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(["--host", "0.0.0.0"]) == 2
    assert "only with sign-in" in capsys.readouterr().err
    with pytest.raises(ConfigError):
        serve.check_hosts(["192.0.2.7"])
    serve.check_hosts(["127.0.0.1", "localhost", "::1"])


@pytest.mark.parametrize(
    ("kind", "path", "status"),
    [("http", "/", 403), ("http", "/api/info", 200), ("websocket", "/_stcore/stream", 1008)],
)
def test_the_door_stays_shut_to_other_machines(kind: str, path: str, status: int) -> None:
    sent: list[dict[str, Any]] = []

    async def inside(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": kind, "path": path, "server": ("192.0.2.7", 8501), "headers": [], "method": "GET"}
    asyncio.run(serve.Door(inside)(scope, None, send))  # type: ignore[arg-type]
    assert sent[0].get("status", sent[0].get("code")) == status
