"""Bring the database's schema up to this release, or say with --status where it stands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from scripts.command import DONE, parser, run
from settings import read_settings
from turso_db import applied_migrations, migrate, open_database, pending_migrations


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """database, applied_now, applied [{name, applied_at}] and pending (names)."""
    options = parser("scripts.migrate", __doc__ or "")
    options.add_argument("--status", action="store_true", help="change nothing, only tell")
    said = options.parse_args(argv)
    settings = read_settings()
    db = open_database(settings.database_url, settings.auth_token, settings.data_dir, driver=settings.driver)
    try:
        now = [] if said.status else migrate(db)
        pending = pending_migrations(db)
        applied = [{key: row[key] for key in ("name", "applied_at")} for row in applied_migrations(db)]
    finally:
        db.close()
    lines = [f"{db.name}: {len(applied)} migrations applied, {len(now)} of them now, {len(pending)} pending."]
    lines += [
        f"{row['applied_at']}  {row['name']}{'  (now)' if row['name'] in now else ''}" for row in applied
    ]
    lines += [f"pending               {name}" for name in pending]
    result = {"database": db.name, "applied_now": now, "applied": applied, "pending": pending}
    return result, "\n".join(lines), DONE


if __name__ == "__main__":
    sys.exit(run(main))
