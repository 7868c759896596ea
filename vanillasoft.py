"""The VanillaSoft import file: the columns of the layout, exact spelling and order, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, cycle, islice
from operator import eq
from pathlib import Path
from typing import Any

import pandas as pd

import lead_values
from lead_features import plain_values
from vanillasoft_layout import Layout, read_layout

# The last four are the wide forms of the first four, which spreadsheets of the Far East take for the same.
_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_SHIPPED = Path(__file__).resolve().parent / "config"
_NUMBERS = ("direct_phone", "mobile_phone", "company_phone")


def callable_numbers(leads: pd.DataFrame) -> pd.DataFrame:
    """direct_phone, mobile_phone and company_phone of each lead as they may be called; otherwise missing.

    A number flagged "do not call" is missing wherever it stands in the row: a company's line that is the
    flagged direct line as well must not be dialled under its other name.
    """
    numbers = leads[list(_NUMBERS)]
    for number in _NUMBERS:
        flag = number.replace("phone", "do_not_call")
        if flag not in leads:  # a company's line has a flag only where a suppression list gave it one
            continue
        flagged = leads[flag].fillna(False).astype(bool)
        if not flagged.any():
            continue
        barred = leads[number].where(flagged)
        numbers = numbers.mask(numbers.eq(barred, axis="index"))
    return numbers


def business_phone(numbers: pd.DataFrame) -> pd.Series:
    """The number in the column Business: the direct one, and only if empty the company's; missing if neither.

    `numbers` comes from `callable_numbers`.
    """
    return numbers["direct_phone"].fillna(numbers["company_phone"])


def dialled_number(leads: pd.DataFrame) -> pd.Series:
    """Ten digits per lead: the number a dialler calls first, its duplicate key; missing where none may be
    called.
    """
    numbers = callable_numbers(leads)
    first = business_phone(numbers).fillna(numbers["mobile_phone"])
    return first.astype("str").str.replace(r"\D", "", regex=True)


def vanillasoft_frame(
    leads: pd.DataFrame,
    *,
    batch: str,
    workflow: str,
    today: date,
    agents: Sequence[str],
    operator: Mapping[str, Any] | None = None,
    center_zip: str | None = None,
    radius_miles: float | None = None,
    layout: Layout | None = None,
) -> pd.DataFrame:
    """One row per lead, in the order given; the columns of `layout` (the shipped one: 31), all text, blanks as "".

    What `vanillasoft_rows` gives, as a frame.
    """
    header, rows = vanillasoft_rows(
        leads, batch=batch, workflow=workflow, today=today, agents=agents, operator=operator, center_zip=center_zip,
        radius_miles=radius_miles, layout=layout,
    )  # fmt: skip
    return pd.DataFrame(rows, columns=list(header), index=range(len(leads)), dtype="str")


def vanillasoft_rows(
    leads: pd.DataFrame,
    *,
    batch: str,
    workflow: str,
    today: date,
    agents: Sequence[str],
    operator: Mapping[str, Any] | None = None,
    center_zip: str | None = None,
    radius_miles: float | None = None,
    layout: Layout | None = None,
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The header, and the cells of each lead as text, in the order given.

    `leads` are scored leads (see scoring.score_leads). Contact Owner goes round the `agents`; numbers flagged
    "do not call" and an operator's number that is not ten digits stay empty. No lead gives the columns alone.
    """
    layout = layout or read_layout(_SHIPPED)
    size = len(leads)
    numbers = callable_numbers(leads)
    fillings: dict[str, Callable[[], Sequence[str]]] = {
        "list_source": lambda: [f"ZoomInfo {today:%b %d %Y}"] * size,
        "business": lambda: _text(business_phone(numbers)),
        "home": lambda: _text(numbers["company_phone"]),
        "mobile": lambda: _text(numbers["mobile_phone"]),
        "owner": lambda: list(islice(cycle(agents or [""]), size)),
        "lead_source": lambda: _lead_source(leads, workflow, center_zip, radius_miles),
        "notes": lambda: _notes(leads, batch),
    }
    out: list[list[str]] = []
    for column in layout.columns:
        if column.kind == "lead":
            cells: Sequence[str] = _text(leads[column.what]) if column.what in leads else [""] * size
        elif column.kind == "fill":
            cells = fillings[column.what]()
        elif column.kind == "operator":
            cells = neutralised([_of_operator(operator or {}, column.what)]) * size
        else:
            cells = neutralised([column.what]) * size
        out.append(neutralised(cells))
    return layout.names, list(zip(*out, strict=True))


