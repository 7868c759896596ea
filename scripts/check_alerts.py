"""Look at the rules of config/alerts.yaml, open and close alerts, and deliver what is due. Safe to run every hour."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from alert_senders import senders
from alerts import check_alerts, deliver_alerts
from analytics.alert_rules import read_alert_rules
from configuration import active_configuration
from icp import business_zone
from scripts.command import DONE, PARTLY, clock, opened, parser, run


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """opened, closed (rule and subject each), sent, failed."""
    options = parser("scripts.check_alerts", __doc__ or "")
    options.add_argument("--actor", default="schedule", metavar="NAME", help="who checks")
    said = options.parse_args(argv)
    now, actor = clock(), named_actor(said.actor)
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        today = now.astimezone(business_zone(icp)).date()
        checked = check_alerts(
            db, rules=read_alert_rules(settings.config_dir), today=today, now=now, actor=actor,
            maturity_days=icp.data["calibration"]["maturity_days"], cache_dir=settings.data_dir / "cache",
        )  # fmt: skip
        send = senders(
            slack_webhook=settings.slack_webhook, smtp_url=settings.smtp_url, mail_from=settings.mail_from
        )
        done = deliver_alerts(db, send=send, now=now, actor=actor)
    result = {
        "opened": [{"rule": rule, "subject": subject} for rule, subject in checked.opened],
        "closed": [{"rule": rule, "subject": subject} for rule, subject in checked.closed],
        "sent": done.sent,
        "failed": done.failed,
    }
    lines = [f"Opened: {rule}, {subject}." for rule, subject in checked.opened]
    lines += [f"Closed: {rule}, {subject}." for rule, subject in checked.closed]
    lines.append(f"{done.sent} messages sent, {done.failed} failed and tried again later.")
    return result, "\n".join(lines), PARTLY if done.failed else DONE


if __name__ == "__main__":
    sys.exit(run(main))
