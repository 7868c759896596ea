"""Outcomes that a person records by hand, one or many at a time: dated milestones of exported companies."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from actors import Actor, require
from batch_ids import batch_day
from errors import InputError
from stores import outcome_entry as store
from stores import outcomes
from stores.audit import audit_entry
from turso_db import Database

_MOST = 500


class Entry(NamedTuple):
    """One milestone as a person says it, of a company (batch_id, company_key)."""

    batch_id: str
    company_key: str
    milestone: str
    happened_on: date
    note: str = ""


class Recorded(NamedTuple):
    """recorded: milestones that are new; known: those that this person or another had recorded already."""

    recorded: int
    known: int


def record_outcomes(
    db: Database, *, entries: Sequence[Entry], today: date, now: datetime, actor: Actor
) -> Recorded:
    """How many milestones were kept, all of them or none; recording the same again changes nothing.

    Each can be taken back (outcome_work.take_back_milestone) and recorded again later. InputError for none or more than
    500, an unknown company or milestone, a day in the future or before the export.
    """
    require(actor, "ops", "record outcomes")
    if not 1 <= len(entries) <= _MOST:
        raise InputError(f"Between 1 and {_MOST} outcomes were expected, but there are {len(entries)}. Choose the outcomes first.")  # fmt: skip
    companies = list(dict.fromkeys((one.batch_id, one.company_key) for one in entries))
    found, said = store.read_for_entry(db, companies=companies)
    exported = {  # the batch's own day is that of the business; in UTC the evening is the next one
        (row["batch_id"], row["company_key"]): min(batch_day(row["batch_id"]), str(row["exported_at"])[:10])
        for row in found
    }
    for place, one in enumerate(entries, 1):
        _check(place, one, exported.get((one.batch_id, one.company_key)), today)
    standing, times = set[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    for row in said:
        fact = (row["batch_id"], row["company_key"], row["milestone"], str(row["happened_at"])[:10])
        times[fact] += 1
        if row["standing"]:
            standing.add(fact)
    facts = {(*one[:3], one.happened_on.isoformat()): one.note for one in entries}
    new = [fact for fact in facts if fact not in standing]
    if new:
        rows = [
            {
                "batch_id": fact[0], "company_key": fact[1], "milestone": fact[2], "happened_at": fact[3], "source": "person",
                "source_key": _key(fact, times[fact]), "detail": " ".join(facts[fact].split())[:300] or None,
            } for fact in new
        ]  # fmt: skip
        touched = list(dict.fromkeys((fact[0], fact[1]) for fact in new))
        told = audit_entry(
            now=now, actor=actor, action="record outcomes", subject=f"{len(new)} outcomes",
            detail={"milestones": dict(Counter(fact[2] for fact in new)), "batches": sorted({fact[0] for fact in new})[:50]},
        )  # fmt: skip
        db.write(
            [
                outcomes.insert_milestones(milestones=rows, now=now, actor=actor.name),
                outcomes.refresh_outcomes(companies=touched, now=now),
                told,
            ]
        )
    return Recorded(len(new), len(facts) - len(new))


def _check(place: int, one: Entry, exported_on: str | None, today: date) -> None:
    if exported_on is None:
        raise InputError(f"Outcome {place}: there is no such company in {one.batch_id}. Load the page again.")
    if one.milestone not in outcomes.MILESTONES:
        raise InputError(f"Outcome {place}: one of {', '.join(outcomes.MILESTONES)} was expected.")
    if one.happened_on > today:
        raise InputError(
            f"Outcome {place}: {one.happened_on} lies in the future. Give the day on which it happened."
        )
    if one.happened_on.isoformat() < exported_on:
        raise InputError(
            f"Outcome {place}: {one.happened_on} lies before the export on {exported_on}. Give the day on which it happened."
        )


def _key(fact: tuple[Any, ...], times: int) -> str:
    """A key of its own for each time that a fact was recorded after it had been taken back."""
    key = hashlib.sha256(json.dumps(fact).encode()).hexdigest()[:32]
    return f"{key}#{times + 1}" if times else key
