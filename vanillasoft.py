"""The VanillaSoft import file: the columns of the layout, exact spelling and order, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

import lead_values
from lead_arrays import digits, text_array
from vanillasoft_layout import Layout, read_layout

_TEXT = pa.large_string()
# The last four are the wide forms of the first four, which spreadsheets of the Far East take for the same.
_FORMULA = pa.array([*"=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"], _TEXT)
_SPECIAL = (b'"', b",", b"\r", b"\n")  # what puts a cell into quotes
_SHIPPED = Path(__file__).resolve().parent / "config"
NUMBERS = ("direct_phone", "mobile_phone", "company_phone")


def callable_numbers(leads: pd.DataFrame) -> pd.DataFrame:
    """direct_phone, mobile_phone and company_phone of each lead as they may be called; otherwise missing.

    A number flagged "do not call" is missing wherever it stands in the row: a company's line that is the
    flagged direct line as well must not be dialled under its other name.
    """
    numbers = leads[list(NUMBERS)]
    for number in NUMBERS:
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
    return digits(first)


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

    `leads` are scored leads (see scoring.score_leads). Contact Owner goes round the `agents`; numbers flagged
    "do not call" and an operator's number that is not ten digits stay empty. No lead gives the columns alone.
    """
    size = len(leads)
    numbers = callable_numbers(leads)

    def always(word: str) -> pa.Array:
        return pa.repeat(_word(word), size)

    fillings: dict[str, Callable[[], pa.Array]] = {
        "list_source": lambda: always(f"ZoomInfo {today:%b %d %Y}"),
        "business": lambda: text_array(business_phone(numbers)),
        "home": lambda: text_array(numbers["company_phone"]),
        "mobile": lambda: text_array(numbers["mobile_phone"]),
        "owner": lambda: pa.array(agents or [""], _TEXT).take(pa.array(np.arange(size) % (len(agents) or 1))),
        "lead_source": lambda: _lead_source(leads, always, workflow, center_zip, radius_miles),
        "notes": lambda: _notes(leads, always, batch),
    }
    cells: dict[str, Any] = {}
    for column in (layout or read_layout(_SHIPPED)).columns:
        if column.kind == "fill":
            words = fillings[column.what]()
        elif column.kind == "lead" and column.what in leads:
            words = text_array(leads[column.what])
        elif column.kind == "operator":
            words = always(_of_operator(operator or {}, column.what))
        else:
            words = always(column.what if column.kind == "text" else "")
        cells[column.name] = pd.array(neutralised(words.fill_null("")), dtype="str")
    return pd.DataFrame(cells, index=range(size), copy=False)


def csv_bytes(rows: pd.DataFrame, *, header: bool = True) -> bytes:
    """The rows, all text, as RFC 4180 CSV in UTF-8 without a mark, lines ended by CR LF.

    Byte for byte what csv.writer writes, but put together by whole columns.
    """
    top = io.StringIO(newline="")
    if header:
        csv.writer(top).writerow(rows.columns)
    columns = [_quoted(text_array(rows[name]).fill_null("")) for name in rows.columns]
    if len(columns) == 1:  # an empty cell alone in its row is told from an empty line
        columns = [pc.if_else(pc.equal(columns[0], ""), '""', columns[0])]
    lines = pc.binary_join_element_wise(*columns, _word(","))
    body = pc.binary_join(pa.LargeListArray.from_arrays([0, len(lines)], lines), _word("\r\n"))
    return b"".join([top.getvalue().encode(), body[0].as_buffer(), b"\r\n" * bool(len(lines))])


def read_back(content: bytes) -> pd.DataFrame:
    """The rows of a VanillaSoft CSV as text, by another program than wrote it, to compare with what was meant."""
    names = next(csv.reader(io.StringIO(content[: content.find(b"\n") + 1].decode(), newline="")))
    table = pyarrow.csv.read_csv(
        pa.py_buffer(content),
        pyarrow.csv.ReadOptions(use_threads=False, block_size=len(content) + 1),
        pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, _TEXT)),
    )
    cells = {name: pd.array(table[name], dtype="str") for name in table.column_names}
    return pd.DataFrame(cells, index=range(table.num_rows), copy=False)


def neutralised(cells: pa.Array) -> pa.Array:
    """A cell that a spreadsheet would run as a formula (CWE-1236) gets an apostrophe in front."""
    risky = pc.is_in(pc.utf8_slice_codeunits(cells, 0, 1), _FORMULA)
    if not pc.any(risky).as_py():
        return cells
    return pc.if_else(risky, pc.binary_join_element_wise(_word("'"), cells, _word("")), cells)


def _quoted(cells: pa.Array) -> pa.Array:
    held = cells.buffers()[2]
    text = b"" if held is None else held.to_pybytes()
    if not any(sign in text for sign in _SPECIAL):
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    quoted = pc.binary_join_element_wise(_word('"'), doubled, _word('"'), _word(""))
    return pc.if_else(pc.match_substring_regex(cells, '[",\r\n]'), quoted, cells)


def _word(text: str | None) -> pa.Scalar:
    return pa.scalar(text, _TEXT)


def _of_operator(operator: Mapping[str, Any], field: str) -> str:
    value = str(operator.get(field) or "")
    return lead_values.phone(value) or "" if field == "phone" else value


def _lead_source(
    leads: pd.DataFrame, always: Callable[[str], pa.Array], workflow: str, center_zip: str | None, radius_miles: float | None
) -> pa.Array:  # fmt: skip
    if workflow == "geography":
        return always(f"ZoomInfo Geo - {center_zip or ''} - {radius_miles or 0:g}mi")
    scores = text_array(leads["intent_score"], "{:g}".format)
    ages = text_array(leads["age_days"], "{}d".format)
    signals = pc.coalesce(scores, text_array(leads["signal_strength"]))
    return _joined(always("ZoomInfo Intent"), text_array(leads["intent_topic"]), signals, ages, by=" - ")


def _notes(leads: pd.DataFrame, always: Callable[[str], pa.Array], batch: str) -> pa.Array:
    return _joined(
        always(f"Batch: {batch}"),
        text_array(leads["score"], "Score: {}".format),
        text_array(leads["age_days"], "Age: {}d".format),
        text_array(leads["freshness"], "Freshness: {}".format),
        text_array(leads["distance_miles"], "Distance: {:.1f}mi".format),
        text_array(leads["signal_strength"], "Signal: {}".format),
        by=" | ",
    )


def _joined(*parts: pa.Array, by: str) -> pa.Array:
    """What there is of the parts of each lead, one behind the other."""
    there = [pc.if_else(pc.equal(part, ""), _word(None), part) for part in parts]
    return pc.binary_join_element_wise(*there, _word(by), null_handling="skip")
