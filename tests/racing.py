"""Real processes for the tests: many at once on one database, and ones that die in the middle of a write."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from lead_rows import TODAY, lead_file, lead_row, scored_leads

import configuration
import turso_db
import turso_file
from actors import Actor
from approvals import approve
from configuration import active_configuration
from errors import HadesError
from export import exported_before, record_export
from outcomes import import_historical
from preflight import preflight
from proposals import approve_proposal
from stores.state import take_lease

ANA = Actor("Ana Ruiz", "manager")
_PATIENCE = 120.0  # seconds; a machine with two cores starts twenty processes one after the other

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["racing"])


def _ready() -> None:
    """Nothing; the server runs that has loaded the product once and makes each process as a copy of
    itself.
    """
    here = Path(__file__).resolve().parent
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(here), str(here.parent), *filter(None, [before])])
    try:  # the server finds what to load by this path alone, and keeps it from its start on
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def export_rows(
    db: turso_db.Database, config_dir: Path, now: datetime, rows: Sequence[dict[str, str]], **options: Any
):
    """One export of these ZoomInfo rows from reading to recording, as the script does it."""
    active = active_configuration(db, config_dir=config_dir, now=now)
    file = lead_file(rows, config_dir)
    scored = scored_leads(file, active.icp)
    known = exported_before(db, keyed=scored, icp=active.icp, now=now)
    return record_export(
        db,
        preflight=preflight(file, scored, active.icp, exported_before=known),
        icp=active.icp,
        weight_version=active.version,
        workflow="intent",
        **({"parameters": {}, "today": TODAY, "now": now, "actor": ANA} | options),
    )


def at_once(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """What `work` gave in one process per tuple of arguments, all let go at the same moment; errors as
    sentences.
    """
    _ready()
    start, results = _processes.Barrier(len(arguments)), _processes.Queue()
    running = [
        _processes.Process(target=_one, args=(work, start, results, n, args))
        for n, args in enumerate(arguments)
    ]
    for process in running:
        process.start()
    found = dict(results.get(timeout=_PATIENCE) for _ in running)
    for process in running:
        process.join(_PATIENCE)
    return [found[place] for place in range(len(arguments))]


def killed(work: Callable[..., Any], *args: Any) -> int | None:
    """The exit code of a process that does `work`: -9 when it was killed in between, 0 when it came to its
    end.
    """
    _ready()
    process = _processes.Process(target=work, args=args)
    process.start()
    process.join(_PATIENCE)
    return process.exitcode


def _one(work, start, results, place, args):
    start.wait(_PATIENCE)
    try:
        results.put((place, work(*args)))
    except HadesError as error:
        results.put((place, f"{error.kind}: {error}"))


def export_own_leads(db_path: Path, config_dir: Path, now: datetime, first: int, many: int) -> str | None:
    """The batch ID of an export of `many` leads of its own, in a process that opens the database itself."""
    db = turso_db.connect(f"file:{db_path}")
    try:
        return export_rows(db, config_dir, now, [lead_row(first + n) for n in range(many)]).batch_id
    finally:
        db.close()


def export_until(
    db_path: Path, config_dir: Path, now: datetime, rows_per_write: int, statements: int
) -> None:
    """Nothing; an export of seven leads whose process kills itself before statement number `statements` +
    1.
    """
    db = turso_db.connect(f"file:{db_path}")
    active_configuration(db, config_dir=config_dir, now=now)
    db.rows_per_write = rows_per_write
    left = statements

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    opened = turso_file._open

    def watched(path: Path, name: str) -> sqlite3.Connection:
        connection = opened(path, name)
        connection.set_trace_callback(count)
        return connection

    db.close()
    turso_file._open = watched
    export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 8)])


def approve_all(db_path: Path, config_dir: Path, now: datetime, run_id: int, name: str) -> str:
    """Who approved which version, in a process that opens the database itself."""
    db = turso_db.connect(f"file:{db_path}")
    try:
        done = approve(
            db,
            config_dir=config_dir,
            run_id=run_id,
            rows=None,
            reason="They sell.",
            now=now,
            actor=Actor(name),
        )
        return f"{name}: version {done.version}"
    finally:
        db.close()


def accept_proposal(db_path: Path, config_dir: Path, now: datetime, proposal_id: int, name: str) -> str:
    """Who accepted a proposal as which version, in a process that opens the database itself."""
    db = turso_db.connect(f"file:{db_path}")
    try:
        done = approve_proposal(
            db,
            config_dir=config_dir,
            proposal_id=proposal_id,
            rows=None,
            reason="Agreed.",
            now=now,
            actor=Actor(name),
        )
        return f"{name}: version {done.version}"
    finally:
        db.close()


def open_new(db_path: Path, config_dir: Path, now: datetime) -> tuple[int, int]:
    """The weight version and how many tables there are, in a process that opens a database nobody made
    yet.
    """
    db = turso_db.connect(f"file:{db_path}")
    try:
        version = active_configuration(db, config_dir=config_dir, now=now).version
        return version, len(db.rows("SELECT name FROM sqlite_master WHERE type = 'table'"))
    finally:
        db.close()


def import_history(db_path: Path, content: bytes, now: datetime) -> dict[str, int]:
    """The counts of an import of historical leads, in a process that opens the database itself."""
    db = turso_db.connect(f"file:{db_path}")
    try:
        return import_historical(db, content=content, name="history.csv", now=now, actor=ANA).counts
    finally:
        db.close()


class Scorer:
    """A running process that opened its database once and scores the same lead each time it is asked."""

    def __init__(self, db_path: Path, config_dir: Path, now: datetime, row: dict[str, str]) -> None:
        _ready()
        self._ask, other = _processes.Pipe()
        self._process = _processes.Process(
            target=_score_when_asked, args=(other, db_path, config_dir, now, row)
        )
        self._process.start()

    def score(self) -> int | str:
        """The lead's score now, or why it is excluded."""
        self._ask.send("score")
        assert self._ask.poll(_PATIENCE), "the scoring process does not answer"
        return self._ask.recv()

    def close(self) -> None:
        """Nothing; the process has ended."""
        self._ask.send(None)
        self._process.join(_PATIENCE)


def _score_when_asked(asked, db_path, config_dir, now, row):
    db = turso_db.connect(f"file:{db_path}")
    file = lead_file([row], config_dir)
    while asked.recv():
        scored = scored_leads(file, active_configuration(db, config_dir=config_dir, now=now).icp).iloc[0]
        asked.send(scored["excluded"] if isinstance(scored["excluded"], str) else int(scored["score"]))
    db.close()


def approve_and_die(db_path: Path, config_dir: Path, now: datetime, run_id: int) -> None:
    """Nothing; an approval whose process is killed after the database agreed and before the file is laid."""
    configuration.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    approve_all(db_path, config_dir, now, run_id, "Ana Ruiz")


def hold_lease(db_path: Path, now: datetime, holder: str) -> bool:
    """Whether this process has the lease, in a process that opens the database itself."""
    db = turso_db.connect(f"file:{db_path}")
    try:
        return take_lease(db, name="sync", holder=holder, now=now, seconds=60)
    finally:
        db.close()
