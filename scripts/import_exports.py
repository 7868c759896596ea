"""Import batches that were exported before this product, so that their outcomes can be matched too."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from configuration import active_configuration
from icp import business_zone
from past_export_rows import COLUMNS, NEEDED
from past_exports import import_exports
from scripts.command import clock, opened, parser, read_file, run, told_rows


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, imported, unchanged, merged, rejected, batches, milestones, notes and the rejected rows with their reasons."""
    options = parser("scripts.import_exports", __doc__ or "")
    options.add_argument(
        "file", metavar="FILE", help=f"needed columns: {', '.join(NEEDED)}; further ones: {', '.join(COLUMNS[3:])}"
    )  # fmt: skip
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    now = clock()
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        done = import_exports(
            db, content=read_file(said.file), name=Path(said.file).name, today=now.astimezone(business_zone(icp)).date(),
            now=now, actor=named_actor(said.actor),
        )  # fmt: skip
    return told_rows(done.counts, done.notes, done.rejected)


if __name__ == "__main__":
    sys.exit(run(main))
