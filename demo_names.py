"""The invented people, companies, places and phone numbers of the demo world.

Company names are coined words (Brambleford, Quillhaven) with what such a site would be called; none is a real firm.
Addresses are under example.com, phone numbers are 555-01xx: both are reserved for fiction. ZIPs, cities and states
are real, so that distances are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd

_STARTS = (
    "Bramble", "Tallow", "Quill", "Marl", "Fenwick", "Alder", "Copper", "Lark", "Thistle", "Hollow", "Wren", "Saddle",
    "Juniper", "Pebble", "Otter", "Marrow", "Silver", "Cinder", "Plover", "Rowan", "Sorrel", "Hawk", "Linden", "Cobble",
    "Drift", "Ember", "Falcon", "Garnet", "Heather", "Ivory", "Kestrel", "Lantern", "Meadow", "Nettle", "Orchard",
    "Prairie", "Raven", "Sable", "Timber", "Umber", "Velvet", "Willow",
)  # fmt: skip
_SAMPLE_STARTS = (
    "Yarrow",
    "Zephyr",
    "Basil",
    "Clover",
    "Damson",
    "Elder",
)  # uploads never meet the year's companies
_ENDS = (
    "ford", "mere", "haven", "stead", "wick", "brook", "dale", "field", "gate", "holm", "hurst", "leigh", "low", "march",
    "minster", "moor", "ness", "side", "spring", "thorpe", "vale", "water", "worth", "bury", "combe", "croft",
)  # fmt: skip


class Trade(NamedTuple):
    """How sites of one SIC are called, and what ZoomInfo calls their industry."""

    industry: str
    kinds: tuple[str, ...]
    titles: tuple[str, ...]
    is_firm: bool = True  # may carry Inc. or LLC


_PLANT = ("Plant Manager", "Operations Manager", "HR Manager", "Facilities Manager")
_HOUSE = ("General Manager", "Assistant General Manager", "Operations Manager", "Owner")
_CARE = ("Administrator", "Executive Director", "Director of Operations", "Facilities Director")
_SCHOOL = ("Principal", "Business Manager", "Director of Facilities", "Superintendent")
_OFFICE = ("Facility Administrator", "Deputy Director", "Support Services Manager", "Captain")

TRADES: dict[str, Trade] = {
    "3531": Trade(
        "Construction Machinery", ("{} Earthmovers", "{} Crane Works", "{} Heavy Equipment"), _PLANT
    ),
    "3599": Trade(
        "Industrial Machinery", ("{} Machine Works", "{} Precision Machining", "{} Tool & Machine"), _PLANT
    ),
    "3999": Trade("Manufacturing", ("{} Manufacturing", "{} Products", "{} Works & Supply"), _PLANT),
    "4213": Trade("Trucking", ("{} Freight Lines", "{} Trucking", "{} Haulage & Sons"), _PLANT),
    "4225": Trade("General Warehousing & Storage", ("{} Warehousing", "{} Storage & Distribution"), _PLANT),
    "4231": Trade("Freight Terminals", ("{} Truck Terminal", "{} Freight Terminal"), _PLANT),
    "4581": Trade("Airport Services", ("{} Aviation Services", "{} Airfield Services"), _PLANT),
    "4731": Trade("Freight Arrangement", ("{} Freight Brokers", "{} Forwarding & Customs"), _PLANT),
    "5511": Trade(
        "Automobile Dealers", ("{} Motors", "{} Auto Group", "{} Auto Mall", "{} Cars & Trucks"), _HOUSE
    ),
    "7011": Trade(
        "Hotels & Motels", ("{} Inn", "{} Hotel", "{} Inn & Suites", "{} Lodge", "Hotel {}"), _HOUSE
    ),
    "7021": Trade("Rooming & Boarding", ("{} House", "{} Residence Hall"), _HOUSE),
    "7033": Trade("RV Parks & Campsites", ("{} RV Park", "{} Campground"), _HOUSE),
    "7359": Trade(
        "Equipment Rental", ("{} Equipment Rental", "{} Rentals & Leasing", "{} Tool Rental"), _HOUSE
    ),
    "7991": Trade("Gyms & Fitness Centers", ("{} Fitness", "{} Athletic Club", "{} Gym & Wellness"), _HOUSE),
    "8051": Trade(
        "Skilled Nursing Facilities", ("{} Skilled Nursing", "{} Health & Rehab", "{} Nursing Center"), _CARE
    ),
    "8059": Trade(
        "Nursing & Personal Care", ("{} Nursing Home", "{} Care Home", "{} Convalescent Center"), _CARE
    ),
    "8062": Trade(
        "Hospitals", ("{} General Hospital", "{} Medical Center", "{} Community Hospital"), _CARE, False
    ),
    "8211": Trade(
        "K-12 Schools",
        ("{} Elementary School", "{} High School", "{} Academy", "{} Middle School"),
        _SCHOOL,
        False,
    ),
    "8221": Trade(
        "Colleges & Universities", ("{} College", "{} State College", "University of {}"), _SCHOOL, False
    ),
    "8322": Trade("Family Services", ("{} Family Services", "{} Youth & Family Center"), _CARE, False),
    "8331": Trade("Job Training", ("{} Job Training", "{} Career Institute", "{} Workforce Center"), _CARE),
    "8361": Trade(
        "Residential Care",
        ("{} Residential Care", "{} Assisted Living", "{} Senior Living", "{} Manor"),
        _CARE,
    ),
    "9223": Trade(
        "Correctional Facilities", ("{} Correctional Institution", "{} Detention Center"), _OFFICE, False
    ),
    "9229": Trade("Public Safety", ("{} Public Safety Center", "{} Emergency Dispatch"), _OFFICE, False),
    "9711": Trade("National Security", ("{} Armory", "{} Air Base Services"), _OFFICE, False),
}
_OTHER = Trade("Business Services", ("{} Services", "{} Group", "{} Associates"), _HOUSE)

FIRST_NAMES = (
    "Ana", "Ben", "Carla", "Dario", "Edith", "Felix", "Gloria", "Hugo", "Irene", "Jonas", "Karen", "Luis", "Maya",
    "Nolan", "Olga", "Pedro", "Quinn", "Rosa", "Simon", "Tessa", "Uma", "Victor", "Wanda", "Xavier", "Yara", "Zane",
    "Priya", "Marcus", "Helen", "Andre", "Bianca", "Curtis", "Delia", "Ernest", "Fatima", "Grant", "Hana", "Isaac",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Barlow", "Castillo", "Dunn", "Ellery", "Farrow", "Gupta", "Hale", "Iverson", "Jacobs", "Keller", "Lopez",
    "Mercer", "Nguyen", "Okafor", "Patel", "Quigley", "Ramirez", "Schultz", "Tran", "Underhill", "Vance", "Whitlock",
    "Xiong", "Yates", "Zamora", "O'Brien", "St. Clair", "de la Cruz", "Ferrand", "Grady", "Hollis", "Ingram", "Jarvis",
)  # fmt: skip
STREETS = (
    "Main Street",
    "Mill Road",
    "Station Avenue",
    "Commerce Drive",
    "Lakeview Boulevard",
    "Industrial Parkway",
)
TOPICS = ("Vending Machines", "Micro Markets", "Office Coffee Service", "Breakroom Services")


class CompanyNames:
    """Company names that are given out once: `take("7011")` → `Brambleford Inn & Suites LLC`."""

    def __init__(self, rng: np.random.Generator, *, sample: bool = False) -> None:
        self._rng = rng
        self._words = [start + end for start in (_SAMPLE_STARTS if sample else _STARTS) for end in _ENDS]
        self._left: dict[str, list[str]] = {}

    def take(self, sic_code: str | None) -> str:
        """A name that no earlier call gave, also when spelling and legal form are left aside."""
        trade = TRADES.get(sic_code or "", _OTHER)
        left = self._left.get(trade.industry)
        if left is None:
            names = [kind.format(word) for kind in trade.kinds for word in self._words]
            left = [names[place] for place in self._rng.permutation(len(names))]
            self._left[trade.industry] = left
        name = left.pop()
        if trade.is_firm:
            name += ("", "", "", "", "", "", ", Inc.", " LLC", " Inc", " Co.")[self._rng.integers(10)]
        return name


class PhoneNumbers:
    """Ten-digit numbers that are given out once, all of them 555-01xx; `lines` are the last two digits to use."""

    def __init__(self, rng: np.random.Generator, lines: range) -> None:
        self._rng, self._lines = rng, lines
        self._left: dict[str, list[str]] = {}

    def take(self, area_codes: tuple[str, ...]) -> str:
        """A number of one of these area codes, or of any other when they are used up."""
        known = all_area_codes()
        start = int(self._rng.integers(len(known)))
        for code in (*self._rng.permutation(area_codes), *known[start:], *known[:start]):
            left = self._left.get(code)
            if left is None:
                left = [f"{code}55501{line:02d}" for line in self._rng.permutation(self._lines)]
                self._left[code] = left
            if left:
                return left.pop()
        raise AssertionError(
            "every number of every area code is used up"
        )  # 300 codes; the demo takes a third


def trade_of(sic_code: str | None) -> Trade:
    """The trade of a SIC; a general one where the demo has none of its own."""
    return TRADES.get(sic_code or "", _OTHER)


def web_name(company_name: str) -> str:
    """`brambleford-inn-suites.example.com`."""
    return "-".join(re.findall(r"[a-z0-9]+", company_name.lower().replace("'", ""))) + ".example.com"


@lru_cache(maxsize=1)
def places() -> pd.DataFrame:
    """The ZIP codes that people live and work at: zip_code (index too), city, state, area_codes (tuple of text).

    From the package zipcodes; read once per process.
    """
    import zipcodes

    rows = [
        (place["zip_code"], place["city"], place["state"], tuple(place["area_codes"]))
        for place in zipcodes.filter_by()
        if place["zip_code_type"] == "STANDARD"
        and place["active"]
        and place["area_codes"]
        and place["state"] not in {"PR", "VI", "GU", "AS", "MP"}
        and float(place["lat"] or 0)
    ]
    frame = pd.DataFrame(rows, columns=["zip_code", "city", "state", "area_codes"]).drop_duplicates(
        "zip_code"
    )
    return frame.sort_values("zip_code", ignore_index=True)


@lru_cache(maxsize=1)
def all_area_codes() -> tuple[str, ...]:
    """Every area code of `places`, in order."""
    return tuple(sorted({code for codes in places()["area_codes"] for code in codes}))
