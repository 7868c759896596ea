"""Import deals (open, won, lost) from a CSV or .xlsx file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from deal_import import import_deals
from deals import FIELDS, deal_kind, read_deal_rules
from scripts.command import (
    DONE,
    PARTLY,
    chosen_columns,
    clock,
    column_options,
    opened,
    parser,
    read_file,
    run,
)


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, new, changed, unchanged, rejected, issues, notes, mapping and the rejected rows with their reasons."""
    options = parser("scripts.import_deals", __doc__ or "")
    options.add_argument("file", metavar="FILE", help=f"columns for {', '.join(FIELDS)}")
    column_options(options)
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        content, name, rules = (
            read_file(said.file),
            Path(said.file).name,
            read_deal_rules(settings.config_dir),
        )
        done = import_deals(
            db, content=content, name=name, rules=rules, now=clock(), actor=named_actor(said.actor),
            mapping=chosen_columns(db, content, name, deal_kind(rules), said), day_first=said.day_first,
        )  # fmt: skip
    result = {
        **done.counts,
        "notes": done.notes,
        "mapping": done.mapping,
        "problems": [{"row": n, "problem": why} for n, why in done.rejected],
    }
    lines = [", ".join(f"{count:,} {name}" for name, count in done.counts.items()), *done.notes]
    text = "\n".join([*lines, *(f"Row {n}: {why}" for n, why in done.rejected[:20])])
    return result, text, PARTLY if done.rejected else DONE


if __name__ == "__main__":
    sys.exit(run(main))
