"""Leads that programs sent to be scored, what became of them, and the retrainings that this set off."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Many, Statement

_FIRST = ("lead_id", "kind", "features", "scored_at", "scored_by", "score", "model_version")
_LAST = ("features", "scored_at", "score", "model_version")


def upsert_leads(*, leads: Sequence[Mapping[str, Any]]) -> Many | Statement:
    """The statement that keeps scored leads. A known one keeps its first features and score and all outcomes; a lead of
    another kind than it was changes nothing.

    Each mapping has lead_id, kind, features (JSON), scored_at, scored_by, score and model_version.
    """
    sql = (
        "INSERT INTO scored_leads (lead_id, kind, first_features, first_scored_at, first_scored_by, first_score, "
        "first_model_version, last_features, last_scored_at, last_score, last_model_version) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (lead_id) DO UPDATE SET "
        "last_features = excluded.last_features, last_scored_at = excluded.last_scored_at, "
        "last_score = excluded.last_score, last_model_version = excluded.last_model_version, "
        "times_scored = times_scored + 1 WHERE kind = excluded.kind"
    )
    rows = [tuple(lead[name] for name in (*_FIRST, *_LAST)) for lead in leads]
    return Statement(sql, rows[0]) if len(rows) == 1 else Many(sql, rows)


def other_kinds(*, pairs: Sequence[tuple[str, str]]) -> Statement:
    """The statement that names those of these (lead_id, kind) whose lead is kept as another kind: lead_id, kind."""
    return Statement(
        "SELECT s.lead_id AS lead_id, json_extract(j.value, '$[1]') AS kind FROM json_each(?) j "
        "JOIN scored_leads s ON s.lead_id = json_extract(j.value, '$[0]') WHERE s.kind <> json_extract(j.value, '$[1]')",
        (json.dumps(list(pairs)),),
    )


def insert_feedback(
    *, feedback: Sequence[tuple[str, bool, str | None]], now: datetime, actor: str, came_from: str
) -> list[Many]:
    """The statements that append outcomes (lead_id, outcome, kind) of known leads; one that stands already changes
    nothing, nor one for a lead of another kind than the one named."""
    return [
        Many(
            "INSERT INTO lead_feedback (lead_id, outcome, given_at, given_by, came_from) "
            "SELECT lead_id, ?, ?, ?, ? FROM scored_leads WHERE lead_id = ? AND outcome IS NOT ? AND kind = coalesce(?, kind)",
            [
                (int(outcome), now, actor, came_from, lead_id, int(outcome), kind)
                for lead_id, outcome, kind in feedback
            ],
        ),
        _standing([lead_id for lead_id, _, _ in feedback]),
    ]


def insert_exported(*, lead_id: str, batch_id: str, row_number: int) -> Statement:
    """The statement that makes an exported lead known under this lead_id, with what was known at its export; again, or
    where there is no such row of a batch, it changes nothing."""
    return Statement(
        "INSERT INTO scored_leads (lead_id, kind, first_features, first_scored_at, first_scored_by, first_score, "
        "first_model_version, last_features, last_scored_at, last_score, last_model_version, exported_lead) "
        "SELECT ?, 'hades', source_features, exported_at, exported_by, score, version, source_features, exported_at, score, "
        "version, id FROM (SELECT l.id, l.source_features, l.exported_at, b.exported_by, "
        "coalesce(json_extract(l.source_features, '$.chance'), l.hades_score / 100.0, 0) AS score, coalesce("
        "'model-' || json_extract(l.source_features, '$.model_version'), 'weights-' || l.weight_version, 'weights') AS version "
        "FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id "
        "WHERE l.batch_id = ? AND l.row_number = ? ORDER BY l.id LIMIT 1) WHERE true ON CONFLICT (lead_id) DO NOTHING",
        (lead_id, batch_id, row_number),
    )


def read_exported(db: Database, *, batch_id: str, row_number: int) -> int | None:
    """The lead of this row of a batch (lead_outcomes.id), or None."""
    rows = db.rows(
        "SELECT min(id) AS id FROM lead_outcomes WHERE batch_id = ? AND row_number = ?",
        (batch_id, row_number),
    )
    found: int | None = rows[0]["id"]
    return found


def insert_undo(*, lead_id: str, feedback_id: int, now: datetime, actor: str) -> list[Many]:
    """The statements that take back this feedback; they change nothing where it does not stand."""
    return [
        Many(
            "INSERT INTO lead_feedback (lead_id, undoes, given_at, given_by, came_from) "
            "SELECT lead_id, feedback_id, ?, ?, 'undo' FROM scored_leads WHERE lead_id = ? AND feedback_id = ?",
            [(now, actor, lead_id, feedback_id)],
        ),
        _standing([lead_id]),
    ]


def _standing(lead_ids: Sequence[str]) -> Many:
    """The statement that makes a lead say the newest feedback that was not taken back."""
    return Many(
        "UPDATE scored_leads SET (outcome, feedback_id) = (SELECT f.outcome, f.id FROM lead_feedback f "
        "WHERE f.lead_id = ? AND f.outcome IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM lead_feedback u WHERE u.undoes = f.id) ORDER BY f.id DESC LIMIT 1) "
        "WHERE lead_id = ?",
        [(lead_id, lead_id) for lead_id in lead_ids],
    )


def feedback_state(*, lead_id: str) -> Statement:
    """The statement that says how a lead and all feedback stand: known (0 or 1), outcome (0, 1 or None), feedback_id,
    total_feedback."""
    return Statement(
        "SELECT s.lead_id IS NOT NULL AS known, s.outcome AS outcome, s.feedback_id AS feedback_id, "
        "(SELECT count(*) FROM scored_leads WHERE feedback_id IS NOT NULL) AS total_feedback "
        "FROM (SELECT 1) LEFT JOIN scored_leads s ON s.lead_id = ?",
        (lead_id,),
    )


def read_lead(db: Database, *, lead_id: str) -> dict[str, Any] | None:
    """One scored lead with all its columns, or None."""
    rows = db.rows("SELECT * FROM scored_leads WHERE lead_id = ?", (lead_id,))
    return rows[0] if rows else None


def read_history(db: Database, *, lead_id: str) -> list[dict[str, Any]]:
    """All that was said about a lead, oldest first: id, outcome (0, 1; None takes back), undoes, given_at, given_by,
    came_from."""
    return db.rows(
        "SELECT id, outcome, undoes, given_at, given_by, came_from FROM lead_feedback WHERE lead_id = ? ORDER BY id",
        (lead_id,),
    )


def read_scored_leads(db: Database, *, contains: str = "", limit: int = 200) -> pd.DataFrame:
    """The leads scored last, newest first: lead_id, kind, last_score, last_model_version, first_scored_at,
    last_scored_at, times_scored, outcome, given_at, given_by, came_from (of the feedback that stands), feedback_id.

    `contains`: of the lead_id; capital letters do not matter.
    """
    return db.frame(
        "SELECT s.lead_id, s.kind, s.last_score, s.last_model_version, s.first_scored_at, s.last_scored_at, "
        "s.times_scored, s.outcome, f.given_at, f.given_by, f.came_from, s.feedback_id "
        "FROM scored_leads s LEFT JOIN lead_feedback f ON f.id = s.feedback_id "
        "WHERE ? = '' OR instr(lower(s.lead_id), lower(?)) > 0 ORDER BY s.first_scored_at DESC, s.lead_id LIMIT ?",
        (contains, contains, limit),
    )


def read_training_leads(db: Database, *, kind: str) -> list[dict[str, Any]]:
    """One row per lead of this kind with an outcome, in the order they were first scored: lead_id, first_features (JSON),
    first_scored_at, first_score, outcome (0 or 1), given_at, feedback_id. Only what was known when it was first scored."""
    return db.rows(
        "SELECT s.lead_id, s.first_features, s.first_scored_at, s.first_score, s.outcome, f.given_at, s.feedback_id "
        "FROM scored_leads s JOIN lead_feedback f ON f.id = s.feedback_id WHERE s.kind = ? "
        "ORDER BY s.first_scored_at, s.lead_id",
        (kind,),
    )


def count_all(db: Database) -> dict[str, Any]:
    """total_leads_scored, feedback_samples_collected, feedback_count (new since the last
    retraining)."""
    return db.rows(
        "SELECT (SELECT count(*) FROM scored_leads) AS total_leads_scored, "
        "(SELECT count(*) FROM scored_leads WHERE feedback_id IS NOT NULL) AS feedback_samples_collected, "
        "(SELECT count(*) FROM new_feedback) AS feedback_count"
    )[0]


def count_outcomes(db: Database) -> dict[str, tuple[int, int]]:
    """kind → (successes, leads with an outcome), of the kinds that have any."""
    rows = db.rows(
        "SELECT kind, sum(outcome) AS successes, count(*) AS leads FROM scored_leads "
        "WHERE feedback_id IS NOT NULL GROUP BY kind"
    )
    return {row["kind"]: (int(row["successes"]), int(row["leads"])) for row in rows}


def start_retraining(
    *, now: datetime, actor: str, fewest: int, given_up_before: datetime
) -> tuple[Statement, Statement]:
    """The statements that note a retraining as running: one that is running and younger than `given_up_before`, or fewer
    new outcomes than `fewest`, and nothing is noted. The second gives back its id."""
    return (
        Statement(
            "UPDATE feedback_retrainings SET status = 'interrupted', finished_at = ?, "
            "said = 'The process that ran it ended before it did.' WHERE status = 'running' AND started_at < ?",
            (now, given_up_before),
        ),
        Statement(
            "INSERT INTO feedback_retrainings (started_at, started_by, watermark, feedback_count, status) "
            "SELECT ?, ?, coalesce((SELECT max(id) FROM lead_feedback), 0), new.many, 'running' "
            "FROM (SELECT count(*) AS many FROM new_feedback) new "
            "WHERE new.many >= ? AND NOT EXISTS (SELECT 1 FROM feedback_retrainings WHERE status = 'running') "
            "RETURNING id",
            (now, actor, fewest),
        ),
    )


def end_retraining(*, run_id: int, status: str, said: str, now: datetime) -> Statement:
    """The statement that says how a retraining ended: done, failed or interrupted."""
    return Statement(
        "UPDATE feedback_retrainings SET status = ?, said = ?, finished_at = ? WHERE id = ? AND status = 'running'",
        (status, said, now, run_id),
    )


def read_retrainings(db: Database, *, limit: int = 20) -> list[dict[str, Any]]:
    """The newest retrainings first: id, started_at, started_by, watermark, feedback_count, status, finished_at, said."""
    return db.rows("SELECT * FROM feedback_retrainings ORDER BY id DESC LIMIT ?", (limit,))
