"""The adapter for libsql-client: what it says without the package, and that a program with it comes to an
end.

What it answers is held by tests/test_turso_db_backends.py, to the same suite as the other places.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from errors import ConfigError
from tests.real_server import real_server_or_skip
from turso_db import connect
from turso_libsql_client import ClientWire

_PROGRAM = """
import sys
sys.path[:] = sys.argv[3:]
from turso_db import open_database
db = open_database(sys.argv[1], sys.argv[2], driver="libsql-client")
print(db.rows("SELECT 40 + 2 AS answer")[0]["answer"])
"""


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libsql_client", None)
    for opening in (
        lambda: ClientWire("https://hades.turso.io", "token"),
        lambda: connect("libsql://hades.turso.io", "token", driver="libsql-client"),
    ):
        with pytest.raises(ConfigError, match=r"requirements-libsql-client\.txt"):
            opening()


def test_the_requirements_file_names_the_package() -> None:
    text = (Path(__file__).resolve().parents[1] / "requirements-libsql-client.txt").read_text()
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["libsql-client==0.3.1"]


@pytest.mark.skipif(find_spec("libsql_client") is None, reason="libsql-client is not installed")
def test_addresses_are_checked_as_for_the_own_client() -> None:
    for url in ("wss://hades.turso.io", "http://hades.turso.io", "file:data/hades.db"):
        with pytest.raises(ConfigError):
            ClientWire(url, None)


@pytest.mark.skipif(find_spec("libsql_client") is None, reason="libsql-client is not installed")
def test_a_program_that_forgets_to_close_ends_all_the_same(tmp_path: Path) -> None:
    with real_server_or_skip(tmp_path) as server:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, server.url, server.token, *sys.path],
            capture_output=True,
            text=True,
            timeout=20,
        )
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
