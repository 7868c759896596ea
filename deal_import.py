"""Deals that come as a file: kept with every state they were seen in, and with what is strange about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from actors import Actor, require
from deal_checks import check_deals, new_labels
from deals import FIELDS, DealRules, read_deals
from errors import InputError
from stores import deals as store
from stores import syncs
from stores.audit import audit_entry
from turso_db import Database


@dataclass(frozen=True)
class DealsImported:
    """What an import did. counts: read, new, changed, unchanged, rejected (the first is the sum of the others)
    and issues, the findings of this import. `rejected`: (row_number, sentence).
    """

    counts: dict[str, int]
    rejected: list[tuple[int, str]]
    notes: list[str]
    mapping: dict[str, str]


def import_deals(
    db: Database,
    *,
    content: bytes,
    name: str,
    rules: DealRules,
    now: datetime,
    actor: Actor,
    mapping: Mapping[str, str] | None = None,
) -> DealsImported:
    """Deals from a CSV or .xlsx file into `deals`; each state that is new goes into `deal_snapshots` as well.

    Importing a file twice changes nothing. Rows that cannot be used, and what the checks find, become issues
    that someone can work on.
    """
    require(actor, "ops", "import deals")
    file = read_deals(content, name, rules, today=now.date(), mapping=mapping)
    before = store.read_deals(db)
    rows = [_row(values) for values in file.deals.itertuples(index=False, name=None)]
    new, changed = _keep(db, rows, now)
    after = store.read_deals(db)
    found = pd.concat(
        [
            new_labels(before, file.deals, rules.labels),
            check_deals(after, as_of=_newest(after, now), labels=rules.labels),
        ]
    )
    issues: list[dict[str, Any]] = [
        {
            "issue_key": _issue_key(p, name),
            "kind": p["kind"],
            "deal_id": p["deal_id"],
            "what": f"Row {p['row_number']}: {p['problem']}",
        }
        for p in file.problems.to_dict("records")
    ]
    issues += [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]
    size = min(db.rows_per_write, 5000)
    for start in range(0, len(issues), size):
        db.write(
            [store.record_issues(issues=issues[start : start + size], source="file", file_name=name, now=now)]
        )
    rejected = [
        (int(p["row_number"]), str(p["problem"])) for p in file.problems.to_dict("records") if p["rejected"]
    ]
    counts = {
        "read": file.rows_in,
        "new": new,
        "changed": changed,
        "unchanged": len(rows) - new - changed,
        "rejected": len(rejected),
    }
    db.write(
        [
            syncs.insert_finished(
                kind="deals", counts={"read": file.rows_in, "matched": len(rows), "updated": new + changed},
                errors=[f"Row {number}: {why}" for number, why in rejected[:200]], now=now, actor=actor.name,
                note="\n".join([name, *file.notes]),
            ),
            audit_entry(now=now, actor=actor, action="import deals", subject=name, detail=counts),
        ]
    )  # fmt: skip
    return DealsImported(counts | {"issues": len(issues)}, rejected, file.notes, file.mapping)


def settle_issues(db: Database, *, ids: Sequence[int], resolution: str, now: datetime, actor: Actor) -> int:
    """How many open issues were closed with the sentence `resolution`, which must say something."""
    require(actor, "ops", "settle what is strange about deals")
    said = " ".join(resolution.split())
    if not said:
        raise InputError("A few words were expected that say what became of it. Write them, then settle.")
    done = db.write(
        [
            store.resolve_issues(ids=ids, resolution=said[:300], now=now, actor=actor.name),
            audit_entry(now=now, actor=actor, action="settle issues", subject=f"{len(ids)} of deals", detail={"ids": list(ids)[:100]}),
        ]
    )  # fmt: skip
    return done[0].affected


def _issue_key(problem: Mapping[Any, Any], name: str) -> str:
    """The trouble of one deal is the same in every file; of a row without an id only in the same file."""
    known = isinstance(problem["deal_id"], str)
    place = problem["deal_id"] if known else f"{name}|{problem['row_number']}"
    return f"{problem['kind']}|{place}|{problem['problem']}"[:400]


def _row(values: tuple[Any, ...]) -> dict[str, Any]:
    row = {
        field: None if pd.isna(value) else value.date().isoformat() if field.endswith("_on") else value
        for field, value in zip(FIELDS, values, strict=True)
    }
    digest = hashlib.sha256(json.dumps([row[f] for f in FIELDS], ensure_ascii=False).encode()).hexdigest()
    return row | {"fingerprint": digest[:32]}


def _keep(db: Database, rows: Sequence[Mapping[str, Any]], now: datetime) -> tuple[int, int]:
    """How many deals are new and how many changed; each part counts itself, whatever else is imported at once."""
    size = min(db.rows_per_write, 5000)
    new = changed = 0
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        size_before, _, touched, size_after = db.write(
            [
                store.deals_size(source="file"),
                store.insert_snapshots(rows=part, source="file", now=now),
                store.upsert_deals(rows=part, source="file", now=now),
                store.deals_size(source="file"),
            ]
        )
        grown = size_after.rows[0]["deals"] - size_before.rows[0]["deals"]
        new += grown
        changed += touched.affected - grown
    return new, changed


def _newest(deals: pd.DataFrame, now: datetime) -> pd.Timestamp:
    """The last day the deals know of: an old file is judged as of its own time, not as if sales had stopped."""
    days = [day for day in (deals["created_on"].max(), deals["closed_on"].max()) if not pd.isna(day)]
    return min(max(days), pd.Timestamp(now.date())) if days else pd.Timestamp(now.date())
