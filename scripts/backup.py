"""Write the whole database as it is at this moment into one file, checked; people and programs may go on working."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.command import DONE, clock, parser, run
from settings import read_settings
from turso_backup import back_up
from turso_db import open_database


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """database, file, rows and tables [{table, rows, sha256}], all read again and compared by hash."""
    options = parser("scripts.backup", __doc__ or "")
    options.add_argument("file", metavar="FILE", help="the file to write; it must not exist yet")
    said = options.parse_args(argv)
    settings = read_settings()
    source = open_database(
        settings.database_url, settings.auth_token, settings.data_dir, driver=settings.driver
    )
    try:
        tables = back_up(source, Path(said.file), now=clock(), tell=lambda line: print(line, file=sys.stderr))
    finally:
        source.close()
    rows, file = sum(table.rows for table in tables), Path(said.file).resolve()
    result = {
        "database": source.name,
        "file": str(file),
        "rows": rows,
        "tables": [table._asdict() for table in tables],
    }
    lines = [
        f"{file} holds {source.name}: {len(tables)} tables, {rows:,} rows, each checked.",
        "To restore it into a new, empty database:",
        f"  TURSO_DATABASE_URL=file:restored.db .venv/bin/python -m scripts.restore {shlex.quote(str(file))}",
    ]
    return result, "\n".join(lines), DONE


if __name__ == "__main__":
    sys.exit(run(main))
