"""Suppression lists, by what they are compared: the keys that a list holds, and those that a lead has."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import pandas as pd

import lead_values
from errors import InputError
from lead_arrays import digits
from named_columns import FileKind, sheet_of, shown_headers, understand

STALE_AFTER_DAYS = 31  # the national registry asks for a scrub at least every 31 days
KINDS = ("phone", "company", "domain", "person")
Found = Mapping[str, Mapping[str, str]]  # kind → {key: the sentence why}

_NUMBERS = {
    "direct_phone": "direct_do_not_call",
    "mobile_phone": "mobile_do_not_call",
    "company_phone": "company_do_not_call",
}
# Which columns of a list are read, and the field of a list of one column.
_FIELDS = {
    "phone": ("direct_phone", "mobile_phone", "company_phone"),
    "company": ("company_name", "company_id", "zip_code"),
    "domain": ("website", "email"),
    "person": ("email", "contact_id", "first_name", "last_name", "company_name"),
}
# Headers that mean a field in a list of this kind alone, beside those that columns.yaml knows.
_OTHER_HEADERS: dict[str, dict[str, tuple[str, ...]]] = {
    "phone": {"direct_phone": ("phone", "phone number", "number", "telephone", "business"), "company_phone": ("home",)},
    "company": {"company_name": ("account name", "name")},
    "domain": {"website": ("domain", "email domain", "web domain")},
    "person": {"email": ("e-mail",), "contact_id": ("contact id",)},
}  # fmt: skip
_EXPECTED = {
    "phone": "a phone number of ten digits",
    "company": "a company name or a ZoomInfo Company ID",
    "domain": "a domain such as example.com",
    "person": "an e-mail address, a ZoomInfo Contact ID, or first name, last name and company",
}


class Entries(NamedTuple):
    """A list as read: its keys, each once; how many rows only repeat one; (row number, sentence) of the rest.

    rows_in = rows that gave a new key + repeated + rejected.
    """

    keys: list[str]
    rows_in: int
    repeated: int
    rejected: list[tuple[int, str]]


def list_kind(kind: str, columns: Mapping[str, Sequence[str]]) -> FileKind:
    """A suppression list of this kind, as `columns` (lead_columns.read_columns) know it. InputError for an unknown kind."""
    if kind not in KINDS:
        raise InputError(
            f"The kind of a suppression list was expected to be one of {', '.join(KINDS)}; got '{kind[:40]}'."
        )
    fields, others = _FIELDS[kind], _OTHER_HEADERS[kind]
    known = {field: (*columns.get(field, ()), *others.get(field, ())) for field in fields}
    return FileKind(f"{kind} list", fields, (fields,), known, several=True, lone=fields[0])


def read_entries(
    content: bytes,
    name: str,
    kind: str,
    columns: Mapping[str, Sequence[str]],
    own: Mapping[str, str] | None = None,
) -> Entries:
    """The keys in a CSV or .xlsx file, which may be a plain list of one column without a header.

    `columns` is field → known headers, `own` (field → header) a person's word. A row without a key is rejected with a
    sentence. InputError for an unknown kind, and when no column fits the kind.
    """
    file_kind = list_kind(kind, columns)
    sheet = sheet_of(content, name, file_kind, own)
    found = understand(sheet.headers, file_kind, own)
    if found.missing:
        raise InputError(
            f"{name} has no column for {_EXPECTED[kind]}. Its columns are: {shown_headers(sheet.headers)}. Say which column "
            "holds it, rename it, or load a file with that column alone."
        )
    rows = list(sheet.rows)
    if kind != "company" and not understand(sheet.headers, file_kind._replace(lone=None), own).places:
        values = {field: [sheet.headers[place] for place in some] for field, some in found.places.items()}
        if _row_keys(kind, values):
            rows.insert(0, (1, sheet.headers))  # the list has no header: its first value stands in its place
    seen: dict[str, None] = {}
    rejected, repeated = list(sheet.unreadable), 0
    for number, cells in rows:
        values = {field: [cells[place] for place in some] for field, some in found.places.items()}
        keys = _row_keys(kind, values)
        if not keys:
            rejected.append((number, f"Expected {_EXPECTED[kind]}; this row has none."))
        elif all(key in seen for key in keys):
            repeated += 1
        seen |= dict.fromkeys(keys)
    return Entries(list(seen), len(rows) + len(sheet.unreadable), repeated, sorted(rejected))


def lead_keys(leads: pd.DataFrame, kinds: Collection[str] = KINDS) -> dict[str, dict[str, pd.Series]]:
    """Kind → {way of comparing: the key of each lead, missing where it has none}; same index as `leads`."""
    return {kind: _keys_of(leads, kind) for kind in kinds}


def different_keys(leads: pd.DataFrame, kinds: Collection[str] = KINDS) -> dict[str, list[str]]:
    """Kind → every key of these leads, each once per way of comparing."""
    return {
        kind: [key for column in ways.values() for key in column.dropna().unique()]
        for kind, ways in lead_keys(leads, kinds).items()
    }


def _keys_of(leads: pd.DataFrame, kind: str) -> dict[str, pd.Series]:
    if kind == "phone":
        return {number: digits(leads[number]) for number in _NUMBERS}
    if kind == "domain":
        return {
            "website": _mapped(leads["website"], lead_values.web_domain),
            "email": _mapped(leads["email"], lambda text: lead_values.web_domain(None, text)),
        }
    name = _mapped(leads["company_name"], lead_values.normalised_company_name)
    if kind == "company":
        return {"id": "id:" + leads["company_id"], "name": name, "site": name + "|" + leads["zip_code"]}
    person = _mapped(leads["first_name"], lead_values.clean_text).str.casefold()
    person = person + " " + _mapped(leads["last_name"], lead_values.clean_text).str.casefold()
    return {
        "email": leads["email"].str.lower(),
        "id": "id:" + leads["contact_id"],
        "name": person + "|" + name,
    }


def barred(leads: pd.DataFrame, phones: Mapping[str, str]) -> pd.DataFrame:
    """`leads` with do-not-call flags on every number that is among `phones` (ten digits → sentence).

    A company's line has no flag of its own in a file: it gets the column company_do_not_call. The sentence joins
    the lead's flags. Nothing on a list leaves the frame as it is.
    """
    if not phones:
        return leads
    flags: dict[str, pd.Series] = {}
    said = pd.Series(pd.NA, index=leads.index, dtype="str")
    for number, flag in _NUMBERS.items():
        dialled = digits(leads[number])
        listed = dialled.isin(list(phones))
        if listed.any():
            before = leads[flag].fillna(False).astype(bool) if flag in leads else False
            flags[flag] = (listed | before).astype("boolean")
            said = said.fillna(dialled.map(dict(phones)).astype("str"))
    if not flags:
        return leads
    if "flags" in leads:
        both = (leads["flags"] + "; " + said).fillna(said).fillna(leads["flags"])
        flags["flags"] = both.astype("str")
    return leads.assign(**flags)


def suppressed_because(leads: pd.DataFrame, found: Found) -> pd.Series:
    """Per lead the sentence of the first list that names its company, domain or person; missing for others.

    Numbers are no part of this: a lead whose number is on a list may have another one (see `barred`).
    """
    said = pd.Series(pd.NA, index=leads.index, dtype="str")
    for kind in ("company", "domain", "person"):
        if known := dict(found.get(kind, {})):
            for own in _keys_of(leads, kind).values():
                said = said.fillna(own.map(known).astype("str"))
    return said


def stale_lists(lists: pd.DataFrame, today: date) -> list[str]:
    """A sentence per list in force whose scrub date is more than 31 days before `today`; [] when all are fresh."""
    sentences = []
    for name, day in zip(lists["name"], lists["scrubbed_on"], strict=True):
        age = (today - date.fromisoformat(day)).days
        if age > STALE_AFTER_DAYS:
            sentences.append(f"The suppression list {name} was scrubbed {age} days ago, on {day}.")
    return sentences


def _row_keys(kind: str, values: Mapping[str, Sequence[str]]) -> list[str]:
    """The keys of one row of a list. A company with a ZIP is that site alone."""

    def texts(field: str) -> list[str]:
        return [text for cell in values.get(field, ()) if (text := lead_values.text(cell))]

    if kind == "phone":
        cells = [cell for field in _FIELDS["phone"] for cell in texts(field)]
        return [re.sub(r"\D", "", number) for cell in cells if (number := lead_values.phone(cell))]
    if kind == "domain":
        found = [lead_values.web_domain(cell) for cell in texts("website")]
        found += [lead_values.web_domain(None, cell) for cell in texts("email")]
        return [domain for domain in found if domain]
    names = [lead_values.normalised_company_name(cell) for cell in texts("company_name")]
    if kind == "company":
        ids = [f"id:{known}" for cell in texts("company_id") if (known := lead_values.identifier(cell))]
        zips = [code for cell in texts("zip_code") if (code := lead_values.zip_code(cell))]
        return ids or [f"{name}|{zips[0]}" if zips else name for name in names]
    people = [address.lower() for cell in texts("email") if (address := lead_values.email(cell))]
    people += [f"id:{known}" for cell in texts("contact_id") if (known := lead_values.identifier(cell))]
    first, last = texts("first_name"), texts("last_name")
    if not people and first and last and names:
        people = [
            f"{lead_values.clean_text(first[0])} {lead_values.clean_text(last[0])}".casefold()
            + f"|{names[0]}"
        ]
    return people


def _mapped(values: pd.Series, what: Callable[[str], str | None]) -> pd.Series:
    """`what` of each value, worked out once per different one; missing stays missing."""
    known = {value: what(value) for value in values.dropna().unique()}
    return values.map(known).astype("str")
