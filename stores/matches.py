"""Which exported company each site in Zoho is, what people decided about it, and which sites wait for one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Many, Statement

_SITE_FIELDS = (
    "site", "status", "batch_id", "company_key", "named_batch", "company_name", "vanillasoft_id", "created_at",
    "milestones", "probability", "candidates", "why", "decided_by",
)  # fmt: skip
_LEAD = (
    "l.id AS lead_id, l.batch_id, l.company_key, l.company_name, l.company_id, l.contact_id, l.phone, l.other_phones, "
    "l.web_domain, l.street, l.city, l.state, l.zip_code, b.status, l.exported_at"
)


def upsert_sites(*, rows: Sequence[Mapping[str, Any]], now: datetime) -> Many:
    """The statement that keeps which company each site is; what was said before changes nothing."""
    changed = " OR ".join(f"{field} IS NOT excluded.{field}" for field in _SITE_FIELDS[1:])
    return Many(
        f"INSERT INTO zoho_sites ({', '.join(_SITE_FIELDS)}, changed_at) "  # noqa: S608 - names are our own
        f"VALUES ({', '.join('?' for _ in _SITE_FIELDS)}, ?) ON CONFLICT (site) DO UPDATE SET "
        f"{', '.join(f'{field} = excluded.{field}' for field in (*_SITE_FIELDS[1:], 'changed_at'))} WHERE {changed}",
        [(*(row[field] for field in _SITE_FIELDS), now) for row in rows],
    )


def drop_sites(*, sites: Sequence[str]) -> Many:
    """The statement that forgets sites whose records now belong to another one (a lead that became a deal)."""
    return Many(
        "DELETE FROM zoho_sites WHERE site = ? AND NOT EXISTS (SELECT 1 FROM zoho_records r WHERE r.site = zoho_sites.site)",
        [(site,) for site in sites],
    )


def count_statuses(db: Database, *, role: str, zoho_ids: Sequence[str]) -> dict[str, int]:
    """status → how many of these records of a role belong to a site of this status."""
    rows = db.rows(
        "SELECT coalesce(s.status, 'other') AS status, count(*) AS n FROM json_each(?) k "
        "JOIN zoho_records r ON r.role = ? AND r.zoho_id = k.value LEFT JOIN zoho_sites s ON s.site = r.site GROUP BY 1",
        (json.dumps(list(zoho_ids)), role),
    )
    return {str(row["status"]): int(row["n"]) for row in rows}


def read_history_sites(db: Database, *, after: str, limit: int) -> list[str]:
    """The next sites after `after` that come from our source and are older than the first export."""
    rows = db.rows(
        "SELECT site FROM zoho_sites WHERE status = 'history' AND site > ? ORDER BY site LIMIT ?",
        (after, limit),
    )
    return [str(row["site"]) for row in rows]


def read_all_companies(db: Database) -> pd.DataFrame:
    """One row per exported lead, as stores.outcomes.read_companies gives them, with exported_at."""
    return db.frame(
        f"SELECT {_LEAD} FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id ORDER BY l.id"  # noqa: S608
    )


def read_batch_companies(db: Database, *, batch_id: str) -> pd.DataFrame:
    """The same rows of one batch."""
    return db.frame(
        f"SELECT {_LEAD} FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id "  # noqa: S608
        "WHERE l.batch_id = ? ORDER BY l.id",
        (batch_id,),
    )


def read_known_vanillasoft(db: Database) -> list[dict[str, Any]]:
    """The VanillaSoft ID of every company that was matched: batch_id, company_key, vanillasoft_id."""
    return db.rows(
        "SELECT DISTINCT batch_id, company_key, vanillasoft_id FROM zoho_sites WHERE status = 'matched' "
        "AND vanillasoft_id IS NOT NULL ORDER BY 1, 2, 3"
    )


def read_exports_mark(db: Database) -> dict[str, Any]:
    """newest_lead (id of the last exported row, 0 with none) and first_export (its time, None with none)."""
    return db.rows(
        "SELECT coalesce(max(id), 0) AS newest_lead, min(exported_at) AS first_export FROM lead_outcomes"
    )[0]


# What people decide


def insert_decisions(
    *,
    zoho_ids: Sequence[str],
    batch_id: str | None,
    company_key: str | None,
    actor: str,
    now: datetime,
    reason: str | None,
    undone: bool = False,
) -> Many:
    """The statement that records what a person said about the records of a site; None and None: none of ours.

    `undone`: nothing, after all; the evidence decides again.
    """
    return Many(
        "INSERT INTO match_decisions (zoho_id, batch_id, company_key, decided_by, decided_at, reason, undone) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(zoho_id, batch_id, company_key, actor, now, reason, undone) for zoho_id in zoho_ids],
    )


DECISIONS = (
    "SELECT d.zoho_id, d.batch_id, d.company_key, d.decided_by, d.undone FROM {ids} k "
    "JOIN match_decisions d ON d.zoho_id = k.value ORDER BY d.id"
)


def read_decisions(db: Database, *, zoho_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """zoho_id → what a person last said about the record: batch_id, company_key, decided_by. Undone ones are left out."""
    return standing_decisions(db.rows(DECISIONS.format(ids="json_each(?)"), (json.dumps(list(zoho_ids)),)))


def standing_decisions(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The same out of the rows of DECISIONS."""
    newest = {str(row["zoho_id"]): dict(row) for row in rows}
    return {zoho_id: row for zoho_id, row in newest.items() if not row["undone"]}


