"""migrate, copy_database, backup and restore as programs call them: exit codes, JSON, sentences."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import scripts.backup
import scripts.copy_database
import scripts.migrate
import scripts.restore
from database import Statement
from tests.turso_server import TursoServer
from turso_db import LocalFile, connect

Said = Callable[..., tuple[int, str, str]]


def test_status_tells_and_changes_nothing(said: Said, db_path: Path) -> None:
    code, out, _ = said(scripts.migrate, "--status", "--json")
    status = json.loads(out)
    assert code == 0
    assert (status["applied"], status["applied_now"]) == ([], [])
    assert status["pending"][0] == "0001_the_loop.sql"
    assert LocalFile(db_path).rows("SELECT name FROM sqlite_master") == []


def test_migrate_brings_it_up_once(said: Said) -> None:
    first = json.loads(said(scripts.migrate, "--json")[1])
    assert first["applied_now"][0] == "0001_the_loop.sql"
    assert first["pending"] == []
    code, out, _ = said(scripts.migrate)
    assert code == 0
    assert f"{len(first['applied'])} migrations applied, 0 of them now, 0 pending" in out


def test_migrate_refuses_a_newer_database(said: Said, db_path: Path) -> None:
    db = connect(f"file:{db_path}")
    db.write([Statement("INSERT INTO schema_migrations VALUES ('9999_later.sql', 'x', 'y')")])
    db.close()
    code, out, err = said(scripts.migrate, "--status", "--json")
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "ConfigError"
    assert "newer than this code" in err


def test_copy_to_a_server_and_back(said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, last = f"file:{tmp_path / 'first.db'}", f"file:{tmp_path / 'last.db'}"
    db = connect(first)
    db.write([Statement("INSERT INTO batch_numbers VALUES ('20260211', 7)")])
    db.close()
    with TursoServer(tmp_path / "s.db") as server:
        monkeypatch.setenv("TURSO_AUTH_TOKEN", server.token)
        code, out, err = said(scripts.copy_database, first, server.url, "--json")
        there = json.loads(out)
        assert code == 0
        assert "batch_numbers: 1 rows copied" in err
        assert server.token not in out + err
        code, out, _ = said(scripts.copy_database, server.url, last)
        assert code == 0
        assert "each compared" in out
        code, _, err = said(scripts.copy_database, first, server.url)
        assert code == 2
        assert "expected to be empty" in err
    again = connect(last)
    assert again.rows("SELECT * FROM batch_numbers") == [{"day": "20260211", "last_number": 7}]
    again.close()
    assert {
        key: value for table in there["tables"] if table["table"] == "batch_numbers"
        for key, value in table.items() if key != "sha256"
    } == {"table": "batch_numbers", "rows": 1}  # fmt: skip


def test_a_backup_and_back(
    said: Said, tmp_path: Path, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = connect(f"file:{db_path}")
    db.write([Statement("INSERT INTO batch_numbers VALUES ('20260211', 7)")])
    file = tmp_path / "backup.db"
    code, out, err = said(scripts.backup, file, "--json")  # while it is open
    assert code == 0
    assert "batch_numbers: 1 rows, checked" in err
    made = json.loads(out)
    assert made["file"] == str(file)
    monkeypatch.chdir(tmp_path)
    code, out, _ = said(scripts.backup, "of today.db")
    assert code == 0
    assert out.startswith(f"{tmp_path}/of today.db holds local file hades.db: ")
    assert f"scripts.restore '{tmp_path}/of today.db'" in out
    code, _, err = said(scripts.backup, file)
    assert code == 2
    assert "expected not to exist" in err
    code, _, err = said(scripts.restore, file)
    assert code == 2
    assert "expected to be empty" in err
    db.close()
    monkeypatch.setenv("HADES_DATA_DIR", str(tmp_path / "new"))
    code, out, _ = said(scripts.restore, file, "--json")
    back = json.loads(out)
    assert code == 0
    assert back["pending"] == []
    assert [table for table in made["tables"] if table["table"] != "schema_migrations"] == back["tables"]
    again = connect(None, None, tmp_path / "new")
    assert again.rows("SELECT * FROM batch_numbers") == [{"day": "20260211", "last_number": 7}]
    again.close()


def test_a_backup_of_turso_and_back_into_a_file(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backup.db"
    with TursoServer(tmp_path / "s.db") as server:
        monkeypatch.setenv("TURSO_DATABASE_URL", server.url)
        monkeypatch.setenv("TURSO_AUTH_TOKEN", server.token)
        assert said(scripts.migrate)[0] == 0
        code, out, err = said(scripts.backup, file)
        assert code == 0
        assert "each checked" in out
        assert server.token not in out + err
    monkeypatch.delenv("TURSO_DATABASE_URL")
    code, out, _ = said(scripts.restore, file)
    assert code == 0
    assert "local file hades.db now equals" in out
    code, _, err = said(scripts.restore, tmp_path / "missing.db")
    assert code == 2
    assert "no file missing.db" in err


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (("file:a.db", "file:a.db"), "expected to differ"),
        (("libsql://a.turso.io", "libsql://b.turso.io"), "One of FROM and TO"),
        (("file:a.db",), "See --help"),
        (("file:missing.db", "file:other.db"), "no database of this product"),
        (("file:a.db", "wss://b.turso.io"), "Write libsql://"),
    ],
)
def test_copies_that_are_refused(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = said(scripts.copy_database, *places, "--json")
    assert code == 2
    assert words in err
    assert json.loads(out)["error"]["message"] in err
