"""What may travel into SQL, and how: the same values for the local file and for the server."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

Value = Any  # None, int, float, str, bytes after conversion

_INT64 = range(-(2**63), 2**63)


def to_sql(value: Any) -> None | int | float | str | bytes:
    """`value` as SQLite stores it.

    None, NaN, NA and NaT → NULL; bool → 0 or 1; NumPy scalars → their Python value; an aware datetime → ISO text in
    UTC (2026-02-11T15:30:00Z), a naive one is taken as UTC; a date → 2026-02-11. TypeError for anything else,
    OverflowError for an integer beyond 64 bits or an infinite float; neither message quotes the value.
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | bytes):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        if value not in _INT64:
            raise OverflowError("A whole number beyond 64 bits cannot be stored.")
        return value
    if isinstance(value, float):
        if math.isinf(value):
            raise OverflowError("An infinite number cannot be stored.")
        return None if math.isnan(value) else value
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(
        f"A value of type {type(value).__name__} cannot be stored; expected None, bool, int, float, str, bytes, "
        "date or datetime."
    )
