"""Import deals (open, won, lost) from a CSV or .xlsx file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from deal_import import import_deals
from deals import FIELDS, read_deal_rules
from errors import InputError
from scripts.command import DONE, PARTLY, clock, opened, parser, read_file, run


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, new, changed, unchanged, rejected, issues, notes, mapping and the rejected rows with their reasons."""
    options = parser("scripts.import_deals", __doc__ or "")
    options.add_argument("file", metavar="FILE", help=f"columns for {', '.join(FIELDS)}")
    options.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADER",
        help="which column a field is read from, where its header is not recognised",
    )
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        done = import_deals(
            db,
            content=read_file(said.file),
            name=Path(said.file).name,
            rules=read_deal_rules(settings.config_dir),
            mapping=own_mapping(said.column),
            now=clock(),
            actor=named_actor(said.actor),
        )
    result = {
        **done.counts,
        "notes": done.notes,
        "mapping": done.mapping,
        "problems": [{"row": n, "problem": why} for n, why in done.rejected],
    }
    lines = [", ".join(f"{count:,} {name}" for name, count in done.counts.items()), *done.notes]
    text = "\n".join([*lines, *(f"Row {n}: {why}" for n, why in done.rejected[:20])])
    return result, text, PARTLY if done.rejected else DONE


def own_mapping(said: Sequence[str]) -> dict[str, str]:
    """FIELD=HEADER pairs as a map; InputError for one that is none."""
    pairs = [pair.partition("=") for pair in said]
    if strange := [field for field, sign, header in pairs if not (field and sign and header)]:
        raise InputError(f"--column was expected as FIELD=HEADER, but is '{strange[0][:60]}'.")
    return {field.strip(): header.strip() for field, _, header in pairs}


if __name__ == "__main__":
    sys.exit(run(main))
