"""What Zoho said when it was last read, how far the reading came, and what is known about this Zoho."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from stores import matches
from turso_db import Database, Many, Statement

# A delivery that was put to its deal by its VanillaSoft ID stays there while it has no link of its own.
_SITE_NOW = (
    "CASE WHEN excluded.site LIKE 'delivery:%' AND zoho_records.site LIKE 'deal:%' "
    "AND excluded.vanillasoft_id = zoho_records.vanillasoft_id THEN zoho_records.site ELSE excluded.site END"
)


def upsert_records(*, rows: Sequence[tuple[Any, ...]], now: datetime) -> list[Statement]:
    """The statements that keep records as read: (role, zoho_id, site, batch_id, vanillasoft_id, facts).

    A record that says what it said before changes nothing; one that was deleted or missing is back. A site that one of
    them belonged to so far is settled again. All travel as one argument: a page of records is one round trip.
    """
    kept = json.dumps(rows, ensure_ascii=False)
    values = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(6))
    return [
        Statement(
            "UPDATE zoho_records SET settled = 0 WHERE site IN (SELECT r.site FROM json_each(?) JOIN zoho_records r "
            "ON r.role = json_extract(value, '$[0]') AND r.zoho_id = json_extract(value, '$[1]') "
            "AND r.site <> json_extract(value, '$[2]'))",
            (json.dumps([row[:3] for row in rows]),),
        ),
        Statement(
            "INSERT INTO zoho_records (role, zoho_id, site, batch_id, vanillasoft_id, facts, first_seen_at, changed_at) "  # noqa: S608
            f"SELECT {values}, ?, ? FROM json_each(?) WHERE true ON CONFLICT (role, zoho_id) DO UPDATE SET "
            f"site = {_SITE_NOW}, "
            "batch_id = excluded.batch_id, vanillasoft_id = excluded.vanillasoft_id, facts = excluded.facts, "
            "changed_at = excluded.changed_at, deleted_at = NULL, missing_since = NULL, settled = 0 "
            f"WHERE facts <> excluded.facts OR site <> {_SITE_NOW} OR deleted_at IS NOT NULL "
            "OR missing_since IS NOT NULL",
            (now, now, kept),
        ),
    ]


def read_live_ids(db: Database, *, role: str) -> set[str]:
    """The ids of all records of a role that are neither deleted nor missing."""
    rows = db.rows(
        "SELECT zoho_id FROM zoho_records WHERE role = ? AND deleted_at IS NULL AND missing_since IS NULL",
        (role,),
    )
    return {str(row["zoho_id"]) for row in rows}


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


class Unsettled(NamedTuple):
    """Sites of which a record changed since outcomes were drawn from it, and all that is known about them."""

    sites: list[str]  # those of one batch together
    newest_decision: int  # the number of the newest decision of a person, 0 with none
    records: list[dict[str, Any]]  # as read_site_records gives them
    before: dict[str, dict[str, Any]]  # site → its row of zoho_sites, for those settled before
    decisions: dict[str, dict[str, Any]]  # as matches.read_decisions gives them
    milestones: list[
        dict[str, Any]
    ]  # id, source_key, milestone, happened_at, batch_id, company_key; oldest first
    # standing (1, or 0 where a later row takes it back), held (1 where a person took it back)


_SOME = "SELECT DISTINCT site FROM zoho_records WHERE settled = 0 ORDER BY site LIMIT ?"
_SOME_SITES = f"(SELECT json_group_array(site) FROM ({_SOME}))"  # noqa: S608
_SOME_IDS = f"(SELECT DISTINCT zoho_id AS value FROM zoho_records WHERE site IN ({_SOME}))"  # noqa: S608
_RECORDS = (
    "SELECT r.site, r.role, r.zoho_id, r.facts, r.deleted_at FROM json_each({sites}) k "
    "JOIN zoho_records r ON r.site = k.value ORDER BY r.site, "
    "CASE r.role WHEN 'leads' THEN 1 WHEN 'deals' THEN 2 ELSE 3 END, CAST(r.zoho_id AS INTEGER)"
)


def read_unsettled(db: Database, *, limit: int) -> Unsettled:
    """At most `limit` sites that wait to be settled, in one round trip; no sites when all are."""
    sites, newest, records, before, decisions, milestones = db.read(
        [
            Statement(
                "SELECT site, max(batch_id) AS batch_id FROM zoho_records "  # noqa: S608 - the text is our own
                f"WHERE site IN ({_SOME}) GROUP BY site ORDER BY batch_id, site",
                (limit,),
            ),
            Statement("SELECT coalesce(max(id), 0) AS id FROM match_decisions"),
            Statement(_RECORDS.format(sites=_SOME_SITES), (limit,)),
            Statement(f"SELECT s.* FROM zoho_sites s WHERE s.site IN ({_SOME})", (limit,)),  # noqa: S608
            Statement(matches.DECISIONS.format(ids=_SOME_IDS), (limit,)),
            Statement(
                "SELECT m.id, m.source_key, m.milestone, m.happened_at, m.batch_id, m.company_key, "  # noqa: S608
                "NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id) AS standing, "
                "EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id AND r.source <> 'zoho') AS held "
                f"FROM {_SOME_IDS} k CROSS JOIN outcome_milestones m ON m.source = 'zoho' AND m.milestone <> 'retracted' "
                "AND m.source_key >= k.value || ':' AND m.source_key < k.value || ';' ORDER BY m.id",
                (limit,),
            ),
        ]
    )
    return Unsettled(
        [str(row["site"]) for row in sites],
        int(newest[0]["id"]),
        _with_facts(records),
        {str(row["site"]): row for row in before},
        matches.standing_decisions(decisions),
        milestones,
    )


def read_site_records(db: Database, *, sites: Sequence[str]) -> list[dict[str, Any]]:
    """All records of these sites: site, role, zoho_id, facts (parsed), deleted_at; leads first, then by id."""
    return _with_facts(db.rows(_RECORDS.format(sites="?"), (json.dumps(list(sites)),)))


def _with_facts(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"facts": json.loads(row["facts"])} for row in records]


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


def count_sources(db: Database) -> dict[str, int]:
    """Lead source as Zoho spells it → how many records have it, by name."""
    rows = db.rows(
        "SELECT json_extract(facts, '$.source') AS source, count(*) AS n FROM zoho_records "
        "WHERE deleted_at IS NULL AND json_extract(facts, '$.source') IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return {str(row["source"]): int(row["n"]) for row in rows}
