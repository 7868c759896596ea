"""Takes the demo world out of a database that people have begun to work in: what is invented goes, the rest stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from actors import Actor, require
from errors import Conflict, Refused
from stores import demo, outcomes
from stores import demo_removal as store
from stores.audit import audit_entry
from turso_db import Database, read_together


@dataclass(frozen=True)
class DemoRemoval:
    """What a removal would do, or did.

    goes, stays: how many of each kind (stores.demo_removal). why_not: the sentence that refuses it, or None.
    back_to: the version of the scores before the first approval on invented leads, None where none is in force.
    models_in_force: workflows that a model learned from them scores.
    """

    goes: dict[str, int]
    stays: dict[str, int]
    why_not: str | None
    weight_version: int
    back_to: int | None
    models_in_force: list[str]


def preview_removal(db: Database) -> DemoRemoval:
    """What removing the demo would do, in one round trip; Refused when there is none."""
    return _read(db)[0]


def remove_demo(db: Database, *, now: datetime, actor: Actor) -> DemoRemoval:
    """What went and what stays: the demo world left in one write, or nothing changed.

    Every row that is not of the demo stays as it is. What people or files said about invented companies is set aside in
    the unmatched log; an own company that an invented outcome was matched to has its own outcomes again. Operators that
    an own batch names, that were edited, or that Zoho knows stay. Refused without a demo, and where it and own data hang
    together in a way that cannot be parted; Conflict when somebody works on it at this moment.
    """
    require(actor, "manager", "remove the demo")
    found, rests, ids, touched = _read(db)
    if found.why_not:
        raise Refused(found.why_not)
    gone = {what: number for what, number in found.goes.items() if number}
    detail = {"gone": gone, "set aside": found.stays["set_aside"]}
    try:
        db.write(
            [
                *store.remove_statements(rests=rests, counts=gone, ids=ids, now=now, actor=actor.name),
                outcomes.refresh_outcomes(companies=touched, now=now),
                audit_entry(now=now, actor=actor, action="remove demo", subject="demo world", detail=detail),
            ]
        )
    except Conflict as error:
        raise Conflict(
            "Somebody works on the demo at this moment, so nothing was removed. Look at the preview again, then repeat."
        ) from error
    return found


def backup_path(data_dir: Path, now: datetime) -> Path:
    """Where the backup goes that is made before a removal."""
    return data_dir / "backups" / f"before-demo-removal-{now:%Y%m%d-%H%M%S}.db"


def told(counts: Mapping[str, int]) -> str:
    """The counts in words, those of 0 left out: `37 batches, 3,212 leads`; `nothing` when all are 0."""
    return ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in counts.items() if n) or "nothing"


def rests_on(found: DemoRemoval) -> list[str]:
    """What was learned from invented leads and stays in force, a sentence each, with how to undo it; none when nothing was."""
    sentences = []
    if found.back_to is not None:
        sentences.append(
            f"The scores in force, version {found.weight_version}, were changed on invented outcomes. Version {found.back_to} "
            "is the one before: roll back to it, or keep them."
        )
    if found.models_in_force:
        sentences.append(
            f"A model learned from invented leads scores {' and '.join(found.models_in_force)}. "
            "Bring the weights back on Score Calibration, Model, or keep it."
        )
    return sentences


def _read(db: Database) -> tuple[DemoRemoval, dict[str, Any], dict[str, list[int]], list[tuple[str, str]]]:
    load, goes, stays, knots, rests, ids, touched = read_together(db, [
        demo.read_load, store.read_leaving, store.read_staying, store.read_knots, store.read_rests_on_demo,
        store.read_leaving_ids, store.read_touched,
    ])  # fmt: skip
    if load is None:
        raise Refused("There is no demo in this database, so there is nothing to remove.")
    found = DemoRemoval(
        goes,
        stays,
        _why_not(load, knots),
        rests["weight_version"],
        rests["back_to"],
        rests["models_in_force"],
    )
    return found, rests, ids, touched


def _why_not(load: Mapping[str, Any], knots: Mapping[str, int]) -> str | None:
    """The sentence that refuses a removal, or None."""
    elsewhere = "Or go on in a database of your own: TURSO_DATABASE_URL=file:data/own.db."
    if not load["finished_at"]:
        return "The demo is not loaded completely. Run python -m scripts.load_demo once more, then remove it."
    if knots["zoho"]:
        return (
            f"Your Zoho and the demo hang together in {knots['zoho']:,} places: sites, decisions or outcomes of Zoho that "
            "name an invented company, and what Zoho said is never deleted. Say on Outcomes, Review that waiting sites are "
            f"none of yours. {elsewhere}"
        )
    if knots["history"]:
        return (
            f"An imported file changed {knots['history']:,} invented companies of the demo's history, so which of their values "
            f"are yours cannot be told any more. {elsewhere}"
        )
    return None
