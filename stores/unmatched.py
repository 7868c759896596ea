"""The unmatched log: outcomes that found no company, and who works on them.

A row is open, assigned (to a person), set aside (with a reason) or settled (its company was found). Open and assigned
rows wait for somebody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Many

STATES = ("open", "assigned", "set aside", "settled")
WAITING = ("open", "assigned")


def record_unmatched(*, rows: Sequence[Mapping[str, Any]], now: datetime) -> Many:
    """The statement that keeps outcome rows without a company; a known one is seen again, with what it says now.

    Each mapping has source, source_key, batch_id, company_name, milestone, happened_at, why. One that was set aside
    waits for somebody again when it stands for another milestone than it did.
    """
    said = ("batch_id", "company_name", "milestone", "happened_at", "why")
    put_back = ", ".join(
        f"{name} = CASE WHEN milestone IS excluded.milestone THEN {name} END"
        for name in ("set_aside_at", "set_aside_by", "set_aside_because")
    )
    return Many(
        f"INSERT INTO unmatched_outcomes (source, source_key, {', '.join(said)}, seen_at) "  # noqa: S608 - our own names
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, source_key) DO UPDATE SET "
        f"{', '.join(f'{name} = excluded.{name}' for name in said)}, {put_back}, seen_at = excluded.seen_at "
        "WHERE unmatched_outcomes.resolved_at IS NULL",
        [(r["source"], r["source_key"], *(r[name] for name in said), now) for r in rows],
    )


def resolve_unmatched(
    *, keys: Sequence[tuple[str, str]], resolution: str, now: datetime, by: str | None = None
) -> Many:
    """The statement that settles rows (source, source_key) with what became of them; `by` a person, where one did it."""
    return Many(
        "UPDATE unmatched_outcomes SET resolved_at = ?, resolution = ?, resolved_by = ? "
        "WHERE source = ? AND source_key = ? AND resolved_at IS NULL",
        [(now, resolution, by, source, source_key) for source, source_key in keys],
    )


def reopen_unmatched(*, keys: Sequence[tuple[str, str]]) -> Many:
    """The statement that opens settled rows again whose outcome lost its company."""
    return Many(
        "UPDATE unmatched_outcomes SET resolved_at = NULL, resolution = NULL, resolved_by = NULL "
        "WHERE source = ? AND source_key = ? AND resolved_at IS NOT NULL",
        list(keys),
    )


def assign_unmatched(*, ids: Sequence[int], to: str, actor: str) -> Many:
    """The statement that gives rows to a person; what was set aside is work again, settled rows stay as they are."""
    return Many(
        "UPDATE unmatched_outcomes SET assigned_to = ?, assigned_by = ?, set_aside_at = NULL, set_aside_by = NULL, "
        "set_aside_because = NULL WHERE id = ? AND resolved_at IS NULL",
        [(to, actor, number) for number in ids],
    )


def set_aside_unmatched(*, ids: Sequence[int], reason: str, now: datetime, actor: str) -> Many:
    """The statement that sets rows aside with a reason; settled rows stay as they are."""
    return Many(
        "UPDATE unmatched_outcomes SET set_aside_at = ?, set_aside_by = ?, set_aside_because = ? "
        "WHERE id = ? AND resolved_at IS NULL",
        [(now, actor, reason, number) for number in ids],
    )


def put_back_unmatched(*, ids: Sequence[int]) -> Many:
    """The statement that makes rows open again: neither set aside nor anybody's; settled rows stay as they are."""
    return Many(
        "UPDATE unmatched_outcomes SET set_aside_at = NULL, set_aside_by = NULL, set_aside_because = NULL, "
        "assigned_to = NULL, assigned_by = NULL WHERE id = ? AND resolved_at IS NULL",
        [(number,) for number in ids],
    )


def read_unmatched(db: Database, *, states: Sequence[str] = WAITING, limit: int = 500) -> pd.DataFrame:
    """The rows of the unmatched log in these states, newest first.

    Columns: id, source, source_key, batch_id, company_name, milestone, happened_at, why, seen_at, state, assigned_to,
    set_aside_by, set_aside_because, resolved_at, resolved_by, resolution.
    """
    return db.frame(
        "SELECT id, source, source_key, batch_id, company_name, milestone, happened_at, why, seen_at, state, assigned_to, "
        "set_aside_by, set_aside_because, resolved_at, resolved_by, resolution FROM unmatched_work "
        "WHERE state IN (SELECT value FROM json_each(?)) ORDER BY seen_at DESC, id DESC LIMIT ?",
        (json.dumps(list(states)), limit),
    )


def read_unmatched_row(db: Database, *, row_id: int) -> dict[str, Any] | None:
    """One row with the columns of read_unmatched, or None."""
    rows = db.rows("SELECT * FROM unmatched_work WHERE id = ?", (row_id,))
    return rows[0] if rows else None


def count_unmatched(db: Database) -> int:
    """How many rows wait for somebody."""
    return sum(number for state, number in count_states(db).items() if state in WAITING)


def count_states(db: Database) -> dict[str, int]:
    """state → how many rows are in it, all four states."""
    rows = db.rows("SELECT state, count(*) AS n FROM unmatched_work GROUP BY state")
    return dict.fromkeys(STATES, 0) | {str(row["state"]): int(row["n"]) for row in rows}


def reopen_by_hand(*, source: str, source_key: str) -> Many:
    """The statement that opens a row again which a person had matched; rows settled otherwise stay as they are."""
    return Many(
        "UPDATE unmatched_outcomes SET resolved_at = NULL, resolution = NULL, resolved_by = NULL "
        "WHERE source = ? AND source_key = ? AND resolved_by IS NOT NULL",
        [(source, source_key)],
    )
