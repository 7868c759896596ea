"""Round trips are the currency: what a page, cold and warm, asks of the database, counted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from demo_years import loaded
from streamlit.testing.v1 import AppTest

import turso_db
import ui
from actors import Actor
from analytics.pipeline_scores import read_pipeline_rules
from approvals import active_configuration
from lead_columns import read_columns
from pipeline import snapshot_pipeline
from settings import read_settings
from stores import operators, outcomes, unmatched
from suppression import load_list
from tests.turso_server import TursoServer

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def frame(db: turso_db.Database, config_dir: Path, now: datetime) -> Iterator[ui.Frame]:
    """What a page works with, over an empty database."""
    st.cache_data.clear()
    active = active_configuration(db, config_dir=config_dir, now=now)
    yield ui.Frame(
        db,
        read_settings(),
        Actor("Ana Ruiz", "manager"),
        active.icp,
        active.version,
        active.data_version,
        now,
    )
    st.cache_data.clear()


def trips(frame: ui.Frame) -> int:
    return frame.db.round_trips


def test_what_a_page_names_together_comes_in_one_trip_and_is_known_afterwards(frame: ui.Frame) -> None:
    before = trips(frame)
    funnel, known, size = ui.read_all(
        frame, outcomes.read_funnel, partial(operators.read_operators, search="", limit=5), outcomes.count_historical
    )  # fmt: skip
    assert trips(frame) == before + 1
    assert funnel["exported"] == size["leads"] == 0
    assert isinstance(known, pd.DataFrame)
    assert list(known.columns)[:2] == ["id", "name"]
    ui.read(frame, operators.read_operators, limit=5, search="")
    ui.read(frame, outcomes.read_funnel)
    assert trips(frame) == before + 1
    ui.read_all(frame, outcomes.read_funnel, unmatched.count_unmatched)  # only what is missing is asked
    ui.read(frame, operators.read_operators, search="", limit=6)
    assert trips(frame) == before + 3


def test_what_is_kept_belongs_to_its_data_version_and_nobody_can_spoil_it(frame: ui.Frame) -> None:
    added = operators.insert_operator(values={"name": "Harbor"}, now=frame.now)
    frame.db.write([added], bump=False)
    first = ui.read(frame, operators.read_operators)
    first["name"] = "spoiled"
    (again,) = ui.read_all(frame, operators.read_operators)
    assert again["name"].tolist() == ["Harbor"]
    before = trips(frame)
    later = ui.Frame(frame.db, frame.settings, frame.actor, frame.icp, frame.weight_version, frame.data_version + 1, frame.now)  # fmt: skip
    ui.read(later, operators.read_operators)
    assert trips(frame) == before + 1


# Pages


PAGES = ["Home.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]
EXCEPTIONS: dict[str, int] = {}  # page → trips it makes cold as yet
MOST = 3


@pytest.fixture(params=["local", "strict"])
def app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app over a demo year with deals, scored, an alert looked for, a suppression list in force."""
    monkeypatch.chdir(ROOT)
    shutil.copytree(ROOT / "config", tmp_path / "config", dirs_exist_ok=True)
    path = loaded(tmp_path / ("data" if request.param == "local" else "served") / "hades.db")
    fill(path)
    st.cache_data.clear()
    st.cache_resource.clear()
    with ExitStack() as stack:
        if request.param == "strict":
            server = stack.enter_context(TursoServer(path))
            monkeypatch.setenv("TURSO_DATABASE_URL", server.url)
            monkeypatch.setenv("TURSO_AUTH_TOKEN", server.token)
        yield AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        st.cache_data.clear()
        st.cache_resource.clear()


def fill(path: Path) -> None:
    """What the demo year has not: a list of numbers, and the pipeline as scored today."""
    db = turso_db.connect(f"file:{path}")
    ana, now = Actor("Ana Ruiz", "manager"), datetime.now(UTC).replace(microsecond=0)
    load_list(
        db, content=b"Phone\n2145550199\n", file_name="numbers.csv", kind="phone", name="Registry",
        scrubbed_on=now.date(), columns=read_columns(ROOT / "config"), today=now.date(), now=now, actor=ana,
    )  # fmt: skip
    snapshot_pipeline(db, rules=read_pipeline_rules(ROOT / "config"), today=now.date(), now=now, actor=ana)
    db.close()


def made(run: Callable[[], AppTest]) -> tuple[AppTest, int]:
    """The page, and how many round trips it made."""
    db = ui._connection()[0]
    before = db.round_trips
    page = run()
    assert not page.exception
    assert not page.error, [error.value for error in page.error]
    return page, db.round_trips - before


def test_a_page_makes_three_round_trips_cold_and_one_warm(app: AppTest) -> None:
    cold, warm = {}, {}
    for page in PAGES:
        st.cache_data.clear()
        seen, cold[page] = made(app.run if page == "Home.py" else lambda page=page: app.switch_page(page).run())
        _, warm[page] = made(seen.run)
    # switch_page runs nothing by itself; a page that reads less than its guard would not be counted
    assert min(cold.values()) >= 1
    assert {page: n for page, n in cold.items() if n > EXCEPTIONS.get(page, MOST)} == {}
    assert {page: n for page, n in warm.items() if n != 1} == {}
    assert {page for page in EXCEPTIONS if cold[page] <= MOST} == set(), "no longer an exception"
