"""Bytes that somebody uploads → rows of cells: CSV in any usual encoding, or the first fitting sheet of an
.xlsx.

`open_sheet` hands out the rows one by one, for large files of which a few columns are wanted; `read_sheet`
reads all of a small one as text. Both refuse what is no table with a sentence, and hand back an unreadable
row as unreadable.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain
from typing import Any, NamedTuple

from errors import InputError
from workbooks import workbook_sheets

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 200_000
_HEADER_WITHIN = 10
_MOST_LINES_OF_A_ROW = 100  # a quotation mark that is not closed within so many lines was never closed
_LONGEST_CELL = 32_767  # what a spreadsheet cell can hold
_DELIMITERS = ",;\t"
_MAGIC = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\xd0\xcf\x11\xe0": "an old (.xls) or locked workbook; save it as .xlsx without a password",
    b"\x1f\x8b": "a gzip archive; unpack it first",
    b"Rar!": "an archive; unpack it first",
    b"7z\xbc\xaf": "an archive; unpack it first",
}
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BROKEN_QUOTES = "The quotation marks in this row do not fit together, so it cannot be read."

IsHeader = Callable[[Sequence[str]], bool]
Record = tuple[int, "list[Any] | None"]  # row number, cells; None where the row cannot be read


class Row(NamedTuple):
    """One row that is not blank: its number as a spreadsheet shows it, its cells (as many as headers; None
    when it cannot be read), and a sentence when something is wrong with it as a whole."""

    number: int
    cells: list[Any] | None
    trouble: str | None


@dataclass(frozen=True)
class OpenSheet:
    """A table whose rows are read as they are asked for, once. `notes` is complete when the rows are.

    Cells of `rows` are text (CSV) or what a workbook holds; `cell_text` makes text of either.
    """

    headers: list[str]
    rows: Iterator[Row]
    notes: list[str]


@dataclass(frozen=True)
class Sheet:
    """A table of text. `rows` and `unreadable` carry the row number as a spreadsheet shows it.

    `rows`: (row_number, cells as many as headers), blank rows left out; `unreadable`: (row_number, sentence).
    """

    headers: list[str]
    rows: list[tuple[int, list[str]]]
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_sheet(content: bytes, name: str, is_header: IsHeader, otherwise: IsHeader | None = None) -> Sheet:
    """The whole table in the file as text. Raises what `open_sheet` raises."""
    table = open_sheet(content, name, is_header, otherwise)
    rows: list[tuple[int, list[str]]] = []
    unreadable: list[tuple[int, str]] = []
    for number, cells, trouble in table.rows:
        if cells is None:
            unreadable.append((number, trouble or _BROKEN_QUOTES))
            continue
        texts = [cell_text(cell).replace("\0", "") for cell in cells]
        if any(len(text) > _LONGEST_CELL for text in texts):
            unreadable.append((number, f"A cell of this row is longer than {_LONGEST_CELL:,} characters."))
        else:
            rows.append((number, texts))
    return Sheet(table.headers, rows, unreadable, table.notes)


def open_sheet(
    content: bytes, name: str, is_header: IsHeader, otherwise: IsHeader | None = None
) -> OpenSheet:
    """The table in the file: its header is the first of the leading rows that `is_header` accepts, else the first that
    `otherwise` accepts, else the first row.

    InputError with a sentence for a file that is empty, too large, too long (while its rows are read), not a
    table, or has a header twice. Of a workbook the first sheet that has such a header is read, else the first
    with content.
    """
    if not content:
        raise InputError(
            f"{name} is empty. A CSV or .xlsx file with a header row and at least one lead was expected."
        )
    if len(content) > MOST_BYTES:
        raise InputError(
            f"{name} has {len(content) / 1024 / 1024:.1f} MB; at most 50 MB can be read at once. Split it."
        )
    kind = next((what for magic, what in _MAGIC.items() if content.startswith(magic)), None)
    if kind:
        raise InputError(f"{name} was expected to be CSV or .xlsx, but it is {kind}.")
    notes: list[str] = []
    if content.startswith(b"PK"):
        leading = Leading(iter(()))
        for records in workbook_sheets(content, name, notes):
            table = Leading(records)
            fits = table.header(is_header) is not None
            leading = table if fits or not leading.rows else leading
            if fits:
                break
        shifts = False
    else:
        leading = _from_csv(_decoded(content, name, notes), name, is_header, otherwise)
        shifts = True  # a surplus cell in CSV means that the cells of its row have moved: none can be trusted
    start = leading.start(is_header, otherwise)[1]
    if not leading.rows:
        raise InputError(f"{name} holds no rows. A header row and at least one lead were expected.")
    headers = _headers(leading.rows[start][1] or [], name)
    if start:
        notes.append(f"{start} {'line' if start == 1 else 'lines'} above the header row were passed over.")
    return OpenSheet(headers, _rows(leading.after(start), len(headers), shifts, name, notes), notes)


def cell_text(cell: Any) -> str:
    """A cell as text: a whole number without `.0`, a date as ISO, an empty cell as ""."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


