"""Nobody is offered what is then refused: what a role may not do is left away, with one line that says what it takes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from page_words import said
from streamlit.testing.v1 import AppTest
from test_access import visit
from test_links import TABS, fill
from test_pages import PAGES

from tests.browser import ROOT

WORKS = ("button", "file_uploader", "text_area", "checkbox")  # a rule's boxes are shown as they stand, locked
FREE = {"Sign out"}
NOT_HERE = {"pages/7_Score_Calibration.py"}  # its own tests
AT_ONCE = {"pages/5_Pipeline.py"}  # one visit shows the controls of every tab


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("offered")
    shutil.copytree(ROOT / "config", folder / "config")
    (folder / "data").mkdir()
    return folder, fill(folder, datetime(2026, 2, 11, 15, 30, tzinfo=UTC))


@pytest.fixture
def world(made: tuple[Path, dict[str, str]], places: Path) -> dict[str, str]:
    shutil.copytree(made[0], places, dirs_exist_ok=True)
    return made[1]


def views(world: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Each page but one, with each tab, and with an object of each kind opened."""
    tabs = [
        (page, {"tab": tab} if tab else {})
        for page in PAGES
        if page not in NOT_HERE
        for tab in ([""] if page in AT_ONCE else TABS.get(page, [""]))
    ]
    opened = [
        ("pages/2_Batches.py", {"batch": world["batch"]}), ("pages/3_Operators.py", {"operator": world["operator"]}),
        ("pages/4_Outcomes.py", {"milestone": world["milestone"]}), ("pages/6_Insights.py", {"tab": "Issues", "issue": world["issue"]}),
        ("pages/8_Alerts.py", {"alert": world["alert"]}), ("pages/8_Alerts.py", {"tab": "Rules", "rule": world["rule"]}),
    ]  # fmt: skip
    return tabs + opened


def seen_by(role: str, page: str, query: dict[str, str]) -> AppTest:
    app: AppTest = visit("Home.py", role=role)
    app.query_params.update(query)
    if page != "Home.py":
        app.switch_page(page)
    app.run()
    assert not app.exception, (page, query)
    return app


def test_a_viewer_is_offered_nothing_that_changes_anything(world: dict[str, str]) -> None:
    told = ""
    for page, query in views(world):
        app = seen_by("viewer", page, query)
        told += said(app)
        offered = [(kind, element.proto) for kind in WORKS for element in app.get(kind)]
        found = [(kind, proto.label) for kind, proto in offered if proto.label not in FREE]
        assert not found, (page, query)
    for line in ("Bringing in deals takes the role ops", "Settling issues takes the role ops", "Scoring the open deals takes the role ops",
                 "Recording outcomes takes the role ops", "Checking and acknowledging takes the role ops",
                 "Changing rules takes the role manager", "Bringing in outcomes takes the role ops"):  # fmt: skip
        assert line in told, line


def test_what_ops_are_offered_is_not_refused(world: dict[str, str]) -> None:
    clicked: set[tuple[str, str]] = set()
    for page, query in views(world):
        app = seen_by("ops", page, query)
        for button in [button for button in app.button if not button.disabled and button.label not in FREE]:
            if (page, str(button.key)) not in clicked:
                clicked.add((page, str(button.key)))
                button.click().run()
                assert not app.exception, (page, button.label)
                assert "may not" not in said(app), (page, button.label, said(app))
    assert len(clicked) > 10


def test_no_link_of_a_calm_sentence_leads_to_a_refusal(places: Path) -> None:
    """On Home of an empty database the first steps lead on, all of which take the role ops."""
    for role, following in (("viewer", []), ("ops", ["Bring in what is known already"])):
        app = seen_by(role, "Home.py", {})
        assert "No lead has been exported and no history imported yet" in said(app)
        main = [link.proto.label for link in app.main.get("page_link")]
        assert [label.split("  ")[0] for label in main][:1] == following
