"""Batches, their files and their misses. An export is kept whole in one write, or not at all."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from stores.outcomes import BATCH_DAY
from turso_db import ByColumn, Database, Many, Statement, Value

BATCH_FIELDS = (
    "batch_id", "workflow_type", "exported_at", "exported_by", "source_file", "source_sha256", "operator_id",
    "operator_name", "segment", "parameters", "weight_version", "rows_in", "exported", "duplicates",
    "suppressed", "excluded", "rejected", "sha256",
)  # fmt: skip
LEAD_FIELDS = (
    "row_number", "company_name", "company_id", "company_key", "contact_id", "phone", "other_phones",
    "web_domain", "street", "city", "state", "zip_code", "sic_code", "employee_count", "distance_miles",
    "segment", "hades_score", "workflow_type", "weight_version", "exported_at", "source_features",
    "inclusion_probability", "left_out_because",
)  # fmt: skip
_KEYS = ("company_key", "phone", "contact_id")

# Was a lead of this export exported by somebody else since `?`? Asked again inside the closing write.
_TAKEN_SINCE = """
SELECT count(*) FROM {mine} mine WHERE EXISTS (
    SELECT 1 FROM batches WHERE batch_id <> ? AND status = 'closed' AND exported_at >= ?) AND EXISTS (
    SELECT 1 FROM lead_outcomes o JOIN batches b ON b.batch_id = o.batch_id AND b.status = 'closed'
    WHERE o.batch_id <> ? AND o.exported_at >= ? AND o.{key} = mine.{key} AND mine.{key} IS NOT NULL)
