"""The rows of a calibration as a picture: the marks stand where the numbers say, and texts stay texts."""

from __future__ import annotations

import re

import pandas as pd

from analytics.row_picture import row_picture


def rows(**changes: list[object]) -> pd.DataFrame:
    return pd.DataFrame({
        "value": ["8361 Residential care", "7011 Hotels", "9711"], "verdict": ["hold", "move", "too little"],
        "leads": [218, 410, 0], "deliveries": [38, 28, 0], "rate": [0.175, 0.07, None], "low": [0.13, 0.05, None],
        "high": [0.23, 0.10, None], "current": [100.0, 100.0, 100.0], "suggested": [100.0, 46.0, None],
    } | changes)  # fmt: skip


def test_marks_stand_where_the_numbers_say_and_a_value_without_leads_is_left_out() -> None:
    told = row_picture(rows(), overall_rate=0.09, title="SIC")
    assert told.count('scope="row"') == 2
    assert "9711" not in told
    # The longest interval ends at 23 %: steps of 5 % to 25 %. 7 % of 25 % is 28 % of the way; 5 to 10 % is 20 to 40 %.
    hotel = told[told.index("7011 Hotels</th>") :]
    assert 'class="span" style="left:20.00%;width:20.00%"' in hotel
    assert 'class="dot" style="left:28.00%"' in hotel
    assert 'class="all" style="left:36.00%"' in hotel
    assert re.findall(r">(\d+ %)</i>", told) == ["0 %", "5 %", "10 %", "15 %", "20 %", "25 %"]
    # From the score of 100 to 46: a line of 54 points from 46 on.
    assert 'class="way" style="left:46%;width:54%"' in hotel
    assert "28 of 410" in hotel
    assert "100 → 46" in hotel
    # What a narrow screen leaves out is the axis' inner figures and the scores as text, which the marks show.
    kept = re.sub(r'<(\w+)[^>]*class="?[^">]*wide[^>]*>[^<]*</\1>', "", told)
    assert all(word in kept for word in ("Verdict", "Delivered", ">move</td>", "28 of 410", ">0<", ">100<"))
    assert ">50<" not in kept


def test_a_dimension_without_scores_has_no_column_of_them() -> None:
    told = row_picture(rows(current=[None] * 3), overall_rate=None, title="State")
    assert "in force" not in told
    assert "Verdict" not in told
    assert 'class="all"' not in told


def test_texts_are_escaped_and_nothing_is_drawn_of_nothing() -> None:
    told = row_picture(
        rows(value=["<img src=x onerror=alert(1)>", '"><b>', "c"]), overall_rate=0.1, title="<i>t</i>"
    )
    assert "<img" not in told
    assert "<b>" not in told
    assert "<i>t" not in told
    assert row_picture(rows(rate=[None] * 3), overall_rate=0.1, title="t") == ""
