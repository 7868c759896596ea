"""Score Calibration as a person reads it: what a run rests on, all figures, batches, and why a rate changed."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lead_rows import lead_row
from outcome_rows import calibrated, history, real_history, told
from page_words import opened, said
from racing import export_rows
from streamlit.testing.v1 import AppTest
from test_pages import ANA, plain_again

import turso_db
from approvals import approve, rollback
from jobs import jobs
from settings import ROOT

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


@pytest.fixture
def report(places: Path) -> turso_db.Database:
    """A run of the real table of SIC codes: hotels are told to move."""
    db = turso_db.connect(None, None, places / "data")
    now = datetime.now(UTC).replace(microsecond=0)
    history(db, now, *real_history())
    calibrated(db, places / "config", now, as_of=now.date())
    return db


def test_what_is_told_to_move_has_its_box_beside_the_reason(report: turso_db.Database) -> None:
    app = opened(PAGE)
    (box,) = [box for box in app.checkbox if "7011" in box.label]
    assert "28 deliveries of 410 leads" in plain_again(box.label)
    assert not any("8361" in box.label for box in app.checkbox)
    assert app.button(key="apply_selected").label == "Apply selected"
    box.check().run()
    assert app.button(key="apply_selected").label == "Apply 1 selected"


def test_what_is_ticked_stays_while_another_dimension_or_tab_is_looked_at(report: turso_db.Database) -> None:
    app = opened(PAGE)
    next(box for box in app.checkbox if "7011" in box.label).check().run()
    app.session_state["dimension"] = "Employees"
    app.run()
    assert not app.exception
    assert not any("7011" in box.label for box in app.checkbox)  # the other dimension is not drawn
    assert app.button(key="apply_selected").label == "Apply 1 selected"
    app.session_state["tab"] = "Tuning"
    app.run()
    app.session_state["tab"] = "Calibration report"
    app.session_state["dimension"] = "SIC"
    app.run()
    assert next(box for box in app.checkbox if "7011" in box.label).value


def test_one_switch_ticks_all_that_say_move_and_unticks_them(report: turso_db.Database) -> None:
    app = opened(PAGE)
    app.toggle(key="all_moves_1").set_value(True).run()
    assert next(box for box in app.checkbox if "7011" in box.label).value
    app.toggle(key="all_moves_1").set_value(False).run()
    assert not next(box for box in app.checkbox if "7011" in box.label).value
    assert app.button(key="apply_selected").disabled


def test_a_value_that_no_lead_speaks_for_suggests_nothing_and_has_no_box(report: turso_db.Database) -> None:
    app = opened(PAGE)
    text = plain_again(said(app))
    assert "No lead old enough to judge yet, so nothing is suggested: 3531" in text
    assert not any("3531" in box.label for box in app.checkbox)
    app.session_state["others_sic_code"] = True
    app.run()
    assert not app.exception
    (table,) = [f.value for f in app.get("data_editor")]
    assert "3531" not in list(table["value"])


def test_what_was_left_unticked_is_named_with_the_way_to_take_it_up(
    report: turso_db.Database, places: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    approve(
        report, config_dir=places / "config", run_id=1, rows=[("sic_code", "7011")], reason="They fail.", now=now, actor=ANA
    )  # fmt: skip
    text = plain_again(said(opened(PAGE)))
    assert (
        "This run was applied as version 2. It changed SIC 7011 100 → 46. Of the 4 that it told to move, 3 are not in force:"
        in text
    )
    assert "SIC 8062" in text
    assert "Press Calibrate now, and tick them in the new run." in text
    assert text.count("✓ In force.") == 1
    assert "Not in force: 100 is." in text
    assert "Ring: the score when the run was made" in text

    app = open_tab(tab="Current weights")
    assert "1 · " in app.selectbox(key="back_to").options[0]
    assert "Comes back: SIC 7011" in plain_again(said(app))
    assert ": 46 → 100. Nothing is lost" in plain_again(said(app))
    rollback(report, config_dir=places / "config", version=1, reason="Too much.", now=now, actor=ANA)
    text = plain_again(said(opened(PAGE)))
    assert f"This run was applied as version 2 and rolled back by {ANA.name}" in text
    assert "as version 3: Too much." in text
    assert "✓ In force." not in text


def test_the_last_look_names_untried_values_that_would_be_called_first(report: turso_db.Database) -> None:
    app = opened(PAGE)
    next(box for box in app.checkbox if "7011" in box.label).check().run()
    app.button(key="apply_selected").click().run()
    assert not app.exception
    text = plain_again(said(app))
    # Nobody was ever called there, and they keep their 100 while hotels go to 46.
    assert re.search(r"SIC \d{4} [^.]* have no lead that can be judged and keep their scores", text), [
        w.value for w in app.warning
    ]
    assert "such leads will be called before those that are lowered now" in text


def test_a_viewer_reads_and_can_start_nothing(report: turso_db.Database) -> None:
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.secrets["auth"] = {
        "redirect_uri": "http://127.0.0.1:8501/oauth2callback",
        "cookie_secret": "planted-secret",
    }
    app.secrets["roles"] = {"vera@example.com": "viewer"}
    app.user = {
        "is_logged_in": True, "email": "vera@example.com", "email_verified": True, "name": "Vera Lund", "exp": time.time() + 3600,
    }  # fmt: skip
    app.run()
    for name in ("Calibration report", "Model"):
        app.query_params["tab"] = name
        app.switch_page(PAGE).run()
        assert not app.exception
        assert not [
            button.key
            for button in app.button
            if not button.disabled and button.key in ("calibrate", "train_model")
        ]
    assert not app.checkbox
    assert not jobs().state("train a model").running


def test_a_part_has_the_name_of_its_dimension_and_an_unknown_word_is_explained(
    report: turso_db.Database,
) -> None:
    app = open_tab(tab="Current weights")
    assert not app.exception
    tables = " ".join(element.proto.body for element in app.get("html"))
    assert "Distance" in tables
    assert "Proximity" not in tables
    assert "Onsite likelihood: how likely people stay at such a site all day, by its SIC." in said(app)


def test_every_dimension_has_an_address(report: turso_db.Database) -> None:
    for name in ("SIC", "Employees", "Distance", "Signal", "Parts of the score"):
        app = open_tab(dimension=name)
        assert not app.exception
        assert app.session_state["dimension"] == name


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
    until = time.monotonic() + 60
    while "Run 2" not in said(app) and time.monotonic() < until:  # it runs in a process of its own
        time.sleep(0.2)
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


def test_a_dimension_whose_only_leads_are_small_and_too_young_is_said_once_and_calmly(places: Path) -> None:
    db = turso_db.connect(None, None, places / "data")
    now = datetime.now(UTC).replace(microsecond=0)
    young, old = (str((now - timedelta(days=days)).date()) for days in (3, 500))
    rows = [
        (f"Small {n}", "8361", "10", "", "", "no_delivery", young, "") for n in range(3)
    ]  # below every band
    rows += [(f"Site {n}", "8361", "", "", "", "no_delivery", old, "") for n in range(40)]
    history(db, now, *rows)
    calibrated(db, places / "config", now, as_of=now.date())
    app = open_tab(tab="Calibration report", dimension="Employees")
    assert not app.exception
    text = plain_again(said(app))
    assert "The outcomes do not know this dimension yet" in text
    assert text.count("3 too young") == 2  # of the run, and of the value
    assert "0 of 0" not in text
