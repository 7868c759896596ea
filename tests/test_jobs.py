"""Long work outlives the page that started it, and runs once at a time."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import turso_db
from errors import Refused, Unavailable
from jobs import Job, Jobs, run_script
from stores.state import release_lease, take_lease


def ended(jobs: Jobs, kind: str) -> Job:
    until = time.monotonic() + 10
    while jobs.state(kind).running:
        assert time.monotonic() < until
        time.sleep(0.01)
    return jobs.state(kind)


def test_a_kind_that_never_ran_is_at_rest() -> None:
    assert Jobs().state("sync") == Job()


def test_the_end_of_the_work_is_said() -> None:
    jobs = Jobs()
    assert jobs.start("sync", lambda: "12 outcomes read.")
    assert ended(jobs, "sync") == Job(said="12 outcomes read.", ended=1)


def test_the_same_kind_runs_once_at_a_time_and_other_kinds_beside_it() -> None:
    jobs, go = Jobs(), threading.Event()
    assert jobs.start("sync", lambda: str(go.wait(10)))
    assert not jobs.start("sync", lambda: "second")
    assert jobs.start("retrain", lambda: "beside it")
    assert ended(jobs, "retrain").said == "beside it"
    go.set()
    assert ended(jobs, "sync").said == "True"
    assert jobs.start("sync", lambda: "again")


def test_an_error_of_the_product_is_its_sentence() -> None:
    def work() -> str:
        raise Unavailable("Zoho does not answer. Try again in a few minutes.")

    jobs = Jobs()
    jobs.start("sync", work)
    assert ended(jobs, "sync") == Job(
        said="Zoho does not answer. Try again in a few minutes.", failed=True, ended=1
    )


def test_any_other_error_is_a_reference_and_never_its_text(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> str:
        raise RuntimeError("token planted-secret")

    jobs = Jobs()
    with caplog.at_level(logging.ERROR):
        jobs.start("sync", work)
        job = ended(jobs, "sync")
    assert job.failed
    assert "planted-secret" not in str(job.said)
    reference = str(job.said).split()[-1].rstrip(".")
    assert reference in caplog.text


def test_a_running_kind_says_at_which_step_it_is() -> None:
    jobs, go = Jobs(), threading.Event()
    jobs.start("sync", lambda: str(go.wait(10)))
    jobs.tell("sync", "Reading")
    assert jobs.state("sync") == Job(running=True, step="Reading")
    go.set()
    assert ended(jobs, "sync").step is None
    jobs.tell("sync", "Late")
    assert jobs.state("sync").step is None
    jobs.start("sync", lambda: "again")
    assert ended(jobs, "sync").ended == 2


def test_a_script_runs_in_a_process_of_its_own_and_tells_its_steps(config_dir: Path) -> None:
    steps: list[str] = []
    made = run_script("scripts.calibrate", ["--steps"], steps.append)
    assert made["run_id"] == 1
    assert steps[0] == "Reading the outcomes"
    assert steps[-1] == "Keeping the run"


def test_a_script_that_refuses_is_its_sentence_and_one_that_dies_is_told(config_dir: Path) -> None:
    with pytest.raises(Refused, match="There is no calibration run 7"):
        run_script("scripts.calibrate", ["--verify", "7"], lambda _: None)
    with pytest.raises(Unavailable, match=r"scripts\.nothing ended with code 1"):
        run_script("scripts.nothing", [], lambda _: None)


def test_a_second_calibration_cannot_start_beside_the_first(config_dir: Path, db: turso_db.Database) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    assert take_lease(db, name="calibration", holder="another", now=now, seconds=600)
    with pytest.raises(Refused, match="A calibration is running already"):
        run_script("scripts.calibrate", [], lambda _: None)
    release_lease(db, name="calibration", holder="another")
    assert run_script("scripts.calibrate", [], lambda _: None)["run_id"] == 1
