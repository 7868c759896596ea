"""Bring outcomes and deals in from Zoho: what changed since the last time, or with --full everything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from deal_import import DealsSynced, sync_deals
from deals import read_deal_rules
from errors import HadesError
from pipeline import became_of_scores
from scripts.command import DONE, PARTLY, clock, opened, parser, run
from zoho_client import for_settings
from zoho_profile import read_profile
from zoho_sync import sync_outcomes


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """run_id, mode, read, matched, review, unmatched, other, updated, calls, credits, errors, notes; `deals` (None where
    zoho.yaml has no such part) with run_id, mode, read, new, changed, unchanged, rejected, gone, issues, errors, notes;
    `scored`: closed deals that had been scored while open, by outcome.
    """
    options = parser("scripts.track_outcomes", __doc__ or "")
    options.add_argument("--full", action="store_true", help="read everything again, not only what changed")
    options.add_argument("--actor", default="sync", metavar="NAME", help="who syncs")
    said = options.parse_args(argv)
    actor = named_actor(said.actor)
    with opened() as (db, settings):
        profile = read_profile(settings.config_dir)
        rules = read_deal_rules(settings.config_dir)
        zoho = for_settings(settings)
        try:
            done = sync_outcomes(db, zoho, profile=profile, actor=actor, clock=clock, full=said.full)
            deals: DealsSynced | None = None
            why_not: list[str] = []
            if profile.deals is not None:
                try:  # outcomes are kept by now: trouble with deals takes nothing from them
                    deals = sync_deals(
                        db, zoho, profile=profile, rules=rules, actor=actor, clock=clock, full=said.full
                    )
                except HadesError as error:
                    why_not.append(f"Deals: {error}")
        finally:
            zoho.close()
        scored = became_of_scores(db)
    counts = done.counts
    result = {
        "run_id": done.run_id,
        "mode": done.mode,
        **counts,
        "errors": done.errors + why_not,
        "notes": done.notes,
    }
    told = (
        f"{counts['read']:,} records read: {counts['matched']:,} matched, {counts['review']:,} to review, "
        f"{counts['unmatched']:,} unmatched, {counts['other']:,} others. {counts['updated']:,} companies updated, "
        f"with {counts['calls']:,} calls to Zoho ({done.mode})."
    )
    lines = [told, *done.notes, *done.errors, *why_not]
    if deals is not None:
        lines += [_deals_told(deals), *deals.notes, *deals.errors]
    lines += [
        f"Scored while open and {outcome} since: {row['deals']:,} deals worth {row['amount']:,.0f}, {row['days_to_close']:.0f} "
        f"days to close, score {row['score']:.1f} when first seen and {row['score_at_close']:.1f} at close (medians)."
        for outcome, row in scored.items()
    ]
    result |= {"deals": _deals_result(deals), "scored": scored}
    wrong = done.errors or why_not or (deals is not None and deals.errors)
    return result, "\n".join(lines), PARTLY if wrong else DONE


def _deals_told(done: DealsSynced) -> str:
    counts = done.counts
    return (
        f"{counts['read']:,} deals read: {counts['new']:,} new, {counts['changed']:,} changed, {counts['unchanged']:,} as "
        f"before, {counts['rejected']:,} left out, {counts['gone']:,} deleted in Zoho ({done.mode})."
    )


def _deals_result(done: DealsSynced | None) -> dict[str, Any] | None:
    if done is None:
        return None
    return {
        "run_id": done.run_id,
        "mode": done.mode,
        **done.counts,
        "errors": done.errors,
        "notes": done.notes,
    }


if __name__ == "__main__":
    sys.exit(run(main))
