"""The database file: connections that are borrowed, threads and processes at once, what the server
refuses.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import turso_file
from database import Many, Statement, Written
from errors import ConfigError, HadesError, InputError, Refused, Unavailable
from turso_file import LocalFile

_SCHEMA = [
    Statement("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)"),
    Statement("INSERT INTO meta VALUES ('data_version', 1)"),
    Statement("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, size REAL)"),
]
_ADD = Statement("INSERT INTO things (name) VALUES (?)", ("one",))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[LocalFile]:
    database = LocalFile(tmp_path / "deep" / "down" / "hades.db")
    database.write(_SCHEMA, bump=False)
    yield database
    database.close()


def in_threads(count: int, work: threading.Thread | object) -> list[BaseException]:
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return trouble


def test_the_file_is_in_wal_with_the_defaults_of_the_server(db: LocalFile) -> None:
    assert db.rows("PRAGMA journal_mode") == [{"journal_mode": "wal"}]
    assert db.rows("PRAGMA foreign_keys") == [{"foreign_keys": 1}]
    assert db.rows("PRAGMA recursive_triggers") == [{"recursive_triggers": 1}]
    assert db.name == "local file hades.db"


def test_threads_that_come_and_go_leave_no_connection_behind(db: LocalFile) -> None:
    def work() -> None:
        db.rows("SELECT 1")
        db.write([_ADD])

    for _ in range(20):  # as a page that is drawn twenty times, each time by a new thread
        assert in_threads(1, work) == []
    assert len(db._readers) + len(db._writers) == 2
    assert in_threads(8, work) == []
    assert len(db._readers) + len(db._writers) <= 16


def test_a_stream_and_writes_do_not_disturb_each_other(db: LocalFile) -> None:
    db.write([Many("INSERT INTO things (name) VALUES (?)", [(str(n),) for n in range(100)])])
    seen = 0
    for part in db.stream("SELECT id FROM things ORDER BY id", chunk_rows=10):
        seen += len(part)
        db.write([_ADD])  # the stream keeps the snapshot it began with
    assert seen == 100
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 110}]


def test_an_error_in_the_middle_leaves_nothing_and_no_lock(db: LocalFile) -> None:
    with pytest.raises(HadesError):
        db.write([_ADD, Statement("INSERT INTO nowhere VALUES (1)")])
    with pytest.raises(InputError, match="Argument 1 of row 3"):
        db.write([Many("INSERT INTO things (id) VALUES (?)", [(1,), (2,), (2**63,)])])
    with pytest.raises(InputError, match="Argument 1: Unicode text"):
        db.write([_ADD, Statement("INSERT INTO things (name) VALUES (?)", ("\ud800",))])
    with pytest.raises(Refused, match="did not accept a statement"):
        db.write([Many("INSERT INTO things (id, name) VALUES (?, ?)", [(1, "a"), (2,)])])
    assert db.rows("SELECT * FROM things") == []
    assert db.rows("SELECT value FROM meta") == [{"value": 1}]
    assert LocalFile(db._path).write([_ADD]) == [Written([], 1)]


def test_an_interrupted_write_is_rolled_back(db: LocalFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Written:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(turso_file, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            db.write([_ADD])
    assert db.write([_ADD]) == [Written([], 1)]


def test_closing_while_others_work(db: LocalFile) -> None:
    parts = db.stream("SELECT 1 UNION ALL SELECT 2", chunk_rows=1)
    next(parts)
    db.close()
    assert list(parts) == [[(2,)]]  # a call that has begun ends well
    assert len(db._readers) == 0  # and its connection is closed then
    assert db.rows("SELECT 1 AS one") == [{"one": 1}]


@pytest.mark.parametrize(
    "sql", ["SELECT floor(1.5)", "SELECT ceil(1.5)", "SELECT load_extension('x')", "PRAGMA wal_checkpoint"]
)
def test_what_would_work_only_at_home_is_refused(db: LocalFile, sql: str) -> None:
    with pytest.raises(Refused):
        db.rows(sql)
    with pytest.raises(Refused):
        db.write([Statement(sql)])


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"These are notes, not a database. " * 100)
    with pytest.raises(ConfigError, match="restore the file from a backup"):
        LocalFile(path).rows("SELECT 1")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="HADES_DATA_DIR"):
        LocalFile(tmp_path / "file" / "hades.db").rows("SELECT 1")


def test_a_busy_file_is_unavailable_after_its_time(db: LocalFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turso_file, "_BUSY_SECONDS", 0.1)
    db.close()  # so that the next connection has the short patience
    holder = sqlite3.connect(db._path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="busy"):
        db.write([_ADD])
    assert db.rows("SELECT count(*) AS n FROM things") == [{"n": 0}]
    holder.execute("COMMIT")
    holder.close()


_WORKER = """
import sys
from pathlib import Path
from database import Statement
from turso_file import LocalFile
db = LocalFile(Path(sys.argv[1]))
for n in range(int(sys.argv[2])):
    db.write([Statement("INSERT INTO things (name) VALUES (?)", (f"{sys.argv[3]} {n}",))])
db.close()
"""


def test_processes_that_open_a_new_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hades.db"
    first = LocalFile(path)
    first.write(_SCHEMA, bump=False)
    first.close()
    command = [sys.executable, "-c", _WORKER, str(path), "25"]
    started = [subprocess.Popen([*command, str(n)], stderr=subprocess.PIPE, text=True) for n in range(4)]
    for process in started:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    db = LocalFile(path)
    assert db.rows("SELECT count(*) AS n, count(DISTINCT name) AS names FROM things") == [
        {"n": 100, "names": 100}
    ]
    assert db.rows("SELECT value FROM meta") == [{"value": 101}]
    db.close()


def test_round_trips_are_counted(db: LocalFile) -> None:
    before = db.round_trips
    db.rows("SELECT 1")
    db.read([Statement("SELECT 1"), Statement("SELECT 2")])
    db.frame("SELECT 1 AS a")
    list(db.stream("SELECT 1"))
    db.write([_ADD, _ADD])
    assert db.round_trips - before == 5


def test_a_file_system_without_a_write_ahead_log_is_a_sentence_and_no_endless_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own dot-file locking has no shared memory, as many network drives: it answers `delete` and no error."""
    connect = sqlite3.connect

    def on_such_a_drive(path: Path, **options: object) -> sqlite3.Connection:
        return connect(f"{path.as_uri()}?vfs=unix-dotfile", uri=True, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", on_such_a_drive)
    with pytest.raises(ConfigError, match="can keep no write-ahead log"):
        LocalFile(tmp_path / "far.db").rows("SELECT 1")
