"""Scores, records and writes an export, and compares the time with sqlite3.executemany and csv.writer of the same rows.

Run from the repository: python -m benchmarks.bench_export [LEADS]. The bare side puts the very rows that the export
recorded into an equal table of a database of its own (same columns and indexes, one transaction) and writes the very
cells of its file with csv.writer; it neither scores nor checks anything. Both take their best of three, in turns, in processor time, which a busy
machine hardly changes.
"""

from __future__ import annotations

import csv
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import turso_db  # noqa: E402
from actors import Actor  # noqa: E402
from benchmarks.ratios import Figure, tell  # noqa: E402
from export import exported_before, record_export  # noqa: E402
from icp import Icp, read_icp  # noqa: E402
from lead_columns import READINGS  # noqa: E402
from leads import LeadFile  # noqa: E402
from preflight import preflight, with_keys  # noqa: E402
from scoring import score_leads  # noqa: E402
from stores import batches  # noqa: E402
from suppression import find_suppressed  # noqa: E402
from vanillasoft import read_back  # noqa: E402

TODAY, NOW = date(2026, 2, 11), datetime(2026, 2, 11, 15, 30, tzinfo=UTC)


def lead_table(size: int, icp: Icp, seed: int = 7) -> LeadFile:
    """A file of leads that all go out, three contacts per company, as leads.read_leads gives it."""
    chance = np.random.default_rng(seed)
    place = np.arange(size)
    company = place // 3
    codes = np.array(icp.data["hard_filters"]["sic_codes"], dtype="object")
    words = np.array(["Oak", "Elm", "Lake", "Hill", "Stone", "River"], dtype="object")
    zips = np.array([f"{75201 + n}" for n in range(60)], dtype="object")
    columns: dict[str, Any] = {
        "contact_id": [str(-1000 - n) for n in place],
        "company_id": [str(350000 + n) for n in company],
        "first_name": words[chance.integers(0, 6, size)],
        "last_name": [f"Doe{n % 997}" for n in place],
        "job_title": np.array(["Manager", "Director", "Owner"], dtype="object")[chance.integers(0, 3, size)],
        "management_level": ["Manager"] * size,
        "email": [f"pat{n}@oak{n // 3}.example.com" for n in place],
        "direct_phone": [f"(214) {200 + n // 10000:03d}-{n % 10000:04d}" for n in place],
        "mobile_phone": [f"(469) {200 + n // 10000:03d}-{n % 10000:04d}" for n in place],
        "company_phone": [f"(972) {200 + n // 10000:03d}-{n % 10000:04d}" for n in company],
        "company_name": [f"{words[n % 6]} Works {n}" for n in company],
        "website": [f"www.oak{n}.example.com" for n in company],
        "employee_count": chance.integers(50, 5000, size // 3 + 1)[company],
        "sic_code": codes[chance.integers(0, len(codes), size // 3 + 1)[company]],
        "industry": ["Hospitality"] * size,
        "street": [f"{n % 9999} Elm Street" for n in company],
        "city": ["Dallas"] * size,
        "state": ["TX"] * size,
        "zip_code": zips[chance.integers(0, 60, size // 3 + 1)[company]],
        "accuracy": chance.integers(70, 100, size).astype("float64"),
        "distance_miles": chance.uniform(0, 25, size // 3 + 1)[company].round(1),
    }
    frame = pd.DataFrame({"row_number": place + 2})
    for field, reading in READINGS.items():
        frame[field] = pd.Series(columns.get(field, [None] * size), dtype=reading.dtype)
    problems = pd.DataFrame({"row_number": [], "column": [], "problem": [], "rejected": []})
    problems = problems.astype({"row_number": "int64", "column": "str", "problem": "str", "rejected": "bool"})
    return LeadFile("bench.csv", "0" * 64, size, frame, problems, [], {}, [])


def export_all(file: LeadFile, icp: Icp, folder: Path) -> tuple[turso_db.Database, str]:
    """The database after one whole export: scored, looked up, recorded, written to a file."""
    db = turso_db.connect(f"file:{folder / 'hades.db'}")
    start = time.process_time()
    scored = score_leads(file.leads, icp, workflow="geography", today=TODAY, center_zip="75201")
    steps = {"scored": time.process_time()}
    found = find_suppressed(db, leads=scored)
    scored = with_keys(scored, suppressed=found)
    known = exported_before(db, keyed=scored, icp=icp, now=NOW)
    plan = preflight(file, scored, icp, exported_before=known, suppressed=found)
    steps["pre-flight"] = time.process_time()
    done = record_export(
        db, preflight=plan, icp=icp, weight_version=1, workflow="geography", today=TODAY, now=NOW,
        parameters={"center_zip": "75201", "radius_miles": 25.0}, actor=Actor("Ana Ruiz", "manager"),
    )  # fmt: skip
    steps["recorded"] = time.process_time()
    assert done.csv is not None
    assert done.batch_id is not None
    (folder / "out.csv").write_bytes(done.csv)
    steps["written"] = time.process_time()
    export_all.seconds = steps["written"] - start  # type: ignore[attr-defined]
    times = list(steps.values())
    parts = [
        f"{name} {end - begin:.2f}" for name, begin, end in zip(steps, [start, *times], times, strict=False)
    ]
    print("  " + ", ".join(parts))
    return db, done.batch_id


def bare(
    rows: list[tuple[Any, ...]], columns: list[str], schema: list[str], cells: list[list[str]], folder: Path
) -> float:
    """Seconds for the same rows and cells without HADES."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for sql in schema:
        connection.execute(sql)
    start = time.process_time()
    connection.execute("BEGIN IMMEDIATE")
    marks = ", ".join("?" for _ in columns)
    connection.executemany(f"INSERT INTO lead_outcomes ({', '.join(columns)}) VALUES ({marks})", rows)
    connection.execute("COMMIT")
    with (folder / "bare.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(cells)
    seconds = time.process_time() - start
    connection.close()
    return seconds


def main(size: int = 100_000, rounds: int = 3) -> dict[str, float]:
    """Seconds of both sides and their ratio; prints a line per round and one for the result."""
    icp = read_icp(ROOT / "config")
    file = lead_table(size, icp)
    ours = theirs = float("inf")
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            db, batch_id = export_all(file, icp, folder)
            ours = min(ours, export_all.seconds)  # type: ignore[attr-defined]
            content = batches.read_batch_csv(db, batch_id=batch_id)
            cells = read_back(content or b"").to_numpy().tolist()
            frame = db.rows("SELECT * FROM lead_outcomes ORDER BY id")
            schema = [str(row["sql"]) for row in db.rows(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'lead_outcomes' AND type IN ('table', 'index') AND sql IS NOT NULL")]  # fmt: skip
            db.close()
            columns = [name for name in frame[0] if name != "id"]
            rows = [tuple(row[name] for name in columns) for row in frame]
            theirs = min(theirs, bare(rows, columns, schema, cells, folder))
    ratio = ours / theirs
    tell(Figure(f"{size:,} leads exported", ours, theirs, 1.5, "executemany and csv.writer of the same rows"))
    return {"leads": float(size), "seconds": ours, "bare_seconds": theirs, "ratio": ratio}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
