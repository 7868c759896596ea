"""What grows when the leads grow a hundredfold: the reads of pages, a calibration, scoring, an export.

Run from the repository: python -m benchmarks.bench_growth [LEADS]. Each figure is the time at LEADS (1,000,000) beside
a hundred times that at a hundredth of them, in processor time, best of three: 1 is linear, and 1.5 what a sort adds.
The export of 10,000 leads should not mind how many went out before: its floor is the same export at a hundredth.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import turso_db
from analytics.calibration_evidence import calculate
from benchmarks.bench_calibration import TODAY, fill
from benchmarks.bench_export import export_all, lead_table
from benchmarks.bench_scoring import million_leads
from benchmarks.ratios import Figure, tell
from icp import Icp, business_zone, read_icp
from outcome_columns import read_columns
from scoring import score_leads
from stores import batches, matured, outcomes, overview

ROOT = Path(__file__).resolve().parents[1]
GROWTH, ONE_EXPORT = 100, 10_000


def best(work: Callable[[], Any], times: int = 3) -> float:
    """The shortest processor time of so many runs."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def readers(day: date) -> dict[str, Callable[[turso_db.Database], Any]]:
    """What the main pages ask of the database."""
    return {
        "Home: the figures": partial(overview.read_overview, today=day, maturity_days=120),
        "Batches: the ledger": partial(batches.read_batches, limit=500),
        "Outcomes: the funnel": outcomes.read_funnel,
        "Outcomes: the newest": partial(outcomes.read_feed, limit=200),
        "Calibration: who can be judged": partial(matured.read_matured, today=day, maturity_days=120),
    }


def at(size: int, icp: Icp, folder: Path) -> dict[str, float]:
    """Seconds of everything with so many leads."""
    path = folder / "hades.db"
    fill(path, size)
    db = turso_db.connect(f"file:{path}", None, folder)
    found = {name: best(partial(reader, db)) for name, reader in readers(TODAY).items()}
    places = iter(range(100))

    def report() -> None:
        cache = folder / f"cache_{next(places)}"
        frame = read_columns(db, cache_dir=cache, zone=business_zone(icp), parts=()).frame
        calculate(frame, icp, as_of=TODAY, estimator="shrunk")

    found["Calibration: the whole report"] = best(report, 2)
    leads = million_leads(size, icp)
    found["Scoring"] = best(partial(score_leads, leads, icp, workflow="intent", today=TODAY))
    db.close()
    file = lead_table(ONE_EXPORT, icp)
    export_all(file, icp, folder)
    found["Export of 10,000 leads"] = float(export_all.seconds)  # type: ignore[attr-defined]
    return found


def main(size: int = 1_000_000) -> None:
    """Prints a figure per read."""
    icp = read_icp(ROOT / "config")
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        few, many = at(size // GROWTH, icp, Path(small)), at(size, icp, Path(large))
    for name, seconds in many.items():
        if name.startswith("Export"):
            tell(Figure(f"{name} after {size:,}", seconds, few[name], 1.5, f"after {size // GROWTH:,}"))
        else:
            floor = GROWTH * few[name]
            tell(
                Figure(f"{name}, {size:,} leads", seconds, floor, 1.5, f"{GROWTH} × {size // GROWTH:,} leads")
            )


if __name__ == "__main__":
    print(f"{datetime.now(UTC):%Y-%m-%d}")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
