"""Kinds of files, and which column of a file means which field: by its header, or because a person said so.

Leads, history, outcomes, batches, deals and suppression lists are all understood here, so that a page can show and ask
the same way before anything comes in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from errors import InputError
from lead_days import USUAL, Days, read_order
from sheets import IsHeader, OpenSheet, Sheet, open_sheet, plain_header, read_sheet

# Headers that can mean two fields → the one they mean where the other has a column of its own; else nobody guesses.
_EITHER = {"business": ("company_name", "direct_phone"), "st": ("state", "street")}


class FileKind(NamedTuple):
    """A kind of file. `name`: under which choices of columns are remembered. `fields` in the order they are asked for.
    `needed`: of each group one field. `known`: field → headers that mean it.

    own_names: a field's own name is a header, too, and beats `known`. ignored: headers that are passed over without a
    word. days: fields that hold a day. several: of a field all columns are read, not one. lone: the field of a file with one column and no header.
    """

    name: str
    fields: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]
    known: Mapping[str, Sequence[str]]
    own_names: bool = False
    ignored: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    several: bool = False
    lone: str | None = None


class Understood(NamedTuple):
    """places: field → places of its columns among the headers. doubtful: field → headers that all mean it. missing: groups
    of which no field has a column. unused: headers that nobody understood.
    """

    places: dict[str, list[int]]
    doubtful: dict[str, list[str]]
    missing: list[tuple[str, ...]]
    unused: list[str]

    @property
    def is_enough(self) -> bool:
        """Whether the file can be read."""
        return not self.missing and not self.doubtful


class NamedRows(NamedTuple):
    """`rows`: (row_number, field → cell as text); `unreadable`: (row_number, sentence); `read`: both together; `days`: how
    its days are to be read.
    """

    rows: list[tuple[int, dict[str, str]]]
    unreadable: list[tuple[int, str]]
    notes: list[str]
    days: Days = Days(USUAL, "", False)

    @property
    def read(self) -> int:
        """How many rows the file has."""
        return len(self.rows) + len(self.unreadable)

    def cells(self, *fields: str) -> list[str]:
        """Every cell of these fields."""
        return [cells[field] for _, cells in self.rows for field in fields if field in cells]


def understand(headers: Sequence[str], kind: FileKind, own: Mapping[str, str] | None = None) -> Understood:
    """What each header means in a file of this kind; `own` (field → header) is the user's word and wins.

    Headers are compared without case and doubled spaces, an underscore is a space. What `own` says of a header that is
    not there is left out. No header: everything is missing.
    """
    own = own or {}
    where: dict[str, list[int]] = {}
    for place, header in enumerate(headers):
        if header:
            where.setdefault(_loosely(header), []).append(place)
    exactly = {same_header(header): place for place, header in enumerate(headers) if header}
    chosen = {field: exactly[same_header(h)] for field, h in own.items() if same_header(h) in exactly}
    taken = set(chosen.values())
    places: dict[str, list[int]] = {field: [place] for field, place in chosen.items()}
    doubtful: dict[str, list[str]] = {}
    for field in kind.fields:
        if field in chosen and not kind.several:
            continue
        words = [[field], kind.known.get(field, ())] if kind.own_names else [kind.known.get(field, ())]
        for some in words:
            known = {_loosely(str(header)) for header in some}
            found = [place for word in where if word in known for place in where[word] if place not in taken]
            if found:
                break
        if len(found) > 1 and not kind.several:
            doubtful[field] = [headers[place] for place in found]
        elif found:
            places[field] = sorted([*places.get(field, ()), *found])
        taken.update(found)
    for word, (field, other) in _EITHER.items():
        settled = field in places or field in doubtful or field not in kind.fields
        if not settled and where.keys() & {_loosely(header) for header in kind.known.get(other, ())}:
            found = [place for place in where.get(word, ()) if place not in taken]
            if len(found) == 1:
                places[field] = found
                taken.update(found)
    filled = [place for place, header in enumerate(headers) if header]
    if kind.lone and not places and len(filled) == 1:
        places, taken = {kind.lone: filled}, set(filled)
    there = set(places) | set(doubtful)
    ignored = {_loosely(header) for header in kind.ignored}
    return Understood(
        {field: places[field] for field in kind.fields if field in places},
        doubtful,
        [group for group in kind.needed if not there.intersection(group)],
        [
            headers[place]
            for place in filled
            if place not in taken and _loosely(headers[place]) not in ignored
        ],
    )


def places_of_fields(
    headers: Sequence[str], kind: FileKind, own: Mapping[str, str], name: str
) -> dict[str, list[int]]:
    """Field → places of its columns among `headers`; a field without a column is left out.

    InputError when `own` names a field or a header that is not there, when several columns claim one field, and when a
    field that is needed has no column.
    """
    if strange := sorted(set(own) - set(kind.fields)):
        raise InputError(f"'{strange[0]}' is no field of {kind.name}. Use one of: {', '.join(kind.fields)}.")
    there = {same_header(header) for header in headers if header}
    for field, header in own.items():
        if same_header(header) not in there:
            raise InputError(
                f"{name} has no column '{header[:60]}' to read {_spoken(field)} from. Its columns are: "
                f"{shown_headers(headers)}."
            )
    found = understand(headers, kind, own)
    for field, several in found.doubtful.items():
        both = " and ".join(f"'{header}'" for header in several)
        raise InputError(
            f"{name} has no column for {_spoken(field)} beyond doubt: {both} all mean it. "
            "Delete or rename all but one, or say which column is meant."
        )
    if found.missing:
        raise InputError(missing_columns(name, found.missing, headers, kind))
    return found.places


def missing_columns(
    name: str, missing: Sequence[Sequence[str]], headers: Sequence[str], kind: FileKind
) -> str:
    """The sentence that says which columns the file lacks, which it has, and what to do."""
    wanted = []
    for group in missing:
        known = [*([group[0]] if kind.own_names else []), *kind.known.get(group[0], ())]
        wanted.append(
            f"{' or '.join(map(_spoken, group))} ({' or '.join(known[:2]) or 'no header is known'})"
        )
    return (
        f"{name} has no column for {'; '.join(wanted)}. Its columns are: {shown_headers(headers)}. "
        "Rename a column, or say which column is meant."
    )


def open_named(content: bytes, name: str, kind: FileKind, own: Mapping[str, str] | None = None) -> OpenSheet:
    """The table in the file, its header row found by what this kind knows. Raises what sheets.open_sheet raises."""
    return open_sheet(content, name, *_header_rules(kind, own))


def sheet_of(content: bytes, name: str, kind: FileKind, own: Mapping[str, str] | None = None) -> Sheet:
    """The whole table as text, its header row found as `open_named` does."""
    return read_sheet(content, name, *_header_rules(kind, own))


def headers_of(content: bytes, name: str, kind: FileKind) -> list[str]:
    """The headers of a file, whatever they are called. InputError when it is no table."""
    return open_named(content, name, kind).headers


def read_named_columns(
    content: bytes,
    name: str,
    kind: FileKind,
    own: Mapping[str, str] | None = None,
    *,
    day_first: bool | None = None,
) -> NamedRows:
    """The rows of a CSV or workbook by field. Notes name the headers that were read as something else, those not used, and
    how days were read; `day_first` is a person's word about these.

    InputError as places_of_fields has it, and when the file is no table.
    """
    sheet = sheet_of(content, name, kind, own)
    places = {
        field: some[0] for field, some in places_of_fields(sheet.headers, kind, own or {}, name).items()
    }
    notes = list(sheet.notes)
    others = [
        f"{field} from '{sheet.headers[place][:40]}'"
        for field, place in places.items()
        if _loosely(sheet.headers[place]) != _loosely(field)
    ]
    if others:
        notes.append(f"Read by other headers: {', '.join(others)}.")
    if unused := understand(sheet.headers, kind, own).unused:
        notes.append(f"Columns not used: {shown_headers(unused, 200)}.")
    rows = [
        (number, {field: cells[place] for field, place in places.items()}) for number, cells in sheet.rows
    ]
    found = NamedRows(rows, list(sheet.unreadable), notes)
    days = read_order(found.cells(*kind.days), day_first=day_first)
    notes += [days.sentence] if days.sentence else []
    return found._replace(days=days)


def rows_again(
    content: bytes, name: str, kind: FileKind, own: Mapping[str, str], told: Sequence[tuple[int, str]]
) -> pd.DataFrame:
    """The named rows (row_number, sentence) of the file as it had them: its own columns, then row_number and why. A row that
    could not be read has these two alone.
    """
    sheet = sheet_of(content, name, kind, own)
    cells = dict(sheet.rows)
    blank = [""] * len(sheet.headers)
    headers = [header or f"column {place}" for place, header in enumerate(sheet.headers, 1)]
    return pd.DataFrame(
        [[*cells.get(number, blank), str(number), why] for number, why in told],
        columns=[*headers, "row_number", "why"], dtype="str",
    )  # fmt: skip


def same_reasons(told: Sequence[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    """(sentence, its rows) of (row_number, sentence), the sentence with most rows first, equal ones as they come."""
    rows: dict[str, list[int]] = {}
    for number, why in told:
        rows.setdefault(why, []).append(number)
    return sorted(rows.items(), key=lambda item: -len(item[1]))


def shown_rows(rows: Sequence[int], most: int = 5) -> str:
    """`3, 4, 5, 6, 7 and 893 more`."""
    more = f" and {len(rows) - most:,} more" if len(rows) > most else ""
    return ", ".join(map(str, rows[:most])) + more


def days_of(
    content: bytes, name: str, kind: FileKind, own: Mapping[str, str], day_first: bool | None = None
) -> Days:
    """How the days of the file are to be read, before anything of it comes in; it must be readable. `day_first` is a
    person's word.
    """
    sheet = sheet_of(content, name, kind, own)
    places = understand(sheet.headers, kind, own).places
    dated = [place for field in kind.days for place in places.get(field, ())]
    return read_order((cells[place] for _, cells in sheet.rows for place in dated), day_first=day_first)


def headers_key(headers: Sequence[str], kind: str) -> str:
    """The same for files of a kind with the same headers, in any order and case: SHA-256 in hex."""
    names = sorted(same_header(header) for header in headers if header)
    if kind != "leads":
        names.insert(0, f"({kind})")
    return hashlib.sha256("\n".join(names).encode("utf-8", "surrogatepass")).hexdigest()


def usable_mapping(mapping: Mapping[str, str], headers: Sequence[str], kind: FileKind) -> dict[str, str]:
    """What of a remembered mapping (field → header) fits a file of this kind with these headers."""
    there = {same_header(header) for header in headers if header}
    return {f: h for f, h in mapping.items() if f in kind.fields and same_header(h) in there}


def same_header(header: str) -> str:
    """The header in lower case without outer and doubled spaces: equal for all spellings of one header."""
    return plain_header(header).lower()


def is_value(header: str) -> bool:
    """Whether it looks like a person's data, as in a file without headers."""
    return "@" in header or sum(map(str.isdigit, header)) >= 7


def shown_headers(headers: Sequence[str], most: int = 12) -> str:
    """The first headers; what looks like a person's data is not repeated."""
    shown = ["(a value, no header)" if is_value(header) else header[:40] for header in headers if header]
    return (", ".join(shown[:most]) or "none") + (" ..." if len(shown) > most else "")


def _header_rules(kind: FileKind, own: Mapping[str, str] | None) -> tuple[IsHeader, IsHeader | None]:
    """What the header row is known by, and what it is known by where no row is: a list of one column has its first."""

    def is_known(cells: Sequence[str]) -> bool:
        return not understand(cells, kind._replace(lone=None), own).missing

    return is_known, None if kind.lone else lambda cells: sum(bool(cell.strip()) for cell in cells) > 1


def _loosely(header: str) -> str:
    return " ".join(same_header(header).replace("_", " ").split())


def _spoken(field: str) -> str:
    return field.replace("_", " ")
