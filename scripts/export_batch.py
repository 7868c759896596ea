"""Score a file of leads and export the VanillaSoft CSV of a new batch."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from actors import named_actor
from column_choices import remembered_columns
from configuration import active_configuration
from errors import HadesError, InputError
from export import exported_before, invented_agents, record_export
from icp import WORKFLOWS, Icp, business_zone
from lead_columns import lead_kind, read_columns, read_industries
from lead_files import together
from leads import LeadFile, join_intent, read_leads
from models import model_for, record_side_by_side
from named_columns import headers_of
from preflight import (
    STEPS,
    Preflight,
    count_reasons,
    export_rules,
    misses_csv,
    preflight,
    unmeasured,
    with_keys,
)
from scoring import score_leads
from scripts.command import DONE, PARTLY, as_date, as_seed, clock, day_options, opened, parser, read_file, run
from settings import read_settings
from stores import operators
from stores.models import read_models_in_force
from suppression import find_suppressed
from vanillasoft_layout import read_layout
from vanillasoft_workbook import workbook_bytes

_STEPS = {"duplicate": "twice in the file", "filtered": "filtered out"}  # the others are called as they are


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """batch_id and sha256 (None when nothing was left to export), and the counts that add up to rows_in."""
    options = parser("scripts.export_batch", __doc__ or "")
    options.add_argument("leads", metavar="LEADS", nargs="+", help="ZoomInfo files, CSV or .xlsx")
    options.add_argument("--workflow", required=True, choices=WORKFLOWS, help="what the scores go by")
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
    _add_choices(options)
    day_options(options)
    said = options.parse_args(argv)
    actor = named_actor(said.actor)
    if said.radius is not None and not 0 < said.radius <= 5000:
        raise InputError(f"--radius was expected to be miles above 0 and up to 5000, got {said.radius:g}.")
    if said.known_distance and said.workflow != "geography":
        raise InputError("--known-distance goes with --workflow geography alone. Leave it away.")
    inputs = [*said.leads, *filter(None, [said.intent])]
    outputs = [path for path in (said.out, said.xlsx, said.rejects) if path]
    for path in outputs:
        _check_out(path, inputs)
    if len({Path(path).resolve() for path in outputs}) < len(outputs):
        raise InputError("--out, --xlsx and --rejects were expected to be different files. Name them apart.")
    config_dir = read_settings().config_dir
    layout = read_layout(config_dir)
    own = dict(pair.split("=", 1) for pair in said.map)
    now = clock()
    with opened() as (db, settings):
        file = _leads(db, said, config_dir, own)
        active = active_configuration(db, config_dir=config_dir, now=now)
        icp, zone = active.icp, business_zone(active.icp)
        today = said.as_of or now.astimezone(zone).date()
        counted_from = now
        if today != now.astimezone(zone).date():  # noon there is the same day nearly everywhere
            counted_from = datetime.combine(today, time(12), zone).astimezone(UTC)
        operator = _operator(db, said.operator)
        center = said.center_zip or (operator or {}).get("zip_code")
        radius = said.radius if said.radius is not None else float(icp.data["export"]["radius_miles"])
        rules = export_rules(
            icp, min_score=said.min_score, max_rows=said.max_rows, contacts_per_company=said.contacts_per_company,
            exported_within_days=said.within_days, exploration_percent=said.explore,
            known_distance_only=said.known_distance,
        )  # fmt: skip
        model = model_for(read_models_in_force(db), said.workflow)
        scored = score_leads(
            file.leads, icp, workflow=said.workflow, today=today, center_zip=center, radius_miles=radius,
            segment=said.segment, environment_factor=settings.environment_factor, model=model,
        )  # fmt: skip
        found = find_suppressed(db, leads=scored)
        keyed = with_keys(scored, suppressed=found)
        known = exported_before(db, keyed=keyed, icp=icp, now=counted_from, rules=rules)
        plan = preflight(
            file, keyed, icp, exported_before=known, suppressed=found, rules=rules, seed=said.seed
        )
        parameters = {"as_of": today.isoformat(), "environment_factor": settings.environment_factor}
        if said.workflow == "geography":
            parameters |= {"center_zip": center, "radius_miles": radius}
        if said.agent:
            parameters["agents"] = said.agent
        if model:
            parameters["model_version"] = model[0]
        done = record_export(
            db, preflight=plan, icp=icp, weight_version=active.version, workflow=said.workflow,
            parameters=parameters, today=today, now=now, actor=actor, operator=operator, segment=said.segment,
            exported_at=counted_from, layout=layout, accept_stale=said.accept_stale,
        )  # fmt: skip
        if done.batch_id is not None:
            try:
                record_side_by_side(
                    db, batch_id=done.batch_id, ready=plan.ready, icp=icp, workflow=said.workflow, actor=actor
                )
            except HadesError as error:  # the batch stands; only the comparison of scores lacks it
                print(f"{done.batch_id} is recorded, but not scored in every way: {error}", file=sys.stderr)
    result = {"batch_id": done.batch_id, **done.counts, "sha256": done.sha256}
    text = _counted(plan)
    if plan.explored():
        text += (
            f"\n{plan.explored()} of the exported leads were drawn by chance from {plan.explorable} left out."
        )
    files: dict[str, bytes] = {said.rejects: misses_csv(plan, file)} if said.rejects else {}
    if done.csv is None:
        text = f"No lead was left to export, so no batch was made.\n{text}"
    else:
        text = "\n".join([f"{done.batch_id} → {said.out}", text, *_gaps(plan, said, operator, icp)])
        files = {said.out: done.csv} | files
        if said.xlsx:
            files[said.xlsx] = workbook_bytes(done.csv, layout)
    for path, content in files.items():
        try:
            _write(Path(path).resolve(), content)
        except OSError as error:
            about = f"{done.batch_id} is recorded, but" if done.batch_id else "No batch was made, and"
            remedy = "The page Batches offers its file at any time." if done.batch_id else "Check the folder."
            problem = f"{about} {path} cannot be written: {error.strerror}. {remedy}"
            print(problem, file=sys.stderr)
            return result | {"problem": problem}, text, PARTLY
    return result, text, DONE


def _counted(plan: Preflight) -> str:
    """The rows of the file by what became of them, as on the page, and how many were filtered out for each reason."""
    steps = plan.misses["step"].value_counts()
    parts = [f"{steps[step]} {_STEPS.get(step, step)}" for step in STEPS if step in steps]
    lines = [f"{plan.source.rows_in} rows in: {', '.join([f'{len(plan.ready)} exported', *parts])}"]
    reasons = count_reasons(plan.misses[plan.misses["step"] == "filtered"])
    return "\n".join([*lines, *(f"  filtered out: {rows}  {reason}" for reason, rows in reasons.items())])


def _gaps(plan: Preflight, said: argparse.Namespace, operator: dict[str, Any] | None, icp: Icp) -> list[str]:
    """What the file that goes to the call centre lacks, a sentence each."""
    agents = said.agent or icp.data["export"]["agents"]
    invented, untested = invented_agents(agents), unmeasured(plan.ready)
    gaps = []
    if said.workflow == "geography" and untested:
        gaps.append(
            f"Of the exported, {untested}: distance unknown, so the radius did not test them. --known-distance leaves them out."
        )
    if operator is None:
        gaps.append("No operator is named, so the operator's name, phone and e-mail stay empty (--operator).")
    if not agents:
        gaps.append("No agents are named, so Contact Owner stays empty (--agent).")
    if invented:
        gaps.append(
            f"Contact Owner names {', '.join(invented)}, whom nobody can reach. Name your own (--agent)."
        )
    return gaps


def _add_choices(options: argparse.ArgumentParser) -> None:
    """Nothing; the options stand that say otherwise than the configuration, for this export alone."""
    options.add_argument("--min-score", type=float, metavar="SCORE", help="the lowest score that goes out")
    options.add_argument("--max-rows", type=int, metavar="N", help="the most rows of this batch, best first")
    options.add_argument(
        "--contacts-per-company", type=int, metavar="N", help="the best N contacts of a company alone"
    )
    options.add_argument(
        "--within-days",
        type=int,
        metavar="DAYS",
        help="leave out what was exported within so many days; 0: nothing",
    )
    options.add_argument(
        "--agent", action="append", default=[], metavar="NAME", help="contact owner; repeat for more"
    )
    options.add_argument(
        "--known-distance", action="store_true", help="geography: leave out leads whose distance is unknown"
    )
    options.add_argument(
        "--explore", type=float, metavar="PERCENT", help="0 to 5: leads drawn by chance from those left out"
    )
    options.add_argument(
        "--seed", type=as_seed, metavar="N", help="of that draw (default: from the files' content)"
    )
    options.add_argument(
        "--accept-stale", action="store_true", help="export although a suppression list is older than 31 days"
    )
    options.add_argument(
        "--map",
        action="append",
        default=[],
        type=_pair,
        metavar="FIELD=HEADER",
        help="read a field from this column",
    )
    options.add_argument(
        "--xlsx", metavar="FILE", help="the same rows as a workbook of text cells, for people"
    )
    options.add_argument(
        "--rejects", metavar="FILE", help="a CSV of the rows that do not go out, with the reason"
    )


def _pair(text: str) -> str:
    if not all(part.strip() for part in text.partition("=")[::2]):
        raise argparse.ArgumentTypeError(f"expected FIELD=HEADER, such as sic_code=Branch, got '{text[:60]}'")
    return text


def _leads(db: Any, said: Any, config_dir: Path, own: dict[str, str]) -> LeadFile:
    """The leads of all named files, each read by what was said and what is remembered for its headers."""
    columns, industries = read_columns(config_dir), read_industries(config_dir)
    files = []
    for path in said.leads:
        content, name = read_file(path), Path(path).name
        kind = lead_kind(columns)
        mapping = remembered_columns(db, kind=kind, headers=headers_of(content, name, kind)) | own
        files.append(
            read_leads(
                content, name, columns, industries=industries, mapping=mapping, day_first=said.day_first
            )
        )
    file = together(files)
    if said.intent:
        file = join_intent(
            file,
            read_leads(read_file(said.intent), Path(said.intent).name, columns, day_first=said.day_first),
        )
    return file


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
