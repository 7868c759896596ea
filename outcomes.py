"""Outcomes that come as files: leads called before this product, and milestones for people without Zoho."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

import lead_values
from actors import Actor, require
from batch_ids import batch_day
from named_columns import FileKind, read_named_columns
from outcome_reading import (
    historical_row,
    history_kind,
    merged_row,
    merged_rows,
    outcome_kind,
    outcome_row,
    said_meaning,
    strange_cells,
)
from outcome_words import (
    LEAVE_OUT,
    counted,
    is_usual,
    left_out_notes,
    shown_word,
    usable_words,
)
from stores import outcomes as store
from stores import syncs, unmatched
from stores.audit import audit_entry, chosen_columns
from stores.milestones import first_key
from turso_db import Database, Many


class Unmatched(NamedTuple):
    """A row that waits on the work list: what it names, and why nothing counts it yet."""

    row_number: int
    company_name: str
    batch_id: str
    why: str


@dataclass(frozen=True)
class Imported:
    """What an import did. `counts` add up: read is the sum of the others, but `updated`.

    `rejected`: (row_number, sentence) of every row that could not be used. `unmatched`: the rows that are work now.
    """

    counts: dict[str, int]
    rejected: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)


def import_historical(
    db: Database,
    *,
    content: bytes,
    name: str,
    now: datetime,
    actor: Actor,
    source: str = "file",
    kind: FileKind | None = None,
    mapping: Mapping[str, str] | None = None,
    words: Mapping[str, str] | None = None,
    day_first: bool | None = None,
) -> Imported:
    """Leads and their outcomes from a CSV, one per company and ZIP; running it again changes nothing.

    Columns as in HISTORICAL_COLUMNS, in any order, by the headers that `kind` (see history_kind) knows or as a person chose
    (`mapping`, field → header); company_name and outcome ('delivery' or 'no_delivery') are
    needed, further columns are ignored with a note. Counts: read, imported, updated, unchanged, merged (a
    second row of the same company and ZIP), rejected, and left_out where there are such rows; the first is the sum of the
    others. `words` (word → meaning, see outcome_words) is what a person said that the file's own words mean. A file in pieces
    ends as the whole file does. Cells that say nothing readable are left empty, with a note that names the rows.
    """
    require(actor, "ops", "import outcomes")
    kind = kind or history_kind()
    sheet = read_named_columns(content, name, kind, mapping, day_first=day_first)
    own = usable_words(words or {}, kind)
    notes = sheet.notes
    rejected = list(sheet.unreadable)
    kept: dict[str, dict[str, Any]] = {}
    first_rows: dict[str, int] = {}
    merged: list[tuple[int, int]] = []
    left_out: list[str] = []
    strange: dict[str, list[int]] = {}
    read_as: dict[str, str] = {}
    for number, cells in sheet.rows:
        outcome = said_meaning(cells, kind, own)
        if outcome == LEAVE_OUT:
            left_out.append(cells["outcome"])
            continue
        row = historical_row(cells, outcome, now.date(), sheet.days.order)
        if isinstance(row, str):
            rejected.append((number, row))
            continue
        if not is_usual(cells["outcome"], row["outcome"]):
            read_as[shown_word(cells["outcome"])] = row["outcome"]
        for column in ("sic_code", "employee_count", "zip_code", "state"):
            if row[column] is None and lead_values.text(cells.get(column, "")) is not None:
                strange.setdefault(column, []).append(number)
        row |= {"source": source, "imported_at": now}
        if row["source_key"] in kept:
            merged.append((number, first_rows[row["source_key"]]))
            row = merged_row(kept[row["source_key"]], row)
        kept[row["source_key"]] = row
        first_rows.setdefault(row["source_key"], number)
    imported, updated = _keep_historical(db, list(kept.values()))
    counts = {
        "read": sheet.read,
        "imported": imported,
        "updated": updated,
        "unchanged": len(kept) - imported - updated,
        "merged": len(merged),
        "rejected": len(rejected),
        **({"left_out": len(left_out)} if left_out else {}),
    }
    notes += merged_rows(merged) + left_out_notes(counted(left_out))
    notes += [strange_cells(column, rows) for column, rows in strange.items()]
    notes += [f"The outcome '{word}' was read as {outcome}." for word, outcome in read_as.items()]
    _close_run(db, "historical", counts, rejected, now, actor, name, notes, mapping)
    missing = store.count_historical(db)
    notes += [
        f"{missing[key]:,} of {missing['leads']:,} leads called before have no {what}."
        for key, what in (("without_sic", "SIC code"), ("without_size", "employee count"))
        if missing[key]
    ]
    return Imported(counts, sorted(rejected), notes)


def import_outcomes(
    db: Database,
    *,
    content: bytes,
    name: str,
    now: datetime,
    actor: Actor,
    kind: FileKind | None = None,
    mapping: Mapping[str, str] | None = None,
    words: Mapping[str, str] | None = None,
    day_first: bool | None = None,
) -> Imported:
    """Dated milestones of exported companies from a CSV with the columns OUTCOME_COLUMNS; a repeat changes
    nothing.

    A company is found by its name within its batch; a further column zip_code tells sites of one name apart.
    Counts: read, matched, review (the name fits several sites of the batch, or is nearly one at this ZIP), unmatched, rejected, and left_out where a word
    (see `words` in import_historical) says so; the first is the sum of the others; and updated, the companies whose milestones grew. What is not matched stays in the
    unmatched log until a later import or a person settles it; so does what is dated before its batch.
    """
    require(actor, "ops", "import outcomes")
    kind = kind or outcome_kind()
    sheet = read_named_columns(content, name, kind, mapping, day_first=day_first)
    own = usable_words(words or {}, kind)
    notes = sheet.notes
    rejected = list(sheet.unreadable)
    rows = []
    left_out: list[str] = []
    read_as: dict[str, str] = {}
    for number, cells in sheet.rows:
        milestone = said_meaning(cells, kind, own)
        if milestone == LEAVE_OUT:
            left_out.append(cells["milestone"])
            continue
        row = outcome_row(cells, milestone, now.date(), sheet.days.order)
        if isinstance(row, str):
            rejected.append((number, row))
        else:
            rows.append(row | {"row_number": number})
            if not is_usual(cells["milestone"], row["milestone"]):
                read_as[shown_word(cells["milestone"])] = row["milestone"]
    companies = store.read_companies(db, batch_ids=sorted({row["batch_id"] for row in rows}))
    by_name = _sites(companies)
    began = {  # where the business is; of batches made elsewhere either day may be the earlier one
        batch: min(batch_day(batch), str(at)[:10])
        for batch, at in zip(companies["batch_id"], companies["exported_at"], strict=True)
    }
    known = store.read_milestone_keys(db, source="file")
    standing = {first_key(key) for key, stands in known.items() if stands}
    matched, missed = [], []
    nearly = _near_misses(companies)
    for row in rows:
        name_key = (row["batch_id"], lead_values.normalised_company_name(row["company_name"]))
        sites = by_name.get(name_key, [])
        if len(sites) > 1 and row["zip_code"]:
            sites = [site for site in sites if site.endswith(f"|{row['zip_code']}")] or sites
        if len(sites) == 1 and (
            row["happened_at"] >= began[row["batch_id"]] or row["source_key"] in standing
        ):
            matched.append(row | {"company_key": sites[0], "source": "file"})
        else:
            near = None if sites else nearly(row)
            why = near or _why(row, len(sites), began.get(row["batch_id"]))
            missed.append(row | {"source": "file", "why": why, "review": bool(near) or len(sites) > 1})
    fresh = [row for row in matched if row["source_key"] not in known]
    touched = list(dict.fromkeys((row["batch_id"], row["company_key"]) for row in fresh))
    _write_in_parts(
        db,
        fresh,
        lambda part: [
            store.insert_milestones(milestones=part, now=now, actor=actor.name),
            store.refresh_outcomes(companies=[(r["batch_id"], r["company_key"]) for r in part], now=now),
        ],
    )
    _write_in_parts(db, missed, lambda part: [unmatched.record_unmatched(rows=part, now=now)])
    _write_in_parts(
        db,
        # What a person took back still waits for somebody: the file brings nothing new about it.
        [
            ("file", row["source_key"])
            for row in matched
            if row["source_key"] in standing or row["source_key"] not in known
        ],
        lambda part: [
            unmatched.resolve_unmatched(keys=part, resolution="matched by a later import", now=now)
        ],
    )
    review = sum(row["review"] for row in missed)
    counts = {
        "read": sheet.read,
        "matched": len(matched),
        "review": review,
        "unmatched": len(missed) - review,
        "rejected": len(rejected),
        **({"left_out": len(left_out)} if left_out else {}),
    }
    notes += left_out_notes(counted(left_out))
    notes += [f"The milestone '{word}' was read as {milestone}." for word, milestone in read_as.items()]
    _close_run(db, "file", counts | {"updated": len(touched)}, rejected, now, actor, name, notes, mapping)
    waiting = [
        Unmatched(row["row_number"], _shown(row["company_name"]), row["batch_id"], row["why"])
        for row in missed
    ]
    return Imported(counts | {"updated": len(touched)}, sorted(rejected), notes, waiting)


def _shown(company: str) -> str:
    """The name, unless a person's address or number stands in its place."""
    is_personal = "@" in company or lead_values.phone(company) is not None
    return "(not shown: an address or a number stands in the place of the name)" if is_personal else company


