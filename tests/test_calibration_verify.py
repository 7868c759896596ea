"""A run is made again from what was known then, and every difference is told."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from approval_steps import approved
from lead_rows import lead_row
from outcome_rows import calibrated, history, real_history, told
from racing import ANA, export_rows

import scripts.calibrate
from calibration import recorded_later, verify_run
from configuration import active_configuration
from errors import InputError, Refused
from export import void_batch
from scripts.command import run as run_script

SUMMER = date(2026, 7, 1)


@pytest.fixture
def run(db, config_dir, now):
    """A run over history and a batch, in July."""
    history(db, now, *real_history())
    batch = export_rows(db, config_dir, now, [lead_row(n) for n in range(1, 31)]).batch_id
    told(
        db,
        now + timedelta(days=40),
        *[(batch, f"Oak Inn {n}", "delivery", "2026-03-10") for n in range(1, 5)],
    )
    return calibrated(db, config_dir, now + timedelta(days=140), as_of=SUMMER) | {"batch": batch}


def test_a_run_is_equal_right_away_and_after_all_that_may_happen_later(run, db, config_dir, now):
    assert verify_run(db, run_id=run["run_id"]).differences == []
    later = now + timedelta(days=150)
    history(db, later, ("Late", "8361", "", "", "", "delivery", "2025-01-01", "2025-02-01"))
    history(db, later, ("Site 8361 100", "8361", "75", "", "", "delivery", "2025-01-15", "2025-05-05"))
    told(db, later, (run["batch"], "Oak Inn 9", "delivery", "2026-03-10"))
    approved(db, config_dir, later, run, "8062")
    void_batch(db, batch_id=run["batch"], reason="Wrong.", now=later, actor=ANA)
    found = verify_run(db, run_id=run["run_id"])
    assert found.differences == []
    assert found.rows == len(run["rows"])
    assert calibrated(db, config_dir, later, as_of=later.date())["data_sha256"] != run["data_sha256"]


def test_a_run_that_was_tampered_with_differs_and_the_values_are_named(run, db, db_path, capsys):
    rows = run["rows"]
    place = next(i for i, row in enumerate(rows) if row["value"] == "8062")
    was = rows[place]["suggested"]
    rows[place]["suggested"] = 99
    from turso_db import Statement

    db.write(
        [
            Statement(
                "UPDATE calibration_runs SET rows = ? WHERE run_id = ?", (json.dumps(rows), run["run_id"])
            )
        ]
    )
    assert verify_run(db, run_id=run["run_id"]).differences == [
        f"rows sic_code 8062 suggested: 99 then, {was} now."
    ]
    assert run_script(scripts.calibrate.main, ["--verify", str(run["run_id"])]) == 1
    out = capsys.readouterr().out
    assert "differs in 1 values" in out
    assert "rows sic_code 8062 suggested: 99 then" in out


def test_the_script_says_equal_and_refuses_what_cannot_be_made_again(run, db, capsys):
    from turso_db import Statement

    assert run_script(scripts.calibrate.main, ["--verify", str(run["run_id"]), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["equal"], told["rows"], told["differences"]) == (True, len(run["rows"]), [])
    db.write([Statement("UPDATE calibration_runs SET known = NULL")])
    with pytest.raises(Refused, match="made by an earlier release"):
        verify_run(db, run_id=run["run_id"])
    with pytest.raises(InputError, match="no calibration run 77"):
        verify_run(db, run_id=77)
    assert run_script(scripts.calibrate.main, ["--verify", "77"]) == 2


def test_a_look_back_leaves_out_what_was_recorded_later_and_can_be_verified(run, db, config_dir, now):
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    day = date(2026, 2, 28)  # the history and the batch are recorded, the deliveries not yet
    back = calibrated(db, config_dir, now + timedelta(days=140), as_of=day)
    assert recorded_later(db, icp=icp, as_of=day) == {"historical": 0, "leads": 0, "milestones": 4}
    assert (back["overall"]["deliveries"], back["overall"]["too_young"]) == (197, 30)
    assert verify_run(db, run_id=back["run_id"]).differences == []
    before = calibrated(db, config_dir, now + timedelta(days=140), as_of=date(2026, 2, 10))
    assert (before["overall"]["leads"], before["overall"]["too_young"]) == (0, 0)  # nothing was recorded yet
