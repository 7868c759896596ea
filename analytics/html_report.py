"""Reports as one HTML file that needs nothing else: light and dark, readable on paper, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h2{margin:2.2rem 0 .3rem;font-size:1.05rem;font-weight:600;opacity:.75}.answer{font-size:1.15rem;margin:.2rem 0 1rem}"
    "table{border-collapse:collapse;font-size:.85rem;margin:.6rem 0 1.4rem}td,th{padding:.2rem .7rem;text-align:right;"
    "border-bottom:1px solid #8a97a655}td:first-child,th:first-child{text-align:left}caption{text-align:left;opacity:.75}"
    "svg{max-width:100%}.note{opacity:.75;font-size:.85rem}.wide{overflow-x:auto}"
)


def document(title: str, body: Sequence[str]) -> str:
    """One HTML document with this title and body (finished HTML); it loads nothing from anywhere."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(body)}</body></html>\n"
    )


def section(question: str, sentence: str) -> str:
    """A heading with the sentence that answers it."""
    return f'<h2>{escape(question)}</h2><p class="answer">{escape(sentence)}</p>'


def note(text: str) -> str:
    """Something that must be said with the figures."""
    return f'<p class="note">{escape(text)}</p>'


def html_table(caption: str, table: pd.DataFrame) -> str:
    """A table with its caption; headers are the column names, missing values dashes."""
    head = "".join(f"<th scope=col>{escape(str(name).replace('_', ' '))}</th>" for name in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in table.itertuples(index=False, name=None)
    )
    return f'<div class="wide"><table><caption>{escape(caption)}</caption><tr>{head}</tr>{rows}</table></div>'


def percent(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """`table` with these shares as percent at one decimal."""
    return table.assign(**{name: (100 * table[name].astype("float64")).round(1) for name in columns})


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as values that JSON can hold; missing values are null."""
    rows = table.astype("object").where(table.notna(), None).to_dict("records")
    return [{str(k): v.item() if hasattr(v, "item") else v for k, v in row.items()} for row in rows]


def _cell(value: Any) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
    )
