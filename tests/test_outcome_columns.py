"""The columnar copy says what the database says, whatever happened since it was made or to its file."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta

import pandas as pd
import pytest
from demo_years import NOW, loaded
from lead_rows import lead_row
from outcome_rows import history, real_history, told
from racing import ANA, at_once, export_rows
from turso_server import TursoServer

import turso_db
from export import void_batch
from icp import business_zone, read_icp
from outcome_columns import read_as_known, read_columns
from settings import ROOT
from stores import outcome_rows, outcomes

ZONE = business_zone(read_icp(ROOT / "config"))
PARTS = ["signal_strength", "onsite_likelihood", "proximity"]


class Counted:
    """A database that notes which statements were asked."""

    def __init__(self, db):
        self._db, self.asked = db, []

    def __getattr__(self, name):
        return getattr(self._db, name)

    def tables(self, statements):
        self.asked += [statement.sql for statement in statements]
        return self._db.tables(statements)


@pytest.fixture
def cache(tmp_path):
    """Where the copies are."""
    return tmp_path / "cache"


def check(db, cache):
    """The columns, which must be what the stores read."""
    found = read_columns(db, cache_dir=cache, zone=ZONE, parts=PARTS)
    plain = outcomes.read_outcome_frame(db, zone=ZONE)
    pd.testing.assert_frame_equal(in_words(found.frame), plain, check_dtype=bool(len(plain)))
    scores = outcomes.read_component_scores(db, components=PARTS, zone=ZONE)
    pd.testing.assert_frame_equal(in_words(found.parts), scores, check_dtype=False)
    return found


def in_words(frame):
    """The frame with texts in place of categories, each of which occurs and stands in its order."""
    found = frame.select_dtypes("category")
    for name in found:
        assert list(frame[name].cat.categories) == sorted(set(frame[name].dropna()))
    return frame.astype(dict.fromkeys(found, "str"))


def test_the_demo_year_cold_and_warm_and_without_a_copy(db_path, cache):
    db = turso_db.connect(f"file:{loaded(db_path)}")
    assert len(check(db, cache).frame) > 5_000
    counted = Counted(db)
    again = read_columns(counted, cache_dir=cache, zone=ZONE, parts=PARTS)
    assert len(counted.asked) == 1  # nothing but how far the tables go
    pd.testing.assert_frame_equal(again.frame, read_columns(db, cache_dir=None, zone=ZONE, parts=PARTS).frame)
    db.close()


def test_an_empty_database(db, cache):
    assert len(check(db, cache).frame) == 0
    assert len(check(db, cache).frame) == 0


def test_everything_that_can_change_arrives(db, config_dir, now, cache):
    def step(*, rows, changed=None):
        counted = Counted(db)
        found = check(counted, cache)
        assert len(found.frame) == rows
        if changed is not None:  # only what came or changed was asked for
            assert any("historical_changes WHERE change_id" in sql for sql in counted.asked)
        return found.frame

    history(db, now, *real_history())
    step(rows=2198)
    history(
        db, now + timedelta(days=1), ("Late", "8361", "90", "", "TX", "delivery", "2025-01-01", "2025-02-01")
    )
    step(rows=2199, changed=1)
    history(
        db,
        now + timedelta(days=2),
        ("Site 8361 100", "8361", "75", "", "", "delivery", "2025-01-15", "2025-05-05"),
    )
    frame = step(rows=2199, changed=1)  # a lead of the history that was mended
    assert (frame["employee_count"] == 75).sum() == 1
    batch = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 6)]).batch_id
    step(rows=2204, changed=5)
    told(db, now + timedelta(days=30), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    frame = step(rows=2204, changed=1)
    assert frame.loc[frame["batch_id"] == batch, "delivered_on"].notna().sum() == 1
    db.write([turso_db.Statement(
        "INSERT INTO outcome_milestones (batch_id, company_key, milestone, happened_at, source, source_key, retracts, recorded_at, "
        "recorded_by) SELECT batch_id, company_key, 'retracted', happened_at, 'person', 'r1', id, recorded_at, 'Ana' "
        "FROM outcome_milestones WHERE milestone = 'delivery'"
    )])  # fmt: skip
    frame = step(rows=2204, changed=1)
    assert frame.loc[frame["batch_id"] == batch, "delivered_on"].notna().sum() == 0
    void_batch(db, batch_id=batch, reason="Wrong.", now=now, actor=ANA)
    step(rows=2199)


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "not ours"])
def test_a_damaged_copy_is_made_anew(harm, db, now, cache):
    history(db, now, *real_history())
    check(db, cache)
    (path,) = cache.iterdir()
    content = bytearray(path.read_bytes())
    if harm == "cut":
        content = content[: len(content) // 2]
    elif harm == "flipped":
        content[len(content) // 2] ^= 1
    else:
        content = bytearray(b"" if harm == "empty" else b"something else that is longer than eight bytes")
    path.write_bytes(content)
    check(db, cache)
    counted = Counted(db)
    check(counted, cache)
    assert len(counted.asked) == 1  # and kept again


def test_the_copy_of_another_database_or_history_is_not_taken(db, db_path, now, cache, tmp_path):
    history(db, now, *real_history({"8361": (50, 5)}))
    with sqlite3.connect(db_path) as live, sqlite3.connect(tmp_path / "backup.db") as backup:
        live.backup(backup)  # a moment that will be gone back to
    live.close()
    backup.close()
    check(db, cache)
    history(db, now, *real_history({"7011": (9, 5)}))
    check(db, cache)
    (copy,) = cache.iterdir()
    other = turso_db.connect(f"file:{tmp_path / 'other' / 'hades.db'}")
    history(other, now, *real_history({"8062": (59, 2)}))
    assert set(check(other, cache).frame["sic_code"]) == {"8062"}
    db.close()
    content = copy.read_bytes()
    for path in (tmp_path / "back" / "hades.db",):
        path.parent.mkdir()
        shutil.copyfile(tmp_path / "backup.db", path)
        back = turso_db.connect(f"file:{path}")
        copy.write_bytes(content)  # the copy had gone further than the database that was laid back
        assert len(check(back, cache).frame) == 50
        copy.write_bytes(content)
        history(back, now, *real_history({"4225": (9, 5)}))  # as far as the copy again, with other rows
        assert set(check(back, cache).frame["sic_code"]) == {"8361", "4225"}
        back.close()
    other.close()


def read_in_process(db_path, cache):
    """How many outcomes a process reads that opens the database itself."""
    db = turso_db.connect(f"file:{db_path}")
    try:
        return [len(read_columns(db, cache_dir=cache, zone=ZONE, parts=PARTS).frame) for _ in range(5)]
    finally:
        db.close()


def test_two_processes_at_once_read_the_same(db, db_path, now, cache):
    history(db, now, *real_history())
    assert at_once(read_in_process, [(db_path, cache)] * 3) == [[2198] * 5] * 3
    assert [path.name[:9] for path in cache.iterdir()] == ["outcomes-"]  # nothing half written is left


def test_a_folder_that_cannot_be_written_costs_speed_only(db, now, tmp_path):
    history(db, now, *real_history({"8361": (5, 1)}))
    (tmp_path / "file").write_text("no folder")
    assert len(read_columns(db, cache_dir=tmp_path / "file", zone=ZONE).frame) == 5


def test_what_was_known_then_is_read_from_a_database_that_went_on(db, config_dir, now):
    history(db, now, *real_history())
    batch = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 4)]).batch_id
    told(db, now + timedelta(days=30), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    then = outcomes.read_outcome_frame(db, zone=ZONE)
    known = outcome_rows.read_marks(db).known._replace(void_at="2026-12-31T00:00:00Z")
    history(db, now, ("Site 8361 100", "8361", "75", "", "", "delivery", "2025-01-15", "2025-05-05"))
    history(db, now, ("Late", "8361", "", "", "", "delivery", "2025-01-01", "2025-02-01"))
    told(db, now, (batch, "Oak Inn 2", "delivery", "2026-03-01"))
    export_rows(db, config_dir, now, [lead_row(9)])
    assert len(outcomes.read_outcome_frame(db, zone=ZONE)) == len(then) + 2
    pd.testing.assert_frame_equal(
        in_words(read_as_known(db, known=known, zone=ZONE, parts=PARTS).frame), then
    )
    # By the clock instead of by the last row: the delivery was recorded 30 days later.
    early = known._replace(at="2026-02-20T00:00:00Z")
    assert read_as_known(db, known=early, zone=ZONE).frame["delivered_on"].notna().sum() == 197
    assert now == NOW


def test_texts_that_hold_the_marks_of_the_lines_arrive_as_they_are(db, now, cache):
    history(db, now, *real_history({"8361": (3, 1)}))
    for text in ("TX\n", "\x1fTX", "a\r\nb", "", '"', "né\x1f\n"):
        db.write([turso_db.Statement("UPDATE historical_outcomes SET state = ? WHERE id = 2", (text,))])
        found = read_columns(db, cache_dir=None, zone=ZONE, parts=PARTS)
        plain = outcomes.read_outcome_frame(db, zone=ZONE)
        pd.testing.assert_frame_equal(in_words(found.frame), plain)
        assert (found.frame["state"] == text).sum() == 1


def test_numbers_keep_their_last_digit(db, db_path, config_dir, now, cache):
    history(db, now, *real_history({"8361": (3, 1)}))
    export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 4)])
    odd = 0.1 + 0.2  # 0.30000000000000004: seventeen digits
    with sqlite3.connect(db_path) as plain:  # what no clerk can do
        plain.execute("DROP TRIGGER lead_outcomes_keep_features")
        told = f'{{"proximity_score": {odd!r}, "signal_strength": "High"}}'
        plain.execute(
            "UPDATE lead_outcomes SET distance_miles = ?, source_features = ? WHERE id = 2", (odd, told)
        )
    plain.close()
    found = check(db, cache)
    assert found.frame["distance_miles"][1] == odd
    assert found.parts["proximity"][1] == odd


def test_many_rows_come_in_several_texts(db, now, cache, monkeypatch):
    history(db, now, *real_history({"8361": (50, 5), "8062": (9, 2)}))
    monkeypatch.setattr(outcome_rows, "_ROWS_IN_TEXT", 7)
    assert len(outcome_rows.read_every_row(db)[1].historical) == 9  # 59 rows
    assert len(check(db, cache).frame) == 59
    late = [(f"L{n}", "8361", "90", "", "TX", "no_delivery", "2025-01-01", "") for n in range(20)]
    since = outcome_rows.read_marks(db).known
    history(db, now + timedelta(days=1), *late)
    assert len(outcome_rows.read_changed_rows(db, since=since)[1].historical) == 4  # ids 60 to 79
    assert len(check(db, cache).frame) == 79


def test_a_hundred_thousand_outcomes_come_from_a_server(tmp_path, cache):
    # The server takes no value over 5 MB and shows no answer over 10 MB in one piece.
    with TursoServer(tmp_path / "far.db") as server:
        far = turso_db.connect(server.url, server.token)
        far.write([turso_db.Statement(
            "INSERT INTO historical_outcomes (company_name, sic_code, zip_code, outcome, deal_created_at, imported_at, source, "
            "source_key) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT 'C' || i, '8361', "
            "'75201', 'no_delivery', '2025-01-01', '2025-06-01T00:00:00Z', 'file', 'k' || i FROM n"
        )])  # fmt: skip
        assert len(read_columns(far, cache_dir=cache, zone=ZONE, parts=PARTS).frame) == 100_000
        far.write([turso_db.Statement("UPDATE historical_outcomes SET state = 'T' || char(10) WHERE id = 7")])
        found = read_columns(far, cache_dir=None, zone=ZONE, parts=PARTS).frame  # texts in hexadecimal digits
        assert (found["state"] == "T\n").sum() == 1
        far.close()
