"""What the three accuracy reports share: their options, and the judged leads or deals behind them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analytics import accuracy_report as report
from analytics.accuracy import accuracy
from analytics.accuracy_targets import read_accuracy_rules, targets_table
from analytics.judged_cases import Judged, judged_deals, judged_leads
from configuration import active_configuration
from errors import InputError
from icp import business_zone
from scripts.command import DONE, as_date, clock, opened, parser
from stores.accuracy import read_scored_leads
from stores.deals import count_deals
from stores.outcomes import read_outcome_frame
from stores.pipeline import read_scored_outcomes


def tell(
    module: str, doc: str, argv: Sequence[str], *, title: str, side: str
) -> tuple[dict[str, Any], str, int]:
    """answers with their tables, notes, of, as_of and, with --html, the file's name."""
    options = parser(module, doc)
    options.add_argument(
        "--of", choices=("leads", "deals"), default="leads", help="what is judged (default: leads)"
    )
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="as known on this day (leads)")
    options.add_argument("--html", metavar="OUT", help="also write the report as one HTML file")
    said = options.parse_args(argv)
    words = report.LEADS if said.of == "leads" else report.DEALS
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=clock()).icp
        today = clock().astimezone(business_zone(icp)).date()
        as_of = said.as_of or today
        if as_of > today:
            raise InputError(f"--as-of was expected to be a day that has come, but {as_of} is after {today}.")
        rules, judged = read_accuracy_rules(settings.config_dir), _judged(db, icp, said.of, as_of)
        found = accuracy(
            judged.cases,
            high=rules.high_score,
            top=judged.batch,
            parts=judged.parts,
            traits=list(judged.traits),
        )
    if found is None:
        sentence = f"No {words.cases} can be judged yet: {judged.too_young:,} are too young or open. Nothing was written."
        return {"of": said.of, "as_of": str(as_of), "answers": [], "notes": [sentence]}, sentence, DONE
    told = report.answers(found, words, judged.traits, targets_table(found.confidences, rules), side=side)
    notes = report.notes(found, words, judged.too_young)
    result = {"of": said.of, "as_of": str(as_of), **report.report_json(told, notes)}
    text = report.report_text(told, notes)
    if said.html:
        write_report(Path(said.html), report.report_html(f"{title}, {as_of}", told, notes))
        result["html"] = said.html
        text += f"\nThe report is in {said.html}."
    return result, text, DONE


def write_report(path: Path, html: str) -> None:
    """Nothing; the file is written. InputError where something else stands there or nothing can be written."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is there already and is no file. Name another one.")
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}. Name another place.") from error


def _judged(db: Any, icp: Any, of: str, as_of: Any) -> Judged:
    if of == "deals":
        return judged_deals(read_scored_outcomes(db), count_deals(db)["open"])
    return judged_leads(
        read_scored_leads(db),
        read_outcome_frame(db),
        as_of=as_of,
        maturity_days=icp.data["calibration"]["maturity_days"],
    )
