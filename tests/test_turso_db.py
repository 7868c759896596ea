"""connect and migrate: which address opens what, and how a database comes from any version to the newest."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from database import Database, Statement
from errors import ConfigError, Conflict, HadesError, Refused
from tests.real_server import real_server_or_skip
from tests.turso_server import TursoServer
from turso_db import LocalFile, applied_migrations, connect, migrate, pending_migrations
from turso_http import TursoHttp, for_url

_STEPS = {
    "0001_first.sql": "-- a comment; with a semicolon\nCREATE TABLE meta (key TEXT PRIMARY KEY, value "
    "INTEGER);\n"
    "INSERT INTO meta VALUES ('data_version', 1);\nCREATE TABLE people (name TEXT NOT NULL);\n",
    "0002_names.sql": "ALTER TABLE people ADD COLUMN short TEXT;\nUPDATE people SET short = substr(name, 1, "
    "1);\n",
    "0003_never.sql": "CREATE TRIGGER people_stay BEFORE DELETE ON people\nBEGIN\n  SELECT RAISE(ABORT, "
    "'people; stay');\nEND;\n",
    "0004_unique.sql": "CREATE UNIQUE INDEX people_by_name ON people (name);\n",
}
Opener = Callable[[], Database]


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """A folder with four migrations."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name, text in _STEPS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(params=["local", "strict", "real"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens one database on a place, without migrating it; each call is another handle."""
    with ExitStack() as stack:
        if request.param == "local":
            yield lambda: LocalFile(tmp_path / "hades.db")
            return
        strict = request.param == "strict"
        server = TursoServer(tmp_path / "s.db") if strict else real_server_or_skip(tmp_path / "real")
        running = stack.enter_context(server)
        yield lambda: for_url(running.url, running.token)


def only(folder: Path, *names: str) -> Path:
    """A folder with some of the migrations, as an earlier release has them."""
    earlier = folder.parent / "-".join(name[:4] for name in names)
    earlier.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(folder / name, earlier / name)
    return earlier


def test_a_new_database_gets_them_all_once(opener: Opener, steps: Path) -> None:
    db = opener()
    assert pending_migrations(db, steps) == list(_STEPS)
    assert applied_migrations(db) == []
    assert migrate(db, steps) == list(_STEPS)
    assert migrate(db, steps) == []
    assert pending_migrations(db, steps) == []
    assert [row["name"] for row in applied_migrations(db)] == list(_STEPS)
    assert str(applied_migrations(db)[0]["applied_at"]).endswith("Z")
    db.close()


@pytest.mark.parametrize("known", [1, 2, 3])
def test_from_any_earlier_version_with_data(opener: Opener, steps: Path, known: int) -> None:
    db = opener()
    names = list(_STEPS)
    migrate(db, only(steps, *names[:known]))
    db.write([Statement("INSERT INTO people (name) VALUES (?)", (name,)) for name in ("Ana", "Ben")])
    assert migrate(db, steps) == names[known:]
    shorts = [row["short"] for row in db.rows("SELECT short FROM people ORDER BY name")]
    assert shorts == (["A", "B"] if known < 2 else [None, None])
    with pytest.raises(Refused, match="people; stay"):
        db.write([Statement("DELETE FROM people")])
    with pytest.raises(Conflict):
        db.write([Statement("INSERT INTO people (name) VALUES ('Ana')")])
    db.close()


def test_two_at_once_migrate_once(opener: Opener, steps: Path) -> None:
    done: list[list[str]] = []
    trouble: list[BaseException] = []

    def run() -> None:
        db = opener()
        try:
            done.append(migrate(db, steps))
        except BaseException as error:
            trouble.append(error)
        finally:
            db.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    assert sorted(name for names in done for name in names) == list(_STEPS)


def test_a_newer_database_is_refused_and_left_alone(opener: Opener, steps: Path) -> None:
    db = opener()
    migrate(db, steps)
    earlier = only(steps, "0001_first.sql", "0002_names.sql")
    for act in (migrate, pending_migrations):
        with pytest.raises(ConfigError, match=r"newer than this code.*0003_never\.sql, 0004_unique\.sql"):
            act(db, earlier)
    db.close()


