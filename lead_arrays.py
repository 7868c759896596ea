"""The columns of leads as NumPy arrays, and sentences about single leads as arrays of codes.

A million leads are scored by whole columns: each column is turned into an array once, each sentence is
written once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from icp import Band, band_places


@dataclass
class LeadArrays:
    """The columns of the leads as NumPy arrays, each made once; `numbers` may begin with worked-out ones."""

    leads: pd.DataFrame
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    coded: dict[str, tuple[np.ndarray, list[str]]] = field(default_factory=dict)
    placed: dict[tuple[str, tuple[Band, ...]], np.ndarray] = field(default_factory=dict)

    def number(self, name: str) -> np.ndarray:
        """The column as floats, NaN where missing; all missing where there is no such column."""
        if name not in self.numbers:
            self.numbers[name] = number_array(self.leads, name)
        return self.numbers[name]

    def codes(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A code per lead into the list of values that occur; -1 for a missing value."""
        if name not in self.coded:
            if name in self.leads:
                codes, values = pd.factorize(self.leads[name])
                self.coded[name] = codes, [str(value) for value in values]
            else:
                self.coded[name] = np.full(len(self.leads), -1), []
        return self.coded[name]

    def places(self, name: str, bands: tuple[Band, ...]) -> np.ndarray:
        """The band of each lead's number, as icp.band_places gives it."""
        if (name, bands) not in self.placed:
            self.placed[name, bands] = band_places(bands, self.number(name))
        return self.placed[name, bands]


@dataclass
class LeadNotes:
    """Sentences about single leads, kept as columns of codes until the end."""

    size: int
    flags: dict[str, np.ndarray] = field(default_factory=dict)
    reasons: dict[str, np.ndarray] = field(default_factory=dict)

    def flag(self, sentence: str, rows: np.ndarray) -> None:
        """Something a person should know about these leads."""
        if rows.any():
            self.flags[sentence] = self.flags.get(sentence, False) | rows

    def exclude(self, sentence: str, rows: np.ndarray) -> None:
        """Why these leads are left out; the first reason given for a lead stands."""
        if rows.any():
            self.reasons[sentence] = self.reasons.get(sentence, False) | rows

    def excluded(self) -> tuple[np.ndarray, Any]:
        """Which leads are left out, and the sentence for each (missing for the others)."""
        codes = np.full(self.size, -1)
        for place, rows in reversed(list(enumerate(self.reasons.values()))):
            codes[rows] = place
        return codes >= 0, text_column(list(self.reasons), codes)

    def flagged(self) -> Any:
        """The flags of each lead joined by "; ", missing where there is none."""
        if not self.flags:
            return text_column([], np.full(self.size, -1))
        bits = np.zeros(self.size, dtype="int32")
        for place, rows in enumerate(self.flags.values()):
            bits[rows] |= 1 << place
        codes, present = pd.factorize(bits)
        sentences = list(self.flags)
        joined = ["; ".join(s for place, s in enumerate(sentences) if bit >> place & 1) for bit in present]
        codes[bits == 0] = -1
        return text_column(joined, codes)


def number_array(leads: pd.DataFrame, column: str) -> np.ndarray:
    """The column as floats, NaN where missing; all missing where there is no such column."""
    if column not in leads:
        return np.full(len(leads), np.nan)
    return np.asarray(leads[column].to_numpy(dtype="float64", na_value=np.nan))


def text_column(words: Sequence[str], codes: np.ndarray) -> Any:
    """The word of each code as a text column, missing for -1."""
    return pd.array([*words], dtype="str").take(codes, allow_fill=True)


def whole_column(numbers: np.ndarray, missing: np.ndarray) -> Any:
    """Whole numbers as a column that may have missing values."""
    return pd.arrays.IntegerArray(np.where(missing, 0, numbers).astype("int64"), missing)


def text_array(values: pd.Series, say: Callable[[Any], str] = str) -> pa.Array:
    """The values in words, missing where they are; `say` is asked once per different value."""
    if isinstance(values.dtype, pd.StringDtype) and say is str:
        words = pa.array(values.array, from_pandas=True)
        whole = words.combine_chunks() if isinstance(words, pa.ChunkedArray) else words
        return whole.cast(pa.large_string())
    codes, known = pd.factorize(values)
    said = pa.array([say(value) for value in pd.Series(known).tolist()], pa.large_string())
    return said.take(pa.array(codes, mask=codes < 0))


def digits(numbers: pd.Series) -> pd.Series:
    """The digits of each number, missing where there is none."""
    found = text_array(numbers.astype("str"))
    for sign in "() -":  # as lead_values.phone writes a number
        found = pc.replace_substring(found, sign, "")
    if not pc.all(pc.ascii_is_decimal(found)).as_py():
        found = pc.replace_substring_regex(found, "[^0-9]", "")
    return pd.Series(pd.array(found, dtype="str"), index=numbers.index, name=numbers.name)


def joined(parts: Sequence[pd.Series], by: str) -> pd.Series:
    """What there is of the parts of each lead, one behind the other; missing where there is none of them."""
    words = [text_array(part) for part in parts]
    none = pc.is_null(pc.coalesce(*words))  # pyarrow 26 drops such rows from what it joins
    words[0] = pc.if_else(none, "", words[0]).cast(pa.large_string())
    found = pc.binary_join_element_wise(*words, pa.scalar(by, pa.large_string()), null_handling="skip")
    found = pc.if_else(none, pa.scalar(None, pa.large_string()), found)
    return pd.Series(pd.array(found, dtype="str"), index=parts[0].index)
