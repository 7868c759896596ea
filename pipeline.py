"""The open pipeline, scored and kept as it was seen on one day."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pandas as pd

from actors import Actor, require
from analytics.pipeline_scores import COMPONENTS, PipelineRules, score_pipeline
from errors import Conflict
from stores import deals
from stores import pipeline as store
from stores.audit import audit_entry
from turso_db import Database


@dataclass(frozen=True)
class SnapshotTaken:
    """as_of; scored, high (at or above the limit), left_out (neither account nor amount); kept: whether this call
    made the snapshot (False: there was one of that day already, and nothing was changed).
    """

    as_of: date
    scored: int
    high: int
    left_out: int
    kept: bool


def snapshot_pipeline(
    db: Database, *, rules: PipelineRules, today: date, now: datetime, actor: Actor
) -> SnapshotTaken:
    """Scores every open deal as known on `today` and keeps the scores with their scale; once a day.

    Running it again on the same day changes nothing and says so.
    """
    require(actor, "ops", "score the pipeline")
    found = score_pipeline(deals.read_deals(db), rules, as_of=pd.Timestamp(today))
    rows = [
        {str(k): v for k, v in row.items()}
        | {"components": json.dumps({name: round(float(row[name]), 2) for name in COMPONENTS})}
        for row in found.scores.astype("object").where(found.scores.notna(), None).to_dict("records")
    ]
    high = int(found.scores["high"].sum())
    detail = {"scored": len(rows), "high": high, "left_out": found.left_out}
    try:
        db.write(
            [
                store.insert_snapshot(as_of=today, now=now, actor=actor.name, settings=asdict(rules), scale=found.scale),
                store.insert_scores(as_of=today, rows=rows),
                audit_entry(now=now, actor=actor, action="score pipeline", subject=today.isoformat(), detail=detail),
            ]
        )  # fmt: skip
        kept = True
    except Conflict:
        kept = False
    return SnapshotTaken(today, len(rows), high, found.left_out, kept)


def became_of_scores(db: Database) -> dict[str, dict[str, float]]:
    """won and lost → what became of open deals that were in a snapshot: deals (how many), amount (their final value,
    summed), and the medians of days_to_close (from the first snapshot), score (at the first) and score_at_close.

    An outcome that no scored deal has is left out.
    """
    found = store.read_scored_outcomes(db)
    return {
        str(outcome): {"deals": len(some), "amount": float(some["amount"].sum())}
        | {name: float(some[name].median()) for name in ("days_to_close", "score", "score_at_close")}
        for outcome, some in sorted(found.groupby("outcome"))
    }
