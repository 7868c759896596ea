"""Import leads called before this product, with their outcomes, from a CSV or from Zoho."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from errors import InputError
from outcomes import HISTORICAL_COLUMNS, import_historical
from scripts.command import DONE, clock, opened, parser, read_file, run


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, imported, updated, unchanged, merged, rejected (rows with reasons), notes."""
    options = parser("scripts.import_historical", __doc__ or "")
    options.add_argument("--csv", metavar="FILE", help=f"columns: {', '.join(HISTORICAL_COLUMNS)}")
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    if not said.csv:
        raise InputError(
            "A file was expected: --csv FILE. The import from Zoho needs the Zoho credentials to be set."
        )
    with opened() as (db, _):
        done = import_historical(
            db,
            content=read_file(said.csv),
            name=Path(said.csv).name,
            now=clock(),
            actor=named_actor(said.actor),
        )
    result = {
        **done.counts,
        "notes": done.notes,
        "problems": [{"row": n, "problem": why} for n, why in done.rejected],
    }
    lines = [", ".join(f"{count} {name}" for name, count in done.counts.items()), *done.notes]
    return result, "\n".join([*lines, *(f"Row {n}: {why}" for n, why in done.rejected[:20])]), DONE


if __name__ == "__main__":
    sys.exit(run(main))
