"""The copy of the deals: the same rows as the store reads, brought up to date, made anew when it does not fit."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from deal_worlds import as_csv, deal_world

from actors import Actor
from deal_columns import read_deal_columns
from deal_import import import_deals
from deals import read_deal_rules
from stores.deals import mark_back, mark_gone, read_deals
from turso_db import Statement

ACTOR = Actor("tester", "admin")


@pytest.fixture
def bring(db, config_dir, now):
    """Imports deals as of so many days later."""

    def bring_in(deals, days=0):
        rules = read_deal_rules(config_dir)
        import_deals(
            db,
            content=as_csv(deals),
            name="deals.csv",
            rules=rules,
            now=now + timedelta(days=days),
            actor=ACTOR,
        )

    return bring_in


def same(db, cache_dir):
    """Whether copy and store show the same rows."""
    copy = read_deal_columns(db, cache_dir=cache_dir)
    plain = read_deals(db).sort_values(["deal_id", "source"], ignore_index=True)[list(copy.columns)]
    for name in copy.columns:
        if isinstance(copy[name].dtype, pd.CategoricalDtype):
            copy[name] = copy[name].astype("str")
    pd.testing.assert_frame_equal(copy, plain)
    return copy


def test_the_copy_follows_every_change_and_reads_only_what_changed(db, tmp_path, bring, now, monkeypatch):
    deals = deal_world(1, 300, still_open=0.3)
    bring(deals)
    assert len(same(db, tmp_path)) == 300
    some = deals.head(40).assign(amount=77.0)
    bring(some, 1)
    import deal_columns

    read = deal_columns.read_deal_rows
    rows = []
    monkeypatch.setattr(
        deal_columns, "read_deal_rows", lambda db, **k: rows.append(read(db, **k)) or rows[-1]
    )
    assert (same(db, tmp_path)["amount"] == 77).sum() == 40
    assert [len(each.rows) for each in rows] == [40]
    db.write([mark_gone(source="file", deal_ids=["D00003", "D00004"], now=now)])
    assert len(same(db, tmp_path)) == 298
    db.write([mark_back(source="file", deal_ids=["D00003"])])
    assert len(same(db, tmp_path)) == 299
    assert [len(each.rows) for each in rows] == [40, 0, 0]
    before = db.round_trips
    read_deal_columns(db, cache_dir=tmp_path)
    assert db.round_trips == before + 1


def test_a_damaged_copy_one_of_another_history_and_none_are_made_anew(db, tmp_path, bring):
    bring(deal_world(1, 100))
    same(db, tmp_path)
    (path,) = tmp_path.glob("deals-*.arrow")
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:-300] + bytes(300), b""):
        path.write_bytes(damaged)
        same(db, tmp_path)
    path.write_bytes(content)
    db.write([Statement("UPDATE meta SET value = value + 1 WHERE key = 'database_id'")])
    same(db, tmp_path)
    same(db, None)
    blocked = tmp_path / "a file"
    blocked.write_text("")
    same(db, blocked)


def test_no_deals_are_no_rows(db, tmp_path):
    for _ in range(2):
        copy = read_deal_columns(db, cache_dir=tmp_path)
        assert (len(copy), set(copy.columns)) == (0, set(read_deals(db).columns))
