"""Copy a whole database, file to Turso or back, and compare every row. Run it again to go on after a stop."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from errors import InputError
from scripts.command import DONE, parser, run
from settings import read_settings
from turso_copy import copy_database
from turso_db import open_database


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """source, target, rows and tables [{table, rows, sha256}], all compared row by row."""
    options = parser("scripts.copy_database", __doc__ or "")
    options.add_argument("source", metavar="FROM", help="file:PATH or libsql://HOST; it is only read")
    options.add_argument("target", metavar="TO", help="file:PATH or libsql://HOST; it must be empty")
    said = options.parse_args(argv)
    places = (said.source, said.target)
    if places[0] == places[1]:
        raise InputError("FROM and TO were expected to differ, but both name the same database.")
    if not any(place.startswith("file:") for place in places):
        raise InputError(
            "One of FROM and TO was expected to be file:PATH: TURSO_AUTH_TOKEN is the key to one server "
            "only. "
            "Copy to a file first, then on with the other token."
        )
    settings = read_settings()
    source, target = (
        open_database(place, settings.auth_token, settings.data_dir, driver=settings.driver)
        for place in places
    )
    try:
        tables = copy_database(source, target, tell=lambda line: print(line, file=sys.stderr))
    finally:
        source.close()
        target.close()
    rows = sum(table.rows for table in tables)
    result = {
        "source": source.name,
        "target": target.name,
        "rows": rows,
        "tables": [table._asdict() for table in tables],
    }
    text = f"{target.name} now equals {source.name}: {len(tables)} tables, {rows:,} rows, each compared."
    return result, text, DONE


if __name__ == "__main__":
    sys.exit(run(main))