"""


def next_batch_number(db: Database, *, day: str, drop_staged_before: datetime) -> int:
    """The next number of `day` (YYYYMMDD), given out once and never again; it goes on past 999.

    In the same round trip the parts of exports go that were staged before that time and never closed.
    """
    written = db.write(
        [
            Statement("DELETE FROM staged_exports WHERE staged_at < ?", (drop_staged_before,)),
            Statement(
                "INSERT INTO batch_numbers (day, last_number) VALUES (?, 1) "
                "ON CONFLICT (day) DO UPDATE SET last_number = last_number + 1 RETURNING last_number",
                (day,),
            ),
        ],
        bump=False,
    )
    return int(written[1].rows[0]["last_number"])


def stage_part(
    *, batch_id: str, part: int, leads: Sequence[Sequence[Value]], csv: bytes, now: datetime
) -> Statement:
    """The statement that has one part of a large export wait for the closing write. No reader sees it."""
    return Statement(
        "INSERT INTO staged_exports (batch_id, part, leads, csv, staged_at) VALUES (?, ?, ?, ?, ?)",
        (batch_id, part, json.dumps(leads), zlib.compress(csv, 1), now),
    )


def insert_staged(*, batch_id: str, now: datetime) -> list[Statement]:
    """The statements that turn the staged parts of a batch into its leads and its file, for the closing
    write.
    """
    columns = ", ".join(f"json_extract(l.value, '$[{place}]')" for place in range(len(LEAD_FIELDS)))
    return [
        Statement(
            f"INSERT INTO lead_outcomes (batch_id, {', '.join(LEAD_FIELDS)}, created_at, updated_at) "  # noqa: S608
            f"SELECT s.batch_id, {columns}, ?, ? FROM staged_exports s, json_each(s.leads) l "
            "WHERE s.batch_id = ? ORDER BY s.part, l.key",
            (now, now, batch_id),
        ),
        Statement(
            "INSERT INTO batch_files (batch_id, part, csv) "
            "SELECT batch_id, part, csv FROM staged_exports WHERE batch_id = ?",
            (batch_id,),
        ),
        Statement("DELETE FROM staged_exports WHERE batch_id = ?", (batch_id,)),
    ]


def insert_leads(
    *, batch_id: str, columns: Sequence[Sequence[Value]], csv: bytes, now: datetime
) -> list[Statement | Many]:
    """The statements that keep leads and file at once, where the database takes them in one write.

    `columns`: the values of all leads for each of LEAD_FIELDS.
    """
    size = len(columns[0])
    stamp = [f"{now:%Y-%m-%dT%H:%M:%SZ}"] * size  # once, not for every lead
    return [
        Many(
            f"INSERT INTO lead_outcomes (batch_id, {', '.join(LEAD_FIELDS)}, created_at, updated_at) "  # noqa: S608
            f"VALUES ({', '.join('?' for _ in range(len(LEAD_FIELDS) + 3))})",
            ByColumn([[batch_id] * size, *columns, stamp, stamp]),
        ),
        Statement(
            "INSERT INTO batch_files (batch_id, part, csv) VALUES (?, 0, ?)",
            (batch_id, zlib.compress(csv, 1)),
        ),
    ]


def insert_batch(*, values: Mapping[str, Any]) -> Statement:
    """The statement that makes the batch exist."""
    return Statement(
        f"INSERT INTO batches ({', '.join(BATCH_FIELDS)}) VALUES ({', '.join('?' for _ in BATCH_FIELDS)})",  # noqa: S608
        tuple(values[field] for field in BATCH_FIELDS),
    )


def insert_misses(*, batch_id: str, misses: Sequence[tuple[int, str, str, str | None]]) -> Statement:
    """The statement that keeps every row that did not go out: (row_number, kind, reason, company_name).

    All of them travel as one argument: a file may hold 200,000 rows that stay, and one lead that goes out.
    """
    return Statement(
        "INSERT INTO batch_misses (batch_id, row_number, kind, reason, company_name) "
        "SELECT ?, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), "
        "json_extract(value, '$[3]') FROM json_each(?)",
        (batch_id, json.dumps(misses, allow_nan=False)),
    )


def refuse_taken(*, batch_id: str, since: datetime | None) -> list[Statement]:
    """The statements that break the closing write when another export took one of these leads since `since`.

    How many were taken is put where only 0 is allowed: a count above it breaks the whole write. None (no
    look-back) gives no statements.
    """
    if since is None:
        return []
    mine = "(SELECT * FROM lead_outcomes WHERE batch_id = ?)"
    return [
        Statement(
            f"INSERT INTO leads_taken_meanwhile (taken) {_TAKEN_SINCE.format(mine=mine, key=key)}",
            (batch_id, batch_id, since, batch_id, since),
        )
        for key in _KEYS
    ] + [Statement("DELETE FROM leads_taken_meanwhile")]


def drop_staged(db: Database, *, batch_id: str) -> None:
    """Nothing; the parts of an export that was given up are gone."""
    db.write([Statement("DELETE FROM staged_exports WHERE batch_id = ?", (batch_id,))], bump=False)


def read_exported_before(
    db: Database,
    *,
    company_keys: Sequence[str],
    phones: Sequence[str],
    contact_ids: Sequence[str],
    since: datetime,
) -> pd.DataFrame:
    """One row per key that a closed batch exported since `since`.

    Columns: kind ('company_key', 'phone', 'contact_id'), key, batch_id, exported_at, exported_by (the
    newest).
    """
    wanted = dict(zip(_KEYS, (company_keys, phones, contact_ids), strict=True))
    found = db.read(
        [
            Statement(
                f"SELECT '{key}' AS kind, o.{key} AS key, o.batch_id, max(o.exported_at) AS exported_at, b.exported_by "  # noqa: S608
                f"FROM json_each(?) k CROSS JOIN lead_outcomes o ON o.{key} = k.value AND o.exported_at >= ? "
                "JOIN batches b ON b.batch_id = o.batch_id AND b.status = 'closed' GROUP BY o." + key,
                (json.dumps(list(dict.fromkeys(values))), since),
            )
            for key, values in wanted.items()
        ]
    )
    return pd.DataFrame(
        [row for rows in found for row in rows],
        columns=["kind", "key", "batch_id", "exported_at", "exported_by"],
    )


def read_batches(db: Database, *, limit: int = 200) -> pd.DataFrame:
    """One row per batch, newest first, with its counts and, per company, what became of it so far.

    Columns: all of `batches`, and companies, contacted, appointments, deliveries (companies that ever reached
    it).
    """
    # Leads and milestones are counted apart and joined by batch: company by company that takes six times as long.
    return db.frame(
        "WITH newest AS (SELECT * FROM batches ORDER BY exported_at DESC, batch_id DESC LIMIT ?) "
        "SELECT b.*, coalesce(l.companies, 0) AS companies, coalesce(m.contacted, 0) AS contacted, "
        "coalesce(m.appointments, 0) AS appointments, coalesce(m.deliveries, 0) AS deliveries FROM newest b "
        "LEFT JOIN (SELECT batch_id, count(DISTINCT company_key) AS companies FROM lead_outcomes "
        "WHERE batch_id IN (SELECT batch_id FROM newest) GROUP BY batch_id) l ON l.batch_id = b.batch_id "
        "LEFT JOIN (SELECT batch_id, count(coalesce(contacted_at, appointment_at, delivery_at)) AS contacted, "
        "count(coalesce(appointment_at, delivery_at)) AS appointments, count(delivery_at) AS deliveries "
        "FROM company_milestones WHERE batch_id IN (SELECT batch_id FROM newest) GROUP BY batch_id) m "
        "ON m.batch_id = b.batch_id ORDER BY b.exported_at DESC, b.batch_id DESC",
        (limit,),
    )


def read_batch(db: Database, *, batch_id: str) -> dict[str, Any] | None:
    """One batch with all its columns, or None."""
    rows = db.rows("SELECT * FROM batches WHERE batch_id = ?", (batch_id,))
    return rows[0] if rows else None


def read_batch_csv(db: Database, *, batch_id: str) -> bytes | None:
    """The bytes that were offered at export, or None for an unknown batch."""
    parts = db.rows("SELECT csv FROM batch_files WHERE batch_id = ? ORDER BY part", (batch_id,))
    return b"".join(zlib.decompress(row["csv"]) for row in parts) if parts else None


def read_misses(db: Database, *, batch_id: str, limit: int = 500) -> pd.DataFrame:
    """The rows that did not go out: row_number, kind, reason, company_name; by row_number."""
    return db.frame(
        "SELECT row_number, kind, reason, company_name FROM batch_misses WHERE batch_id = ? "
        "ORDER BY row_number LIMIT ?",
        (batch_id, limit),
    )


def read_batch_leads(db: Database, *, batch_id: str, limit: int = 500) -> pd.DataFrame:
    """The leads of a batch by score: company_name, state, zip_code, sic_code, hades_score, outcome,
    outcome_at, ...
    """
    return db.frame(
        "SELECT id, row_number, company_name, city, state, zip_code, sic_code, employee_count, distance_miles, "
        "hades_score, outcome, outcome_at, left_out_because FROM lead_outcomes WHERE batch_id = ? "
        "ORDER BY hades_score DESC, id LIMIT ?",
        (batch_id, limit),
    )


def mark_void(*, batch_id: str, reason: str, now: datetime, actor: str) -> Statement:
    """The statement that makes a batch void; the write breaks with a Conflict when it is void already."""
    return Statement(
        "UPDATE batches SET status = CASE status WHEN 'closed' THEN 'void' END, voided_at = ?, voided_by = ?, "
        "void_reason = ? WHERE batch_id = ?",  # a void one gets NULL, which the column does not take
        (now, actor, reason, batch_id),
    )


def read_score_counts(db: Database, *, limit: int = 5) -> pd.DataFrame:
    """How many leads of the newest closed batches had each score: batch_id, score, leads; newest batch first.

    Leads of the exploration slice are left out: they did not go out by their score.
    """
    return db.frame(
        "SELECT l.batch_id, l.hades_score AS score, count(*) AS leads FROM lead_outcomes l JOIN (SELECT batch_id, "
        "exported_at FROM batches WHERE status = 'closed' ORDER BY exported_at DESC, batch_id DESC LIMIT ?) b "
        "ON b.batch_id = l.batch_id WHERE l.hades_score IS NOT NULL AND l.inclusion_probability IS NULL "
        "GROUP BY l.batch_id, l.hades_score ORDER BY b.exported_at DESC, l.batch_id DESC, l.hades_score",
        (limit,),
    )


def find_leads(db: Database, *, search: str, limit: int = 50) -> pd.DataFrame:
    """Exported leads whose company name, city or ZIP contains `search`, newest first.

    Columns: id, company_name, city, state, batch_id, exported_at, hades_score, workflow_type, weight_version, outcome,
    web_domain, segment, source_features (JSON).
    """
    pattern = "%" + search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return db.frame(
        "SELECT id, company_name, city, state, batch_id, exported_at, hades_score, workflow_type, weight_version, "
        "outcome, web_domain, segment, source_features FROM lead_outcomes WHERE company_name LIKE ? ESCAPE '\\' OR city LIKE ? ESCAPE '\\' "
        "OR zip_code LIKE ? ESCAPE '\\' ORDER BY exported_at DESC, id LIMIT ?",
        (pattern, pattern, pattern, limit),
    )


def read_lead(db: Database, *, lead_id: int) -> dict[str, Any] | None:
    """One exported lead with the columns of `find_leads`, or None."""
    rows = db.rows(
        "SELECT id, company_name, city, state, batch_id, exported_at, hades_score, workflow_type, weight_version, "
        "outcome, web_domain, segment, source_features FROM lead_outcomes WHERE id = ?",
        (lead_id,),
    )
    return rows[0] if rows else None


def read_explored(db: Database) -> pd.DataFrame:
    """One row per company of a closed batch that went out by chance: batch_id, inclusion_probability,
    left_out_because, exported_on, delivered_on (ISO days; None while not delivered); oldest batch first.
    """
    return db.frame(
        "SELECT l.batch_id, max(l.inclusion_probability) AS inclusion_probability, min(l.left_out_because) AS left_out_because, "  # noqa: S608 - our own text
        f"{BATCH_DAY} AS exported_on, substr(min(m.delivery_at), 1, 10) AS delivered_on "
        "FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id AND b.status = 'closed' "
        "LEFT JOIN company_milestones m ON m.batch_id = l.batch_id AND m.company_key = l.company_key "
        "WHERE l.inclusion_probability IS NOT NULL GROUP BY l.batch_id, l.company_key ORDER BY l.batch_id, l.company_key"
    )
