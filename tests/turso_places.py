"""The places where the database can be in a test: a local file, the strict server, the real libsql-server, and the
latter through the package libsql-client. Faults of the way come from a gate before the server (turso_server.py); the
strict server is its own gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from database import Database, Statement
from tests.real_server import RealServer, real_server_or_skip
from tests.turso_server import TursoServer
from turso_db import LocalFile
from turso_http import TursoHttp, for_url
from turso_libsql_client import ClientWire

# Whatever a database keeps: what goes over the wire and what a repeat is told must be it, to the last bit.
ANY_VALUE = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.binary(),
)
COUNTER = "INSERT INTO counters (day, last) VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last"
ADD = Statement("INSERT INTO things (name) VALUES (?) RETURNING id", ("one",))
SCHEMA = [
    Statement("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)"),
    Statement("INSERT INTO meta VALUES ('data_version', 1)"),
    Statement("CREATE TABLE counters (day TEXT PRIMARY KEY, last INTEGER)"),
    Statement(
        "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size REAL CHECK (size > 0), other, "
        "parent INTEGER REFERENCES things (id))"
    ),
    Statement("CREATE UNIQUE INDEX things_by_other ON things (other)"),
    Statement(
        "CREATE TRIGGER things_stay BEFORE DELETE ON things WHEN OLD.name = 'kept' "
        "BEGIN SELECT RAISE(ABORT, 'what is kept stays'); END"
    ),
]


class Place:
    """Where one database is, and how to reach it."""

    def __init__(self, kind: str, folder: Path, stack: ExitStack) -> None:
        self.kind, self.folder = kind, folder
        self.real: RealServer | None = None
        self.gate: TursoServer | None = None
        self._stack = stack
        if kind == "strict":
            self.gate = stack.enter_context(TursoServer(folder / "strict.db"))
        elif kind in ("real", "libsql-client"):
            if kind != "real" and find_spec("libsql_client") is None:
                pytest.skip("libsql-client is not installed (requirements-libsql-client.txt)")
            self.real = stack.enter_context(real_server_or_skip(folder / "real"))

    def open(self) -> Database:
        """A new handle, as another process would have it."""
        if self.kind == "libsql-client" and self.real is not None:
            return self._kept(TursoHttp(ClientWire(self.real.url, self.real.token)))
        if self.real is not None:
            return self._kept(for_url(self.real.url, self.real.token))
        return self.open_gated() if self.gate is not None else self._kept(LocalFile(self.folder / "local.db"))

    def open_gated(self, pauses: list[float] | None = None, **seconds: float) -> Database:
        """A handle whose way leads through the gate, with short patience."""
        if self.real is not None and self.gate is None:
            self.gate = self._stack.enter_context(
                TursoServer(self.folder / "gate.db", upstream=self.real.url)
            )
        assert self.gate is not None
        token = self.real.token if self.real else self.gate.token
        waits = {"read_seconds": 2.0, "answer_seconds": 6.0, **seconds}
        noted = [] if pauses is None else pauses
        if self.kind == "libsql-client":
            return self._kept(
                TursoHttp(ClientWire(self.gate.url, token, seconds=waits["read_seconds"]), sleep=noted.append)
            )
        return self._kept(for_url(self.gate.url, token, sleep=noted.append, **waits))

    def _kept(self, db: Any) -> Database:
        self._stack.callback(db.close)
        opened: Database = db
        return opened


def place_of(kind: str, folder: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        made = Place(kind, folder, stack)
        made.open().write(SCHEMA, bump=False)
        yield made


def data_version(db: Database) -> int:
    """How many writes there were, and one."""
    return int(db.rows("SELECT value FROM meta WHERE key = 'data_version'")[0]["value"])
