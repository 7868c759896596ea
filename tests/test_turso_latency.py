"""With the database 20 ms away each way: export and sync within their round trips, and what the distance costs."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st
from demo_years import CONFIG, loaded
from figures import show
from lead_rows import TODAY, lead_file, lead_row, scored_leads
from streamlit.testing.v1 import AppTest
from zoho_server import ZohoServer
from zoho_story import EXPORTED, deliver, export, lead_in_zoho, synced
from zoho_story import lead_row as exported_row

import turso_db
import ui
from actors import Actor
from database import Database
from export import Export, record_export
from icp import Icp, parse_icp
from preflight import Preflight, export_rules, preflight
from stores import batches
from tests.real_server import real_server_or_skip
from tests.turso_server import TursoServer

ROOT = Path(__file__).resolve().parents[1]
ANA = Actor("Ana Ruiz", "manager")
NOW = datetime(2026, 2, 11, 15, 30, tzinfo=UTC)
WAY = 0.02  # seconds each way


@pytest.fixture
def far(tmp_path: Path) -> Iterator[TursoServer]:
    """A migrated database behind the strict server, as yet without delay."""
    with TursoServer(tmp_path / "far.db") as server:
        turso_db.connect(server.url, server.token).close()
        yield server


def planned(icp: Icp, leads: int) -> Preflight:
    """So many leads ready to go out."""
    file = lead_file([lead_row(n) for n in range(leads)], CONFIG)
    plan = preflight(file, scored_leads(file, icp), icp, rules=export_rules(icp)._replace(max_rows=None))
    assert len(plan.ready) == leads
    return plan


def exported(db: Database, plan: Preflight, icp: Icp) -> Export:
    return record_export(
        db, preflight=plan, icp=icp, weight_version=1, workflow="intent", parameters={}, today=TODAY, now=NOW, actor=ANA
    )  # fmt: skip


@pytest.fixture(scope="module")
def icp() -> Icp:
    return parse_icp((CONFIG / "icp.yaml").read_text("utf-8"))


@pytest.mark.parametrize("leads", [1, 500, 501, 1001])
def test_an_export_makes_two_trips_and_at_most_one_per_500_rows(
    far: TursoServer, icp: Icp, leads: int
) -> None:
    db = turso_db.connect(far.url, far.token)
    plan = planned(icp, leads)
    before = db.round_trips
    done = exported(db, plan, icp)
    assert db.round_trips - before == 2 + math.ceil(leads / 1000)
    assert batches.read_batch_csv(db, batch_id=str(done.batch_id)) == done.csv
    assert db.rows("SELECT count(*) AS n FROM lead_outcomes") == [{"n": leads}]
    db.close()


def zoho_with(zoho: ZohoServer, db: Database, companies: int) -> None:
    """Exported companies, each a lead in Zoho that became a deal with a delivery."""
    for start in range(0, companies, 500):
        batch = f"HADES-20260211-{start // 500 + 1:03d}"
        zoho.world.now = EXPORTED
        export(db, batch, [exported_row(number) for number in range(start, min(start + 500, companies))])
    zoho.world.wait(days=1)
    for number in range(companies):
        lead = lead_in_zoho(zoho.world, number, f"HADES-20260211-{number // 500 + 1:03d}")
        deliver(zoho.world, zoho.world.convert(lead, keep_batch=True))


def trips_of_a_sync(far: TursoServer, tmp_path: Path, companies: int, page_rows: int) -> tuple[int, int]:
    """Round trips of a first sync, and how many pages of records it read."""
    db = turso_db.connect(far.url, far.token)
    with ZohoServer() as zoho:
        zoho_with(zoho, db, companies)
        before = db.round_trips
        done = synced(db, zoho, tmp_path, coql_rows=page_rows)
        trips = db.round_trips - before
    assert done.counts["matched"] == 3 * companies
    assert done.counts["updated"] == companies
    db.close()
    return trips, 3 * math.ceil(companies / page_rows)  # leads, deals and deliveries


def test_a_sync_makes_one_trip_per_page_of_records(tmp_path: Path) -> None:
    found = {}
    for page_rows in (10, 20, 40):
        with TursoServer(tmp_path / f"{page_rows}.db") as server:
            found[page_rows] = trips_of_a_sync(server, tmp_path, 80, page_rows)
    beside = {trips - pages for trips, pages in found.values()}
    assert len(beside) == 1  # 24, 12 and 6 pages; all else stays the same
    assert beside.pop() <= 28


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


@pytest.mark.prove
@pytest.mark.parametrize("kind", ["strict", "real"])
def test_an_export_of_10000_leads_takes_at_most_two_seconds_more_20_ms_away(
    kind: str, icp: Icp, tmp_path: Path
) -> None:
    plan = planned(icp, 10_000)
    took = []
    for turn in range(3):  # the best of three: other work on the machine only ever adds
        with ExitStack() as stack:
            folder = tmp_path / str(turn)
            folder.mkdir()
            real = stack.enter_context(real_server_or_skip(folder / "real")) if kind == "real" else None
            gate = stack.enter_context(TursoServer(folder / "g.db", upstream=real.url if real else None))
            near = stack.enter_context(closing(turso_db.connect(None, None, folder)))
            away = turso_db.connect(gate.url, real.token if real else gate.token)
            stack.enter_context(closing(away))
            gate.latency = WAY
            took.append((timed(lambda: exported(near, plan, icp)), timed(lambda: exported(away, plan, icp))))  # noqa: B023
            for db in (near, away):
                assert db.rows("SELECT count(*) AS n FROM lead_outcomes") == [{"n": 10_000}]
    local, remote = (min(seconds) for seconds in zip(*took, strict=True))
    show(
        f"export of 10,000 leads: local file {local:.2f} s; {kind} server 20 ms away each way {remote:.2f} s, "
        f"{remote - local:.2f} s more"
    )
    assert remote - local <= 2.0


@pytest.mark.prove
def test_a_sync_20_ms_away(tmp_path: Path) -> None:
    took = []
    for way in (0.0, WAY):
        with TursoServer(tmp_path / f"{way}.db") as server:
            server.latency = way
            started = time.perf_counter()
            trips, pages = trips_of_a_sync(server, tmp_path, 2000, 2000)
            took.append((time.perf_counter() - started, trips, pages))
    (near, trips, pages), (away, *_) = took
    show(
        f"first sync of 6,000 records in {pages} pages: {trips} round trips; with its story told {near:.1f} s on loopback, "
        f"{away:.1f} s with 20 ms each way"
    )
    # 28 whatever the size, one per page; per 400 sites a reading, the companies of their batches and a write, and once
    # the reading again by cursor where it is too large for one answer; two for the lease every 20 seconds
    assert trips <= 28 + pages + 4 * math.ceil(2000 / 400) + 2 * math.ceil(near / 20)


@pytest.mark.prove
def test_pages_20_ms_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shutil.copytree(CONFIG, tmp_path / "config", dirs_exist_ok=True)
    path = loaded(tmp_path / "served" / "hades.db")
    pages = ["Home.py", *sorted(f"pages/{page.name}" for page in (ROOT / "pages").glob("*.py"))]
    seconds: dict[str, list[float]] = {page: [] for page in pages}
    with ExitStack() as stack:
        server = stack.enter_context(TursoServer(path))
        stack.callback(st.cache_data.clear)
        stack.callback(st.cache_resource.clear)
        st.cache_resource.clear()
        monkeypatch.setenv("TURSO_DATABASE_URL", server.url)
        monkeypatch.setenv("TURSO_AUTH_TOKEN", server.token)
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        for way in (0.0, 0.0, WAY):  # the first round loads libraries
            server.latency = way
            for page in pages:
                st.cache_data.clear()
                before = ui._connection()[0].round_trips
                act = app.run if page == "Home.py" else lambda page=page: app.switch_page(page).run()
                seconds[page].append(timed(act))
                assert ui._connection()[0].round_trips - before <= 3, page
    slowest = max(pages, key=lambda page: seconds[page][2] - seconds[page][1])
    more = seconds[slowest][2] - seconds[slowest][1]
    show(f"{len(pages)} pages cold: at most {more * 1000:.0f} ms more with 20 ms each way ({slowest})")
