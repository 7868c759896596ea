"""The vending operators that sites are found for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from turso_db import Database, Many, Statement

FIELDS = ("name", "business_name", "phone", "email", "zip_code", "website", "team")


def read_operators(db: Database, *, search: str = "", limit: int = 500) -> pd.DataFrame:
    """One row per active operator whose name, business, e-mail or ZIP contains `search`; by name.

    Columns: id, name, business_name, phone, email, zip_code, website, team, zoho_account_id.
    """
    pattern = "%" + search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return db.frame(
        "SELECT id, name, business_name, phone, email, zip_code, website, team, zoho_account_id FROM operators "
        "WHERE active = 1 AND (name LIKE ? ESCAPE '\\' OR business_name LIKE ? ESCAPE '\\' "
        "OR email LIKE ? ESCAPE '\\' OR zip_code LIKE ? ESCAPE '\\') ORDER BY lower(name), id LIMIT ?",
        (pattern, pattern, pattern, pattern, limit),
    )


def count_operators(db: Database) -> int:
    """How many active operators there are."""
    return int(db.rows("SELECT count(*) AS n FROM operators WHERE active = 1")[0]["n"])


def find_operators(db: Database, *, name: str) -> list[dict[str, Any]]:
    """The active operators whose name or business name is `name`, compared without case and outer spaces."""
    return db.rows(
        "SELECT * FROM operators WHERE active = 1 AND (lower(name) = lower(?) OR lower(business_name) = lower(?)) "
        "ORDER BY id",
        (name.strip(), name.strip()),
    )


def read_operator(db: Database, *, operator_id: int) -> dict[str, Any] | None:
    """One operator with all its columns, or None."""
    rows = db.rows("SELECT * FROM operators WHERE id = ?", (operator_id,))
    return rows[0] if rows else None


def insert_operator(*, values: Mapping[str, Any], now: datetime) -> Statement:
    """The statement that adds an operator and returns its id."""
    return Statement(
        f"INSERT INTO operators ({', '.join(FIELDS)}, created_at, updated_at) "  # noqa: S608 - names are our own
        f"VALUES ({', '.join('?' for _ in FIELDS)}, ?, ?) RETURNING id",
        (*(values.get(field) for field in FIELDS), now, now),
    )


def update_operator(*, operator_id: int, values: Mapping[str, Any], now: datetime) -> Statement:
    """The statement that sets all editable fields of an operator."""
    return Statement(
        f"UPDATE operators SET {', '.join(f'{field} = ?' for field in FIELDS)}, updated_at = ? WHERE id = ?",  # noqa: S608
        (*(values.get(field) for field in FIELDS), now, operator_id),
    )


def read_all_operators(db: Database) -> list[dict[str, Any]]:
    """Every operator with all its columns, inactive ones included, in the order they were added."""
    return db.rows("SELECT * FROM operators ORDER BY id")


def insert_from_zoho(*, rows: Sequence[Mapping[str, Any]], now: datetime) -> Many:
    """The statement that adds operators found in Zoho, each with its zoho_account_id."""
    names = (*FIELDS, "zoho_account_id")
    return Many(
        f"INSERT INTO operators ({', '.join(names)}, created_at, updated_at) "  # noqa: S608 - names are our own
        f"VALUES ({', '.join('?' for _ in names)}, ?, ?)",
        [(*(row.get(name) for name in names), now, now) for row in rows],
    )


def update_from_zoho(*, rows: Sequence[Mapping[str, Any]], now: datetime) -> Many:
    """The statement that sets the fields and the zoho_account_id of known operators (by id)."""
    names = (*FIELDS, "zoho_account_id")
    return Many(
        f"UPDATE operators SET {', '.join(f'{name} = ?' for name in names)}, updated_at = ? WHERE id = ?",  # noqa: S608
        [(*(row.get(name) for name in names), now, row["id"]) for row in rows],
    )


def read_zoho_accounts(db: Database) -> dict[str, dict[str, Any]]:
    """zoho_account_id → what Zoho last said about it."""
    rows = db.rows("SELECT zoho_account_id, facts FROM zoho_accounts")
    return {str(row["zoho_account_id"]): json.loads(row["facts"]) for row in rows}


def note_zoho_accounts(*, accounts: Mapping[str, Mapping[str, Any]]) -> Many:
    """The statement that keeps what Zoho said: zoho_account_id → fields."""
    return Many(
        "INSERT INTO zoho_accounts (zoho_account_id, facts) VALUES (?, ?) ON CONFLICT (zoho_account_id) "
        "DO UPDATE SET facts = excluded.facts WHERE facts <> excluded.facts",
        [(key, json.dumps(dict(facts), sort_keys=True)) for key, facts in accounts.items()],
    )
