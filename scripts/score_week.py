"""Score a week's files of leads, keep the scores, and write them as one CSV; running it again changes no first score."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors import named_actor
from api_desk import current_scorers
from api_models import models_in_force
from configuration import active_configuration
from errors import InputError
from feedback import score_sent
from icp import business_zone
from lead_batch import LeadBatch, read_lead_batch
from lead_columns import read_columns, read_industries
from lead_schema import read_api_rules
from scripts.command import DONE, PARTLY, as_date, clock, opened, parser, read_file, run

_HEADER = (
    "file",
    "row",
    "lead_id",
    "conversion_score",
    "risk_category",
    "model_version",
    "timestamp",
    "problem",
)


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """out, rows_in, scored, rejected (rows_in is their sum), high, and files with name, sha256, rows_in, scored, rejected."""
    options = parser("scripts.score_week", __doc__ or "")
    options.add_argument(
        "leads", metavar="PATH", nargs="+", help="files (CSV or .xlsx), or folders of such files"
    )
    options.add_argument(
        "--out", metavar="FILE", help="the CSV of scores (default: scores/2026-W07.csv beside the data)"
    )
    options.add_argument("--as-of", type=as_date, metavar="DATE", help="take this day as today")
    options.add_argument("--actor", default="weekly batch", metavar="NAME", help="who scores")
    said = options.parse_args(argv)
    paths = _files(said.leads)
    actor, now = named_actor(said.actor), clock()
    with opened() as (db, settings):
        icp = active_configuration(db, config_dir=settings.config_dir, now=now).icp
        today = said.as_of or now.astimezone(business_zone(icp)).date()
        out = Path(said.out) if said.out else settings.data_dir / "scores" / f"{today:%G-W%V}.csv"
        if out.resolve() in {path.resolve() for path in paths}:
            raise InputError("--out was expected to be another file than the leads. Name another one.")
        rules = read_api_rules(settings.config_dir)
        columns, industries = read_columns(settings.config_dir), read_industries(settings.config_dir)
        scorers = current_scorers(db, settings, rules, models_in_force)
        files: list[dict[str, Any]] = []
        rows: list[tuple[Any, ...]] = []
        for path in paths:
            batch = read_lead_batch(
                read_file(str(path)), path.name, rules, columns=columns, industries=industries, today=today
            )
            done = _score(batch, db, scorers, now, actor)
            rows += done
            scored = sum(row[3] is not None for row in done)
            files.append(
                {"name": path.name, "sha256": batch.sha256, "rows_in": batch.rows_in, "scored": scored, "rejected": batch.rows_in - scored}
            )  # fmt: skip
        _write(out, rows)
    counts = {name: sum(file[name] for file in files) for name in ("rows_in", "scored", "rejected")}
    high = sum(row[4] == "High" for row in rows)
    result = {"out": str(out), **counts, "high": high, "files": files}
    text = f"{counts['scored']:,} of {counts['rows_in']:,} rows scored, {high:,} of them High; {counts['rejected']:,} rejected → {out}"
    lines = [f"{row[0]}, row {row[1]}: {row[7]}" for row in rows if row[7]][:20]
    return result, "\n".join([text, *lines]), PARTLY if not counts["scored"] and counts["rows_in"] else DONE


def _files(said: Sequence[str]) -> list[Path]:
    paths: list[Path] = []
    for one in map(Path, said):
        if one.is_dir():
            found = sorted(
                p
                for p in one.iterdir()
                if p.suffix.lower() in (".csv", ".xlsx") and not p.name.startswith((".", "~"))
            )
            if not found:
                raise InputError(f"The folder {one} was expected to hold CSV or .xlsx files, but holds none.")
            paths += found
        else:
            paths.append(one)
    return list(dict.fromkeys(paths))


def _score(batch: LeadBatch, db: Any, scorers: Any, now: Any, actor: Any) -> list[tuple[Any, ...]]:
    """One tuple per row of the file in the order of _HEADER."""
    found = score_sent(db, leads=[lead for _, lead in batch.leads], scorers=scorers, now=now, actor=actor)
    rows: list[tuple[Any, ...]] = [
        (batch.name, number, one.lead_id, None, None, None, None, one.problem)
        if one.problem
        else (batch.name, number, one.lead_id, *one.conversion, f"{now:%Y-%m-%dT%H:%M:%SZ}", None)
        for (number, _), one in zip(batch.leads, found, strict=True)
    ]
    rows += [(batch.name, number, None, None, None, None, None, why) for number, why in batch.rejected]
    return sorted(rows, key=lambda row: row[1])


def _write(out: Path, rows: Sequence[tuple[Any, ...]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    writer.writerows([_safe(value) for value in row] for row in rows)
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text.getvalue(), "utf-8")
        part.replace(out)
    except OSError as error:
        raise InputError(
            f"The scores are kept, but {out} cannot be written: {error.strerror}. Name another file with --out."
        ) from error


def _safe(value: Any) -> Any:
    """The cell; text that a spreadsheet would take for a formula is shown as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


if __name__ == "__main__":
    sys.exit(run(main))
