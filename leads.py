"""ZoomInfo files → leads: a clean frame, and a list of every trouble by row and column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any

import pandas as pd

import lead_values
from errors import InputError
from lead_columns import (
    FIELDS,
    FILLING,
    READINGS,
    SIC,
    Reading,
    came,
    lead_kind,
    read_columns,
    read_industries,
    same_industry,
)
from lead_days import NO_DAYS, DayOrder, Days, days_together, read_order
from named_columns import open_named, places_of_fields, shown_headers
from sheets import OpenSheet, cell_text

__all__ = [
    "FIELDS",
    "INTENT_FIELDS",
    "LEAD_COLUMNS",
    "LeadFile",
    "join_intent",
    "read_columns",
    "read_industries",
    "read_leads",
]

LEAD_COLUMNS = ("row_number", *READINGS)
INTENT_FIELDS = ("intent_topic", "intent_score", "signal_strength", "signal_date")
_LONGEST_TEXT = 500  # longer than any name, address or title that a dialler could show

_Trouble = tuple[int, str, str, bool]  # row_number, column, problem, rejected


@dataclass(frozen=True)
class LeadFile:
    """One file of leads, read.

    `leads`: one row per readable lead with LEAD_COLUMNS: row_number (int64) as a spreadsheet shows it, the
    header being row 1; employee_count Int64; accuracy and intent_score (0 to 100) and distance_miles float64;
    signal_date datetime64; the do-not-call flags boolean; all others str. A missing value is never "".

    `problems`: one row per trouble: row_number, column, problem (a sentence), rejected (bool: the row is no
    lead). Exactly one problem of a rejected row has rejected; rows_in = len(leads) + number of rejected rows.

    `mapping`: field → the header it was read from. `headers`: all headers of the file. `days`: how its
    signal dates were read.
    """

    name: str
    sha256: str
    rows_in: int
    leads: pd.DataFrame
    problems: pd.DataFrame
    notes: list[str]
    mapping: dict[str, str]
    headers: list[str]
    days: Days = NO_DAYS

    def has(self, *fields: str) -> bool:
        """Whether the file had a column for each of these fields."""
        return all(field in self.mapping for field in fields)


def read_leads(
    content: bytes,
    name: str,
    columns: Mapping[str, Sequence[str]],
    *,
    industries: Mapping[str, str] | None = None,
    mapping: Mapping[str, str] | None = None,
    needed: Sequence[str] = ("company_name",),
    day_first: bool | None = None,
) -> LeadFile:
    """The leads of a CSV or .xlsx file.

    `columns` and `industries` are the configuration; `mapping` (field → header) is the user's own and wins
    over `columns`; `day_first` is a person's word about days of numbers alone (lead_days.read_order). A row is
    rejected only when it cannot be a lead: unreadable, or without a company name. A
    cell that cannot be read becomes missing and a problem. InputError for what sheets.open_sheet refuses,
    when a needed column is missing, when two columns claim one field and when there is no row under the
    header.
    """
    own = {field: header for field, header in (mapping or {}).items() if header}
    kind = lead_kind(columns)
    kind = kind._replace(needed=tuple((field,) for field in {"company_name": None} | dict.fromkeys(needed)))
    sheet = open_named(content, name, kind, own)
    places = {f: some[0] for f, some in places_of_fields(sheet.headers, kind, own, name).items()}
    numbers, cells, troubles = _picked(sheet, places)
    if not numbers and not troubles:
        raise InputError(f"{name} has a header row but no leads under it.")
    rejected = sum(lost for *_, lost in troubles)
    headers = {field: sheet.headers[place] for field, place in places.items()}
    days = read_order(cells.get("signal_date", ()), day_first=day_first if "signal_date" in cells else None)
    frame = _frame(numbers, cells, headers, industries or {}, days.order, troubles)
    nameless = frame["company_name"].isna()
    why = f"{headers['company_name']}: empty, and a row without a company is no lead."
    troubles += [(n, headers["company_name"], why, True) for n in frame.loc[nameless, "row_number"]]
    return LeadFile(
        name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        rows_in=len(frame) + rejected,
        leads=frame[~nameless].reset_index(drop=True),
        problems=_problems(troubles),
        notes=[*sheet.notes, days.sentence] if days.sentence else sheet.notes,
        mapping=headers,
        headers=sheet.headers,
        days=days,
    )


def join_intent(leads: LeadFile, intent: LeadFile) -> LeadFile:
    """`leads` with the signals of a company intent sheet: by ZoomInfo company id, then by normalised name.

    Of several signals of a company, the lead's own included, the one with the highest score, then the newest,
    is taken as a whole. By name only where the ids do not contradict, and only where the sheet has one
    company of that name: a lead passed over for that is said in the problems. InputError when the sheet has
    no signals.
    """
    if not (intent.has("signal_date") and (intent.has("intent_score") or intent.has("signal_strength"))):
        raise InputError(
            f"{intent.name} was expected to be a company intent sheet with Intent Signal Score and Intent "
            f"Signal Date, but its columns are: {shown_headers(intent.headers)}. Export it once more."
        )
    signals = intent.leads[["company_id", "company_name", *INTENT_FIELDS]].assign(rank=_rank(intent.leads))
    signals = signals[signals["rank"] >= 0].sort_values(
        ["rank", "signal_date"], ascending=False, kind="stable", na_position="last", ignore_index=True
    )
    frame = leads.leads.copy()
    by_id, by_name, ambiguous = _best_signals(signals, frame)
    found = signals.reindex(by_id.fillna(by_name)).set_axis(frame.index)
    own, theirs = _rank(frame), found["rank"].fillna(-1.0)
    newer = found["signal_date"].notna() & ~(frame["signal_date"] >= found["signal_date"])
    taken = (theirs > own) | ((theirs >= 0) & (theirs == own) & newer)
    for field in INTENT_FIELDS:
        frame[field] = found[field].astype(frame[field].dtype).where(taken, frame[field])

    by_ids, by_names = int((taken & by_id.notna()).sum()), int((taken & by_id.isna()).sum())
    without = int(frame["signal_strength"].isna().sum())
    note = (
        f"{by_ids + by_names:,} of {len(frame):,} leads got a signal from {intent.name}: {by_ids:,} by "
        f"ZoomInfo company id, {by_names:,} by name. {without:,} have none."
    )
    column = leads.mapping.get("company_name", "")
    why = f"Several companies in {intent.name} have this company's name, so no signal was taken by name."
    troubles = _problems([(n, column, why, False) for n in frame.loc[ambiguous, "row_number"]])
    read_from = {f: f"{intent.mapping[f]} ({intent.name})" for f in INTENT_FIELDS if intent.has(f)}
    return replace(
        leads,
        leads=frame,
        problems=_in_order(pd.concat([leads.problems, troubles])),
        notes=[
            *leads.notes,
            *([f"{intent.name}: {intent.days.sentence}"] if intent.days.sentence else []),
            note,
        ],
        days=days_together([leads.days, intent.days]),
        mapping=leads.mapping | read_from,
    )


def _best_signals(signals: pd.DataFrame, leads: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Per lead: the place in `signals` (best first) found by id, that found by name, and whether its name was
    passed over because several companies share it."""
    ids = signals["company_id"].dropna().drop_duplicates()
    by_id = leads["company_id"].map(pd.Series(ids.index, index=ids, dtype="float64"))
    names = signals["company_name"].map(lead_values.normalised_company_name).astype("str")
    best = names.drop_duplicates()
    ids_of_name = signals["company_id"].groupby(names).agg(["nunique", "first"])
    lead_names = leads["company_name"].map(lead_values.normalised_company_name).astype("str")
    by_name = lead_names.map(pd.Series(best.index, index=best, dtype="float64")).where(by_id.isna())
    ambiguous = by_name.notna() & (lead_names.map(ids_of_name["nunique"]).fillna(0) > 1)
    contradicts = leads["company_id"].notna() & lead_names.map(ids_of_name["first"]).notna()
    return by_id, by_name.mask(ambiguous | contradicts), ambiguous


