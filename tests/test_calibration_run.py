"""When a new calibration would say what the last one said, it is not made."""

from __future__ import annotations

from dataclasses import replace

import pytest
from outcome_rows import history, real_history
from racing import ANA

import ui
from calibration import calibrate
from configuration import active_configuration
from settings import code_version, read_settings
from stores.state import read_state
from views.calibration_run import is_same


@pytest.fixture
def last(db, config_dir, now):
    """A run of today by this code, and what a page sees right after it."""
    history(db, now, *real_history({"8361": (40, 5)}))
    active = active_configuration(db, config_dir=config_dir, now=now)
    run = calibrate(
        db,
        icp=active.icp,
        weight_version=1,
        as_of=now.date(),
        now=now,
        actor=ANA,
        code_version=code_version(),
    )
    version = read_state(db).data_version
    return run, ui.Frame(db, read_settings(), ANA, active.icp, 1, version, now)


def test_nothing_new_needs_no_new_run(last):
    run, frame = last
    assert is_same(frame, run, "shrunk", "all", None)


def test_another_question_another_day_another_code_or_any_write_does(last, db, now):
    run, frame = last
    assert not is_same(frame, run, "raw", "all", None)
    assert not is_same(frame, run, "shrunk", "hades", None)
    assert not is_same(frame, run, "shrunk", "all", 365)
    assert not is_same(frame, run | {"code_version": "0.0.0+other"}, "shrunk", "all", None)
    assert not is_same(frame, run | {"as_of": "2026-02-10"}, "shrunk", "all", None)
    history(db, now, ("Late", "8361", "", "", "", "delivery", "2025-01-01", "2025-02-01"))
    later = replace(frame, data_version=read_state(db).data_version)
    assert not is_same(later, run, "shrunk", "all", None)