def csv_bytes(rows: pd.DataFrame, *, header: bool = True) -> bytes:
    """The rows as RFC 4180 CSV in UTF-8 without a mark, lines ended by CR LF."""
    cells = zip(*(rows[name].tolist() for name in rows.columns), strict=True)
    return csv_of(cells, tuple(rows.columns) if header else None)


def csv_of(rows: Iterable[Sequence[str]], header: Sequence[str] | None) -> bytes:
    """As `csv_bytes`, of plain rows; without a header for None."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if header is not None:
        writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def reads_back(content: bytes, header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether a CSV holds exactly this header and these rows."""
    found = _records(content)
    same = sum(map(eq, chain([tuple(header)], rows), found))
    return same == len(rows) + 1 and next(found, None) is None


def read_back(content: bytes) -> pd.DataFrame:
    """The rows of a VanillaSoft CSV as text, for comparing what was written with what was meant."""
    header, *rows = _records(content)
    return pd.DataFrame(rows, columns=list(header), dtype="str")


def _records(content: bytes) -> Iterator[tuple[str, ...]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(content)))
    return map(tuple, csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def _text(values: pd.Series) -> list[str]:
    if values.dtype == "str":
        return list(values.to_numpy(dtype="object", na_value="").tolist())
    return ["" if value is None else str(value) for value in plain_values(values)]


def neutralised(cells: Sequence[str]) -> list[str]:
    """A cell that a spreadsheet would run as a formula (CWE-1236) gets an apostrophe in front."""
    if not {cell[:1] for cell in cells} & _FORMULA:
        return list(cells)
    return ["'" + cell if cell[:1] in _FORMULA else cell for cell in cells]


def _of_operator(operator: Mapping[str, Any], field: str) -> str:
    value = str(operator.get(field) or "")
    return lead_values.phone(value) or "" if field == "phone" else value


def _lead_source(
    leads: pd.DataFrame, workflow: str, center_zip: str | None, radius_miles: float | None
) -> list[str]:
    if workflow == "geography":
        return [f"ZoomInfo Geo - {center_zip or ''} - {radius_miles or 0:g}mi"] * len(leads)
    parts = zip(
        _text(leads["intent_topic"]),
        _text(leads["intent_score"].map(_short).astype("object").fillna(leads["signal_strength"])),
        [age and f"{age}d" for age in _text(leads["age_days"])],
        strict=True,
    )
    return [" - ".join(["ZoomInfo Intent", *filter(None, part)]) for part in parts]


def _notes(leads: pd.DataFrame, batch: str) -> list[str]:
    parts = {
        "Score: ": _text(leads["score"]),
        "Age: ": [age and f"{age}d" for age in _text(leads["age_days"])],
        "Freshness: ": _text(leads["freshness"]),
        "Distance: ": [
            "" if miles != miles else f"{miles:.1f}mi" for miles in leads["distance_miles"].tolist()
        ],
        "Signal: ": _text(leads["signal_strength"]),
    }
    told: dict[tuple[str, ...], str] = {}  # few combinations occur in many rows
    notes = []
    for values in zip(*parts.values(), strict=True):
        if values not in told:
            said = [label + value for label, value in zip(parts, values, strict=True) if value]
            told[values] = " | ".join([f"Batch: {batch}", *said])
        notes.append(told[values])
    return notes


def _short(number: float) -> str | None:
    return None if pd.isna(number) else f"{number:g}"
