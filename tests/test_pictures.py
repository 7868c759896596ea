"""Pictures place what they are given, escape every text, and keep their axes round."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pandas as pd
import pytest

from analytics.pictures import Axis, Line, Look, Mark, axis, interval_picture, plane_picture


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (-13, 7, ["\u221215", "\u221210", "\u22125", "0", "5", "10"]),
        (0, 0.21, ["0", "0.05", "0.1", "0.15", "0.2", "0.25"]),
        (0, 23456, ["0", "5,000", "10,000", "15,000", "20,000", "25,000"]),
        (3, 3, ["3", "3.2", "3.4", "3.6", "3.8", "4"]),  # nothing to spread: one unit of room
    ],
)
def test_an_axis_ends_on_round_numbers_around_what_it_shows(low, high, ticks):
    found = axis(low, high, "x")
    assert [text for _, text in found.ticks] == ticks
    assert found.low <= low
    assert found.high >= high


def lines() -> pd.DataFrame:
    return pd.DataFrame({
        "name": ["<b>A</b>", "B", "C"], "at": [5.0, 10.0, float("nan")], "low": [0.0, float("nan"), 1.0],
        "high": [10.0, float("nan"), 2.0], "told": ['says "5"', "says 10", "unseen"], "look": ["one", "two", "one"],
    })  # fmt: skip


def test_lines_stand_where_their_numbers_are_and_an_open_end_runs_to_the_edge():
    looks = {"one": Look(label="One & all"), "two": Look("#123456", "ring")}
    picture = interval_picture(
        lines(), alt="A & B", title="Points", value="{:.0f}".format, reference=0, looks=looks
    )
    assert 'role="img" aria-label="A &amp; B"' in picture
    assert "<b>A</b>" not in picture
    assert "&lt;b&gt;A&lt;/b&gt;" in picture
    assert 'title="says &quot;5&quot;"' in picture
    assert "One &amp; all" in picture
    assert "unseen" not in picture  # a row without a number has no line
    # the axis runs from 0 to 10: 5 is half way, its interval all of it; 10 is at the end, without ends from edge to edge
    assert (
        re.findall('class="span" style="left:([0-9.]+)%;width:([0-9.]+)%"', picture)
        == [("0.00", "100.00")] * 2
    )
    assert re.findall('class="(?:dot|ring)" style="left:([0-9.]+)%', picture) == ["50.00", "100.00"]


def test_no_line_is_no_picture():
    assert interval_picture(lines().iloc[2:], alt="x", title="x", value=str) == ""


def test_a_plane_breaks_its_line_at_a_gap_and_names_what_has_a_label():
    across = Axis(0, 4, [(0, "0"), (4, "4")], "Days")
    line = Line([(0, 0), (1, 5), (2, float("nan")), (3, 5), (4, 10)], "#111111", "dashed", "Seen")
    mark = Mark(1, 5, "one <day>", 0, 10)
    picture = plane_picture(
        alt="Days", x=across, y=Axis(0, 10, [(0, "0"), (10, "10")], "Won"), lines=[line], marks=[mark], height=100
    )  # fmt: skip
    drawn = unquote(picture)
    assert re.findall('polyline points="([^"]*)"', drawn) == [
        "0.00,100.00 25.00,50.00",
        "75.00,50.00 100.00,0.00",
    ]
    assert "Seen" in picture
    assert 'title="one &lt;day&gt;"' in picture
    assert "left:25.00%;top:0.00%;height:100.00%" in picture  # the interval from 0 to 10 is the whole height
