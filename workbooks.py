"""The sheets of an .xlsx workbook as rows of cells, with a look at its size before anything is unfolded.

The reader holds a sheet as a full rectangle. One stray cell in the last corner of a sheet makes that
rectangle larger than any memory and ends the whole process, so cells far outside are looked for first, in the
packed file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from errors import HadesError, InputError

_MOST_UNPACKED = 1024 * 1024 * 1024
_MOST_COLUMNS = 256  # up to column IV
_LAST_ROW = 250_000  # room for blank rows among the leads; the patterns below spell these two limits out
_CHUNK = 16 * 1024 * 1024
_OVERLAP = 4096
_FAR_ROW_NUMBER = rb"0*(?:2[5-9][0-9]{4}|[3-9][0-9]{5}|[1-9][0-9]{6,})"
_FAR = rb"(?:[A-Za-z]{3,}[0-9]|(?:[J-Zj-z][A-Za-z]|[Ii][W-Zw-z])[0-9]|[A-Za-z]{1,2}" + _FAR_ROW_NUMBER + rb")"
_MAYBE_FAR = re.compile(rb"r\s*=\s*[\"']" + _FAR)  # quick; what it finds is looked at again
# An empty cell that only carries a format does no harm; it closes itself.
_FAR_CELL = re.compile(rb"<(?:\w+:)?c\s(?:[^<>]*\s)?r\s*=\s*[\"']" + _FAR + rb"[^<>]*(?<!/)>")
# Some writers leave out where a cell is: it then stands to the right of the one before.
_UNPLACED_CELL = re.compile(rb"<(?:\w+:)?c(?:>|\s(?![^<>]*\br\s*=))")
_FAR_ROW = re.compile(rb"<(?:\w+:)?row\s(?:[^<>]*\s)?r\s*=\s*[\"']" + _FAR_ROW_NUMBER)
_ROW_END = re.compile(rb"</(?:\w+:)?row>")


def workbook_sheets(
    content: bytes, name: str, notes: list[str]
) -> Iterator[Iterator[tuple[int, list[Any] | None]]]:
    """The rows of each sheet in turn, as (row number, cells); a sheet is opened when it is asked for.

    Cells are text, numbers, truth values, dates or "". InputError with a sentence when the file is no
    workbook, is damaged, or unfolds to more than can be held.
    """
    import python_calamine

    try:
        _refuse_what_cannot_be_held(content, name)
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            if len(workbook.sheet_names) > 1:
                notes.append("Of several sheets the first with the expected headers was read.")
            for sheet_name in workbook.sheet_names:
                yield _numbered(workbook.get_sheet_by_name(sheet_name).iter_rows(), name)
    except (HadesError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # the reader's own panics are no ordinary exceptions
        raise _damaged(name) from error


def _numbered(rows: Iterable[list[Any]], name: str) -> Iterator[tuple[int, list[Any] | None]]:
    try:
        yield from enumerate(rows, start=1)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise _damaged(name) from error


def _damaged(name: str) -> InputError:
    return InputError(
        f"{name} looks like an .xlsx workbook but cannot be opened. Save it once more, or as CSV."
    )


def _refuse_what_cannot_be_held(content: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise InputError(
                f"{name} was expected to be CSV or .xlsx, but it is an archive of something else."
            )
        unpacked = 0
        for entry in archive.infolist():
            with archive.open(entry) as part:
                tail = b""
                while chunk := part.read(_CHUNK):
                    unpacked += len(chunk)
                    if unpacked > _MOST_UNPACKED:
                        raise InputError(
                            f"{name} unpacks to more than 1 GB and cannot be read. Save it as CSV."
                        )
                    _refuse_far_cells(tail + chunk, name)
                    tail = chunk[-_OVERLAP:]


def _refuse_far_cells(xml: bytes, name: str) -> None:
    usual = xml.count(b"<c ") == xml.count(b'<c r="') and b"<c>" not in xml and b":c" not in xml
    far = False
    if not usual and _UNPLACED_CELL.search(xml):
        wide = any(row.count(b"<c") + row.count(b":c") > _MOST_COLUMNS for row in _ROW_END.split(xml))
        far = wide or _FAR_ROW.search(xml) is not None
    if far or (_MAYBE_FAR.search(xml) and _FAR_CELL.search(xml)):
        raise InputError(
            f"{name} has a cell below row {_LAST_ROW:,} or to the right of column IV. "
            "Delete what lies outside the list, or save the list as CSV."
        )
