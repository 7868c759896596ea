"""The ideal customer profile: config/icp.yaml as checked data, and what it says of a dimension's values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from errors import ConfigError, InputError
from icp_rules import DIMENSIONS, WORKFLOWS, icp_mistakes, with_text_codes
from strict_yaml import raise_mistakes, read_yaml

__all__ = [
    "DIMENSIONS",
    "WORKFLOWS",
    "Band",
    "Icp",
    "bands_in_force",
    "below_bands",
    "business_zone",
    "component_of",
    "default_score",
    "dimension_values",
    "dimensions",
    "in_filter",
    "parse_icp",
    "read_icp",
    "scores_in_force",
]

FILE_NAME = "icp.yaml"


class Band(NamedTuple):
    """One range of a banded dimension: `high` belongs to it (None: no end), `low` to the band below.

    The first band's `low` is its own lower end (or 0); whatever lies below it scores as the first band does, and is a value of
    its own where outcomes are counted (`below_bands`).
    """

    label: str
    low: float
    high: float | None
    score: int


@dataclass(frozen=True)
class Icp:
    """One state of icp.yaml: its text, the SHA-256 of its bytes, its checked data (SIC codes as text)."""

    text: str = field(repr=False, compare=False)
    sha256: str
    data: Mapping[str, Any] = field(repr=False, compare=False)


def parse_icp(text: str) -> Icp:
    """The profile in `text`. ConfigError lists every mistake at once, each with its key or line."""
    data, _ = read_yaml(text, FILE_NAME)
    data, mistakes = with_text_codes(data)
    raise_mistakes(FILE_NAME, mistakes + icp_mistakes(data))
    return Icp(text=text, sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(), data=data)


def read_icp(config_dir: Path) -> Icp:
    """The profile in `config_dir`/icp.yaml as it is on disk now, line ends kept.

    Reads the file every time, so a saved change counts at once. ConfigError when it is missing, not UTF-8 or
    wrong.
    """
    try:
        text = (config_dir / FILE_NAME).read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{FILE_NAME} was expected in the configuration folder '{config_dir.name}', but it is not there. "
            "Restore it, or point HADES_CONFIG_DIR to the folder that holds it."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{FILE_NAME} was expected to be UTF-8 text, but it is not. Save it as UTF-8."
        ) from error
    except OSError as error:
        raise ConfigError(f"{FILE_NAME} cannot be read ({error.strerror}). Mend its permissions.") from error
    return _parsed(text)


# The same text always means the same profile, so one parsing is enough; what is on disk is read each time.
_parsed = lru_cache(maxsize=16)(parse_icp)


def business_zone(icp: Icp) -> ZoneInfo:
    """The time zone that decides what "today" is."""
    return ZoneInfo(icp.data["business_timezone"])


def dimensions(icp: Icp) -> tuple[str, ...]:
    """The five of DIMENSIONS, then any further one that icp.yaml declares, in file order."""
    declared = [c["dimension"] for c in icp.data["components"].values() if "dimension" in c]
    return tuple(dict.fromkeys([*DIMENSIONS, *declared, *icp.data.get("report_only", {})]))


def component_of(icp: Icp, dimension: str) -> str | None:
    """The component that scores `dimension`; None for a report-only one, InputError for an unknown one."""
    for name, component in icp.data["components"].items():
        if component.get("dimension") == dimension:
            return str(name)
    if dimension not in dimensions(icp):
        raise InputError(
            f"'{dimension}' is no dimension of {FILE_NAME}. Use one of: {', '.join(dimensions(icp))}."
        )
    return None


def scores_in_force(icp: Icp, dimension: str) -> dict[str, int]:
    """Value → score in file order; {} for a report-only dimension. InputError for an unknown dimension."""
    name = component_of(icp, dimension)
    if name is None:
        return {}
    component = icp.data["components"][name]
    if "scores" in component:
        return dict(component["scores"])
    return {band["label"]: band["score"] for band in component["bands"]}


def default_score(icp: Icp, dimension: str) -> int | None:
    """What a value without its own score gets; None where there is no such rule."""
    name = component_of(icp, dimension)
    return icp.data["components"][name].get("default") if name else None


def bands_in_force(icp: Icp, dimension: str) -> tuple[Band, ...]:
    """The bands of a banded dimension from low to high; () for one with a score per value or none at all."""
    name = component_of(icp, dimension)
    return component_bands(icp.data["components"][name]) if name else ()


def component_bands(component: Mapping[str, Any]) -> tuple[Band, ...]:
    """The bands of one component of icp.yaml from low to high; () for one with a score per value."""
    bands, low = [], 0.0
    for band in component.get("bands", ()):
        low = band.get("min", low)
        bands.append(Band(band["label"], low, band.get("max"), band["score"]))
        low = band.get("max", low)
    return tuple(bands)


def band_places(bands: tuple[Band, ...], numbers: np.ndarray) -> np.ndarray:
    """The place of each number's band, from 0; len(bands) beyond a last band with an end, -1 for NaN."""
    ends = np.array([np.inf if band.high is None else band.high for band in bands])
    places = np.searchsorted(ends, numbers, side="left")
    places[np.isnan(numbers)] = -1
    return places


