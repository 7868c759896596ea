"""Which column a person chose for which field, per set of headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from turso_db import Database, Statement


def read_choices(db: Database, *, headers_sha256: str) -> dict[str, str]:
    """Field → header, as last chosen for files with these headers; {} for none."""
    rows = db.rows(
        "SELECT field, header FROM column_choices WHERE headers_sha256 = ? ORDER BY field", (headers_sha256,)
    )
    return {str(row["field"]): str(row["header"]) for row in rows}


def replace_choices(
    *, headers_sha256: str, mapping: Mapping[str, str], now: datetime, actor: str
) -> list[Statement]:
    """The statements that make `mapping` (field → header) the whole choice for files with these headers."""
    return [
        Statement("DELETE FROM column_choices WHERE headers_sha256 = ?", (headers_sha256,)),
        *(
            Statement(
                "INSERT INTO column_choices (headers_sha256, field, header, chosen_at, chosen_by) VALUES (?, ?, ?, ?, ?)",
                (headers_sha256, field, header, now, actor),
            )
            for field, header in mapping.items()
        ),
    ]