def test_a_changed_migration_is_refused(opener: Opener, steps: Path) -> None:
    db = opener()
    migrate(db, steps)
    (steps / "0002_names.sql").write_text("ALTER TABLE people ADD COLUMN other TEXT;\n")
    with pytest.raises(ConfigError, match=r"another text of 0002_names\.sql"):
        migrate(db, steps)
    db.close()


def test_other_line_ends_are_no_change(opener: Opener, steps: Path) -> None:
    db = opener()
    migrate(db, steps)
    for name, text in _STEPS.items():
        (steps / name).write_bytes(text.replace("\n", "\r\n").encode())
    assert migrate(db, steps) == []
    db.close()


def test_a_gap_is_refused(opener: Opener, steps: Path) -> None:
    db = opener()
    migrate(db, only(steps, "0001_first.sql", "0003_never.sql"))
    with pytest.raises(ConfigError, match=r"has 0003_never\.sql but not the earlier 0002_names\.sql"):
        migrate(db, steps)
    db.close()


def test_a_migration_that_fails_leaves_nothing_of_itself(opener: Opener, steps: Path) -> None:
    db = opener()
    migrate(db, only(steps, *list(_STEPS)[:3]))
    db.write([Statement("INSERT INTO people (name) VALUES ('twin')")] * 2)
    (steps / "0004_unique.sql").write_text(
        "CREATE TABLE extra (a);\nCREATE UNIQUE INDEX people_by_name ON people (name);\n"
    )
    with pytest.raises(Conflict, match="UNIQUE"):
        migrate(db, steps)
    assert [row["name"] for row in applied_migrations(db)] == list(_STEPS)[:3]
    assert db.rows("SELECT name FROM sqlite_master WHERE name = 'extra'") == []
    db.close()


def test_a_broken_folder_is_a_sentence(tmp_path: Path, steps: Path) -> None:
    db = LocalFile(tmp_path / "hades.db")
    with pytest.raises(ConfigError, match="Restore migrations/"):
        migrate(db, tmp_path / "nowhere")
    (steps / "0005_half.sql").write_text("CREATE TABLE half (a")
    with pytest.raises(ConfigError, match="middle of a statement"):
        migrate(db, steps)
    db.close()


def test_the_schema_of_the_product_on_every_place(opener: Opener) -> None:
    db = opener()
    assert migrate(db)[0] == "0001_the_loop.sql"
    assert db.rows("SELECT value FROM meta WHERE key = 'data_version'") == [{"value": 1}]
    db.close()


_PROCESS = """
import sys
from turso_db import connect
db = connect(sys.argv[1], sys.argv[2] or None)
print(len(db.rows("SELECT name FROM schema_migrations")))
db.close()
"""


def test_processes_that_start_at_once_on_an_empty_folder(tmp_path: Path) -> None:
    """As on a throw-away disk: the folder is empty and every process of the server starts at the same
    time.
    """
    command = [sys.executable, "-c", _PROCESS, f"file:{tmp_path / 'data' / 'hades.db'}", ""]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert [said for _, said in answers] == [""] * 4
    assert len({count for count, _ in answers}) == 1


def test_no_address_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    db = connect(None, data_dir=tmp_path / "data")
    assert isinstance(db, LocalFile)
    assert (tmp_path / "data" / "hades.db").is_file()
    db.close()


def test_an_address_of_a_file(tmp_path: Path) -> None:
    db = connect(f"file:{tmp_path / 'x.db'}")
    assert db.name == "local file x.db"
    db.close()


def test_an_address_of_a_server(tmp_path: Path) -> None:
    with TursoServer(tmp_path / "s.db") as server:
        db = connect(server.url, server.token)
        assert isinstance(db, TursoHttp)
        db.close()
        with pytest.raises(ConfigError, match="TURSO_AUTH_TOKEN"):
            connect(server.url, "wrong")


@pytest.mark.parametrize(
    ("url", "driver", "said"),
    [
        ("file:", None, "to name a file"),
        ("file:.", None, "to name a file"),
        ("wss://hades.turso.io", None, "Write libsql://"),
        ("hades.turso.io", None, "libsql://HOST"),
        ("https://hades.turso.io", "psycopg", "TURSO_DRIVER is 'psycopg'"),
    ],
)
def test_addresses_that_are_refused(url: str, driver: str | None, said: str) -> None:
    with pytest.raises(HadesError, match=said):
        connect(url, driver=driver)
