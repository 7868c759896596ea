"""What every page asks first: the data version and the active weights. And leases for single-flight jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from turso_db import Database, Statement


class State(NamedTuple):
    """One look at the database, cheap enough for every run of every page."""

    data_version: int
    weight_version: int | None  # None before the first configuration was recorded
    icp_sha256: str | None


def read_state(db: Database) -> State:
    """The data version and the active weight version, in one trip."""
    row = db.rows(
        "SELECT (SELECT value FROM meta WHERE key = 'data_version') AS data_version, w.version, w.sha256 "
        "FROM (SELECT 1) LEFT JOIN weight_versions w ON w.version = (SELECT max(version) FROM weight_versions)"
    )[0]
    return State(row["data_version"], row["version"], row["sha256"])


def is_empty(db: Database) -> bool:
    """Whether there is not one batch and not one historical outcome."""
    row = db.rows(
        "SELECT EXISTS (SELECT 1 FROM batches) OR EXISTS (SELECT 1 FROM historical_outcomes) AS anything"
    )[0]
    return not row["anything"]


def take_lease(db: Database, *, name: str, holder: str, now: datetime, seconds: int) -> bool:
    """Whether `holder` has the lease `name` until `now` + `seconds`; False while somebody else holds it.

    Taking it again prolongs it. An expired lease belongs to whoever asks first.
    """
    written = db.write(
        [
            Statement(
                "INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?) "
                "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at "
                "WHERE leases.holder = excluded.holder OR leases.expires_at <= ? RETURNING holder",
                (name, holder, now + timedelta(seconds=seconds), now),
            )
        ],
        bump=False,
    )
    return bool(written[0].rows)


def release_lease(db: Database, *, name: str, holder: str) -> None:
    """Nothing; the lease is free if `holder` had it."""
    db.write([Statement("DELETE FROM leases WHERE name = ? AND holder = ?", (name, holder))], bump=False)


def read_lease_holder(db: Database, *, name: str, now: datetime) -> str | None:
    """Who holds the lease now, or None."""
    rows = db.rows("SELECT holder FROM leases WHERE name = ? AND expires_at > ?", (name, now))
    return rows[0]["holder"] if rows else None
