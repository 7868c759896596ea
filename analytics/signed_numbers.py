"""A difference as people write it: with its sign, and the sign for minus."""

from __future__ import annotations

import math


def signed(number: float | None, digits: int) -> str:
    """`+0.8`, `−1.2`, `0.0`, or a dash; with the sign for minus, not the hyphen, and none for what rounds to nothing."""
    if number is None or math.isnan(number):
        return "–"
    told = f"{number:+,.{digits}f}"
    return told.replace("-", "−") if told.strip("+-0.") else told[1:]
