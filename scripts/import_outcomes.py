"""Import dated milestones of exported companies from a CSV, for people without Zoho."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from lead_columns import read_columns
from outcome_reading import OUTCOME_COLUMNS, outcome_kind
from outcomes import Unmatched, import_outcomes
from scripts.command import (
    chosen_columns,
    chosen_words,
    clock,
    column_options,
    opened,
    parser,
    read_file,
    run,
    told_rows,
    word_option,
)

_MOST = 50  # unmatched rows named on a terminal


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """read, matched, review, unmatched, rejected, updated, left_out where there are such rows, notes, the rejected rows with their reasons, and `waiting`: the
    rows that found no company (row, company, batch_id, why).
    """
    options = parser("scripts.import_outcomes", __doc__ or "")
    options.add_argument("file", metavar="FILE", help=f"columns: {', '.join(OUTCOME_COLUMNS)}")
    column_options(options)
    word_option(options)
    options.add_argument("--actor", default="import", metavar="NAME", help="who imports")
    said = options.parse_args(argv)
    with opened() as (db, settings):
        content, name = read_file(said.file), Path(said.file).name
        kind = outcome_kind(read_columns(settings.config_dir))
        mapping = chosen_columns(db, content, name, kind, said)
        done = import_outcomes(
            db, content=content, name=name, now=clock(), actor=named_actor(said.actor), kind=kind, mapping=mapping,
            words=chosen_words(db, content, name, kind, mapping, said), day_first=said.day_first,
        )  # fmt: skip
    result, told, code = told_rows(done.counts, done.notes, done.rejected)
    lines = [_sum(done.counts), *told.splitlines()[1:], *_waiting(done.unmatched)]
    return result | {"waiting": [row._asdict() for row in done.unmatched]}, "\n".join(lines), code


def _sum(counts: Mapping[str, int]) -> str:
    n = counts
    several = f" ({n['review']:,} of them near a company: say which)" if n["review"] else ""
    left_out = f" + {n['left_out']:,} left out" if n.get("left_out") else ""
    return (
        f"{n['read']:,} rows in = {n['matched']:,} matched + {n['review'] + n['unmatched']:,} unmatched{several} + "
        f"{n['rejected']:,} rejected{left_out}. {n['updated']:,} companies have a new outcome."
    )


def _waiting(rows: Sequence[Unmatched]) -> list[str]:
    if not rows:
        return []
    lines = [f"Row {row.row_number}: {row.company_name}, {row.batch_id}: {row.why}" for row in rows[:_MOST]]
    if len(rows) > _MOST:
        lines.append(f"... and {len(rows) - _MOST:,} more; --json names them all.")
    return [*lines, "Unmatched rows count for nobody yet. They wait on the page Outcomes, tab Unmatched."]


if __name__ == "__main__":
    sys.exit(run(main))