def _keep_historical(db: Database, rows: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """How many leads are new and how many changed; each part counts itself, whatever else is imported at once."""
    size = min(db.rows_per_write, 10_000)
    imported = updated = 0
    for start in range(0, len(rows), size):
        before, touched, after = db.write(
            [
                store.historical_size(),
                store.upsert_historical(rows=rows[start : start + size]),
                store.historical_size(),
            ]
        )
        new = after.rows[0]["leads"] - before.rows[0]["leads"]
        imported += new
        updated += touched.affected - new
    return imported, updated


def _sites(companies: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """(batch, normalised name) → company keys: more than one when two sites of a batch share the name."""
    sites: dict[tuple[str, str], dict[str, None]] = {}
    for row in companies.to_dict("records"):
        name = lead_values.normalised_company_name(row["company_name"])
        sites.setdefault((row["batch_id"], name), {})[row["company_key"]] = None
    return {name: list(keys) for name, keys in sites.items()}


def _near_misses(companies: pd.DataFrame) -> Callable[[Mapping[str, Any]], str | None]:
    """What says of a row without a company which one of its batch it may mean; None where no name is near at its ZIP."""
    pools: dict[str, Any] = {}

    def nearly(row: Mapping[str, Any]) -> str | None:
        from matching import Pool, near_miss
        from zoho_sites import exported_companies

        batch = row["batch_id"]
        if batch not in pools:
            some = companies[companies["batch_id"] == batch]
            pools[batch] = Pool(
                exported_companies(some.assign(exported_at=some["exported_at"].astype(str)), {})
            )
        found = near_miss(pools[batch], name=row["company_name"], zip_code=row["zip_code"])
        if found is None:
            return None
        return f"Nearly {found.names[0]}, {found.zip_code}, of this batch: say whether that one is meant."

    return nearly


def _why(row: Mapping[str, Any], sites: int, began: str | None) -> str:
    """`began`: the day of the batch, None for one that was never exported."""
    if sites > 1:
        return "The name fits several sites of this batch; say which one by a column zip_code."
    if sites == 1:
        return f"{row['milestone'].capitalize()} on {row['happened_at']} lies before the batch of {began}: which day is right?"
    return "No company of this batch has this name." if began else "No batch with this ID was exported."


def _write_in_parts(
    db: Database, rows: Sequence[Any], statements: Callable[[Sequence[Any]], list[Many]]
) -> int:
    """How many rows the first statement of each part touched."""
    size = min(db.rows_per_write, 10_000)
    return sum(
        db.write(statements(rows[start : start + size]))[0].affected for start in range(0, len(rows), size)
    )


def _close_run(
    db: Database,
    kind: str,
    counts: dict[str, int],
    rejected: list[tuple[int, str]],
    now: datetime,
    actor: Actor,
    name: str,
    notes: Sequence[str],
    mapping: Mapping[str, str] | None,
) -> None:
    db.write(
        [
            syncs.insert_finished(
                kind=kind,
                counts=counts,
                errors=[f"Row {number}: {why}" for number, why in sorted(rejected)[:200]],
                now=now,
                actor=actor.name,
                note="\n".join([name, *notes]),
            ),
            audit_entry(
                now=now,
                actor=actor,
                action=f"import {kind}",
                subject=name,
                detail=counts | chosen_columns(mapping),
            ),
        ]
    )
