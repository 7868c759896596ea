"""Work on outcomes by hand: unmatched rows are assigned, set aside or matched, and a milestone can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from actors import Actor, given_reason, named_actor, require
from batch_ids import batch_day
from errors import Conflict, InputError
from stores import milestones, outcomes, unmatched
from stores.audit import audit_entry
from turso_db import Database


def assign_unmatched(db: Database, *, ids: Sequence[int], to: str, now: datetime, actor: Actor) -> int:
    """How many rows are `to`'s work now; rows that were settled meanwhile stay settled.

    InputError without rows or without a name. What was set aside is work again.
    """
    require(actor, "ops", "work on unmatched outcomes")
    person = named_actor(to).name
    return _changed(
        db, unmatched.assign_unmatched(ids=_ids(ids), to=person, actor=actor.name), "assign", ids, {"to": person}, now, actor
    )  # fmt: skip


def set_aside_unmatched(db: Database, *, ids: Sequence[int], reason: str, now: datetime, actor: Actor) -> int:
    """How many rows are set aside: nobody's work, still in the log. InputError without rows or without a reason.

    A row whose outcome moves on in Zoho later waits for somebody again.
    """
    require(actor, "ops", "work on unmatched outcomes")
    why = given_reason(reason, "Say why nobody has to work on it.")[:300]
    change = unmatched.set_aside_unmatched(ids=_ids(ids), reason=why, now=now, actor=actor.name)
    return _changed(db, change, "set aside", ids, {"reason": why}, now, actor)


def put_back_unmatched(db: Database, *, ids: Sequence[int], now: datetime, actor: Actor) -> int:
    """How many rows are open again: neither set aside nor anybody's. InputError without rows."""
    require(actor, "ops", "work on unmatched outcomes")
    return _changed(db, unmatched.put_back_unmatched(ids=_ids(ids)), "put back", ids, {}, now, actor)


def match_unmatched(
    db: Database,
    *,
    row_id: int,
    company: tuple[str, str],
    now: datetime,
    actor: Actor,
    happened_on: date | None = None,
) -> None:
    """Nothing; the milestone of an unmatched row from a file is now one of this company (batch_id, company_key).

    `happened_on`: the right day, where the row says another one. InputError for an unknown row or company, for a day before
    the batch of the company, and for a row from Zoho, where zoho_sync.decide_match says it for the
    whole site; Conflict when the row was settled meanwhile.
    """
    require(actor, "ops", "work on unmatched outcomes")
    row = unmatched.read_unmatched_row(db, row_id=row_id)
    if row is None or row["source"] == "zoho" or not row["milestone"] or not row["happened_at"]:
        raise InputError(
            "There is no such row with a dated milestone in the unmatched log. Load the page again."
        )
    if row["resolved_at"] is not None:
        raise Conflict(f"This row was settled meanwhile: {row['resolution']}. Load the page again.")
    batch_id, company_key = company
    found = outcomes.read_companies(db, batch_ids=[batch_id])
    if company_key not in set(found["company_key"]):
        raise InputError(f"There is no such company in {batch_id}. Load the page again.")
    happened_at = happened_on.isoformat() if happened_on else str(row["happened_at"])
    began = min(batch_day(batch_id), str(found["exported_at"].iloc[0])[:10])
    if happened_at[:10] < began:
        raise InputError(
            f"{row['milestone'].capitalize()} on {happened_at[:10]} lies before {batch_id} went out on {began}. Give the day on "
            "which it happened, or set the row aside."
        )
    if happened_at[:10] > f"{now:%Y-%m-%d}":
        raise InputError(f"{happened_at[:10]} lies in the future. Give the day on which it happened.")
    key = milestones.free_source_key(db, source=row["source"], source_key=row["source_key"])
    milestone = {
        "batch_id": batch_id, "company_key": company_key, "milestone": row["milestone"], "happened_at": happened_at,
        "source": row["source"], "source_key": key, "detail": "matched by hand",
    }  # fmt: skip
    db.write(
        [
            outcomes.insert_milestones(milestones=[milestone], now=now, actor=actor.name),
            outcomes.refresh_outcomes(companies=[company], now=now),
            unmatched.resolve_unmatched(
                keys=[(row["source"], row["source_key"])], resolution=f"matched to {batch_id} by hand", now=now, by=actor.name
            ),
            audit_entry(
                now=now, actor=actor, action="match by hand", subject=f"unmatched row {row_id}",
                detail={"batch_id": batch_id, "company_key": company_key, "milestone": row["milestone"]},
            ),
        ]
    )  # fmt: skip


def take_back_milestone(
    db: Database, *, milestone_id: int, reason: str, now: datetime, actor: Actor
) -> dict[str, Any]:
    """The milestone (milestone, batch_id, company_name) that no longer counts; it stays on record with the reason.

    A later sync or import of the same record does not bring it back. A row of the unmatched log that it came from by
    hand is open again. InputError for an unknown milestone or without a reason, Conflict when it was taken back before.
    """
    require(actor, "ops", "take back a milestone")
    why = given_reason(reason, "Say why this milestone is wrong.")[:300]
    row = milestones.read_milestone(db, milestone_id=milestone_id)
    if row is None or row["milestone"] == "retracted":
        raise InputError("There is no such milestone. Load the page again.")
    if not row["standing"]:
        raise Conflict("This milestone was already taken back. Load the page again.")
    retraction = {
        "batch_id": row["batch_id"], "company_key": row["company_key"], "lead_id": row["lead_id"], "milestone": "retracted",
        "happened_at": now, "source": "person", "source_key": f"{milestone_id}:taken back", "detail": why,
        "retracts": milestone_id,
    }  # fmt: skip
    try:
        db.write(
            [
                outcomes.insert_milestones(milestones=[retraction], now=now, actor=actor.name),
                outcomes.refresh_outcomes(companies=[(row["batch_id"], row["company_key"])], now=now),
                unmatched.reopen_by_hand(source=row["source"], source_key=milestones.first_key(row["source_key"])),
                audit_entry(
                    now=now, actor=actor, action="take back milestone", subject=str(row["batch_id"]),
                    detail={"milestone": row["milestone"], "id": milestone_id, "reason": why},
                ),
            ]
        )  # fmt: skip
    except Conflict as error:
        raise Conflict("This milestone was taken back meanwhile. Load the page again.") from error
    return {name: row[name] for name in ("milestone", "batch_id", "company_name")}


def _changed(
    db: Database, change: Any, action: str, ids: Sequence[int], detail: dict[str, Any], now: datetime, actor: Actor
) -> int:  # fmt: skip
    entry = audit_entry(
        now=now, actor=actor, action=f"{action} unmatched", subject=f"{len(ids)} unmatched rows",
        detail={"ids": sorted(ids)[:200]} | detail,
    )  # fmt: skip
    return db.write([change, entry])[0].affected


def _ids(ids: Sequence[int]) -> Sequence[int]:
    if not ids:
        raise InputError("No row is ticked. Tick the rows that are meant.")
    return ids
