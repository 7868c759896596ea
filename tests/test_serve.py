"""App and API in one process: both answer, one database, and neither serves other machines openly."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import tomllib
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
        for name in ("", *(path.stem.partition("_")[2] for path in (ROOT / "pages").glob("*.py"))):
            front = httpx.get(f"{address}/{name}").text
            assert front.index('src="./hades/back.js"') < front.index('src="./static/js/'), name
        script = httpx.get(f"{address}/hades/back.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "pushState" in script.text
        assert {name: page.headers[name] for name in ("x-content-type-options", "x-frame-options", "referrer-policy")} == {
            "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "same-origin",
        }  # fmt: skip
        for strange in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            assert httpx.get(address, headers=strange).status_code == 403, strange
        put = f"{address}/_stcore/upload_file/some-session/some-file"
        assert httpx.put(put, files={"file": b"x"}).status_code == 403  # no XSRF token
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
    said = (tmp_path / "log").read_text()
    assert f"HADES is at {address}. Ctrl+C stops it." in said
    assert "L-1" not in said


def test_a_mistake_in_a_configuration_stops_neither_the_pages_nor_the_start(
    config_dir: Path, tmp_path: Path
) -> None:
    path = config_dir / "icp.yaml"
    path.write_text(path.read_text().replace("signal_strength: 0.50", "signal_strength: 0.60"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "serve", "--port", str(port)], cwd=ROOT, stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 60
        while b"expected weights that sum to 1" not in (tmp_path / "log").read_bytes():
            assert server.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.1)
        page = httpx.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=30)
        answer = httpx.get(f"http://127.0.0.1:{port}/api/info", timeout=30)
    finally:
        server.terminate()
        server.wait(20)
    assert page.text == "ok"
    assert answer.status_code >= 500
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_port_that_is_taken_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert serve.main(["--port", str(taken.getsockname()[1])]) == 2
    assert "choose another port with --port" in capsys.readouterr().err


def test_other_machines_are_refused_without_sign_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(["--host", "0.0.0.0"]) == 2
    assert "only with sign-in" in capsys.readouterr().err
    with pytest.raises(ConfigError):
        serve.check_hosts(["192.0.2.7"])
    serve.check_hosts(["127.0.0.1", "localhost", "::1"])


def at_the_door(**scope: Any) -> dict[str, Any]:
    """What comes first out of the door for a request to 127.0.0.1, changed by `scope`; inside a cookie is set."""
    sent: list[dict[str, Any]] = []

    async def inside(_: Any, __: Any, send: Any) -> None:
        cookies = [(b"set-cookie", b"_xsrf=1; SameSite=lax"), (b"set-cookie", b"user=2; Secure; HttpOnly")]
        await send({"type": "http.response.start", "status": 200, "headers": cookies})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    usual = {"type": "http", "path": "/", "server": ("127.0.0.1", 8501), "headers": [(b"host", b"localhost:8501")],
             "method": "GET"}  # fmt: skip
    asyncio.run(serve.Door(inside)(usual | scope, None, send))  # type: ignore[arg-type]
    return sent[0]


@pytest.mark.parametrize(
    ("kind", "path", "changes", "status"),
    [
        ("http", "/", {}, 200),
        ("websocket", "/_stcore/stream", {}, 200),
        ("http", "/", {"server": ("192.0.2.7", 8501)}, 403),
        ("http", "/api/info", {"server": ("192.0.2.7", 8501)}, 200),  # the API looks for itself
        ("websocket", "/_stcore/stream", {"server": ("192.0.2.7", 8501)}, 1008),
        ("http", "/", {"headers": []}, 403),
        ("http", "/", {"headers": [(b"host", b"[")]}, 403),
        ("http", "/", {"headers": [(b"host", b"evil.example:8501")]}, 403),
        ("websocket", "/_stcore/stream", {"headers": [(b"host", b"evil.example")]}, 1008),
        ("websocket", "/_stcore/stream", {"headers": [(b"host", b"localhost"), (b"origin", b"http://evil.example")]}, 1008),
    ],
)  # fmt: skip
def test_without_sign_in_the_door_opens_to_this_machine_by_its_own_name_alone(
    kind: str, path: str, changes: dict[str, Any], status: int
) -> None:
    sent = at_the_door(type=kind, path=path, **changes)
    assert sent.get("status", sent.get("code")) == status


def test_with_sign_in_other_names_are_served_but_the_figures_of_the_process_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serve, "_has_sign_in", lambda: True)
    public = [(b"host", b"hades.example.com")]
    for path, status in (("/", 200), ("/_stcore/health", 200), ("/_stcore/metrics", 403)):
        assert at_the_door(path=path, headers=public)["status"] == status
    assert at_the_door(path="/_stcore/metrics")["status"] == 200


def test_a_cookie_given_over_tls_never_travels_without() -> None:
    for scheme, xsrf in (("https", b"_xsrf=1; SameSite=lax; Secure"), ("http", b"_xsrf=1; SameSite=lax")):
        cookies = [value for name, value in at_the_door(scheme=scheme)["headers"] if name == b"set-cookie"]
        assert cookies == [xsrf, b"user=2; Secure; HttpOnly"]


@pytest.mark.parametrize("name", ["evil.example:8501", "[", "127.0.0.1.evil.example"])
def test_a_plain_run_shows_nothing_under_another_name(
    name: str, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`streamlit run Home.py` has no door of ours around it: each page's guard asks."""
    from streamlit.runtime.context import ContextProxy
    from streamlit.testing.v1 import AppTest

    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: {"Host": name}))
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
    assert not app.exception
    assert [error.value for error in app.error if "under another name" in error.value]
    assert not app.title
    monkeypatch.setattr(ContextProxy, "headers", property(lambda _: {"Host": "localhost:8501"}))
    assert AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run().title


def test_what_streamlit_itself_is_told_keeps_strangers_out() -> None:
    told = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    server, client = told["server"], told["client"]
    assert (server["address"], server["maxUploadSize"]) == ("127.0.0.1", 50)
    assert server["enableXsrfProtection"] is True
    assert server["enableCORS"] is True  # the WebSocket's origin is checked with it
    assert server["enableAgentApi"] is False
    assert client["showErrorDetails"] == "none"
    assert told["browser"]["gatherUsageStats"] is False
