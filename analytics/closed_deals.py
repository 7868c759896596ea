"""Closed deals as arrays in order of closing, so that a window is a slice and a count is one pass."""

from __future__ import annotations

from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1 January 1970."""
    return (day - _EPOCH).days


class ClosedDeals:
    """The closed deals of a frame as the deal store gives it, by closing day and then by deal_id.

    day: closing day as a day number (int64); won (bool); took: days from creation to close (int64). Deals
    without a closing day are left out.
    """

    def __init__(self, deals: pd.DataFrame) -> None:
        closed = deals[deals["closed_on"].notna()]
        days = _day_numbers(closed["closed_on"])
        order = np.lexsort((closed["deal_id"].to_numpy(dtype=str), days)) if len(closed) else slice(None)
        self._deals = closed.iloc[order]
        self.day = days[order]
        self.won = (self._deals["outcome"] == "won").to_numpy(dtype=bool)
        self.took = self.day - _day_numbers(self._deals["created_on"])
        self._coded: dict[str, tuple[list[str], npt.NDArray[np.intp]]] = {}

    @cached_property
    def won_before(self) -> npt.NDArray[np.int64]:
        """How many of the deals before each place were won; one place more than there are deals."""
        return np.concatenate([[0], np.cumsum(self.won, dtype=np.int64)])

    def between(self, after: date | int, until: date | int) -> slice:
        """The deals closed after the one day and until the other one."""
        ends = [d if isinstance(d, int) else day_number(d) for d in (after, until)]
        first, last = np.searchsorted(self.day, ends, side="right")
        return slice(int(first), int(last))

    def coded(self, field: str) -> tuple[list[str], npt.NDArray[np.intp]]:
        """(labels by name, place of each deal's label, −1 where it has none)."""
        if field not in self._coded:
            codes, labels = pd.factorize(self._deals[field], sort=True)
            self._coded[field] = [str(label) for label in labels], codes
        return self._coded[field]

    def counts(self, part: slice, field: str | None) -> dict[str, tuple[int, int]]:
        """Label → (won, closed) by name; one label "" for all without a field; labels without a deal are left out."""
        if field is None:
            closed = part.stop - part.start
            return (
                {"": (int(self.won_before[part.stop] - self.won_before[part.start]), closed)}
                if closed
                else {}
            )
        labels, codes = self.coded(field)
        own = codes[part]
        known = own >= 0
        n = np.bincount(own[known], minlength=len(labels))
        k = np.bincount(own[known & self.won[part]], minlength=len(labels))
        return {label: (int(k[at]), int(n[at])) for at, label in enumerate(labels) if n[at]}


def _day_numbers(days: pd.Series) -> npt.NDArray[np.int64]:
    return days.to_numpy(dtype="datetime64[D]").astype(np.int64)
