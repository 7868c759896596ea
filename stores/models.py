"""Predictive models with their evidence, who chose what scores a workflow, and every way of scoring side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from stores.outcomes import BATCH_DAY, HISTORY_STANDS, days_of
from turso_db import Database, Many, Statement

_FIELDS = (
    "created_at", "created_by", "as_of", "status", "why", "judged", "cut_off", "leads", "deliveries", "weight_version",
    "icp_sha256", "data_sha256", "code_version", "seed", "coefficients", "model_sha256",
)  # fmt: skip

# A model learned while the demo was in stays on record, and nothing new rests on it once the demo was removed.
_ON_OWN_LEADS = "version > (SELECT coalesce(max(last_model), 0) FROM demo_removals)"


def read_first_seen(
    db: Database, *, zone: ZoneInfo | None = None
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """(one row per lead a model may learn from, what was kept of each when it was exported or first scored), in one order.

    Columns: source ('historical', 'hades', 'program'), lead_id, batch_id, workflow (intent, geography, history), started_on,
    delivered_on (datetime64; missing where unknown or not delivered), by_chance (bool: exploration slice). A company of
    a closed batch counts once. The features are those kept at export and never changed since; whatever an exported
    lead's other columns were changed to afterwards is not read. A lead called before this product has its sic_code,
    employee_count and state as imported; one that a program sent and told the outcome of has the features as first scored.
    """
    frame = db.frame(
        "SELECT 'historical' AS source, id AS lead_id, NULL AS batch_id, 'history' AS workflow, "  # noqa: S608
        "deal_created_at AS started_on, "
        "CASE WHEN outcome = 'delivery' THEN coalesce(delivery_at, deal_created_at, '1970-01-01') END AS delivered_on, "
        "0 AS by_chance, json_object('sic_code', sic_code, 'employee_count', employee_count, 'state', state) AS features "
        "FROM historical_outcomes WHERE source <> 'program' UNION ALL "
        "SELECT 'program', h.id, NULL, coalesce(json_extract(s.first_features, '$.workflow_type'), 'history'), "
        "s.first_scored_at, h.delivery_at, 0, json_remove(s.first_features, '$.workflow_type') "
        "FROM scored_leads s JOIN historical_outcomes h ON h.source_key = 'program|' || s.lead_id "
        "WHERE s.feedback_id IS NOT NULL AND s.kind = 'hades' AND s.exported_lead IS NULL UNION ALL "
        f"SELECT 'hades', l.id, l.batch_id, l.workflow_type, {BATCH_DAY}, c.delivery_at, "
        "l.inclusion_probability IS NOT NULL, l.source_features "
        "FROM company_outcomes c JOIN lead_outcomes l ON l.id = c.lead_id "
        "JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' ORDER BY 1, 2"
    )
    kept = [json.loads(text) for text in frame.pop("features")]
    for column in ("started_on", "delivered_on"):
        frame[column] = days_of(frame[column], zone=zone)
    return frame.astype({"by_chance": "bool", "workflow": "str", "source": "str", "batch_id": "str"}), kept


def count_judged(db: Database, *, before: date) -> int:
    """How many leads have an outcome that a model may learn from: exported before this day, or told to be delivered or
    lost; and all leads called before this product."""
    row = db.rows(
        f"SELECT (SELECT count(*) FROM historical_outcomes WHERE {HISTORY_STANDS}) + (SELECT count(*) FROM company_outcomes c "  # noqa: S608
        "JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' "
        f"WHERE {BATCH_DAY} <= ? OR c.delivery OR c.lost_at IS NOT NULL) AS judged",
        (before,),
    )[0]
    return int(row["judged"])


def read_watermark(db: Database) -> int:
    """How many outcomes the last training knew; 0 before any."""
    rows = db.rows(f"SELECT judged FROM lead_models WHERE {_ON_OWN_LEADS} ORDER BY version DESC LIMIT 1")  # noqa: S608
    return int(rows[0]["judged"]) if rows else 0


def insert_model(*, stamp: Mapping[str, Any], report: Mapping[str, Any]) -> Statement:
    """The statement that keeps a training and gives back its version. A missing entry of the stamp is a KeyError."""
    return Statement(
        f"INSERT INTO lead_models ({', '.join(_FIELDS)}, report) "  # noqa: S608 - names are our own
        f"VALUES ({', '.join('?' for _ in _FIELDS)}, ?) RETURNING version",
        (*(stamp[field] for field in _FIELDS), json.dumps(report, allow_nan=False)),
    )


def read_model(db: Database, *, version: int) -> dict[str, Any] | None:
    """One training with `report` parsed and `coefficients` as text (None without a model), or None."""
    return _parsed(db.rows("SELECT * FROM lead_models WHERE version = ?", (version,)))


def read_latest_model(db: Database) -> dict[str, Any] | None:
    """The newest training as `read_model` gives it, or None before any."""
    return _parsed(db.rows(f"SELECT * FROM lead_models WHERE {_ON_OWN_LEADS} ORDER BY version DESC LIMIT 1"))  # noqa: S608


def read_newest_coefficients(db: Database) -> dict[str, Any] | None:
    """version and coefficients of the newest training that gave a model, or None."""
    rows = db.rows(
        "SELECT version, coefficients FROM lead_models WHERE coefficients IS NOT NULL "  # noqa: S608 - the text is our own
        f"AND {_ON_OWN_LEADS} ORDER BY version DESC LIMIT 1"
    )
    return rows[0] if rows else None


def read_models(db: Database, *, limit: int = 50) -> pd.DataFrame:
    """The newest trainings first: version, created_at, created_by, status, why, leads, deliveries, cut_off,
    weight_version, model_sha256, data_sha256."""
    return db.frame(
        "SELECT version, created_at, created_by, status, why, leads, deliveries, cut_off, weight_version, model_sha256, "
        "data_sha256 FROM lead_models ORDER BY version DESC LIMIT ?",
        (limit,),
    )


def read_choices(db: Database, *, limit: int = 50) -> pd.DataFrame:
    """Who chose what scores a workflow, newest first: workflow, number, version (missing: the weights), chosen_by,
    chosen_at, reason."""
    frame = db.frame(
        "SELECT workflow, number, version, chosen_by, chosen_at, reason FROM model_choices "
        "ORDER BY choice_id DESC LIMIT ?",
        (limit,),
    )
    return frame.assign(version=pd.to_numeric(frame["version"]).astype("Int64"))


def read_models_in_force(db: Database) -> dict[str, dict[str, Any]]:
    """workflow → version, coefficients (JSON), cut_off, number, chosen_by, chosen_at, of the workflows that a model scores."""
    rows = db.rows(
        "SELECT c.workflow, c.version, m.coefficients, m.cut_off, c.number, c.chosen_by, c.chosen_at FROM model_in_force c "
        "JOIN lead_models m ON m.version = c.version"
    )
    return {str(row["workflow"]): row for row in rows}


def next_choice(db: Database, *, workflow: str) -> int:
    """The number that the next choice for this workflow takes."""
    return int(
        db.rows(
            "SELECT coalesce(max(number), 0) + 1 AS number FROM model_choices WHERE workflow = ?", (workflow,)
        )[0]["number"]
    )


def insert_choice(
    *, workflow: str, number: int, version: int | None, actor: str, now: datetime, reason: str
) -> Statement:
    """The statement that says what scores a workflow from now on; two at once conflict on the number."""
    return Statement(
        "INSERT INTO model_choices (workflow, number, version, chosen_by, chosen_at, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (workflow, number, version, actor, now, reason),
    )


def insert_side_by_side(*, batch_id: str, rows: Sequence[tuple[Any, ...]]) -> Many:
    """The statement that keeps what each way of scoring gave the leads of a batch; once per lead, again changes nothing.

    One tuple per lead: row_number, weights_score, model_version, model_score, run_id, proposed_score.
    """
    return Many(
        "INSERT INTO side_by_side (batch_id, row_number, weights_score, model_version, model_score, run_id, "
        "proposed_score) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (batch_id, row_number) DO NOTHING",
        [(batch_id, *row) for row in rows],
    )


def read_side_by_side(db: Database, *, zone: ZoneInfo | None = None) -> pd.DataFrame:
    """One row per company of a closed batch that was scored in every way: batch_id, workflow, started_on, delivered_on,
    appointment_on (datetime64), weights_score, model_score, proposed_score (float, missing where there was none),
    model_version, run_id (Int64)."""
    frame = db.frame(
        f"SELECT c.batch_id, c.workflow_type AS workflow, {BATCH_DAY} AS started_on, c.delivery_at AS delivered_on, "  # noqa: S608
        "coalesce(c.appointment_at, c.delivery_at) AS appointment_on, s.weights_score, s.model_score, s.proposed_score, "
        "s.model_version, s.run_id FROM side_by_side s "
        "JOIN lead_outcomes l ON l.batch_id = s.batch_id AND l.row_number = s.row_number "
        "JOIN company_outcomes c ON c.batch_id = l.batch_id AND c.company_key = l.company_key AND c.lead_id = l.id "
        "JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' ORDER BY c.batch_id, l.id"
    )
    for column in ("started_on", "delivered_on", "appointment_on"):
        frame[column] = days_of(frame[column], zone=zone)
    for column in ("weights_score", "model_score", "proposed_score"):
        frame[column] = pd.to_numeric(frame[column]).astype("float64")
    for column in ("model_version", "run_id"):
        frame[column] = pd.to_numeric(frame[column]).astype("Int64")
    return frame


def _parsed(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    return rows[0] | {"report": json.loads(rows[0]["report"])} if rows else None
