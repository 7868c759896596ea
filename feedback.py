"""Leads scored for programs, and what became of them: kept once, never erased, each outcome with who, when and undo."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from actors import Actor, require
from errors import Conflict, InputError
from lead_conversion import Conversion, Scorer, conversions, scorer_of
from lead_schema import SentLead
from stores import feedback as store
from turso_db import Database, Statement

_GIVEN_UP = timedelta(minutes=30)  # a retraining that ran longer was killed with its process
_SORTED = json.JSONEncoder(sort_keys=True)
KIND_CHANGED = (
    "This lead was first scored as another kind of lead, and stays of that kind. Send the fields of that kind, or another "
    "lead_id."
)


_UNKNOWN = (
    "No lead with this lead_id was scored. Score it first with POST /score, then say what became of it."
)
EXPORTED_ALREADY = "This lead_id is that of an exported lead, which was scored at its export. Say what became of it with PUT /feedback."


def exported_row(lead_id: str | None) -> tuple[str, int] | None:
    """The batch and the row number that the lead_id of an exported lead names, such as `HADES-20260211-001:5`; None of any
    other lead_id."""
    found = re.fullmatch(r"(HADES-[0-9]{8}-[0-9]{3,6}):([0-9]{1,9})", lead_id or "")
    return None if found is None else (found[1], int(found[2]))


class UnknownLead(InputError):
    """There is no scored lead with this lead_id."""


class ScoredLead(NamedTuple):
    """A lead as kept. `problem`: why it was not kept (a sentence), else None."""

    lead_id: str
    conversion: Conversion
    problem: str | None = None


class FeedbackState(NamedTuple):
    """How a lead stands: outcome (None: nothing is known), total_feedback (leads with an outcome), changed by this call."""

    lead_id: str
    outcome: bool | None
    total_feedback: int
    changed: bool


class RetrainingStatus(NamedTuple):
    """feedback_count: leads whose outcome came since the last retraining."""

    feedback_count: int
    retraining_threshold: int
    ready_for_retraining: bool


def score_sent(
    db: Database,
    *,
    leads: Sequence[SentLead],
    scorers: Mapping[str, Scorer],
    now: datetime,
    actor: Actor,
) -> list[ScoredLead]:
    """Every lead scored and kept, in order; one without a lead_id gets a new one.

    A known lead keeps its first features, its first score and its outcomes; an outcome sent along is appended, null
    changes nothing. Only a lead of another kind than it was, or with the lead_id of an exported one, is not kept, and its
    `problem` says so.
    """
    require(actor, "ops", "score leads")
    found: dict[int, Conversion] = {}
    chosen = [scorer_of(scorers, lead.kind, lead.features) for lead in leads]
    for scorer in {id(one): one for one in chosen}.values():
        places = [place for place, one in enumerate(chosen) if one is scorer]
        scored = conversions([leads[place].features for place in places], scorer)
        found |= dict(zip(places, scored, strict=True))
    ids = [lead.lead_id or f"lead-{secrets.token_hex(8)}" for lead in leads]
    problems = {place: EXPORTED_ALREADY for place, lead_id in enumerate(ids) if exported_row(lead_id)}
    free = [place for place in range(len(leads)) if place not in problems]
    size = max(1, min(db.rows_per_write, 5_000))
    for start in range(0, len(free), size):
        refused = _keep(db, leads, ids, found, free[start : start + size], now, actor)
        problems |= dict.fromkeys(refused, KIND_CHANGED)
    return [ScoredLead(lead_id, found[place], problems.get(place)) for place, lead_id in enumerate(ids)]


def give_feedback(
    db: Database, *, lead_id: str, outcome: bool, now: datetime, actor: Actor, came_from: str = "feedback"
) -> FeedbackState:
    """How the lead stands after this outcome; saying the same again changes nothing. UnknownLead for another lead_id.

    For an exported lead (`exported_row`) it becomes a milestone of its company too: delivery or lost, under the same name.
    """
    require(actor, "ops", "say what became of leads")
    given, row = [(lead_id, outcome, None)], exported_row(lead_id)
    *_, told, _, after = db.write(
        [
            *([store.insert_exported(lead_id=lead_id, batch_id=row[0], row_number=row[1])] if row else []),
            *store.insert_feedback(feedback=given, now=now, actor=actor.name, came_from=came_from),
            store.feedback_state(lead_id=lead_id),
        ]
    )
    return _state(lead_id, after.rows[0], changed=bool(told.affected))


def undo_feedback(
    db: Database, *, lead_id: str, now: datetime, actor: Actor, feedback_id: int | None = None
) -> FeedbackState:
    """How the lead stands after its newest outcome was taken back; the one before it stands again.

    `feedback_id`: the one that was seen; Conflict when another stands now, or none. UnknownLead for another lead_id.
    """
    require(actor, "ops", "take back what became of leads")
    lead = store.read_lead(db, lead_id=lead_id)
    if lead is None:
        raise UnknownLead(_UNKNOWN)
    if lead["feedback_id"] is None:
        raise Conflict("No outcome stands for this lead, so there is nothing to take back.")
    seen = lead["feedback_id"] if feedback_id is None else feedback_id
    undone, _, after = db.write(
        [
            *store.insert_undo(lead_id=lead_id, feedback_id=seen, now=now, actor=actor.name),
            store.feedback_state(lead_id=lead_id),
        ]
    )
    if not undone.affected:
        raise Conflict("Somebody changed the outcome of this lead meanwhile. Look at it again, then decide.")
    return _state(lead_id, after.rows[0], changed=True)


def retraining_status(db: Database, *, threshold: int) -> RetrainingStatus:
    """How many outcomes are new since the last retraining, and whether that is enough for another."""
    many = int(store.count_all(db)["feedback_count"])
    return RetrainingStatus(many, threshold, many >= threshold)


def start_retraining(db: Database, *, fewest: int, now: datetime, actor: Actor) -> int | None:
    """The number of the retraining that may run now; None while one runs or fewer than `fewest` outcomes are new.

    Whoever gets the number ends it with end_retraining. Single flight holds over all processes of the database.
    """
    require(actor, "ops", "ask for a retraining")
    _, started = db.write(
        [*store.start_retraining(now=now, actor=actor.name, fewest=fewest, given_up_before=now - _GIVEN_UP)]
    )
    return int(started.rows[0]["id"]) if started.rows else None


def end_retraining(db: Database, *, run_id: int, failed: bool, said: str, now: datetime) -> None:
    """Nothing; the retraining is over, with what it had to say."""
    db.write([store.end_retraining(run_id=run_id, status="failed" if failed else "done", said=said, now=now)])


def _keep(
    db: Database, leads: Sequence[SentLead], ids: Sequence[str], found: Mapping[int, Conversion], part: Sequence[int],
    now: datetime, actor: Actor,
) -> set[int]:  # fmt: skip
    """The places of the leads that were not kept, after all others of this part were."""
    rows: list[dict[str, Any]] = [
        {
            "lead_id": ids[place], "kind": leads[place].kind, "scored_at": now, "scored_by": actor.name,
            "features": _SORTED.encode(leads[place].features), "score": found[place].conversion_score,
            "model_version": found[place].model_version,
        } for place in part
    ]  # fmt: skip
    given = [(ids[p], bool(leads[p].outcome), leads[p].kind) for p in part if leads[p].outcome is not None]
    told = (
        store.insert_feedback(feedback=given, now=now, actor=actor.name, came_from="score") if given else []
    )
    kept = store.upsert_leads(leads=rows)
    if isinstance(kept, Statement):
        first = db.write([kept, *told], bump=bool(told))[
            0
        ]  # scores alone change no page: the data version stays
        return set() if first.affected else set(part)
    pairs = [(row["lead_id"], row["kind"]) for row in rows]
    *_, others = db.write([kept, *told, store.other_kinds(pairs=pairs)], bump=bool(told))
    refused = {(row["lead_id"], row["kind"]) for row in others.rows}
    return {place for place, pair in zip(part, pairs, strict=True) if pair in refused}


def _state(lead_id: str, row: Mapping[str, Any], *, changed: bool) -> FeedbackState:
    if not row["known"]:
        raise UnknownLead(_UNKNOWN)
    outcome = None if row["outcome"] is None else bool(row["outcome"])
    return FeedbackState(lead_id, outcome, int(row["total_feedback"]), changed)
