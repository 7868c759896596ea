"""Bring outcomes in from Zoho: what changed since the last time, or with --full everything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from scripts.command import DONE, PARTLY, clock, opened, parser, run
from zoho_client import for_settings
from zoho_profile import read_profile
from zoho_sync import sync_outcomes


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """run_id, mode, read, matched, review, unmatched, other, updated, calls, credits, errors, notes."""
    options = parser("scripts.track_outcomes", __doc__ or "")
    options.add_argument("--full", action="store_true", help="read everything again, not only what changed")
    options.add_argument("--actor", default="sync", metavar="NAME", help="who syncs")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        profile = read_profile(settings.config_dir)
        zoho = for_settings(settings)
        try:
            done = sync_outcomes(
                db, zoho, profile=profile, actor=named_actor(said.actor), clock=clock, full=said.full
            )
        finally:
            zoho.close()
    counts = done.counts
    result = {"run_id": done.run_id, "mode": done.mode, **counts, "errors": done.errors, "notes": done.notes}
    told = (
        f"{counts['read']:,} records read: {counts['matched']:,} matched, {counts['review']:,} to review, "
        f"{counts['unmatched']:,} unmatched, {counts['other']:,} others. {counts['updated']:,} companies updated, "
        f"with {counts['calls']:,} calls to Zoho ({done.mode})."
    )
    return result, "\n".join([told, *done.notes, *done.errors]), PARTLY if done.errors else DONE


if __name__ == "__main__":
    sys.exit(run(main))
