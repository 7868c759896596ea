"""Load a list of whom not to call: phone numbers, companies, web domains or persons; from a file, or from Zoho."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from actors import Actor, named_actor
from configuration import active_configuration
from icp import business_zone
from lead_columns import read_columns
from scripts.command import (
    DONE,
    PARTLY,
    as_date,
    chosen_columns,
    clock,
    column_options,
    opened,
    parser,
    read_file,
    run,
)
from settings import Settings
from suppression import load_list, load_lists_from_zoho
from suppression_keys import KINDS, list_kind
from turso_db import Database
from zoho_client import for_settings
from zoho_profile import read_profile


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """rows_in, entries, repeated and rejected of the list that is now in force; with --from-zoho `lists`, the same for
    each list and kind with its name, or why it stayed as it was.
    """
    options = parser("scripts.load_suppression", __doc__ or "")
    options.add_argument(
        "file", metavar="FILE", nargs="?", help="CSV or .xlsx; one column without a header will do"
    )
    options.add_argument(
        "--from-zoho", action="store_true", help="the lists of config/zoho.yaml in place of a file"
    )
    options.add_argument("--kind", choices=KINDS, help="what the list names")
    options.add_argument("--name", metavar="NAME", help="the source; a newer list replaces the older")
    options.add_argument("--scrubbed", type=as_date, metavar="DATE", help="the day the source stood so")
    column_options(options, days=False)
    options.add_argument("--actor", required=True, metavar="NAME", help="who loads it")
    said = options.parse_args(argv)
    of_file = {"FILE": said.file, "--kind": said.kind, "--name": said.name, "--scrubbed": said.scrubbed}
    if said.from_zoho and any(of_file.values()):
        options.error("--from-zoho takes no file, --kind, --name or --scrubbed: config/zoho.yaml says them.")
    if not said.from_zoho and (missing := [name for name, value in of_file.items() if not value]):
        options.error(f"Expected {', '.join(missing)}, or --from-zoho alone.")
    actor = named_actor(said.actor)
    content = b"" if said.from_zoho else read_file(said.file)
    with opened() as (db, settings):
        now = clock()
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        today = now.astimezone(business_zone(icp)).date()
        if said.from_zoho:
            return _from_zoho(db, settings, today, now, actor)
        columns = read_columns(settings.config_dir)
        mapping = chosen_columns(db, content, Path(said.file).name, list_kind(said.kind, columns), said)
        done = load_list(
            db, content=content, file_name=Path(said.file).name, kind=said.kind, name=said.name,
            scrubbed_on=said.scrubbed, columns=columns, mapping=mapping, today=today, now=now, actor=actor,
        )  # fmt: skip
    told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in done.counts.items())
    lines = [f"The list {said.name} is in force: {told}."]
    lines += [f"row {number}: {why}" for number, why in done.rejected[:20]]
    return dict(done.counts), "\n".join(lines), DONE


def _from_zoho(
    db: Database, settings: Settings, today: date, now: datetime, actor: Actor
) -> tuple[dict[str, Any], str, int]:
    zoho = for_settings(settings)
    try:
        done = load_lists_from_zoho(
            db, zoho, profile=read_profile(settings.config_dir), today=today, now=now, actor=actor
        )
    finally:
        zoho.close()
    result = [
        {"name": one.name, "kind": one.kind} | (one.loaded.counts if one.loaded else {"why_not": one.why_not})
        for one in done
    ]
    lines = [
        f"{one.name} ({one.kind}): {one.loaded.counts['entries']:,} entries, {one.loaded.counts['rejected']:,} left out."
        if one.loaded
        else f"{one.name} ({one.kind}) stays as it was: {one.why_not}"
        for one in done
    ]
    return {"lists": result}, "\n".join(lines), DONE if all(one.loaded for one in done) else PARTLY


if __name__ == "__main__":
    sys.exit(run(main))