class Leading:
    """The records of a table of which the first few that are not blank have been read, to look for the
    header."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self._seen: list[Record] = []
        self.rows: list[Record] = []
        for record in records:
            self._seen.append(record)
            if record[1] is None or not _blank(record[1]):
                self.rows.append(record)
                if len(self.rows) == _HEADER_WITHIN:
                    break

    def header(self, is_header: IsHeader) -> int | None:
        """The place among `rows` of the first that is a header; None when there is none."""
        for place, (_, cells) in enumerate(self.rows):
            if cells is not None and is_header([cell_text(cell) for cell in cells]):
                return place
        return None

    def start(self, is_header: IsHeader, otherwise: IsHeader | None) -> tuple[int, int]:
        """How sure it is (2: known, 1: looks like one, 0: neither) and the place of the header among `rows`."""
        for sure, rule in ((2, is_header), (1, otherwise)):
            if rule is not None and (place := self.header(rule)) is not None:
                return sure, place
        return 0, 0

    def after(self, start: int) -> Iterator[Record]:
        """The records below the header, blank ones included."""
        below = (record for record in self._seen if record[0] > self.rows[start][0])
        return chain(below, self._records)


def _from_csv(text: str, name: str, is_header: IsHeader, otherwise: IsHeader | None) -> Leading:
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    delimiters = _DELIMITERS
    told = re.fullmatch(r'"?sep=(.)"?\r?', lines[0], re.IGNORECASE) if lines else None
    if told:  # a spreadsheet takes this line as an instruction and does not count it
        delimiters = told.group(1)
        lines = lines[1:]
    found = [Leading(_csv_records(lines, delimiter)) for delimiter in delimiters if delimiter not in '"\r\n']

    def fits(leading: Leading) -> tuple[int, int]:
        sure, start = leading.start(is_header, otherwise)
        if not leading.rows:  # nothing but this mark
            return 0, len(text)
        return sure, len(leading.rows[start][1] or ())

    if not found:
        raise InputError(
            f"{name} names a mark between cells that cannot be one. Use a comma, semicolon or tab."
        )
    return max(found, key=fits)


def _csv_records(lines: list[str], delimiter: str) -> Iterator[Record]:
    """Every record, blank ones included. Where quotation marks do not fit together one line is given up, not
    the rest: reading goes on with the line below it."""
    number = first = position = 0

    def feed() -> Iterator[str]:
        nonlocal position
        while position < len(lines):
            if position - first >= _MOST_LINES_OF_A_ROW:
                raise csv.Error("a quotation mark is never closed")
            position += 1
            yield lines[position - 1] + "\n"

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        number, first = number + 1, position
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, None
            position = first + 1
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)


def _rows(records: Iterator[Record], width: int, shifts: bool, name: str, notes: list[str]) -> Iterator[Row]:
    count = blank = 0
    for number, cells in records:
        if cells is not None and len(cells) != width:
            if _blank(cells):
                blank += 1
                continue
            count += 1
            found = f"This row has {len(cells)} cells, but the header has {width}"
            if len(cells) < width:
                trouble = f"{found}; the missing ones were read as empty."
                yield Row(number, cells + [""] * (width - len(cells)), trouble)
            elif _blank(cells[width:]):
                yield Row(number, cells[:width], None)
            elif shifts:
                yield Row(number, None, f"{found}, so it cannot be read.")
            else:
                yield Row(number, cells[:width], f"{found}; the surplus ones were left out.")
        elif cells is not None and _blank(cells):
            blank += 1
            continue
        else:
            count += 1
            yield Row(number, cells, None if cells is not None else _BROKEN_QUOTES)
        if count > MOST_ROWS:
            raise InputError(
                f"{name} has more than {MOST_ROWS:,} rows, the most that can be read at once. Split the file."
            )
    if blank:
        notes.append(f"{blank:,} blank {'row was' if blank == 1 else 'rows were'} passed over.")


def _headers(cells: list[Any], name: str) -> list[str]:
    headers = [plain_header(cell_text(cell)) for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    seen: set[str] = set()
    for header in filter(None, headers):
        if header.lower() in seen:
            raise InputError(
                f"{name} has the column '{header[:60]}' more than once; it is not clear which is meant. "
                "Rename or delete one of them."
            )
        seen.add(header.lower())
    return headers


def plain_header(header: str) -> str:
    """The header without outer and doubled spaces and marks that cannot be seen."""
    return " ".join("".join(c for c in header if c.isprintable() or c.isspace()).split())


def _decoded(content: bytes, name: str, notes: list[str]) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{name} begins like {encoding.upper()} text but is damaged. Save it as CSV UTF-8."
                ) from error
    head = content[:65536]
    strange = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 13))
    if strange > max(8, len(head) // 20):
        raise InputError(
            f"{name} was expected to be CSV or .xlsx, but it is not text. Export it from ZoomInfo as CSV."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # Files pasted together hold lines of either encoding, so each line is judged by itself.
    lines, others = [], 0
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            others += 1
            try:
                lines.append(line.decode("cp1252"))
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{name} was expected to be text in UTF-8, but line {number:,} fits neither UTF-8 nor "
                    "Windows-1252. Save it as CSV UTF-8."
                ) from error
    text = "\n".join(lines)
    letters = "".join(dict.fromkeys(letter for letter in text if letter > "\x7f" and letter.isalpha()))
    seen = f", with letters such as {', '.join(letters[:3])}" if letters else ""
    notes.append(
        f"{others:,} {'line was' if others == 1 else 'lines were'} read as Windows-1252, an older way to write text{seen}. "
        "Where names look right, there is nothing to do."
    )
    return text


def _blank(cells: Sequence[Any]) -> bool:
    return not any(cell.strip() if isinstance(cell, str) else cell is not None for cell in cells)
