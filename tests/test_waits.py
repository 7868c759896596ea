"""What takes a while says so while it runs, and how it failed: files, exports, lists, deals, syncs, trainings, the schedule."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from lead_rows import csv_file, lead_row
from page_words import opened, said
from racing import ANA
from streamlit.testing.v1 import AppTest
from test_states import DEALS

import turso_db
import ui
from deal_import import import_deals
from deals import read_deal_rules
from errors import Unavailable
from icp import read_icp
from jobs import jobs
from schedule import LEASE
from stores.schedule import keep_step
from stores.state import release_lease, take_lease
from tests.browser import ROOT

NOW = datetime.now(UTC).replace(microsecond=0)
CAME = b"batch_id,company_name,milestone,date\nHADES-20260211-001,Oak Inn 1,appointment,2026-02-20\n"


def _export(app: AppTest) -> Any:
    app.text_input(key="center").set_value("75201")
    app.file_uploader(key="leads_file").upload("leads.csv", csv_file([lead_row(1)]), "text/csv")
    return app.run().button(key="export_button")


def _outcomes(app: AppTest) -> Any:
    app.file_uploader(key="outcome_file").upload("came.csv", CAME, "text/csv")
    return app.run().button(key="import_outcome_file")


def _deals(app: AppTest) -> Any:
    app.file_uploader(key="deal_file").upload("deals.csv", DEALS, "text/csv")
    return app.run().button(key="import_deals")


def _list(app: AppTest) -> Any:
    app.file_uploader(key="list_file").upload("numbers.csv", b"Phone\n2145550001\n", "text/csv")
    app.text_input(key="list_name").set_value("Registry")
    return app.button(key="load_list")


# page, tab, what fills it and gives the button, the act behind it, what it says while it runs
ACTS = [
    ("pages/1_Score_and_Export.py", None, _export, "export.record_export", "Recording the batch"),
    ("pages/4_Outcomes.py", "Import files", _outcomes, "views.outcome_files.import_outcomes", "Bringing the file in"),
    ("pages/6_Insights.py", "Import deals", _deals, "views.deal_issues.import_deals", "Bringing the deals in"),
    ("pages/9_Suppression.py", None, _list, "suppression.load_list", "Putting the list into force"),
    ("pages/5_Pipeline.py", None, lambda app: app.button(key="score_now"), "pipeline.snapshot_pipeline", "Scoring the open deals"),
    ("pages/8_Alerts.py", None, lambda app: app.button(key="check_now"), "alerts.check_alerts", "Looking at every rule"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "tab", "ready", "act", "doing"), ACTS)
def test_an_act_says_what_it_does_while_it_runs_and_how_it_failed(
    places: Path,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    tab: str | None,
    ready: Any,
    act: str,
    doing: str,
) -> None:
    db = turso_db.connect(None, None, places / "data")
    import_deals(db, content=DEALS, name="own.csv", rules=read_deal_rules(places / "config"), now=NOW, actor=ANA)  # fmt: skip
    db.close()
    shown: list[str] = []
    seen: list[list[str]] = []

    @contextmanager
    def spinner(text: str, **_: Any) -> Iterator[None]:
        shown.append(text)
        try:
            yield
        finally:
            shown.remove(text)

    def fails(*_: Any, **__: Any) -> None:
        seen.append(list(shown))
        raise errors.pop(0)

    errors = [Unavailable("The database was busy for 30 seconds."), RuntimeError("planted-secret")]
    monkeypatch.setattr(act, fails)
    monkeypatch.setattr(st, "spinner", spinner)
    for sentence in ("The database was busy for 30 seconds.", "The log has the details under"):
        app = ready(opened(page, query={"tab": tab} if tab else {})).click().run()
        assert not app.exception
        assert [sentence in error.value.replace("\\", "") for error in app.error] == [True], app.error
        assert "planted-secret" not in said(app)
    assert seen == [[doing], [doing]]


def test_a_table_of_moments_names_the_clock(config_dir: Path) -> None:
    frame: Any = SimpleNamespace(icp=read_icp(config_dir))
    assert ui.time_column(frame, "When")["label"] == "When (Chicago)"
    assert ui.time_column(frame, "Exported", hours=False)["label"] == "Exported"


def test_the_removal_of_the_demo_says_what_it_does() -> None:
    assert (
        'with ui.act("Writing a backup, then removing the demo")'
        in (ROOT / "views" / "demo_leaves.py").read_text()
    )


# What runs apart, its page and tab, what the page says while it runs, and the buttons that wait for it
APART = [
    ("sync outcomes", "pages/3_Operators.py", "Zoho", "Outcomes: starting. You may leave this page; it goes on.", ["sync_outcomes", "sync_deals"]),
    ("train a model", "pages/7_Score_Calibration.py", "Model", "A model is being trained in the background", ["train_model"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "page", "tab", "sentence", "buttons"), APART)
def test_work_apart_is_told_while_it_runs_and_when_it_failed(
    places: Path, kind: str, page: str, tab: str | None, sentence: str, buttons: list[str]
) -> None:
    held = threading.Event()

    def work() -> str:
        held.wait(60)
        raise (
            Unavailable("Zoho did not answer.") if kind.startswith("sync") else RuntimeError("planted-secret")
        )

    zoho = dict.fromkeys(("ZOHO_CLIENT_ID", "ZOHO_CLIENT_SECRET", "ZOHO_REFRESH_TOKEN"), "x")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zoho.items():
            patch.setenv(name, value)
        assert jobs().start(kind, work)
        try:
            app = opened(page, query={"tab": tab} if tab else {})
            assert not app.exception
            assert sentence in said(app).replace("\\", "")
            assert [app.button(key=button).disabled for button in buttons] == [True] * len(buttons)
        finally:
            held.set()
        until = time.monotonic() + 30
        while jobs().state(kind).running and time.monotonic() < until:
            time.sleep(0.01)
        app.run()
    assert [app.button(key=button).disabled for button in buttons] == [False] * len(buttons)
    told = " ".join(error.value.replace("\\", "") for error in app.error)
    assert "Zoho did not answer." in told or "Something went wrong. The log has the details under" in told
    assert "planted-secret" not in said(app)


def test_a_step_of_the_schedule_that_failed_is_the_headline_and_says_why(places: Path) -> None:
    db = turso_db.connect(None, None, places / "data")
    db.write([keep_step(step="sync", status="failed", sentence="Zoho did not answer.", now=NOW),
              keep_step(step="alerts", status="done", sentence="Nothing opened.", now=NOW)])  # fmt: skip
    db.close()
    app = opened("pages/8_Alerts.py", query={"tab": "Schedule"})
    assert "#### sync failed the last time" in said(app)
    steps = next(frame.value for frame in app.dataframe if "step" in frame.value)
    assert dict(zip(steps["step"], steps["sentence"], strict=True))["sync"] == "Zoho did not answer."


def test_the_schedule_says_that_it_runs_whichever_machine_runs_it(places: Path) -> None:
    db = turso_db.connect(None, None, places / "data")
    told = "The schedule is running now."
    assert told not in said(opened("pages/8_Alerts.py", query={"tab": "Schedule"}))
    assert take_lease(db, name=LEASE, holder="another machine", now=NOW, seconds=600)
    assert told in said(opened("pages/8_Alerts.py", query={"tab": "Schedule"}))
    release_lease(db, name=LEASE, holder="another machine")
    assert told not in said(opened("pages/8_Alerts.py", query={"tab": "Schedule"}))
    db.close()
