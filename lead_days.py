"""A calendar day as ZoomInfo and people write it. The parser takes any text and never raises: None is no day.

`2/10/2025` is February 10 to one and October 2 to another: what it is, the other days of the same file tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

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
    rf"([0-9]{{1,2}})(?:st|nd|rd|th)?[ ./-] ?([a-z]{{3,9}})\.?,?[ ./-]([0-9]{{4}}|[0-9]{{2}}){_TIME_OF_DAY}",
    re.IGNORECASE,
)
_DOTTED = re.compile(
    rf"([0-9]{{1,2}})\. ?([0-9]{{1,2}})\. ?([0-9]{{4}}|[0-9]{{2}}){_TIME_OF_DAY}", re.IGNORECASE
)
_SPREADSHEET_DAY = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_FIRST_YEAR, _LAST_YEAR = 1970, 2100


class DayOrder(NamedTuple):
    """Whether the day comes first in days of numbers alone, with slashes or dashes and with dots; None where the file
    contradicts itself, so that only days that can be no other are read.
    """

    slashed: bool | None = False
    dotted: bool | None = True


USUAL = DayOrder()


_OVERWHELMING = 20  # so many days that say one thing to each that says the other: the other is a slip


class Days(NamedTuple):
    """How the days of a file are to be read. `sentence`: what was decided, empty where there was nothing to decide.
    `undecided`: some days could be another one and the other days of the file do not tell or contradict each other, so a
    person may say otherwise.
    """

    order: DayOrder
    sentence: str
    undecided: bool


NO_DAYS = Days(USUAL, "", False)  # of a file without days


def days_together(several: Sequence[Days]) -> Days:
    """Of several files as one, each read in its own order: all their sentences; none is NO_DAYS."""
    told = " ".join(days.sentence for days in several if days.sentence)
    return Days(several[0].order, told, any(days.undecided for days in several)) if several else NO_DAYS


class _Seen(NamedTuple):
    """How many cells say something, and one of them, if there is one."""

    cell: str = ""
    cells: int = 0

    def and_more(self, cell: str, times: int) -> _Seen:
        """With a cell more that stands there so many times."""
        return _Seen(self.cell or cell[:24], self.cells + times)


def read_order(cells: Iterable[str], *, day_first: bool | None = None) -> Days:
    """How the days in these cells, all of one file, are to be read; `day_first` is a person's word.

    One day that can only be read one way (`13/2/2025`) decides about all. Where days contradict each other, 20 to one decide,
    and those that say otherwise are no days; with fewer, only days that can be no other are read. Where none tells,
    slashes and dashes put the month first, as in the USA, dots the day. A person's word counts where days do not tell or
    contradict each other, and is never left without a sentence. No cells: nothing to decide.
    """
    # dotted? → day first, month first or either (None) → what was seen
    found: dict[bool, dict[bool | None, _Seen]] = {False: {}, True: {}}
    for cell, times in Counter(cells).items():
        cleaned = " ".join(cell.split())
        is_dotted = _DOTTED.fullmatch(cleaned) is not None
        if not is_dotted and not _US_DAY.fullmatch(cleaned):
            continue
        month_first, day_before = (day(cleaned, DayOrder(first, first)) for first in (False, True))
        if month_first != day_before:
            can_be = None if month_first and day_before else day_before is not None
            found[is_dotted][can_be] = found[is_dotted].get(can_be, _Seen()).and_more(cleaned, times)
    both = [_decide(found[dotted], dotted, day_first) for dotted in (False, True)]
    told = [sentence for _, sentence, _ in both if sentence]
    if day_first is not None and not told:
        told = [
            f"That the {_part(day_first)} comes first was said, but no day of the file can be read in two ways."
        ]
    return Days(DayOrder(both[0][0], both[1][0]), " ".join(told), any(asked for *_, asked in both))


def _part(day_first: bool) -> str:
    return "day" if day_first else "month"


def _decide(seen: dict[bool | None, _Seen], usual: bool, said: bool | None) -> tuple[bool | None, str, bool]:
    """Whether the day comes first, the sentence about it, and whether a person may say otherwise."""
    either = seen.get(None, _Seen()).cell
    first, later = seen.get(True, _Seen()), seen.get(False, _Seen())
    if first.cells and later.cells:
        both = f"Days stand in both orders ({first.cell} and {later.cell})"
        example = either or "2/10/2025"
        more, fewer = max(first.cells, later.cells), min(first.cells, later.cells)
        if said is None and more < _OVERWHELMING * fewer:
            return None, f"{both}, so one such as {example} cannot be told, and is not read.", True
        order = first.cells > later.cells if said is None else said
        why = f"comes first in {more:,} of {more + fewer:,}" if said is None else "was said to come first"
        lost = later.cell if order else first.cell
        sentence = f"{both}. The {_part(order)} {why}, so one such as {example} is {_read_as(example, order)}, and one such as {lost} is not read."
        return order, sentence, True
    if first.cells or later.cells:
        order = bool(first.cells)
        cell = (first if order else later).cell
        meant = f"{cell} can be nothing else than {_read_as(cell, order)}"
        if said is not None and said != order:
            sentence = f"That the {_part(said)} comes first was said, but {meant}, so the {_part(order)} was read first."
        elif said is not None:
            sentence = f"The {_part(order)} was read first, as was said and as {cell} tells."
        elif either and order != usual:
            sentence = f"{either} was read as {_read_as(either, order)}, since {cell} can be nothing else."
        else:
            sentence = ""
        return order, sentence, False
    order = usual if said is None else said
    if not either:
        return order, "", False
    why = "no other day of the file tells" if said is None else f"that the {_part(said)} comes first was said"
    return (
        order,
        f"{either} was read as {_read_as(either, order)}, not {_read_as(either, not order)}: {why}.",
        True,
    )


def expected_day(label: str, value: str, order: DayOrder = USUAL) -> str:
    """The sentence about a cell that is no day."""
    cleaned = " ".join(value.split())
    dotted = bool(_DOTTED.fullmatch(cleaned))
    both = [_read_as(cleaned, first) for first in (False, True)]
    if all(both) and (order.dotted if dotted else order.slashed) is None:
        return f"{label}, '{cleaned[:24]}', may be {both[0]} or {both[1]}. Write it as 2026-02-11."
    return f"{label} was expected as 2026-02-11, 2/11/2026 or 11-Feb-2026, but is '{cleaned[:40]}'."


def _read_as(cell: str, day_first: bool) -> str:
    """The day in words, read in this order; blank where it is none."""
    meant = day(cell, DayOrder(day_first, day_first))
    return f"{meant:%B} {meant.day}, {meant.year}" if meant else ""


def day(value: str, order: DayOrder = USUAL) -> date | None:
    """The calendar day of an ISO date or time, `1/24/2026 12:00 AM`, `December 12, 2022`, `24-Jan-26`, `24.1.2026` or a
    spreadsheet number.

    A time of day and a zone are read over: sources write a day as its midnight. `order` (see read_order) says whether the
    day comes first; `24/1/2026` is None where it does not, since nobody can know what `2/1/2026` beside it would mean. So
    is a day before 1970 or after 2100.
    """
    cleaned = " ".join(value.split())
    if (found := _ISO_DAY.fullmatch(cleaned)) or (found := _COMPACT_DAY.fullmatch(cleaned)):
        return _calendar_day(int(found[1]), int(found[2]), int(found[3]))
    if found := _US_DAY.fullmatch(cleaned):
        if int(found[1]) > 12 and found[2] == "-" and len(found[4]) == 2:
            return None  # 25-02-10 begins with its year
        return _ordered_day(int(found[1]), int(found[3]), _year(found[4]), order.slashed)
    if found := _DOTTED.fullmatch(cleaned):
        return _ordered_day(int(found[1]), int(found[2]), _year(found[3]), order.dotted)
    if found := _MONTH_FIRST.fullmatch(cleaned):
        return _calendar_day(int(found[3]), _month(found[1]), int(found[2]))
    if found := _DAY_FIRST.fullmatch(cleaned):
        return _calendar_day(_year(found[3]), _month(found[2]), int(found[1]))
    if found := _SPREADSHEET_DAY.fullmatch(cleaned):
        meant = _SPREADSHEET_EPOCH + timedelta(days=int(found[1]))
        return _calendar_day(meant.year, meant.month, meant.day)
    return None


def _ordered_day(one: int, two: int, year: int, day_first: bool | None) -> date | None:
    if day_first is None:  # only what can be nothing else, or is the same both ways
        if one <= 12 and two <= 12 and one != two:
            return None
        day_first = one > 12
    return _calendar_day(year, two, one) if day_first else _calendar_day(year, one, two)


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


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
