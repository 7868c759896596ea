"""Long proofs of the database: faults at random, processes killed at random, many writers for a minute."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from database import Database, Statement
from errors import HadesError
from tests.figures import show
from tests.real_server import real_server_or_skip
from tests.turso_server import TursoServer
from turso_file import LocalFile
from turso_http import for_url

pytestmark = pytest.mark.prove

_SCHEMA = [
    Statement("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)"),
    Statement("INSERT INTO meta VALUES ('data_version', 1)"),
    Statement("CREATE TABLE counters (day TEXT PRIMARY KEY, last INTEGER)"),
    Statement("CREATE TABLE acts (name TEXT, number INTEGER)"),  # no unique index: a double would show
]
_NUMBER = "INSERT INTO counters (day, last) VALUES ('d', 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last"
_ACT = "INSERT INTO acts (name, number) VALUES (?, (SELECT last FROM counters))"
_ON_THE_WAY = (
    "reset", "lost after commit", "502 after commit", "garbage", "empty results", "truncated", "429", "500",
    "hang", "hang after commit",
)  # fmt: skip
_INSIDE = ("busy", "transaction timeout")


def act(db: Database, name: str) -> int:
    """The number this act was given, in one write with its row."""
    return int(db.write([Statement(_NUMBER), Statement(_ACT, (name,))])[0].rows[0]["last"])


def check(db: Database, acknowledged: dict[str, int], open_names: set[str]) -> None:
    """Every acknowledged act is there once under its number, every other at most once; no number is
    missing.
    """
    rows = db.rows("SELECT name, number FROM acts")
    times = Counter(str(row["name"]) for row in rows)
    numbers = {str(row["name"]): row["number"] for row in rows}
    assert {name for name in acknowledged if times[name] != 1} == set()
    assert {name for name, number in acknowledged.items() if numbers[name] != number} == set()
    assert {name for name in open_names if times[name] > 1} == set()
    assert set(times) <= set(acknowledged) | open_names
    assert sorted(numbers.values()) == list(range(1, len(rows) + 1))
    assert db.rows("SELECT value FROM meta") == [{"value": 1 + len(rows)}]


@pytest.mark.parametrize("kind", ["strict", "real"])
def test_1000_writes_under_faults(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        real = stack.enter_context(real_server_or_skip(tmp_path / "real")) if kind == "real" else None
        gate = stack.enter_context(TursoServer(tmp_path / "g.db", upstream=real.url if real else None))
        token = real.token if real else gate.token
        for_url(gate.url, token).write(_SCHEMA, bump=False)
        chance = random.Random(20260211)
        met: Counter[str] = Counter()
        kinds = _ON_THE_WAY if real else _ON_THE_WAY + _INSIDE

        def plan() -> str:
            fault = chance.choice(kinds) if chance.random() < 0.35 else ""
            met[fault] += 1
            return fault

        gate.plan = plan
        acknowledged: dict[str, int] = {}
        given_up: set[str] = set()

        def work(worker: int) -> None:
            db = for_url(gate.url, token, read_seconds=0.25, sleep=lambda seconds: time.sleep(seconds / 20))
            for n in range(125):
                name = f"{worker}-{n}"
                try:
                    acknowledged[name] = act(db, name)
                except HadesError:
                    given_up.add(name)
            db.close()

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gate.plan = str
        check(for_url(gate.url, token), acknowledged, given_up)
        assert len(acknowledged) + len(given_up) == 1000
        assert set(met) == {"", *kinds}
        if real is None:
            time.sleep(1.2)
            assert gate.open_streams == 0
        faults = sum(count for fault, count in met.items() if fault)
        show(
            f"{kind}: 1,000 writes, {faults} faults of {len(kinds)} kinds, {len(given_up)} given up, none "
            f"lost or doubled"
        )


_WORKER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.test_turso_proofs import act
from turso_file import LocalFile
from turso_http import for_url
where, token, name = sys.argv[2:]
db = for_url(where, token) if token else LocalFile(Path(where))
n = 0
while True:
    n += 1
    print(f"begin {name}-{n}", flush=True)
    print(f"done {name}-{n} {act(db, f'{name}-{n}')}", flush=True)
"""


