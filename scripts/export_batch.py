"""Score a file of leads and export the VanillaSoft CSV of a new batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from actors import named_actor
from approvals import active_configuration
from errors import InputError
from export import exported_before, record_export
from icp import WORKFLOWS, business_zone
from lead_columns import read_columns, read_industries
from leads import join_intent, read_leads
from preflight import preflight, with_keys
from scoring import score_leads
from scripts.command import DONE, PARTLY, as_date, clock, opened, parser, read_file, run
from settings import read_settings
from stores import operators


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """batch_id and sha256 (None when nothing was left to export), and the counts that add up to rows_in."""
    options = parser("scripts.export_batch", __doc__ or "")
    options.add_argument("leads", metavar="LEADS", help="a ZoomInfo file, CSV or .xlsx")
    options.add_argument("--workflow", required=True, choices=WORKFLOWS)
    options.add_argument("--out", required=True, metavar="FILE", help="where the VanillaSoft CSV goes")
    options.add_argument(
        "--center-zip", metavar="ZIP", help="geography: measure from here (default: the operator's ZIP)"
    )
    options.add_argument(
        "--radius", type=float, metavar="MILES", help="geography: exclude leads farther away"
    )
    options.add_argument("--intent", metavar="FILE", help="intent: a company intent sheet to join")
    options.add_argument("--segment", metavar="NAME", help="segment of leads that name none themselves")
    options.add_argument("--operator", metavar="NAME", help="the operator the sites are for")
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="take this day as today")
    options.add_argument("--actor", required=True, metavar="NAME", help="who exports")
    said = options.parse_args(argv)
    actor = named_actor(said.actor)
    if said.radius is not None and not 0 < said.radius <= 5000:
        raise InputError(f"--radius was expected to be miles above 0 and up to 5000, got {said.radius:g}.")
    _check_out(said.out, [said.leads, *filter(None, [said.intent])])
    config_dir = read_settings().config_dir
    columns = read_columns(config_dir)
    industries = read_industries(config_dir)
    file = read_leads(read_file(said.leads), Path(said.leads).name, columns, industries=industries)
    if said.intent:
        file = join_intent(file, read_leads(read_file(said.intent), Path(said.intent).name, columns))
    now = clock()
    with opened() as (db, settings):
        active = active_configuration(db, config_dir=config_dir, now=now)
        icp, zone = active.icp, business_zone(active.icp)
        today = said.as_of or now.astimezone(zone).date()
        counted_from = now
        if today != now.astimezone(zone).date():  # noon there is the same day nearly everywhere
            counted_from = datetime.combine(today, time(12), zone).astimezone(UTC)
        operator = _operator(db, said.operator)
        center = said.center_zip or (operator or {}).get("zip_code")
        radius = said.radius if said.radius is not None else float(icp.data["export"]["radius_miles"])
        scored = with_keys(
            score_leads(
                file.leads, icp, workflow=said.workflow, today=today, center_zip=center, radius_miles=radius,
                segment=said.segment, environment_factor=settings.environment_factor,
            )
        )  # fmt: skip
        plan = preflight(
            file, scored, icp, exported_before=exported_before(db, keyed=scored, icp=icp, now=counted_from)
        )
        parameters = {"as_of": today.isoformat(), "environment_factor": settings.environment_factor}
        if said.workflow == "geography":
            parameters |= {"center_zip": center, "radius_miles": radius}
        done = record_export(
            db, preflight=plan, icp=icp, weight_version=active.version, workflow=said.workflow,
            parameters=parameters, today=today, now=now, actor=actor, operator=operator, segment=said.segment,
            exported_at=counted_from,
        )  # fmt: skip
    result = {"batch_id": done.batch_id, **done.counts, "sha256": done.sha256}
    counts = ", ".join(f"{count} {name}" for name, count in done.counts.items() if name != "rows_in")
    if done.csv is None:
        text = (
            f"No lead was left to export, so no batch was made.\n{done.counts['rows_in']} rows in: {counts}"
        )
        return result, text, DONE
    text = f"{done.batch_id} → {said.out}\n{done.counts['rows_in']} rows in: {counts}"
    try:
        _write(Path(said.out).resolve(), done.csv)
    except OSError as error:
        problem = (
            f"{done.batch_id} is recorded, but {said.out} cannot be written: {error.strerror}. "
            "The page Batches offers its file at any time."
        )
        print(problem, file=sys.stderr)
        return result | {"problem": problem}, text, PARTLY
    return result, text, DONE


def _operator(db: Any, name: str | None) -> dict[str, Any] | None:
    if name is None:
        return None
    found = operators.find_operators(db, name=name)
    if len(found) != 1:
        many = "more than one" if found else "no"
        raise InputError(f"There is {many} operator named '{name}'. Look the name up on the Operators page.")
    return found[0]


def _check_out(path: str, inputs: Sequence[str]) -> None:
    """Nothing when the file can be written. That is tried before anything is recorded."""
    target = Path(path).resolve()
    try:
        if target.exists() and any(os.path.exists(name) and target.samefile(name) for name in inputs):
            raise InputError(f"--out was expected to be another file than the leads, but {path} is the same.")
        if target.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        if _is_plain(target):
            _temporary(target).touch(exist_ok=False)
            _temporary(target).unlink()
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}. Name a file in a folder that you may write to."
        ) from error


def _write(target: Path, content: bytes) -> None:
    """Nothing; the file is there whole, in one step. A device or a pipe is written to, never replaced."""
    if not _is_plain(target):
        target.write_bytes(content)
        return
    try:
        _temporary(target).write_bytes(content)
        os.replace(_temporary(target), target)
    finally:
        _temporary(target).unlink(missing_ok=True)


def _is_plain(target: Path) -> bool:
    return target.is_file() or not target.exists()


def _temporary(target: Path) -> Path:
    return target.with_name(f".hades-{os.getpid()}.part")


if __name__ == "__main__":
    sys.exit(run(main))