def below_bands(icp: Icp, dimension: str) -> str | None:
    """`under 50`: the value of a number below the first band of a dimension; None where nothing lies below it.

    It is nobody's score: such leads are left out by the filter, or, let in, score as the first band does.
    """
    return _below(bands_in_force(icp, dimension))


def _below(bands: tuple[Band, ...]) -> str | None:
    return f"under {bands[0].low:g}" if bands and bands[0].low > 0 else None


def dimension_values(icp: Icp, dimension: str, leads: pd.DataFrame) -> pd.Series:
    """The value of `dimension` per lead: text, same index as `leads`, missing where the lead's column is.

    Read from the column that icp.yaml names: sic_code, employee_count, state, distance_miles, signal_strength
    or a further one; all missing where `leads` has no such column. Numbers become the label of their band, or
    `below_bands`.
    InputError for an unknown dimension.
    """
    column, bands = _column_of(icp, dimension)
    if bands or column not in leads:
        return dimension_categories(icp, dimension, leads).astype("str")
    words: pd.Series = leads[column].astype("str")
    return words.rename(dimension)


def dimension_categories(icp: Icp, dimension: str, leads: pd.DataFrame) -> pd.Series:
    """As `dimension_values`, as categories: those that occur, in the order of text. A column of such categories is taken
    as it is.
    """
    column, bands = _column_of(icp, dimension)
    if column not in leads:
        nothing: list[str] = []
        found = pd.Categorical.from_codes(np.full(len(leads), -1), pd.Index(nothing, dtype="str"))
        return pd.Series(found, index=leads.index, name=dimension)
    if not bands:
        words = leads[column]
        if not isinstance(words.dtype, pd.CategoricalDtype):
            words = words.astype("str").astype("category")
        return words.rename(dimension)
    numbers = leads[column].to_numpy(dtype="float64", na_value=np.nan)
    places = band_places(bands, numbers)
    places[places == len(bands)] = -1
    names = [band.label for band in bands]
    if below := _below(bands):
        places[numbers < bands[0].low] = len(names)
        names.append(below)
    seen = np.bincount(places + 1, minlength=len(names) + 1)[1:] > 0
    order = [at for at in sorted(range(len(names)), key=names.__getitem__) if seen[at]]
    codes = np.full(len(names) + 1, -1, dtype=np.int8)  # the last: missing
    codes[order] = np.arange(len(order))
    labels = pd.Index([names[at] for at in order], dtype="str")
    return pd.Series(pd.Categorical.from_codes(codes[places], labels), index=leads.index, name=dimension)


def _column_of(icp: Icp, dimension: str) -> tuple[str, tuple[Band, ...]]:
    """The column that a dimension is read from, and its bands; InputError for an unknown dimension."""
    name = component_of(icp, dimension)
    component = icp.data["components"][name] if name else {"column": icp.data["report_only"][dimension]}
    return component["column"], component_bands(component)


def in_filter(icp: Icp, dimension: str, value: str) -> bool:
    """Whether leads with this value pass the hard filters: a SIC code must be in the list, all else may."""
    return dimension != "sic_code" or value in icp.data["hard_filters"]["sic_codes"]
