"""The rows that calibration counts: all of them, those that changed since, or as they were known at an earlier time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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
_ROWS_IN_TEXT = (
    10_000  # about 1 MB, 2 in hexadecimal digits: a server of Turso refuses texts of 5 MB and more
)


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


class Lines(NamedTuple):
    """The rows that count, as text: read so, they cost SQLite and the network a fraction of what rows of values do.

    hades, historical: texts of lines; fields part at U+001F, lines at U+000A, what is missing is U+001A. hades: lead_id,
    batch_id, sic_code, employee_count, state, zip_code, workflow_type, hades_score, and a JSON array of the signal
    strength and the parts asked for. historical: lead_id, sic_code, employee_count, state, zip_code, started_on and
    delivered_on, an ISO day or moment. Texts that hold such a mark themselves break the lines: ask again with `coded`,
    which gives the UTF-8 of every text in hexadecimal digits. miles: lead_id and distance of those that have one.
    deliveries: lead_id of the first contact of each delivered company, and when.
    """

    hades: list[str]
    historical: list[str]
    miles: Sequence[tuple[Any, ...]]
    deliveries: Sequence[tuple[Any, ...]]


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


def read_every_row(db: Database, *, parts: Sequence[str] = (), coded: bool = False) -> tuple[Marks, Lines]:
    """The marks, and the rows that count: one per historical company and per company of a closed batch; from one
    snapshot."""
    tops = read_marks(db).known
    hades, historical = _hades(parts), _HISTORICAL
    asked = _asked(hades, historical, coded, tops)
    marks, *found = db.tables([marks_statement(), *(statement for _, statement in asked), _deliveries()])
    return marks_of(marks), _lines_of(asked, found)


def read_changed_rows(
    db: Database, *, since: Known, parts: Sequence[str] = (), coded: bool = False
) -> tuple[tuple[Marks, set[str]], Lines]:
    """((the marks, the batches that do not count), the rows that came or changed after `since`)."""
    newer = (
        "(l.id > ? OR l.id IN (SELECT min(x.id) FROM outcome_milestones m "
        "JOIN lead_outcomes x ON x.batch_id = m.batch_id AND x.company_key = m.company_key WHERE m.id > ? "
        "GROUP BY m.batch_id, m.company_key))"
    )
    args = (since.lead, since.milestone)
    hades = _hades(parts).where(newer, *args)
    historical = _HISTORICAL.where(
        "(h.id > ? OR h.id IN (SELECT historical_id FROM historical_changes WHERE change_id > ?))",
        since.historical,
        since.change,
    )
    asked = _asked(hades, historical, coded, None, newer, args)
    void = Statement("SELECT batch_id FROM batches WHERE status <> 'closed'")
    statements = [marks_statement(), void, *(statement for _, statement in asked), _deliveries()]
    marks, gone, *found = db.tables(statements)
    return (marks_of(marks), {str(row[0]) for row in gone.rows}), _lines_of(asked, found)


def read_known_rows(db: Database, *, known: Known, parts: Sequence[str] = (), coded: bool = False) -> Lines:
    """The rows as they were known: later ones absent, later changes not made yet."""
    at = known.at

    def then(column: str) -> str:
        return f"CASE WHEN c.change_id IS NULL THEN h.{column} ELSE c.{column} END"

    delivered = f"coalesce({then('delivery_at')}, {then('deal_created_at')}, '1970-01-01')"
    # The first change after what is known tells what the row said until then.
    historical = _Rows(
        (
            "h.id", then("sic_code"), then("employee_count"), then("state"), "h.zip_code", then("deal_created_at"),
            f"CASE WHEN {then('outcome')} = 'delivery' THEN {delivered} END",
        ),
        "historical_outcomes h LEFT JOIN historical_changes c ON c.change_id = (SELECT min(x.change_id) FROM "
        "historical_changes x WHERE x.historical_id = h.id AND (x.change_id > ? OR x.changed_at > ?))",
        "h.id <= ? AND (? IS NULL OR coalesce(c.imported_at, h.imported_at) <= ?)",
        (known.change, at, known.historical, at, at),
        _HISTORICAL.texts,
    )  # fmt: skip
    hades = _hades(parts, "status = 'closed' OR voided_at > ?", known.void_at)
    hades = hades.where("l.id <= ? AND (? IS NULL OR l.created_at <= ?)", known.lead, at, at)
    standing = (
        "m.id <= ? AND (? IS NULL OR m.recorded_at <= ?) AND NOT EXISTS (SELECT 1 FROM outcome_milestones r "
        "WHERE r.retracts = m.id AND r.id <= ? AND (? IS NULL OR r.recorded_at <= ?))"
    )
    asked = _asked(hades, historical, coded, known)
    deliveries = _deliveries(standing, (known.milestone, at, at, known.milestone, at, at))
    return _lines_of(asked, db.tables([*(statement for _, statement in asked), deliveries]))


def read_later(db: Database, *, known: Known) -> dict[str, int]:
    """How much was recorded after `known.at`, up to the last rows known: historical, leads, milestones."""
    row = db.rows(
        "SELECT (SELECT count(*) FROM historical_outcomes WHERE id <= ? AND imported_at > ?) AS historical, "
        "(SELECT count(*) FROM lead_outcomes WHERE id <= ? AND created_at > ?) AS leads, "
        "(SELECT count(*) FROM outcome_milestones WHERE id <= ? AND recorded_at > ?) AS milestones",
        (known.historical, known.at, known.lead, known.at, known.milestone, known.at),
    )[0]
    return {name: int(number) for name, number in row.items()}


class _Rows(NamedTuple):
    """Rows to ask for: the fields, the tables, which rows with the arguments in order, and which fields are texts."""

    fields: tuple[str, ...]
    tables: str
    which: str
    args: tuple[Any, ...]
    texts: frozenset[int]

    def where(self, more: str, *args: Any) -> _Rows:
        """Those of them that meet this too."""
        return self._replace(which=f"{self.which} AND {more}", args=(*self.args, *args))

    def as_lines(self, *, coded: bool, by: str = "") -> Statement:
        """The statement for them as one text, or one per so many ids of the column `by`."""
        fields = []
        for place, name in enumerate(self.fields):
            told = f"hex({name})" if coded and place in self.texts else name
            fields.append(
                f"CASE WHEN {name} IS NULL THEN char(26) ELSE {told} END"
                if coded
                else f"coalesce({name}, char(26))"
            )
        together = f" GROUP BY {by} / {_ROWS_IN_TEXT}" if by else ""
        return Statement(
            f"SELECT group_concat({' || char(31) || '.join(fields)}, char(10)) FROM {self.tables} WHERE {self.which}{together}",  # noqa: S608
            self.args,
        )


_HISTORICAL = _Rows(
    (
        "h.id", "h.sic_code", "h.employee_count", "h.state", "h.zip_code", "h.deal_created_at",
        "CASE WHEN h.outcome = 'delivery' THEN coalesce(h.delivery_at, h.deal_created_at, '1970-01-01') END",
    ),
    "historical_outcomes h",
    "1",
    (),
    frozenset({1, 3, 4, 5, 6}),
)  # fmt: skip


def _hades(parts: Sequence[str], closed: str = "status = 'closed'", *args: Any) -> _Rows:
    """The first contact of each company of a batch that counts; when its company was delivered is told by
    `_deliveries`, for a join of the two takes SQLite many times as long.
    """
    # Of two paths json_extract gives a JSON array, in which numbers stay as they were written.
    paths = ", ".join(["'$.signal_strength'", *(_quoted(f'$."{name}_score"') for name in parts)])
    told = f"json_extract(l.source_features, {paths})"
    return _Rows(
        (
            "l.id", "l.batch_id", "l.sic_code", "l.employee_count", "l.state", "l.zip_code", "l.workflow_type",
            "l.hades_score", told if parts else f"json_array({told})",
        ),
        "lead_outcomes l",
        "NOT EXISTS (SELECT 1 FROM lead_outcomes x WHERE x.batch_id = l.batch_id AND x.company_key = l.company_key "  # noqa: S608
        f"AND x.id < l.id) AND +l.batch_id IN (SELECT batch_id FROM batches WHERE {closed})",
        args,
        frozenset({1, 2, 4, 5, 6, 8}),
    )  # fmt: skip


def _quoted(text: str) -> str:
    """The text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _asked(
    hades: _Rows,
    historical: _Rows,
    coded: bool,
    tops: Known | None,
    newer: str = "1",
    args: Sequence[Any] = (),
) -> list[tuple[str, Statement]]:
    """The statements for the rows, each with what it asks for. `tops`, the highest ids, where these are many: then each
    asks for some, as to group so many would take SQLite a sort.
    `newer`: which leads' distances are asked for, with its arguments.
    """
    asked = []
    for source, rows, key, top in (
        ("hades", hades, "l.id", tops.lead if tops else 0),
        ("historical", historical, "h.id", tops.historical if tops else 0),
    ):
        if tops is None:
            asked.append((source, rows.as_lines(coded=coded, by=key)))
            continue
        starts = range(0, max(top, 1), _ROWS_IN_TEXT)
        for start in starts:
            some = rows.where(f"{key} > ?", start) if start else rows
            if start != starts[-1]:
                some = some.where(f"{key} <= ?", start + _ROWS_IN_TEXT)
            asked.append((source, some.as_lines(coded=coded)))
    # As text a distance would lose its last digits. Those of other rows too: to leave them out would cost more.
    miles = (
        f"SELECT l.id, l.distance_miles FROM lead_outcomes l WHERE l.distance_miles IS NOT NULL AND {newer}"  # noqa: S608
    )
    return [*asked, ("miles", Statement(miles, args))]


def _lines_of(asked: Sequence[tuple[str, Statement]], found: Sequence[Table]) -> Lines:
    """What was found for them, and for the deliveries at the end."""
    texts: dict[str, list[str]] = {"hades": [], "historical": []}
    for (source, _), table in zip(asked[:-1], found[:-2], strict=True):
        texts[source] += [row[0] for row in table.rows if row[0] is not None]
    return Lines(texts["hades"], texts["historical"], found[-2].rows, found[-1].rows)


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
