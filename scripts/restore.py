"""Bring a backup back into the empty database of the settings, every row compared. Run it again to go on after a stop."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.command import DONE, parser, run
from settings import read_settings
from turso_backup import restore
from turso_db import open_database, pending_migrations


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """file, database, rows, tables [{table, rows, sha256}] and pending (migrations that the backup has not)."""
    options = parser("scripts.restore", __doc__ or "")
    options.add_argument("file", metavar="FILE", help="what scripts.backup wrote; it is only read")
    said = options.parse_args(argv)
    settings = read_settings()
    target = open_database(
        settings.database_url, settings.auth_token, settings.data_dir, driver=settings.driver
    )
    try:
        tables = restore(Path(said.file), target, tell=lambda line: print(line, file=sys.stderr))
        pending = pending_migrations(target)
    finally:
        target.close()
    rows = sum(table.rows for table in tables)
    result = {
        "file": said.file,
        "database": target.name,
        "rows": rows,
        "tables": [table._asdict() for table in tables],
        "pending": pending,
    }
    text = f"{target.name} now equals {said.file}: {len(tables)} tables, {rows:,} rows, each compared."
    if pending:
        text += f" It is of an earlier release: the next start, or scripts.migrate, brings {len(pending)} migrations."
    return result, text, DONE


if __name__ == "__main__":
    sys.exit(run(main))
