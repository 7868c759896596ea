"""Long work outlives the page that started it, and runs once at a time."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from errors import Unavailable
from jobs import Job, Jobs


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
    assert ended(jobs, "sync") == Job(said="12 outcomes read.")


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
    assert ended(jobs, "sync") == Job(said="Zoho does not answer. Try again in a few minutes.", failed=True)


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
