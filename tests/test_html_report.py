"""The frame of reports that are one HTML file."""

from __future__ import annotations

import pandas as pd

from analytics.html_report import document, html_table, note, percent, plain_rows, section


def test_whatever_stands_in_the_data_is_shown_and_never_rendered():
    table = pd.DataFrame({"a_name": ["<b>x</b>", None], "n": [1200, 3], "share": [0.5, float("nan")]})
    page = document("<i>", [section("<q>", "<s>"), html_table("<c>", table), note("<n>")])
    for word in ("<b>x", "<q>", "<s>", "<c>", "<n>", "<i>"):
        assert word not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<td>1,200</td>" in page  # thousands for people
    assert page.count("<td>–</td>") == 2  # both missing values
    assert "<th scope=col>a name</th>" in page


def test_percent_and_json_values():
    table = percent(pd.DataFrame({"rate": [0.1234, None]}), ["rate"])
    assert table["rate"].iloc[0] == 12.3  # 100 x .1234 at one decimal
    assert plain_rows(table) == [{"rate": 12.3}, {"rate": None}]
    assert plain_rows(pd.DataFrame({"a": []})) == []
