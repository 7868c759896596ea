"""Why did the win rate change, and what first: five answers from a file of deals."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analytics.win_report import win_report
from analytics.win_report_text import report_html, report_json, report_text
from deals import read_deal_rules, read_deals
from errors import InputError
from scripts.command import DONE, PARTLY, as_date, as_number, clock, own_mapping, parser, read_file, run
from scripts.judged import write_report
from settings import read_settings


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """deals, as_of, answers, tables, notes, and the rows that could not be used; with --html also the file's name."""
    options = parser("scripts.analyze_win_rate", __doc__ or "")
    options.add_argument("file", metavar="FILE", help="deals as CSV or .xlsx")
    options.add_argument("--html", metavar="OUT", help="also write the report as one HTML file")
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="as known on this day")
    options.add_argument(
        "--days", type=as_number, default=90, metavar="N", help="length of the newest period"
    )
    options.add_argument("--column", action="append", default=[], metavar="FIELD=HEADER", help="own mapping")
    said = options.parse_args(argv)
    if said.days > 3650:
        raise InputError("--days was expected to be at most 3650.")
    name = Path(said.file).name
    file = read_deals(
        read_file(said.file), name, read_deal_rules(read_settings().config_dir), today=clock().date(),
        mapping=own_mapping(said.column),
    )  # fmt: skip
    report = win_report(file.deals, as_of=pd.Timestamp(said.as_of) if said.as_of else None, days=said.days)
    if report is None:
        raise InputError(f"{name} has no deal that was closed by then, so there is no win rate to explain.")
    rejected = file.problems[file.problems["rejected"].astype(bool)]
    result = report_json(report) | {
        "rejected": [
            {"row": int(n), "problem": str(why)}
            for n, why in zip(rejected["row_number"], rejected["problem"], strict=True)
        ]
    }
    text = report_text(report)
    if len(rejected):
        text += f"\n{len(rejected):,} of {file.rows_in:,} rows could not be used."
    if said.html:
        write_report(Path(said.html), report_html(report, title=f"Win rate: {name}"))
        result["html"] = said.html
        text += f"\nThe report is in {said.html}."
    return result, text, PARTLY if len(rejected) else DONE


if __name__ == "__main__":
    sys.exit(run(main))
