"""Closed cases from a file, each with a day, an outcome and its components, for the refinement of weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import pandas as pd

import lead_values
from errors import InputError
from sheets import read_sheet

HITS = ("won", "closed won", "yes", "true", "1", "delivery", "delivered", "hit")
MISSES = ("lost", "closed lost", "no", "false", "0", "no_delivery", "not delivered", "miss")


def read_cases(
    content: bytes,
    name: str,
    *,
    day: str,
    outcome: str,
    components: Sequence[str],
    stage: str | None = None,
    extras: Sequence[str] = (),
) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    """The usable cases as analytics.refinement.refine takes them, and (row number, sentence) of every other row.

    The arguments name the columns. Rows in the file = cases + other rows. InputError for a file that is no table or
    lacks a column.
    """
    wanted = [day, outcome, *components, *([stage] if stage else []), *extras]
    sheet = read_sheet(content, name, lambda names: {day, outcome} <= {str(cell).strip() for cell in names})
    headers = [header.strip() for header in sheet.headers]
    missing = [column for column in wanted if column not in headers]
    if missing:
        raise InputError(
            f"{name} was expected to have the columns {', '.join(wanted)}; there is no {', '.join(missing)}. Rename "
            "them, or name others on the command line."
        )
    rows: list[dict[str, Any]] = []
    rejected = list(sheet.unreadable)
    for number, cells in sheet.rows:
        row = dict(zip(headers, cells, strict=False))
        try:
            rows.append(_case(row, day, outcome, components, stage, extras))
        except InputError as error:
            rejected.append((number, str(error)))
    columns = ["day", "hit", *(["stage"] if stage else []), *components, *extras]
    return pd.DataFrame(rows, columns=columns), sorted(rejected)


def _case(
    row: dict[str, str],
    day: str,
    outcome: str,
    components: Sequence[str],
    stage: str | None,
    extras: Sequence[str],
) -> dict[str, Any]:
    word = " ".join(row[outcome].casefold().split())
    if word not in HITS and word not in MISSES:
        raise InputError(f"{outcome} was expected to be won or lost, yes or no, got '{row[outcome][:40]}'.")
    when = lead_values.day(row[day])
    if when is None:
        raise InputError(f"{day} was expected to be a day as 2026-02-11, got '{row[day][:40]}'.")
    case: dict[str, Any] = {"day": pd.Timestamp(when), "hit": word in HITS}
    if stage:
        case["stage"] = row[stage].strip() or None
    for component in components:
        number = _number(row[component])
        if number is None or not 0 <= number <= 100:
            raise InputError(
                f"{component} was expected to be a number from 0 to 100, got '{row[component][:40]}'."
            )
        case[component] = number
    return case | {extra: _factor(row[extra]) for extra in extras}


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().replace(",", ""))
    except ValueError:
        return None
    return number if isfinite(number) else None


def _factor(text: str) -> float | None:
    """A number, or 1 and 0 for yes and no; missing for anything else."""
    number, flag = _number(text), lead_values.flag(text)
    return number if number is not None else None if flag is None else float(flag)
