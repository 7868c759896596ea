"""Train a model on what became of the leads and hold it against what scores now; it proposes and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from configuration import active_configuration
from models import retrain, training_due
from scripts.command import DONE, PARTLY, clock, opened, parser, run
from settings import code_version


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """version (None when none was trained), status, why, new_outcomes. Part of the work failed: another one is running."""
    options = parser("scripts.retrain_model", __doc__ or "")
    options.add_argument(
        "--if-due", action="store_true", help="only once 50 outcomes are new since the last training"
    )
    options.add_argument("--actor", default="training", metavar="NAME", help="who trains")
    said = options.parse_args(argv)
    now = clock()
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        new = training_due(db, icp=icp, now=now).new
        done = retrain(
            db,
            icp=icp,
            now=now,
            actor=named_actor(said.actor),
            code_version=code_version(),
            only_if_due=said.if_due,
        )
    head = f"Model {done.version}: {done.status}. " if done.version else ""
    return (
        done._asdict() | {"new_outcomes": new},
        head + done.why,
        PARTLY if done.status == "running" else DONE,
    )


if __name__ == "__main__":
    sys.exit(run(main))
