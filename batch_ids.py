"""The ID of a batch: how it is written, and how it is read back out of whatever people and programs made of it."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

_BETWEEN = r"[\s_./:#\-]{0,4}"
_BATCH_ID = re.compile(
    rf"(?<![A-Za-z0-9])hades{_BETWEEN}([0-9]{{8}}){_BETWEEN}([0-9]{{3,}})(?![A-Za-z0-9])", re.IGNORECASE
)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))  # editors turn a hyphen into a dash


def batch_id(day: date, number: int) -> str:
    """`HADES-20260211-001`; the number has at least three digits and may have more."""
    return f"HADES-{day:%Y%m%d}-{number:03d}"


def batch_day(batch_id: str) -> str:
    """`2026-02-11` of HADES-20260211-001: the day on which the batch came to be, where the business is."""
    day = batch_id.split("-")[1]
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def read_batch_ids(text: str) -> list[str]:
    """All batch IDs in a text, in order, each once, as `HADES-20260211-001`.

    Case, blanks, underscores and other separators are read over; the ID may stand inside a sentence. The number's
    digits are taken as they are, so -0010 never becomes -001; a day that is none in the calendar is no ID.
    """
    found = []
    for day, number in _BATCH_ID.findall(folded(text)):
        try:
            datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 - only the calendar is asked
        except ValueError:
            continue
        found.append(f"HADES-{day}-{number}")
    return list(dict.fromkeys(found))


def find_batch_id(text: str) -> str | None:
    """The first batch ID in a text, as `read_batch_ids` reads it; None when there is none."""
    return next(iter(read_batch_ids(text)), None)


def folded(text: str) -> str:
    """The text with one way of writing what looks the same: full-width letters, dashes."""
    return unicodedata.normalize("NFKC", text).translate(_DASHES)
