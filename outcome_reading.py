"""The rows of a file of outcomes or history, as they are kept, and the sentences about those that cannot be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import lead_values
from batch_ids import find_batch_id
from lead_days import DayOrder, expected_day
from named_columns import FileKind
from outcome_words import meaning_of, shown_word, vocabulary
from stores import outcomes as store

HISTORICAL_COLUMNS = (
    "company_name", "sic_code", "employee_count", "zip_code", "state", "outcome", "deal_created_at", "delivery_at",
)  # fmt: skip
OUTCOME_COLUMNS = ("batch_id", "company_name", "milestone", "date")
_SITE = "zip_code"  # may stand beside them: which site is meant where a batch has two of one name
# What people call the columns that only these files have; the others are known as in files of leads.
_HISTORY_HEADERS = {
    "outcome": ("result", "status", "disposition"),
    "deal_created_at": ("deal created", "deal created on", "deal created date", "called on", "call date"),
    "delivery_at": ("delivery date", "delivered on", "delivered at", "date delivered"),
}
_OUTCOME_HEADERS = {
    "batch_id": ("batch", "import notes", "hades batch"),
    "milestone": ("outcome", "stage", "status", "result"),
    "date": ("day", "happened on", "happened at", "outcome date"),
}


def history_kind(columns: Mapping[str, Sequence[str]] = MappingProxyType({})) -> FileKind:
    """A file of history; `columns` are the headers known for leads (lead_columns.read_columns)."""
    return FileKind(
        "history", HISTORICAL_COLUMNS, (("company_name",), ("outcome",)), {**columns, **_HISTORY_HEADERS},
        own_names=True, ignored=("id", "imported_at"), days=("deal_created_at", "delivery_at"),
    )  # fmt: skip


def outcome_kind(columns: Mapping[str, Sequence[str]] = MappingProxyType({})) -> FileKind:
    """A file of outcomes; `columns` are the headers known for leads."""
    fields = (*OUTCOME_COLUMNS, _SITE)
    needed = tuple((field,) for field in OUTCOME_COLUMNS)
    return FileKind(
        "outcomes", fields, needed, {**columns, **_OUTCOME_HEADERS}, own_names=True, days=("date",)
    )


def said_meaning(cells: Mapping[str, str], kind: FileKind, own: Mapping[str, str]) -> str | None:
    """What the row says became of it, `own` (word → meaning) included; None for a word that is not understood."""
    words = vocabulary(kind)
    return meaning_of(cells[words.field], words, own) if words else None


def historical_row(
    cells: dict[str, str], outcome: str | None, today: date, order: DayOrder
) -> dict[str, Any] | str:
    """The row as stored, or the sentence that says why it cannot be used."""
    name = lead_values.text(cells["company_name"])
    if name is None:
        return "This row has no company name."
    if outcome is None:
        came = shown_word(cells["outcome"])
        hint = (
            " Won is not delivered yet: say delivery where a machine came." if came.lower() == "won" else ""
        )
        return f"The outcome was expected to be delivery or no_delivery, but is '{came}'.{hint}"
    days: dict[str, str | None] = {}
    for column in ("deal_created_at", "delivery_at"):
        said = lead_values.text(cells.get(column, ""))
        day = lead_values.day(said, order) if said else None
        if said and day is None:
            return expected_day(f"The date in {column}", said, order)
        if day and day > today:
            return f"The date in {column}, {day.isoformat()}, lies in the future."
        days[column] = day.isoformat() if day else None
    if days["deal_created_at"] and days["delivery_at"] and days["delivery_at"] < days["deal_created_at"]:
        return "The delivery lies before the day the deal was created. One of the two dates must go."
    if outcome == "no_delivery" and days["delivery_at"]:
        return "The outcome says no_delivery, but there is a delivery date. One of the two must go."
    zip_code = lead_values.zip_code(cells.get("zip_code", ""))
    return days | {
        "company_name": name,
        "sic_code": lead_values.sic_code(cells.get("sic_code", "")),
        "employee_count": lead_values.employees(cells.get("employee_count", "")),
        "zip_code": zip_code,
        "state": lead_values.state(cells.get("state", "")),
        "outcome": outcome,
        "source_key": f"{lead_values.normalised_company_name(name)}|{zip_code or ''}",
    }


def merged_row(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One lead from two rows of the same company and ZIP, as if the second were imported after the first:
    delivered if either was, dates from the earlier one, of every other trait what was said last.
    """
    both = {key: second[key] if second[key] is not None else first[key] for key in first}
    both["company_name"] = first["company_name"]
    both["outcome"] = "delivery" if "delivery" in (first["outcome"], second["outcome"]) else "no_delivery"
    for column in ("deal_created_at", "delivery_at"):
        both[column] = min((row[column] for row in (first, second) if row[column]), default=None)
    return both


def merged_rows(pairs: Sequence[tuple[int, int]]) -> list[str]:
    """The sentence about (row, the first row of the same company and ZIP); [] without any."""
    if not pairs:
        return []
    shown = ", ".join(f"row {row} with row {first}" for row, first in pairs[:10])
    more = f" and {len(pairs) - 10:,} more" if len(pairs) > 10 else ""
    return [f"The same company and ZIP, so one lead: {shown}{more}."]


def strange_cells(column: str, rows: Sequence[int]) -> str:
    """The sentence about cells of a column that stayed empty because nobody could read them."""
    shown = ", ".join(map(str, rows[:10])) + (" and further ones" if len(rows) > 10 else "")
    many = "1 cell" if len(rows) == 1 else f"{len(rows):,} cells"
    return f"{column}: {many} could not be understood and stayed empty (row {shown})."


def outcome_row(
    cells: dict[str, str], milestone: str | None, today: date, order: DayOrder
) -> dict[str, Any] | str:
    """The row with its source_key, or the sentence that says why it cannot be used."""
    batch = find_batch_id(cells["batch_id"])
    if batch is None:
        return f"The batch ID was expected as HADES-20260211-001, but is '{cells['batch_id'].strip()[:60]}'."
    name = lead_values.text(cells["company_name"])
    if name is None:
        return "This row has no company name."
    if milestone is None:
        return f"The milestone was expected to be one of {', '.join(store.MILESTONES)}, but is '{shown_word(cells['milestone'])}'."
    day = lead_values.day(cells["date"], order)
    if day is None:
        return expected_day("The date", cells["date"], order)
    if day > today:
        return f"The date {day.isoformat()} lies in the future."
    zip_code = lead_values.zip_code(cells.get(_SITE, ""))
    site = [zip_code] if zip_code else []
    key = json.dumps([batch, lead_values.normalised_company_name(name), milestone, day.isoformat(), *site])
    return {
        "batch_id": batch,
        "company_name": name,
        "zip_code": zip_code,
        "milestone": milestone,
        "happened_at": day.isoformat(),
        "source_key": hashlib.sha256(key.encode()).hexdigest()[:32],
    }
