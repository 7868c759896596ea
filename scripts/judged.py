"""What the three accuracy reports share: their options, and the judged leads or deals behind them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from analytics import accuracy_report as report
from analytics.accuracy import accuracy
from analytics.accuracy_targets import read_accuracy_rules, targets_table
from analytics.judged_cases import Judged, judged_deals, judged_leads
from configuration import active_configuration
from errors import InputError
from icp import Icp, business_zone
from scripts.command import DONE, as_date, clock, opened, parser
from stores.accuracy import read_scored_leads
from stores.deals import count_deals
from stores.outcomes import read_outcome_frame
from stores.pipeline import read_scored_outcomes
from turso_db import Database, read_together


def tell(
    module: str, doc: str, argv: Sequence[str], *, title: str, side: str
) -> tuple[dict[str, Any], str, int]:
    """of, as_of, too_young, answers with their tables, notes, figures (null while nothing can be judged) and, with --html, the
    file's name.
    """
    options = parser(module, doc)
    options.add_argument(
        "--of", choices=("leads", "deals"), default="leads", help="what is judged (default: leads)"
    )
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="as known on this day (leads)")
    options.add_argument("--html", metavar="OUT", help="also write the report as one HTML file")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=clock()).icp
        today = clock().astimezone(business_zone(icp)).date()
        as_of = said.as_of or today
        if as_of > today:
            raise InputError(f"--as-of was expected to be a day that has come, but {as_of} is after {today}.")
        result = judge(db, config_dir=settings.config_dir, icp=icp, of=said.of, as_of=as_of, side=side)
    if not result["answers"]:
        return result, result["notes"][0], DONE
    told, notes = report.report_of(result)
    text = report.report_text(told, notes)
    if said.html:
        write_report(Path(said.html), report.report_html(f"{title}, {as_of}", told, notes))
        result["html"] = said.html
        text += f"\nThe report is in {said.html}."
    return result, text, DONE


def judge(
    db: Database, *, config_dir: Path, icp: Icp, of: str, as_of: date, side: str = report.ALL
) -> dict[str, Any]:
    """How right the scores of these `leads` or `deals` were, as `tell` gives it; no answer while nothing can be judged."""
    words = report.LEADS if of == "leads" else report.DEALS
    rules, judged = read_accuracy_rules(config_dir), _judged(db, icp, of, as_of)
    found = accuracy(
        judged.cases, high=rules.high_score, top=judged.batch, parts=judged.parts, traits=list(judged.traits)
    )
    result: dict[str, Any] = {"of": of, "as_of": str(as_of), "too_young": judged.too_young, "figures": None}
    if found is None:
        nothing = f"No {words.cases} can be judged yet: {judged.too_young:,} are too young or open. Nothing was written."
        return result | {"answers": [], "notes": [nothing]}
    targets = targets_table(found.confidences, rules)
    told = report.answers(found, words, judged.traits, targets, side=side)
    notes = report.notes(found, words, judged.too_young)
    return result | {"figures": report.figures(found, targets), **report.report_json(told, notes)}


def write_report(path: Path, html: str) -> None:
    """Nothing; the file is written. InputError where something else stands there or nothing can be written."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is there already and is no file. Name another one.")
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Name another place.") from error


def _judged(db: Database, icp: Icp, of: str, as_of: date) -> Judged:
    if of == "deals":
        outcomes, counts = read_together(db, [read_scored_outcomes, count_deals])
        return judged_deals(outcomes, counts["open"])
    leads, begun = read_together(db, [read_scored_leads, read_outcome_frame])
    return judged_leads(leads, begun, as_of=as_of, maturity_days=icp.data["calibration"]["maturity_days"])
