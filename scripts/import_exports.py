"""Import batches that were exported before this product, so that their outcomes can be matched too."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from configuration import active_configuration
from icp import business_zone
from lead_columns import read_columns
from past_export_rows import COLUMNS, NEEDED, batch_kind
from past_exports import import_exports
from scripts.command import chosen_columns, clock, column_options, opened, parser, read_file, run, told_rows


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, imported, unchanged, merged, rejected, batches, milestones, notes and the rejected rows with their reasons."""
    options = parser("scripts.import_exports", __doc__ or "")
    options.add_argument(
        "file", metavar="FILE", help=f"needed columns: {', '.join(NEEDED)}; further ones: {', '.join(COLUMNS[3:])}"
    )  # fmt: skip
    column_options(options)
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    now = clock()
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        content, name, kind = (
            read_file(said.file),
            Path(said.file).name,
            batch_kind(read_columns(settings.config_dir)),
        )
        done = import_exports(
            db, content=content, name=name, today=now.astimezone(business_zone(icp)).date(), now=now, kind=kind,
            mapping=chosen_columns(db, content, name, kind, said), day_first=said.day_first, actor=named_actor(said.actor),
        )  # fmt: skip
    return told_rows(done.counts, done.notes, done.rejected)


if __name__ == "__main__":
    sys.exit(run(main))
