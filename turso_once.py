"""A write that may be sent again: one batch that is kept whole, once, and remembers what it gave back.

Each write carries a token, a row of the table `_tx` inserted by the same batch. When the answer is lost after
the commit, the repeat breaks on that row and changes nothing; what the first try gave back is then read from
`_tx_notes`: the batch has noted how many rows each statement touched and the values that RETURNING or SELECT
gave. RETURNING cannot be read by SQL, so a trigger that lives only inside the batch notes the same
expressions for the same row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

from database import BUMP, Many, Statement, Written
from errors import Refused
from sql_values import SqlValue, to_sql_row
from turso_wire import encode

TABLES = (
    "CREATE TABLE IF NOT EXISTS _tx (id TEXT PRIMARY KEY, at TEXT NOT NULL)",
    # one row per value given back; col -1 holds how many rows the statement touched
    "CREATE TABLE IF NOT EXISTS _tx_notes (tx TEXT NOT NULL, place INTEGER NOT NULL, col INTEGER, value)",
)
NOTES = "SELECT place, col, value FROM _tx_notes WHERE tx = ? ORDER BY rowid"
KEPT_DAYS = 2  # a repeat comes within a minute; old tokens are only weight

_BEGIN = "INSERT INTO _tx (id, at) VALUES (?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))"
_NOTE = "INSERT INTO _tx_notes (tx, place, col, value) "
_PRUNE = (
    f"DELETE FROM _tx WHERE at < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{KEPT_DAYS} days')",  # noqa: S608
    "DELETE FROM _tx_notes WHERE tx NOT IN (SELECT id FROM _tx)",
)
_MOST_ARGS = 30_000  # SQLite takes 32,766 in one statement
_VALUES = re.compile(r"\bVALUES\s*(\(\s*\?(?:\s*,\s*\?)*\s*\))", re.IGNORECASE)
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\w+|\S", re.DOTALL
)
_NAME = r"(\w++|\"[^\"]+\")(?!\s*\.)"
_TARGET = re.compile(
    rf"\s*(?:(INSERT)(?:\s+OR\s+\w+)?\s+INTO|(REPLACE)\s+INTO|(UPDATE)(?:\s+OR\s+\w+)?|(DELETE)\s+FROM)\s+{_NAME}",
    re.IGNORECASE,
)
_EVENTS = {
    "INSERT": (("AFTER INSERT", "NEW"), ("AFTER UPDATE", "NEW")),
    "REPLACE": (("AFTER INSERT", "NEW"),),
    "UPDATE": (("AFTER UPDATE", "NEW"),),
    "DELETE": (("BEFORE DELETE", "OLD"),),
}
_LIST_ENDS = {"FROM", "WHERE", "GROUP", "ORDER", "LIMIT", "UNION", "INTERSECT", "EXCEPT", ";"}
_SCHEMA_CHANGES = {"CREATE", "DROP", "ALTER", "REINDEX"}
_CHANGES = {"INSERT", "REPLACE", "UPDATE", "DELETE"}


class Shape(NamedTuple):
    """What a statement does, and how many columns the rows have that it gives back."""

    verb: str  # INSERT, SELECT, CREATE, ...; for WITH the verb that follows it
    gives_rows: bool
    columns: int  # how many expressions one row has; 0 where that cannot be told from the text
    returning: str  # the text after RETURNING


class Batch(NamedTuple):
    """The steps of one write and which of them belong to which statement."""

    token: str
    steps: list[dict[str, Any]]
    places: list[list[int]]  # per statement the steps whose results are its own
    shapes: list[Shape]


def write_batch(
    token: str, statements: Sequence[Statement | Many], *, bump: bool, prune: bool = False
) -> Batch:
    """One transaction of `statements`, kept whole or not at all, and not twice under one token.

    Step 0 begins, step 1 records the token; the last but one commits, the last rolls back unless that
    succeeded.
    """
    steps: list[dict[str, Any]] = []

    def add(sql: str, args: Sequence[Any] = ()) -> int:
        step: dict[str, Any] = {"stmt": {"sql": sql, "args": [encode(value) for value in args]}}
        if steps:
            step["condition"] = {"type": "ok", "step": len(steps) - 1}
        steps.append(step)
        return len(steps) - 1

    add("BEGIN IMMEDIATE")
    add(_BEGIN, (token,))
    for sql in _PRUNE if prune else ():
        add(sql)
    places, shapes = [], []
    for place, statement in enumerate(statements):
        shape = shape_of(statement.sql)
        if isinstance(statement, Many):
            shape = shape._replace(gives_rows=False, columns=0)  # many rows of arguments give counts, no rows
        triggers = _triggers(token, place, statement.sql, shape)
        for index, trigger in enumerate(triggers):
            add(f"CREATE TRIGGER _tx_{token}_{index} {trigger}")
        own = []
        for sql, args in _runs(statement):
            own.append(add(sql, args))
            if shape.verb in _CHANGES:
                add(f"{_NOTE} VALUES (?, ?, -1, changes())", (token, place))
            elif shape.verb == "SELECT" and shape.columns:
                add(_noting(token, place, shape.columns, f"SELECT * FROM ({sql.strip(' ;')})"), args)  # noqa: S608
        for index in range(len(triggers)):
            add(f"DROP TRIGGER _tx_{token}_{index}")
        places.append(own)
        shapes.append(shape)
    if bump:
        add(BUMP)
    commit = add("COMMIT")
    steps.append(
        {"stmt": {"sql": "ROLLBACK"}, "condition": {"type": "not", "cond": {"type": "ok", "step": commit}}}
    )
    return Batch(token, steps, places, shapes)


def chained(statements: Sequence[str | Statement]) -> list[dict[str, Any]]:
    """Steps that each run only after the one before; the last of several ends with a rollback where one
    failed.
    """
    steps: list[dict[str, Any]] = []
    for statement in statements:
        whole = Statement(statement) if isinstance(statement, str) else statement
        condition = {"condition": {"type": "ok", "step": len(steps) - 1}} if steps else {}
        steps.append({"stmt": stmt(whole), **condition})
    if len(steps) > 1:
        not_ok = {"type": "not", "cond": {"type": "ok", "step": len(steps) - 1}}
        steps.append({"stmt": {"sql": "ROLLBACK"}, "condition": not_ok})
    return steps


def reading(statement: Statement) -> Statement:
    """The statement, which may be sent any number of times; Refused when it would change data each time."""
    if statement.sql[:6].upper() != "SELECT" and shape_of(statement.sql).verb in _CHANGES | _SCHEMA_CHANGES:
        raise Refused("A reading was expected, but the statement changes data. Use write for it.")
    return statement


def stmt(statement: Statement) -> dict[str, Any]:
    """One statement as the protocol writes it."""
    return {"sql": statement.sql, "args": [encode(value) for value in to_sql_row(statement.args)]}


def kept_before(step: int, error: Mapping[str, Any]) -> bool:
    """Whether `error` of step number `step` says that this write was already kept."""
    return step == 1 and "UNIQUE constraint failed: _tx.id" in str(error.get("message"))


def table_missing(step: int, error: Mapping[str, Any]) -> bool:
    """Whether `error` says that this database has never seen a write with a token."""
    return step == 1 and "no such table: _tx" in str(error.get("message"))


def written_before(
    batch: Batch, notes: Sequence[tuple[int, int, Any]], names: Mapping[int, Sequence[str]]
) -> list[Written] | None:
    """What the first try gave back, from its notes and the column names of the statements that give rows.

    None when a statement gave rows that could not be noted: `SELECT *`, `RETURNING *`, WITH before a change.
    """
    if any(shape.gives_rows and not shape.columns for shape in batch.shapes):
        return None
    affected = [0] * len(batch.shapes)
    cells: list[list[list[Any]]] = [[[] for _ in range(shape.columns)] for shape in batch.shapes]
    for place, column, value in notes:
        if column < 0:
            affected[place] += value
        else:
            cells[place][column].append(value)
    return [
        Written(
            [dict(zip(names[place], row, strict=True)) for row in zip(*columns, strict=True)], affected[place]
        )
        for place, columns in enumerate(cells)
    ]


def shape_of(sql: str) -> Shape:
    """The shape of one statement, told from its words; brackets, quotes and comments are looked through."""
    words = _top_words(sql)
    if not words:
        return Shape("", False, 0, "")
    verb = words[0][0].upper()
    if verb == "WITH":
        verb = next((word.upper() for word, _ in words if word.upper() in {*_CHANGES, "SELECT"}), "WITH")
    if verb == "SELECT":
        return Shape(verb, True, _columns(_select_list(sql, words)), "")
    if verb in ("VALUES", "PRAGMA", "EXPLAIN"):
        return Shape(verb, True, 0, "")
    returning = (
        next((sql[end:] for word, end in words if word.upper() == "RETURNING"), "").strip().rstrip(";")
    )
    notable = returning and "?" not in returning and _TARGET.match(sql)
    return Shape(verb, bool(returning), _columns(returning) if notable else 0, returning)


def _select_list(sql: str, words: Sequence[tuple[str, int]]) -> str:
    """The text between the outer SELECT and what ends its list; `IS DISTINCT FROM` does not end it."""
    at = next(index for index, (word, _) in enumerate(words) if word.upper() == "SELECT")
    for (before, _), (word, end) in zip(words[at:], words[at + 1 :], strict=False):
        if word.upper() in _LIST_ENDS and not (word.upper() == "FROM" and before.upper() == "DISTINCT"):
            stop = end - len(word)
            break
    else:
        stop = len(sql)
    return re.sub(r"^\s*(DISTINCT|ALL)\b", "", sql[words[at][1] : stop], flags=re.IGNORECASE)


def column_names(sql: str) -> list[str]:
    """The names of the columns that a statement gives back, as far as its text tells them."""
    shape = shape_of(sql)
    listed = shape.returning or (_select_list(sql, _top_words(sql)) if shape.verb == "SELECT" else "")
    return [re.split(r"\s+AS\s+|\.", item, flags=re.IGNORECASE)[-1].strip('"`[] ') for item in _items(listed)]


def _top_words(sql: str) -> list[tuple[str, int]]:
    """The words outside brackets with the place where each ends."""
    words, depth = [], 0
    for match in _TOKEN.finditer(sql):
        word = match.group()
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif depth == 0 and not word.startswith(("--", "/*")):
            words.append((word, match.end()))
    return words


def _items(listed: str) -> list[str]:
    """The expressions of a list."""
    commas = [0, *(end for word, end in _top_words(listed) if word == ","), len(listed) + 1]
    return [listed[start : end - 1].strip() for start, end in pairwise(commas)]


def _columns(listed: str) -> int:
    """How many expressions a list has; 0 when one of them is a star."""
    items = _items(listed)
    return 0 if any(not item or item.endswith("*") for item in items) else len(items)


def _triggers(token: str, place: int, sql: str, shape: Shape) -> list[str]:
    """The bodies of the triggers that note what RETURNING gives for each row that the statement touches."""
    target = _TARGET.match(sql)
    if not shape.columns or not shape.returning or target is None:
        return []
    verb = next(word for word in target.groups()[:4] if word).upper()
    table = target.group(5)
    events = _EVENTS[verb] if "CONFLICT" in sql.upper() or verb != "INSERT" else _EVENTS[verb][:1]
    given = f"SELECT {shape.returning} FROM {table} WHERE {table}.rowid = "  # noqa: S608
    return [
        f"{event} ON {table} BEGIN {_noting(token, place, shape.columns, f'{given}{touched}.rowid')}; END"
        for event, touched in events
    ]


def _noting(token: str, place: int, columns: int, select: str) -> str:
    """The statement that notes every value of the rows of `select`, as it is, row by row."""
    names = f"SELECT {', '.join(f'NULL AS c{index}' for index in range(columns))} WHERE 0"
    value = " ".join(f"WHEN {index} THEN c{index}" for index in range(columns))
    numbers = " UNION ALL ".join(f"SELECT {index} AS col" for index in range(columns))
    return (
        f"{_NOTE} SELECT '{token}', {place}, n.col, CASE n.col {value} END "  # noqa: S608
        f"FROM ({names} UNION ALL {select}) CROSS JOIN ({numbers}) n"
    )


def _runs(statement: Statement | Many) -> Iterator[tuple[str, list[SqlValue]]]:
    """Text and arguments of each step of a statement.

    Many rows for one `INSERT ... VALUES (?, ?)` go as few statements with many rows of values each.
    """
    if isinstance(statement, Statement):
        yield statement.sql, to_sql_row(statement.args)
        return
    rows = [to_sql_row(row, number) for number, row in enumerate(statement.rows, 1)]
    match = _VALUES.search(statement.sql)
    if match is None or statement.sql.count("?") != match.group(1).count("?"):
        yield from ((statement.sql, row) for row in rows)
        return
    before, values, after = statement.sql[: match.start(1)], match.group(1), statement.sql[match.end(1) :]
    width = values.count("?")
    for start in range(0, len(rows), _MOST_ARGS // width):
        part = rows[start : start + _MOST_ARGS // width]
        if any(len(row) != width for row in part):
            raise Refused(f"Each row of arguments was expected to have {width} values, but one has not.")
        yield f"{before}{', '.join([values] * len(part))}{after}", list(chain.from_iterable(part))
