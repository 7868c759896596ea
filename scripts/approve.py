"""Approve rows of a calibration run: config/icp.yaml changes in those values, as a new version."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from approvals import approve
from change_preview import promised
from configuration import active_configuration
from errors import InputError
from icp import business_zone
from proposals import approve_proposal, propose
from score_changes import Applied
from scripts.command import DONE, as_number, clock, opened, parser, run


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """version and changes: dimension, value, before, after; of --propose: proposal_id."""
    options = parser("scripts.approve", __doc__ or "")
    options.add_argument("run_id", type=as_number, metavar="RUN_ID", nargs="?", help="the calibration run")
    which = options.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every row that says move and is no candidate")
    which.add_argument(
        "--row", action="append", default=[], metavar="DIMENSION=VALUE", help="may be repeated"
    )
    options.add_argument("--extend-filter", action="store_true", help="let leads of an approved candidate in")
    options.add_argument("--propose", action="store_true", help="only propose: another one decides")
    options.add_argument(
        "--proposal", type=as_number, metavar="NUMBER", help="accept a proposal, whole or --row by row"
    )
    options.add_argument("--actor", required=True, metavar="NAME", help="who approves")
    options.add_argument("--reason", required=True, metavar="TEXT", help="why")
    said = options.parse_args(argv)
    rows = None if said.all or (said.proposal and not said.row) else [_named(row) for row in said.row]
    _check(said, rows)
    now, actor = clock(), named_actor(said.actor)
    with opened() as (db, settings):
        common = {
            "config_dir": settings.config_dir,
            "rows": rows,
            "reason": said.reason,
            "now": now,
            "actor": actor,
        }
        if said.proposal:
            return told(approve_proposal(db, proposal_id=said.proposal, **common), proposal_id=said.proposal)
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        promise = promised(
            db, icp, run_id=said.run_id, rows=rows, extend_filter=said.extend_filter,
            as_of=now.astimezone(business_zone(icp)).date(),
        )  # fmt: skip
        common |= {"run_id": said.run_id, "extend_filter": said.extend_filter, "prediction": promise}
        if said.propose:
            number = propose(db, **common)
            return {"proposal_id": number}, f"Proposal {number} waits for a decision.", DONE
        done = approve(db, **common)
    return told(done, run_id=said.run_id)


def _check(said: argparse.Namespace, rows: list[tuple[str, str]] | None) -> None:
    """Nothing when the options go together; InputError otherwise."""
    if (said.run_id is None) == (said.proposal is None):
        raise InputError("The following arguments are required: RUN_ID, or --proposal NUMBER. See --help.")
    if rows == []:
        raise InputError("One of the arguments --all --row is required. See --help.")
    if said.proposal and (said.propose or said.extend_filter):
        raise InputError("--proposal accepts what was proposed: leave out --propose and --extend-filter.")


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
