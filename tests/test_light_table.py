"""A small table as HTML: what stands in the data is told, never rendered."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd

from views.light_table import light_table


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag with its class and scope."""
        told = dict(attrs)
        self.tags.append(" ".join(filter(None, (tag, told.get("scope"), told.get("class")))))

    def handle_data(self, data: str) -> None:
        """Notes the text."""
        self.texts.append(data)


def read(html: str) -> _Seen:
    seen = _Seen()
    seen.feed(html.partition("</style>")[2])
    return seen


def test_the_first_column_names_its_row_and_numbers_stand_to_the_right() -> None:
    seen = read(
        light_table(
            pd.DataFrame({"List": ["Registry"], "Entries": ["50,000"]}), title="Lists", numbers=["Entries"]
        )
    )
    assert seen.texts == ["Lists", "List", "Entries", "Registry", "50,000"]
    assert seen.tags[1:] == [
        "table", "caption", "thead", "tr", "th col", "th col number", "tbody", "tr", "th row", "td number",
    ]  # fmt: skip


def test_what_stands_in_the_data_is_told_and_not_rendered() -> None:
    nasty = '"><img src=x onerror=alert(1)>&amp;'
    seen = read(light_table(pd.DataFrame({nasty: [nasty], "b": [nasty]}), title=nasty))
    assert "img" not in " ".join(seen.tags)
    assert seen.texts == [nasty, nasty, "b", nasty, nasty]


def test_no_row_gives_the_header_alone() -> None:
    assert read(light_table(pd.DataFrame({"a": []}), title="Empty")).texts == ["Empty", "a"]
