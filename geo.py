"""Miles between ZIP codes, offline.

Positions come from the package zipcodes, whose coordinates are those of GeoNames (CC BY 4.0, geonames.org):
one point per ZIP, typically within a mile or two of the middle of its area. A distance is the great circle
between two such points, so it says "about 12 miles", never the length of a drive.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pandas as pd

from errors import InputError

EARTH_RADIUS_MILES = 3958.7613  # the mean radius, 6371.0088 km (IUGG), in statute miles
_ZIP = re.compile(r"\s*(\d{3,5})(?:[- ]?\d{4})?\s*\Z")


def miles_from(center_zip: str, zip_codes: pd.Series) -> pd.Series:
    """Miles from `center_zip` to each ZIP: float, same index, 0.0 for the same ZIP, missing for an unknown
    one.

    Lost leading zeros and ZIP+4 are understood (2139, 02139-1234). ZIPs without a place on the map, such as
    those of military post offices, are unknown. InputError when `center_zip` itself is no ZIP or unknown.
    """
    center = five_digits(center_zip)
    if center is None:
        raise InputError(
            f"The centre was expected to be a ZIP code of five digits such as 75201, got '{center_zip}'. "
            "Mend it."
        )
    latitudes, longitudes = _positions()
    if np.isnan(latitudes[int(center)]):
        raise InputError(f"The ZIP code {center} of the centre is not on the map. Give a ZIP code near it.")
    codes, found = pd.factorize(zip_codes)
    digits = [five_digits(str(text)) for text in found]
    at = np.array([int(zip_code) if zip_code else -1 for zip_code in digits], dtype="int64")
    miles = np.full(len(at) + 1, np.nan)  # the last place is for leads without a ZIP: code -1
    known = at >= 0
    here = (latitudes[int(center)], longitudes[int(center)])
    miles[:-1][known] = great_circle_miles(*here, latitudes[at[known]], longitudes[at[known]])
    return pd.Series(miles[codes], index=zip_codes.index, name="distance_miles")


def five_digits(zip_code: str) -> str | None:
    """`06101` from `6101`, `06101-1234` or `061011234`; None for what is no ZIP code."""
    found = _ZIP.match(zip_code)
    return found.group(1).zfill(5) if found else None


def great_circle_miles(
    latitude: float, longitude: float, latitudes: np.ndarray, longitudes: np.ndarray
) -> np.ndarray:
    """Statute miles on a sphere from one point to many (degrees in); the haversine formula, stable when near.

    R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984), 159.
    """
    here, there = np.radians(latitude), np.radians(latitudes)
    north = np.sin((there - here) / 2) ** 2
    east = np.cos(here) * np.cos(there) * np.sin(np.radians(longitudes - longitude) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_MILES * np.arcsin(np.sqrt(np.minimum(1.0, north + east))))


@lru_cache(maxsize=1)
def _positions() -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude by ZIP as a number (0 to 99999), NaN where unknown. Read once per process."""
    import zipcodes

    latitudes, longitudes = np.full(100_000, np.nan), np.full(100_000, np.nan)
    for place in zipcodes.filter_by():  # all; list_all would keep its own copy of 90 MB alive
        latitude, longitude = float(place["lat"] or 0), float(place["long"] or 0)
        # The package writes 0, 0 where it knows nothing, and military post offices are nowhere in particular.
        if (latitude or longitude) and place["zip_code_type"] != "MILITARY":
            latitudes[int(place["zip_code"])] = latitude
            longitudes[int(place["zip_code"])] = longitude
    return latitudes, longitudes
