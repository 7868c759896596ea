"""Compares both databases with the bare library below them, in turns, in one run.

    python -m benchmarks.bench_turso [ROWS]          # ROWS of the frame, 1,000,000 when not given

Local: LocalFile against sqlite3 (the same rows inserted 500 per commit, the same point reads as dicts, the
same frame). Remote: TursoHttp.rows against a bare keep-alive POST of the same request with requests.Session,
its answer parsed; the server is the real libsql-server where npm can fetch it, else the strict server of the
tests. The bare side checks nothing, converts nothing and repeats nothing. Each figure is the median of the
ratios of neighbouring turns.
"""

from __future__ import annotations

import gc
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import requests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.ratios import Figure, tell  # noqa: E402
from database import BUMP, Many, Statement  # noqa: E402
from tests.real_server import NoRealServer, RealServer  # noqa: E402
from tests.turso_server import TursoServer  # noqa: E402
from turso_file import LocalFile  # noqa: E402
from turso_http import for_url  # noqa: E402

_COLUMNS = [f"c{n}" for n in range(12)]
_SCHEMA = [
    f"CREATE TABLE leads (id INTEGER PRIMARY KEY, {', '.join(_COLUMNS)})",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO meta VALUES ('data_version', 1)",
]
_INSERT = f"INSERT INTO leads ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * 12)})"
_POINT = "SELECT * FROM leads WHERE id = ?"
_ALL = f"SELECT {', '.join(_COLUMNS)} FROM leads"


def lead(n: int) -> tuple[object, ...]:
    """One row as an export has it: text, whole numbers with some missing, a real, an empty column."""
    employees = None if n % 9 == 0 else n % 700
    features = f'{{"sic": "{n % 9000}", "miles": {n % 50}}}'
    return (f"Company {n}", n, employees, f"{n % 90000:05d}", "IL", n * 0.37, "8361", "2026-02-11T15:30:00Z", None,
            features, n % 2, "Low")  # fmt: skip


def ratio(bare: Callable[[], object], ours: Callable[[], object], turns: int) -> tuple[float, float, float]:
    """Seconds of the bare side, of ours, and the median of ours / bare over neighbouring turns."""
    bare(), ours()
    took: list[tuple[float, float]] = []
    for turn in range(turns):
        gc.collect()
        pair = {}
        for act in (bare, ours) if turn % 2 else (ours, bare):
            started = time.process_time()
            act()
            pair[act] = time.process_time() - started
        took.append((pair[bare], pair[ours]))
    return min(b for b, _ in took), min(o for _, o in took), statistics.median(o / b for b, o in took)


def say(what: str, measured: tuple[float, float, float], most: float) -> None:
    """Nothing; the figure is told. `measured`: seconds of the bare side, of ours, and the median of their ratios."""
    bare, ours, ratio_of_turns = measured
    tell(Figure(what, ours, bare, most, "the bare library below", measured=ratio_of_turns))


def local(folder: Path, frame_rows: int) -> None:
    db = LocalFile(folder / "ours.db")
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    for sql in _SCHEMA:
        bare.execute(sql)
    db.write([Statement(sql) for sql in _SCHEMA], bump=False)
    rows = [lead(n) for n in range(10_000)]

    def insert_bare() -> None:
        for start in range(0, len(rows), 500):
            bare.execute("BEGIN IMMEDIATE")
            bare.executemany(_INSERT, rows[start : start + 500])
            bare.execute(BUMP)
            bare.execute("COMMIT")

    def insert_ours() -> None:
        for start in range(0, len(rows), 500):
            db.write([Many(_INSERT, rows[start : start + 500])])

    def points_bare() -> None:
        for n in range(1, 1001):
            cursor = bare.execute(_POINT, (n,))
            names = [column[0] for column in cursor.description]
            [dict(zip(names, row)) for row in cursor.fetchall()]  # noqa: B905

    def points_ours() -> None:
        for n in range(1, 1001):
            db.rows(_POINT, (n,))

    def frame_bare() -> pd.DataFrame:
        cursor = bare.execute(_ALL)
        return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])

    say("local: insert 10,000 rows, 500 per commit", ratio(insert_bare, insert_ours, 9), 1.15)
    say("local: 1,000 point reads", ratio(points_bare, points_ours, 15), 1.15)
    have = db.rows("SELECT count(*) AS n FROM leads")[0]["n"]
    for start in range(have, frame_rows, 100_000):
        part = [lead(n) for n in range(start, min(start + 100_000, frame_rows))]
        db.write([Many(_INSERT, part)])
    bare.execute("DELETE FROM leads")
    bare.execute(f"ATTACH '{folder / 'ours.db'}' AS ours")
    bare.execute("INSERT INTO leads SELECT * FROM ours.leads")
    say(f"local: {frame_rows:,} rows to a frame", ratio(frame_bare, lambda: db.frame(_ALL), 3), 1.15)
    bare.close()
    db.close()


def remote(folder: Path) -> None:
    with ExitStack() as stack:
        try:
            server: RealServer | TursoServer = stack.enter_context(RealServer(folder / "real"))
            kind = "libsql-server"
        except NoRealServer as error:
            print(f"The real server: {error}.")
            server = stack.enter_context(TursoServer(folder / "strict.db"))
            kind = "strict server"
        db = for_url(server.url, server.token)
        db.write([*map(Statement, _SCHEMA), Many(_INSERT, [lead(n) for n in range(500)])], bump=False)
        session = requests.Session()
        headers = {
            "Authorization": f"Bearer {server.token}",
            "Content-Type": "application/json",
            "Accept-Encoding": "gzip",
        }

        def query_bare(n: int) -> object:
            args = [{"type": "integer", "value": str(n)}]
            entries = [{"type": "execute", "stmt": {"sql": _POINT, "args": args}}, {"type": "close"}]
            body = json.dumps({"baton": None, "requests": entries}).encode()
            answer = session.post(f"{server.url}/v3/pipeline", data=body, headers=headers, timeout=(5, 15))
            return json.loads(answer.content)

        def timed(query: Callable[[int], object]) -> float:
            started = time.perf_counter()
            for n in range(1, 201):
                query(n)
            return (time.perf_counter() - started) / 200

        pairs = []
        for turn in range(11):
            ours_first = turn % 2 == 0
            first = timed((lambda n: db.rows(_POINT, (n,))) if ours_first else query_bare)
            second = timed(query_bare if ours_first else (lambda n: db.rows(_POINT, (n,))))
            pairs.append((second, first) if ours_first else (first, second))
        best = min(b for b, _ in pairs), min(o for _, o in pairs)
        say(f"remote: one query, {kind}", (*best, statistics.median(o / b for b, o in pairs)), 1.2)
        rows = [lead(n) for n in range(500)]
        took = []
        for _ in range(7):
            started = time.perf_counter()
            db.write([Many(_INSERT, rows)])
            took.append(time.perf_counter() - started)
        print(f"remote: 500 rows of 12 columns in one write    {min(took) * 1000:.1f} ms")
        session.close()
        db.close()


def main() -> None:
    """Prints one line per figure."""
    frame_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        local(Path(name), frame_rows)
        remote(Path(name))


if __name__ == "__main__":
    main()
