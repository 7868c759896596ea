"""The rows that calibration counts: all of them, those that changed since, or as they were known at an earlier time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stores.outcomes import BATCH_DAY
from turso_db import Database, Statement, Table

COLUMNS = (
    "source", "lead_id", "batch_id", "sic_code", "employee_count", "state", "zip_code", "distance_miles",
    "signal_strength", "workflow_type", "hades_score", "started_on", "delivered_on",
)  # fmt: skip
_MARKED = {  # table → its id and what tells a row from one that another history put under the same id
    "lead": ("lead_outcomes", "id", "created_at || company_key"),
    "milestone": ("outcome_milestones", "id", "recorded_at || source_key"),
    "historical": ("historical_outcomes", "id", "source_key"),
    "change": ("historical_changes", "change_id", "changed_at"),
}
_NONE = "NULL AS distance_miles, NULL AS signal_strength, NULL AS workflow_type, NULL AS hades_score"


class Known(NamedTuple):
    """How far each table was read: the highest id. at: ISO moment, what was recorded later does not count (None: all
    does). void_at: batches made void after it still count.
    """

    lead: int = 0
    milestone: int = 0
    historical: int = 0
    change: int = 0
    at: str | None = None
    void_at: str | None = None


class Marks(NamedTuple):
    """Which database, at which data version, read how far, and what stands in the last rows of an earlier reading."""

    database_id: int
    data_version: int
    known: Known
    last: tuple[str | None, ...]


def marks_statement(since: Known | None = None) -> Statement:
    """The statement for `marks_of`. `since`: the reading whose last rows are looked at; the newest rows without it."""
    tops = [
        f"(SELECT coalesce(max({key}), 0) FROM {table}) AS {name}"  # noqa: S608
        for name, (table, key, _) in _MARKED.items()
    ]
    last = [
        f"(SELECT {what} FROM {table} WHERE {key} = "  # noqa: S608
        + ("?)" if since else f"(SELECT max({key}) FROM {table}))")  # noqa: S608
        for table, key, what in _MARKED.values()
    ]
    return Statement(
        "SELECT (SELECT value FROM meta WHERE key = 'database_id') AS database_id, "  # noqa: S608 - names are our own
        f"(SELECT value FROM meta WHERE key = 'data_version') AS data_version, {', '.join(tops)}, {', '.join(last)}",
        tuple(getattr(since, name) for name in _MARKED) if since else (),
    )


def marks_of(table: Table) -> Marks:
    """What the statement found."""
    row = table.rows[0]
    return Marks(row[0], row[1], Known(*row[2:6]), tuple(row[6:]))


def read_marks(db: Database, *, since: Known | None = None) -> Marks:
    """The marks of this moment."""
    return marks_of(db.tables([marks_statement(since)])[0])


def read_every_row(db: Database, *, parts: Sequence[str] = ()) -> tuple[Marks, Table, Table]:
    """The marks, the rows that count, and when companies of batches were delivered, from one snapshot.

    Rows: COLUMNS and `parts` (component scores at export), one per historical company and per company of a closed
    batch; days are texts as stored, an ISO day or moment; delivered_on is missing for leads of batches. Deliveries:
    lead_id and delivered_on of those.
    """
    marks, rows, deliveries = db.tables([marks_statement(), *every_row(parts=parts)])
    return marks_of(marks), rows, deliveries


def every_row(*, parts: Sequence[str] = ()) -> list[Statement]:
    """The statements for every row that counts now, and for the deliveries."""
    wanted, more, extra = _parts(parts)
    return [Statement(f"{_hades(wanted)} UNION ALL {_historical(more)}", extra), _deliveries()]


def read_changed_rows(
    db: Database, *, since: Known, parts: Sequence[str] = ()
) -> tuple[Marks, Table, Table, set[str]]:
    """As `read_every_row`, but only rows that came or changed after `since`; and the batches that do not count."""
    wanted, more, extra = _parts(parts)
    changed = Statement(
        f"{_historical(more)} WHERE h.id > ? OR h.id IN (SELECT historical_id FROM historical_changes WHERE change_id > ?) "  # noqa: S608
        f"UNION ALL {_hades(wanted)} AND (l.id > ? OR l.id IN (SELECT min(x.id) FROM outcome_milestones m "
        "JOIN lead_outcomes x ON x.batch_id = m.batch_id AND x.company_key = m.company_key WHERE m.id > ? "
        "GROUP BY m.batch_id, m.company_key))",
        (since.historical, since.change, *extra, since.lead, since.milestone),
    )
    void = Statement("SELECT batch_id FROM batches WHERE status <> 'closed'")
    marks, rows, deliveries, gone = db.tables([marks_statement(), changed, _deliveries(), void])
    return marks_of(marks), rows, deliveries, {str(row[0]) for row in gone.rows}


def read_known_rows(db: Database, *, known: Known, parts: Sequence[str] = ()) -> tuple[Table, Table]:
    """Rows and deliveries (see `read_every_row`) as they were known: later ones absent, later changes not made yet."""
    wanted, more, extra = _parts(parts)
    at, lead, void_at = known.at, known.lead, known.void_at

    def then(column: str) -> str:
        return f"CASE WHEN c.change_id IS NULL THEN h.{column} ELSE c.{column} END"

    # The first change after what is known tells what the row said until then.
    historical = (
        f"SELECT 'historical' AS source, h.id AS lead_id, NULL AS batch_id, {then('sic_code')}, {then('employee_count')}, "  # noqa: S608
        f"{then('state')}, h.zip_code, {_NONE}, {then('deal_created_at')}, CASE WHEN {then('outcome')} = 'delivery' THEN "
        f"coalesce({then('delivery_at')}, {then('deal_created_at')}, '1970-01-01') END{more} "
        "FROM historical_outcomes h LEFT JOIN historical_changes c ON c.change_id = (SELECT min(x.change_id) FROM "
        "historical_changes x WHERE x.historical_id = h.id AND (x.change_id > ? OR x.changed_at > ?)) "
        "WHERE h.id <= ? AND (? IS NULL OR coalesce(c.imported_at, h.imported_at) <= ?)"
    )
    hades = _hades(wanted, closed="status = 'closed' OR voided_at > ?")
    rows = Statement(
        f"{historical} UNION ALL {hades} AND l.id <= ? AND (? IS NULL OR l.created_at <= ?)",
        (known.change, at, known.historical, at, at, *extra, void_at, lead, at, at),
    )
    standing = (
        "m.id <= ? AND (? IS NULL OR m.recorded_at <= ?) AND NOT EXISTS (SELECT 1 FROM outcome_milestones r "
        "WHERE r.retracts = m.id AND r.id <= ? AND (? IS NULL OR r.recorded_at <= ?))"
    )
    found, deliveries = db.tables(
        [rows, _deliveries(standing, (known.milestone, at, at, known.milestone, at, at))]
    )
    return found, deliveries


def read_later(db: Database, *, known: Known) -> dict[str, int]:
    """How much was recorded after `known.at`, up to the last rows known: historical, leads, milestones."""
    row = db.rows(
        "SELECT (SELECT count(*) FROM historical_outcomes WHERE id <= ? AND imported_at > ?) AS historical, "
        "(SELECT count(*) FROM lead_outcomes WHERE id <= ? AND created_at > ?) AS leads, "
        "(SELECT count(*) FROM outcome_milestones WHERE id <= ? AND recorded_at > ?) AS milestones",
        (known.historical, known.at, known.lead, known.at, known.milestone, known.at),
    )[0]
    return {name: int(number) for name, number in row.items()}


def _parts(parts: Sequence[str]) -> tuple[str, str, tuple[Any, ...]]:
    """What to ask of a batch's lead and of a historical one, and the arguments of the former."""
    wanted = "".join(", json_extract(l.source_features, ?)" for _ in parts)
    return wanted, ", NULL" * len(parts), tuple(f'$."{name}_score"' for name in parts)


