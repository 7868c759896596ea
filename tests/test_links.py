"""Every filter and every object has an address: opened fresh it shows the same, an unknown one is a sentence, Back works."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime

import pytest
from demo_beside import DEALS
from lead_rows import lead_row
from outcome_rows import calibrated, history, real_history
from page_words import said
from racing import ANA, export_rows
from streamlit.testing.v1 import AppTest

import turso_db
from analytics.pipeline_scores import read_pipeline_rules
from approvals import approve
from deal_import import import_deals
from deals import read_deal_rules
from operators import save_operator
from outcomes import import_outcomes
from pipeline import snapshot_pipeline
from proposals import propose
from stores import alerts
from tests.browser import ROOT, chromium, go, served, settled

TODAY = date(2026, 2, 11)


def fill(folder, now) -> dict[str, str]:
    """One object of each kind in the database of this folder; what its address names it."""
    db = turso_db.connect(None, None, folder / "data")
    config = folder / "config"
    batch = str(export_rows(db, config, now, [lead_row(1), lead_row(2)]).batch_id)
    came = f"batch_id,company_name,milestone,date\n{batch},Oak Inn 1,delivery,2026-02-11\n{batch},Nobody Knows Ltd,delivery,2026-02-11\n".encode()
    import_outcomes(db, content=came, name="came.csv", now=now, actor=ANA)
    save_operator(db, values={"name": "Oak Vending"}, now=now, actor=ANA)
    history(db, now, *real_history({"8361": (218, 38), "7011": (410, 28)}))
    first = calibrated(db, config, now)["run_id"]
    proposal = propose(
        db, config_dir=config, run_id=first, rows=None, reason="They fail.", now=now, actor=ANA
    )
    second = calibrated(db, config, now, estimator="raw")["run_id"]
    approve(db, config_dir=config, run_id=second, rows=None, reason="They fail.", now=now, actor=ANA)
    import_deals(
        db,
        content=DEALS.replace(b"%s", b"own")
        + b"own-3,Ash,Bo,Won,90,2026-01-09,2026-01-02\n",  # closed before it began
        name="own.csv",
        rules=read_deal_rules(config),
        now=now,
        actor=ANA,
    )
    snapshot_pipeline(db, rules=read_pipeline_rules(config), today=TODAY, now=now, actor=ANA)
    db.write(
        [
            alerts.insert_alert(
                rule="Win rate", subject="all", sentence="The win rate fell.", day=TODAY, now=now
            )
        ]
    )
    db.write(
        [alerts.insert_alert(rule="Old deals", subject="all", sentence="Deals grow old.", day=TODAY, now=now)]
    )
    ids = {
        "lead": "SELECT min(id) AS id FROM lead_outcomes", "operator": "SELECT id FROM operators", "alert": "SELECT max(alert_id) AS id FROM alerts",
        "sync": "SELECT max(run_id) AS id FROM sync_runs WHERE kind = 'historical'",
        "issue": "SELECT max(id) AS id FROM deal_issues", "milestone": "SELECT max(id) AS id FROM outcome_milestones",
    }  # fmt: skip
    found = {name: str(db.rows(sql)[0]["id"]) for name, sql in ids.items()}
    db.close()
    return found | {
        "batch": batch,
        "run": str(first),
        "proposal": str(proposal),
        "version": "2",
        "deal": "own-2",
        "rule": "Strange deals",
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a world that is built once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("links")
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "data").mkdir()
    return folder, fill(folder, datetime(2026, 2, 11, 15, 30, tzinfo=UTC))


@pytest.fixture
def world(made, places):
    shutil.copytree(made[0], places, dirs_exist_ok=True)
    return made[1]


def visit(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
    app.query_params.update(query)
    return app.switch_page(page).run()


def told(app: AppTest) -> str:
    return said(app).replace("\\", "")


# page, the object's parameter, what goes with it, and what only the opened object says
OBJECTS = [
    ("pages/2_Batches.py", "batch", {}, "2 leads, exported 11 Feb 2026 by Ana Ruiz"),
    ("pages/2_Batches.py", "lead", {"batch": "{batch}", "part": "Leads"}, None),
    ("pages/3_Operators.py", "operator", {}, "Edit Oak Vending"),
    ("pages/3_Operators.py", "sync", {}, None),
    ("pages/4_Outcomes.py", "milestone", {}, "Oak Inn 1: delivery on 11 Feb 2026"),
    ("pages/5_Pipeline.py", "deal", {}, "confidence"),
    ("pages/6_Insights.py", "issue", {"tab": "Issues"}, "from own.csv, found"),
    ("pages/7_Score_Calibration.py", "run", {}, "Run {run}:"),
    ("pages/7_Score_Calibration.py", "proposal", {}, "They fail."),
    (
        "pages/7_Score_Calibration.py",
        "version",
        {"tab": "Current weights"},
        "Version 2, approval by Ana Ruiz",
    ),
    ("pages/8_Alerts.py", "alert", {}, "Deals grow old."),
    ("pages/8_Alerts.py", "rule", {"tab": "Rules"}, "This rule looks at a state and tests nothing"),
    ("pages/10_Test_a_Lead.py", "lead", {}, "Oak Inn 1, Dallas · {batch}"),
]


@pytest.mark.parametrize(("page", "name", "further", "sentence"), OBJECTS)
def test_an_address_opens_its_object_and_an_unknown_one_is_a_sentence(world, page, name, further, sentence):
    further = {key: value.format(**world) for key, value in further.items()}
    app = visit(page, **further, **{name: world[name]})
    assert not app.exception
    assert not app.error, told(app)
    opened = told(app)
    assert sentence is None or sentence.format(**world) in opened
    if sentence is None:
        assert opened != told(visit(page, **further))
    app = visit(page, **further, **{name: "x' OR 1=1"})
    assert not app.exception
    assert not app.error, told(app)


def test_an_alert_is_alone_under_its_address(world):
    assert "The win rate fell." not in told(visit("pages/8_Alerts.py", alert=world["alert"]))
    assert "The win rate fell." in told(visit("pages/8_Alerts.py"))


# page, parameters, widget kind and key, the value it then has
FILTERS = [
    ("pages/1_Score_and_Export.py", {"workflow": "By buying signal"}, "segmented_control", "workflow", "intent"),
    ("pages/1_Score_and_Export.py", {"center": "75201"}, "text_input", "center", "75201"),
    ("pages/1_Score_and_Export.py", {"radius": "40"}, "number_input", "radius", 40.0),
    ("pages/1_Score_and_Export.py", {"operator": "Oak Vending"}, "selectbox", "operator", 0),
    ("pages/1_Score_and_Export.py", {"max_rows": "40"}, "number_input", "max_rows", 40),
    ("pages/1_Score_and_Export.py", {"min_score": "55"}, "number_input", "min_score", 55.0),
    ("pages/1_Score_and_Export.py", {"contacts": "2"}, "number_input", "contacts", 2),
    ("pages/1_Score_and_Export.py", {"days": "7"}, "number_input", "days", 7),
    ("pages/1_Score_and_Export.py", {"explore": "5"}, "slider", "explore", 5.0),
    ("pages/1_Score_and_Export.py", {"segment": "Existing"}, "selectbox", "segment", "Existing"),
    ("pages/1_Score_and_Export.py", {"agents": "ana@example.com"}, "multiselect", "agents", ["ana@example.com"]),
    ("pages/4_Outcomes.py", {"tab": "By hand", "by_hand_of": "Leads of programs"}, "segmented_control", "by_hand_of", "Leads of programs"),
    ("pages/4_Outcomes.py", {"tab": "By hand", "by_hand_wanted": "Oak"}, "text_input", "by_hand_wanted", "Oak"),
    ("pages/5_Pipeline.py", {"order": "Oldest"}, "segmented_control", "order", "Oldest"),
    ("pages/3_Operators.py", {"search": "oak"}, "text_input", "search", "oak"),
    ("pages/6_Insights.py", {"days": "30 days"}, "segmented_control", "days", 30),
    ("pages/7_Score_Calibration.py", {"tab": "Why the rate changed", "change_by": "Batches"}, "segmented_control", "change_by", "Batches"),
    ("pages/7_Score_Calibration.py", {"tab": "Why the rate changed", "change_dimension": "State"}, "selectbox", "change_dimension", "state"),
    ("pages/7_Score_Calibration.py", {"tab": "Model", "live_outcome": "appointment"}, "segmented_control", "live_outcome", "appointment"),
    ("pages/7_Score_Calibration.py", {"tab": "Tuning", "factor_segment": "Existing"}, "selectbox", "factor_segment", "Existing"),
    ("pages/10_Test_a_Lead.py", {"find": "oak"}, "text_input", "find", "oak"),
    ("pages/10_Test_a_Lead.py", {"sic": "7011", "state": "TX"}, "selectbox", "state", "TX"),
    ("pages/11_Accuracy.py", {"of": "Deals"}, "segmented_control", "of", "Deals"),
    ("pages/12_Audit.py", {"search": "Ana"}, "text_input", "search", "Ana"),
    ("pages/12_Audit.py", {"action": "approve"}, "selectbox", "action", "approve"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "query", "kind", "key", "value"), FILTERS)
def test_an_address_sets_its_filter_and_a_wrong_value_sets_none(world, page, query, kind, key, value):
    app = visit(page, **query)
    assert not app.exception
    assert not app.error, told(app)
    found = next(widget for widget in app.get(kind) if widget.key == key)
    assert found.value == value
    last = list(query)[-1]
    app = visit(page, **query | {last: "nothing of the kind \u2028"})
    assert not app.exception
    assert not app.error, told(app)


TABS = {
    "pages/3_Operators.py": ["Operators", "Zoho"],
    "pages/4_Outcomes.py": ["Newest", "Review", "Unmatched", "Chain of custody", "Import files", "History", "By hand"],
    "pages/5_Pipeline.py": ["Open deals", "What became of them"],
    "pages/6_Insights.py": ["Answers", "Issues", "Import deals"],
    "pages/7_Score_Calibration.py": ["Current weights", "Calibration report", "Proposals", "Outcomes feed", "Why the rate changed", "Tuning", "Model"],
    "pages/8_Alerts.py": ["Alerts", "Rules", "Digest", "Schedule"],
}  # fmt: skip


@pytest.mark.parametrize("page", TABS)
def test_every_tab_has_an_address(world, page):
    for name in TABS[page]:
        app = visit(page, tab=name)
        assert not app.exception
        assert not app.error, told(app)
        assert app.session_state["tab"] == name


def test_a_ticked_row_names_its_object_in_the_address_and_an_unticked_one_does_not():
    def page() -> None:
        import streamlit as st

        import ui

        st.session_state["t"] = {"selection": {"rows": st.session_state.get("ticked", [])}}
        ui.open_row("batch", "t", ["A", "B"])

    app = AppTest.from_function(page)
    app.session_state["ticked"] = [1]
    assert app.run().query_params["batch"] == "B"
    for rows in ([], [7]):  # 7: a row that a newer state of the table no longer has
        app.session_state["ticked"] = rows
        assert "batch" not in app.run().query_params
        app.query_params["batch"] = "B"


@pytest.mark.browser
def test_a_copied_address_opens_the_same_in_a_fresh_browser_and_back_closes_it(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    world = made[1]
    with served(tmp_path / "data", tmp_path / "config") as address:
        with chromium() as page:
            go(page, address, "Batches")
            grid = page.locator("[data-testid=stDataFrame]").first
            grid.locator("[role=gridcell]").first.wait_for(state="attached")
            box = grid.bounding_box()
            page.mouse.click(box["x"] + 20, box["y"] + 35 + 17)
            page.wait_for_url(f"**/Batches?batch={world['batch']}")
            page.get_by_role("heading", name=world["batch"]).wait_for()
            page.go_back()
            page.get_by_text("Tick a batch to open it.").wait_for()
            page.go_forward()
            page.get_by_role("heading", name=world["batch"]).wait_for()
            page.get_by_role("tab", name="Compare").click()
            page.wait_for_url("**part=Compare**")
            settled(page)
            copied = page.url
        with chromium() as page:
            page.goto(copied)
            page.get_by_role("heading", name=world["batch"]).wait_for()
            settled(page)
            assert page.get_by_role("tab", name="Compare").get_attribute("aria-selected") == "true"
            go(page, address, "Batches")
            page.get_by_text("Tick a batch to open it.").wait_for()
            page.go_back()
            page.get_by_role("heading", name=world["batch"]).wait_for()
            assert page.url == copied


@pytest.mark.browser
def test_each_change_of_a_filter_is_one_step_that_back_undoes(made, tmp_path):
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    with served(tmp_path / "data", tmp_path / "config") as address, chromium() as page:
        go(
            page, address, "Accuracy?of=nonsense"
        )  # the server takes it out of the address: no step of anybody's
        page.wait_for_url("**/Accuracy")
        page.get_by_role("radio", name="Deals").click()
        page.wait_for_url("**/Accuracy?of=Deals")
        settled(page)
        page.get_by_role("link", name="Alerts").click()
        page.wait_for_url("**/Alerts")
        settled(page)
        for tab in ("Digest", "Rules"):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_url(f"**/Alerts?tab={tab}")
            settled(page)
        opened = page.evaluate("history.length")
        for step, shown in (("Alerts?tab=Digest", "Digest"), ("Alerts", "Alerts"), ("Accuracy?of=Deals", "Deals"), ("Accuracy", "Leads")):  # fmt: skip
            page.go_back()
            page.wait_for_url(f"**/{step}")
            if step.startswith("Alerts"):
                page.get_by_role("tab", name=shown, selected=True).wait_for()
            else:
                page.get_by_role("radio", name=shown, checked=True).wait_for()
        page.go_forward()
        page.wait_for_url("**/Accuracy?of=Deals")
        assert page.evaluate("history.length") == opened  # going to and fro adds nothing
        # The rows that are shown follow the filter, not what was read before it was drawn.
        go(page, address, "Outcomes?tab=Unmatched")
        page.get_by_text("These outcomes count for nobody yet").wait_for()
        page.get_by_role("radio", name="Settled").click()
        page.get_by_text("Nothing is settled yet.").wait_for()
        page.go_back()
        page.get_by_text("These outcomes count for nobody yet").wait_for()
        assert not page.get_by_text("Nothing is settled yet.").count()
