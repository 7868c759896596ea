"""Load the demo world into an empty database, and show what calibration recovers of it; or take it away again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from actors import named_actor
from analytics.calibration_evidence import calculate
from analytics.pipeline_scores import read_pipeline_rules
from configuration import active_configuration
from deal_import import import_deals
from deals import read_deal_rules
from demo import DemoLoad, load_demo
from demo_deals import demo_deals, weeks
from demo_rates import planted_beside_recovered
from demo_removal import backup_path, preview_removal, remove_demo, rests_on, told
from demo_world import SAMPLE_CENTER_ZIP, SEED, sample_upload
from errors import Unavailable
from icp import WORKFLOWS, Icp, business_zone
from lead_columns import read_columns, read_industries
from pipeline import snapshot_pipeline
from scripts.command import DONE, clock, opened, parser, run, table
from settings import Settings
from stores import demo as store
from stores import outcomes
from stores.state import is_empty
from turso_backup import back_up
from turso_db import Database

_COLUMNS = ("dimension", "value", "planted", "leads", "deliveries", "rate", "low", "high", "inside")


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """loaded (false: it was there already), seed, day, counts, files (written for trying HADES), planted (per dimension
    and value: planted, leads, deliveries, rate, low, high, inside), inside and of (how many intervals hold the truth).
    """
    options = parser("scripts.load_demo", __doc__ or "")
    options.add_argument("--seed", type=int, default=SEED, metavar="N", help=f"which world (default {SEED})")
    options.add_argument(
        "--if-empty",
        action="store_true",
        help="do nothing when the database holds anything or is across a network",
    )
    options.add_argument("--actor", default="Demo", metavar="NAME", help="who loads or removes it")
    options.add_argument("--remove", action="store_true", help="take the demo away; everything else stays")
    options.add_argument(
        "--preview", action="store_true", help="with --remove: say what would go, and change nothing"
    )
    options.add_argument(
        "--backup", metavar="FILE", help="with --remove: where the backup goes that is made first"
    )
    said = options.parse_args(argv)
    now = clock()
    with opened() as (db, settings):
        if said.remove:
            return _removed(db, settings, said, now)
        if said.if_empty and (why := _reason_to_leave_alone(db, settings)):
            return {"loaded": False, "why": why}, why, DONE
        active = active_configuration(db, config_dir=settings.config_dir, now=now)
        done = load_demo(
            db,
            icp=active.icp,
            weight_version=active.version,
            columns=read_columns(settings.config_dir),
            industries=read_industries(settings.config_dir),
            now=now,
            actor=named_actor(said.actor),
            seed=said.seed,
        )
        today = now.astimezone(business_zone(active.icp)).date()
        _bring_deals(db, settings, done, now)
        files = write_samples(settings.data_dir / "demo", today, done.seed)
        beside = _beside(db, active.icp, done, today)
    held, of = int(beside["inside"].sum()), int(beside["inside"].notna().sum())
    plain = beside.astype("object").where(beside.notna(), None).to_dict("records")
    result = {
        "loaded": done.loaded, "seed": done.seed, "day": done.day.isoformat(), "counts": done.counts,
        "files": [str(path) for path in files], "planted": plain, "inside": held, "of": of,
    }  # fmt: skip
    # Beside `make run` the table would only bury the address.
    rows = [] if said.if_empty else [table(_shown(plain), _COLUMNS), ""]
    return result, "\n".join([_head(done), "", *rows, *_foot(held, of, files)]), DONE


def _removed(
    db: Database, settings: Settings, said: argparse.Namespace, now: datetime
) -> tuple[dict[str, Any], str, int]:
    """removed, goes, stays, backup (the file, null for a preview), back_to and models_in_force: the demo is out of the
    database after a backup was written; with --preview nothing is changed.
    """
    found = preview_removal(db)
    backup: Path | None = None
    if not said.preview and found.why_not is None:
        backup = Path(said.backup) if said.backup else backup_path(settings.data_dir, now)
        backup = backup.resolve()
        backup.parent.mkdir(parents=True, exist_ok=True)
        back_up(db, backup, now=now)
    if not said.preview:
        found = remove_demo(db, now=now, actor=named_actor(said.actor))
    result = {
        "removed": not said.preview, "goes": found.goes, "stays": found.stays, "backup": backup and str(backup),
        "back_to": found.back_to, "models_in_force": found.models_in_force, "why_not": found.why_not,
    }  # fmt: skip
    lines = [f"{'Would go' if said.preview else 'Gone'}: {told(found.goes)}.", f"Stays: {told(found.stays)}."]
    lines += [found.why_not] if found.why_not else []
    if backup:
        lines.append(
            f"Before it was removed everything was written to {backup}; scripts.restore brings it back."
        )
    lines += rests_on(found)
    return result, "\n".join(lines), DONE


def _bring_deals(db: Database, settings: Settings, done: DemoLoad, now: datetime) -> None:
    """Nothing; the deals of the same world are in, brought week by week as a CRM tells what changed, with pipeline scores of
    three months ago, one month ago and the day itself. What was interrupted goes on; again changes nothing.
    """
    brought = store.read_deal_files(db)
    plan = {f"demo_sales_{as_of}.csv": (as_of, since) for as_of, since in weeks(done.day)}
    if brought and not brought & set(plan):  # an earlier release brought them in one file
        return
    actor, rules = named_actor("Demo import"), read_deal_rules(settings.config_dir)
    for name, (as_of, since) in plan.items():
        if name not in brought:
            then = min(now, datetime.combine(as_of, time(12), UTC))
            content = demo_deals(done.day, done.seed, as_of=as_of, since=since)
            import_deals(db, content=content, name=name, rules=rules, now=then, actor=actor, source="demo")
    pipeline_rules = read_pipeline_rules(settings.config_dir)
    for months in (3, 1, 0):
        day = done.day - timedelta(days=30 * months)
        snapshot_pipeline(db, rules=pipeline_rules, today=day, now=now, actor=actor)


def write_samples(folder: Path, today: date, seed: int = SEED) -> list[Path]:
    """The ZoomInfo files to try HADES with, written anew with signals as of `today`; Unavailable when they cannot be."""
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for workflow in WORKFLOWS:
            paths.append(folder / f"zoominfo_{workflow}.csv")
            paths[-1].write_bytes(sample_upload(workflow, today, seed))
    except OSError as error:
        raise Unavailable(
            f"The sample files cannot be written to {folder}: {error.strerror}. Make room there."
        ) from error
    return paths


def _reason_to_leave_alone(db: Database, settings: Settings) -> str | None:
    """Why a database is not filled unasked: what is in it, or where it is; None when it may be."""
    if settings.database_url is not None and not settings.database_url.startswith("file:"):
        return f"The database ({db.name}) is across a network, so no demo was loaded unasked."
    load = store.read_load(db)
    if load is not None and load["finished_at"]:
        return f"The demo world of seed {load['seed']} is in the database already; nothing was changed."
    if any(store.count_foreign(db).values()) or (load is None and not is_empty(db)):
        return "The database is in use, so no demo was loaded."
    return None


def _beside(db: Database, icp: Icp, done: DemoLoad, today: date) -> Any:
    rows = calculate(
        outcomes.read_outcome_frame(db), icp, as_of=today, estimator=icp.data["calibration"]["estimator"]
    ).rows
    return planted_beside_recovered(done.truth, rows)


def _head(done: DemoLoad) -> str:
    if not done.loaded:
        return f"The demo world of seed {done.seed} was loaded on {done.day} already; nothing was changed."
    n = done.counts
    return (
        f"The demo world of seed {done.seed} is loaded: {n['historical_leads']:,} leads called before, "
        f"{n['batches']} batches with {n['leads']:,} leads, {n['milestones']:,} outcomes and "
        f"{n['unmatched']} more that found no company."
    )


def _shown(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"inside": {True: "yes", False: "NO", None: None}[row["inside"]]} for row in rows]


def _foot(held: int, of: int, files: Sequence[Path]) -> list[str]:
    return [
        f"{held} of {of} intervals hold the planted rate; 95 of 100 should.",
        f"To try: {', '.join(map(str, files))} (geography: measure from {SAMPLE_CENTER_ZIP}).",
    ]


if __name__ == "__main__":
    sys.exit(run(main))
