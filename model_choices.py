"""What both sorts of models share: one training at a time, what it came to, and the signed choice of what scores."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from actors import Actor
from errors import Conflict, Refused
from icp import Icp
from score_changes import check_signer, needs_second
from stores.audit import audit_entry
from stores.model_proposals import PROPOSE, read_proposed
from stores.state import release_lease, take_lease
from turso_db import Database, Statement

SEED = 20260211
_LEASE_SECONDS = 1800


class Retrained(NamedTuple):
    """What a training came to: version (None when none was started), status (proposed, not better, too little,
    running, not due) and the sentence."""

    version: int | None
    status: str
    why: str


@contextmanager
def one_training(db: Database, *, name: str, now: datetime, actor: Actor) -> Iterator[bool]:
    """Whether this training may begin: False while another of this name runs in any process, for at most half an hour."""
    holder = f"{actor.name} {secrets.token_hex(6)}"
    if not take_lease(db, name=name, holder=holder, now=now, seconds=_LEASE_SECONDS):
        yield False
        return
    try:
        yield True
    finally:
        release_lease(db, name=name, holder=holder)


def keep_proposal(
    db: Database, *, icp: Icp, of: str, version: int, reason: str, now: datetime, actor: Actor
) -> None:
    """Nothing; the model waits for another person to put it into force for these leads, until one does or a newer one comes.

    Refused where one person is enough, as there is nothing to wait for, or when this model waits already.
    """
    if not needs_second(icp):
        raise Refused("One person is enough here (calibration.second_approver). Put the model into force.")
    if any((row["of"], row["version"]) == (of, version) for row in read_proposed(db)):
        raise Refused(f"Model {version} waits for another person already.")
    detail = {"of": of, "version": version, "reason": reason}
    db.write([audit_entry(now=now, actor=actor, action=PROPOSE, subject=f"{of} {version}", detail=detail)])


def check_choice(db: Database, *, icp: Icp, of: str, version: int, actor: Actor) -> None:
    """Nothing when this person may put the model into force for these leads. Refused where two persons are needed and
    nobody proposed it, or the same person did.
    """
    waits = [row for row in read_proposed(db) if (row["of"], row["version"]) == (of, version)]
    check_signer(icp, actor, proposed_by=waits[0]["proposed_by"] if waits else None)


def keep_choice(
    db: Database, choice: Statement, *, of: str, number: int, version: int | None, action: str, reason: str, now: datetime,
    actor: Actor,
) -> int:  # fmt: skip
    """The number of the choice, kept with its entry in the audit: `version` (None: what scores without a model) scores `of`,
    a workflow or a kind of lead. Conflict when somebody else took this number at the same moment.
    """
    entry = audit_entry(
        now=now, actor=actor, action=action, subject=f"{of} {number}", detail={"model": version, "reason": reason}
    )  # fmt: skip
    try:
        db.write([choice, entry])
    except Conflict as error:
        raise Conflict(
            f"Somebody else chose what scores {of} leads at this moment. Look at it again, then decide."
        ) from error
    return number