def _historical(more: str) -> str:
    return (
        f"SELECT 'historical' AS source, h.id AS lead_id, NULL AS batch_id, h.sic_code, h.employee_count, h.state, "  # noqa: S608
        f"h.zip_code, {_NONE}, h.deal_created_at AS started_on, CASE WHEN h.outcome = 'delivery' THEN "
        f"coalesce(h.delivery_at, h.deal_created_at, '1970-01-01') END AS delivered_on{more} FROM historical_outcomes h"
    )


def _hades(wanted: str, *, closed: str = "status = 'closed'") -> str:
    """The first contact of each company of a batch that counts, to be followed by AND; when its company was delivered
    is told by `_deliveries`, for a join of the two takes SQLite many times as long.
    """
    return (
        "SELECT 'hades', l.id, l.batch_id, l.sic_code, l.employee_count, l.state, l.zip_code, l.distance_miles, "  # noqa: S608
        f"json_extract(l.source_features, '$.signal_strength'), l.workflow_type, l.hades_score, "
        f"{BATCH_DAY.replace('b.', 'l.')}, NULL{wanted} FROM lead_outcomes l WHERE NOT EXISTS (SELECT 1 FROM lead_outcomes x "
        "WHERE x.batch_id = l.batch_id AND x.company_key = l.company_key AND x.id < l.id) "
        f"AND l.batch_id IN (SELECT batch_id FROM batches WHERE {closed})"
    )


def _deliveries(
    which: str = "NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id)",
    args: Sequence[Any] = (),
) -> Statement:
    """The statement for the first delivery of each company that has one: lead_id of its first contact, delivery_at. A
    churned site was delivered.
    """
    return Statement(
        "SELECT (SELECT min(x.id) FROM lead_outcomes x WHERE x.batch_id = m.batch_id AND x.company_key = m.company_key), "  # noqa: S608
        "min(m.happened_at) FROM outcome_milestones m WHERE m.milestone IN ('delivery', 'churned') "
        f"AND {which} GROUP BY m.batch_id, m.company_key",
        args,
    )
