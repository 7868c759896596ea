"""ZoomInfo files → leads: a clean frame, and a list of every trouble by row and column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import lead_values
from errors import ConfigError, InputError
from sheets import Sheet, read_sheet

_PARSERS: dict[str, tuple[Callable[[str], Any], str, str]] = {
    # field: (parser, dtype, what was expected when a filled cell says nothing)
    "contact_id": (lead_values.identifier, "str", "an id"),
    "company_id": (lead_values.identifier, "str", "an id"),
    "first_name": (lead_values.text, "str", "text"),
    "last_name": (lead_values.text, "str", "text"),
    "job_title": (lead_values.text, "str", "text"),
    "email": (lead_values.text, "str", "text"),
    "direct_phone": (lead_values.phone, "str", "a phone number of ten digits"),
    "mobile_phone": (lead_values.phone, "str", "a phone number of ten digits"),
    "company_phone": (lead_values.phone, "str", "a phone number of ten digits"),
    "direct_do_not_call": (lead_values.flag, "boolean", "yes or no"),
    "mobile_do_not_call": (lead_values.flag, "boolean", "yes or no"),
    "company_name": (lead_values.text, "str", "a company name"),
    "website": (lead_values.text, "str", "text"),
    "employee_count": (lead_values.employees, "Int64", "a number of employees"),
    "sic_code": (lead_values.sic_code, "str", "a SIC code with a four-digit level"),
    "industry": (lead_values.text, "str", "text"),
    "street": (lead_values.text, "str", "text"),
    "city": (lead_values.text, "str", "text"),
    "state": (lead_values.state, "str", "a state of the USA"),
    "zip_code": (lead_values.zip_code, "str", "a ZIP code of five digits"),
    "accuracy": (lead_values.number, "float64", "a number"),
    "distance_miles": (lead_values.number, "float64", "a distance in miles"),
    "intent_topic": (lead_values.text, "str", "text"),
    "intent_score": (lead_values.number, "float64", "a signal score"),
    "signal_strength": (lead_values.signal_strength, "str", "High, Medium or Low"),
    "signal_date": (lead_values.day, "datetime64[s]", "a date"),
    "segment": (lead_values.text, "str", "text"),
    "offer_tier": (lead_values.text, "str", "text"),
    "urgency": (lead_values.text, "str", "text"),
}
FIELDS = tuple(_PARSERS)
LEAD_COLUMNS = ("row_number", *FIELDS)
INTENT_FIELDS = ("intent_topic", "intent_score", "signal_strength", "signal_date")
_LONGEST_TEXT = 500
_QUIET = {"n/a", "na", "none", "null", "-", "--", "#n/a", "unknown", "nan"}  # ways of saying "no value", not mistakes


@dataclass(frozen=True)
class LeadFile:
    """One file of leads, read.

    `leads`: one row per readable lead with LEAD_COLUMNS (row_number as a spreadsheet shows it, header = 1).
    `problems`: one row per trouble: row_number, column, problem (a sentence), rejected (bool: the row is no lead).
    rows_in = len(leads) + rows rejected. `mapping`: field → the headers it was read from, joined by "; ".
    """

    name: str
    sha256: str
    rows_in: int
    leads: pd.DataFrame
    problems: pd.DataFrame
    notes: list[str]
    mapping: dict[str, str]
    headers: list[str]

    def has(self, *fields: str) -> bool:
        """Whether the file had a column for each of these fields."""
        return all(field in self.mapping for field in fields)


def read_columns(config_dir: Path) -> dict[str, list[str]]:
    """Field → known headers, from config/columns.yaml. ConfigError when the file is missing or names a strange field."""
    known = _read_map(config_dir / "columns.yaml")
    strange = sorted(set(known) - set(FIELDS))
    if strange or not all(isinstance(headers, list) for headers in known.values()):
        raise ConfigError(
            "config/columns.yaml was expected to be 'field: [header, ...]' for the fields "
            f"{', '.join(FIELDS)}; not understood: {', '.join(strange) or 'a field without a list'}."
        )
    return {field: [str(header) for header in headers] for field, headers in known.items()}


def read_industries(config_dir: Path) -> dict[str, str]:
    """Primary Industry → SIC, from config/industries.yaml; empty when there is no such file."""
    path = config_dir / "industries.yaml"
    known = _read_map(path) if path.exists() else {}
    wrong = [name for name, sic in known.items() if lead_values.sic_code(str(sic)) != sic]
    if wrong:
        raise ConfigError(
            "config/industries.yaml was expected to give a SIC of four digits in quotes for each industry; "
            f"'{wrong[0]}' has none."
        )
    return {str(name).lower(): str(sic) for name, sic in known.items()}


def read_leads(
    content: bytes,
    name: str,
    columns: Mapping[str, Sequence[str]],
    *,
    industries: Mapping[str, str] | None = None,
    mapping: Mapping[str, str] | None = None,
    needed: Sequence[str] = ("company_name",),
) -> LeadFile:
    """The leads of a CSV or .xlsx file.

    `mapping` (field → header) is the user's own and wins over `columns`. A field with several known headers in the
    file is read from the first that has a value. A row is rejected only when it cannot be a lead: unreadable, or
    without a company name. InputError for what sheets.read_sheet refuses and when a needed column is missing.
    """
    known = {field: [_plain(h) for h in columns.get(field, ())] for field in FIELDS}
    own = {field: _plain(header) for field, header in (mapping or {}).items() if header}
    names = set(known["company_name"]) | {own.get("company_name", "")}
    sheet = read_sheet(content, name, lambda cells: any(_plain(cell) in names for cell in cells if cell.strip()))
    places = _places(sheet, known, own, name)
    missing = [field for field in needed if field not in places]
    if missing:
        raise InputError(_missing_columns(name, missing, sheet.headers, columns))
    if not sheet.rows and not sheet.unreadable:
        raise InputError(f"{name} has a header row but no leads under it.")
    return _assemble(content, name, sheet, places, industries or {})


def join_intent(leads: LeadFile, intent: LeadFile) -> LeadFile:
    """`leads` with the intent columns of a company intent sheet: by ZoomInfo company id, then by normalised name.

    Of several signals of a company the one with the highest score, then the newest, is taken. A lead without a
    signal in the sheet keeps its own, if it has one.
    """
    if not (intent.has("signal_date") and (intent.has("intent_score") or intent.has("signal_strength"))):
        raise InputError(
            f"{intent.name} was expected to be a company intent sheet with Intent Signal Score and Intent Signal Date; "
            f"it has: {', '.join(intent.headers[:12])}."
        )
    rank = {"High": 95.0, "Medium": 80.0, "Low": 50.0}
    signals = intent.leads.assign(
        name_key=intent.leads["company_name"].map(lead_values.normalised_company_name),
        rank=intent.leads["intent_score"].fillna(intent.leads["signal_strength"].map(rank)),
    ).sort_values(["rank", "signal_date"], ascending=False, kind="stable")
    frame = leads.leads.copy()
    name_key = frame["company_name"].map(lead_values.normalised_company_name)
    by_id = signals.dropna(subset=["company_id"]).drop_duplicates("company_id").set_index("company_id")
    by_name = signals.drop_duplicates("name_key").set_index("name_key")
    for field in INTENT_FIELDS:
        found = frame["company_id"].map(by_id[field])
        found = found.where(frame["company_id"].isin(by_id.index), name_key.map(by_name[field]))
        frame[field] = found.astype(frame[field].dtype).where(found.notna(), frame[field])
    signalled = int(frame["signal_strength"].notna().sum())
    note = f"{signalled:,} of {len(frame):,} leads have a signal, with those of {intent.name}."
    return replace(
        leads, leads=frame, notes=[*leads.notes, note], mapping=leads.mapping | {f: intent.name for f in INTENT_FIELDS}
    )


def _assemble(
    content: bytes, name: str, sheet: Sheet, places: Mapping[str, list[int]], industries: Mapping[str, str]
) -> LeadFile:
    numbers = [number for number, _ in sheet.rows]
    troubles = [(number, "", why, True) for number, why in sheet.unreadable]
    data: dict[str, pd.Series] = {"row_number": pd.Series(numbers, dtype="int64")}
    for field, (parser, dtype, expected) in _PARSERS.items():
        values: list[Any] = [None] * len(numbers)
        for place in places.get(field, ()):
            raw = [cells[place] for _, cells in sheet.rows]
            meaning = {cell: _parse(parser, cell) for cell in set(raw)}
            if place == places[field][0]:
                header = sheet.headers[place]
                said = {c for c, v in meaning.items() if v is None and c.strip() and c.strip().lower() not in _QUIET}
                troubles += [
                    (number, header, f"{header}: expected {expected}; the cell was left empty.", False)
                    for number, cell in zip(numbers, raw, strict=True)
                    if cell in said
                ]
                long = {c for c in meaning if len(c) > _LONGEST_TEXT}
                troubles += [
                    (n, header, f"{header}: the text was cut to {_LONGEST_TEXT} of {len(cell):,} characters.", False)
                    for n, cell in zip(numbers, raw, strict=True)
                    if cell in long
                ]
            values = [meaning[cell] if value is None else value for value, cell in zip(values, raw, strict=True)]
        data[field] = pd.Series(values, dtype=dtype)
    frame = pd.DataFrame(data)
    strength = frame["intent_score"].dropna().map(lambda score: lead_values.signal_strength(str(score)))
    frame["signal_strength"] = frame["signal_strength"].fillna(strength).astype("str")
    _fill_sic(frame, industries, troubles)
    nameless = frame["company_name"].isna()
    troubles += [(n, "Company Name", "This row has no company name.", True) for n in frame.loc[nameless, "row_number"]]
    problems = pd.DataFrame(troubles, columns=["row_number", "column", "problem", "rejected"]).astype(
        {"row_number": "int64", "column": "str", "problem": "str", "rejected": "bool"}
    )
    return LeadFile(
        name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        rows_in=len(frame) + len(sheet.unreadable),
        leads=frame[~nameless].reset_index(drop=True),
        problems=problems.sort_values(["row_number", "column"], ignore_index=True),
        notes=list(sheet.notes),
        mapping={field: "; ".join(sheet.headers[p] for p in found) for field, found in places.items()},
        headers=sheet.headers,
    )


def _fill_sic(frame: pd.DataFrame, industries: Mapping[str, str], troubles: list[tuple[int, str, str, bool]]) -> None:
    """A missing SIC from the industry where the map is unambiguous; each one is said in the problems."""
    mapped = frame["industry"].str.lower().map(dict(industries)).astype("str")
    filled = frame["sic_code"].isna() & mapped.notna()
    frame["sic_code"] = frame["sic_code"].fillna(mapped)
    troubles += [
        (number, "SIC Code", f"SIC: missing; {sic} was taken from the primary industry.", False)
        for number, sic in zip(frame.loc[filled, "row_number"], frame.loc[filled, "sic_code"], strict=True)
    ]


def _places(
    sheet: Sheet, known: Mapping[str, list[str]], own: Mapping[str, str], name: str
) -> dict[str, list[int]]:
    where = {_plain(header): place for place, header in enumerate(sheet.headers) if header}
    places = {}
    for field in FIELDS:
        if field in own:
            if own[field] not in where:
                raise InputError(f"{name} has no column '{own[field]}' to read {field.replace('_', ' ')} from.")
            places[field] = [where[own[field]]]
        elif found := [where[header] for header in known[field] if header in where and header not in own.values()]:
            places[field] = found
    return places


def _missing_columns(
    name: str, missing: Sequence[str], headers: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> str:
    wanted = "; ".join(f"{field.replace('_', ' ')} ({' or '.join(columns.get(field, ())[:2])})" for field in missing)
    came = ", ".join(header[:40] for header in headers[:12] if header) or "none"
    return (
        f"{name} has no column for {wanted}. Its columns are: {came}{' ...' if len(headers) > 12 else ''}. "
        "Rename a column, or say in the page which column is meant."
    )


def _parse(parser: Callable[[str], Any], cell: str) -> Any:
    value = parser(cell) if cell.strip() else None
    return value[:_LONGEST_TEXT] if isinstance(value, str) else value


def _plain(header: str) -> str:
    return " ".join(header.replace("\ufeff", "").split()).lower()


def _read_map(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"config/{path.name} is missing. Restore it from the release.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"config/{path.name} is not valid YAML. Check its indentation and quotes.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"config/{path.name} was expected to be a map of names, but it is something else.")
    return content


