"""Train a predictive model on the outcomes known now, beside everything else; it proposes at most, a person approves."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from configuration import active_configuration
from models import retrain
from scripts.command import DONE, clock, opened, parser, run
from settings import code_version


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """version (None when nothing was trained), status (proposed, not better, too little, running, not due) and why."""
    options = parser("scripts.train_model", __doc__ or "")
    options.add_argument(
        "--if-due", action="store_true", help="only when 50 outcomes are new since the last training"
    )
    options.add_argument("--actor", default="schedule", metavar="NAME", help="who asks for it")
    said = options.parse_args(argv)
    now = clock()
    os.nice(10)
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        done = retrain(
            db,
            icp=icp,
            now=now,
            actor=named_actor(said.actor),
            code_version=code_version(),
            only_if_due=said.if_due,
        )
    return done._asdict(), done.why, DONE


if __name__ == "__main__":
    sys.exit(run(main))
