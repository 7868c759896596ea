"""Deals: their newest state, every state they were seen in, and what is strange about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from turso_db import Database, Many, Statement

TRAITS = (
    "account", "owner", "region", "industry", "product", "lead_source", "stage", "amount", "created_on", "closed_on",
    "outcome",
)  # fmt: skip
_TEXTS = ("deal_id", "account", "owner", "region", "industry", "product", "lead_source", "stage", "outcome")


def insert_snapshots(*, rows: Sequence[Mapping[str, Any]], source: str, now: datetime) -> Many:
    """The statement that appends the state of each deal that is new or differs from what is known of it.

    Each mapping has deal_id, fingerprint and TRAITS. To be written before `upsert_deals`, in the same write.
    """
    fields = ("source", "deal_id", "seen_at", *TRAITS, "fingerprint")
    return Many(
        f"INSERT INTO deal_snapshots ({', '.join(fields)}) SELECT {', '.join('?' for _ in fields)} "  # noqa: S608 - names are our own
        "WHERE NOT EXISTS (SELECT 1 FROM deals WHERE source = ? AND deal_id = ? AND fingerprint = ?)",
        [
            (source, r["deal_id"], now, *(r[f] for f in TRAITS), r["fingerprint"], source, r["deal_id"], r["fingerprint"])
            for r in rows
        ],
    )  # fmt: skip


def upsert_deals(*, rows: Sequence[Mapping[str, Any]], source: str, now: datetime) -> Many:
    """The statement that makes `deals` hold these states; one that did not change is not touched."""
    fields = ("source", "deal_id", *TRAITS, "fingerprint", "first_seen_at", "updated_at")
    changes = ", ".join(f"{f} = excluded.{f}" for f in (*TRAITS, "fingerprint", "updated_at"))
    return Many(
        f"INSERT INTO deals ({', '.join(fields)}) VALUES ({', '.join('?' for _ in fields)}) "  # noqa: S608 - names are our own
        f"ON CONFLICT (source, deal_id) DO UPDATE SET {changes} WHERE deals.fingerprint <> excluded.fingerprint",
        [(source, r["deal_id"], *(r[f] for f in TRAITS), r["fingerprint"], now, now) for r in rows],
    )


def deals_size(*, source: str) -> Statement:
    """The statement that says how many deals there are from this source: deals."""
    return Statement("SELECT count(*) AS deals FROM deals WHERE source = ?", (source,))


def count_elsewhere(db: Database, *, source: str) -> int:
    """How many deals that count came from other sources."""
    rows = db.rows("SELECT count(*) AS n FROM deals WHERE source <> ? AND gone_at IS NULL", (source,))
    return int(rows[0]["n"])


def read_closings(db: Database, *, source: str) -> dict[str, tuple[str, str]]:
    """deal_id → (outcome, closing day) of the closed deals of a source."""
    rows = db.rows(
        "SELECT deal_id, outcome, closed_on FROM deals WHERE source = ? AND outcome <> 'open'", (source,)
    )
    return {str(row["deal_id"]): (str(row["outcome"]), str(row["closed_on"])) for row in rows}


def mark_gone(*, source: str, deal_ids: Sequence[str], now: datetime) -> Many:
    """The statement that notes deals as deleted at their source: they no longer count, their states stay."""
    return Many(
        "UPDATE deals SET gone_at = ? WHERE source = ? AND deal_id = ? AND gone_at IS NULL",
        [(now, source, key) for key in deal_ids],
    )


def mark_back(*, source: str, deal_ids: Sequence[str]) -> Many:
    """The statement that lets deals count again which the source shows."""
    return Many(
        "UPDATE deals SET gone_at = NULL WHERE source = ? AND deal_id = ? AND gone_at IS NOT NULL",
        [(source, key) for key in deal_ids],
    )


def read_deals(db: Database) -> pd.DataFrame:
    """One row per deal that counts, its newest state: source, deal_id, TRAITS; text (missing where unknown), amount
    (float64), created_on and closed_on (datetime64).
    """
    frame = db.frame(
        f"SELECT source, deal_id, {', '.join(TRAITS)} FROM deals WHERE gone_at IS NULL ORDER BY created_on, id"  # noqa: S608 - names are our own
    )
    return _typed(frame)


def read_stage_states(db: Database) -> pd.DataFrame:
    """One row per state of every deal that was ever seen open and still counts, in the order seen: source, deal_id, stage,
    outcome (text), seen_at, closed_on (datetime64).
    """
    frame = db.frame(
        "SELECT s.source, s.deal_id, s.stage, s.outcome, s.seen_at, s.closed_on "
        "FROM (SELECT DISTINCT source, deal_id FROM deal_snapshots WHERE outcome = 'open') o "
        "JOIN deals d ON d.source = o.source AND d.deal_id = o.deal_id AND d.gone_at IS NULL "
        "JOIN deal_snapshots s ON s.source = o.source AND s.deal_id = o.deal_id ORDER BY s.id"
    )
    for field in ("source", "deal_id", "stage", "outcome"):
        frame[field] = frame[field].astype("str")
    frame["seen_at"] = pd.to_datetime(frame["seen_at"], format="ISO8601").dt.tz_localize(None)
    frame["closed_on"] = pd.to_datetime(frame["closed_on"], format="ISO8601")
    return frame


class DealRows(NamedTuple):
    """What was read at one moment: database_id, top (the newest state's number), newest and last (what tells that
    state and the state `since` from those of another history; None without one), deals (how many there are, gone ones too), columns and rows
    (id, source, deal_id, TRAITS) of the deals whose state came after `since`, gone (ids of those that do not count).
    """

    database_id: int
    top: int
    newest: str | None
    last: str | None
    deals: int
    columns: list[str]
    rows: list[tuple[Any, ...]]
    gone: list[int]


def read_deal_rows(db: Database, *, since: int = 0) -> DealRows:
    """The deals whose state came after the state `since`, in one trip; 0 for all."""
    newer = (
        "WHERE (source, deal_id) IN (SELECT source, deal_id FROM deal_snapshots WHERE id > ?) "
        if since
        else ""
    )
    stamp, (columns, rows), gone = db.tables(
        [
            Statement(
                "SELECT (SELECT value FROM meta WHERE key = 'database_id'), (SELECT coalesce(max(id), 0) FROM deal_snapshots), "
                "(SELECT fingerprint || seen_at FROM deal_snapshots ORDER BY id DESC LIMIT 1), "
                "(SELECT fingerprint || seen_at FROM deal_snapshots WHERE id = ?), (SELECT count(*) FROM deals)",
                (since,),
            ),
            Statement(
                f"SELECT id, source, deal_id, {', '.join(TRAITS)} FROM deals {newer}",  # noqa: S608 - names are our own
                (since,) if since else (),
            ),
            Statement("SELECT id FROM deals WHERE gone_at IS NOT NULL"),
        ]
    )
    database_id, top, newest, last, deals = stamp[1][0]
    return DealRows(
        int(database_id),
        int(top),
        newest,
        last,
        int(deals),
        list(columns),
        rows,
        [int(row[0]) for row in gone[1]],
    )


def count_deals(db: Database) -> dict[str, Any]:
    """deals, won, lost, open, newest_close (ISO day or None), changed_at (of the newest change), last_seen (of the
    newest import; None without one).
    """
    return db.rows(
        "SELECT count(*) AS deals, coalesce(sum(outcome = 'won'), 0) AS won, coalesce(sum(outcome = 'lost'), 0) AS lost, "
        "coalesce(sum(outcome = 'open'), 0) AS open, max(closed_on) AS newest_close, max(updated_at) AS changed_at, "
        "(SELECT max(finished_at) FROM sync_runs WHERE kind = 'deals' AND status = 'done') AS last_seen FROM deals WHERE gone_at IS NULL"
    )[0]


def record_issues(*, issues: Sequence[Mapping[str, Any]], source: str, file_name: str, now: datetime) -> Many:
    """The statement that keeps findings (issue_key, kind, deal_id, what); a known one is only seen again, and
    one that a person settled stays settled.
    """
    return Many(
        "INSERT INTO deal_issues (source, issue_key, kind, deal_id, what, file_name, found_at, seen_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, issue_key) DO UPDATE SET what = excluded.what, "
        "file_name = excluded.file_name, seen_at = excluded.seen_at WHERE deal_issues.resolved_at IS NULL",
        [(source, i["issue_key"], i["kind"], i["deal_id"], i["what"], file_name, now, now) for i in issues],
    )


def resolve_issues(*, ids: Sequence[int], resolution: str, now: datetime, actor: str) -> Many:
    """The statement that closes issues with what a person found out."""
    return Many(
        "UPDATE deal_issues SET resolved_at = ?, resolved_by = ?, resolution = ? WHERE id = ? AND resolved_at IS NULL",
        [(now, actor, resolution, number) for number in ids],
    )


def read_issues(db: Database, *, limit: int = 500) -> pd.DataFrame:
    """Open findings, newest first: id, kind, deal_id, what, file_name, found_at."""
    return db.frame(
        "SELECT id, kind, deal_id, what, file_name, found_at FROM deal_issues WHERE resolved_at IS NULL "
        "ORDER BY seen_at DESC, id LIMIT ?",
        (limit,),
    )


def count_issues(db: Database) -> int:
    """How many findings nobody has settled."""
    return int(db.rows("SELECT count(*) AS n FROM deal_issues WHERE resolved_at IS NULL")[0]["n"])


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    for field in ("source", *_TEXTS):
        frame[field] = frame[field].astype("str")
    frame["amount"] = pd.to_numeric(frame["amount"]).astype("float64")
    for field in ("created_on", "closed_on"):
        frame[field] = pd.to_datetime(frame[field], format="ISO8601")
    return frame
