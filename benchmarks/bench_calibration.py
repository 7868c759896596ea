"""A million outcomes, five dimensions: from the database file to the report, cold and from a warm columnar copy.

Run from the repository: python -m benchmarks.bench_calibration [OUTCOMES]. The floor is the standard library's sqlite3
fetching the same columns of the same rows in the same run, into tuples, and nothing else: what stands in the columnar
copy, component scores included. The report is what
analytics.calibration_evidence.calculate gives: rates, intervals, verdicts and sentences of every value, and the hash of the
data. Half of
the outcomes are historical, half are companies of batches. Seconds are of the processor, so that a neighbour costs neither
side; each takes its best of five, in turns.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import turso_db  # noqa: E402
from analytics.calibration_evidence import calculate  # noqa: E402
from benchmarks.ratios import Figure, tell  # noqa: E402
from icp import WORKFLOWS, business_zone, read_icp  # noqa: E402
from outcome_columns import read_columns  # noqa: E402

TODAY = date(2026, 2, 11)
BATCH = 1_000
STATES = ("TX", "IL", "OH", "FL", "CA", "NY", "GA")


HADES = (
    "SELECT 'hades', id, batch_id, sic_code, employee_count, state, zip_code, distance_miles, "
    "json_extract(source_features, '$.signal_strength'), workflow_type, hades_score, "
    "substr(batch_id, 7, 4) || '-' || substr(batch_id, 11, 2) || '-' || substr(batch_id, 13, 2){parts} FROM lead_outcomes l "
    "WHERE NOT EXISTS (SELECT 1 FROM lead_outcomes x WHERE x.batch_id = l.batch_id AND x.company_key = l.company_key AND "
    "x.id < l.id) AND batch_id IN (SELECT batch_id FROM batches WHERE status = 'closed')"
)
HISTORICAL = (
    "SELECT 'historical', id, NULL, sic_code, employee_count, state, zip_code, NULL, NULL, NULL, NULL, deal_created_at, "
    "CASE WHEN outcome = 'delivery' THEN coalesce(delivery_at, deal_created_at) END FROM historical_outcomes"
)
DELIVERIES = (
    "SELECT batch_id, company_key, min(happened_at) FROM outcome_milestones m WHERE milestone IN ('delivery', 'churned') AND "
    "NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id) GROUP BY batch_id, company_key"
)


def fill(path: Path, outcomes: int, seed: int = 7) -> None:
    """Nothing; the database at `path` holds so many outcomes of the last three years."""
    chance = np.random.default_rng(seed)
    icp = read_icp(ROOT / "config")
    codes = np.array(icp.data["hard_filters"]["sic_codes"])
    turso_db.connect(f"file:{path}").close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    half = outcomes // 2
    days = [(TODAY - timedelta(days=int(n))).isoformat() for n in range(1200)]

    def drawn(size: int) -> tuple[Any, ...]:
        ages = chance.integers(1, 1095, size)
        won = chance.random(size) < 0.1
        wait = np.minimum(chance.gamma(2, 30, size).astype(int), ages)
        return (
            codes[chance.integers(0, len(codes), size)].tolist(), chance.integers(50, 3000, size).tolist(),
            [STATES[n] for n in chance.integers(0, len(STATES), size)], ages.tolist(), won.tolist(), (ages - wait).tolist(),
        )  # fmt: skip

    sic, size, state, age, won, when = drawn(half)
    connection.executemany(
        "INSERT INTO historical_outcomes (company_name, sic_code, employee_count, zip_code, state, outcome, deal_created_at, "
        "delivery_at, imported_at, source, source_key) VALUES (?, ?, ?, '75201', ?, ?, ?, ?, '2023-01-01T00:00:00Z', 'file', ?)",
        (
            (f"S{n}", sic[n], size[n], state[n], "delivery" if won[n] else "no_delivery", days[age[n]],
             days[when[n]] if won[n] else None, f"k{n}")
            for n in range(half)
        ),
    )  # fmt: skip
    ages = np.sort(chance.integers(1, 1095, half // BATCH + 1))[::-1].tolist()
    ids = [f"HADES-{days[age].replace('-', '')}-{n:05d}" for n, age in enumerate(ages)]
    connection.executemany(
        "INSERT INTO batches (batch_id, workflow_type, exported_at, exported_by, parameters, weight_version, rows_in, exported, "
        "duplicates, suppressed, excluded, rejected, sha256) VALUES (?, ?, ?, 'Ana', '{}', 1, 1, 1, 0, 0, 0, 0, '')",
        (
            (name, "geography" if n % 2 else "intent", f"{days[ages[n]]}T15:00:00Z")
            for n, name in enumerate(ids)
        ),
    )
    sic, size, state, _, won, _ = drawn(half)
    miles, signal = np.round(chance.uniform(0, 60, half), 1).tolist(), chance.integers(0, 3, half).tolist()
    onsite, scale = chance.integers(0, 3, half).tolist(), chance.integers(0, 3, half).tolist()
    leads, milestones = [], []
    for n in range(half):
        place, stamp = n // BATCH, f"{days[ages[n // BATCH]]}T15:00:00Z"
        word = ("High", "Medium", "Low")[signal[n]]
        parts = (
            f'{{"signal_strength": "{word}", "signal_strength_score": {(100, 70, 40)[signal[n]]}, "freshness_score": 70, '
            f'"onsite_likelihood_score": {(100, 70, 40)[onsite[n]]}}}'
            if place % 2 == 0
            else f'{{"proximity_score": 70, "onsite_likelihood_score": {(100, 70, 40)[onsite[n]]}, '
            f'"employee_scale_score": {(100, 70, 40)[scale[n]]}}}'
        )
        leads.append((ids[place], f"C{n}", f"c{n}", state[n], "75201", sic[n], size[n], miles[n], 70,
                      "geography" if place % 2 else "intent", 1, stamp, parts, stamp, stamp))  # fmt: skip
        if won[n]:
            age = max(ages[place] - 1 - (n * 7919) % 120, 0)
            milestones.append(
                (ids[place], f"c{n}", "delivery", days[age], "file", f"m{n}", f"{days[age]}T20:00:00Z", "Ana")
            )
    connection.executemany(
        "INSERT INTO lead_outcomes (batch_id, company_name, company_key, state, zip_code, sic_code, employee_count, "
        "distance_miles, hades_score, workflow_type, weight_version, exported_at, source_features, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", leads,
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO outcome_milestones (batch_id, company_key, milestone, happened_at, source, source_key, recorded_at, "
        "recorded_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", milestones,
    )  # fmt: skip
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'data_version'")
    connection.commit()
    connection.close()


def took(work: Callable[[], Any]) -> float:
    """Seconds of one run of this process on its processors."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Prints both ratios."""
    outcomes = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    keep = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    folder = Path(tempfile.mkdtemp(prefix="hades-bench-"))
    try:
        path = keep or folder / "hades.db"
        if not path.exists():
            fill(path, outcomes)
        icp = read_icp(ROOT / "config")
        zone = business_zone(icp)
        parts = list(dict.fromkeys(n for w in WORKFLOWS for n in icp.data["scoring"][w]["weights"]))
        asked = (HADES.format(parts="".join(f", json_extract(source_features, '$.{n}_score')" for n in parts)), HISTORICAL,
                 DELIVERIES)  # fmt: skip
        cache = folder / "cache"
        db = turso_db.connect(f"file:{path}")

        def floor() -> None:
            connection = sqlite3.connect(path)
            for sql in asked:
                connection.execute(sql).fetchall()
            connection.close()

        def report() -> None:
            calculate(
                read_columns(db, cache_dir=cache, zone=zone, parts=parts).frame,
                icp,
                as_of=TODAY,
                estimator="shrunk",
            )

        def cold() -> None:
            shutil.rmtree(cache, ignore_errors=True)
            report()

        times: dict[str, list[float]] = {"floor": [], "cold": [], "warm": []}
        for _ in range(5):
            times["floor"].append(took(floor))
            times["cold"].append(took(cold))
            times["warm"].append(took(report))
        best = {name: min(found) for name, found in times.items()}
        db.close()
    finally:
        shutil.rmtree(folder)
    for name, line in (("cold", 1.5), ("warm", 0.3)):
        tell(
            Figure(
                f"{outcomes:,} outcomes to the report, {name}",
                best[name],
                best["floor"],
                line,
                "sqlite3 fetching the rows",
            )
        )


if __name__ == "__main__":
    main()
