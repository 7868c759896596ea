"""What the stores promise on their own: leases, looks at the state, searches, figures that agree with each other."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from lead_rows import lead_row
from outcome_rows import calibrated, history, real_history, told
from racing import ANA, at_once, export_rows, hold_lease

import turso_db
from analytics.calibration_table import overall
from errors import Conflict, Refused
from export import void_batch
from operators import save_operator
from stores import audit, batches, operators, outcomes, state, weights
from stores.matured import read_matured
from stores.overview import read_overview


def test_a_lease_belongs_to_one_holder_until_it_ends(db, now):
    def take(holder, seconds_later=0, seconds=60):
        return state.take_lease(
            db, name="sync", holder=holder, now=now + timedelta(seconds=seconds_later), seconds=seconds
        )

    assert take("a")
    assert not take("b", 59)
    assert take("a", 30)  # prolonged: until second 90
    assert not take("b", 89)
    assert state.read_lease_holder(db, name="sync", now=now + timedelta(seconds=89)) == "a"
    assert state.read_lease_holder(db, name="sync", now=now + timedelta(seconds=90)) is None
    assert take("b", 90)
    state.release_lease(db, name="sync", holder="a")  # it is no longer a's to give back
    assert not take("a", 91)
    state.release_lease(db, name="sync", holder="b")
    assert take("a", 92)
    assert state.take_lease(db, name="other", holder="b", now=now, seconds=60)


def test_of_many_processes_one_has_the_lease(db, db_path, now):
    found = at_once(hold_lease, [(db_path, now, f"process {n}") for n in range(8)])
    assert sorted(found) == [False] * 7 + [True]


def test_a_lease_moves_no_data_version(db, now):
    before = state.read_state(db).data_version
    state.take_lease(db, name="sync", holder="a", now=now, seconds=60)
    state.release_lease(db, name="sync", holder="a")
    assert state.read_state(db).data_version == before


def test_the_state_of_a_new_database(db):
    assert state.read_state(db) == state.State(1, None, None)
    assert state.is_empty(db)
    assert weights.read_active_version(db) is None
    assert len(weights.read_versions(db)) == len(batches.read_batches(db)) == len(audit.read_audit(db)) == 0
    assert outcomes.read_funnel(db) == {"exported": 0, "contacted": 0, "appointment": 0, "delivery": 0}
    assert len(outcomes.read_outcome_frame(db)) == len(outcomes.read_feed(db)) == 0


def test_every_act_moves_the_data_version_and_a_look_does_not(db, config_dir, now):
    seen = [state.read_state(db).data_version]

    def moved():
        seen.append(state.read_state(db).data_version)
        return seen[-1] > seen[-2]

    batch = export_rows(db, config_dir, now, [lead_row(1)]).batch_id
    assert moved()
    told(db, now + timedelta(days=9), (batch, "Oak Inn 1", "contacted", "2026-02-12"))
    assert moved()
    history(db, now, ("Oak", "", "", "", "", "delivery", "", ""))
    assert moved()
    calibrated(db, config_dir, now)
    assert moved()
    void_batch(db, batch_id=batch, reason="Wrong.", now=now, actor=ANA)
    assert moved()
    save_operator(db, values={"name": "Kim"}, now=now, actor=ANA)
    assert moved()
    outcomes.read_outcome_frame(db)
    batches.read_batches(db)
    assert not moved()


def test_an_operator_is_found_by_what_is_typed_and_nothing_is_a_wildcard(db, now):
    for name in ("Kim Lee", "100% Vending", "under_score", "back\\slash", "O'Brien"):
        save_operator(db, values={"name": name, "zip_code": "02139"}, now=now, actor=ANA)

    def found(search):
        return operators.read_operators(db, search=search)["name"].tolist()

    assert found("kim") == ["Kim Lee"]
    assert found("%") == ["100% Vending"]
    assert found("_") == ["under_score"]
    assert found("\\") == ["back\\slash"]
    assert found("o'b") == ["O'Brien"]
    assert len(found("")) == len(found("02139")) == operators.count_operators(db) == 5
    assert [row["name"] for row in operators.find_operators(db, name=" KIM LEE ")] == ["Kim Lee"]
    assert operators.find_operators(db, name="Kim") == []
    assert operators.read_operator(db, operator_id=99) is None


def test_batches_come_newest_first_with_their_companies(db, config_dir, now):
    first = export_rows(db, config_dir, now, [lead_row(1), lead_row(2)])
    second = export_rows(db, config_dir, now + timedelta(hours=1), [lead_row(3)])
    told(db, now + timedelta(days=30), (first.batch_id, "Oak Inn 1", "delivery", "2026-03-01"))
    table = batches.read_batches(db)
    assert table["batch_id"].tolist() == [second.batch_id, first.batch_id]
    assert table[["companies", "contacted", "appointments", "deliveries"]].to_numpy().tolist() == [
        [1, 0, 0, 0],
        [2, 1, 1, 1],
    ]
    assert batches.read_batches(db, limit=1)["batch_id"].tolist() == [second.batch_id]


def test_the_feed_tells_each_standing_milestone_once(db, config_dir, now):
    oak = {"Company_Name": "Oak Inn", "ZoomInfo_Company_ID": "1"}
    batch = export_rows(db, config_dir, now, [lead_row(n, **oak) for n in range(1, 6)]).batch_id
    told(
        db, now + timedelta(days=30), (batch, "Oak Inn", "contacted", "2026-02-20"), (batch, "Oak Inn", "delivery", "2026-03-01")
    )  # fmt: skip
    feed = outcomes.read_feed(db)
    assert feed[["happened_at", "milestone", "company_name"]].to_numpy().tolist() == [
        ["2026-03-01", "delivery", "Oak Inn"],
        ["2026-02-20", "contacted", "Oak Inn"],
    ]


def test_a_retracted_milestone_no_longer_stands_and_stays_on_record(db, config_dir, now):
    batch = export_rows(db, config_dir, now, [lead_row(1)]).batch_id
    told(db, now + timedelta(days=30), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    wrong = db.rows("SELECT * FROM outcome_milestones")[0]
    taken_back = {
        "batch_id": batch, "company_key": wrong["company_key"], "milestone": "retracted", "happened_at": "2026-03-05",
        "source": "person", "source_key": "r1", "retracts": wrong["id"],
    }  # fmt: skip
    for _ in range(2):  # the second time it is known already
        db.write(
            [
                outcomes.insert_milestones(milestones=[taken_back], now=now, actor="Ana Ruiz"),
                outcomes.refresh_outcomes(companies=[(batch, wrong["company_key"])], now=now),
            ]
        )
    assert db.rows("SELECT outcome, outcome_at FROM lead_outcomes") == [{"outcome": None, "outcome_at": None}]
    assert outcomes.read_funnel(db)["delivery"] == 0
    assert len(db.rows("SELECT * FROM outcome_milestones")) == 2


@pytest.mark.parametrize("days_on", [100, 119, 120, 400])
def test_the_front_page_and_a_calibration_count_alike(days_on, db, config_dir, now):
    history(
        db, now, *real_history({"8361": (30, 6), "7011": (20, 1)}, deal="2025-06-01", delivered="2025-09-01")
    )
    history(db, now, *real_history({"8062": (10, 2)}, deal="", delivered=""))
    batch = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 5)]).batch_id
    told(db, now + timedelta(days=60), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    today = date(2026, 2, 11) + timedelta(days=days_on)
    front = read_overview(db, today=today, maturity_days=120)
    counted = overall(outcomes.read_outcome_frame(db), as_of=today, maturity_days=120)
    assert (front["matured"], front["matured_deliveries"], front["too_young"]) == (
        counted["leads"], counted["deliveries"], counted["too_young"],
    )  # fmt: skip
    assert front["leads"] == front["matured"] + front["too_young"] == 64


def test_of_the_young_it_is_said_what_is_delivered_and_what_is_lost_already(db, config_dir, now):
    """Of four companies of 11 February: one delivered, one lost, one lost and delivered all the same, one open."""
    batch = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 5)]).batch_id
    later = now + timedelta(days=60)
    history(db, later, *real_history({"7011": (5, 1)}, deal="2026-02-01", delivered="2026-02-20"))
    told(
        db, later, (batch, "Oak Inn 1", "delivery", "2026-03-01"), (batch, "Oak Inn 2", "lost", "2026-03-02"),
        (batch, "Oak Inn 3", "lost", "2026-03-03"), (batch, "Oak Inn 3", "delivery", "2026-03-20"),
    )  # fmt: skip
    young = read_overview(db, today=date(2026, 4, 11), maturity_days=120)
    # 5 called before with 1 delivery; "no delivery" so far of the other 4 is nothing final
    assert (young["too_young"], young["young_deliveries"], young["young_lost"]) == (9, 3, 1)
    old = read_overview(db, today=date(2026, 9, 11), maturity_days=120)
    assert (old["too_young"], old["young_deliveries"], old["young_lost"]) == (0, 0, 0)


def test_a_batch_counts_each_company_once_per_step(db, config_dir, now):
    """An appointment counts as a contact, a delivery as both."""
    later = now + timedelta(days=60)
    first = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 5)]).batch_id
    second = export_rows(db, config_dir, later, [lead_row(n) for n in range(5, 7)]).batch_id
    told(
        db, later, (first, "Oak Inn 1", "contacted", "2026-02-20"), (first, "Oak Inn 1", "contacted", "2026-02-21"),
        (first, "Oak Inn 2", "appointment", "2026-02-22"), (first, "Oak Inn 3", "churned", "2026-03-20"),
        (first, "Oak Inn 4", "lost", "2026-03-20"),
    )  # fmt: skip
    found = batches.read_batches(db).set_index("batch_id")[
        ["companies", "contacted", "appointments", "deliveries"]
    ]
    assert found.loc[first].tolist() == [4, 3, 2, 1]
    assert found.loc[second].tolist() == [2, 0, 0, 0]
    assert batches.read_batches(db, limit=1)["batch_id"].tolist() == [second]


def test_versions_are_numbered_by_the_one_who_comes_first(db, now):
    def insert(version):
        return weights.insert_version(
            version=version, kind="first", icp_yaml="a", sha256="b", actor="Ana", reason="r", now=now
        )

    db.write([insert(1)])
    with pytest.raises(Conflict):
        db.write([insert(1)])
    for change in ("UPDATE weight_versions SET icp_yaml = 'x'", "DELETE FROM weight_versions"):
        with pytest.raises(Refused, match="append-only"):
            db.write([turso_db.Statement(change)])


def test_an_evening_in_chicago_is_the_day_it_is_there(db, config_dir, now):
    """9:30 in the evening of 11 February in Chicago is 3:30 of the 12th in UTC."""
    evening = datetime(2026, 2, 12, 3, 30, tzinfo=UTC)
    batch = export_rows(db, config_dir, evening, [lead_row(1), lead_row(2)]).batch_id
    assert batch == "HADES-20260211-001"
    told(db, evening + timedelta(days=30), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    moment = db.rows("SELECT company_key FROM lead_outcomes ORDER BY id")[1] | {
        "batch_id": batch, "milestone": "delivery", "happened_at": "2026-03-02T04:00:00Z", "source": "zoho", "source_key": "z1",
    }  # fmt: skip
    db.write([outcomes.insert_milestones(milestones=[moment], now=evening, actor="Ana Ruiz")])
    frame = outcomes.read_outcome_frame(db, zone=ZoneInfo("America/Chicago"))
    assert frame["started_on"].astype(str).tolist() == ["2026-02-11"] * 2
    assert frame["delivered_on"].astype(str).tolist() == ["2026-03-01"] * 2
    assert outcomes.read_delivery_days(db)["exported_on"].tolist() == ["2026-02-11"] * 2
    assert outcomes.count_started_before(db, day=date(2026, 2, 11)) == 2
    assert read_overview(db, today=date(2026, 6, 11), maturity_days=120)["matured"] == 2  # 120 days on
    assert read_overview(db, today=date(2026, 6, 10), maturity_days=120)["matured"] == 0


def test_matured_leads_are_counted_in_the_database_as_a_calibration_counts_them(db, config_dir, now):
    history(db, now, *real_history({"8361": (30, 6)}, deal="2025-06-01", delivered="2025-09-01"))
    history(db, now, *real_history({"8062": (10, 2)}, deal="", delivered=""))
    batch = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 5)]).batch_id
    told(db, now + timedelta(days=60), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    for days_on in (0, 100, 120):
        today = date(2026, 2, 11) + timedelta(days=days_on)
        for row in read_matured(db, today=today, maturity_days=120):
            frame = outcomes.read_outcome_frame(db, population=row["source"])
            counted = overall(frame, as_of=today, maturity_days=120)
            assert {key: row[key] for key in ("leads", "deliveries", "too_young")} == {
                key: counted[key] for key in ("leads", "deliveries", "too_young")
            }


def test_the_parts_of_a_score_are_read_as_exported(db, config_dir, now):
    batch = export_rows(db, config_dir, now, [lead_row(1), lead_row(2)]).batch_id
    told(db, now + timedelta(days=60), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    frame = outcomes.read_component_scores(db, components=["signal_strength", "proximity"])
    kept = [
        json.loads(row["source_features"])
        for row in db.rows("SELECT source_features FROM lead_outcomes ORDER BY id")
    ]
    assert frame["signal_strength"].tolist() == [features["signal_strength_score"] for features in kept]
    assert frame["proximity"].isna().all()  # the other workflow's
    assert frame["started_on"].astype(str).tolist() == ["2026-02-11"] * 2
    assert frame["delivered_on"].notna().tolist() == [True, False]
    assert outcomes.read_component_scores(db, components=[]).shape == (2, 3)
