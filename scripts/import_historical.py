"""Import leads called before this product, with their outcomes, from a CSV or from Zoho."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import Actor, named_actor
from lead_columns import read_columns, read_industries
from outcome_reading import HISTORICAL_COLUMNS, history_kind
from outcomes import import_historical
from scripts.command import (
    DONE,
    PARTLY,
    chosen_columns,
    chosen_words,
    clock,
    column_options,
    opened,
    parser,
    read_file,
    run,
    told_rows,
    word_option,
)
from settings import Settings
from turso_db import Database
from zoho_client import for_settings
from zoho_history import import_history
from zoho_profile import read_profile
from zoho_sync import sync_outcomes


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, imported, updated, unchanged, merged, rejected (rows with reasons), left_out where there are such rows, notes.

    Without --csv everything is first read from Zoho, and what is older than the first export comes from there.
    """
    options = parser("scripts.import_historical", __doc__ or "")
    options.add_argument("--csv", metavar="FILE", help=f"columns: {', '.join(HISTORICAL_COLUMNS)}")
    column_options(options)
    word_option(options)
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        if not said.csv:
            return _from_zoho(db, settings, named_actor(said.actor))
        content, name = read_file(said.csv), Path(said.csv).name
        kind = history_kind(read_columns(settings.config_dir))
        mapping = chosen_columns(db, content, name, kind, said)
        done = import_historical(
            db, content=content, name=name, now=clock(), actor=named_actor(said.actor), kind=kind, mapping=mapping,
            words=chosen_words(db, content, name, kind, mapping, said), day_first=said.day_first,
        )  # fmt: skip
    return told_rows(done.counts, done.notes, done.rejected)


def _from_zoho(db: Database, settings: Settings, actor: Actor) -> tuple[dict[str, Any], str, int]:
    profile, industries = read_profile(settings.config_dir), read_industries(settings.config_dir)
    zoho = for_settings(settings)
    try:
        synced = sync_outcomes(db, zoho, profile=profile, actor=actor, clock=clock)
    finally:
        zoho.close()
    done = import_history(db, profile=profile, industries=industries, now=clock(), actor=actor)
    result = {**done.counts, "notes": done.notes, "problems": [], "errors": synced.errors}
    lines = [", ".join(f"{count} {name}" for name, count in done.counts.items()), *done.notes, *synced.errors]
    return result, "\n".join(lines), PARTLY if synced.errors else DONE


if __name__ == "__main__":
    sys.exit(run(main))
