"""Bytes that somebody uploads → rows of text: CSV in any usual encoding, or the first fitting sheet of an .xlsx."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from errors import InputError

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 200_000
_MOST_UNPACKED = 1024 * 1024 * 1024
_LONGEST_CELL = 32_767  # what a spreadsheet cell can hold
_HEADER_WITHIN = 10
_MAGIC = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save it as .xlsx or CSV",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"Rar!": "an archive; unpack it first",
    b"7z\xbc\xaf": "an archive; unpack it first",
}


@dataclass(frozen=True)
class Sheet:
    """A table of text. `rows` and `unreadable` carry the row number as a spreadsheet shows it.

    `rows`: (row_number, cells as many as headers), blank rows left out; `unreadable`: (row_number, sentence).
    """

    headers: list[str]
    rows: list[tuple[int, list[str]]]
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_sheet(content: bytes, name: str, is_header: Callable[[Sequence[str]], bool]) -> Sheet:
    """The table in the file: its header is the first of the leading rows that `is_header` accepts, else the first row.

    InputError with a sentence for a file that is empty, too large, too long, not a table, or has headers twice.
    """
    if not content:
        raise InputError(f"{name} is empty. A CSV or .xlsx file with a header row and at least one lead was expected.")
    if len(content) > MOST_BYTES:
        raise InputError(
            f"{name} has {len(content) / 1024 / 1024:.0f} MB; at most 50 MB can be read at once. Split the file."
        )
    kind = next((what for magic, what in _MAGIC.items() if content.startswith(magic)), None)
    if kind:
        raise InputError(f"{name} was expected to be CSV or .xlsx, but it is {kind}.")
    if content.startswith(b"PK"):
        return _from_workbook(content, name, is_header)
    return _from_csv(content, name, is_header)


def _from_csv(content: bytes, name: str, is_header: Callable[[Sequence[str]], bool]) -> Sheet:
    decoded, notes = _decode(content, name)
    if "\0" in decoded:
        notes.append("The file has NUL characters in it; they were left out.")
        decoded = decoded.replace("\0", "")
    csv.field_size_limit(max(csv.field_size_limit(), MOST_BYTES))
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=_delimiter(decoded), strict=True)
    records: list[tuple[int, list[str]]] = []
    unreadable: list[tuple[int, str]] = []
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if "end of data" in str(error):
                raise InputError(
                    f"{name}: a quotation mark opens in or after row {number} and is never closed. "
                    "Close it, or save the file as CSV once more."
                ) from error
            unreadable.append((number, "The quotation marks in this row do not fit together, so it cannot be read."))
            continue
        records.append((number, cells))
        if len(records) > MOST_ROWS + _HEADER_WITHIN + 1:
            _too_long(name)
    return _sheet(records, unreadable, notes, name, is_header)


def _from_workbook(content: bytes, name: str, is_header: Callable[[Sequence[str]], bool]) -> Sheet:
    import python_calamine

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if "xl/workbook.xml" not in archive.namelist():
                raise InputError(f"{name} was expected to be CSV or .xlsx, but it is an archive of something else.")
        if unpacked > _MOST_UNPACKED:
            raise InputError(f"{name} unpacks to more than 1 GB and cannot be read. Save it as CSV and split it.")
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        first: list[tuple[int, list[str]]] | None = None
        for sheet_name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(sheet_name)
            if sheet.height > MOST_ROWS + _HEADER_WITHIN + 1:
                _too_long(name)
            offset = sheet.start[0] if sheet.start else 0
            table = sheet.to_python(skip_empty_area=True)
            records = [(offset + place + 1, [_cell(cell) for cell in row]) for place, row in enumerate(table)]
            if any(is_header(cells) for _, cells in records[:_HEADER_WITHIN]):
                return _sheet(records, [], [], name, is_header)
            first = first or records
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, ValueError) as error:
        raise InputError(f"{name} looks like an .xlsx workbook but cannot be opened. Save it once more, or as CSV.") from error
    return _sheet(first or [], [], [], name, is_header)


def _sheet(
    records: list[tuple[int, list[str]]],
    unreadable: list[tuple[int, str]],
    notes: list[str],
    name: str,
    is_header: Callable[[Sequence[str]], bool],
) -> Sheet:
    filled = [(number, cells) for number, cells in records if any(cell.strip() for cell in cells)]
    if not filled:
        raise InputError(f"{name} holds no rows. A header row and at least one lead were expected.")
    start = next((i for i, (_, cells) in enumerate(filled[:_HEADER_WITHIN]) if is_header(cells)), 0)
    header_row, cells = filled[start]
    headers = [" ".join(cell.replace("\ufeff", "").split()) for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    seen: dict[str, str] = {}
    for header in filter(None, headers):
        if header.lower() in seen:
            raise InputError(
                f"{name} has the column '{header[:60]}' more than once, so it is not clear which one is meant. "
                "Rename or delete one of them."
            )
        seen[header.lower()] = header
    width = len(headers)
    rows = []
    for number, row in filled[start + 1 :]:
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            unreadable.append((number, f"This row has {len(row)} cells, but the header has {width}."))
        elif any(len(cell) > _LONGEST_CELL for cell in row):
            unreadable.append(
                (number, f"A cell of this row is longer than {_LONGEST_CELL:,} characters; a quotation mark may be missing.")
            )
        else:
            rows.append((number, row[:width] + [""] * (width - len(row))))
    unreadable = [(number, why) for number, why in unreadable if number > header_row]
    if len(rows) + len(unreadable) > MOST_ROWS:
        _too_long(name)
    blank = sum(1 for number, cells in records if number > header_row and not any(cell.strip() for cell in cells))
    if blank:
        notes.append(f"{blank} blank {'row was' if blank == 1 else 'rows were'} passed over.")
    return Sheet(headers, rows, unreadable, notes)


def _decode(content: bytes, name: str) -> tuple[str, list[str]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), []
        except UnicodeDecodeError as error:
            raise InputError(f"{name} begins like UTF-16 text but is damaged. Save it as CSV UTF-8.") from error
    head = content[:65536]
    strange = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 13))
    if strange > max(8, len(head) // 50):
        raise InputError(f"{name} was expected to be CSV or .xlsx, but it is not text. Export it from ZoomInfo as CSV.")
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        decoded = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} was expected to be text in UTF-8, but byte {error.start + 1} fits neither UTF-8 nor Windows-1252. "
            "Save it as CSV UTF-8."
        ) from error
    return decoded, ["The file is not UTF-8; it was read as Windows-1252. Check names with accents."]


def _delimiter(decoded: str) -> str:
    first = next((line for line in decoded.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value).replace("\0", "")


def _too_long(name: str) -> None:
    raise InputError(f"{name} has more than {MOST_ROWS:,} rows; at most {MOST_ROWS:,} can be read at once. Split the file.")
