"""Score the open deals as known today and keep the scores; once a day, again changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from analytics.pipeline_scores import read_pipeline_rules
from configuration import active_configuration
from icp import business_zone
from pipeline import snapshot_pipeline
from scripts.command import DONE, clock, opened, parser, run


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """as_of, scored, high, left_out, kept (false: there was a snapshot of today already)."""
    options = parser("scripts.snapshot_pipeline_scores", __doc__ or "")
    options.add_argument("--actor", default="schedule", metavar="NAME", help="who scores")
    said = options.parse_args(argv)
    now = clock()
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        done = snapshot_pipeline(
            db, rules=read_pipeline_rules(settings.config_dir), today=now.astimezone(business_zone(icp)).date(), now=now,
            actor=named_actor(said.actor),
        )  # fmt: skip
    result = {
        "as_of": done.as_of.isoformat(),
        "scored": done.scored,
        "high": done.high,
        "left_out": done.left_out,
        "kept": done.kept,
    }
    if not done.kept:
        return result, f"There is a snapshot of {done.as_of} already; nothing was changed.", DONE
    text = f"{done.scored:,} open deals scored as of {done.as_of}, {done.high:,} of them high; {done.left_out:,} have neither account nor amount."
    return result, text, DONE


if __name__ == "__main__":
    sys.exit(run(main))
