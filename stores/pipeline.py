"""Snapshots of the open pipeline, frozen, and what became of the deals in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from turso_db import Database, Many, Statement


def insert_snapshot(
    *, as_of: date, now: datetime, actor: str, settings: Mapping[str, Any], scale: Mapping[str, Any]
) -> Statement:
    """The statement that begins a snapshot; a second one of the same day breaks a constraint."""
    return Statement(
        "INSERT INTO pipeline_snapshots (as_of, made_at, made_by, settings, scale) VALUES (?, ?, ?, ?, ?)",
        (as_of, now, actor, json.dumps(settings, sort_keys=True), json.dumps(scale, sort_keys=True)),
    )


def insert_scores(*, as_of: date, rows: Sequence[Mapping[str, Any]]) -> Many:
    """The statement that puts scored deals into the snapshot of the day; to be written with `insert_snapshot`."""
    fields = (
        "source", "deal_id", "account", "amount", "score", "account_score", "amount_score", "components", "wins",
        "confidence", "chance", "chance_low", "chance_high",
    )  # fmt: skip
    return Many(
        f"INSERT INTO pipeline_scores (snapshot_id, {', '.join(fields)}) "  # noqa: S608 - names are our own
        f"SELECT snapshot_id, {', '.join('?' for _ in fields)} FROM pipeline_snapshots WHERE as_of = ?",
        [(*(row[field] for field in fields), as_of) for row in rows],
    )


def read_newest_snapshot(db: Database) -> dict[str, Any] | None:
    """snapshot_id, as_of, made_at, made_by, settings, scale (as objects) of the newest snapshot, or None."""
    rows = db.rows(
        "SELECT snapshot_id, as_of, made_at, made_by, settings, scale FROM pipeline_snapshots ORDER BY as_of DESC LIMIT 1"
    )
    if not rows:
        return None
    return rows[0] | {name: json.loads(rows[0][name]) for name in ("settings", "scale")}


def read_scores(db: Database, *, snapshot_id: int) -> pd.DataFrame:
    """The scored deals of a snapshot, the best first, with owner, stage and creation day as known now."""
    return db.frame(
        "SELECT p.deal_id, p.account, d.owner, d.stage, p.amount, p.score, p.account_score, p.amount_score, p.wins, "
        "p.confidence, p.chance, p.chance_low, p.chance_high, d.created_on FROM pipeline_scores p "
        "LEFT JOIN deals d ON d.source = p.source AND d.deal_id = p.deal_id WHERE p.snapshot_id = ? "
        "ORDER BY p.score DESC, p.deal_id",
        (snapshot_id,),
    )


def read_scored_outcomes(db: Database) -> pd.DataFrame:
    """One row per deal that was in a snapshot and has been closed since: deal_id, outcome, amount (final), closed_on,
    first_scored_on, score (at the first snapshot), score_at_close (at the last before it), days_to_close (from the
    first snapshot). Snapshots of the closing day or later say nothing beforehand and are left out.
    """
    return db.frame(
        "SELECT d.deal_id, d.outcome, d.amount, d.closed_on, min(s.as_of) AS first_scored_on, "
        "(SELECT q.score FROM pipeline_scores q JOIN pipeline_snapshots t ON t.snapshot_id = q.snapshot_id "
        "WHERE q.source = d.source AND q.deal_id = d.deal_id AND t.as_of < d.closed_on ORDER BY t.as_of LIMIT 1) AS score, "
        "(SELECT q.score FROM pipeline_scores q JOIN pipeline_snapshots t ON t.snapshot_id = q.snapshot_id "
        "WHERE q.source = d.source AND q.deal_id = d.deal_id AND t.as_of < d.closed_on ORDER BY t.as_of DESC LIMIT 1) "
        "AS score_at_close, CAST(julianday(d.closed_on) - julianday(min(s.as_of)) AS INTEGER) AS days_to_close "
        "FROM deals d JOIN pipeline_scores p ON p.source = d.source AND p.deal_id = d.deal_id "
        "JOIN pipeline_snapshots s ON s.snapshot_id = p.snapshot_id AND s.as_of < d.closed_on "
        "WHERE d.outcome <> 'open' AND d.gone_at IS NULL GROUP BY d.source, d.deal_id ORDER BY d.closed_on DESC, d.deal_id"
    )
