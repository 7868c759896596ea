"""Bring an earlier version of config/icp.yaml back into force, byte for byte, as a new version."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from approvals import rollback
from scripts.approve import told
from scripts.command import as_number, clock, opened, parser, run


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """version, rolled_back_to and changes: dimension, value, before, after."""
    options = parser("scripts.rollback", __doc__ or "")
    options.add_argument(
        "version", type=as_number, metavar="VERSION", help="the version whose text comes back"
    )
    options.add_argument("--actor", required=True, metavar="NAME", help="who rolls back")
    options.add_argument("--reason", required=True, metavar="TEXT", help="why")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        done = rollback(
            db, config_dir=settings.config_dir, version=said.version, reason=said.reason, now=clock(),
            actor=named_actor(said.actor),
        )  # fmt: skip
    return told(done, rolled_back_to=said.version)


if __name__ == "__main__":
    sys.exit(run(main))
