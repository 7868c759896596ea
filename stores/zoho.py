"""What Zoho said, which exported company each of its sites is, and how far the reading came."""

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

# A delivery that was put to its deal by its VanillaSoft ID stays there while it has no link of its own.
_SITE_NOW = (
    "CASE WHEN excluded.site LIKE 'delivery:%' AND zoho_records.site LIKE 'deal:%' "
    "AND excluded.vanillasoft_id = zoho_records.vanillasoft_id THEN zoho_records.site ELSE excluded.site END"
)


def upsert_records(*, rows: Sequence[tuple[Any, ...]], now: datetime) -> Many:
    """The statement that keeps records as read: (role, zoho_id, site, batch_id, vanillasoft_id, facts).

    A record that says what it said before changes nothing; one that was deleted or missing is back.
    """
    return Many(
        "INSERT INTO zoho_records (role, zoho_id, site, batch_id, vanillasoft_id, facts, first_seen_at, changed_at) "  # noqa: S608
        f"VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (role, zoho_id) DO UPDATE SET site = {_SITE_NOW}, "
        "batch_id = excluded.batch_id, vanillasoft_id = excluded.vanillasoft_id, facts = excluded.facts, "
        "changed_at = excluded.changed_at, deleted_at = NULL, missing_since = NULL, settled = 0 "
        f"WHERE facts <> excluded.facts OR site <> {_SITE_NOW} OR deleted_at IS NOT NULL "
        "OR missing_since IS NOT NULL",
        [(*row, now, now) for row in rows],
    )


def read_live_ids(db: Database, *, role: str) -> set[str]:
    """The ids of all records of a role that are neither deleted nor missing."""
    rows = db.rows(
        "SELECT zoho_id FROM zoho_records WHERE role = ? AND deleted_at IS NULL AND missing_since IS NULL",
        (role,),
    )
    return {str(row["zoho_id"]) for row in rows}


def read_moved_sites(db: Database, *, role: str, sites: Mapping[str, str]) -> list[str]:
    """The sites that these records (id → site) belonged to so far, where that was another one."""
    rows = db.rows(
        "SELECT DISTINCT r.site FROM json_each(?) k JOIN zoho_records r ON r.role = ? AND r.zoho_id = k.key "
        "AND r.site <> k.value ORDER BY 1",
        (json.dumps(dict(sites)), role),
    )
    return [str(row["site"]) for row in rows]


def mark_deleted(*, role: str, deleted: Sequence[tuple[str, str]], now: datetime) -> Many:
    """The statement that notes deletions: (zoho_id, deleted_at). Unknown and already noted records change nothing."""
    return Many(
        "UPDATE zoho_records SET deleted_at = ?, missing_since = NULL, changed_at = ?, settled = 0 "
        "WHERE role = ? AND zoho_id = ? AND deleted_at IS NULL",
        [(at, now, role, zoho_id) for zoho_id, at in deleted],
    )


def mark_missing(*, role: str, zoho_ids: Sequence[str], now: datetime) -> Many:
    """The statement that notes records which a whole reading did not show. It takes nothing back."""
    return Many(
        "UPDATE zoho_records SET missing_since = ? WHERE role = ? AND zoho_id = ? AND deleted_at IS NULL "
        "AND missing_since IS NULL",
        [(now, role, zoho_id) for zoho_id in zoho_ids],
    )


