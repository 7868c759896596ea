"""Batches that were exported before this product, or elsewhere, come in from a file, so that their outcomes count too."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from actors import Actor, require
from lead_values import normalised_company_name
from named_columns import FileKind
from past_export_rows import day_and_number, read_past_exports, same_contact
from stores import outcomes, syncs
from stores import past_exports as store
from stores.audit import audit_entry, chosen_columns
from turso_db import Database

ELSEWHERE = "another tool"  # who exported a batch whose file was made elsewhere


@dataclass(frozen=True)
class PastImported:
    """What the import did. read = imported + unchanged + merged + rejected; also batches (new ones) and milestones.

    `rejected`: (row_number, sentence) of every row that could not be used.
    """

    counts: dict[str, int]
    rejected: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_exports(
    db: Database,
    *,
    content: bytes,
    name: str,
    today: date,
    now: datetime,
    actor: Actor,
    kind: FileKind | None = None,
    mapping: Mapping[str, str] | None = None,
    day_first: bool | None = None,
) -> PastImported:
    """Leads that went out elsewhere, under their batch IDs; running it again, whole or in pieces, changes nothing.

    Columns as in past_export_rows.COLUMNS, by `kind` and `mapping` (see past_export_rows.read_past_exports); batch_id, company_name and exported_at are needed. Counts: read, imported,
    unchanged (known before), merged (the same contact again in this file), rejected; the first is the sum of the others.
    A batch that was exported from here takes no further lead. An outcome with its day becomes a milestone. From now on no
    export is given one of these batch IDs. InputError when the file is no table or lacks a column.
    """
    require(actor, "ops", "import exports")
    said = read_past_exports(content, name, today=today, kind=kind, mapping=mapping, day_first=day_first)
    rejected, notes = list(said.rejected), list(said.notes)
    batch_ids = sorted({lead["batch_id"] for lead in said.leads})
    made_here = store.read_made_here(db, batch_ids=batch_ids)
    known: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in store.read_past_leads(db, batch_ids=batch_ids):
        known.setdefault((row["batch_id"], row["company_key"]), []).append(row)
    fresh: list[dict[str, Any]] = []
    unchanged = 0
    for lead in said.leads:
        if any(same_contact(lead, row) for row in known.get((lead["batch_id"], lead["company_key"]), ())):
            unchanged += 1
        elif lead["batch_id"] in made_here:
            rejected.append(
                (lead["file_row"], f"{lead['batch_id']} was exported from here, and this lead was not in it.")
            )
        else:
            fresh.append(lead)
    new_batches = {lead["batch_id"] for lead in fresh} - {batch for batch, _ in known}
    imported = _keep(db, fresh, name, content, now, actor)
    milestones = _keep_milestones(db, said.leads, made_here, now, actor)
    if fresh and all(lead["workflow_type"] is None for lead in fresh):
        notes.append(
            "No workflow is told, so leads with a distance count as geography, all others as intent."
        )
    if in_history := store.count_in_history(db, source_keys=[_history_key(lead) for lead in fresh]):
        notes.append(
            f"{in_history:,} of these companies stand in the history, too, by name and ZIP. Where that tells of the same calls, "
            "they count twice: bring exports in before the history."
        )
    counts = {
        "read": said.read, "imported": imported, "unchanged": unchanged + len(fresh) - imported, "merged": said.merged,
        "rejected": len(rejected),
    }  # fmt: skip
    db.write(
        [
            syncs.insert_finished(
                kind="exports", counts={"read": said.read, "updated": imported}, now=now, actor=actor.name,
                errors=[f"Row {number}: {why}" for number, why in sorted(rejected)[:200]], note="\n".join([name, *notes]),
            ),
            audit_entry(
                now=now, actor=actor, action="import exports", subject=name,
                detail=counts | {"batches": sorted(new_batches)[:200]} | chosen_columns(mapping),
            ),
        ]
    )  # fmt: skip
    return PastImported(
        counts | {"batches": len(new_batches), "milestones": milestones}, sorted(rejected), notes
    )


def _keep(
    db: Database, leads: Sequence[dict[str, Any]], name: str, content: bytes, now: datetime, actor: Actor
) -> int:
    """How many leads are new; a batch, its number and its leads are kept together, in parts of a large file."""
    size = min(db.rows_per_write, 5000)
    stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    imported = 0
    for start in range(0, len(leads), size):
        part = [_row(lead) for lead in leads[start : start + size]]
        of_batch = {row["batch_id"]: row for row in reversed(part)}
        numbers: dict[str, int] = {}
        for day, number in map(day_and_number, of_batch):
            numbers[day] = max(number, numbers.get(day, 0))
        batches = [_batch(row, name, content, stamp, actor) for row in of_batch.values()]
        written = db.write(
            [
                store.reserve_numbers(numbers=numbers),
                store.insert_past_batches(batches=batches),
                store.insert_past_leads(leads=part, now=stamp),
                store.count_past_batches(batch_ids=sorted(of_batch)),
            ]
        )
        imported += written[2].affected
    return imported


def _keep_milestones(
    db: Database, leads: Sequence[dict[str, Any]], made_here: set[str], now: datetime, actor: Actor
) -> int:
    """How many milestones the outcomes of the file added."""
    told = [
        {
            "batch_id": lead["batch_id"], "company_key": lead["company_key"], "milestone": milestone, "happened_at": day,
            "source": "file", "source_key": _key(lead["batch_id"], lead["company_key"], milestone, day),
            "detail": "outcome in the file of exports",
        }
        for lead in leads
        if lead["milestone"] is not None and lead["batch_id"] not in made_here
        for milestone, day in [lead["milestone"]]
    ]  # fmt: skip
    size = min(db.rows_per_write, 5000)
    added = 0
    for start in range(0, len(told), size):
        part = told[start : start + size]
        companies = sorted({(row["batch_id"], row["company_key"]) for row in part})
        written = db.write(
            [
                outcomes.insert_milestones(milestones=part, now=now, actor=actor.name),
                outcomes.refresh_outcomes(companies=companies, now=now),
            ]
        )
        added += written[0].affected
    return added


def _row(lead: dict[str, Any]) -> dict[str, Any]:
    workflow = lead["workflow_type"] or ("geography" if lead["distance_miles"] is not None else "intent")
    return lead | {
        "row_number": lead["row_number"] or lead["file_row"],
        "workflow_type": workflow,
        "source_features": lead["source_features"] or "{}",
    }


def _batch(row: dict[str, Any], name: str, content: bytes, stamp: str, actor: Actor) -> dict[str, Any]:
    """The batch of its first lead; its counts follow in the same write."""
    made = {"made_elsewhere": True, "imported_by": actor.name, "imported_at": stamp}
    return {
        "batch_id": row["batch_id"], "workflow_type": row["workflow_type"], "exported_at": row["exported_at"],
        "exported_by": ELSEWHERE, "source_file": name, "source_sha256": hashlib.sha256(content).hexdigest(),
        "operator_id": None, "operator_name": None, "segment": row["segment"], "parameters": json.dumps(made, sort_keys=True),
        "weight_version": row["weight_version"] or 0, "rows_in": 0, "exported": 0, "duplicates": 0, "suppressed": 0,
        "excluded": 0, "rejected": 0, "sha256": "",
    }  # fmt: skip


def _history_key(lead: dict[str, Any]) -> str:
    return f"{normalised_company_name(lead['company_name'])}|{lead['zip_code'] or ''}"


def _key(batch_id: str, company_key: str, milestone: str, day: str) -> str:
    text = json.dumps(["export", batch_id, company_key, milestone, day])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
