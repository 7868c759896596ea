"""What a change would do is what it does: lead by lead the preview equals the scores after it."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from approval_steps import approved
from demo_years import NOW, loaded
from lead_rows import TODAY, lead_file, lead_row
from outcome_rows import calibrated, history, real_history
from racing import ANA, export_rows

import change_preview
import turso_db
from analytics.lead_model import Card, Input, LeadModel, Term, to_json
from change_preview import again, grade_approvals, preview_change, promised
from configuration import active_configuration
from proposals import approve_proposal, propose
from score_changes import change_of_run, movable_rows
from stores import exported_leads, proposals


@pytest.fixture
def demo(db_path, config_dir):
    """The demo year."""
    database = turso_db.connect(f"file:{loaded(db_path)}")
    yield database
    database.close()


def test_the_leads_of_every_batch_score_as_they_did_at_export(demo, config_dir):
    active = active_configuration(demo, config_dir=config_dir, now=NOW)
    rows = exported_leads.read_newest_leads(demo, batches=1000)
    assert len(rows) > 2000
    assert again(rows, active.icp).tolist() == rows["hades_score"].tolist()


def test_the_preview_equals_the_scores_after_the_approval_for_all_leads(demo, config_dir):
    active = active_configuration(demo, config_dir=config_dir, now=NOW)
    run = calibrated(demo, config_dir, NOW, as_of=NOW.date())
    upload = lead_file([lead_row(n, SIC_Code_1=sic, SIC_Codes=sic, Employees=str(60 * n)) for n, sic in enumerate(["7011", "8062", "8361", "3599", "4213"], 1)], config_dir).leads  # fmt: skip
    waiting = (upload, {"workflow": "intent", "today": TODAY})
    proposed, _ = change_of_run(active.icp, movable_rows(run))
    preview = preview_change(demo, active.icp, proposed, as_of=NOW.date(), waiting=waiting)
    assert preview.pools[0].name == "Waiting leads"
    assert {pool.workflow for pool in preview.pools[1:]} == {"intent", "geography"}
    approved(demo, config_dir, NOW, run)
    after = active_configuration(demo, config_dir=config_dir, now=NOW)
    assert after.version == 2
    rows = exported_leads.read_newest_leads(demo)
    compared = 0
    for pool in preview.pools[1:]:
        own = rows.loc[pool.change.table.index]
        assert pool.change.table["score_suggested"].tolist() == again(own, after.icp).tolist()
        assert pool.change.table["score_current"].tolist() == own["hades_score"].tolist()
        compared += len(own)
    assert compared == len(rows)
    # The leads that wait go the way of every export now, and are kept with the scores of the preview.
    first = preview.pools[0]
    shown = dict(zip(first.leads["company_name"], first.change.table["score_suggested"], strict=True))
    files = [lead_row(n, SIC_Code_1=sic, SIC_Codes=sic, Employees=str(60 * n)) for n, sic in enumerate(["7011", "8062", "8361", "3599", "4213"], 1)]  # fmt: skip
    export_rows(demo, config_dir, NOW + timedelta(days=1), files)
    kept = demo.rows("SELECT company_name, hades_score FROM lead_outcomes WHERE weight_version = 2")
    assert {row["company_name"]: row["hades_score"] for row in kept} == {
        name: score for name, score in shown.items() if pd.notna(score)
    }
    assert len(kept) == 4  # 4213 is outside the filter under both


def test_what_a_model_scores_is_ranked_by_it_before_and_after(demo, config_dir, monkeypatch):
    active = active_configuration(demo, config_dir=config_dir, now=NOW)
    run = calibrated(demo, config_dir, NOW, as_of=NOW.date())
    proposed, _ = change_of_run(active.icp, movable_rows(run))
    by_sic = Term("SIC", (Input("sic_code"),), {"8361": 1.0, "7011": -0.5}, 0.0, {})
    model = LeadModel({"geography": Card(-2.2, (by_sic,))}, 50.0, 20.0, 1.0, 0.0)
    rows = exported_leads.read_newest_leads(demo)
    own = rows[rows["workflow_type"] == "geography"]
    by_model = again(own, active.icp, (7, model))
    assert by_model.dropna().isin([40, 50, 70]).all()  # 50 + 20 × the log odds
    assert again(own, proposed, (7, model)).equals(by_model)
    in_force = {"geography": {"version": 7, "coefficients": to_json(model)}}
    monkeypatch.setattr(change_preview, "read_models_in_force", lambda db: in_force)
    preview = preview_change(demo, active.icp, proposed, as_of=NOW.date())
    by_points = next(pool for pool in preview.pools if pool.workflow == "intent").change
    # What it promises is the other workflow's, and is told per 100 calls of that one: only there it can be graded.
    told = preview.prediction
    assert (told["by_model"], told["calls"] > by_points.top) == (["geography"], True)
    assert told["extra"] == pytest.approx(by_points.extra)
    assert told["per_100"] == pytest.approx(100 * by_points.extra / by_points.top)


def test_what_is_promised_is_kept_with_the_proposal(demo, config_dir):
    active = active_configuration(demo, config_dir=config_dir, now=NOW)
    run = calibrated(demo, config_dir, NOW, as_of=NOW.date())
    promise = promised(demo, active.icp, run_id=run["run_id"], rows=None, as_of=NOW.date())
    assert promise["extra_low"] < promise["extra"] < promise["extra_high"]
    assert promise["lift"] == pytest.approx(
        promise["expected_suggested"] / promise["expected_current"], rel=0.02
    )
    assert promise["calls"] == promise["leads"] // 2
    number = propose(
        demo, config_dir=config_dir, run_id=run["run_id"], rows=None, reason="Look.", now=NOW, actor=ANA, prediction=promise
    )  # fmt: skip
    assert proposals.read_proposal(demo, proposal_id=number)["prediction"] == promise
    approve_proposal(
        demo, config_dir=config_dir, proposal_id=number, rows=None, reason="Yes.", now=NOW, actor=ANA
    )
    ((entry, found),) = grade_approvals(demo, today=NOW.date(), maturity_days=120)
    assert (entry["proposal_id"], found.word, found.leads) == (number, "too young", 0)


def test_without_leads_there_is_no_pool_and_without_deliveries_no_promise(db, config_dir, now):
    active = active_configuration(db, config_dir=config_dir, now=now)
    empty = preview_change(db, active.icp, active.icp, as_of=date(2026, 2, 11))
    assert (empty.pools, empty.prediction) == ([], None)
    export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 5)])
    four = preview_change(db, active.icp, active.icp, as_of=date(2026, 2, 11))
    assert [len(pool.leads) for pool in four.pools] == [4]
    assert four.prediction is None
    assert pd.isna(four.pools[0].change.extra)


def test_nothing_is_promised_for_what_cannot_be_put_into_force(db, config_dir, now):
    history(db, now, *real_history())
    run = calibrated(db, config_dir, now)
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    day = date(2026, 2, 11)
    assert promised(db, icp, run_id=9, rows=None, as_of=day) is None
    assert promised(db, icp, run_id=run["run_id"], rows=[("sic_code", "1234")], as_of=day) is None
    assert promised(db, icp, run_id=run["run_id"], rows=None, as_of=day) is None  # no lead to rank yet


@pytest.mark.parametrize("by_model", [{}, {"by_model": ["geography"]}, {"by_model": ["intent"]}])
def test_an_approval_is_graded_by_the_leads_exported_under_it(db, config_dir, now, by_model):
    history(db, now, *real_history())
    run = calibrated(db, config_dir, now)
    promise = {"per_100": 5.0, "per_100_low": 1.0, "per_100_high": 9.0} | by_model
    approved(db, config_dir, now, run, "8062", "7011", prediction=promise)
    # Hospitals (40 now) came first before; residential care (100) does now: 20 of each, all High and Hot.
    files = [lead_row(n, SIC_Code_1=sic, SIC_Codes=sic) for sic, start in (("8062", 0), ("8361", 20)) for n in range(start + 1, start + 21)]  # fmt: skip
    done = export_rows(db, config_dir, now, files)
    leads = db.rows(
        "SELECT id, company_key, sic_code FROM lead_outcomes WHERE batch_id = ?", (done.batch_id,)
    )
    won = [row for row in leads if row["sic_code"] == "8361"][:6]
    db.write(
        [
            turso_db.Statement(
                "INSERT INTO outcome_milestones (batch_id, company_key, milestone, happened_at, source, source_key, "
                "recorded_at, recorded_by) VALUES (?, ?, 'delivery', '2026-03-01', 'person', ?, ?, 'Ana')",
                (done.batch_id, row["company_key"], str(row["id"]), now),
            )
            for row in won
        ]
    )
    ((_, young),) = grade_approvals(db, today=date(2026, 6, 1), maturity_days=120)
    if by_model.get("by_model") == ["intent"]:  # all of these: no points ranked them, so nothing is graded
        assert young is None
        assert grade_approvals(db, today=date(2026, 6, 11), maturity_days=120)[0][1] is None
        return
    assert (young.word, young.leads, young.waiting) == ("too young", 0, 40)
    ((_, found),) = grade_approvals(db, today=date(2026, 6, 11), maturity_days=120)  # 120 days on
    # Before: all scored 100, the first 20 of the file (hospitals) called: 0 deliveries. After: the 20 of 8361: 6.
    assert (found.calls, found.observed) == (20, 6.0)
    assert found.predicted == pytest.approx(1.0)  # 5 per 100, 20 calls
    assert found.word in ("held", "did better")
