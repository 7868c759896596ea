"""What a page costs whoever else is served: rows sent, objects that garbage is looked for in, results kept."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st
from deal_worlds import as_csv, deal_world
from page_words import opened
from test_pages import ANA

import turso_db
import ui
from analytics.pipeline_scores import read_pipeline_rules
from deal_import import import_deals
from deals import read_deal_rules
from pipeline import snapshot_pipeline
from tests.browser import chromium, go, served, settled


def test_of_a_longer_table_the_first_five_hundred_rows_are_sent(places: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    db = turso_db.connect(None, None, places / "data")
    content = as_csv(deal_world(1, 800, still_open=0.9))  # about 720 open deals
    import_deals(
        db, content=content, name="deals.csv", rules=read_deal_rules(places / "config"), now=now, actor=ANA
    )
    rules = read_pipeline_rules(places / "config")
    taken = snapshot_pipeline(db, rules=rules, today=now.date(), now=now, actor=ANA)
    db.close()
    assert taken.scored > ui.MOST_ROWS
    app = opened("pages/5_Pipeline.py")
    assert [len(table.value) for table in app.dataframe] == [ui.MOST_ROWS]


def test_after_a_page_garbage_is_not_looked_for_in_what_was_imported(places: Path) -> None:
    gc.unfreeze()
    st.cache_resource.clear()
    before = len(gc.get_objects())
    assert not opened("Home.py").exception
    gc.collect()
    assert gc.get_freeze_count() > before / 2
    assert len(gc.get_objects()) < before / 2


@pytest.mark.browser
def test_the_menu_stays_on_the_screen_when_another_page_is_opened(places: Path) -> None:
    (places / "data").mkdir(exist_ok=True)
    with served(places / "data", places / "config") as address, chromium() as page:
        go(page, address)
        page.evaluate(
            "document.querySelectorAll('[data-testid=stPageLink-NavLink]').forEach(link => link.seen = true)"
        )
        page.get_by_role("link", name="Batches").click()
        page.get_by_role("heading", name="Batches", level=1).wait_for()
        settled(page)
        links = page.evaluate(
            "[...document.querySelectorAll('[data-testid=stSidebar] [data-testid=stPageLink-NavLink]')].map(link => !!link.seen)"
        )
        assert links == [True] * sum(map(len, ui.MENU.values()))
