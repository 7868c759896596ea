"""A small table of finished texts that nobody sorts or ticks, drawn by the browser itself: a grid costs it ten times as much."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import pandas as pd
import streamlit as st

MOST_ROWS = 15  # a longer one is looked through, sorted and searched: that is what a grid is for
_STYLE = """<style>
.light-table{overflow-x:auto;border:1px solid #8a97a655;border-radius:.5rem}
.light-table table{width:100%;border-collapse:collapse;font-size:.875rem;line-height:1.25}
.light-table caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.light-table th,.light-table td{text-align:left;font-weight:400;padding:.5rem .6rem;border-bottom:1px solid #8a97a655;white-space:nowrap}
.light-table thead th{opacity:.8}
.light-table tbody tr:last-child>*{border-bottom:0}
.light-table .number{text-align:right;font-variant-numeric:tabular-nums}
</style>"""


def show_table(rows: pd.DataFrame, *, title: str, numbers: Collection[str] = ()) -> None:
    """Nothing; the rows stand as a table whose header is the names of the columns. `numbers` stand to the right; `title` says
    what it holds to whoever does not see it.
    """
    st.html(light_table(rows, title=title, numbers=numbers))


def light_table(rows: pd.DataFrame, *, title: str, numbers: Collection[str] = ()) -> str:
    """The HTML of the table, everything escaped; the first column names its row. No row gives the header alone."""

    def cell(kind: str, name: str, value: object, scope: str = "") -> str:
        side = " class=number" if name in numbers else ""
        return f"<{kind}{scope}{side}>{escape(str(value))}</{kind}>"

    names = [str(name) for name in rows.columns]
    head = "".join(cell("th", name, name, " scope=col") for name in names)
    body = "".join(
        "<tr>" + cell("th", names[0], row[0], " scope=row")
        + "".join(cell("td", name, value) for name, value in zip(names[1:], row[1:], strict=True)) + "</tr>"
        for row in rows.itertuples(index=False, name=None)
    )  # fmt: skip
    # Where the screen is narrower than the table, the keyboard moves it, too.
    return (
        f'{_STYLE}<div class="light-table" role="region" tabindex="0" aria-label="{escape(title)}"><table>'
        f"<caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
