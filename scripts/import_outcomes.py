"""Import dated milestones of exported companies from a CSV, for people without Zoho."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from outcomes import OUTCOME_COLUMNS, import_outcomes
from scripts.command import clock, opened, parser, read_file, run, told_rows


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, matched, review, unmatched, rejected, updated, notes and the rejected rows with their reasons."""
    options = parser("scripts.import_outcomes", __doc__ or "")
    options.add_argument("file", metavar="FILE", help=f"columns: {', '.join(OUTCOME_COLUMNS)}")
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    with opened() as (db, _):
        done = import_outcomes(
            db,
            content=read_file(said.file),
            name=Path(said.file).name,
            now=clock(),
            actor=named_actor(said.actor),
        )
    return told_rows(done.counts, done.notes, done.rejected)


if __name__ == "__main__":
    sys.exit(run(main))
