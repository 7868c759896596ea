"""Compare what became of the leads with what their scores promised, and keep the result as a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from calibration import POPULATIONS, calibrate
from configuration import active_configuration
from icp import business_zone
from scripts.command import DONE, as_date, clock, opened, parser, run, table
from settings import code_version

_COLUMNS = (
    "dimension",
    "value",
    "leads",
    "deliveries",
    "rate",
    "low",
    "high",
    "current",
    "suggested",
    "confidence",
    "verdict",
)


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """run_id, as_of, estimator, overall, rows (one per dimension and value) and proof (word, why, figures)."""
    options = parser("scripts.calibrate", __doc__ or "")
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="use only what was known on this day")
    options.add_argument(
        "--estimator", choices=("shrunk", "raw"), help="default: calibration.estimator of icp.yaml"
    )
    options.add_argument("--population", choices=POPULATIONS, default="all", help="which outcomes to use")
    options.add_argument("--actor", default="calibration", metavar="NAME", help="who calibrates")
    said = options.parse_args(argv)
    now = clock()
    with opened() as (db, settings):
        active = active_configuration(db, config_dir=settings.config_dir, now=now)
        made = calibrate(
            db,
            icp=active.icp,
            weight_version=active.version,
            as_of=said.as_of or now.astimezone(business_zone(active.icp)).date(),
            now=now,
            actor=named_actor(said.actor),
            code_version=code_version(),
            estimator=said.estimator,
            population=said.population,
        )
    shown = (
        "run_id",
        "as_of",
        "estimator",
        "population",
        "weight_version",
        "data_sha256",
        "icp_sha256",
        "code_version",
        "seed",
        "overall",
        "rows",
        "proof",
    )
    result = {key: made[key] for key in shown}
    whole = made["overall"]
    rate = "no rate yet" if whole["rate"] is None else f"{whole['rate']:.1%}"
    head = f"Run {made['run_id']}: {whole['deliveries']} deliveries of {whole['leads']} leads ({rate}); {whole['too_young']} too young."
    head += f"\nProof: {made['proof']['word']}. {made['proof']['why']}"
    return result, head + "\n" + table(made["rows"], _COLUMNS), DONE


if __name__ == "__main__":
    sys.exit(run(main))
