"""A calendar day as ZoomInfo and people write it. The parser takes any text and never raises: None is no day."""

from __future__ import annotations

import re
from datetime import date, timedelta

_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
]  # fmt: skip
_TIME_OF_DAY = (
    r"(?:(?:[ ]*T[ ]*|[ ,]+)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?[ ]*(?:[AP]\.?M\.?)?"
    r"[ ]*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_ISO_DAY = re.compile(rf"([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_TIME_OF_DAY}", re.IGNORECASE)
_COMPACT_DAY = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_US_DAY = re.compile(
    rf"([0-9]{{1,2}})([/-])([0-9]{{1,2}})\2([0-9]{{4}}|[0-9]{{2}}){_TIME_OF_DAY}", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    rf"(?:[a-z]{{3,9}},? )?([a-z]{{3,9}})\.? ([0-9]{{1,2}})(?:st|nd|rd|th)?,? ([0-9]{{4}}){_TIME_OF_DAY}",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    rf"([0-9]{{1,2}})(?:st|nd|rd|th)?[ -]([a-z]{{3,9}})\.?,?[ -]([0-9]{{4}}){_TIME_OF_DAY}", re.IGNORECASE
)
_SPREADSHEET_DAY = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_FIRST_YEAR, _LAST_YEAR = 1970, 2100


def day(value: str) -> date | None:
    """The calendar day of an ISO date or time, `1/24/2026 12:00 AM`, `December 12, 2022` or a spreadsheet
    number.

    A time of day and a zone are read over: sources write a day as its midnight. `24/1/2026` is None, since
    nobody can know what `2/1/2026` beside it would mean; so is a day before 1970 or after 2100.
    """
    cleaned = " ".join(value.split())
    if (found := _ISO_DAY.fullmatch(cleaned)) or (found := _COMPACT_DAY.fullmatch(cleaned)):
        return _calendar_day(int(found[1]), int(found[2]), int(found[3]))
    if found := _US_DAY.fullmatch(cleaned):
        year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
        return _calendar_day(year, int(found[1]), int(found[3]))
    if found := _MONTH_FIRST.fullmatch(cleaned):
        return _calendar_day(int(found[3]), _month(found[1]), int(found[2]))
    if found := _DAY_FIRST.fullmatch(cleaned):
        return _calendar_day(int(found[3]), _month(found[2]), int(found[1]))
    if found := _SPREADSHEET_DAY.fullmatch(cleaned):
        meant = _SPREADSHEET_EPOCH + timedelta(days=int(found[1]))
        return _calendar_day(meant.year, meant.month, meant.day)
    return None


def _month(word: str) -> int:
    """1 to 12 from the name of a month or its first three or more letters; 0 for another word."""
    named = [place for place, name in enumerate(_MONTHS, start=1) if name.startswith(word.lower())]
    return named[0] if len(named) == 1 else 0


def _calendar_day(year: int, month: int, day_of_month: int) -> date | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return date(year, month, day_of_month)
    except ValueError:
        return None
