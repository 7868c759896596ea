"""The export: recorded before it is offered, whole or not at all, each ID once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from export_traces import NOTHING, SmallWrites, left_behind, rows_of
from lead_rows import TODAY, lead_file, lead_row, scored_leads
from racing import ANA, export_rows

import turso_db
from actors import Actor
from batch_ids import find_batch_id
from configuration import active_configuration
from errors import Conflict, InputError, Refused, Unavailable
from export import Export, exported_before, features, file_name, invented_agents, record_export, void_batch
from icp import parse_icp
from preflight import preflight
from stores import audit, batches, outcomes
from vanillasoft import read_back


def test_what_is_offered_was_recorded_first(db, config_dir, now):
    done = export_rows(
        db, config_dir, now, [lead_row(1), lead_row(2, Intent_Signal_Score="80"), lead_row(3, Employees="9")]
    )
    assert done.batch_id == "HADES-20260211-001"
    assert done.counts == {
        "rows_in": 3,
        "exported": 2,
        "duplicates": 0,
        "suppressed": 0,
        "excluded": 1,
        "rejected": 0,
    }
    batch = batches.read_batch(db, batch_id=done.batch_id)
    assert {key: batch[key] for key in done.counts} == done.counts
    assert (batch["status"], batch["workflow_type"], batch["exported_by"]) == ("closed", "intent", "Ana Ruiz")
    assert (batch["exported_at"], batch["weight_version"]) == ("2026-02-11T15:30:00Z", 1)
    assert (batch["source_file"], len(batch["source_sha256"]), batch["sha256"]) == (
        "leads.csv",
        64,
        done.sha256,
    )
    offered = read_back(done.csv)
    leads = rows_of(db, "lead_outcomes")
    assert (
        [lead["company_name"] for lead in leads] == offered["Company"].tolist() == ["Oak Inn 1", "Oak Inn 2"]
    )
    assert {find_batch_id(notes) for notes in offered["Import Notes"]} == {done.batch_id}
    assert [lead["hades_score"] for lead in leads] == [100, 85]
    assert batches.read_misses(db, batch_id=done.batch_id).values.tolist() == [
        [4, "excluded", "Fewer than 50 employees.", "Oak Inn 3"]
    ]
    entry = audit.read_audit(db).iloc[0]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("Ana Ruiz", "export", done.batch_id)
    assert json.loads(entry["detail"])["exported"] == 2


def test_a_batch_keeps_how_the_days_of_its_file_were_read(db, config_dir, now):
    """2/10/2026 may be two days, and no other day of the file tells: how it was read stays with the batch."""
    done = export_rows(db, config_dir, now, [lead_row(1, Intent_Signal_Date="2/10/2026")])
    kept = json.loads(batches.read_batch(db, batch_id=done.batch_id)["parameters"])
    assert "2/10/2026 was read as February 10" in kept["days"]
    plain = export_rows(db, config_dir, now, [lead_row(2)])
    assert "days" not in json.loads(batches.read_batch(db, batch_id=plain.batch_id)["parameters"])


def test_a_lead_keeps_every_input_and_every_part_of_its_score_and_no_contact(db, config_dir, now):
    export_rows(db, config_dir, now, [lead_row(1)])
    lead = rows_of(db, "lead_outcomes")[0]
    kept = json.loads(lead["source_features"])
    parts = [kept[name] for name in kept if name.endswith("_points")]
    assert sum(parts) + kept["rounding"] + kept["cap"] == pytest.approx(kept["score"], abs=1e-9)
    assert len(parts) == 4  # three components and the factor
    for name in (
        "sic_code",
        "employee_count",
        "signal_strength",
        "age_days",
        "intent_score",
        "accuracy",
        "factor",
    ):
        assert name in kept, name
    assert (kept["signal_date"], kept["age_days"], kept["sic_code"]) == ("2026-02-09", 2, "7011")
    assert kept["icp_sha256"] == active_configuration(db, config_dir=config_dir, now=now).icp.sha256
    for contact in ("Doe1", "555", "pat1", "Elm Street", "Oak Inn"):
        assert contact not in lead["source_features"]
    assert lead["phone"] == "2145550001"
    assert lead["other_phones"].split() == ["9725550001", "2145550001", "4695550001"]
    assert lead["web_domain"] == "oak1.example.com"
    assert lead["outcome"] is None


def test_a_later_download_gives_the_same_bytes(db, db_path, config_dir, now):
    done = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 8)])
    again = turso_db.connect(f"file:{db_path}")
    assert batches.read_batch_csv(again, batch_id=done.batch_id) == done.csv
    again.close()
    void_batch(db, batch_id=done.batch_id, reason="A rehearsal.", now=now, actor=ANA)
    assert batches.read_batch_csv(db, batch_id=done.batch_id) == done.csv
    assert batches.read_batch_csv(db, batch_id="HADES-20260211-002") is None
    assert file_name(done.batch_id) == "HADES-20260211-001_vanillasoft.csv"


def test_an_export_in_parts_leaves_the_same_behind_as_one_at_once(db, tmp_path, config_dir, now):
    rows = [lead_row(n) for n in range(1, 12)] + [lead_row(12, Company_Name="")]
    rows[3]["Company Name"] = 'The "Inn", ünïcode \u2028 & Sons'
    other = turso_db.connect(f"file:{tmp_path / 'parts.db'}")
    whole, parts = (
        export_rows(db, config_dir, now, rows),
        export_rows(SmallWrites(other), config_dir, now, rows),
    )
    assert parts == whole
    for table in ("batches", "batch_misses", "lead_outcomes", "audit"):
        assert rows_of(other, table) == rows_of(db, table), table
    assert batches.read_batch_csv(other, batch_id=parts.batch_id) == whole.csv
    assert left_behind(other)["staged_exports"] == 0
    assert left_behind(other)["batch_files"] == 4  # 11 leads by 3
    other.close()


@pytest.mark.parametrize("miles", [0.1 + 0.2, 12.345678901234567, 1e-7, 4.999999999999999, 1 / 3])
def test_a_number_travels_through_a_part_unchanged(miles, db, config_dir, now):
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    file = lead_file([lead_row(n) for n in range(1, 6)], config_dir)
    scored = scored_leads(file, icp).assign(distance_miles=miles)
    record_export(
        SmallWrites(db), preflight=preflight(file, scored, icp), icp=icp, weight_version=1, workflow="intent",
        parameters={}, today=TODAY, now=now, actor=ANA,
    )  # fmt: skip
    assert {lead["distance_miles"] for lead in rows_of(db, "lead_outcomes")} == {miles}


def test_nobody_sees_a_batch_before_its_last_write(db, config_dir, now):
    seen = []

    def look(_):
        seen.append(
            (
                len(batches.read_batches(db)),
                len(outcomes.read_outcome_frame(db)),
                outcomes.read_funnel(db)["exported"],
                len(outcomes.read_companies(db, batch_ids=["HADES-20260211-001"])),
                batches.read_batch_csv(db, batch_id="HADES-20260211-001"),
            )
        )

    export_rows(SmallWrites(db, before_write=look), config_dir, now, [lead_row(n) for n in range(1, 12)])
    assert len(seen) > 5  # the version, the number, four parts, the closing write
    assert set(seen) == {(0, 0, 0, 0, None)}
    look(0)
    assert seen[-1][:4] == (1, 11, 11, 11)


@pytest.mark.parametrize("rows_per_write", [100, 3])
def test_an_error_in_the_closing_write_leaves_nothing(rows_per_write, db, config_dir, now):
    rows = [lead_row(n) for n in range(1, 8)] + [lead_row(8, Employees="9")]
    with pytest.raises(Conflict):  # no operator has this number: the foreign key breaks the write
        export_rows(
            SmallWrites(db, rows_per_write), config_dir, now, rows, operator={"id": 77, "name": "Nobody"}
        )
    assert left_behind(db) == NOTHING
    assert "export" not in set(audit.read_audit(db)["action"])
    done = export_rows(db, config_dir, now, rows)
    assert (done.batch_id, done.counts["exported"]) == (
        "HADES-20260211-002",
        7,
    )  # a number is never used twice


@pytest.mark.parametrize("last", [2, 3, 4, 5])
def test_a_database_that_stops_answering_leaves_nothing(last, db, config_dir, now):
    def stop(number):
        if number >= last:
            raise Unavailable("The database does not answer.")

    active_configuration(db, config_dir=config_dir, now=now)
    with pytest.raises(Unavailable):
        export_rows(SmallWrites(db, before_write=stop), config_dir, now, [lead_row(n) for n in range(1, 12)])
    assert {table: n for table, n in left_behind(db).items() if n and table != "staged_exports"} == {}
    export_rows(db, config_dir, now + timedelta(days=2), [lead_row(50)])
    assert left_behind(db)["staged_exports"] == 0  # what was given up is cleared away later


def test_an_answer_that_is_lost_after_the_closing_write_is_settled(db, config_dir, now):
    class Losing(SmallWrites):
        def write(self, statements, *, bump=True):
            written = super().write(statements, bump=bump)
            if len(statements) > 4:
                raise Unavailable("The answer was lost.")
            return written

    done = export_rows(Losing(db, 100), config_dir, now, [lead_row(1)])
    assert batches.read_batch_csv(db, batch_id=done.batch_id) == done.csv


def test_nothing_to_export_makes_no_batch_and_uses_no_number(db, config_dir, now):
    done = export_rows(db, config_dir, now, [lead_row(1, Employees="9")])
    assert done == Export(None, None, None, done.counts)
    assert done.counts["excluded"] == done.counts["rows_in"] == 1
    assert left_behind(db) == NOTHING
    assert db.rows("SELECT * FROM batch_numbers") == []
    assert export_rows(db, config_dir, now, [lead_row(1)]).batch_id == "HADES-20260211-001"


def test_the_same_file_again_exports_nobody_and_says_where_they_are(db, config_dir, now):
    rows = [lead_row(1), lead_row(2)]
    export_rows(db, config_dir, now, rows)
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    keyed = scored_leads(lead_file(rows, config_dir), icp)
    known = exported_before(db, keyed=keyed, icp=icp, now=now)
    assert known["contact_id"]["-1001"] == (
        "The same contact was exported in HADES-20260211-001 on 2026-02-11 by Ana Ruiz."
    )
    assert {key: len(found) for key, found in known.items()} == {
        "contact_id": 2,
        "phone": 2,
        "company_key": 2,
    }
    again = export_rows(db, config_dir, now, rows)
    assert (again.batch_id, again.counts["duplicates"]) == (None, 2)


def test_a_colleague_of_an_exported_contact_stays(db, config_dir, now):
    export_rows(db, config_dir, now, [lead_row(1)])
    colleague = lead_row(2, ZoomInfo_Company_ID="350001", Company_Name="Oak Inn 1")
    assert export_rows(db, config_dir, now, [colleague]).counts["duplicates"] == 1


def test_after_the_look_back_a_lead_may_go_out_again(db, config_dir, now):
    export_rows(db, config_dir, now, [lead_row(1)])
    row = lead_row(1)
    assert export_rows(db, config_dir, now + timedelta(days=180), [row]).counts["duplicates"] == 1
    later = now + timedelta(days=180, seconds=1)
    assert export_rows(db, config_dir, later, [row]).batch_id == "HADES-20260211-002"


def test_a_look_back_of_no_days_looks_at_nothing(db, config_dir, now):
    path = config_dir / "icp.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("exported_within_days: 180", "exported_within_days: 0"), encoding="utf-8")
    for number in (1, 2):
        done = export_rows(db, config_dir, now, [lead_row(1)])
        assert done.batch_id == f"HADES-20260211-00{number}"
    earlier = export_rows(db, config_dir, now - timedelta(days=9), [lead_row(1)])
    assert earlier.counts["exported"] == 1


def test_an_export_as_of_an_earlier_day_minds_what_went_out_since(db, config_dir, now):
    export_rows(db, config_dir, now, [lead_row(1)])
    earlier = now - timedelta(days=30)
    assert export_rows(db, config_dir, earlier, [lead_row(1)]).counts["duplicates"] == 1
    done = export_rows(db, config_dir, now, [lead_row(2)], exported_at=earlier)
    assert batches.read_batch(db, batch_id=done.batch_id)["exported_at"] == "2026-01-12T15:30:00Z"


def test_the_evening_belongs_to_the_business_day(db, config_dir):
    night = datetime(2026, 2, 12, 3, 0, tzinfo=UTC)  # 21:00 on 11 February in Chicago
    done = export_rows(db, config_dir, night, [lead_row(1)])
    assert done.batch_id == "HADES-20260211-001"
    icp = active_configuration(db, config_dir=config_dir, now=night).icp
    keyed = scored_leads(lead_file([lead_row(1)], config_dir), icp)
    said = exported_before(db, keyed=keyed, icp=icp, now=night)["contact_id"]["-1001"]
    assert "on 2026-02-11 by" in said


def test_a_void_batch_frees_its_leads_and_keeps_its_id(db, config_dir, now):
    first = export_rows(db, config_dir, now, [lead_row(1)])
    void_batch(db, batch_id=first.batch_id, reason="  Wrong\n operator. ", now=now, actor=ANA)
    batch = batches.read_batch(db, batch_id=first.batch_id)
    assert (batch["status"], batch["voided_by"], batch["void_reason"]) == (
        "void",
        "Ana Ruiz",
        "Wrong operator.",
    )
    assert len(outcomes.read_outcome_frame(db)) == 0
    second = export_rows(db, config_dir, now, [lead_row(1)])
    assert (second.batch_id, second.counts["exported"]) == ("HADES-20260211-002", 1)
    assert len(rows_of(db, "lead_outcomes")) == 2  # nothing is lost


def test_a_batch_is_made_void_once(db, config_dir, now):
    done = export_rows(db, config_dir, now, [lead_row(1)])
    void_batch(db, batch_id=done.batch_id, reason="Wrong.", now=now, actor=ANA)
    with pytest.raises(Conflict, match="already made void by Ana Ruiz on 2026-02-11"):
        void_batch(db, batch_id=done.batch_id, reason="Wrong.", now=now, actor=Actor("Ben"))
    assert batches.read_batch(db, batch_id=done.batch_id)["voided_by"] == "Ana Ruiz"
    assert audit.read_audit(db)["action"].tolist().count("void batch") == 1
    with pytest.raises(InputError, match="no batch HADES-20260211-009"):
        void_batch(db, batch_id="HADES-20260211-009", reason="Wrong.", now=now, actor=ANA)
    with pytest.raises(InputError, match="reason was expected"):
        void_batch(db, batch_id=done.batch_id, reason=" ", now=now, actor=ANA)


def test_a_viewer_may_neither_export_nor_void(db, config_dir, now):
    with pytest.raises(Refused, match="may not export leads"):
        export_rows(db, config_dir, now, [lead_row(1)], actor=Actor("Vic", "viewer"))
    assert db.rows("SELECT * FROM batch_numbers") == []
    done = export_rows(db, config_dir, now, [lead_row(1)], actor=Actor("Ona", "ops"))
    with pytest.raises(Refused, match="may not void a batch"):
        void_batch(db, batch_id=done.batch_id, reason="Wrong.", now=now, actor=Actor("Vic", "viewer"))


def test_the_number_goes_on_past_999(db, config_dir, now):
    db.write([turso_db.Statement("INSERT INTO batch_numbers VALUES ('20260211', 998)")])
    found = [export_rows(db, config_dir, now, [lead_row(n)]) for n in (1, 2)]
    assert [done.batch_id for done in found] == ["HADES-20260211-999", "HADES-20260211-1000"]
    assert find_batch_id(read_back(found[1].csv)["Import Notes"][0]) == "HADES-20260211-1000"


def test_both_workflows_share_one_counter_per_day(db, config_dir, now):
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    found = []
    for number, (workflow, day) in enumerate([("intent", 11), ("geography", 11), ("geography", 12)], 1):
        file = lead_file([lead_row(number)], config_dir)
        scored = scored_leads(file, icp, workflow=workflow, center_zip="75201")
        done = record_export(
            db, preflight=preflight(file, scored, icp), icp=icp, weight_version=1, workflow=workflow,
            parameters={"center_zip": "75201", "radius_miles": 25}, today=date(2026, 2, day), now=now,
            actor=ANA,
        )  # fmt: skip
        found.append(done.batch_id)
    assert found == ["HADES-20260211-001", "HADES-20260211-002", "HADES-20260212-001"]


def test_the_agents_of_this_export_win_over_the_configured_ones(db, config_dir, now):
    done = export_rows(
        db, config_dir, now, [lead_row(1), lead_row(2)], parameters={"agents": ["x@example.com"]}
    )
    assert read_back(done.csv)["Contact Owner"].tolist() == ["x@example.com"] * 2
    path = config_dir / "icp.yaml"
    path.write_text(path.read_text("utf-8").replace("  agents: []", "  agents: [ana, ben, chris]"), "utf-8")
    configured = export_rows(db, config_dir, now, [lead_row(n) for n in range(3, 7)])
    assert read_back(configured.csv)["Contact Owner"].tolist() == ["ana", "ben", "chris", "ana"]
    none = export_rows(db, config_dir, now, [lead_row(n) for n in range(7, 9)], parameters={"agents": []})
    assert read_back(none.csv)["Contact Owner"].tolist() == ["", ""]


def test_invented_agents_are_told_from_ones_of_flesh():
    agents = ["Ana", "ben@Example.com ", "kim@example.company.com"]
    assert invented_agents(agents) == ["ben@Example.com "]


def test_what_was_known_at_export_never_changes(db, config_dir, now):
    export_rows(db, config_dir, now, [lead_row(1)])
    for change in (
        "UPDATE lead_outcomes SET source_features = '{}'",
        "UPDATE lead_outcomes SET hades_score = 1",
        "DELETE FROM lead_outcomes",
    ):
        with pytest.raises(Refused):
            db.write([turso_db.Statement(change)])


def test_features_of_a_lead_without_anything_but_a_name_are_still_there(config_dir, db, now):
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    icp = parse_icp(icp.text.replace("allow_unknown_sic: false", "allow_unknown_sic: true"))
    bare = dict.fromkeys(lead_row(), "") | {"Company Name": "Oak Inn"}
    scored = scored_leads(lead_file([bare], config_dir), icp, workflow="geography", center_zip="75201")
    kept = json.loads(features(scored, icp)[0])
    # proximity 70 x .5 + on-site 40 x .3 + size 40 x .2 = 35 + 12 + 8 = 55
    assert kept["score"] == 55
    assert "NaN" not in features(scored, icp)[0]


def test_a_preflight_that_does_not_add_up_is_never_recorded(db, config_dir, now):
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    file = lead_file([lead_row(1), lead_row(2)], config_dir)
    plan = preflight(file, scored_leads(file, icp), icp)
    with pytest.raises(Conflict):
        record_export(
            db, preflight=replace(plan, source=replace(file, rows_in=3)), icp=icp, weight_version=1,
            workflow="intent", parameters={}, today=TODAY, now=now, actor=ANA,
        )  # fmt: skip
    assert left_behind(db) == NOTHING
