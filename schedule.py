"""The schedule: steps one after the other, one machine at a time, each with what it did or why it failed."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from actors import Actor, require
from errors import Conflict, HadesError
from stores import schedule as store
from stores.state import release_lease, take_lease
from turso_db import Database

LEASE, LEASE_SECONDS = "schedule", 3600  # a step that takes longer lets another machine begin
DONE, FAILED, SKIPPED = "done", "failed", "skipped"
_log = logging.getLogger("hades")


class Skip(Exception):
    """A step has nothing to do here; the sentence says why. It is no failure."""


class Step(NamedTuple):
    """One step: its name, and the work, which returns a sentence on what it did, or raises Skip."""

    name: str
    work: Callable[[], str]


class Ran(NamedTuple):
    """How a step ended: done, failed or skipped, with the sentence."""

    step: str
    status: str
    sentence: str


def run_steps(
    db: Database, *, steps: Sequence[Step], holder: str, clock: Callable[[], datetime], actor: Actor
) -> list[Ran]:
    """How each step ended, in order; a step that fails stops no other, and every end is kept.

    Conflict when another process runs the schedule. An error that is none of the product's own is logged under a
    reference; the sentence holds the reference alone.
    """
    require(actor, "ops", "run the schedule")
    ended: list[Ran] = []
    for step in steps:
        if not take_lease(db, name=LEASE, holder=holder, now=clock(), seconds=LEASE_SECONDS):
            raise Conflict(
                "The schedule is running already, here or on another machine. It goes on there; "
                f"{'no further step' if ended else 'nothing'} was begun."
            )
        ran = _run(step)
        db.write(
            [store.keep_step(step=ran.step, status=ran.status, sentence=ran.sentence, now=clock())],
            bump=False,
        )
        ended.append(ran)
    release_lease(db, name=LEASE, holder=holder)
    return ended


def _run(step: Step) -> Ran:
    try:
        return Ran(step.name, DONE, step.work())
    except Skip as reason:
        return Ran(step.name, SKIPPED, str(reason))
    except HadesError as error:
        return Ran(step.name, FAILED, str(error))
    except Exception:
        reference = secrets.token_hex(4)
        _log.exception("step %s failed, reference %s", step.name, reference)
        return Ran(step.name, FAILED, f"Something went wrong. The log has the details under {reference}.")
