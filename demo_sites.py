"""The sites of the demo world: which industry, how many people, where, and how strong their interest is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from demo_names import CompanyNames, places
from demo_rates import REAL_RESULT, size_counts
from geo import miles_from

SAMPLE_CENTER_ZIP = "02139"  # where the geography sample lies: ZIP codes with a leading zero
OPERATORS = (  # ZIP, business, team
    ("75201", "Copperline Refreshments", "South"), ("43215", "Bucket Brook Vending", "North"),
    ("30303", "Peachgrove Snacks", "South"), ("33602", "Baywater Vending", "South"),
    ("28202", "Longleaf Markets", "South"), ("60607", "Lakeshore Coin & Snack", "North"),
    (SAMPLE_CENTER_ZIP, "Harborlight Vending", "North"), ("19103", "Keystone Row Refreshments", "North"),
    ("37203", "Cumber Hollow Vending", "South"), ("85004", "Saguaro Street Snacks", "West"),
    ("80202", "Foothill Micro Markets", "West"), ("64106", "Plainsong Vending", "West"),
)  # fmt: skip

# How many leads each SIC has that the real result does not know; None is a lead without a SIC.
FURTHER_LEADS: dict[str | None, int] = {
    "3531": 60, "4225": 300, "4231": 130, "7021": 40, "7033": 55, "7359": 110, "9223": 95, "9229": 60, "9711": 50,
    None: 102,
}  # fmt: skip
_OUT_OF_FILTER = {"4213", "4581", "4731"}
_OFTEN_LARGE = {"8062", "8221", "9223", "9711"}
_SIGNALS = ((90, 101), (75, 90), (60, 75))  # High, Medium, Low
_SIGNAL_SHARES = (0.30, 0.45, 0.25)
_MILES = ((-1.0, 5.0), (5.0, 10.0), (10.0, 25.0), (25.0, 50.0), (50.0, 140.0))
_MILE_SHARES = {
    "intent": (0.12, 0.16, 0.22, 0.22, 0.28),
    25.0: (0.25, 0.30, 0.45),
    50.0: (0.12, 0.18, 0.30, 0.40),
}


@dataclass(frozen=True)
class SitePlan:
    """Which sites one list holds: those of batch `number`, drawn on `day`; without a centre from all the country."""

    number: int
    day: date
    workflow: str
    center_zip: str | None
    radius_miles: float


def draw_sites(
    rng: np.random.Generator, names: CompanyNames, plan: SitePlan, size: int, *, first_id: int
) -> list[dict[str, Any]]:
    """`size` companies as demo_sheets.contact_rows takes them, all inside the filters, the radius and the age of a
    signal.

    Each has batch, exported_on, company_id, company_name, sic_code, employees, zip_code, city, state, area_codes,
    miles (from the centre, NaN without one); for intent also intent_score and signal_date.
    """
    weights = {sic: leads for sic, (leads, _) in REAL_RESULT.items()} | FURTHER_LEADS
    known = [sic for sic in weights if sic and sic not in _OUT_OF_FILTER]
    shares = np.array([weights[sic] for sic in known], dtype=float)
    codes = [known[place] for place in rng.choice(len(known), size, p=shares / shares.sum())]
    where = _around(rng, plan, size).to_dict("records")
    sites = []
    for place, (code, employees) in enumerate(zip(codes, draw_employees(rng, codes), strict=True)):
        site: dict[str, Any] = {
            **{str(key): value for key, value in where[place].items()},
            "batch": plan.number,
            "exported_on": plan.day,
            "company_id": first_id + place,
            "company_name": names.take(code),
            "sic_code": code,
            "employees": int(employees),
        }
        if plan.workflow == "intent":
            low, high = _SIGNALS[rng.choice(len(_SIGNALS), p=_SIGNAL_SHARES)]
            site["intent_score"] = int(rng.integers(low, high))
            site["signal_date"] = plan.day - timedelta(days=int(rng.integers(0, 14)))
        sites.append(site)
    return sites


def draw_employees(rng: np.random.Generator, sic_codes: Sequence[str | None]) -> npt.NDArray[np.int64]:
    """A head count per lead, 50 to 4,800, in the sizes of demo_rates.size_counts; hospitals and their like are large
    more often.
    """
    counts = size_counts(sic_codes)
    weight = np.array([6.0 if code in _OFTEN_LARGE else 1.0 for code in sic_codes])
    # Sampling without replacement by weight: the largest u^(1/w) (Efraimidis and Spirakis 2006).
    order = np.argsort(-(rng.random(len(sic_codes)) ** (1 / weight)), kind="stable")
    large = order[: counts["501+"]]
    middle = order[counts["501+"] : counts["501+"] + counts["101-500"]]
    employees = rng.integers(50, 101, len(sic_codes))
    employees[middle] = np.minimum(101 + rng.gamma(1.3, 110.0, len(middle)), 500).astype("int64")
    employees[large] = np.minimum(501 + rng.gamma(1.2, 700.0, len(large)), 4800).astype("int64")
    return employees


def draw_places(rng: np.random.Generator, size: int) -> pd.DataFrame:
    """`size` rows of demo_names.places: three in four within 60 miles of an operator, the others anywhere."""
    known = places()
    near, anywhere = rng.choice(_near_an_operator(), size), rng.integers(0, len(known), size)
    return known.iloc[np.where(rng.random(size) < 0.75, near, anywhere)].reset_index(drop=True)


def draw_far_place(rng: np.random.Generator, center_zip: str) -> dict[str, Any]:
    """A place 60 to 200 miles from the centre: outside every radius of the demo."""
    miles = _miles_from(center_zip)
    place = places().iloc[int(rng.choice(np.flatnonzero((miles > 60) & (miles < 200))))]
    return {str(key): value for key, value in place.to_dict().items()}


def _around(rng: np.random.Generator, plan: SitePlan, size: int) -> pd.DataFrame:
    if plan.center_zip is None:
        return draw_places(rng, size).assign(miles=np.nan)
    known, miles = places(), _miles_from(plan.center_zip)
    shares = _MILE_SHARES["intent" if plan.workflow == "intent" else plan.radius_miles]
    inside = [np.flatnonzero((miles > low) & (miles <= high)) for low, high in _MILES]
    chosen = [int(rng.choice(inside[band])) for band in rng.choice(len(shares), size, p=shares)]
    return known.iloc[chosen].reset_index(drop=True).assign(miles=miles[chosen])


@lru_cache(maxsize=1)
def _near_an_operator() -> npt.NDArray[np.int64]:
    return np.unique(np.concatenate([np.flatnonzero(_miles_from(row[0]) <= 60) for row in OPERATORS]))


@lru_cache(maxsize=32)
def _miles_from(center_zip: str) -> npt.NDArray[np.float64]:
    return miles_from(center_zip, places()["zip_code"]).to_numpy()
