"""Days in every form in which files write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lead_days


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-24",
        "2026-1-24",
        "2026/01/24",
        "20260124",
        "2026-01-24T17:05:09Z",
        "2026-01-24T00:00:00Z",
        "2026-01-24T17:05:09.123Z",
        "2026-01-24T17:05:09+00:00",
        "2026-01-24 00:00:00",
        "1/24/2026",
        "01/24/2026",
        "1/24/26",
        "1/24/2026 12:00 AM",
        "1/24/2026, 3:04 PM",
        "1-24-2026",
        "January 24, 2026",
        "Jan 24, 2026",
        "Jan. 24 2026",
        "Saturday, January 24, 2026",
        "24 January 2026",
        "24-Jan-2026",
        "46046",  # days since 1899-12-30, as a spreadsheet counts: date(1899, 12, 30) + 46046 days
        "46046.75",
    ],
)
def test_day(written):
    assert lead_days.day(written) == date(2026, 1, 24)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("December 12, 2022", date(2022, 12, 12)),
        ("2025-03-18T00:00:00Z", date(2025, 3, 18)),
        ("Sept 9, 2024", date(2024, 9, 9)),
        ("2024-02-29", date(2024, 2, 29)),
    ],
)
def test_other_days(written, meant):
    assert lead_days.day(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2026-02-30",
        "24/1/2026",
        "2026-01-24xyz",
        "1999-13-01",
        "0001-01-01",
        "9999-12-31",
        "Ju 1, 2020",
        "soon",
        "٢٠٢٦-٠١-٢٤",
        "1.2.2026",
    ],
)
def test_no_day(written):
    assert lead_days.day(written) is None


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)))
def test_every_day_is_read_in_every_form(day):
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%B %d, %Y", "%d %b %Y", "%Y-%m-%dT08:30:00Z", "%m/%d/%Y 12:00 AM"):
        assert lead_days.day(day.strftime(form)) == day
