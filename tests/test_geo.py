"""ZIP to ZIP miles from the offline package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zipcodes

from errors import InputError
from geo import five_digits, great_circle_miles, miles_from

ROOT = Path(__file__).parents[1]


def text(*values: str | None) -> pd.Series:
    return pd.Series(list(values), dtype="str")


def test_a_quarter_of_the_earth_is_a_quarter_of_its_circumference() -> None:
    # 2 pi 3958.7613 / 4 = 6218.4077, from the equator to the pole and a quarter along the equator.
    miles = great_circle_miles(0, 0, np.array([90.0, 0.0]), np.array([0.0, 90.0]))
    assert miles == pytest.approx([6218.4077, 6218.4077], abs=1e-3)
    # One degree of latitude: 2 pi 3958.7613 / 360 = 69.0934 miles, also across the date line for longitude.
    assert great_circle_miles(32, -97, np.array([33.0]), np.array([-97.0])) == pytest.approx(
        [69.0934], abs=1e-3
    )
    assert great_circle_miles(0, 179.5, np.array([0.0]), np.array([-179.5])) == pytest.approx(
        [69.0934], abs=1e-3
    )


def test_known_distances_between_cities() -> None:
    # Great circles as any map shows them: Dallas to Fort Worth 31 miles, to Houston 225, to Chicago 800.
    miles = miles_from("75201", text("76102", "77002", "60601", "75201"))
    assert miles.iloc[:3].tolist() == pytest.approx([31, 225, 802], abs=4)
    assert miles.iloc[3] == 0.0


def test_agrees_with_the_other_library_but_for_its_rounder_earth() -> None:
    # zipcodes.haversine takes a radius of 3956 miles; ours is the mean radius, 0.07 % more.
    others = text("76102", "10001", "90210", "99501", "96813", "00901", "75202", "02139")
    ours = miles_from("75201", others)
    here = zipcodes.matching("75201")[0]
    for zip_code, miles in zip(others, ours, strict=True):
        there = zipcodes.matching(zip_code)[0]
        theirs = zipcodes.haversine(*(float(p[k]) for p in (here, there) for k in ("long", "lat")))
        assert miles == pytest.approx(theirs * 3958.7613 / 3956, rel=1e-6, abs=1e-6)


def test_same_way_there_and_back() -> None:
    assert miles_from("75201", text("02139"))[0] == pytest.approx(
        miles_from("02139", text("75201"))[0], abs=1e-9
    )


def test_what_has_no_place_is_missing_not_near_the_gulf_of_guinea() -> None:
    # 09001 and 96201 are military post offices, 77352 stands at 0, 0 in the data, 00000 does not exist.
    away = miles_from(
        "75201", text("09001", "96201", "77352", "00000", "99999", None, "nonsense", "", "75201")
    )
    assert away.isna().tolist() == [True] * 8 + [False]


def test_coordinates_are_plausible_everywhere() -> None:
    # The farthest ZIP of the fifty states, Puerto Rico and the Pacific islands lies less than 9,000 miles
    # from Dallas.
    every = pd.Series([f"{n:05d}" for n in range(100_000)], dtype="str")
    miles = miles_from("75201", every)
    assert 40_000 < miles.notna().sum() < 45_000
    assert miles.max() < 9_000
    # ZIPs are numbered by region: within 752 (Dallas) nothing is farther than 40 miles.
    assert miles[75200:75300].max() < 40


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("06101", "06101"),
        ("6101", "06101"),
        ("601", "00601"),
        ("75201-1234", "75201"),
        ("752011234", "75201"),
        (" 75201 ", "75201"),
        ("75201 1234", "75201"),
        ("61011234", "06101"),
        ("7520a", None),
        ("", None),
        ("75201-12", None),
        ("12", None),
        ("-75201", None),
    ],
)
def test_zip_codes_as_people_write_them(written: str, read: str | None) -> None:
    assert five_digits(written) == read


def test_lost_zeros_and_plus_four_are_measured_alike() -> None:
    miles = miles_from("2139-1234", text("06101", "6101", "06101-0001"))
    assert miles.nunique() == 1
    assert miles[0] == pytest.approx(93, abs=5)  # Cambridge, MA to Hartford, CT


def test_a_centre_that_is_none_is_refused() -> None:
    for centre in ("abc", "", "123456"):
        with pytest.raises(InputError, match="five digits"):
            miles_from(centre, text("75201"))
    with pytest.raises(InputError, match="not on the map"):
        miles_from("00000", text("75201"))


def test_none_one_and_index() -> None:
    assert miles_from("75201", text()).empty
    kept = miles_from("75201", pd.Series(["75201", None], index=[7, 3], dtype="str"))
    assert kept.index.tolist() == [7, 3]
    assert kept.dtype == "float64"
    assert miles_from("75201", pd.Series([None, None], dtype="object")).isna().all()


def test_nothing_is_loaded_at_import() -> None:
    code = "import sys, geo; sys.exit('zipcodes' in sys.modules or geo._positions.cache_info().currsize)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)
