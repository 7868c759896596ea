"""Deals from Zoho: kept with every state, won and lost by stage, closed on a day that can be, deleted and restored."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from zoho_faults import Fault
from zoho_story import EXPORTED, OPS, PROFILE, ROOT, open_zoho, synced

from actors import Actor
from deal_import import import_deals, sync_deals
from deals import read_deal_rules
from errors import ConfigError, HadesError, Refused
from stores import deals as store
from stores import pipeline as pipeline_store
from stores import state, syncs
from zoho_deals import deal_record, outcome_of
from zoho_profile import parse_profile

RULES = read_deal_rules(ROOT / "config")


@pytest.fixture
def zoho(zoho):
    zoho.world.fields["Deals"] |= {"Region": "text", "Product": "picklist"}
    return zoho


def deal(zoho, number, **changes):
    values = {
        "Deal_Name": f"Deal {number}", "Account_Name": {"name": f"Account {number % 3}", "id": "77"}, "Stage": "Qualification",
        "Owner": {"name": "Kim Lee", "id": "5"}, "Amount": 1000.5 + number, "Lead_Source": "VanillaSoft", "Region": "North",
        "Product": "Combo", "Closing_Date": "2026-06-30",
    }  # fmt: skip
    return zoho.world.add("Deals", **(values | changes))


def read(db, zoho, tmp_path, *, full=False, profile=PROFILE, actor=OPS):
    client = open_zoho(zoho, tmp_path, coql_rows=20)
    try:
        return sync_deals(
            db, client, profile=profile, rules=RULES, actor=actor, clock=lambda: zoho.world.now, full=full
        )
    finally:
        client.close()


def kept(db):
    return store.read_deals(db).set_index("deal_id")


def told(done):
    return {name: done.counts[name] for name in ("read", "new", "changed", "unchanged", "rejected", "gone")}


def test_deals_come_with_their_fields_and_every_state(db, zoho, tmp_path):
    keys = [deal(zoho, number) for number in range(3)]
    zoho.world.wait(days=10)
    assert told(read(db, zoho, tmp_path)) == {
        "read": 3, "new": 3, "changed": 0, "unchanged": 0, "rejected": 0, "gone": 0
    }  # fmt: skip
    row = kept(db).loc[keys[1]]
    assert (row.source, row.account, row.owner, row.region, row["product"], row.lead_source, row.stage, row.amount) == (
        "zoho", "Account 1", "Kim Lee", "North", "Combo", "VanillaSoft", "Qualification", 1001.5,
    )  # fmt: skip
    assert row.created_on.date() == EXPORTED.date()
    assert row.outcome == "open"  # and the closing date is an expectation
    zoho.world.change("Deals", keys[1], Stage="Closed Won", Closing_Date="2026-02-20", Amount=900.0)
    done = read(db, zoho, tmp_path)
    assert (done.mode, done.counts["changed"], done.counts["new"]) == ("incremental", 1, 0)
    row = kept(db).loc[keys[1]]
    assert (row.outcome, row.closed_on.date().isoformat(), row.amount) == ("won", "2026-02-20", 900.0)
    states = db.rows("SELECT outcome, amount FROM deal_snapshots WHERE deal_id = ? ORDER BY id", (keys[1],))
    assert [(s["outcome"], s["amount"]) for s in states] == [("open", 1001.5), ("won", 900.0)]


def test_again_changes_nothing_and_pieces_equal_once(db, zoho, tmp_path):
    import turso_db

    for number in range(50):
        deal(zoho, number)
    zoho.world.wait(days=1)
    for step in range(5):
        read(db, zoho, tmp_path)
        for key in list(zoho.world.rows["Deals"])[step * 7 : step * 7 + 5]:
            stage = ("Closed Won", "Closed Lost", "Negotiation/Review")[step % 3]
            zoho.world.change("Deals", key, Stage=stage, Closing_Date=f"2026-02-{12 + step}")
        deal(zoho, 100 + step)
        zoho.world.wait(days=1)
    read(db, zoho, tmp_path)
    snapshots = db.rows("SELECT count(*) AS n FROM deal_snapshots")[0]["n"]
    version = state.read_state(db).data_version
    for full in (False, True):
        assert read(db, zoho, tmp_path, full=full).counts["changed"] == 0
    assert db.rows("SELECT count(*) AS n FROM deal_snapshots")[0]["n"] == snapshots
    assert state.read_state(db).data_version - version < 20
    once = turso_db.connect(f"file:{tmp_path / 'once.db'}")
    read(once, zoho, tmp_path)
    assert kept(db).sort_index().equals(kept(once).sort_index())
    once.close()


def test_a_deal_deleted_in_zoho_no_longer_counts_and_comes_back(db, zoho, tmp_path):
    keys = [deal(zoho, number) for number in range(3)]
    zoho.world.wait(days=1)
    read(db, zoho, tmp_path)
    record = dict(zoho.world.rows["Deals"][keys[0]])
    zoho.world.delete("Deals", keys[0])
    assert read(db, zoho, tmp_path).counts["gone"] == 1
    assert read(db, zoho, tmp_path, full=True).counts["gone"] == 0
    assert set(kept(db).index) == set(keys[1:])
    assert store.count_deals(db)["deals"] == 2
    zoho.world.rows["Deals"][keys[0]] = record
    zoho.world.deleted["Deals"].clear()
    zoho.world.change("Deals", keys[0])
    read(db, zoho, tmp_path)
    assert set(kept(db).index) == set(keys)


def test_a_closing_day_that_cannot_be_is_replaced_told_and_stays(db, zoho, tmp_path):
    key = deal(zoho, 1)
    zoho.world.wait(days=5)
    zoho.world.change("Deals", key, Stage="Closed Lost")  # the date still says June
    read(db, zoho, tmp_path)
    assert kept(db).loc[key].closed_on.date().isoformat() == "2026-02-16"
    issue = store.read_issues(db).iloc[0]
    assert issue["kind"] == "impossible date"
    assert "says it was closed on 2026-06-30; 2026-02-16 was taken" in issue["what"]
    zoho.world.wait(days=9)
    zoho.world.change("Deals", key, Amount=5.0)  # a later change moves nothing
    read(db, zoho, tmp_path)
    assert kept(db).loc[key].closed_on.date().isoformat() == "2026-02-16"


def test_stages_are_asked_for_only_when_no_list_names_one(db, zoho, tmp_path):
    zoho.world.stages |= {"Machine placed": "Closed Won", "Gone": "Closed Lost"}
    deal(zoho, 0, Stage="Closed Won", Closing_Date="2026-02-11")
    zoho.world.wait(days=1)
    profile = parse_profile((ROOT / "config" / "zoho.yaml").read_text().replace(
        "  stages:\n    won: [Closed Won", "  stages:\n    open: [Qualification]\n    won: [Closed Won"))  # fmt: skip
    read(db, zoho, tmp_path, profile=profile)
    assert not any("pipeline" in call.path for call in zoho.calls)
    placed = deal(zoho, 1, Stage="Machine placed", Closing_Date="2026-02-12")
    gone, odd = deal(zoho, 2, Stage="Gone", Closing_Date="2026-02-12"), deal(zoho, 3, Stage="Unheard of")
    read(db, zoho, tmp_path, profile=profile)
    assert kept(db).loc[[placed, gone, odd], "outcome"].tolist() == ["won", "lost", "open"]


FAULTS = [
    Fault("missing rows", "from Deals where", 1), Fault("missing rows", "from Deals where", 1, 99),
    Fault("status", "from Deals where", 2, 99, 503), Fault("same page", "from Deals where", 2),
    Fault("no content", "from Deals where", 2), Fault("duplicates", "from Deals where", 1, 3),
    Fault("reset within", "from Deals where", 1), Fault("html", "/deleted", 1, 99), Fault("token expired", "from Deals", 2),
]  # fmt: skip


@pytest.mark.parametrize("given", FAULTS, ids=lambda fault: f"{fault.kind} {fault.on} {fault.times}")
def test_after_the_next_good_run_no_fault_has_left_a_trace(db, zoho, tmp_path, given):
    import turso_db

    for number in range(50):
        deal(zoho, number, Stage=("Qualification", "Closed Won")[number % 2], Closing_Date="2026-02-11")
    zoho.world.wait(days=1)
    zoho.faults.append(Fault(given.kind, given.on, given.nth, given.times, given.value))
    try:
        read(db, zoho, tmp_path)
        status = "done"
    except HadesError:
        status = "failed"
    assert syncs.read_sync_runs(db).iloc[0]["status"] == status
    zoho.faults.clear()
    read(db, zoho, tmp_path)
    clean = turso_db.connect(f"file:{tmp_path / 'clean.db'}")
    read(clean, zoho, tmp_path)
    assert kept(db).equals(kept(clean))
    count = "SELECT count(*) AS n FROM deal_snapshots"
    assert db.rows(count) == clean.rows(count)
    clean.close()


def test_deals_of_a_file_stay_apart_and_are_told(db, zoho, tmp_path):
    content = b"deal_id,created_date,closed_date,outcome,deal_amount\nA1,2026-01-02,2026-01-20,won,10\n"
    import_deals(db, content=content, name="deals.csv", rules=RULES, now=EXPORTED, actor=OPS)
    deal(zoho, 1)
    zoho.world.wait(days=1)
    done = read(db, zoho, tmp_path)
    assert done.notes == ["1 deals came from files and count beside those of Zoho."]
    assert sorted(kept(db)["source"]) == ["file", "zoho"]
    synced(db, zoho, tmp_path)  # the sync of outcomes has bookmarks of its own
    assert read(db, zoho, tmp_path).mode == "incremental"


def test_a_scored_deal_meets_its_outcome(db, zoho, tmp_path):
    from analytics.pipeline_scores import read_pipeline_rules
    from pipeline import snapshot_pipeline

    keys = [deal(zoho, number) for number in range(6)]
    zoho.world.wait(days=1)
    read(db, zoho, tmp_path)
    rules = read_pipeline_rules(ROOT / "config")
    for day in (date(2026, 2, 13), date(2026, 2, 16)):
        snapshot_pipeline(db, rules=rules, today=day, now=zoho.world.now, actor=OPS)
    zoho.world.wait(days=9)
    zoho.world.change("Deals", keys[0], Stage="Closed Won", Closing_Date="2026-02-20", Amount=777.0)
    read(db, zoho, tmp_path)
    met = pipeline_store.read_scored_outcomes(db)
    assert met["deal_id"].tolist() == [keys[0]]
    assert (met.loc[0, "outcome"], met.loc[0, "amount"], met.loc[0, "days_to_close"]) == ("won", 777.0, 7)
    assert met.loc[0, ["score", "score_at_close"]].notna().all()


@pytest.mark.parametrize(
    ("stage", "forecast", "outcome"),
    [("closed won", {}, "won"), ("Green / delivered", {}, "won"), ("RED/rejected", {}, "lost"), (None, {}, "open"),
     ("X", {"x": "Closed Won"}, "won"), ("X", {}, "open"), ("Closed Lost", {"closedlost": "Closed Won"}, "lost")],
)  # fmt: skip
def test_a_stage_means_what_a_list_says_else_its_forecast_type(stage, forecast, outcome):
    assert outcome_of(PROFILE.deals, stage, forecast) == outcome


def test_a_closed_deal_without_any_date_closed_when_it_last_changed():
    raw = {
        "Stage": "Closed Won",
        "Created_Time": "2026-02-01T09:00:00-06:00",
        "Modified_Time": "2026-02-09T09:00:00-06:00",
    }
    found = deal_record(PROFILE.deals, "7", raw, {}, None, EXPORTED.date())
    assert found.cells["closed_on"] == "2026-02-09"
    assert "has no closing date" in found.replaced
    reopened = deal_record(
        PROFILE.deals, "7", raw, {}, ("lost", "2026-02-03"), EXPORTED.date() + timedelta(1)
    )
    assert reopened.cells["closed_on"] == "2026-02-09"  # what was known is of another outcome


def test_who_may_not_and_a_profile_without_deals(db, zoho, tmp_path):
    with pytest.raises(Refused, match="may not"):
        read(db, zoho, tmp_path, actor=Actor("V", "viewer"))
    text = "lead_source: X\nmodules:\n  leads:\n    module: Leads\n    fields: {name: Company}\n    outcomes: {stages: {}}\n"
    with pytest.raises(ConfigError, match="no part `deals`"):
        read(db, zoho, tmp_path, profile=parse_profile(text))
    del zoho.world.fields["Deals"]["Stage"]
    with pytest.raises(ConfigError, match="no field Stage"):
        read(db, zoho, tmp_path)
