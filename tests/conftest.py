"""What every test stands on: a real database file, a configuration of its own, one fixed time, a clean
environment.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

import turso_db

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 2, 11, 15, 30, tzinfo=UTC)
_OURS = ("HADES_", "TURSO_", "ZOHO_", "HUNTER_SALES_ENGINE_")

settings.register_profile(
    "seeded", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("seeded")


@pytest.fixture(autouse=True, scope="session")
def _one_thread_for_small_matrices() -> Iterator[None]:
    """Threads of a matrix product wait for each other where other work keeps the processors busy."""
    with threadpool_limits(1, "blas"):
        yield


@pytest.fixture(autouse=True)
def _no_stray_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and nothing a test starts reaches the machine's own data or
    secrets.
    """
    # AppTest puts a page in the place of the main module and leaves it there: a later test's process would start it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    for name in [name for name in os.environ if name.startswith(_OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HADES_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HADES_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("HADES_SECRETS_FILE", str(tmp_path / "secrets.toml"))


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    """A copy of config/ that a test may change; HADES_CONFIG_DIR already names it."""
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """Where the database of this test is; HADES_DATA_DIR already leads there."""
    return tmp_path / "data" / "hades.db"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database as `connect` leaves it, to copy: migrating anew takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "hades.db"
    turso_db.connect(f"file:{path}").close()
    return path


@pytest.fixture
def db(db_path: Path, migrated: Path) -> Iterator[turso_db.Database]:
    """A real database file, migrated and empty."""
    db_path.parent.mkdir(exist_ok=True)
    shutil.copy(migrated, db_path)
    database = turso_db.connect(f"file:{db_path}")
    yield database
    database.close()


@pytest.fixture
def places(config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where pages find config/ and data/ of this test; no page remembers anything before it or after it."""
    import streamlit as st

    def forget() -> None:
        st.cache_data.clear()
        st.cache_resource.clear()

    monkeypatch.chdir(ROOT)
    forget()
    yield tmp_path
    forget()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a script within this process: exit code, standard output, standard error."""
    from scripts.command import run

    def say(module: Any, *arguments: object) -> tuple[int, str, str]:
        words = [os.fsdecode(one) if isinstance(one, bytes) else str(one) for one in arguments]
        code = run(module.main, words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return say


@pytest.fixture(scope="session")
def calibrated_file(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the real table and one calibration of it, shrunk: 8062 says 40 and 7011 says 46 where 100 is in force."""
    from outcome_rows import calibrated, history, real_history

    folder = tmp_path_factory.mktemp("calibrated")
    path, config = folder / "hades.db", shutil.copytree(ROOT / "config", folder / "config")
    shutil.copy(migrated, path)
    database = turso_db.connect(f"file:{path}")
    history(database, NOW, *real_history())
    calibrated(database, config, NOW)
    database.close()
    return path


@pytest.fixture
def run(calibrated_file: Path, db_path: Path, db: turso_db.Database, config_dir: Path) -> dict[str, Any]:
    """The one run of `calibrated_file`, in the database of this test."""
    from stores.runs import read_run

    with closing(sqlite3.connect(calibrated_file)) as source, closing(sqlite3.connect(db_path)) as target:
        source.backup(target)
    found = read_run(db, run_id=1)
    assert found is not None
    return found


@pytest.fixture
def now() -> datetime:
    """One Wednesday morning, 09:30 in Chicago."""
    return NOW


@pytest.fixture
def zoho() -> Iterator[Any]:
    """A Zoho of its own on loopback, strict and empty; its clock stands at the first export of the stories."""
    from zoho_server import ZohoServer
    from zoho_story import EXPORTED

    with ZohoServer() as server:
        server.world.now = EXPORTED
        yield server
