"""What runs by itself: sync, snapshot, insight, candidates, alerts, digest. Safe to run every hour; nothing is approved."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from actors import Actor, named_actor
from alert_senders import letter_sender, senders
from alerts import check_alerts, deliver_alerts
from analytics.alert_rules import MODEL_BEHIND, Finding, read_alert_rules
from analytics.lead_model import from_json
from analytics.model_report import behind
from analytics.pipeline_scores import read_pipeline_rules
from analytics.weekly_digest import week_of
from analytics.win_report import win_report
from calibration import calibrate
from configuration import Active, active_configuration
from deal_columns import read_deal_columns
from digest import deliver_digest, preview_digest, write_digest
from icp import business_zone
from lead_schema import read_api_rules
from model_choices import SEED
from models import retrain
from pipeline import snapshot_pipeline
from schedule import FAILED, Skip, Step, run_steps
from scripts.calibrate import LEASE_SECONDS
from scripts.command import DONE, PARTLY, clock, opened, parser, run
from sent_models import kinds_to_learn, retrain_sent
from settings import Settings, code_version
from stores import deals, models, outcomes, runs
from stores.state import release_lease, take_lease
from turso_db import Database

STEPS = ("sync", "snapshot", "insight", "candidates", "alerts", "digest")
CALIBRATE_AFTER = 7  # days after the newest run before another one is made by itself


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """steps: step, status (done, failed, skipped) and sentence each."""
    options = parser("scripts.run_scheduled", __doc__ or "")
    options.add_argument("--step", action="append", choices=STEPS, metavar="STEP", help=f"only this one ({', '.join(STEPS)}); may be repeated")  # fmt: skip
    options.add_argument("--actor", default="schedule", metavar="NAME", help="who runs it")
    said = options.parse_args(argv)
    actor = named_actor(said.actor)
    with opened() as (db, settings):
        now = clock()
        active = active_configuration(db, config_dir=settings.config_dir, now=now)
        today = now.astimezone(business_zone(active.icp)).date()
        all_steps = _steps(db, settings, active, today, now, actor)
        chosen = [step for step in all_steps if not said.step or step.name in said.step]
        ended = run_steps(
            db, steps=chosen, holder=f"{socket.gethostname()} {os.getpid()}", clock=clock, actor=actor
        )
    text = "\n".join(f"{ran.step}: {ran.status}. {ran.sentence}" for ran in ended)
    failed = any(ran.status == FAILED for ran in ended)
    return {"steps": [ran._asdict() for ran in ended]}, text, PARTLY if failed else DONE


def _steps(
    db: Database, settings: Settings, active: Active, today: date, now: datetime, actor: Actor
) -> list[Step]:
    """The steps in their order."""
    icp, config = active.icp, settings.config_dir
    maturity = icp.data["calibration"]["maturity_days"]

    def sync() -> str:
        if not settings.zoho_ready:
            raise Skip("Zoho is not connected.")
        from scripts.track_outcomes import main as track

        return track(["--actor", actor.name])[1].splitlines()[0]

    def snapshot() -> str:
        if not deals.count_deals(db)["open"]:
            raise Skip("There are no open deals.")
        done = snapshot_pipeline(db, rules=read_pipeline_rules(config), today=today, now=now, actor=actor)
        return (
            f"{done.scored:,} open deals scored." if done.kept else "The pipeline was scored today already."
        )

    def insight() -> str:
        told = _win(db, settings, today)
        if not told:
            raise Skip("No deal has been closed yet.")
        return told[0][1]

    def candidates() -> str:
        told = [_recalibrated(db, settings, active, today, now, actor)]
        trained = retrain(db, icp=icp, now=now, actor=actor, code_version=code_version(), only_if_due=True)
        rules = read_api_rules(config)
        for kind in kinds_to_learn(rules):
            one = retrain_sent(
                db,
                rules=rules,
                kind=kind,
                now=now,
                actor=actor,
                code_version=code_version(),
                only_if_due=True,
            )
            told += [f"Model of {kind.name} leads: {one.why}"] if one.version else []
        return " ".join([*told, f"Model: {trained.why}"])

    def alerts() -> str:
        checked = check_alerts(
            db, rules=read_alert_rules(config), today=today, now=now, actor=actor, maturity_days=maturity,
            told={MODEL_BEHIND: _models_behind(db, active, today)}, cache_dir=settings.data_dir / "cache",
        )  # fmt: skip
        send = senders(
            slack_webhook=settings.slack_webhook, smtp_url=settings.smtp_url, mail_from=settings.mail_from
        )
        sent = deliver_alerts(db, send=send, now=now, actor=actor)
        return (
            f"{len(checked.opened):,} alerts opened, {len(checked.closed):,} closed; {sent.sent:,} messages sent, "
            f"{sent.failed:,} failed and tried again later."
        )

    def digest() -> str:
        week = week_of(today)
        body = preview_digest(db, week=week, zone=business_zone(icp), now=now, win=_win(db, settings, today))
        new = write_digest(db, week=week, body=body, now=now, actor=actor)
        send = letter_sender(smtp_url=settings.smtp_url, mail_from=settings.mail_from)
        sent = deliver_digest(db, send=send, public_url=settings.public_url, now=now, actor=actor)
        written = "was written" if new else "stands already"
        return f"The digest of the week of {week} {written}; {sent.sent:,} sent, {sent.failed:,} failed and tried again later."

    works: dict[str, Callable[[], str]] = dict(
        zip(STEPS, (sync, snapshot, insight, candidates, alerts, digest), strict=True)
    )
    return [Step(name, work) for name, work in works.items()]


def _models_behind(db: Database, active: Active, today: date) -> list[Finding]:
    """A finding per workflow whose model falls behind the weights on the newest leads; a warning, never a switch."""
    in_force = models.read_models_in_force(db)
    if not in_force:
        return []
    leads, kept = models.read_first_seen(db, zone=business_zone(active.icp))
    held = {
        workflow: (from_json(row["coefficients"]), pd.Timestamp(row["cut_off"]) if row["cut_off"] else None)
        for workflow, row in in_force.items()
    }
    warned = behind(leads, kept, active.icp, held, as_of=today, top=100, seed=SEED)
    return [Finding(f"model of {workflow}", warning) for workflow, warning in warned.items()]


def _win(db: Database, settings: Settings, today: date) -> list[tuple[str, str]]:
    """The answers about the win rate as known today; none before a deal was closed."""
    known = read_deal_columns(db, cache_dir=settings.data_dir / "cache")
    report = win_report(known, as_of=pd.Timestamp(today)) if len(known) else None
    return report.answers if report else []


def _recalibrated(
    db: Database, settings: Settings, active: Active, today: date, now: datetime, actor: Actor
) -> str:
    """A calibration run as a suggestion, where the newest one is a week old."""
    newest = runs.read_latest_run(db)
    if newest is not None:
        age = (now - datetime.fromisoformat(newest["created_at"])).days
        if age < CALIBRATE_AFTER:
            return f"Calibrated {age} days ago."
    counted = outcomes.count_historical(db)["leads"] + outcomes.count_started_before(db, day=today)
    if not counted:
        return "Nothing to calibrate yet."
    holder = secrets.token_hex(8)
    if not take_lease(db, name="calibration", holder=holder, now=now, seconds=LEASE_SECONDS):
        return "A calibration is running already."
    try:
        run = calibrate(
            db, icp=active.icp, weight_version=active.version, as_of=today, now=now, actor=actor, code_version=code_version(),
            cache_dir=settings.data_dir / "cache",
        )  # fmt: skip
    finally:
        release_lease(db, name="calibration", holder=holder)
    moves = sum(row["verdict"] == "move" for row in run["rows"])
    return f"Calibration run {run['run_id']} suggests {moves} moves; a person approves."


if __name__ == "__main__":
    sys.exit(run(main))
