"""A file whose columns have fixed names: rows as name → cell, in any order of columns, or a sentence about what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from errors import InputError
from sheets import read_sheet


class NamedRows(NamedTuple):
    """`rows`: (row_number, column → cell as text); `unreadable`: (row_number, sentence); `read`: both together."""

    rows: list[tuple[int, dict[str, str]]]
    unreadable: list[tuple[int, str]]
    notes: list[str]

    @property
    def read(self) -> int:
        """How many rows the file has."""
        return len(self.rows) + len(self.unreadable)


def read_named_columns(
    content: bytes, name: str, columns: Sequence[str], needed: Sequence[str], ignored: Sequence[str] = ()
) -> NamedRows:
    """The rows of a CSV or workbook by the names of its columns, compared without case, blanks as underscores.

    Columns that are neither in `columns` nor `ignored` are left out with a note. InputError when one of `needed` is
    missing, when a column stands there twice, or when the file is no table.
    """
    sheet = read_sheet(content, name, lambda cells: {_named(c) for c in cells} >= set(needed))
    headers = [_named(header) for header in sheet.headers]
    missing = [column for column in needed if column not in headers]
    if missing:
        raise InputError(
            f"{name} was expected to have the columns {', '.join(columns)}; missing: {', '.join(missing)}. "
            f"It has: {', '.join(header[:40] for header in sheet.headers[:12])}."
        )
    for column in columns:
        if headers.count(column) > 1:
            raise InputError(
                f"{name} has the column {column} more than once, so it is not clear which one is meant. "
                "Rename or delete one of them."
            )
    further = [h for h in headers if h and h not in columns and h not in ignored]
    notes = list(sheet.notes)
    if further:
        notes.append(f"Columns not used: {', '.join(header[:40] for header in further)}.")
    rows = [(number, dict(zip(headers, cells, strict=True))) for number, cells in sheet.rows]
    return NamedRows(rows, list(sheet.unreadable), notes)


def _named(header: str) -> str:
    return header.strip().lower().replace(" ", "_")
