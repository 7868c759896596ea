"""What an export leaves behind in the database, and a database that takes it in small writes."""

from __future__ import annotations

# What an export leaves behind; an export that failed leaves nothing in any of them.
TABLES = (
    "batches",
    "batch_files",
    "batch_misses",
    "lead_outcomes",
    "staged_exports",
    "leads_taken_meanwhile",
    "leads_barred_meanwhile",
)


def rows_of(db, table, without=()):
    return [
        {name: value for name, value in row.items() if name not in without}
        for row in db.rows(f"SELECT * FROM {table} ORDER BY rowid")
    ]


def left_behind(db):
    return {table: db.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}


NOTHING = dict.fromkeys(TABLES, 0)


class SmallWrites:
    """The local database as one that takes few rows per write, as a database across a network does."""

    def __init__(self, db, rows_per_write=3, before_write=None):
        self._db = db
        self.rows_per_write = rows_per_write
        self._before_write = before_write
        self.writes = 0

    def __getattr__(self, name):
        return getattr(self._db, name)

    def write(self, statements, *, bump=True):
        self.writes += 1
        if self._before_write:
            self._before_write(self.writes)
        return self._db.write(statements, bump=bump)
