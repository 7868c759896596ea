"""Exports beside each other, against a list that comes meanwhile, killed in between; and the file for ever."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from datetime import timedelta

import pytest
from export_traces import NOTHING, SmallWrites, left_behind
from lead_rows import TODAY, lead_file, lead_row, scored_leads
from racing import ANA, at_once, export_own_leads, export_rows, export_until, killed, open_new

import export
import turso_db
from configuration import active_configuration
from errors import Conflict
from export import record_export
from lead_columns import read_columns
from preflight import preflight, with_keys
from stores import batches
from suppression import find_suppressed, load_list
from vanillasoft import read_back, vanillasoft_frame
from vanillasoft_layout import read_layout


@pytest.mark.parametrize(
    "taken",
    [
        lead_row(50, ZoomInfo_Contact_ID="-1001"),
        lead_row(50, Direct_Phone_Number="(214) 555-0001"),
        lead_row(50, ZoomInfo_Company_ID="350001"),
    ],
    ids=["contact", "phone", "company"],
)
@pytest.mark.parametrize("rows_per_write", [100, 2])
def test_a_lead_that_was_taken_meanwhile_stops_the_export(taken, rows_per_write, db, config_dir, now):
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    file = lead_file([lead_row(n) for n in range(1, 6)], config_dir)
    plan = preflight(file, scored_leads(file, icp), icp)
    export_rows(db, config_dir, now, [taken])
    before = left_behind(db)
    with pytest.raises(Conflict, match="Somebody exported some of these leads"):
        record_export(
            SmallWrites(db, rows_per_write), preflight=plan, icp=icp, weight_version=1, workflow="intent",
            parameters={}, today=TODAY, now=now, actor=ANA,
        )  # fmt: skip
    assert left_behind(db) == before


LISTS = {
    "phone": b"Phone\n(469) 555-0003\n",
    "company": b"Company Name,Zip\nOak Inn 3,75201\n",
    "domain": b"Domain\noak3.example.com\n",
    "person": b"Email\npat3@example.com\n",
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("rows_per_write", [100, 2])
@pytest.mark.parametrize("between", ["before the press", "within the export"])
def test_a_list_that_was_loaded_meanwhile_stops_the_export(
    kind, rows_per_write, between, db, config_dir, now
):
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    file = lead_file([lead_row(n) for n in range(1, 6)], config_dir)
    plan = preflight(file, scored_leads(file, icp), icp)
    columns = read_columns(config_dir)

    def load(name="Registry", content=LISTS[kind]):
        load_list(db, content=content, file_name="list.csv", kind=kind, name=name, scrubbed_on=TODAY, columns=columns,
                  today=TODAY, now=now, actor=ANA)  # fmt: skip

    def load_then(number):  # the first write takes the number of the batch, the last one closes
        if number == 2:
            load()

    if between == "before the press":
        load()
    with pytest.raises(Conflict, match="A suppression list was loaded while this export was being prepared"):
        record_export(
            SmallWrites(db, rows_per_write, None if between == "before the press" else load_then), preflight=plan,
            icp=icp, weight_version=1, workflow="intent", parameters={}, today=TODAY, now=now, actor=ANA,
        )  # fmt: skip
    assert left_behind(db) == NOTHING
    # Scored again, the list is minded: whoever is on it stays, or goes out without the number.
    found = find_suppressed(db, leads=file.leads)
    keyed = with_keys(scored_leads(file, icp), suppressed=found)
    done = record_export(
        db, preflight=preflight(file, keyed, icp, suppressed=found), icp=icp, weight_version=1, workflow="intent",
        parameters={}, today=TODAY, now=now, actor=ANA,
    )  # fmt: skip
    assert done.counts["exported"] == (5 if kind == "phone" else 4)
    assert b"(469) 555-0003" not in done.csv


def test_twenty_processes_at_once_take_twenty_ids_in_sequence(db, db_path, config_dir, now):
    found = at_once(export_own_leads, [(db_path, config_dir, now, 100 * n, 3) for n in range(1, 21)])
    assert sorted(found) == [f"HADES-20260211-{n:03d}" for n in range(1, 21)]
    assert left_behind(db) == NOTHING | {"batches": 20, "batch_files": 20, "lead_outcomes": 60}
    for batch_id in found:
        offered = read_back(batches.read_batch_csv(db, batch_id=batch_id))
        kept = batches.read_batch_leads(db, batch_id=batch_id)
        assert offered["Company"].tolist() == kept["company_name"].tolist()
        assert all(batch_id in notes for notes in offered["Import Notes"])


def test_processes_with_the_same_leads_export_them_once(db, db_path, config_dir, now):
    found = at_once(export_own_leads, [(db_path, config_dir, now, 100, 3) for _ in range(8)])
    won = [batch for batch in found if batch and batch.startswith("HADES-")]
    assert len(won) == 1
    others = [said for said in found if said not in won]
    assert all(said is None or said.startswith("Conflict: Somebody exported some") for said in others)
    assert left_behind(db) == NOTHING | {"batches": 1, "batch_files": 1, "lead_outcomes": 3}


def test_twenty_processes_may_make_the_database_together(db_path, config_dir, now):
    found = at_once(open_new, [(db_path, config_dir, now)] * 20)
    assert len(set(found)) == 1
    assert found[0][0] == 1  # one first version, not twenty
    db = turso_db.connect(f"file:{db_path}")
    assert len(db.rows("SELECT * FROM weight_versions")) == 1
    assert len(db.rows("SELECT * FROM schema_migrations")) == len(list(turso_db.MIGRATIONS.glob("*.sql")))
    db.close()


def kill_before_statements(db, db_path, config_dir, now, rows_per_write, step):
    """How many statements an export has, after one process each was killed before every `step`-th of them."""
    for statements in range(0, 200, step):
        code = killed(export_until, db_path, config_dir, now, rows_per_write, statements)
        found = left_behind(db)
        if code == 0:
            found.pop("staged_exports")  # what the killed ones left, for a day; nobody reads it
            parts = -(-7 // rows_per_write)
            assert {table: n for table, n in found.items() if n} == {
                "batches": 1, "batch_files": parts, "lead_outcomes": 7,
            }  # fmt: skip
            return statements
        assert code == -9
        if found["batches"]:  # killed after the closing write: whole
            batch_id = batches.read_batches(db)["batch_id"][0]
            content = batches.read_batch_csv(db, batch_id=batch_id)
            assert re.findall(rb"HADES-\d{8}-\d{3,}", content) == [batch_id.encode()] * 7
            assert found["lead_outcomes"] == 7
            return statements
        assert {table: n for table, n in found.items() if n and table != "staged_exports"} == {}
    raise AssertionError("the export never came to its end")


@pytest.mark.parametrize(
    ("rows_per_write", "step"),
    [(3, 5), pytest.param(3, 1, marks=pytest.mark.prove), pytest.param(100, 1, marks=pytest.mark.prove)],
)
def test_killed_before_one_of_its_statements_an_export_leaves_nothing(
    rows_per_write, step, db, db_path, config_dir, now
):
    statements = kill_before_statements(db, db_path, config_dir, now, rows_per_write, step)
    print(f"killed before each of {statements} statements, {rows_per_write} rows per write")  # noqa: T201
    assert statements > (20 if rows_per_write == 3 else 12)
    batch = batches.read_batches(db).iloc[0]
    assert len(read_back(batches.read_batch_csv(db, batch_id=batch["batch_id"]))) == 7
    later = export_rows(db, config_dir, now + timedelta(days=2), [lead_row(99)])
    assert later.batch_id > batch["batch_id"]
    assert left_behind(db)["staged_exports"] == 0


def export_and_die(db_path, config_dir, now):
    """Nothing; the process is killed after the batch is recorded and before anybody could take the file."""
    db = turso_db.connect(f"file:{db_path}")
    export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 8)])
    os.kill(os.getpid(), signal.SIGKILL)


def test_killed_between_record_and_download_the_batch_is_in_the_ledger_and_downloads(
    db, db_path, config_dir, now
):
    assert killed(export_and_die, db_path, config_dir, now) == -9
    batch = batches.read_batches(db).iloc[0]
    content = batches.read_batch_csv(db, batch_id=batch["batch_id"])
    assert (batch["status"], batch["exported"], len(read_back(content))) == ("closed", 7, 7)
    assert hashlib.sha256(content).hexdigest() == batch["sha256"]


def test_after_weights_layout_and_code_have_changed_the_file_is_the_same(
    db, db_path, config_dir, now, monkeypatch
):
    rows = [lead_row(n) for n in range(1, 4)]
    first = export_rows(db, config_dir, now, rows, layout=read_layout(config_dir))
    before = active_configuration(db, config_dir=config_dir, now=now).version
    text = (config_dir / "icp.yaml").read_text(encoding="utf-8")
    (config_dir / "icp.yaml").write_text(text.replace('"7011": 100', '"7011": 46'), encoding="utf-8")
    layout = "columns:\n  - {name: Site, lead: company_name}\n  - {name: Notes, fill: notes}\n"
    (config_dir / "vanillasoft.yaml").write_text(layout, encoding="utf-8")
    monkeypatch.setattr(  # another program: it writes names in capitals
        export,
        "vanillasoft_frame",
        lambda *args, **options: vanillasoft_frame(*args, **options).apply(lambda c: c.str.upper()),
    )
    later = export_rows(db, config_dir, now + timedelta(days=181), rows, layout=read_layout(config_dir))
    assert active_configuration(db, config_dir=config_dir, now=now).version > before
    # The same leads now give another file: 50 + .25 x 46 + 25 = 86.5, rounded half up 87.
    assert later.csv.startswith(b"Site,Notes\r\nOAK INN 1,BATCH: HADES-20260211-002 | SCORE: 87 |")
    again = turso_db.connect(f"file:{db_path}")
    content = batches.read_batch_csv(again, batch_id=first.batch_id)
    kept = batches.read_batch(again, batch_id=first.batch_id)["sha256"]
    again.close()
    assert content == first.csv
    assert hashlib.sha256(content).hexdigest() == kept == first.sha256