def _rank(frame: pd.DataFrame) -> pd.Series:
    """The score of a signal; the lowest score of its word where there is none; -1 without a signal."""
    lowest = frame["signal_strength"].map({"High": 90.0, "Medium": 75.0, "Low": 0.0}).astype("float64")
    return frame["intent_score"].fillna(lowest).fillna(-1.0)


def _picked(
    sheet: OpenSheet, places: Mapping[str, int]
) -> tuple[list[int], dict[str, Sequence[str]], list[_Trouble]]:
    """Row numbers of the readable rows, the wanted columns as text, and what is wrong with whole rows."""
    wanted = list(places.values())
    pick: Callable[[list[Any]], Any] = itemgetter(
        *wanted, wanted[0]
    )  # one more, so that it is always a tuple
    numbers: list[int] = []
    rows: list[tuple[Any, ...]] = []
    troubles: list[_Trouble] = []
    for number, cells, trouble in sheet.rows:
        if trouble is not None:
            troubles.append((number, "", trouble, cells is None))
        if cells is not None:
            numbers.append(number)
            rows.append(pick(cells))
    columns = zip(*rows, strict=True) if rows else iter([()] * len(wanted))
    texts = ([cell if type(cell) is str else cell_text(cell) for cell in column] for column in columns)
    return numbers, dict(zip(places, texts, strict=False)), troubles


