"""What the demo world plants: how likely each lead is to be delivered, and how well calibration finds that again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# Leads and deliveries by SIC as one call centre saw them; 4213, 4581 and 4731 are outside the filter.
REAL_RESULT = {
    "3599": (33, 3), "3999": (76, 4), "4213": (79, 15), "4581": (11, 3), "4731": (20, 4), "5511": (379, 30),
    "7011": (410, 28), "7991": (39, 4), "8051": (245, 18), "8059": (146, 18), "8062": (133, 6), "8211": (236, 14),
    "8221": (28, 2), "8322": (78, 3), "8331": (67, 7), "8361": (218, 38),
}  # fmt: skip
BASE_RATE = sum(won for _, won in REAL_RESULT.values()) / sum(leads for leads, _ in REAL_RESULT.values())
SIZE_RATES = {"50-100": 0.100, "101-500": 0.077, "501+": 0.010}
LARGE_SHARE = 0.04  # of the leads have 501 employees and more

# Effects on the log odds of a delivery. A strong signal helps, being near helps a little; the state does nothing.
SIGNAL_EFFECTS = {"High": 0.30, "Medium": 0.0, "Low": -0.35}
PROXIMITY_EFFECTS = {"0-5": 0.15, "5-10": 0.08, "10-25": 0.0, "25-50": -0.08, "50+": -0.15}
_MILE_ENDS = (5.0, 10.0, 25.0, 50.0)
_SIZE_ENDS = (100, 500)
_ORDER = {
    "employee_range": list(SIZE_RATES),
    "proximity": list(PROXIMITY_EFFECTS),
    "signal_strength": list(SIGNAL_EFFECTS),
}
_ENOUGH = 1e-9  # the planted marginals are met this closely when the counts allow it

FloatArray = npt.NDArray[np.float64]


def sic_rate(sic_code: str | None) -> float:
    """The planted rate of a SIC (0 to 1): the real one, and the base rate where none is known."""
    leads, deliveries = REAL_RESULT.get(sic_code or "", (0, 0))
    return deliveries / leads if leads else BASE_RATE


def size_bands(employees: npt.ArrayLike) -> list[str]:
    """`50-100`, `101-500` or `501+` per head count."""
    labels = list(SIZE_RATES)
    return [labels[place] for place in np.searchsorted(_SIZE_ENDS, np.asarray(employees), side="left")]


def mile_bands(miles: npt.ArrayLike) -> list[str | None]:
    """`0-5` to `50+` per distance, upper ends included; None where the distance is NaN."""
    distances = np.asarray(miles, dtype=float)
    labels = list(PROXIMITY_EFFECTS)
    places = np.searchsorted(_MILE_ENDS, distances, side="left")
    return [None if np.isnan(d) else labels[place] for d, place in zip(distances, places, strict=True)]


def size_counts(sic_codes: Sequence[str | None]) -> dict[str, int]:
    """How many of these leads have each size, so that the rates by SIC and those by size add up to the same total.

    One in 25 is large; the rest is split so that Σ leads × rate is the same both ways, as nearly as whole leads can.
    """
    total = len(sic_codes)
    deliveries = sum(sic_rate(code) for code in sic_codes)
    small_rate, middle_rate, large_rate = SIZE_RATES.values()
    large = round(total * LARGE_SHARE)
    small = (deliveries - large * large_rate - (total - large) * middle_rate) / (small_rate - middle_rate)
    small = min(max(round(small), 0), total - large)
    return dict(zip(SIZE_RATES, (small, total - large - small, large), strict=True))


def planted_chances(
    sic_codes: Sequence[str | None], sizes: Sequence[str], effects: npt.ArrayLike = 0.0
) -> FloatArray:
    """The chance of a delivery per lead (0 to 1): additive on the log odds, with the planted rates as marginals.

    `effects` are further log odds per lead. The parts of SIC and size are fitted in turns (iterative proportional
    fitting) until the mean chance of every SIC and every size is its planted rate; where the two contradict each
    other by a fraction of a lead, SIC wins. No lead gives an empty array.
    """
    if not len(sic_codes):
        return np.array([])
    further = np.broadcast_to(np.asarray(effects, dtype=float), (len(sic_codes),))
    groups = [_group(list(sizes), SIZE_RATES.__getitem__), _group(list(sic_codes), sic_rate)]
    parts = [np.zeros(len(targets)) for _, targets in groups]
    parts[1] += _log_odds(groups[1][1])
    for _ in range(200):
        moved = 0.0
        for (places, targets), part in zip(groups, parts, strict=True):
            chances = _chances(groups, parts, further)
            means = np.bincount(places, chances) / np.bincount(places)
            step = _log_odds(targets) - _log_odds(means)
            part += step
            moved = max(moved, float(np.abs(step).max()))
        if moved < _ENOUGH:
            break
    return _chances(groups, parts, further)


def planted_rates(leads: pd.DataFrame) -> pd.DataFrame:
    """One row per dimension and value: dimension, value, leads (int), rate (mean planted chance, 0 to 1).

    `leads` has sic_code, employee_range, state, proximity, signal_strength (text or missing) and chance. Leads
    without a value of a dimension do not count in it.
    """
    tables = []
    for dimension in ("sic_code", "employee_range", "state", "proximity", "signal_strength"):
        grouped = leads.dropna(subset=[dimension]).groupby(dimension, sort=True)["chance"]
        table = grouped.agg(leads="size", rate="mean").rename_axis("value").reset_index()
        if dimension in _ORDER:
            there = set(table["value"])
            order = [value for value in _ORDER[dimension] if value in there]
            table = table.set_index("value").loc[order].reset_index()
        tables.append(table.assign(dimension=dimension))
    rates = pd.concat(tables, ignore_index=True)[["dimension", "value", "leads", "rate"]]
    return rates.astype({"dimension": "str", "value": "str", "leads": "int64", "rate": "float64"})


def planted_beside_recovered(planted: pd.DataFrame, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """What was planted beside what a calibration found, for the values that both know.

    `planted` has dimension, value, rate; `rows` are those of a calibration (dimension, value, leads, deliveries,
    rate, low, high). One row per value in the order of `planted`: dimension, value, planted, leads, deliveries, rate,
    low, high (rates 0 to 1, missing without leads), inside (whether the interval holds the planted rate; missing
    without leads).
    """
    found = {(row["dimension"], row["value"]): row for row in rows}
    columns = ("leads", "deliveries", "rate", "low", "high")
    table = []
    for dimension, value, rate in planted[["dimension", "value", "rate"]].itertuples(index=False, name=None):
        row = found.get((dimension, value))
        if row is not None:
            known = bool(row["leads"])
            inside = bool(row["low"] <= rate <= row["high"]) if known else None
            told = {name: row[name] if known or name in ("leads", "deliveries") else None for name in columns}
            table.append({"dimension": dimension, "value": value, "planted": rate, **told, "inside": inside})
    beside = pd.DataFrame(table, columns=["dimension", "value", "planted", *columns, "inside"])
    return beside.astype(
        {"dimension": "str", "value": "str", "planted": "float64", "leads": "int64", "deliveries": "int64",
         "rate": "float64", "low": "float64", "high": "float64", "inside": "boolean"}
    )  # fmt: skip


def _group(keys: Sequence[Any], rate: Callable[[Any], float]) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """The place of each key among the keys there are, and the planted rate of each of these."""
    known = sorted(set(keys), key=str)
    place = {key: number for number, key in enumerate(known)}
    return np.array([place[key] for key in keys]), np.array([rate(key) for key in known])


def _chances(
    groups: Sequence[tuple[npt.NDArray[np.int64], FloatArray]],
    parts: Sequence[FloatArray],
    further: FloatArray,
) -> FloatArray:
    odds = further + sum(part[places] for (places, _), part in zip(groups, parts, strict=True))
    return np.asarray(1 / (1 + np.exp(-odds)))


def _log_odds(rates: FloatArray) -> FloatArray:
    return np.asarray(np.log(rates / (1 - rates)))
