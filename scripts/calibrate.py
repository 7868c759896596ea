"""Compare what became of the leads with what their scores promised, and keep the result as a run."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from actors import named_actor
from calibration import POPULATIONS, Verified, calibrate, recorded_later, verify_run
from configuration import active_configuration
from errors import Conflict
from icp import business_zone
from scripts.command import DONE, PARTLY, as_date, as_number, as_seed, clock, opened, parser, run, table
from settings import Settings, code_version
from stores.state import release_lease, take_lease
from turso_db import Database

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

LEASE_SECONDS = 600  # a calibration that was killed blocks the next for so long at most
_TOLD = 10  # differences shown


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """run_id, as_of, estimator, overall, rows (one per dimension and value) and proof (word, why, figures)."""
    options = parser("scripts.calibrate", __doc__ or "")
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="use only what was known on this day")
    options.add_argument(
        "--estimator", choices=("shrunk", "raw"), help="default: calibration.estimator of icp.yaml"
    )
    options.add_argument("--population", choices=POPULATIONS, default="all", help="which outcomes to use")
    options.add_argument(
        "--half-life", type=as_seed, metavar="DAYS", help="how old a lead counts half; 0: all count alike"
    )
    options.add_argument("--actor", default="calibration", metavar="NAME", help="who calibrates")
    options.add_argument("--steps", action="store_true", help="name each step on standard error")
    options.add_argument(
        "--verify", type=as_number, metavar="RUN_ID", help="make a run again and compare every value"
    )
    said = options.parse_args(argv)
    now = clock()
    with opened() as (db, settings):
        if said.verify is not None:
            return verified(verify_run(db, run_id=said.verify))
        holder = secrets.token_hex(8)
        if not take_lease(db, name="calibration", holder=holder, now=now, seconds=LEASE_SECONDS):
            raise Conflict("A calibration is running already. Wait until it has ended, then look at its run.")
        try:
            return calibrated(db, settings, said, now)
        finally:
            release_lease(db, name="calibration", holder=holder)


def calibrated(
    db: Database, settings: Settings, said: argparse.Namespace, now: datetime
) -> tuple[dict[str, Any], str, int]:
    """The run just made, as `main` tells it."""
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
        half_life_days=said.half_life,
        cache_dir=settings.data_dir / "cache",
        tell=lambda step: print(step, file=sys.stderr, flush=True) if said.steps else None,
    )
    later = {}
    if said.as_of and said.as_of < now.astimezone(business_zone(active.icp)).date():
        later = recorded_later(db, icp=active.icp, as_of=said.as_of)
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
    result = {key: made[key] for key in shown} | {"recorded_later": later}
    whole = made["overall"]
    rate = "no rate yet" if whole["rate"] is None else f"{whole['rate']:.1%}"
    head = f"Run {made['run_id']}: {whole['deliveries']} deliveries of {whole['leads']} leads ({rate}); {whole['too_young']} too young."
    if any(later.values()):
        told = ", ".join(f"{number:,} {name}" for name, number in later.items() if number)
        head += f"\nNot counted, as recorded after that day: {told}."
    head += f"\nProof: {made['proof']['word']}. {made['proof']['why']}"
    return result, head + "\n" + table(made["rows"], _COLUMNS), DONE


def verified(found: Verified) -> tuple[dict[str, Any], str, int]:
    """run_id, equal, rows (how many were compared), differences and the codes; exit code 1 when something differs."""
    same_code = found.code_version == code_version()
    result = {
        "run_id": found.run_id, "equal": not found.differences, "rows": found.rows, "differences": found.differences,
        "code_version": found.code_version, "code_version_now": code_version(),
    }  # fmt: skip
    code = "" if same_code else f" It was made by code {found.code_version}; this is {code_version()}."
    if not found.differences:
        return result, f"Run {found.run_id} is equal: both hashes and {found.rows} rows.{code}", DONE
    first = found.differences[:_TOLD]
    more = f"\nand {len(found.differences) - _TOLD} more" if len(found.differences) > _TOLD else ""
    head = f"Run {found.run_id} differs in {len(found.differences)} values.{code}"
    return result, "\n".join([head, *first]) + more, PARTLY


if __name__ == "__main__":
    sys.exit(run(main))
