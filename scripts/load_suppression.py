"""Load a list of whom not to call: phone numbers, companies, web domains or persons."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from configuration import active_configuration
from icp import business_zone
from lead_columns import read_columns
from scripts.command import DONE, as_date, clock, opened, parser, read_file, run
from suppression import load_list
from suppression_keys import KINDS


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """rows_in, entries, repeated and rejected of the list that is now in force."""
    options = parser("scripts.load_suppression", __doc__ or "")
    options.add_argument("file", metavar="FILE", help="CSV or .xlsx; one column without a header will do")
    options.add_argument("--kind", required=True, choices=KINDS, help="what the list names")
    options.add_argument(
        "--name", required=True, metavar="NAME", help="the source; a newer list replaces the older"
    )
    options.add_argument(
        "--scrubbed", required=True, type=as_date, metavar="DATE", help="the day the source stood so"
    )
    options.add_argument("--actor", required=True, metavar="NAME", help="who loads it")
    said = options.parse_args(argv)
    actor, content = named_actor(said.actor), read_file(said.file)
    with opened() as (db, settings):
        now = clock()
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        done = load_list(
            db, content=content, file_name=Path(said.file).name, kind=said.kind, name=said.name,
            scrubbed_on=said.scrubbed, columns=read_columns(settings.config_dir),
            today=now.astimezone(business_zone(icp)).date(), now=now, actor=actor,
        )  # fmt: skip
    told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in done.counts.items())
    lines = [f"The list {said.name} is in force: {told}."]
    lines += [f"row {number}: {why}" for number, why in done.rejected[:20]]
    return dict(done.counts), "\n".join(lines), DONE


if __name__ == "__main__":
    sys.exit(run(main))
