"""Every page in every state it can be in: empty, too young, too little, stale, running, failed. Each has its sentence, and no
page is blank or breaks. Who may not see a page: test_access.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from lead_rows import lead_row
from outcome_rows import calibrated, history
from page_words import said
from racing import ANA, export_rows
from streamlit.testing.v1 import AppTest
from test_pages import PAGES

import turso_db
from analytics.pipeline_scores import read_pipeline_rules
from deal_import import import_deals
from deals import read_deal_rules
from jobs import jobs
from lead_columns import read_columns
from pipeline import snapshot_pipeline
from stores import syncs
from suppression import load_list
from tests.browser import ROOT
from turso_db import Statement
from views.calibration_run import STEPS

NOW = datetime.now(UTC).replace(microsecond=0)
DEALS = b"deal_id,account,owner,outcome,amount,created_on,closed_on\nD-1,Oak,Ana,Won,100,2025-01-01,2025-02-01\nD-2,Elm,Bo,Open,90,2025-01-01,\n"
DAYS_AGO = 40


def visit(sentences: dict[str, list[str]], **query: dict[str, str]) -> None:
    """Nothing; each page was opened, none broke or was blank, and each said its sentences."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
    for page, wanted in sentences.items():
        app.query_params.clear()
        app.query_params.update(query.get(page.partition("_")[2].partition(".")[0] or "Home", {}))
        app.switch_page(page).run()
        told = said(app).replace("\\", "")
        assert not app.exception, page
        assert app.title, page
        assert len(app.main) > 1, page
        for sentence in wanted:
            assert sentence in told, (page, sentence, told)
        assert not app.error or any(
            "!" in sentence or sentence in app.error[0].value for sentence in wanted
        ), (page, told)


def test_the_table_knows_every_page():
    assert set(EMPTY) == set(PAGES)


EMPTY = {
    "Home.py": ["No lead has been exported and no history imported yet", "First steps with your own data"],
    "pages/1_Score_and_Export.py": [
        "No file is loaded yet, so no lead is scored",
        "Drop a ZoomInfo export above. Nothing is recorded before you press Export.",
    ],
    "pages/2_Batches.py": ["No batch has been exported yet."],
    "pages/3_Operators.py": ["There are no operators yet."],
    "pages/4_Outcomes.py": ["No company has been exported yet", "No outcome has come in yet."],
    "pages/5_Pipeline.py": ["No deals have come in yet."],
    "pages/6_Insights.py": ["No deals have come in yet."],
    "pages/7_Score_Calibration.py": ["Nothing has been calibrated yet."],
    "pages/8_Alerts.py": ["No alert is open"],
    "pages/9_Suppression.py": ["There is no list yet."],
    "pages/10_Test_a_Lead.py": ["Say what you know of a lead"],
    "pages/11_Accuracy.py": ["yet; 0 are waiting"],
    "pages/12_Audit.py": ["The newest: "],  # the configuration itself was the first act
    "pages/13_Demo.py": ["There is no demo in this database."],
}


def test_empty(places):
    visit(EMPTY)
    for page, tab, sentence in (
        ("pages/3_Operators.py", "Zoho", "Zoho is not connected yet."),
        ("pages/4_Outcomes.py", "Review", "No site"),
        ("pages/4_Outcomes.py", "Unmatched", "Every outcome found its company."),
        ("pages/4_Outcomes.py", "Chain of custody", ""),
        ("pages/4_Outcomes.py", "History", ""),
        ("pages/4_Outcomes.py", "By hand", "No exported company"),
        ("pages/6_Insights.py", "Issues", "Nothing strange was found about the deals."),
        ("pages/7_Score_Calibration.py", "Current weights", ""),
        ("pages/7_Score_Calibration.py", "Proposals", "Nothing was proposed yet."),
        ("pages/7_Score_Calibration.py", "Outcomes feed", ""),
        ("pages/7_Score_Calibration.py", "Why the rate changed", ""),
        ("pages/7_Score_Calibration.py", "Tuning", ""),
        ("pages/7_Score_Calibration.py", "Model", ""),
        ("pages/8_Alerts.py", "Schedule", "The schedule has not run here yet"),
    ):
        name = page.partition("_")[2].partition(".")[0]
        visit({page: [sentence]}, **{name: {"tab": tab}})


@pytest.fixture
def db(places):
    database = turso_db.connect(None, None, places / "data")
    yield database
    database.close()


