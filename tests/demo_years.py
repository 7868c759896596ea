"""A loaded demo world for tests, built once per process and copied from then on."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest

import turso_db
from actors import Actor
from configuration import active_configuration
from demo import DemoLoad, load_demo
from lead_columns import read_columns, read_industries

CONFIG = Path(__file__).resolve().parents[1] / "config"
NOW = datetime(2026, 2, 11, 15, 30, tzinfo=UTC)
DANA = Actor("Demo Dana", "manager")


def load(db: turso_db.Database, config_dir: Path, now: datetime = NOW, **options) -> DemoLoad:
    """The demo world in this database, under the configuration of this folder."""
    active = active_configuration(db, config_dir=config_dir, now=now)
    return load_demo(
        db,
        icp=active.icp,
        weight_version=active.version,
        columns=read_columns(config_dir),
        industries=read_industries(config_dir),
        now=now,
        **({"actor": DANA} | options),
    )


def loaded(path: Path) -> Path:
    """`path`, now a database file with the demo world of the default seed as of NOW."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_built(), path)
    return path


def lived(path: Path) -> Path:
    """The same with the deals of that world, and a calibration run of today."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_lived(), path)
    return path


@lru_cache(maxsize=1)
def _lived() -> Path:
    from scripts import calibrate, load_demo

    folder = Path(tempfile.mkdtemp(prefix="hades-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(CONFIG, folder / "config")
    loaded(folder / "hades.db")
    with pytest.MonkeyPatch.context() as here:
        here.setenv("HADES_DATA_DIR", str(folder))
        here.setenv("HADES_CONFIG_DIR", str(folder / "config"))
        load_demo.main([])  # the year is there already
        calibrate.main([])
    return folder / "hades.db"


@lru_cache(maxsize=1)
def _built() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hades-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(CONFIG, folder / "config")
    db = turso_db.connect(f"file:{folder / 'hades.db'}")
    load(db, folder / "config")
    db.close()
    return folder / "hades.db"
