"""The demo year in a database: written like real exports, marked as invented, the same from the same seed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from demo_years import CONFIG, DANA, NOW, load, loaded

import turso_db
from actors import Actor
from analytics.calibration_evidence import calculate, data_sha256
from batch_ids import find_batch_id
from demo_rates import planted_beside_recovered
from demo_world import SEED, VOID_REASON, demo_world
from errors import InputError, Refused, Unavailable
from icp import parse_icp, read_icp
from outcomes import import_historical
from stores import batches, outcomes, overview, state, unmatched
from stores import demo as store
from vanillasoft import read_back
from vanillasoft_layout import read_layout


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[turso_db.Database]:
    """The demo world, for tests that only read."""
    db = turso_db.connect(f"file:{loaded(tmp_path_factory.mktemp('year') / 'hades.db')}")
    yield db
    db.close()


@pytest.fixture
def own_year(tmp_path: Path) -> Iterator[turso_db.Database]:
    """The demo world, for a test that writes."""
    db = turso_db.connect(f"file:{loaded(tmp_path / 'data' / 'hades.db')}")
    yield db
    db.close()


def content_hash(db: turso_db.Database) -> str:
    """A hash of every row of every table but the list of migrations, which knows the clock of the machine, and the
    number of the database, which is its own.
    """
    digest = hashlib.sha256()
    tables = db.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_migrations' ORDER BY 1"
    )
    for table in tables:
        only = " WHERE key <> 'database_id'" if table["name"] == "meta" else ""
        for rows in db.stream(f"SELECT * FROM {table['name']}{only} ORDER BY rowid"):
            digest.update(repr((table["name"], rows)).encode())
    return digest.hexdigest()


def test_the_same_seed_and_day_give_the_same_database(year, db, config_dir) -> None:
    done = load(db, config_dir)
    assert done.loaded
    assert done.day == date(2026, 2, 11)
    assert content_hash(db) == content_hash(year)


def test_loading_again_changes_nothing_and_says_so(own_year, config_dir) -> None:
    before = content_hash(own_year)
    done = load(own_year, config_dir, NOW + timedelta(days=3))
    assert not done.loaded
    assert done.day == date(2026, 2, 11)
    assert done.counts["batches"] == 37
    assert content_hash(own_year) == before


def test_batches_are_those_of_real_exports(year) -> None:
    made = batches.read_batches(year)
    assert len(made) == 37
    assert made["exported"].between(60, 120).all()
    assert (made["exported"] + made["duplicates"] + made["suppressed"] + made["excluded"] + made["rejected"]
            == made["rows_in"]).all()  # fmt: skip
    for kind in ("duplicates", "suppressed", "excluded", "rejected"):
        assert made[kind].sum() > 10, kind
    for batch in made.head(3).itertuples():
        content = batches.read_batch_csv(year, batch_id=batch.batch_id)
        assert hashlib.sha256(content).hexdigest() == batch.sha256
        rows = read_back(content)
        assert list(rows.columns) == list(read_layout(CONFIG).names)
        assert len(rows) == batch.exported
        assert {find_batch_id(notes) for notes in rows["Import Notes"]} == {batch.batch_id}
        assert len(batches.read_misses(year, batch_id=batch.batch_id)) == batch.rows_in - batch.exported
    reasons = year.frame("SELECT reason FROM batch_misses WHERE kind = 'duplicate'")["reason"]
    assert reasons.str.contains("was exported in HADES-").any()  # the look-back over earlier batches


def test_features_hold_every_input_and_part_of_the_score(year) -> None:
    leads = year.frame("SELECT workflow_type, hades_score, source_features FROM lead_outcomes")
    for workflow, parts in (
        ("intent", {"signal_strength_points", "onsite_likelihood_points", "freshness_points", "signal_date"}),
        (
            "geography",
            {"proximity_points", "onsite_likelihood_points", "employee_scale_points", "distance_miles"},
        ),
    ):
        for row in leads[leads["workflow_type"] == workflow].head(50).itertuples():
            features = json.loads(row.source_features)
            assert parts <= set(features)
            points = sum(value for name, value in features.items() if name.endswith("_points"))
            assert points + features["rounding"] + features["cap"] == pytest.approx(row.hades_score, abs=1e-9)


def test_every_planted_company_was_exported_and_nothing_else(year) -> None:
    world = demo_world(SEED, NOW.date())
    exported = year.frame(
        "SELECT DISTINCT l.company_id FROM lead_outcomes l JOIN batches b ON b.batch_id = l.batch_id "
        "WHERE b.status = 'closed'"
    )["company_id"]
    assert set(exported) == set(world.companies["company_id"].astype("str"))


def test_one_batch_is_void_with_its_reason(year) -> None:
    made = batches.read_batches(year)
    void = made[made["status"] == "void"]
    assert void["void_reason"].tolist() == [VOID_REASON]
    twin = made[made["batch_id"] == void["batch_id"].iloc[0].replace("-001", "-002")]
    assert twin["status"].tolist() == ["closed"]
    assert twin["exported"].tolist() == void["exported"].tolist()


def test_leads_say_the_farthest_milestone_of_their_company(own_year) -> None:
    leads = "SELECT id, outcome, outcome_at FROM lead_outcomes ORDER BY id"
    before = own_year.frame(leads)
    assert set(before["outcome"].dropna()) == {"contacted", "appointment", "delivery", "churned"}
    assert before["outcome"].isna().sum() > 100  # open
    companies = own_year.rows("SELECT DISTINCT batch_id, company_key FROM lead_outcomes")
    own_year.write(
        [
            outcomes.refresh_outcomes(
                companies=[(c["batch_id"], c["company_key"]) for c in companies[::20]], now=NOW
            )
        ]
    )
    pd.testing.assert_frame_equal(own_year.frame(leads), before)


def test_a_person_finds_unmatched_rows_and_why(year) -> None:
    rows = unmatched.read_unmatched(year)
    assert len(rows) == 12  # nine typing errors and three strangers
    assert set(rows["why"]) == {
        "No company of this batch has this name.",
        "No batch with this ID was exported.",
    }


def test_companies_have_several_contacts_and_young_leads_are_open(year) -> None:
    contacts = year.frame("SELECT count(*) AS n FROM lead_outcomes GROUP BY batch_id, company_key")["n"]
    assert set(contacts) == {1, 2, 3}
    seen = overview.read_overview(year, today=NOW.date(), maturity_days=120)
    assert seen["too_young"] > 500
    assert (
        0.07 < seen["matured_deliveries"] / seen["matured"] < 0.12
    )  # about one in ten or eleven, as in reality
    assert seen["deliveries_30_days"] > 0


def test_everything_is_marked_as_demo(year) -> None:
    assert not any(store.count_foreign(year).values())
    for table in ("historical_outcomes", "outcome_milestones", "unmatched_outcomes"):
        assert year.frame(f"SELECT DISTINCT source FROM {table}")["source"].tolist() == ["demo"]
    who = year.frame(
        "SELECT exported_by AS name FROM batches UNION SELECT recorded_by FROM outcome_milestones "
        "UNION SELECT started_by FROM sync_runs UNION SELECT actor FROM audit WHERE action <> 'first'"
    )["name"]
    assert who.str.startswith("Demo ").all()
    last = year.rows("SELECT action, subject FROM audit ORDER BY id DESC LIMIT 1")[0]
    assert last == {"action": "load demo", "subject": f"seed {SEED}"}
    people = year.frame("SELECT phone, email FROM operators")
    assert people["phone"].str.contains(" 555-01").all()
    assert people["email"].str.endswith(".example.com").all()
    phones = year.frame("SELECT phone FROM lead_outcomes WHERE phone IS NOT NULL")["phone"]
    assert phones.str.fullmatch(r"\d{3}55501\d\d").all()


def test_calibration_recovers_most_of_what_was_planted(year) -> None:
    frame = outcomes.read_outcome_frame(year)
    rows = calculate(frame, read_icp(CONFIG), as_of=NOW.date(), estimator="shrunk").rows
    truth = store.read_truth(year)
    beside = planted_beside_recovered(truth[truth["dimension"] != "state"], rows)
    # 36 intervals at 95 %: fewer than 30 of them would happen once in 500 worlds (binomial); this one is fixed.
    assert beside["inside"].sum() >= 30
    assert len(beside) == 25 + 3 + 5 + 3
    best = {row["value"]: row for row in rows if row["dimension"] == "sic_code"}
    assert best["4213"]["candidate"]  # outcomes speak for a code outside the filter
    assert best["8361"]["suggested"] > best["7011"]["suggested"]  # what the real result teaches


def test_a_database_in_use_is_refused_and_left_alone(db, config_dir) -> None:
    history = b"company_name,outcome\nOak Inn,delivery\n"
    import_historical(db, content=history, name="own.csv", now=NOW, actor=Actor("Ana Ruiz", "ops"))
    with pytest.raises(Refused, match="holds 1 historical leads"):
        load(db, config_dir)
    assert store.read_load(db) is None
    assert batches.read_batches(db).empty


def test_another_seed_is_refused_where_a_demo_stands(own_year, config_dir) -> None:
    with pytest.raises(Refused, match=f"already holds the demo world of seed {SEED}"):
        load(own_year, config_dir, seed=SEED + 1)


def test_a_wrong_seed_or_a_viewer_is_refused(db, config_dir) -> None:
    with pytest.raises(InputError, match="seed was expected"):
        load(db, config_dir, seed=-1)
    assert DANA.may("manager")
    with pytest.raises(Refused, match="may not load the demo world"):
        load(db, config_dir, actor=Actor("Vera", "viewer"))


def test_only_one_loads_at_a_time(db, config_dir) -> None:
    assert state.take_lease(db, name="demo", holder="somebody", now=NOW, seconds=60)
    with pytest.raises(Unavailable, match="Somebody is loading"):
        load(db, config_dir)
    assert store.read_load(db) is None


class Failing:
    """The database until the machine is switched off, after so many writes."""

    def __init__(self, db: turso_db.Database, writes: int) -> None:
        self._db, self._left = db, writes

    def __getattr__(self, name: str):
        return getattr(self._db, name)

    def write(self, *args, **options):
        if self._left == 0:
            raise Unavailable("The machine was switched off.")
        self._left -= 1
        return self._db.write(*args, **options)


def test_an_interrupted_load_is_carried_on_and_ends_the_same(year, db, config_dir) -> None:
    with pytest.raises(Unavailable, match="switched off"):
        load(Failing(db, 70), config_dir)  # in the middle of the exports
    assert store.read_load(db)["finished_at"] is None
    # The next day: the world is still that of the day on which it was begun.
    done = load(db, config_dir, NOW + timedelta(days=1))
    assert done.loaded
    assert done.day == NOW.date()
    assert done.counts == store.count_demo(year)
    assert data_sha256(outcomes.read_outcome_frame(db).drop(columns="batch_id")) == data_sha256(
        outcomes.read_outcome_frame(year).drop(columns="batch_id")
    )


def test_a_configuration_of_ones_own_leaves_no_trace_of_leads_it_excludes(db, tmp_path) -> None:
    own = shutil.copytree(CONFIG, tmp_path / "own")
    text = (own / "icp.yaml").read_text()
    hotels = next(line for line in text.splitlines(keepends=True) if line.strip().startswith('- "7011"'))
    (own / "icp.yaml").write_text(text.replace(hotels, ""))
    assert "7011" not in parse_icp((own / "icp.yaml").read_text()).data["hard_filters"]["sic_codes"]
    done = load(db, own)
    assert not db.rows("SELECT 1 FROM lead_outcomes WHERE sic_code = '7011' LIMIT 1")
    assert 3 <= done.counts["unmatched"] <= 12  # typing errors and strangers only
