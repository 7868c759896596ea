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
from deal_worlds import as_csv, deal_world
from demo_years import loaded
from lead_rows import csv_file, lead_row
from streamlit.testing.v1 import AppTest

import turso_db
import ui
from actors import Actor
from analytics.pipeline_scores import read_pipeline_rules
from configuration import active_configuration
from deal_import import import_deals
from deals import read_deal_rules
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
EXCEPTIONS: dict[str, int] = {}  # page → trips cold, as yet
MOST = 3


@pytest.fixture(params=["local", "strict"])
def app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app over a demo year, with deals that are scored and a suppression list in force."""
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
            db = turso_db.connect(server.url, server.token)
            db.write(
                [turso_db.Statement("UPDATE meta SET value = value")], bump=False
            )  # the first makes its tables
            db.close()
        yield AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        st.cache_data.clear()
        st.cache_resource.clear()


def fill(path: Path) -> None:
    """What the demo year has not: a list of numbers, deals, and their scores of today."""
    db = turso_db.connect(f"file:{path}")
    ana, now = Actor("Ana Ruiz", "manager"), datetime.now(UTC).replace(microsecond=0)
    load_list(
        db, content=b"Phone\n2145550199\n", file_name="numbers.csv", kind="phone", name="Registry",
        scrubbed_on=now.date(), columns=read_columns(ROOT / "config"), today=now.date(), now=now, actor=ana,
    )  # fmt: skip
    deals = as_csv(deal_world(1, 400, still_open=0.1))
    import_deals(
        db, content=deals, name="deals.csv", rules=read_deal_rules(ROOT / "config"), now=now, actor=ana
    )
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
        seen, cold[page] = made(app.run if page == "Home.py" else partial(opened, app, page))
        _, warm[page] = made(seen.run)
    assert {page: n for page, n in cold.items() if n > MOST} == {}
    assert min(cold.values()) > 1  # each reads more than its guard
    assert {page: n for page, n in warm.items() if n != 1} == {}


def opened(app: AppTest, page: str) -> AppTest:
    return app.switch_page(page).run()


def test_one_batch_opens_in_three_trips(app: AppTest) -> None:
    db = ui._connection()[0]
    app.query_params["batch"] = str(db.rows("SELECT min(batch_id) AS id FROM batches")[0]["id"])
    st.cache_data.clear()
    page, cold = made(partial(opened, app, "pages/2_Batches.py"))
    assert page.subheader[0].value.startswith("HADES-")
    assert cold <= MOST
    assert made(page.run)[1] == 1


def test_one_lead_is_found_in_three_trips(app: AppTest) -> None:
    page = opened(app, "pages/10_Test_a_Lead.py")
    page.text_input(key="find").set_value("75201")
    st.cache_data.clear()
    page, cold = made(page.run)
    assert page.selectbox(key="picked").value is not None
    assert cold <= MOST
    assert made(page.run)[1] == 1


def test_an_upload_is_read_and_planned_in_three_trips(app: AppTest) -> None:
    called = str(ui._connection()[0].rows("SELECT max(phone) AS phone FROM lead_outcomes")[0]["phone"])
    page = opened(app, "pages/1_Score_and_Export.py")
    page.text_input(key="center").set_value("75201")
    page.number_input(key="days").set_value(3650)
    listed = {"Direct_Phone_Number": "214-555-0199", "Company_HQ_Phone": ""}
    leads = [lead_row(1), lead_row(2, Mobile_phone="", **listed), lead_row(3, Mobile_phone=called, **listed)]
    page.file_uploader(key="leads_file").upload("leads.csv", csv_file(leads), "text/csv")
    st.cache_data.clear()
    page, cold = made(page.run)
    # Of the second the only number is listed; of the third the next best number was exported before.
    assert "1 of 3 leads are ready to go out" in page.subheader[0].value
    assert cold <= MOST
    assert made(page.run)[1] == 1
    page.session_state["opened"] = "exported before"
    assert "phone number was exported in" in page.run().dataframe[0].value["reason"].iloc[0]