def test_too_young(places, db):
    today = NOW.astimezone().date()
    rows = [lead_row(n, Intent_Signal_Date=today.isoformat()) for n in (1, 2)]
    export_rows(db, places / "config", NOW, rows, today=today)
    calibrated(db, places / "config", NOW, as_of=today)
    visit({
        "Home.py": ["No company is old enough to judge yet"],
        "pages/2_Batches.py": ["1 batch, 2 leads, 0 deliveries so far"],
        "pages/4_Outcomes.py": ["0 of 2 exported companies were delivered so far"],
        "pages/7_Score_Calibration.py": ["no lead is old enough to judge", "2 leads are waiting."],
        "pages/11_Accuracy.py": ["No lead is old enough to judge yet; 2 are waiting."],
    })  # fmt: skip


def test_too_little(places, db):
    config = places / "config"
    history(
        db,
        NOW,
        *[(f"Site {n}", "7011", "120", "75201", "TX", "no_delivery", "2025-01-10", "") for n in range(5)],
    )
    calibrated(db, config, NOW, as_of=NOW.date())
    import_deals(db, content=DEALS, name="own.csv", rules=read_deal_rules(config), now=NOW, actor=ANA)
    snapshot_pipeline(db, rules=read_pipeline_rules(config), today=NOW.date(), now=NOW, actor=ANA)
    visit({
        "Home.py": ["0 of 5 companies old enough to judge were delivered: 0.0 %"],
        "pages/5_Pipeline.py": ["No scored deal has been closed yet, so the scores cannot be judged."],
        "pages/6_Insights.py": ["The data cannot tell yet"],
        "pages/7_Score_Calibration.py": ["0 scores are contradicted by what happened"],
    }, Pipeline={"tab": "What became of them"})  # fmt: skip


def test_stale(places, db):
    config, then = places / "config", NOW - timedelta(days=DAYS_AGO)
    history(db, then, ("Site", "7011", "120", "75201", "TX", "no_delivery", then.date().isoformat(), ""))
    load_list(
        db, content=b"phone\n2145550101\n", file_name="dnc.csv", kind="phone", name="National registry", scrubbed_on=then.date(),
        columns=read_columns(config), today=then.date(), now=then, actor=ANA,
    )  # fmt: skip
    import_deals(db, content=DEALS, name="own.csv", rules=read_deal_rules(config), now=then, actor=ANA)
    rules = read_pipeline_rules(config)
    snapshot_pipeline(db, rules=rules, today=then.date(), now=then, actor=ANA)
    visit({
        "Home.py": [f"No outcome has come in for {DAYS_AGO} days."],
        "pages/5_Pipeline.py": [f"These scores are {DAYS_AGO} days old"],
        "pages/6_Insights.py": [f"Deals last came in {DAYS_AGO} days ago"],
        "pages/9_Suppression.py": ["Load a newer one: exports ask first until then."],
    })  # fmt: skip


def test_running(places, db):
    history(db, NOW, ("Site", "7011", "120", "75201", "TX", "no_delivery", "2025-01-10", ""))
    held = threading.Event()

    def work() -> str:
        held.wait(60)
        return "done"

    assert jobs().start("calibration", work)
    jobs().tell("calibration", STEPS[0])
    try:
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        app.switch_page("pages/7_Score_Calibration.py").run()
        assert not app.exception
        assert app.button(key="calibrate").disabled  # nobody starts it twice
        told = str(app.get("progress")[0].proto)
        assert f"{STEPS[0]}. You may leave this page; the calibration goes on." in told  # for whoever looks
    finally:
        held.set()
        while jobs().state("calibration").running:
            pass
    app.run()
    assert not app.button(key="calibrate").disabled


def test_failed(places, db):
    history(
        db, NOW - timedelta(days=1), ("Site", "7011", "120", "75201", "TX", "no_delivery", "2025-01-10", "")
    )
    run = syncs.start_run(db, kind="outcomes", mode="full", now=NOW, actor="Ana Ruiz")
    db.write(
        [
            syncs.finish_run(
                run_id=run,
                status="failed",
                counts={},
                errors=["Zoho said no."],
                now=NOW,
                window=(None, None),
                note=None,
            )
        ]
    )
    visit(
        {"Home.py": ["The last sync failed."], "pages/3_Operators.py": ["This run failed"]},
        Operators={"sync": str(run)},
    )


def test_a_page_whose_database_fails_says_so_and_nothing_of_the_trouble(places, db):
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
    db.write([Statement("ALTER TABLE weight_versions RENAME TO gone")])
    for page in PAGES:
        app.switch_page(page).run()
        assert not app.exception, page
        told = " ".join(error.value for error in app.error)
        assert told, page
        assert "Traceback" not in told
        assert "SELECT" not in told