def killed_at_random(where: str, token: str, times: int) -> tuple[dict[str, int], set[str]]:
    """What a worker that is killed `times` times had acknowledged, and what it had only begun."""
    chance = random.Random(7)
    root = str(Path(__file__).resolve().parents[1])
    acknowledged: dict[str, int] = {}
    begun: set[str] = set()
    for round_number in range(times):
        command = [sys.executable, "-c", _WORKER, root, where, token, f"r{round_number}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            lines = iter(worker.stdout)
            said = [next(lines)]  # it works
            timer = threading.Timer(chance.uniform(0.0, 0.12), worker.send_signal, (signal.SIGKILL,))
            timer.start()
            said += list(lines)
        for line in said:
            word, name, *number = line.split()
            if word == "done" and number:
                acknowledged[name] = int(number[0])
            else:
                begun.add(name)
    return acknowledged, begun - set(acknowledged)


def test_50_kills_on_the_local_file(tmp_path: Path) -> None:
    db = LocalFile(tmp_path / "hades.db")
    db.write(_SCHEMA, bump=False)
    acknowledged, begun = killed_at_random(str(tmp_path / "hades.db"), "", 50)
    check(db, acknowledged, begun)
    assert db.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    show(
        f"local file: 50 kills, {len(acknowledged)} acknowledged writes there once, {len(begun)} were "
        f"under way"
    )
    db.close()


def test_50_kills_on_the_real_server(tmp_path: Path) -> None:
    with real_server_or_skip(tmp_path) as server:
        db = for_url(server.url, server.token)
        db.write(_SCHEMA, bump=False)
        acknowledged, begun = killed_at_random(server.url, server.token, 50)
        check(db, acknowledged, begun)
        show(
            f"real server: 50 kills, {len(acknowledged)} acknowledged writes there once, {len(begun)} "
            f"were under way"
        )
        db.close()


def test_the_server_itself_is_killed_ten_times(tmp_path: Path) -> None:
    with real_server_or_skip(tmp_path) as server:
        for_url(server.url, server.token).write(_SCHEMA, bump=False)
        acknowledged: dict[str, int] = {}
        given_up: set[str] = set()
        going = threading.Event()

        def work(worker: int) -> None:
            db = for_url(server.url, server.token, read_seconds=2.0, connect_seconds=1.0)
            n = 0
            while not going.is_set():
                n += 1
                try:
                    acknowledged[f"{worker}-{n}"] = act(db, f"{worker}-{n}")
                except HadesError:
                    given_up.add(f"{worker}-{n}")
            db.close()

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            time.sleep(0.4)
            server.stop()
            time.sleep(0.2)
            server.start()
        time.sleep(1.0)
        going.set()
        for thread in threads:
            thread.join()
        check(for_url(server.url, server.token), acknowledged, given_up)
        show(f"server killed 10 times: {len(acknowledged)} writes kept once, {len(given_up)} given up")


_MINUTE = """
import sys, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.test_turso_proofs import act
from turso_file import LocalFile
db = LocalFile(Path(sys.argv[2]))
until = time.time() + float(sys.argv[4])
done, trouble, slowest = [], [], [0.0]
def work(thread):
    n = 0
    while time.time() < until:
        n += 1
        started = time.monotonic()
        try:
            act(db, f"{sys.argv[3]}-{thread}-{n}")
            db.read_one = db.rows("SELECT count(*) AS n FROM acts WHERE number > ?", (n,))
            done.append(1)
        except Exception as error:
            trouble.append(repr(error))
        slowest[0] = max(slowest[0], time.monotonic() - started)
threads = [threading.Thread(target=work, args=(t,)) for t in range(16)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(done), len(trouble), slowest[0], trouble[:1])
"""


@pytest.mark.parametrize("seconds", [60])
def test_16_threads_in_4_processes_for_a_minute(tmp_path: Path, seconds: int) -> None:
    path = tmp_path / "hades.db"
    db = LocalFile(path)
    db.write(_SCHEMA, bump=False)
    root = str(Path(__file__).resolve().parents[1])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _MINUTE, root, str(path), str(n), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    answers = [process.communicate(timeout=seconds + 90)[0].split(maxsplit=3) for process in started]
    writes = sum(int(answer[0]) for answer in answers)
    trouble = sum(int(answer[1]) for answer in answers)
    slowest = max(float(answer[2]) for answer in answers)
    assert [answer[3].strip() for answer in answers] == ["[]"] * 4
    assert trouble == 0
    assert db.rows("SELECT count(*) AS n, count(DISTINCT name) AS names, max(number) AS last FROM acts") == [
        {"n": writes, "names": writes, "last": writes}
    ]
    assert db.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    show(
        f"local file: 16 threads in each of 4 processes, {seconds} s: {writes} writes, 0 errors, slowest "
        f"{slowest:.1f} s"
    )
    db.close()
