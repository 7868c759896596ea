"""Taking the demo world away: what is of it by its marks, what hangs on it, and the statements of the one write.

Triggers hold the same marks: while the demo leaves, the database itself keeps every row that is not of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from turso_db import Database, Statement

_BATCHES = "SELECT batch_id FROM batches WHERE json_extract(parameters, '$.demo') IS NOT NULL"
_LEGACY = (
    "IN (SELECT started_at FROM demo_deal_imports)"  # an earlier release marked the demo's deals as of a file
)
_DEALS = f"(source = 'demo' OR source = 'file' AND first_seen_at {_LEGACY} AND updated_at = first_seen_at)"  # a later file's are own
_SCORED = f"(source, deal_id) IN (SELECT source, deal_id FROM deals WHERE {_DEALS})"  # noqa: S608 - the text is our own
_SYNCS = "started_by = 'Demo import' AND (note LIKE 'demo\\_%' ESCAPE '\\')"
# An operator whom somebody made their own stays: named by an own batch, edited, or known to Zoho.
_OWN_BATCH = f"SELECT 1 FROM batches b WHERE b.operator_id = operators.id AND b.batch_id NOT IN ({_BATCHES})"  # noqa: S608
_OPERATORS = (
    "id IN (SELECT operator_id FROM demo_operators) AND updated_at = created_at AND zoho_account_id IS NULL "  # noqa: S608 - the text is our own
    f"AND NOT EXISTS ({_OWN_BATCH})"
)
_SAID = f"milestone <> 'retracted' AND source <> 'demo' AND batch_id IN ({_BATCHES})"
# Whether version back_to has another text than the one in force: there is something to roll back to.
_OTHER_SCORES = (
    "(SELECT sha256 FROM weight_versions WHERE version = back_to) "
    "<> (SELECT sha256 FROM weight_versions ORDER BY version DESC LIMIT 1)"
)
_BECAUSE = "It was said about an invented company of the demo, which was removed."


def read_leaving(db: Database) -> dict[str, int]:
    """What would go, by kind: batches, leads, leads_called_before, outcomes, unmatched, operators, deals,
    pipeline_scores, lead_summaries_viewed, imports."""
    row: dict[str, int] = db.rows(
        f"SELECT (SELECT count(*) FROM ({_BATCHES})) AS batches, "  # noqa: S608 - the text is our own
        f"(SELECT count(*) FROM lead_outcomes WHERE batch_id IN ({_BATCHES})) AS leads, "
        "(SELECT count(*) FROM historical_outcomes WHERE source = 'demo') AS leads_called_before, "
        "(SELECT count(*) FROM outcome_milestones WHERE source = 'demo') AS outcomes, "
        "(SELECT count(*) FROM unmatched_outcomes WHERE source = 'demo') AS unmatched, "
        f"(SELECT count(*) FROM operators WHERE {_OPERATORS}) AS operators, "
        f"(SELECT count(*) FROM deals WHERE {_DEALS}) AS deals, "
        f"(SELECT count(*) FROM pipeline_scores WHERE {_SCORED}) AS pipeline_scores, "
        f"(SELECT count(*) FROM summary_views v JOIN lead_outcomes l ON l.id = v.lead_id WHERE l.batch_id IN ({_BATCHES})) "
        "AS lead_summaries_viewed, "
        f"(SELECT count(*) FROM sync_runs WHERE {_SYNCS}) AS imports"
    )[0]
    return row


def read_staying(db: Database) -> dict[str, int]:
    """What would stay, by kind: batches, leads, leads_called_before, outcomes, operators, deals, versions of the
    scores, calibration_runs; and `set_aside`, outcomes that were said about invented companies."""
    row: dict[str, int] = db.rows(
        f"SELECT (SELECT count(*) FROM batches WHERE batch_id NOT IN ({_BATCHES})) AS batches, "  # noqa: S608
        f"(SELECT count(*) FROM lead_outcomes WHERE batch_id NOT IN ({_BATCHES})) AS leads, "
        "(SELECT count(*) FROM historical_outcomes WHERE source <> 'demo') AS leads_called_before, "
        f"(SELECT count(*) FROM outcome_milestones WHERE source <> 'demo' AND batch_id NOT IN ({_BATCHES})) AS outcomes, "
        f"(SELECT count(*) FROM operators WHERE NOT ({_OPERATORS})) AS operators, "
        f"(SELECT count(*) FROM deals WHERE NOT {_DEALS}) AS deals, "
        "(SELECT count(*) FROM weight_versions) AS versions, "
        "(SELECT count(*) FROM calibration_runs) AS calibration_runs, "
        f"(SELECT count(*) FROM outcome_milestones WHERE {_SAID}) AS set_aside"
    )[0]
    return row


def read_knots(db: Database) -> dict[str, int]:
    """Where demo and own data hang together and cannot be parted, by kind: zoho (sites in Zoho that are, or may be, an
    invented company, and decisions and outcomes that say so), history (invented companies that an own file changed).
    """
    row: dict[str, int] = db.rows(
        f"SELECT (SELECT count(*) FROM zoho_sites WHERE status IN ('matched', 'review') AND batch_id IN ({_BATCHES})) "  # noqa: S608
        f"+ (SELECT count(*) FROM match_decisions WHERE batch_id IN ({_BATCHES})) "
        f"+ (SELECT count(*) FROM outcome_milestones WHERE source = 'zoho' AND batch_id IN ({_BATCHES})) AS zoho, "
        "(SELECT count(DISTINCT h.id) FROM historical_outcomes h JOIN historical_changes c ON c.historical_id = h.id "
        "WHERE h.source = 'demo') AS history"
    )[0]
    return row


def read_rests_on_demo(db: Database) -> dict[str, Any]:
    """What was learned while the demo was in: weight_version in force, back_to (the version before the first approval
    since it came; None without one, and where the scores are again as before), last_run, last_model (0 before any),
    models_in_force (workflows that a model learned from it scores)."""
    row: dict[str, Any] = db.rows(
        "WITH resting AS (SELECT version FROM weight_versions WHERE kind = 'approval' "  # noqa: S608 - the text is our own
        "AND created_at >= (SELECT started_at FROM demo_load)), "
        "undone AS (SELECT coalesce(max(version), 0) AS at FROM weight_versions WHERE sha256 IN "
        "(SELECT sha256 FROM weight_versions WHERE version < (SELECT min(version) FROM resting))), "
        "first AS (SELECT min(version) - 1 AS back_to FROM resting, undone WHERE version > at) "
        "SELECT coalesce((SELECT max(version) FROM weight_versions), 0) AS weight_version, "
        f"(SELECT CASE WHEN {_OTHER_SCORES} THEN back_to END FROM first) AS back_to, "
        "coalesce((SELECT max(run_id) FROM calibration_runs), 0) AS last_run, "
        "coalesce((SELECT max(version) FROM lead_models), 0) AS last_model, "
        "(SELECT json_group_array(workflow) FROM model_in_force WHERE version IS NOT NULL) AS models_in_force"
    )[0]
    return row | {"models_in_force": sorted(json.loads(row["models_in_force"]))}


def read_removal(db: Database) -> dict[str, Any] | None:
    """The newest removal: removed_at, removed_by, seed, counts, last_run, last_model, back_to (None where nothing rests on
    the demo, or somebody changed the scores since), or None when the demo was never removed.
    """
    rows = db.rows(
        "SELECT removed_at, removed_by, seed, counts, last_run, last_model, "  # noqa: S608 - the text is our own
        f"CASE WHEN weight_version = (SELECT max(version) FROM weight_versions) AND {_OTHER_SCORES} THEN back_to END AS back_to "
        "FROM demo_removals ORDER BY removal_id DESC LIMIT 1"
    )
    return rows[0] | {"counts": json.loads(rows[0]["counts"])} if rows else None


def read_leaving_ids(db: Database) -> dict[str, list[int]]:
    """The ids of what goes and would not be known any more once other rows are gone: operators, and snapshots of the
    pipeline that hold scores of invented deals alone.
    """
    found = db.rows(
        f"SELECT 'operators' AS what, id FROM operators WHERE {_OPERATORS} UNION ALL "  # noqa: S608
        f"SELECT 'snapshots', snapshot_id FROM pipeline_scores GROUP BY snapshot_id HAVING min({_SCORED})"
    )
    return {
        what: [int(row["id"]) for row in found if row["what"] == what] for what in ("operators", "snapshots")
    }


def read_touched(db: Database) -> list[tuple[str, str]]:
    """The companies of own batches that an invented outcome was matched to: (batch_id, company_key)."""
    rows = db.rows(
        "SELECT DISTINCT batch_id, company_key FROM outcome_milestones "  # noqa: S608
        f"WHERE source = 'demo' AND batch_id NOT IN ({_BATCHES})"
    )
    return [(str(row["batch_id"]), str(row["company_key"])) for row in rows]


def remove_statements(
    *,
    rests: Mapping[str, Any],
    counts: Mapping[str, int],
    ids: Mapping[str, list[int]],
    now: datetime,
    actor: str,
) -> list[Statement]:
    """The statements that note the removal, part demo from own rows, and take every row of the demo away.

    What people and files said about invented companies is kept in the unmatched log, set aside with the reason. What is
    kept beside the database is made anew: its history is another one now.
    """
    of_batches = f"batch_id IN ({_BATCHES})"
    own = (
        f"SELECT m.source, m.source_key, m.batch_id, (SELECT min(l.company_name) FROM lead_outcomes l "  # noqa: S608
        "WHERE l.batch_id = m.batch_id AND l.company_key = m.company_key), m.milestone, m.happened_at, ?, ?, ?, ?, ? "
        f"FROM outcome_milestones m WHERE {_SAID.replace('milestone <>', 'm.milestone <>')}"
    )
    return [
        Statement(
            "INSERT INTO demo_removals (removed_at, removed_by, seed, counts, last_run, last_model, weight_version, back_to) "
            "SELECT ?, ?, seed, ?, ?, ?, ?, ? FROM demo_load",
            (
                now,
                actor,
                json.dumps(dict(counts), sort_keys=True),
                rests["last_run"],
                rests["last_model"],
                rests["weight_version"],
                rests["back_to"],
            ),
        ),
        Statement("UPDATE demo_load SET leaving = 1 WHERE id = 1"),
        Statement(
            "INSERT INTO unmatched_outcomes (source, source_key, batch_id, company_name, milestone, happened_at, why, seen_at, "
            f"set_aside_at, set_aside_by, set_aside_because) {own} "
            "ON CONFLICT (source, source_key) DO UPDATE SET resolved_at = NULL, resolution = NULL, resolved_by = NULL, "
            "set_aside_at = excluded.set_aside_at, set_aside_by = excluded.set_aside_by, "
            "set_aside_because = excluded.set_aside_because",
            (_BECAUSE, now, now, actor, _BECAUSE),
        ),
        Statement(  # an id of a deleted lead is given again: what programs say of the old one is then of no lead
            f"UPDATE scored_leads SET exported_lead = -1 WHERE exported_lead IN (SELECT id FROM lead_outcomes WHERE {of_batches})"  # noqa: S608
        ),
        Statement(
            f"DELETE FROM outcome_milestones WHERE milestone = 'retracted' AND ({of_batches} "  # noqa: S608
            "OR retracts IN (SELECT id FROM outcome_milestones WHERE source = 'demo'))"
        ),
        Statement(f"DELETE FROM outcome_milestones WHERE source = 'demo' OR {of_batches}"),  # noqa: S608
        Statement(
            f"DELETE FROM summary_views WHERE lead_id IN (SELECT id FROM lead_outcomes WHERE {of_batches})"  # noqa: S608
        ),
        *(
            Statement(f"DELETE FROM {table} WHERE {of_batches}")  # noqa: S608
            for table in ("side_by_side", "lead_outcomes", "batch_files", "batch_misses", "batches")
        ),
        Statement("DELETE FROM historical_outcomes WHERE source = 'demo'"),
        Statement("DELETE FROM unmatched_outcomes WHERE source = 'demo'"),
        Statement(f"DELETE FROM pipeline_scores WHERE {_SCORED}"),  # noqa: S608
        Statement(
            "DELETE FROM pipeline_snapshots WHERE snapshot_id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids["snapshots"]),),
        ),
        Statement(
            "DELETE FROM deal_issues WHERE source = 'demo' OR deal_id IN (SELECT deal_id FROM deals "  # noqa: S608
            f"WHERE {_DEALS}) AND deal_id NOT IN (SELECT deal_id FROM deals WHERE NOT {_DEALS})"
        ),
        Statement(f"DELETE FROM deals WHERE {_DEALS}"),  # noqa: S608
        Statement(
            f"DELETE FROM deal_snapshots WHERE source = 'demo' OR source = 'file' AND seen_at {_LEGACY}"  # noqa: S608
        ),
        Statement(f"DELETE FROM sync_runs WHERE {_SYNCS}"),  # noqa: S608
        Statement("DELETE FROM demo_operators"),
        Statement(
            "DELETE FROM operators WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids["operators"]),),
        ),
        Statement("DELETE FROM demo_truth"),
        Statement("DELETE FROM demo_load"),
        Statement("UPDATE meta SET value = abs(random() % 1000000000000000) WHERE key = 'database_id'"),
    ]