def read_decided(db: Database, *, limit: int = 100) -> pd.DataFrame:
    """Sites that a person decided about, the newest decision first.

    Columns: site, company_name (as Zoho spells it), batch_id, exported_name (both missing: none of ours), decided_by,
    decided_at, reason.
    """
    return db.frame(
        "SELECT s.site, s.company_name, s.batch_id, (SELECT min(l.company_name) FROM lead_outcomes l WHERE "
        "l.batch_id = s.batch_id AND l.company_key = s.company_key) AS exported_name, d.decided_by, d.decided_at, d.reason "
        "FROM (SELECT r.site, max(m.id) AS id FROM match_decisions m JOIN zoho_records r ON r.zoho_id = m.zoho_id "
        "AND r.role IN ('leads', 'deals', 'deliveries') GROUP BY r.site) newest "
        "JOIN match_decisions d ON d.id = newest.id AND d.undone = 0 "
        "JOIN zoho_sites s ON s.site = newest.site AND s.decided_by IS NOT NULL ORDER BY d.id DESC LIMIT ?",
        (limit,),
    )


def read_reviews(db: Database, *, limit: int = 200) -> pd.DataFrame:
    """Sites that a person has to look at, those with outcomes first.

    Columns: site, company_name, named_batch, milestones, probability, candidates (JSON), why, created_at.
    """
    return db.frame(
        "SELECT site, company_name, named_batch, milestones, probability, candidates, why, created_at FROM zoho_sites "
        "WHERE status = 'review' ORDER BY milestones DESC, probability DESC, site LIMIT ?",
        (limit,),
    )


def count_reviews(db: Database) -> int:
    """How many sites wait for a person."""
    return int(db.rows("SELECT count(*) AS n FROM zoho_sites WHERE status = 'review'")[0]["n"])


_FIRST = "(SELECT site FROM zoho_sites WHERE status = 'review' ORDER BY milestones DESC, probability DESC, site LIMIT 1)"


def read_evidence(db: Database, *, site: str | None) -> dict[str, Any]:
    """All that is known about one site, for a person to compare, in one round trip; None: the first that read_reviews gives.

    site: its row of zoho_sites, or None when there is no such site; records: role, zoho_id, facts (parsed), deleted_at;
    leads: one row per exported contact of every candidate, as read_batch_companies gives them.
    """
    sites, records, leads = db.read(
        [
            Statement(f"SELECT * FROM zoho_sites WHERE site = coalesce(?, {_FIRST})", (site,)),  # noqa: S608
            Statement(
                f"SELECT role, zoho_id, facts, deleted_at FROM zoho_records WHERE site = coalesce(?, {_FIRST}) ORDER BY "  # noqa: S608
                "CASE role WHEN 'leads' THEN 1 WHEN 'deals' THEN 2 ELSE 3 END, CAST(zoho_id AS INTEGER)",
                (site,),
            ),
            Statement(
                f"SELECT {_LEAD} FROM zoho_sites s, json_each(s.candidates) c "  # noqa: S608 - names are our own
                "JOIN lead_outcomes l ON l.batch_id = json_extract(c.value, '$.batch_id') "
                "AND l.company_key = json_extract(c.value, '$.company_key') "
                f"JOIN batches b ON b.batch_id = l.batch_id WHERE s.site = coalesce(?, {_FIRST}) ORDER BY l.id",
                (site,),
            ),
        ]
    )
    return {
        "site": sites[0] if sites else None,
        "records": [row | {"facts": json.loads(row["facts"])} for row in records],
        "leads": leads,
    }
