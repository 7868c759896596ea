"""Suppression lists: whom not to call, from which source, as of which day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pandas as pd

from turso_db import Database, Statement

ENTRIES_PER_STATEMENT = 20_000


def insert_list(
    *,
    name: str,
    kind: str,
    scrubbed_on: date,
    file_name: str,
    file_sha256: str,
    keys: Sequence[str],
    now: datetime,
    actor: str,
) -> list[Statement]:
    """The statements that put a list into force; the one of the same name and kind is retired in the same write."""
    statements = [
        Statement(
            "UPDATE suppression_lists SET retired_at = ?, retired_by = ? "
            "WHERE lower(name) = lower(?) AND kind = ? AND retired_at IS NULL",
            (now, actor, name, kind),
        ),
        Statement(
            "INSERT INTO suppression_lists (name, kind, scrubbed_on, file_name, file_sha256, entries, loaded_at, loaded_by) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (name, kind, scrubbed_on, file_name, file_sha256, len(keys), now, actor),
        ),
    ]
    for start in range(0, len(keys), ENTRIES_PER_STATEMENT):
        part = json.dumps(list(keys[start : start + ENTRIES_PER_STATEMENT]))
        statements.append(
            Statement(
                "INSERT INTO suppression_entries (list_id, kind, key) "
                "SELECT l.list_id, l.kind, k.value FROM suppression_lists l, json_each(?) k "
                "WHERE l.name = ? AND l.kind = ? AND l.retired_at IS NULL",
                (part, name, kind),
            )
        )
    return statements


def retire(*, list_id: int, now: datetime, actor: str) -> Statement:
    """The statement that takes a list out of force."""
    return Statement(
        "UPDATE suppression_lists SET retired_at = ?, retired_by = ? WHERE list_id = ? AND retired_at IS NULL "
        "RETURNING name",
        (now, actor, list_id),
    )


def refuse_barred(*, keys: Mapping[str, Sequence[str]], newest: int) -> list[Statement]:
    """The statements that break the closing write of an export when a list in force holds one of `keys` (kind → keys
    of what goes out), or when a list newer than `newest`, the last one looked at, came into force.

    How many there are is put where only 0 is allowed.
    """
    named = [
        Statement(
            "INSERT INTO leads_barred_meanwhile (barred) SELECT count(*) FROM json_each(?) k "
            "WHERE EXISTS (SELECT 1 FROM suppression_entries e JOIN suppression_lists l ON l.list_id = e.list_id AND l.retired_at IS NULL "
            "WHERE e.kind = ? AND e.key = k.value)",
            (json.dumps(list(some)), kind),
        )
        for kind, some in keys.items()
    ]
    newer = Statement(
        "INSERT INTO leads_barred_meanwhile (barred) "
        "SELECT count(*) FROM suppression_lists WHERE list_id > ? AND retired_at IS NULL",
        (newest,),
    )
    return [*named, newer, Statement("DELETE FROM leads_barred_meanwhile")]


def read_lists(db: Database, *, in_force: bool = True) -> pd.DataFrame:
    """One row per list, newest first: list_id, name, kind, scrubbed_on, file_name, entries, loaded_at, loaded_by,
    retired_at, retired_by. `in_force` leaves out the retired ones.
    """
    return db.frame(
        "SELECT list_id, name, kind, scrubbed_on, file_name, entries, loaded_at, loaded_by, retired_at, retired_by "
        "FROM suppression_lists WHERE retired_at IS NULL OR NOT ? ORDER BY list_id DESC",
        (in_force,),
    )


def read_kinds(db: Database) -> list[str]:
    """The kinds of the lists in force."""
    rows = db.rows("SELECT DISTINCT kind FROM suppression_lists WHERE retired_at IS NULL ORDER BY kind")
    return [str(row["kind"]) for row in rows]


def read_found(db: Database, *, keys: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row per key of `keys` (kind → keys) that a list in force holds: kind, key, name, scrubbed_on; of several
    lists the newest.
    """
    found = db.read(
        [
            Statement(
                "SELECT e.kind, e.key, l.name, l.scrubbed_on, max(l.list_id) AS list_id "
                "FROM json_each(?) k CROSS JOIN suppression_entries e ON e.kind = ? AND e.key = k.value "
                "JOIN suppression_lists l ON l.list_id = e.list_id AND l.retired_at IS NULL GROUP BY e.key",
                (json.dumps(list(dict.fromkeys(some))), kind),
            )
            for kind, some in keys.items()
        ]
    )
    columns = ["kind", "key", "name", "scrubbed_on", "list_id"]
    return pd.DataFrame([row for rows in found for row in rows], columns=columns)