def read_known(db: Database, *, role: str, zoho_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are here and not noted as deleted."""
    rows = db.rows(
        "SELECT r.zoho_id FROM json_each(?) k JOIN zoho_records r ON r.role = ? AND r.zoho_id = k.value "
        "AND r.deleted_at IS NULL",
        (json.dumps(list(zoho_ids)), role),
    )
    return {str(row["zoho_id"]) for row in rows}


def count_deliveries(db: Database, *, zoho_ids: Sequence[str] | None = None) -> int:
    """How many of these records (None: of all) stand for a delivery now."""
    if zoho_ids is None:
        return int(
            db.rows(
                "SELECT count(*) AS n FROM standing_milestones WHERE source = 'zoho' AND milestone = 'delivery'"
            )[0]["n"]
        )
    return int(
        db.rows(
            "SELECT count(*) AS n FROM json_each(?) k JOIN standing_milestones m ON m.source = 'zoho' "
            "AND m.milestone = 'delivery' AND m.source_key >= k.value || ':' AND m.source_key < k.value || ';'",
            (json.dumps(list(zoho_ids)),),
        )[0]["n"]
    )


# Settling: from records to outcomes


def read_unsettled_stages(db: Database, *, role: str) -> set[str]:
    """The stages of the records of a role that changed since outcomes were drawn from them."""
    rows = db.rows(
        "SELECT DISTINCT json_extract(facts, '$.stage') AS stage FROM zoho_records WHERE settled = 0 AND role = ?",
        (role,),
    )
    return {str(row["stage"]) for row in rows if row["stage"] is not None}


def read_unsettled_sites(db: Database, *, limit: int) -> list[str]:
    """Sites of which a record changed since outcomes were drawn from it, those of one batch together."""
    rows = db.rows(
        "SELECT site, max(batch_id) AS batch_id FROM zoho_records WHERE site IN "
        "(SELECT site FROM zoho_records WHERE settled = 0 ORDER BY site LIMIT ?) GROUP BY site ORDER BY batch_id, site",
        (limit,),
    )
    return [str(row["site"]) for row in rows]


def read_site_records(db: Database, *, sites: Sequence[str]) -> list[dict[str, Any]]:
    """All records of these sites: site, role, zoho_id, facts (parsed), deleted_at; leads first, then by id."""
    rows = db.rows(
        "SELECT r.site, r.role, r.zoho_id, r.facts, r.deleted_at FROM json_each(?) k "
        "JOIN zoho_records r ON r.site = k.value ORDER BY r.site, "
        "CASE r.role WHEN 'leads' THEN 1 WHEN 'deals' THEN 2 ELSE 3 END, CAST(r.zoho_id AS INTEGER)",
        (json.dumps(list(sites)),),
    )
    return [row | {"facts": json.loads(row["facts"])} for row in rows]


def read_sites(db: Database, *, sites: Sequence[str]) -> dict[str, dict[str, Any]]:
    """site → its row, for the sites that were settled before."""
    rows = db.rows(
        "SELECT s.* FROM json_each(?) k JOIN zoho_sites s ON s.site = k.value", (json.dumps(list(sites)),)
    )
    return {str(row["site"]): row for row in rows}


def read_decisions(db: Database, *, zoho_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What people said about these records, oldest first: zoho_id, batch_id, company_key, decided_by."""
    return db.rows(
        "SELECT d.zoho_id, d.batch_id, d.company_key, d.decided_by FROM json_each(?) k "
        "JOIN match_decisions d ON d.zoho_id = k.value ORDER BY d.id",
        (json.dumps(list(zoho_ids)),),
    )


def read_record_milestones(db: Database, *, zoho_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every milestone that came from these records: id, source_key, milestone, happened_at, batch_id, company_key,
    standing (1, or 0 where a later row takes it back), held (1 where a person took it back); oldest first."""
    return db.rows(
        "SELECT m.id, m.source_key, m.milestone, m.happened_at, m.batch_id, m.company_key, "
        "NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id) AS standing, "
        "EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id AND r.source <> 'zoho') AS held "
        "FROM json_each(?) k JOIN outcome_milestones m ON m.source = 'zoho' AND m.milestone <> 'retracted' "
        "AND m.source_key >= k.value || ':' AND m.source_key < k.value || ';' ORDER BY m.id",
        (json.dumps(list(zoho_ids)),),
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


def reopen_unmatched(*, sites: Sequence[str]) -> Many:
    """The statement that opens rows of the unmatched log again whose site found its company and lost it."""
    return Many(
        "UPDATE unmatched_outcomes SET resolved_at = NULL, resolution = NULL WHERE source = 'zoho' AND source_key = ? "
        "AND resolved_at IS NOT NULL",
        [(site,) for site in sites],
    )


def drop_sites(*, sites: Sequence[str]) -> Many:
    """The statement that forgets sites whose records now belong to another one (a lead that became a deal)."""
    return Many(
        "DELETE FROM zoho_sites WHERE site = ? AND NOT EXISTS (SELECT 1 FROM zoho_records r WHERE r.site = zoho_sites.site)",
        [(site,) for site in sites],
    )


def read_newest_decision(db: Database) -> int:
    """The number of the newest decision of a person, 0 with none."""
    return int(db.rows("SELECT coalesce(max(id), 0) AS newest FROM match_decisions")[0]["newest"])


def mark_settled(*, sites: Sequence[str], newest_decision: int) -> Many:
    """The statement that says outcomes were drawn from the present state of these sites.

    A site about which somebody decided after `newest_decision` stays unsettled.
    """
    return Many(
        "UPDATE zoho_records SET settled = 1 WHERE site = ? AND settled = 0 AND NOT EXISTS "
        "(SELECT 1 FROM match_decisions d JOIN zoho_records r ON r.zoho_id = d.zoho_id "
        "WHERE d.id > ? AND r.site = zoho_records.site)",
        [(site, newest_decision) for site in sites],
    )


def unsettle(*, sites: Sequence[str]) -> Many:
    """The statement that has these sites settled again."""
    return Many("UPDATE zoho_records SET settled = 0 WHERE site = ?", [(site,) for site in sites])


def unsettle_open() -> Statement:
    """The statement that has every site settled again which found no company so far: new leads were exported."""
    return Statement(
        "UPDATE zoho_records SET settled = 0 WHERE settled = 1 AND site IN "
        "(SELECT site FROM zoho_sites WHERE status IN ('review', 'unmatched', 'history') AND decided_by IS NULL)"
    )


def unsettle_all() -> Statement:
    """The statement that has everything settled again: the rules changed."""
    return Statement("UPDATE zoho_records SET settled = 0 WHERE settled = 1")


def join_by_vanillasoft() -> Statement:
    """The statement that puts deliveries without a link to the deal with the same VanillaSoft ID, where it is one."""
    return Statement(
        "UPDATE zoho_records SET settled = 0, site = (SELECT min(d.site) FROM zoho_records d WHERE d.role = 'deals' "
        "AND d.vanillasoft_id = zoho_records.vanillasoft_id) WHERE role = 'deliveries' AND site LIKE 'delivery:%' "
        "AND vanillasoft_id IS NOT NULL AND (SELECT count(*) FROM zoho_records d WHERE d.role = 'deals' "
        "AND d.vanillasoft_id = zoho_records.vanillasoft_id) = 1"
    )


def read_all_companies(db: Database) -> pd.DataFrame:
    """One row per exported lead, as stores.outcomes.read_companies gives them, with exported_at."""
    return db.frame(
        "SELECT l.id AS lead_id, l.batch_id, l.company_key, l.company_name, l.company_id, l.contact_id, l.phone, "
        "l.other_phones, l.web_domain, l.street, l.city, l.state, l.zip_code, b.status, l.exported_at "
        "FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id ORDER BY l.id"
    )


def read_batch_companies(db: Database, *, batch_id: str) -> pd.DataFrame:
    """The same rows of one batch."""
    return db.frame(
        "SELECT l.id AS lead_id, l.batch_id, l.company_key, l.company_name, l.company_id, l.contact_id, l.phone, "
        "l.other_phones, l.web_domain, l.street, l.city, l.state, l.zip_code, b.status, l.exported_at "
        "FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id WHERE l.batch_id = ? ORDER BY l.id",
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


def count_statuses(db: Database, *, role: str, zoho_ids: Sequence[str]) -> dict[str, int]:
    """status → how many of these records of a role belong to a site of this status."""
    rows = db.rows(
        "SELECT coalesce(s.status, 'other') AS status, count(*) AS n FROM json_each(?) k "
        "JOIN zoho_records r ON r.role = ? AND r.zoho_id = k.value LEFT JOIN zoho_sites s ON s.site = r.site GROUP BY 1",
        (json.dumps(list(zoho_ids)), role),
    )
    return {str(row["status"]): int(row["n"]) for row in rows}


# Bookmarks and set-up


def read_bookmarks(db: Database) -> dict[str, dict[str, Any]]:
    """role → modified_until, profile_sha256, full_at."""
    return {str(row["role"]): row for row in db.rows("SELECT * FROM zoho_bookmarks")}


def set_bookmark(
    *, role: str, modified_until: str | None, profile_sha256: str, run_id: int, now: datetime, full: bool
) -> Statement:
    """The statement that moves a bookmark; never back, unless the profile is another one."""
    return Statement(
        "INSERT INTO zoho_bookmarks (role, modified_until, profile_sha256, full_at, run_id) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (role) DO UPDATE SET modified_until = CASE WHEN profile_sha256 = excluded.profile_sha256 "
        "THEN max(coalesce(modified_until, ''), coalesce(excluded.modified_until, modified_until, '')) "
        "ELSE excluded.modified_until END, profile_sha256 = excluded.profile_sha256, run_id = excluded.run_id, "
        "full_at = CASE WHEN ? THEN excluded.full_at ELSE full_at END",
        (role, modified_until, profile_sha256, now, run_id, full),
    )


def read_setup(db: Database, *, key: str) -> Any | None:
    """What was noted about this Zoho under `key`, or None."""
    rows = db.rows("SELECT value FROM zoho_setup WHERE key = ?", (key,))
    return json.loads(rows[0]["value"]) if rows else None


def note_setup(*, key: str, value: Any, now: datetime) -> Statement:
    """The statement that notes it; the same again changes nothing."""
    return Statement(
        "INSERT INTO zoho_setup (key, value, checked_at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
        "value = excluded.value, checked_at = excluded.checked_at WHERE value <> excluded.value",
        (key, json.dumps(value, sort_keys=True), now),
    )


# The review queue and the chain of custody


def insert_decision(
    *,
    zoho_id: str,
    batch_id: str | None,
    company_key: str | None,
    actor: str,
    now: datetime,
    reason: str | None,
) -> Statement:
    """The statement that records what a person said about a record; None and None: none of ours."""
    return Statement(
        "INSERT INTO match_decisions (zoho_id, batch_id, company_key, decided_by, decided_at, reason) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (zoho_id, batch_id, company_key, actor, now, reason),
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


def read_chain(db: Database) -> dict[str, int]:
    """The chain of custody: companies of closed batches, and sites in Zoho that are or may be ours.

    exported = in_zoho + not_in_zoho; sites = with_batch_id + without_batch_id = matched + review + unmatched;
    matched = with_outcome + without_outcome. Also: matched_with_id, id_lost_at_conversion (the lead has the batch ID,
    its deal does not).
    """
    row = db.rows(
        "SELECT (SELECT count(*) FROM company_outcomes c JOIN batches b ON b.batch_id = c.batch_id "
        "AND b.status = 'closed') AS exported, "
        "(SELECT count(*) FROM company_outcomes c JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' "
        "WHERE EXISTS (SELECT 1 FROM zoho_sites s WHERE s.status = 'matched' AND s.batch_id = c.batch_id "
        "AND s.company_key = c.company_key)) AS in_zoho, "
        "count(*) AS sites, coalesce(sum(named_batch IS NOT NULL), 0) AS with_batch_id, "
        "coalesce(sum(status = 'matched'), 0) AS matched, coalesce(sum(status = 'review'), 0) AS review, "
        "coalesce(sum(status = 'unmatched'), 0) AS unmatched, "
        "coalesce(sum(status = 'matched' AND named_batch IS NOT NULL), 0) AS matched_with_id, "
        "coalesce(sum(status = 'matched' AND milestones > 0), 0) AS with_outcome, "
        "(SELECT count(*) FROM zoho_records l JOIN zoho_records d ON d.site = l.site AND d.role = 'deals' "
        "AND d.batch_id IS NULL WHERE l.role = 'leads' AND l.batch_id IS NOT NULL) AS id_lost_at_conversion "
        "FROM zoho_sites WHERE status IN ('matched', 'review', 'unmatched')"
    )[0]
    return {
        **{key: int(value) for key, value in row.items()},
        "not_in_zoho": int(row["exported"]) - int(row["in_zoho"]),
        "without_batch_id": int(row["sites"]) - int(row["with_batch_id"]),
        "without_outcome": int(row["matched"]) - int(row["with_outcome"]),
    }


def read_history_sites(db: Database, *, after: str, limit: int) -> list[str]:
    """The next sites after `after` that come from our source and are older than the first export."""
    rows = db.rows(
        "SELECT site FROM zoho_sites WHERE status = 'history' AND site > ? ORDER BY site LIMIT ?",
        (after, limit),
    )
    return [str(row["site"]) for row in rows]


def count_sources(db: Database) -> dict[str, int]:
    """Lead source as Zoho spells it → how many records have it, by name."""
    rows = db.rows(
        "SELECT json_extract(facts, '$.source') AS source, count(*) AS n FROM zoho_records "
        "WHERE deleted_at IS NULL AND json_extract(facts, '$.source') IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return {str(row["source"]): int(row["n"]) for row in rows}
