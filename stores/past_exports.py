"""Batches whose file was made elsewhere: kept like every batch, but without a file, and growing with each import."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stores.batches import BATCH_FIELDS, LEAD_FIELDS
from turso_db import Database, Many

_MADE_HERE = (
    "SELECT 1 FROM batches b WHERE b.batch_id = ? AND json_extract(b.parameters, '$.made_elsewhere') IS NULL"
)


def reserve_numbers(*, numbers: Mapping[str, int]) -> Many:
    """The statement after which no export gives a number up to these (day as YYYYMMDD → number)."""
    return Many(
        "INSERT INTO batch_numbers (day, last_number) VALUES (?, ?) "
        "ON CONFLICT (day) DO UPDATE SET last_number = max(last_number, excluded.last_number)",
        sorted(numbers.items()),
    )


def insert_past_batches(*, batches: Sequence[Mapping[str, Any]]) -> Many:
    """The statement that makes batches exist that do not yet: the columns of stores.batches.BATCH_FIELDS."""
    return Many(
        f"INSERT INTO batches ({', '.join(BATCH_FIELDS)}) VALUES ({', '.join('?' for _ in BATCH_FIELDS)}) "  # noqa: S608
        "ON CONFLICT (batch_id) DO NOTHING",
        [tuple(batch[field] for field in BATCH_FIELDS) for batch in batches],
    )


def insert_past_leads(*, leads: Sequence[Mapping[str, Any]], now: str) -> Many:
    """The statement that adds leads to batches made elsewhere; one that is there already, or belongs to a batch that was
    exported from here meanwhile, is left out."""
    return Many(
        f"INSERT INTO lead_outcomes (batch_id, {', '.join(LEAD_FIELDS)}, created_at, updated_at) "  # noqa: S608
        f"SELECT {', '.join('?' for _ in range(len(LEAD_FIELDS) + 3))} WHERE NOT EXISTS ({_MADE_HERE}) "
        "AND NOT EXISTS (SELECT 1 FROM lead_outcomes l WHERE l.batch_id = ? AND l.company_key = ? "
        "AND l.contact_id IS ? AND l.phone IS ?)",
        [
            (
                lead["batch_id"], *(lead[field] for field in LEAD_FIELDS), now, now, lead["batch_id"], lead["batch_id"],
                lead["company_key"], lead["contact_id"], lead["phone"],
            )
            for lead in leads
        ],
    )  # fmt: skip


def count_past_batches(*, batch_ids: Sequence[str]) -> Many:
    """The statement that makes the counts of batches made elsewhere say what they hold, from their first export on."""
    return Many(
        "UPDATE batches SET (rows_in, exported, exported_at) = (SELECT count(*), count(*), min(l.exported_at) "
        "FROM lead_outcomes l WHERE l.batch_id = batches.batch_id) WHERE batch_id = ? "
        "AND json_extract(parameters, '$.made_elsewhere') IS NOT NULL",
        [(batch_id,) for batch_id in batch_ids],
    )


def read_past_leads(db: Database, *, batch_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every lead of these batches: batch_id, company_key, contact_id, phone."""
    return db.rows(
        "SELECT l.batch_id, l.company_key, l.contact_id, l.phone FROM json_each(?) k "
        "JOIN lead_outcomes l ON l.batch_id = k.value",
        (json.dumps(list(batch_ids)),),
    )


def read_made_here(db: Database, *, batch_ids: Sequence[str]) -> set[str]:
    """Those of the batches that were exported from here, with a file."""
    rows = db.rows(
        "SELECT b.batch_id FROM json_each(?) k JOIN batches b ON b.batch_id = k.value "
        "WHERE json_extract(b.parameters, '$.made_elsewhere') IS NULL",
        (json.dumps(list(batch_ids)),),
    )
    return {str(row["batch_id"]) for row in rows}


def count_in_history(db: Database, *, source_keys: Sequence[str]) -> int:
    """How many historical outcomes have one of these keys (normalised name and ZIP)."""
    return int(
        db.rows(
            "SELECT count(*) AS n FROM json_each(?) k JOIN historical_outcomes h ON h.source_key = k.value",
            (json.dumps(sorted(set(source_keys))),),
        )[0]["n"]
    )
