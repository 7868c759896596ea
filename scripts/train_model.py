"""Train predictive models on the outcomes known now, of exported companies and of each kind of lead that programs send.

Beside everything else; it proposes at most, a person approves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from configuration import active_configuration
from lead_schema import read_api_rules
from models import retrain
from scripts.command import DONE, clock, opened, parser, run
from sent_models import kinds_to_learn, retrain_sent
from settings import code_version


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """version (None when nothing was trained), status (proposed, not better, too little, running, not due) and why; kinds:
    the same by kind of lead (web), of those that were trained."""
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
        rules = read_api_rules(settings.config_dir)
        kinds = {
            kind.name: retrain_sent(
                db, rules=rules, kind=kind, now=now, actor=named_actor(said.actor), code_version=code_version(),
                only_if_due=said.if_due,
            )
            for kind in kinds_to_learn(rules)
        }  # fmt: skip
    told = {name: one for name, one in kinds.items() if one.version is not None}
    text = "\n".join([done.why, *(f"{name.capitalize()} leads: {one.why}" for name, one in told.items())])
    return done._asdict() | {"kinds": {name: one._asdict() for name, one in told.items()}}, text, DONE


if __name__ == "__main__":
    sys.exit(run(main))
