"""Sends leads to POST /score and compares the time with a bare FastAPI route in the same run.

Run from the repository: python -m benchmarks.bench_api [REQUESTS]. Both stand behind a real uvicorn on loopback in one
process of their own and are asked in turns, each of which another one begins, over connections that stay open. The bare route takes the same body as a
pydantic model and answers the same five fields from another one; it keeps nothing, knows no key and no limit. Ours keeps
every lead in a database file. Both ways of writing a bare route are shown: `def` (FastAPI's usual, in a thread) and
`async def` (no thread); the promise is against the first. A third bare route keeps what it is sent in a SQLite table and
waits for the disk, as ours does: where the disk is busy, most of both times is its. TMPDIR=/dev/shm takes the disk out.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.ratios import Figure, tell  # noqa: E402

KEY = "key-of-the-benchmark-0123456789"
LEAD = {"age": 35, "location": "Texas", "industry": "Retail", "email_opens": 4, "website_visits": 7, "content_downloads": 1,
        "days_since_contact": 3, "lead_source": "Cold Call"}  # fmt: skip
SERVER = """
import os, sqlite3, sys, threading, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
import api

class Lead(BaseModel):
    lead_id: str
    age: int
    location: str
    industry: str
    email_opens: int
    website_visits: int
    content_downloads: int
    days_since_contact: int
    lead_source: str
    actual_outcome: bool | None = None

class Scored(BaseModel):
    lead_id: str
    conversion_score: float
    risk_category: str
    timestamp: str
    model_version: str

bare = FastAPI()

@bare.post("/def")
def score(lead: Lead) -> Scored:
    return Scored(lead_id=lead.lead_id, conversion_score=0.1, risk_category="Low", timestamp="2026-02-11T15:30:00Z", model_version="none")

@bare.post("/async")
async def score_at_once(lead: Lead) -> Scored:
    return Scored(lead_id=lead.lead_id, conversion_score=0.1, risk_category="Low", timestamp="2026-02-11T15:30:00Z", model_version="none")

local = threading.local()

def kept(lead):
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(os.environ["HADES_DATA_DIR"] + "/bare.db", isolation_level=None)
        local.db.execute("PRAGMA journal_mode = WAL")
        local.db.execute("CREATE TABLE IF NOT EXISTS leads (lead_id TEXT PRIMARY KEY, lead TEXT)")
    local.db.execute("INSERT OR REPLACE INTO leads VALUES (?, ?)", (lead.lead_id, lead.model_dump_json()))

@bare.post("/kept")
def score_and_keep(lead: Lead) -> Scored:
    kept(lead)
    return Scored(lead_id=lead.lead_id, conversion_score=0.1, risk_category="Low", timestamp="2026-02-11T15:30:00Z", model_version="none")

app = bare if sys.argv[1] == "bare" else api.app
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="warning")
"""


def main() -> None:
    """Prints the median and 99th percentile of each route, and the ratios."""
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    with tempfile.TemporaryDirectory() as folder:
        with_model = str(Path(folder) / "with_model")
        put_in_force(with_model)
        servers = [started("ours", folder), started("bare", folder), started("ours", with_model)]
        try:
            (_, ours), (_, bare), (_, learned) = servers
            asked = {
                "POST /score": (http.client.HTTPConnection("127.0.0.1", ours), "/score"),
                "same, by a model": (http.client.HTTPConnection("127.0.0.1", learned), "/score"),
                "bare def": (http.client.HTTPConnection("127.0.0.1", bare), "/def"),
                "bare, kept": (http.client.HTTPConnection("127.0.0.1", bare), "/kept"),
                "bare async def": (http.client.HTTPConnection("127.0.0.1", bare), "/async"),
            }
            times: dict[str, list[float]] = {name: [] for name in asked}
            for number in range(requests + 200):
                turn = list(asked.items())
                for name, (connection, path) in turn[number % len(turn) :] + turn[: number % len(turn)]:
                    seconds = ask(connection, path, f"L-{number}")
                    if number >= 200:  # the first ones warm up
                        times[name].append(seconds)
            report(times)
        finally:
            for process, _ in servers:
                process.terminate()
                process.wait(20)


def put_in_force(folder: str) -> None:
    """Nothing; the database in the folder has a model of web leads with a table per field in force, as if approved."""
    from datetime import UTC, datetime

    import turso_db
    from analytics.lead_model import Card, Input, LeadModel, Term, sha256, to_json
    from stores import sent_models as store

    terms = tuple(Term(name, (Input(name),), {str(value): 0.4}, -0.1, {}) for name, value in LEAD.items())
    model = LeadModel({"web": Card(-2.0, terms)}, 10.0, 9.0, 1.0, 0.0)
    now = datetime.now(UTC).replace(microsecond=0)
    stamp = dict.fromkeys(store.FIELDS, "bench") | {
        "kind": "web", "created_at": now, "status": "proposed", "watermark": 0, "cut_off": None, "leads": 900, "successes": 90,
        "seed": 1, "coefficients": to_json(model), "model_sha256": sha256(model),
    }  # fmt: skip
    db = turso_db.connect(None, None, Path(folder))
    choice = store.insert_choice(kind="web", number=1, version=1, actor="bench", now=now, reason="bench")
    db.write([store.insert_model(stamp=stamp, report={}), choice])
    db.close()


def started(which: str, folder: str) -> tuple[subprocess.Popen[bytes], int]:
    """A server in a process of its own, and its port, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = Path(folder) / "config"
    if not config.exists():
        import shutil

        shutil.copytree(ROOT / "config", config)
        path = config / "api.yaml"
        path.write_text(path.read_text("utf-8").replace("burst: 2000", "burst: 1000000"), "utf-8")
    environment = os.environ | {
        "HADES_DATA_DIR": folder, "HADES_CONFIG_DIR": str(config), "HADES_API_KEY": KEY, "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", SERVER, which, str(port)], cwd=ROOT, env=environment)
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{which} did not start")


def ask(connection: http.client.HTTPConnection, path: str, lead_id: str) -> float:
    """Seconds of one request and its answer."""
    body = json.dumps({"lead_id": lead_id, **LEAD})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    start = time.perf_counter()
    connection.request("POST", path, body, headers)
    answer: Any = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - start
    assert answer.status == 200, answer.status
    return seconds


def report(times: dict[str, list[float]]) -> None:
    """Nothing; a line per route and the ratios are printed."""
    middle = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        last = sorted(found)[int(0.99 * len(found))]
        print(
            f"{name:<17} median {1000 * middle[name]:6.3f} ms   99 % {1000 * last:6.3f} ms   of {len(found):,}"
        )
    for name, line in (("bare def", 2.0), ("bare async def", None), ("bare, kept", None)):
        tell(Figure("POST /score", middle["POST /score"], middle[name], line, f"the route {name}"))
    tell(
        Figure(
            "POST /score by a model",
            middle["same, by a model"],
            middle["bare def"],
            2.0,
            "the route bare def",
        )
    )


if __name__ == "__main__":
    main()
