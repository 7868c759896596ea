"""Score Calibration as a person reads it: what a run rests on, all figures, batches, and why a rate changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lead_rows import lead_row
from outcome_rows import calibrated, history, told
from page_words import opened, said
from racing import export_rows
from streamlit.testing.v1 import AppTest
from test_pages import ANA, plain_again

import turso_db

PAGE = "pages/7_Score_Calibration.py"


def open_tab(**query: str) -> AppTest:
    app = opened("Home.py")
    app.query_params.update(query)
    return app.switch_page(PAGE).run()


@pytest.fixture
def loop(places: Path) -> turso_db.Database:
    """A history of two years, a batch that has matured, one that is young, and a run made before the batch matured."""
    db = turso_db.connect(None, None, places / "data")
    now = datetime.now(UTC).replace(microsecond=0)
    day = (now - timedelta(days=500)).date()
    rows = [
        (f"Site {n}", "7011" if n % 2 else "8361", "120", "", "TX", "delivery" if n % 5 == 0 else "no_delivery", str(day),
         str(day + timedelta(days=30 + n % 60)) if n % 5 == 0 else "")
        for n in range(200)
    ]  # fmt: skip
    then = now - timedelta(days=150)
    history(db, then, *rows)  # what is recorded later does not count for a calibration as of an earlier day
    config = places / "config"
    days = {"today": then.date(), "actor": ANA}
    batch = export_rows(db, config, then, [lead_row(n) for n in range(1, 31)], **days).batch_id
    told(db, now, (batch, "Oak Inn 1", "delivery", f"{(then + timedelta(days=60)).date()}"))
    calibrated(db, config, now, as_of=(now - timedelta(days=60)).date())
    return db


def test_a_run_says_what_it_rests_on_and_shows_all_figures_on_demand(loop: turso_db.Database) -> None:
    app = opened(PAGE)
    assert not app.exception
    text = plain_again(said(app))
    assert "History (200) and HADES batches (0) together." in text
    assert "Rests on 40 deliveries of 200 leads judged." in text
    assert "Recalibration available" in text
    assert "30 more leads became old enough to judge" in text
    assert not [frame for frame in app.dataframe if "Kaplan" in str(frame.proto.columns)]
    app.toggle(key="evidence_sic_code_1").set_value(True).run()
    assert not app.exception
    figures = next(f.value for f in app.dataframe if "adjusted_rate" in f.value)
    # 8361: every second lead, those with n even; delivered n % 10 == 0: 20 of 100. Wilson: 13.3 to 28.9 %.
    row = figures[figures["value"].str.startswith("8361")].iloc[0]
    assert row["rate"] == "20.0 (13.3–28.9)"
    assert row["km_rate"].startswith("20.0 (")


def test_what_a_new_calibration_would_move_is_one_switch_away(loop: turso_db.Database) -> None:
    app = opened(PAGE)
    app.toggle(key="would_move_1").set_value(True).run()
    assert not app.exception
    assert "Nothing: every verdict stays" in said(app) or any(
        "Verdict today" in f.value for f in app.dataframe
    )


def test_a_run_of_today_raises_no_flag(loop: turso_db.Database) -> None:
    app = opened(PAGE)
    app.button(key="calibrate").click().run()
    for _ in range(60):
        if "Run 2" in said(app):
            break
        app.run()
    assert not app.exception
    assert "Run 2" in said(app)
    assert "Recalibration available" not in said(app)


def test_batches_stand_against_the_history_and_every_picture_has_its_table(loop: turso_db.Database) -> None:
    app = open_tab(tab="Outcomes feed")
    assert not app.exception
    assert "The history delivered 20.0 %" in plain_again(said(app))
    rows = next(f.value for f in app.dataframe if "expected" in f.value)
    assert rows["companies"].tolist() == [30]
    assert rows["deliveries"].tolist() == [1]
    # 30 companies at a fifth are 6 by now; one is beyond what chance makes of them.
    assert rows["word"].tolist() == ["below"]


def test_a_change_of_the_rate_is_taken_apart_without_remainder(loop: turso_db.Database) -> None:
    app = open_tab(tab="Why the rate changed")
    assert not app.exception
    app.segmented_control(key="change_by").set_value("Periods").run()
    first = (datetime.now(UTC) - timedelta(days=500)).date()
    last = (datetime.now(UTC) - timedelta(days=150)).date()
    app.date_input(key="change_before").set_value((first, first)).run()
    app.date_input(key="change_after").set_value((last - timedelta(days=2), last)).run()
    assert not app.exception
    text = plain_again(said(app))
    assert "The rate went from 20.0 % to 3.3 %" in text
    terms = next(f.value for f in app.dataframe if "chance" in f.value)
    assert terms["term"].tolist() == ["Young leads", "Other leads", "Other rates"]
    points = sum(float(change.replace("−", "-")) for change in terms["change"])
    assert points == pytest.approx(100 * (1 / 30 - 40 / 200), abs=0.16)  # each term is rounded to a tenth


def test_without_outcomes_the_tabs_are_calm(places: Path) -> None:
    for tab in ("Why the rate changed", "Outcomes feed", "Current weights", "Calibration report"):
        app = open_tab(tab=tab)
        assert not app.exception
        assert not app.error
