"""A database 20 ms away each way: what pages read and acts write, beside bare requests over the same distance.

Run from the repository: python -m benchmarks.bench_remote. The server is the strict one of the tests, which waits 20 ms
before it reads and 20 ms before it answers, over the demo world. The floor is the same read or act on the file itself
and as many bare keep-alive POSTs of the smallest query as it makes round trips, which tests bound.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import requests

import turso_db
from actors import Actor
from benchmarks.bench_export import lead_table
from benchmarks.large_year import _script
from benchmarks.ratios import Figure, tell
from export import exported_before, record_export
from icp import read_icp
from outcomes import import_outcomes
from preflight import preflight, with_keys
from scoring import score_leads
from stores import audit, batches, matches, operators, outcomes, overview, syncs, unmatched
from tests.turso_server import TursoServer

ROOT = Path(__file__).resolve().parents[1]
WAY = 0.02
ANA = Actor("Ana Ruiz", "manager")


def seconds(work: Callable[[], Any], times: int = 5) -> float:
    """The median of so many runs."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def main() -> None:
    """Prints a figure per page and act."""
    icp, now = read_icp(ROOT / "config"), datetime.now(UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _script(folder, "scripts.load_demo")
        shutil.copy(folder / "hades.db", folder / "near.db")
        with TursoServer(folder / "hades.db") as server:
            db = turso_db.connect(server.url, server.token)
            near = turso_db.connect(f"file:{folder / 'near.db'}")
            server.latency = WAY
            session = requests.Session()
            headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
            asked = [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]
            body = json.dumps({"baton": None, "requests": asked}).encode()

            def bare() -> None:
                session.post(f"{server.url}/v3/pipeline", data=body, headers=headers, timeout=15).json()

            bare()
            trip = seconds(bare, 15)
            pages = {
                "Home": [partial(overview.read_overview, today=now.date(), maturity_days=120), partial(audit.read_audit, limit=8)],
                "Batches": [partial(batches.read_batches, limit=500)],
                "Operators": [operators.count_operators, partial(operators.read_operators, search="", limit=500),
                              partial(syncs.read_sync_runs, limit=20)],
                "Outcomes": [outcomes.read_funnel, matches.count_reviews, unmatched.count_unmatched,
                             partial(outcomes.read_feed, limit=200)],
            }  # fmt: skip
            for title, readers in pages.items():
                trips = db.round_trips
                far_away = seconds(partial(turso_db.read_together, db, readers))
                trips = (db.round_trips - trips) // 5
                floor = trips * trip + seconds(partial(turso_db.read_together, near, readers))
                named = f"{title}: its reads, 20 ms away ({trips} trips)"
                tell(Figure(named, far_away, floor, 2.0, "as many bare requests and the same from the file"))
            file = lead_table(500, icp)

            def export(into: turso_db.Database) -> str | None:
                scored = with_keys(
                    score_leads(file.leads, icp, workflow="geography", today=now.date(), center_zip="75201")
                )
                before = exported_before(into, keyed=scored, icp=icp, now=now)
                plan = preflight(file, scored, icp, exported_before=before)
                return record_export(
                    into, preflight=plan, icp=icp, weight_version=1, workflow="geography", today=now.date(), now=now,
                    parameters={"center_zip": "75201", "radius_miles": 25.0}, actor=ANA,
                ).batch_id  # fmt: skip

            names = file.leads["company_name"].drop_duplicates()

            def bring(into: turso_db.Database, batch: str | None) -> None:
                rows = "".join(f"{batch},{name},appointment,{now.date()}\n" for name in names)
                content = f"batch_id,company_name,milestone,date\n{rows}".encode()
                import_outcomes(into, content=content, name="far.csv", now=now, actor=ANA)

            batch = {}
            for named, act in (
                ("500 leads exported", lambda into: batch.update({into.name: export(into)})),
                (f"{len(names)} outcomes imported", lambda into: bring(into, batch[into.name])),
            ):
                trips, took = db.round_trips, []
                for into in (near, db):
                    began = time.perf_counter()
                    act(into)
                    took.append(time.perf_counter() - began)
                trips = db.round_trips - trips
                told = f"{named}, 20 ms away ({trips} trips)"
                tell(
                    Figure(
                        told,
                        took[1],
                        trips * trip + took[0],
                        2.0,
                        "as many bare requests and the same in the file",
                    )
                )
            near.close()
            session.close()
            db.close()


if __name__ == "__main__":
    main()
