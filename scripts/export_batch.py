"""Score a file of leads and export the VanillaSoft CSV of a new batch."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from actors import named_actor
from approvals import active_configuration
from errors import InputError, Refused
from export import exported_before, record_export
from icp import WORKFLOWS, business_zone
from leads import join_intent, read_columns, read_industries, read_leads
from preflight import preflight, with_keys
from scoring import score_leads
from scripts.command import DONE, as_date, clock, opened, parser, read_file, run
from stores import operators


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """batch_id (None when nothing was left to export), the counts that add up to rows_in, and the file's sha256."""
    options = parser("scripts.export_batch", __doc__ or "")
    options.add_argument("leads", metavar="LEADS", help="a ZoomInfo file, CSV or .xlsx")
    options.add_argument("--workflow", required=True, choices=WORKFLOWS)
    options.add_argument("--out", required=True, metavar="FILE", help="where the VanillaSoft CSV goes")
    options.add_argument("--center-zip", metavar="ZIP", help="geography: measure from here (default: the operator's ZIP)")
    options.add_argument("--radius", type=float, metavar="MILES", help="geography: exclude leads farther away")
    options.add_argument("--intent", metavar="FILE", help="intent: a company intent sheet to join")
    options.add_argument("--segment", metavar="NAME", help="segment of leads that name none themselves")
    options.add_argument("--operator", metavar="NAME", help="the operator the sites are for")
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="take this day as today")
    options.add_argument("--actor", required=True, metavar="NAME", help="who exports")
    said = options.parse_args(argv)
    actor = named_actor(said.actor)
    if said.radius is not None and not 0 < said.radius <= 5000:
        raise InputError(f"--radius was expected to be miles above 0 and up to 5000, got {said.radius:g}.")
    now = clock()
    with opened() as (db, settings):
        icp, version = _configuration(db, settings.config_dir, now)
        zone = business_zone(icp)
        today = said.as_of or now.astimezone(zone).date()
        counted_from = datetime.combine(today, time(12), zone).astimezone(UTC) if said.as_of else now
        columns, industries = read_columns(settings.config_dir), read_industries(settings.config_dir)
        file = read_leads(read_file(said.leads), Path(said.leads).name, columns, industries=industries)
        if said.intent:
            sheet = read_leads(read_file(said.intent), Path(said.intent).name, columns)
            file = join_intent(file, sheet)
        operator = _operator(db, said.operator)
        center = said.center_zip or (operator or {}).get("zip_code")
        radius = said.radius if said.radius is not None else float(icp.data["export"]["radius_miles"])
        scored = with_keys(
            score_leads(
                file.leads, icp, workflow=said.workflow, today=today, center_zip=center, radius_miles=radius,
                segment=said.segment, environment_factor=settings.environment_factor,
            )
        )  # fmt: skip
        plan = preflight(file, scored, icp, exported_before=exported_before(db, keyed=scored, icp=icp, now=counted_from))
        parameters = {"as_of": today.isoformat(), "environment_factor": settings.environment_factor}
        if said.workflow == "geography":
            parameters |= {"center_zip": center, "radius_miles": radius}
        _check_out(said.out)
        done = record_export(
            db, preflight=plan, icp=icp, weight_version=version, workflow=said.workflow, parameters=parameters,
            today=today, now=now, actor=actor, operator=operator, segment=said.segment, exported_at=counted_from,
        )  # fmt: skip
    if done.csv is not None:
        _write(said.out, done.csv)
    result = {"batch_id": done.batch_id, **done.counts, "sha256": done.sha256}
    counts = ", ".join(f"{count} {name}" for name, count in done.counts.items() if name != "rows_in")
    head = f"{done.batch_id} → {said.out}" if done.batch_id else "No lead was left to export, so no batch was made."
    return result, f"{head}\n{done.counts['rows_in']} rows in: {counts}", DONE


def _configuration(db: Any, config_dir: Path, now: datetime) -> tuple[Any, int]:
    active = active_configuration(db, config_dir=config_dir, now=now)
    return active.icp, active.version


def _operator(db: Any, name: str | None) -> dict[str, Any] | None:
    if name is None:
        return None
    found = operators.find_operators(db, name=name)
    if len(found) != 1:
        many = "more than one" if found else "no"
        raise InputError(f"There is {many} operator named '{name}'. Look the name up on the Operators page.")
    return found[0]


def _check_out(path: str) -> None:
    """The file must be writable before anything is recorded."""
    folder = Path(path).resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or Path(path).is_dir():
        raise InputError(f"{path} cannot be written. Name a file in a folder that exists.")


def _write(path: str, content: bytes) -> None:
    target = Path(path).resolve()
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".export-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except OSError as error:
        raise Refused(
            f"The batch is recorded, but {path} cannot be written: {error.strerror}. Download it from the Batches page."
        ) from error


if __name__ == "__main__":
    sys.exit(run(main))
