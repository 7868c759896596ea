"""Approve rows of a calibration run: config/icp.yaml changes in those values, as a new version."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from approvals import approve
from errors import InputError
from score_changes import Applied
from scripts.command import DONE, as_number, clock, opened, parser, run


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """version and changes: dimension, value, before, after."""
    options = parser("scripts.approve", __doc__ or "")
    options.add_argument("run_id", type=as_number, metavar="RUN_ID")
    which = options.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="every row that says move and is no candidate")
    which.add_argument(
        "--row", action="append", default=[], metavar="DIMENSION=VALUE", help="may be repeated"
    )
    options.add_argument("--extend-filter", action="store_true", help="let leads of an approved candidate in")
    options.add_argument("--actor", required=True, metavar="NAME", help="who approves")
    options.add_argument("--reason", required=True, metavar="TEXT", help="why")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        done = approve(
            db,
            config_dir=settings.config_dir,
            run_id=said.run_id,
            rows=None if said.all else [_named(row) for row in said.row],
            reason=said.reason,
            now=clock(),
            actor=named_actor(said.actor),
            extend_filter=said.extend_filter,
        )
    return told(done, run_id=said.run_id)


def told(done: Applied, **more: Any) -> tuple[dict[str, Any], str, int]:
    """What an approval or a rollback prints."""
    lines = [
        f"{c['dimension']}={c['value']}: {_score(c['before'])} → {_score(c['after'])}" for c in done.changes
    ]
    result = {**more, "version": done.version, "sha256": done.icp.sha256, "changes": done.changes}
    return result, "\n".join([f"Version {done.version} is in force.", *lines]), DONE


def _named(row: str) -> tuple[str, str]:
    dimension, found, value = row.partition("=")
    if not found or not dimension or not value:
        raise InputError(f"--row was expected as DIMENSION=VALUE, e.g. sic_code=8361, got '{row}'.")
    return dimension.strip(), value.strip()


def _score(score: int | None) -> str:
    return "none" if score is None else str(score)


if __name__ == "__main__":
    sys.exit(run(main))
