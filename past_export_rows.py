"""A file of leads that were exported before this product, or beside it: each row as it would have been kept here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import lead_values
from batch_ids import find_batch_id
from lead_days import DayOrder, expected_day
from named_columns import FileKind, read_named_columns

NEEDED = ("batch_id", "company_name", "exported_at")
_IGNORED = ("id", "created_at", "updated_at")
_BATCH = re.compile(r"HADES-([0-9]{4})([0-9]{2})([0-9]{2})-([0-9]{3,9})")
MILESTONES = ("contacted", "appointment", "delivery", "churned", "lost")


def _score(cell: str) -> int | None:
    found = re.fullmatch(r"([0-9]{1,3})(\.0+)?", cell.strip())
    return int(found[1]) if found and int(found[1]) <= 100 else None


def _version(cell: str) -> int | None:
    found = re.fullmatch(r"([0-9]{1,6})(\.0+)?", cell.strip())
    return int(found[1]) if found else None


def _chance(cell: str) -> float | None:
    try:
        chance = float(cell)
    except ValueError:
        return None
    return chance if math.isfinite(chance) and 0 < chance <= 1 else None


def _workflow(cell: str) -> str | None:
    word = cell.strip().lower()
    return word if word in ("intent", "geography") else None


def _digits(cell: str) -> str | None:
    told = lead_values.phone(cell)
    return re.sub(r"[^0-9]", "", told) if told else None


def _numbers(cell: str) -> str | None:
    numbers = [number for part in re.split(r"[;,|]|\s{2,}", cell) if (number := _digits(part))]
    if not numbers:  # ten digits each, separated by single spaces: as they are kept here
        numbers = [number for part in cell.split() if (number := _digits(part))]
    return " ".join(dict.fromkeys(numbers)) or None


def _features(cell: str) -> str | None:
    try:
        told = json.loads(cell)
    except ValueError:
        return None
    return json.dumps(told, sort_keys=True, ensure_ascii=False) if isinstance(told, dict) else None


_OPTIONAL: dict[str, Callable[[str], Any]] = {
    "row_number": _version, "company_id": lead_values.identifier, "company_key": lead_values.text,
    "contact_id": lead_values.identifier, "phone": _digits, "other_phones": _numbers,
    "web_domain": lambda cell: lead_values.web_domain(cell), "street": lead_values.text, "city": lead_values.text,
    "state": lead_values.state, "zip_code": lead_values.zip_code, "sic_code": lead_values.sic_code,
    "employee_count": lead_values.employees, "distance_miles": lead_values.miles, "segment": lead_values.text,
    "hades_score": _score, "workflow_type": _workflow, "weight_version": _version, "source_features": _features,
    "inclusion_probability": _chance, "left_out_because": lead_values.text,
}  # fmt: skip
COLUMNS = (*NEEDED, *_OPTIONAL, "outcome", "outcome_at")


@dataclass(frozen=True)
class PastExports:
    """What the file says. read = len(leads) + merged + len(rejected).

    leads: row number in the file, the columns of lead_outcomes, and milestone (milestone, happened_at) or None; one per
    contact of a company of a batch. merged: rows that say the same contact again. rejected: (row_number, sentence).
    """

    read: int
    leads: list[dict[str, Any]]
    merged: int
    rejected: list[tuple[int, str]]
    notes: list[str]


def batch_kind(columns: Mapping[str, Sequence[str]] = MappingProxyType({})) -> FileKind:
    """A file of batches made elsewhere; `columns` are the headers known for leads (lead_columns.read_columns)."""
    needed = tuple((field,) for field in NEEDED)
    return FileKind("batches", COLUMNS, needed, columns, own_names=True, ignored=_IGNORED,
                    days=("exported_at", "outcome_at"))  # fmt: skip


def read_past_exports(
    content: bytes,
    name: str,
    *,
    today: date,
    kind: FileKind | None = None,
    mapping: Mapping[str, str] | None = None,
    day_first: bool | None = None,
) -> PastExports:
    """The leads in a CSV or workbook with at least the columns NEEDED and at most COLUMNS; further ones are noted.
    Columns are found by what `kind` knows (see batch_kind) or as a person chose (`mapping`, field → header).

    A cell of an optional column that says nothing readable stays empty, with a note that names the rows. InputError when
    the file is no table or lacks a column.
    """
    sheet = read_named_columns(content, name, kind or batch_kind(), mapping, day_first=day_first)
    rejected, strange = list(sheet.unreadable), dict[str, list[int]]()
    leads: list[dict[str, Any]] = []
    known: dict[tuple[str, str], list[dict[str, Any]]] = {}
    merged = 0
    for number, cells in sheet.rows:
        lead = _lead(number, cells, today, sheet.days.order, strange)
        if isinstance(lead, str):
            rejected.append((number, lead))
            continue
        of_company = known.setdefault((lead["batch_id"], lead["company_key"]), [])
        if any(same_contact(lead, other) for other in of_company):
            merged += 1
            continue
        of_company.append(lead)
        leads.append(lead)
    notes = sheet.notes + [_strange_cells(column, rows) for column, rows in strange.items()]
    return PastExports(sheet.read, leads, merged, sorted(rejected), notes)


def same_contact(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two leads of one company of one batch are the same contact: nothing that both know tells them apart."""
    for trait in ("contact_id", "phone"):
        if one[trait] and other[trait]:
            return bool(one[trait] == other[trait])
    return True


