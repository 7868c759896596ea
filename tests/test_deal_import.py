"""Deals into the database: again changes nothing, a change leaves a snapshot, every trouble is a row to work on."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from deal_worlds import as_csv, deal_world

from actors import Actor
from deal_import import import_deals, settle_issues
from deals import read_deal_rules
from errors import InputError, Refused
from scripts.command import run
from scripts.import_deals import main
from stores import audit
from stores import deals as store
from turso_db import Statement

ANA = Actor("Ana Ruiz", "manager")
HEAD = "deal_id,created_date,closed_date,region,deal_amount,outcome\n"


@pytest.fixture
def bring(db, config_dir, now):
    def _bring(content, **options):
        return import_deals(
            db, content=content if isinstance(content, bytes) else (HEAD + content).encode(), name="deals.csv",
            rules=read_deal_rules(config_dir), **({"now": now, "actor": ANA} | options),
        )  # fmt: skip

    return _bring


def test_the_same_file_twice_changes_nothing(db, bring):
    world = deal_world(1, 300, still_open=0.1)
    first, second = bring(as_csv(world)), bring(as_csv(world))
    assert first.counts["new"] == 300
    assert second.counts["unchanged"] == 300
    assert db.rows("SELECT count(*) AS n FROM deal_snapshots")[0]["n"] == 300
    kept = store.read_deals(db).sort_values("deal_id", ignore_index=True)
    for field in ("deal_id", "region", "amount", "created_on", "closed_on", "outcome"):
        same = (kept[field] == world[field]) | (kept[field].isna() & world[field].isna())
        assert same.all(), field
    assert audit.read_audit(db, limit=1)["action"].tolist() == ["import deals"]


def test_a_deal_that_closes_keeps_what_was_known_before(db, bring, now):
    bring("1,2025-01-02,,APAC,100,Open\n", now=now)
    done = bring("1,2025-01-02,2025-03-01,APAC,90,Won\n", now=now + timedelta(days=1))
    assert done.counts["changed"] == 1
    assert store.read_deals(db)["outcome"].tolist() == ["won"]
    states = db.rows("SELECT outcome, amount FROM deal_snapshots ORDER BY id")
    assert states == [{"outcome": "open", "amount": 100.0}, {"outcome": "won", "amount": 90.0}]
    with pytest.raises(Refused):
        db.write([Statement("DELETE FROM deal_snapshots")])


def test_every_trouble_is_a_row_until_someone_settles_it(db, bring, now):
    done = bring(
        "1,2025-01-02,2025-01-01,APAC,100,Won\n2,2025-01-02,2025-02-01,APAC,100,Hm\n,,,,,\n3,2025-01-02,,APAC,x,Open\n"
    )
    assert done.counts["read"] == 3
    assert done.counts["rejected"] == 2
    bring("1,2025-01-02,2025-01-01,APAC,100,Won\n2,2025-01-02,2025-02-01,APAC,100,Hm\n")
    issues = store.read_issues(db)
    assert sorted(issues["kind"]) == ["impossible date", "not read", "unknown label"]
    with pytest.raises(InputError):
        settle_issues(db, ids=issues["id"].tolist(), resolution=" ", now=now, actor=ANA)
    with pytest.raises(Refused):
        settle_issues(db, ids=[1], resolution="mended", now=now, actor=Actor("Vi", "viewer"))
    assert (
        settle_issues(db, ids=issues["id"].tolist(), resolution="mended in the CRM", now=now, actor=ANA) == 3
    )
    bring("1,2025-01-02,2025-01-01,APAC,100,Won\n")  # found again: what a person settled stays settled
    assert store.count_issues(db) == 0


def test_an_import_needs_the_role(bring):
    with pytest.raises(Refused):
        bring("1,2025-01-02,,APAC,100,Open\n", actor=Actor("Vi", "viewer"))


def test_the_script_reads_a_mapping_and_says_what_happened(tmp_path, config_dir, capsys):
    path = tmp_path / "odd.csv"
    path.write_text("no,day,fate\n1,2025-01-02,open\n2,2025-01-02,perhaps\n")
    columns = ["--column", "deal_id=no", "--column", "created_on=day", "--column", "outcome=fate"]
    assert run(main, [str(path), *columns]) == 1
    assert "2 read, 1 new" in capsys.readouterr().out
    assert run(main, [str(path), "--column", "deal_id"]) == 2
    assert run(main, [str(path)]) == 2


def test_a_hundred_deals_go_in_few_trips(db, bring):
    before = db.round_trips
    bring(as_csv(deal_world(2, 100)))
    assert db.round_trips - before <= 5
    assert isinstance(store.read_deals(db)["closed_on"].dtype, type(pd.Series(dtype="datetime64[us]").dtype))
