"""Refine the weights of a weighted sum: a proposal with its proof, written as a new configuration; nothing is put in force."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analytics.html_report import plain_rows
from analytics.refinement import Refinement, refine
from analytics.refinement_cases import read_cases
from errors import ConfigError
from scripts.command import DONE, PARTLY, as_number, as_seed, parser, read_file, run, table
from scripts.judged import write_report
from strict_yaml import edit_numbers, node_at, read_yaml


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """weights, verdict, proof, table, stages, extras, rejected rows, and the difference of the configuration."""
    options = parser("scripts.refine_model_weights", __doc__ or "")
    options.add_argument("file", metavar="FILE", help="closed cases as CSV or .xlsx: a day, an outcome, a column per component (0 to 100)")  # fmt: skip
    options.add_argument("--weights", default="config/pipeline.yaml", metavar="YAML", help="where the weights stand (default: %(default)s)")  # fmt: skip
    options.add_argument(
        "--at", default="account", metavar="KEY.KEY", help="the key above them (default: %(default)s)"
    )
    options.add_argument(
        "--day", default="day", metavar="COLUMN", help="when the case closed (default: %(default)s)"
    )
    options.add_argument("--outcome", default="outcome", metavar="COLUMN", help="won or lost, yes or no, true or false, 1 or 0")  # fmt: skip
    options.add_argument(
        "--stage", metavar="COLUMN", help="weights per stage too, where the cases carry them"
    )
    options.add_argument("--extra", action="append", default=[], metavar="COLUMN", help="a further factor, e.g. whether a competitor was there; may be repeated")  # fmt: skip
    options.add_argument(
        "--half-life", type=as_number, metavar="DAYS", help="a case so much older counts half"
    )
    options.add_argument("--top", type=as_number, default=100, metavar="N", help="cases worked on first in a month (default: %(default)s)")  # fmt: skip
    options.add_argument("--seed", type=as_seed, default=20260211, metavar="N", help="of the bootstrap")
    options.add_argument(
        "--out", metavar="YAML", help="write the configuration with the suggested weights here"
    )
    said = options.parse_args(argv)
    text, current = _weights(said.weights, tuple(said.at.split(".")))
    cases, rejected = read_cases(
        read_file(said.file), Path(said.file).name, day=said.day, outcome=said.outcome, components=list(current),
        stage=said.stage, extras=said.extra,
    )  # fmt: skip
    found = refine(cases, current, seed=said.seed, top=said.top, half_life=said.half_life, extras=said.extra)
    path = tuple(said.at.split("."))
    new = edit_numbers(text, Path(said.weights).name, {(*path, name): w for name, w in found.weights.items()})
    difference = "".join(
        difflib.unified_diff(text.splitlines(True), new.splitlines(True), "in force", "suggested", n=0)
    )
    if said.out:
        write_report(Path(said.out), new)
    told = _told(found, difference, said.out, len(rejected))
    result = {
        "weights": found.weights, "cases": found.cases, "hits": found.hits, "word": found.proof.word, "why": found.proof.why,
        "table": plain_rows(found.table), "stages": plain_rows(found.stages), "extras": plain_rows(found.extras),
        "difference": difference, "out": said.out, "rejected": [{"row": number, "problem": why} for number, why in rejected],
    }  # fmt: skip
    return result, told, PARTLY if rejected else DONE


def _weights(name: str, path: tuple[str, ...]) -> tuple[str, dict[str, float]]:
    """The text of the configuration and the weights under `path`, which must sum to 1."""
    try:
        text = read_file(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} was expected to be UTF-8 text. Save it as UTF-8.") from error
    data, root = read_yaml(text, name)
    try:
        node_at(root, path)
    except KeyError as error:
        raise ConfigError(
            f"{name} has no {'.'.join(path)}. Name the key above the weights with --at."
        ) from error
    for part in path:
        data = data[part]
    if not isinstance(data, dict) or not all(
        isinstance(w, int | float) and not isinstance(w, bool) for w in data.values()
    ):
        raise ConfigError(f"{name}: {'.'.join(path)} was expected to hold one number per component.")
    return text, {str(component): float(weight) for component, weight in data.items()}


def _told(found: Refinement, difference: str, out: str | None, rejected: int) -> str:
    """The proposal for people."""
    age = f", a case {found.half_life:g} days older counting half" if found.half_life else ""
    lines = [
        f"{found.cases:,} cases, {found.hits:,} of them hits{age}.",
        f"The suggestion is {found.proof.word}. {found.proof.why}",
        "",
        table(plain_rows(found.table), ("component", "current", "suggested", "low", "high", "verdict")),
    ]
    if len(found.stages):
        lines += ["", "By stage:", table(plain_rows(found.stages), list(found.stages.columns))]
    if len(found.extras):
        lines += ["", "Further factors, in points of the score from their lowest to their highest:",
                  table(plain_rows(found.extras), list(found.extras.columns))]  # fmt: skip
    lines += ["", difference or "The suggested weights are those in force, to two decimals."]
    if out:
        lines.append(f"The configuration with the suggested weights is in {out}. Nothing was put in force.")
    if rejected:
        lines.append(f"{rejected:,} rows could not be used; --json lists them.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run(main))
