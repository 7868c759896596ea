"""A whole database copied from one place to another: file to Turso, Turso to file, file to file.

The schema is taken over as it stands, rows go table by table in the order of their rowids, parents before
children, and at the end every row of both sides is compared by its hash. Until then the target holds the
table `_copy_unfinished`, which keeps the product from opening it; a copy that was interrupted goes on where
it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from database import Database, Many, Statement
from errors import Conflict, Refused

UNFINISHED = "_copy_unfinished"
MANIFEST = "_backup"  # in a backup: how many rows each table has, and their hash
_OURS = ("_tx", "_tx_notes", UNFINISHED, MANIFEST)  # bookkeeping of one place, not part of what is copied
_LAST = "schema_migrations"  # without it nobody takes the target for a database of the product
_MOST_BYTES = 2_000_000  # of one write
_CHUNK_ROWS = 2_000
_ROUNDS = 3  # of comparing and mending, before the source is said to keep changing
_VERSION = "SELECT value FROM meta WHERE key = 'data_version'"

FURTHER = "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT NULL ORDER BY rowid"

Row = tuple[Any, ...]


class Table(NamedTuple):
    """One table: its columns as they are written, and the SELECT of rowid and columns after a rowid."""

    name: str
    sql: str
    columns: tuple[str, ...]
    own_key: bool  # an INTEGER PRIMARY KEY is the rowid itself

    @property
    def select(self) -> str:
        """The rows after a rowid, in order: rowid, then the columns."""
        columns = ", ".join(map(_quoted, self.columns))
        return f"SELECT rowid, {columns} FROM {_quoted(self.name)} WHERE rowid > ? ORDER BY rowid"  # noqa: S608

    @property
    def insert(self) -> str:
        """One row under its rowid, in place of one that may be there."""
        columns = [*([] if self.own_key else ["rowid"]), *map(_quoted, self.columns)]
        marks = ", ".join("?" * len(columns))
        return f"INSERT OR REPLACE INTO {_quoted(self.name)} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


class Copied(NamedTuple):
    """One table after the copy: how many rows it has, and one hash over all of them."""

    table: str
    rows: int
    sha256: str


def copy_database(
    source: Database, target: Database, *, tell: Callable[[str], None] = lambda _: None
) -> list[Copied]:
    """One entry per table, after every row of both sides was found equal.

    Refused when the target already holds something else than an unfinished copy, or the source is empty;
    Conflict when the source keeps changing meanwhile. `tell` gets a line per table.
    """
    tables = tables_of(source)
    _begin(target, tables)
    for table in tables:
        if table.name != _LAST:
            copied = _copy_rows(source, target, table)
            tell(f"{table.name}: {copied:,} rows copied")
    done = _settle(source, target, [table for table in tables if table.name != _LAST])
    _finish(source, target, next(table for table in tables if table.name == _LAST))
    return done


def tables_of(source: Database) -> list[Table]:
    """The tables to copy, those that others refer to first. Refused when there is no database of this product."""
    found = source.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    names = {str(row["name"]): str(row["sql"]) for row in found if _is_ours(str(row["name"]))}
    asked = [
        Statement(f"SELECT {what} FROM {of}(?)", (name,))  # noqa: S608
        for name in names
        for what, of in (
            ("name, type, pk, hidden", "pragma_table_xinfo"),
            ('"table"', "pragma_foreign_key_list"),
        )
    ]
    answers = iter(source.read(asked))
    tables: dict[str, Table] = {}
    parents: dict[str, set[str]] = {}
    for name, sql in names.items():
        columns = [column for column in next(answers) if not column["hidden"]]
        keys = [column for column in columns if column["pk"]]
        own_key = len(keys) == 1 and str(keys[0]["type"]).upper() == "INTEGER"
        tables[name] = Table(name, sql, tuple(str(column["name"]) for column in columns), own_key)
        parents[name] = {str(key["table"]) for key in next(answers)} - {name}
    ordered: list[Table] = []
    while tables:
        free = [name for name in tables if not parents[name] & tables.keys()] or list(tables)[:1]
        ordered += [tables.pop(name) for name in free]
    if not any(table.name == _LAST for table in ordered):
        raise Refused(f"{source.name} holds no database of this product. Name another one.")
    return ordered


def _is_ours(name: str) -> bool:
    return not name.startswith(("sqlite_", "libsql_")) and name not in _OURS


def _begin(target: Database, tables: Sequence[Table]) -> None:
    """Nothing; the target has the tables, and says that it is not finished."""
    there = {str(row["name"]) for row in target.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if UNFINISHED not in there:
        if any(map(_is_ours, there)):
            raise Refused(
                f"{target.name} was expected to be empty, but it already holds tables. Name an empty "
                f"database; "
                "nothing was changed."
            )
        mark = Statement(f"CREATE TABLE {UNFINISHED} (begun INTEGER)")
        target.write([mark, *(Statement(table.sql) for table in tables)], bump=False)
    elif {table.name for table in tables} - there:
        raise Refused(
            f"{target.name} holds an unfinished copy of another database. Name an empty one; nothing was "
            f"changed."
        )


def _copy_rows(source: Database, target: Database, table: Table) -> int:
    """How many rows went over now: those after the last one that is there."""
    last = target.rows(f"SELECT max(rowid) AS last FROM {_quoted(table.name)}")[0]["last"]  # noqa: S608
    after = -(2**63) if last is None else last
    copied = 0
    for rows in _portions(source, table, after, target.rows_per_write):
        write_rows(target, table, rows)
        copied += len(rows)
    return copied


def _portions(source: Database, table: Table, after: int, most_rows: int) -> Iterator[list[Row]]:
    """Rows in portions that one write can carry, by number and by size."""
    portion: list[Row] = []
    size = 0
    for part in source.stream(table.select, (after,), chunk_rows=_CHUNK_ROWS):
        for row in part:
            weight = sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)
            if portion and (len(portion) >= min(most_rows, 5_000) or size + weight > _MOST_BYTES):
                yield portion
                portion, size = [], 0
            portion.append(row)
            size += weight
    if portion:
        yield portion


def write_rows(target: Database, table: Table, rows: Sequence[Row]) -> None:
    """Nothing; these rows (rowid first) are in the target, in place of those that were there under their rowids."""
    given = [row[1:] if table.own_key else row for row in rows]
    target.write([Many(table.insert, given)], bump=False)


def _settle(source: Database, target: Database, tables: Sequence[Table]) -> list[Copied]:
    """Every table compared row by row; what differs is copied again and compared again."""
    for _ in range(_ROUNDS):
        version = source.rows(_VERSION)
        done, extra, wrong = [], [], 0
        for table in tables:
            copied, differing, left_over = _compare(source, target, table)
            done.append(copied)
            extra.append((table, left_over))
            wrong += len(differing) + len(left_over)
            for start in range(0, len(differing), 200):
                keys = differing[start : start + 200]
                marks = ", ".join("?" * len(keys))
                sql = table.select.replace("rowid > ?", f"rowid IN ({marks})")
                write_rows(target, table, [row for part in source.stream(sql, keys) for row in part])
        for table, keys in reversed(extra):
            sql = f"DELETE FROM {_quoted(table.name)} WHERE rowid = ?"  # noqa: S608
            for start in range(0, len(keys), 500):
                target.write([Many(sql, [(key,) for key in keys[start : start + 500]])], bump=False)
        if not wrong and source.rows(_VERSION) == version:
            return done
    raise Conflict(
        f"{source.name} keeps changing while it is copied. Stop what writes to it, then run the same command "
        "again; it goes on where it stopped."
    )


def _compare(source: Database, target: Database, table: Table) -> tuple[Copied, list[int], list[int]]:
    """The table with its hash; the rowids that are missing or different in the target; those only it has."""
    whole = hashlib.sha256()
    count = 0
    differing: list[int] = []
    left_over: list[int] = []
    theirs = _hashed(target, table)
    their = next(theirs, None)
    for key, digest in _hashed(source, table):
        count += 1
        whole.update(digest)
        while their is not None and their[0] < key:
            left_over.append(their[0])
            their = next(theirs, None)
        if their is None or their[0] > key:
            differing.append(key)
            continue
        if their[1] != digest:
            differing.append(key)
        their = next(theirs, None)
    while their is not None:
        left_over.append(their[0])
        their = next(theirs, None)
    return Copied(table.name, count, whole.hexdigest()), differing, left_over


def _hashed(db: Database, table: Table) -> Iterator[tuple[int, bytes]]:
    """rowid and hash of each row."""
    for part in db.stream(table.select, (-(2**63),), chunk_rows=_CHUNK_ROWS):
        for row in part:
            yield row[0], digest_of(row)


def digest_of(row: Row) -> bytes:
    """The hash of one row, rowid first; a value counts with its type, a number with every digit."""
    return hashlib.sha256(repr(row).encode()).digest()


def _finish(source: Database, target: Database, last: Table) -> None:
    """Nothing; indexes, triggers and views are there, and at last the record of the migrations."""
    there = {row["name"] for row in target.rows(FURTHER)}
    for row in source.rows(FURTHER):
        if row["name"] not in there:
            target.write([Statement(str(row["sql"]))], bump=False)
    rows = [row for part in source.stream(last.select, (-(2**63),)) for row in part]
    given = [row[1:] if last.own_key else row for row in rows]
    target.write([Many(last.insert, given), Statement(f"DROP TABLE {UNFINISHED}")], bump=False)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