def _frame(
    numbers: list[int],
    cells: Mapping[str, Sequence[str]],
    headers: Mapping[str, str],
    industries: Mapping[str, str],
    order: DayOrder,
    troubles: list[_Trouble],
) -> pd.DataFrame:
    """One row per number with LEAD_COLUMNS; `troubles` grows by what could not be read."""
    data: dict[str, list[Any]] = {}
    for field, reading in (READINGS | FILLING).items():
        if field not in cells:
            data[field] = [None] * len(numbers)
            continue
        column, meaning, said = cells[field], {}, {}
        if field == "signal_date":
            reading = reading._replace(parse=partial(lead_values.day, order=order))
        for cell in set(column):
            meaning[cell], sentence = _read_cell(cell, reading)
            if sentence:
                said[cell] = f"{headers[field]}: {sentence}"
        data[field] = [meaning[cell] for cell in column]
        if said:
            told = ((n, cell) for n, cell in zip(numbers, column, strict=True) if cell in said)
            troubles += [(n, headers[field], said[cell], False) for n, cell in told]
    _fill_employees(data, numbers, headers, troubles)
    _fill_sic_codes(data, numbers, headers, industries, troubles)
    frame = pd.DataFrame({"row_number": pd.Series(numbers, dtype="int64")})
    for field, reading in READINGS.items():
        frame[field] = pd.Series(data[field], dtype=reading.dtype)
    scores = {
        score: lead_values.strength_of_score(score) for score in frame["intent_score"].dropna().unique()
    }
    strength = frame["intent_score"].map(scores).astype("str")
    frame["signal_strength"] = strength.fillna(frame["signal_strength"])
    return frame


def _read_cell(cell: str, reading: Reading) -> tuple[Any, str | None]:
    """What the cell means (None: nothing), and a sentence when that is not all it says."""
    cleaned = lead_values.clean_text(cell)
    if not cleaned:
        return None, "only characters that cannot be shown; read as empty." if cell.strip() else None
    value = reading.parse(cleaned)
    if value is None:
        if lead_values.says_nothing(cleaned):
            return None, None
        found = came(cleaned) if reading.quoted else ""
        return None, f"expected {reading.expected}{found}; the cell was left empty."
    if isinstance(value, bool) and lead_values.flag(cleaned) is None:
        return value, f"expected {reading.expected}; taken as do not call."
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT].rstrip(), f"{len(value):,} characters, cut to the first {_LONGEST_TEXT}."
    if not cell.isprintable() and any(lead_values.hidden(character) for character in cell):
        return value, "characters that cannot be shown were left out."
    return value, None


def _fill_employees(
    data: dict[str, list[Any]], numbers: list[int], headers: Mapping[str, str], troubles: list[_Trouble]
) -> None:
    """A missing number of employees from the lower end of the range."""
    counts, ranges = data["employee_count"], data["employee_range"]
    for place, (count, lower) in enumerate(zip(counts, ranges, strict=True)):
        if count is None and lower is not None:
            counts[place] = lower
            if column := headers.get("employee_count"):
                why = f"{column}: missing; {lower:,} was taken from {headers['employee_range']}."
                troubles.append((numbers[place], column, why, False))


def _fill_sic_codes(
    data: dict[str, list[Any]],
    numbers: list[int],
    headers: Mapping[str, str],
    industries: Mapping[str, str],
    troubles: list[_Trouble],
) -> None:
    """The SIC per row: from its first code, else from the further ones, else from an industry that names one
    SIC alone. Said in the problems, except where a further code only makes the first one (`82`) finer."""
    named = [headers[field] for field in ("sic_code", "sic_code_2", "sic_codes") if field in headers]
    column = named[0] if named else "SIC"
    industry_codes = {
        industry: industries.get(same_industry(industry)) for industry in set(data["industry"]) - {None}
    }
    read: dict[tuple[str | None, ...], tuple[str | None, str | None]] = {}
    rows = zip(data["sic_code"], data["sic_code_2"], data["sic_codes"], data["industry"], strict=True)
    codes = []
    for number, row in zip(numbers, rows, strict=True):
        if row not in read:
            read[row] = _sic_of(row, industry_codes, headers, named)
        code, why = read[row]
        codes.append(code)
        if why:
            troubles.append((number, column, f"{column}: {why}", False))
    data["sic_code"] = codes


def _sic_of(
    row: tuple[str | None, ...],
    industry_codes: Mapping[str, str | None],
    headers: Mapping[str, str],
    named: Sequence[str],
) -> tuple[str | None, str | None]:
    first, second, listed = (cell if cell and not lead_values.says_nothing(cell) else "" for cell in row[:3])
    code = lead_values.primary_sic_code(first, second, listed)
    if code is not None:
        finer = lead_values.sic_code(first) == code or (first and code.startswith(first))
        if finer or "sic_code" not in headers:
            return code, None
        return code, f"no level of four digits; {code} was taken from {' or '.join(named[1:])}."
    code = industry_codes.get(row[3]) if row[3] is not None else None
    if code is not None:
        return code, f"missing; {code} was taken from {headers['industry']}."
    if cell := first or second or listed:
        return None, f"expected {SIC.expected}{came(cell)}; the cell was left empty."
    return None, None


def _problems(troubles: Sequence[_Trouble]) -> pd.DataFrame:
    frame = pd.DataFrame(troubles, columns=["row_number", "column", "problem", "rejected"])
    return _in_order(
        frame.astype({"row_number": "int64", "column": "str", "problem": "str", "rejected": "bool"})
    )


def _in_order(problems: pd.DataFrame) -> pd.DataFrame:
    return problems.sort_values("row_number", kind="stable", ignore_index=True)
