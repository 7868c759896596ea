"""What became of leads: dated milestones, historical outcomes, and the frames that calibration reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from turso_db import Database, Many, Statement

MILESTONES = ("contacted", "appointment", "delivery", "churned", "lost")
# A batch ID carries the day of its export where the business is; `exported_at` is a moment in UTC, and an evening in
# Chicago is already the next day there.
BATCH_DAY = "substr(b.batch_id, 7, 4) || '-' || substr(b.batch_id, 11, 2) || '-' || substr(b.batch_id, 13, 2)"
# A lead called elsewhere whose outcome was taken back starts on a day that never comes: nothing counts it.
HISTORY_STANDS = "(deal_created_at IS NULL OR deal_created_at < '2200')"
_HISTORICAL_FIELDS = (
    "company_name", "sic_code", "employee_count", "zip_code", "state", "outcome", "deal_created_at",
    "delivery_at", "imported_at", "source", "source_key",
)  # fmt: skip
_MILESTONE_FIELDS = (
    "batch_id", "company_key", "lead_id", "milestone", "happened_at", "source", "source_key", "detail",
    "retracts", "recorded_at", "recorded_by",
)  # fmt: skip


def insert_milestones(*, milestones: Sequence[Mapping[str, Any]], now: datetime, actor: str) -> Many:
    """The statement that appends milestones; one whose (source, source_key) is known changes nothing.

    Each mapping has batch_id, company_key, milestone, happened_at, source, source_key, and may have lead_id,
    detail and retracts.
    """
    return Many(
        f"INSERT INTO outcome_milestones ({', '.join(_MILESTONE_FIELDS)}) "  # noqa: S608 - names are our own
        f"VALUES ({', '.join('?' for _ in _MILESTONE_FIELDS)}) ON CONFLICT (source, source_key) DO NOTHING",
        [
            tuple((dict(m) | {"recorded_at": now, "recorded_by": actor}).get(f) for f in _MILESTONE_FIELDS)
            for m in milestones
        ],
    )


def refresh_outcomes(*, companies: Sequence[tuple[str, str]], now: datetime) -> Many:
    """The statement that makes lead_outcomes.outcome say the farthest milestone that stands.

    `companies` are (batch_id, company_key). Every contact of the company gets the company's outcome.
    """
    return Many(
        "UPDATE lead_outcomes SET (outcome, outcome_at, updated_at) = ("
        "SELECT CASE WHEN churned_at IS NOT NULL THEN 'churned' WHEN delivery_at IS NOT NULL THEN 'delivery' "
        "WHEN appointment_at IS NOT NULL THEN 'appointment' WHEN contacted_at IS NOT NULL THEN 'contacted' END, "
        "coalesce(churned_at, delivery_at, appointment_at, contacted_at), ? "
        "FROM (SELECT max(churned_at) AS churned_at, max(delivery_at) AS delivery_at, "
        "max(appointment_at) AS appointment_at, max(contacted_at) AS contacted_at FROM company_milestones m "
        # Arguments, not columns of the outer row: only those reach into the view, which else reads every milestone.
        "WHERE m.batch_id = ? AND m.company_key = ?)) WHERE batch_id = ? AND company_key = ?",
        [(now, *company, *company) for company in companies],
    )


def read_companies(db: Database, *, batch_ids: Sequence[str]) -> pd.DataFrame:
    """One row per lead of these batches, for matching.

    Columns: lead_id, batch_id, company_key, company_name, company_id, contact_id, phone, other_phones,
    web_domain, street, city, state, zip_code, status, exported_at.
    """
    return db.frame(
        "SELECT l.id AS lead_id, l.batch_id, l.company_key, l.company_name, l.company_id, l.contact_id, l.phone, "
        "l.other_phones, l.web_domain, l.street, l.city, l.state, l.zip_code, b.status, "
        "b.exported_at FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id "
        "WHERE l.batch_id IN (SELECT value FROM json_each(?)) ORDER BY l.id",
        (json.dumps(list(batch_ids)),),
    )


def read_milestone_keys(db: Database, *, source: str) -> dict[str, bool]:
    """Source key → whether its milestone stands (False: taken back), of all that are recorded from this source."""
    return {str(row["source_key"]): bool(row["stands"]) for row in db.rows(
        "SELECT source_key, NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id) AS stands "
        "FROM outcome_milestones m WHERE source = ?", (source,)
    )}  # fmt: skip


def upsert_historical(*, rows: Sequence[Mapping[str, Any]]) -> Many:
    """The statement that keeps historical leads, one per source_key (company and ZIP).

    A repeated row changes nothing; a delivery is never taken back, of two dates the earlier one stays, and a
    value once known is not lost to a blank.
    """
    return Many(
        f"INSERT INTO historical_outcomes ({', '.join(_HISTORICAL_FIELDS)}) "  # noqa: S608 - names are our own
        f"VALUES ({', '.join('?' for _ in _HISTORICAL_FIELDS)}) ON CONFLICT (source_key) DO UPDATE SET "
        "sic_code = coalesce(excluded.sic_code, sic_code), "
        "employee_count = coalesce(excluded.employee_count, employee_count), "
        "state = coalesce(excluded.state, state), "
        "outcome = CASE WHEN outcome = 'delivery' THEN outcome ELSE excluded.outcome END, "
        "deal_created_at = min(coalesce(deal_created_at, excluded.deal_created_at), "
        "coalesce(excluded.deal_created_at, deal_created_at)), "
        "delivery_at = min(coalesce(delivery_at, excluded.delivery_at), "
        "coalesce(excluded.delivery_at, delivery_at)), imported_at = excluded.imported_at "
        "WHERE coalesce(excluded.sic_code, sic_code) IS NOT sic_code "
        "OR coalesce(excluded.employee_count, employee_count) IS NOT employee_count "
        "OR coalesce(excluded.state, state) IS NOT state "
        "OR (outcome = 'no_delivery' AND excluded.outcome = 'delivery') "
        "OR (deal_created_at IS NOT NULL) < (excluded.deal_created_at IS NOT NULL) "
        "OR excluded.deal_created_at < deal_created_at "
        "OR (delivery_at IS NOT NULL) < (excluded.delivery_at IS NOT NULL) "
        "OR excluded.delivery_at < delivery_at",
        [tuple(row[field] for field in _HISTORICAL_FIELDS) for row in rows],
    )


def historical_size() -> Statement:
    """The statement that says how many historical leads there are: leads."""
    return Statement("SELECT count(*) AS leads FROM historical_outcomes")


def count_historical(db: Database) -> dict[str, Any]:
    """leads, deliveries, without_sic and without_size over all historical outcomes that stand."""
    return db.rows(
        "SELECT count(*) AS leads, coalesce(sum(outcome = 'delivery'), 0) AS deliveries, "  # noqa: S608 - our own text
        "coalesce(sum(sic_code IS NULL), 0) AS without_sic, coalesce(sum(employee_count IS NULL), 0) AS without_size "
        f"FROM historical_outcomes WHERE {HISTORY_STANDS}"
    )[0]


def read_outcome_frame(
    db: Database, *, population: str = "all", zone: ZoneInfo | None = None
) -> pd.DataFrame:
    """One row per lead that calibration may count: per historical company, and per company of a batch.

    Void batches are left out. Columns: source ('historical', 'hades'), lead_id, batch_id, sic_code,
    employee_count (Int64), state, zip_code, distance_miles, signal_strength, workflow_type, hades_score,
    started_on, delivered_on (datetime64, day exact; missing where unknown or not delivered). A historical
    delivery without a date counts from the day its deal was created. A lead of a batch starts on the day its
    batch ID names; a moment counts as its day in `zone` (icp.business_zone; UTC without one).
    """
    frame = db.frame(
        "SELECT 'historical' AS source, id AS lead_id, NULL AS batch_id, sic_code, employee_count, state, zip_code, "  # noqa: S608
        "NULL AS distance_miles, NULL AS signal_strength, NULL AS workflow_type, NULL AS hades_score, "
        "deal_created_at AS started_on, "
        "CASE WHEN outcome = 'delivery' THEN coalesce(delivery_at, deal_created_at, '1970-01-01') END AS delivered_on "
        "FROM historical_outcomes WHERE ? <> 'hades' "
        "UNION ALL "
        "SELECT 'hades', l.id, l.batch_id, l.sic_code, l.employee_count, l.state, l.zip_code, l.distance_miles, "
        "json_extract(l.source_features, '$.signal_strength'), l.workflow_type, l.hades_score, "
        f"{BATCH_DAY}, c.delivery_at "
        "FROM company_outcomes c JOIN lead_outcomes l ON l.id = c.lead_id "
        "JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' WHERE ? <> 'historical' "
        "ORDER BY 1, 2",
        (population, population),
    )
    for column in ("started_on", "delivered_on"):
        frame[column] = days_of(frame[column], zone=zone)
    for column in ("employee_count", "hades_score"):
        frame[column] = pd.to_numeric(frame[column]).astype("Int64")
    frame["distance_miles"] = pd.to_numeric(frame["distance_miles"]).astype("float64")
    for column in ("source", "batch_id", "sic_code", "state", "zip_code", "signal_strength", "workflow_type"):
        frame[column] = frame[column].astype("str")
    return frame


def read_component_scores(
    db: Database, *, components: Sequence[str], zone: ZoneInfo | None = None
) -> pd.DataFrame:
    """One row per company of a closed batch with the component scores it was exported with.

    Columns: workflow_type, started_on, delivered_on (as in `read_outcome_frame`), and one per name of `components`
    (float, 0–100; missing where the workflow has no such component).
    """
    names = list(components)
    asked = ", ".join(f"json_extract(l.source_features, ?) AS part_{place}" for place in range(len(names)))
    frame = db.frame(
        f"SELECT l.workflow_type, {BATCH_DAY} AS started_on, c.delivery_at AS delivered_on"  # noqa: S608
        f"{', ' if asked else ''}{asked} FROM company_outcomes c JOIN lead_outcomes l ON l.id = c.lead_id "
        "JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed' ORDER BY l.id",
        tuple(f'$."{name}_score"' for name in names),
    )
    for column in ("started_on", "delivered_on"):
        frame[column] = days_of(frame[column], zone=zone)
    for place, name in enumerate(names):
        frame[name] = pd.to_numeric(frame.pop(f"part_{place}")).astype("float64")
    return frame


def days_of(texts: pd.Series, *, zone: ZoneInfo | None = None) -> pd.Series:
    """The calendar day (datetime64, midnight) of ISO days and of moments in UTC, these as `zone` counts them (UTC
    without one); missing where there is none or it cannot be read. Same index.
    """
    texts = texts.astype("str")
    days = pd.to_datetime(texts.str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    moments = texts.str.len() > 10
    if zone is not None and moments.any():
        told = pd.to_datetime(texts[moments], format="ISO8601", errors="coerce", utc=True)
        days = days.mask(moments, told.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize())
    return days


def read_funnel(db: Database) -> dict[str, int]:
    """exported, contacted, appointment, delivery: companies of closed batches that ever came so far."""
    return db.rows(
        "SELECT count(*) AS exported, coalesce(sum(c.contacted), 0) AS contacted, "
        "coalesce(sum(c.appointment), 0) AS appointment, coalesce(sum(c.delivery), 0) AS delivery "
        "FROM company_outcomes c JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed'"
    )[0]


def read_delivery_days(db: Database) -> pd.DataFrame:
    """One row per company of a closed batch: batch_id, exported_on (the day the batch ID names), delivered_on
    (missing while open).
    """
    return db.frame(
        f"SELECT c.batch_id, {BATCH_DAY} AS exported_on, substr(c.delivery_at, 1, 10) AS delivered_on "  # noqa: S608
        "FROM company_outcomes c JOIN batches b ON b.batch_id = c.batch_id AND b.status = 'closed'"
    )


def read_feed(db: Database, *, limit: int = 200) -> pd.DataFrame:
    """The newest milestones that stand: happened_at, milestone, company_name, state, batch_id, hades_score, source,
    detail, recorded_by, id.
    """
    return db.frame(
        "SELECT m.happened_at, m.milestone, l.company_name, l.state, m.batch_id, l.hades_score, m.source, m.detail, "
        "m.recorded_by, m.id "
        "FROM standing_milestones m JOIN lead_outcomes l ON l.id = (SELECT min(id) FROM lead_outcomes x "
        "WHERE x.batch_id = m.batch_id AND x.company_key = m.company_key) "
        "ORDER BY m.happened_at DESC, m.id DESC LIMIT ?",
        (limit,),
    )


def count_started_before(db: Database, *, day: date) -> int:
    """How many companies of closed batches were exported on or before `day`."""
    return int(
        db.rows(
            "SELECT count(*) AS n FROM company_outcomes c JOIN batches b ON b.batch_id = c.batch_id "  # noqa: S608
            f"AND b.status = 'closed' WHERE {BATCH_DAY} <= ?",
            (day,),
        )[0]["n"]
    )
