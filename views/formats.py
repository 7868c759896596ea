"""How pages say numbers, days and what stands in the data; a dash where nothing is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from analytics.signed_numbers import signed


def plain(text: str) -> str:
    """The text with Markdown's signs taken literally: data is shown, never rendered."""
    return "".join("\\" + sign if sign in "\\`*_{}[]()<>#|!~$:+-" else sign for sign in text)


def blank(value: Any) -> str:
    """The value as text; nothing at all where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)


def percent(rate: float | None, digits: int = 1) -> str:
    """`9.0 %`, or a dash."""
    return "–" if rate is None or pd.isna(rate) else f"{100 * rate:.{digits}f} %"


def decimal(number: float | None, digits: int) -> str:
    """`0.602`, or a dash."""
    return "–" if number is None or pd.isna(number) else f"{number:.{digits}f}"


def difference(number: float, digits: int, against: str, *, is_error: bool = False) -> dict[str, Any]:
    """What st.metric takes to say `+0.012 to the weights`: delta, with colour and arrow by the number, as Streamlit knows
    only the hyphen for minus; `is_error`: less is better. What rounds to nothing has neither.
    """
    way = round(number, digits)
    colour = "gray" if way == 0 else "green" if (way > 0) is not is_error else "red"
    return {
        "delta": f"{signed(number, digits)} {against}",
        "delta_color": colour,
        "delta_arrow": "off" if way == 0 else "up" if way > 0 else "down",
    }


def interval(low: float | None, high: float | None) -> str:
    """`7.8–10.3 %`, or a dash."""
    return "–" if low is None or high is None or pd.isna(low) else f"{100 * low:.1f}–{100 * high:.1f} %"


def many(number: int, one: str, more: str | None = None) -> str:
    """`1 batch`, `12 batches`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def count(number: float | None) -> str:
    """`2,198`, or a dash."""
    return "–" if number is None or pd.isna(number) else f"{int(number):,}"


def day(text: Any) -> str:
    """`11 Feb 2026` from an ISO timestamp, or a dash."""
    if text is None or pd.isna(text):
        return "–"
    return f"{pd.Timestamp(text):%d %b %Y}".lstrip("0")


def age(text: str | None, now: datetime) -> str:
    """`3 hours ago` from an ISO timestamp; `never` without one."""
    if text is None or pd.isna(text):
        return "never"
    seconds = (now - pd.Timestamp(text).to_pydatetime()).total_seconds()
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"
