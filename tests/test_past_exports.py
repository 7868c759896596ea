"""Batches from elsewhere: in = out + rejected, twice is once, their outcomes are matched, their IDs are never given out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoho_server import ZohoServer
from zoho_story import OPS, PROFILE, deliver, synced

import scripts.import_exports
from actors import Actor
from errors import InputError, Refused
from outcomes import import_historical, import_outcomes
from past_export_rows import COLUMNS, read_past_exports
from past_exports import import_exports
from scripts.command import run
from stores import batches, outcomes, unmatched

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
BATCH = "HADES-20251103-004"
HEAD = "batch_id,company_name,exported_at,zip_code,state,phone,contact_id,city"
ROWS = (
    f"{BATCH},Amber Inn,2025-11-03,75201,TX,(312) 555-0001,1,Dallas",
    f"{BATCH},Amber Inn,2025-11-03,75201,TX,(312) 555-0002,2,Dallas",  # another contact there
    f"{BATCH},Birch Academy,2025-11-03T16:20:00-06:00,61801,IL,312-555-0003,,Urbana",
    "HADES-20251104-001,Cedar Hospital,11/4/2025,60601,IL,,,Chicago",
)


def brought(db, *rows, head=HEAD, **more):
    content = "\n".join([head, *rows]).encode()
    settings = {"name": "old.csv", "today": TODAY, "now": NOW, "actor": OPS} | more
    return import_exports(db, content=content, **settings)


def leads(db):
    return db.rows("SELECT * FROM lead_outcomes ORDER BY batch_id, company_name, contact_id")


def test_leads_come_in_under_their_batches(db):
    done = brought(db, *ROWS)
    assert done.counts == {
        "read": 4, "imported": 4, "unchanged": 0, "merged": 0, "rejected": 0, "batches": 2, "milestones": 0,
    }  # fmt: skip
    first = leads(db)[0]
    assert (first["company_key"], first["phone"], first["exported_at"]) == (
        "amber inn|75201", "3125550001", "2025-11-03T12:00:00Z",
    )  # fmt: skip
    birch = leads(db)[2]
    assert birch["exported_at"] == "2025-11-03T22:20:00Z"  # 16:20 six hours behind UTC
    batch = batches.read_batch(db, batch_id=BATCH)
    assert (batch["rows_in"], batch["exported"], batch["exported_by"]) == (3, 3, "another tool")
    assert batch["exported_at"] == "2025-11-03T12:00:00Z"  # its first lead
    assert json.loads(batch["parameters"])["imported_by"] == "Ana Ruiz"
    assert batches.read_batch_csv(db, batch_id=BATCH) is None
    assert outcomes.read_funnel(db)["exported"] == 3  # companies


def test_twice_and_in_pieces_ends_the_same(db, tmp_path):
    brought(db, *ROWS)
    whole = [{k: v for k, v in row.items() if k not in ("id", "row_number")} for row in leads(db)]
    again = brought(db, *ROWS)
    assert (again.counts["imported"], again.counts["unchanged"], again.counts["batches"]) == (0, 4, 0)
    import turso_db

    pieces = turso_db.connect(f"file:{tmp_path / 'pieces.db'}")
    for row in reversed(ROWS):
        brought(pieces, row)
    brought(pieces, *ROWS)
    parts = [{k: v for k, v in row.items() if k not in ("id", "row_number")} for row in leads(pieces)]
    assert parts == whole
    assert batches.read_batch(pieces, batch_id=BATCH)["rows_in"] == 3
    pieces.close()


def test_every_row_is_accounted_for(db):
    done = brought(
        db, *ROWS, ROWS[0],
        "HADES-20251399-001,X,2025-11-03,,,,,",  # no such day
        "20251103-004,X,2025-11-03,,,,,",
        f"{BATCH},,2025-11-03,,,,,",
        f"{BATCH},X,soon,,,,,",
        f"{BATCH},X,2027-01-01,,,,,",
    )  # fmt: skip
    counts = done.counts
    assert (
        counts["read"]
        == 10
        == counts["imported"] + counts["unchanged"] + counts["merged"] + counts["rejected"]
    )
    assert (counts["merged"], counts["rejected"]) == (1, 5)
    assert [number for number, _ in done.rejected] == [7, 8, 9, 10, 11]
    assert "lies in the future" in dict(done.rejected)[11]


def test_optional_columns_are_kept_and_strange_cells_are_named(db):
    head = "Batch ID,Company Name,Exported At,sic_code,employee_count,hades_score,distance_miles,source_features,wallet"
    done = brought(
        db, f'{BATCH},Amber Inn,2025-11-03,7011,120,88,4.2,"{{""age"": 3}}",x', f"{BATCH},Birch Inn,2025-11-03,hotel,many,188,,,",
        head=head,
    )  # fmt: skip
    amber, birch = leads(db)
    assert (amber["sic_code"], amber["employee_count"], amber["hades_score"], amber["distance_miles"]) == (
        "7011", 120, 88, 4.2,
    )  # fmt: skip
    assert (amber["workflow_type"], birch["workflow_type"]) == ("geography", "intent")
    assert json.loads(amber["source_features"]) == {"age": 3}
    assert (birch["sic_code"], birch["hades_score"], birch["source_features"]) == (None, None, "{}")
    assert "Columns not used: wallet." in done.notes
    assert any(note.startswith("hades_score: 1 cell could not be understood") for note in done.notes)


def test_an_outcome_with_its_day_becomes_a_milestone(db):
    head = "batch_id,company_name,exported_at,outcome,outcome_at"
    rows = (
        f"{BATCH},Amber Inn,2025-11-03,delivery,2025-12-20",
        f"{BATCH},Birch Inn,2025-11-03,open,",
        f"{BATCH},Cedar Inn,2025-11-03,contacted,",
        f"{BATCH},Delta Inn,2025-11-03,delivery,2025-10-01",  # before its export
    )
    done = brought(db, *rows, head=head)
    assert (done.counts["imported"], done.counts["milestones"]) == (4, 1)
    assert outcomes.read_funnel(db)["delivery"] == 1
    assert "2 cells without a day" in done.notes[0]
    assert brought(db, *rows, head=head).counts["milestones"] == 0


def test_companies_that_stand_in_the_history_too_are_named(db):
    history = b"company_name,zip_code,outcome\nThe Amber Inn,75201,no_delivery\nOther,75201,delivery\n"
    import_historical(db, content=history, name="h.csv", now=NOW, actor=OPS)
    assert any("1 of these companies stand in the history, too" in note for note in brought(db, *ROWS).notes)
    assert not any("history" in note for note in brought(db, *ROWS).notes)  # nothing new came


def test_no_export_is_given_an_id_that_came_in(db):
    def last(day):
        return db.rows("SELECT last_number FROM batch_numbers WHERE day = ?", (day,))[0]["last_number"]

    brought(db, *ROWS, "HADES-20251103-002,Elm,2025-11-03,,,,,")
    assert (last("20251103"), last("20251104")) == (4, 1)  # exports go on with the next one
    brought(db, "HADES-20251103-003,Fir,2025-11-03,,,,,")  # a lower number frees nothing
    assert last("20251103") == 4


def test_a_batch_from_here_takes_no_further_lead(db):
    from zoho_story import export, lead_row

    export(db, "HADES-20260211-001", [lead_row(0)])
    name, zip_code = lead_row(0)["company_name"], lead_row(0)["zip_code"]
    row = f"HADES-20260211-001,{name},2026-02-11,{zip_code},IL,,,"
    done = brought(db, row)
    assert "was exported from here" in done.rejected[0][1]
    assert len(leads(db)) == 1


def test_outcomes_of_these_batches_are_matched_from_zoho_and_from_files(db, tmp_path):
    with ZohoServer() as zoho:
        zoho.world.now = datetime(2025, 12, 1, tzinfo=UTC)
        lead = zoho.world.add(
            "Leads", Company="AMBER INN", Zip_Code="75201", Phone="(312) 555-0001", Lead_Source="VanillaSoft",
            HADES_Batch_ID=f"Batch: {BATCH} | Score: 88", Lead_Status="Contacted",
        )  # fmt: skip
        zoho.world.wait(days=10)
        synced(db, zoho, tmp_path)
        assert unmatched.count_unmatched(db) == 1  # no such batch yet
        brought(db, *ROWS)
        deliver(zoho.world, zoho.world.convert(lead), "2025-12-09")
        assert synced(db, zoho, tmp_path).counts["unmatched"] == 0
    assert outcomes.read_funnel(db)["delivery"] == 1
    assert unmatched.count_unmatched(db) == 0
    text = f"batch_id,company_name,milestone,date\nHADES-20251104-001,Cedar Hospital,appointment,2025-12-02\n{BATCH},Birch Academy,lost,2025-12-02\n"
    done = import_outcomes(db, content=text.encode(), name="o.csv", now=NOW, actor=OPS)
    assert done.counts["matched"] == 2
    assert PROFILE.roles  # the shipped profile


def test_what_is_missing_is_a_sentence_and_nothing_is_kept(db):
    with pytest.raises(InputError, match=r"no column for exported at \(exported_at"):
        brought(db, "x,y", head="batch_id,company_name")
    with pytest.raises(InputError, match="more than once"):
        brought(db, "x,y,z,1,2", head="batch_id,company_name,exported_at,city,city")
    with pytest.raises(Refused):
        brought(db, *ROWS, actor=Actor("V", "viewer"))
    assert leads(db) == []


@given(
    cells=st.lists(
        st.tuples(*(st.sampled_from(["", "7011", BATCH, "2025-11-03", "Amber Inn", "75201", "(312) 555-0001", "x\u0000"])
                    for _ in COLUMNS)),
        max_size=6,
    )
)  # fmt: skip
def test_whatever_stands_in_the_cells_every_row_is_accounted_for(cells):
    content = "\n".join([",".join(COLUMNS), *(",".join(row) for row in cells)]).encode()
    said = read_past_exports(content, "x.csv", today=TODAY)
    assert said.read == len(said.leads) + said.merged + len(said.rejected)


def test_the_script_says_what_became_of_each_row(tmp_path, config_dir, capsys):
    path = tmp_path / "old.csv"
    path.write_text("\n".join([HEAD, *ROWS, f"{BATCH},X,soon,,,,,"]))
    assert run(scripts.import_exports.main, [str(path), "--actor", "Bo Lee", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["read"], told["imported"], told["rejected"]) == (5, 4, 1)
    assert told["problems"][0]["row"] == 6
    assert run(scripts.import_exports.main, [str(path)]) == 0
    assert "0 imported, 4 unchanged" in capsys.readouterr().out


def test_a_later_export_minds_what_went_out_elsewhere(db):
    brought(db, *ROWS)
    found = batches.read_exported_before(
        db, company_keys=["amber inn|75201"], phones=[], contact_ids=[], since=NOW - timedelta(days=365)
    )
    assert found["exported_by"].tolist() == ["another tool"]