def day_and_number(batch_id: str) -> tuple[str, int]:
    """`20251103` and 4 of HADES-20251103-004."""
    found = _BATCH.fullmatch(batch_id)
    assert found is not None, batch_id
    return f"{found[1]}{found[2]}{found[3]}", int(found[4])


def _lead(
    number: int, cells: Mapping[str, str], today: date, order: DayOrder, strange: dict[str, list[int]]
) -> dict[str, Any] | str:
    """The lead, or the sentence that says why the row cannot be used."""
    batch = find_batch_id(cells["batch_id"])
    found = _BATCH.fullmatch(batch or "")
    if batch is None or found is None or _as_day(f"{found[1]}-{found[2]}-{found[3]}") is None:
        return f"The batch ID was expected as HADES-20260211-001, but is '{cells['batch_id'].strip()[:60]}'."
    name = lead_values.text(cells["company_name"])
    if name is None:
        return "This row has no company name."
    exported_at = _moment(cells["exported_at"], order)
    if exported_at is None:
        return expected_day("The time of export", cells["exported_at"], order)
    if exported_at[:10] > f"{today:%Y-%m-%d}":
        return f"The time of export, {exported_at[:10]}, lies in the future."
    lead: dict[str, Any] = {
        "batch_id": batch,
        "company_name": name,
        "exported_at": exported_at,
        "file_row": number,
    }
    for column, parse in _OPTIONAL.items():
        said = lead_values.text(cells.get(column, ""))
        lead[column] = parse(said) if said is not None else None
        if said is not None and lead[column] is None:
            strange.setdefault(column, []).append(number)
    lead["company_key"] = lead["company_key"] or lead_values.company_key(
        lead["company_id"], name, lead["zip_code"]
    )
    lead["milestone"] = _milestone(number, cells, exported_at, today, order, strange)
    return lead  # fmt: skip


def _milestone(
    number: int,
    cells: Mapping[str, str],
    exported_at: str,
    today: date,
    order: DayOrder,
    strange: dict[str, list[int]],
) -> tuple[str, str] | None:
    said, at = lead_values.text(cells.get("outcome", "")), lead_values.text(cells.get("outcome_at", ""))
    if said is None or said.lower() == "open":
        return None
    day = lead_values.day(at, order) if at else None
    if said.lower() not in MILESTONES:
        strange.setdefault("outcome", []).append(number)
        return None
    if day is None or day > today or f"{day:%Y-%m-%d}" < exported_at[:10]:
        strange.setdefault("outcome_at", []).append(number)
        return None
    return said.lower(), f"{day:%Y-%m-%d}"


def _moment(cell: str, order: DayOrder) -> str | None:
    """ISO in UTC. A day without a time counts from noon: the same day all over America."""
    said = cell.strip()
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:", said):
        try:
            moment = datetime.fromisoformat(said)
        except ValueError:
            return None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if 2000 <= moment.year <= 2099 else None
    day = lead_values.day(said, order)
    return f"{day:%Y-%m-%d}T12:00:00Z" if day else None


def _as_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _strange_cells(column: str, rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:10])) + (" and further ones" if len(rows) > 10 else "")
    many = "1 cell" if len(rows) == 1 else f"{len(rows):,} cells"
    if column == "outcome_at":
        return f"outcome: {many} without a day on or after the export and not in the future, so not taken (row {shown})."
    return f"{column}: {many} could not be understood and stayed empty (row {shown})."
