"""What a person approves: single lines of icp.yaml, by a name and for a reason, undone at any time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from approval_steps import approved, diff, read, rolled_back, versions, write
from lead_rows import lead_file, lead_row, scored_leads
from outcome_rows import calibrated, history, real_history

from actors import Actor
from configuration import active_configuration
from errors import Conflict, InputError, Refused
from score_changes import movable_rows
from stores import audit, runs, weights

BEN = Actor("Ben Cole", "admin")


# --- The diff ------------------------------------------------------------------------------------------------


def test_one_ticked_row_is_one_changed_line_and_every_other_byte_stays(run, db, config_dir, now):
    before = read(config_dir)
    done = approved(db, config_dir, now, run, "8062")
    assert diff(before, read(config_dir)) == [
        '-       "8062": 100  # general hospitals',
        '+       "8062": 40  # general hospitals',
    ]
    assert read(config_dir) == before.replace(b'"8062": 100', b'"8062": 40')
    assert done.version == 2
    assert done.changes == [
        {"dimension": "sic_code", "value": "8062", "before": 100, "after": 40, "extend_filter": False}
    ]


def test_three_ticked_rows_are_three_changed_lines_also_of_bands(db, config_dir, now):
    sizes = [("60", 30, 200), ("200", 20, 200), ("900", 2, 200)]  # the real result: size is inverted
    history(db, now, *[
        (f"S{size} {n}", "8361", size, "", "", "delivery" if n < won else "no_delivery", "2025-01-15", "")
        for size, won, leads in sizes for n in range(leads)
    ])  # fmt: skip
    run = calibrated(db, config_dir, now, estimator="raw")
    before = read(config_dir)
    approved(db, config_dir, now, run, *[("employee_range", band) for band in ("50-100", "101-500", "501+")])
    # 30/200, 20/200, 2/200 of the best: 100, 66.7, 6.7
    assert sorted(diff(before, read(config_dir))) == [
        '+       - {label: "101-500", max: 500, score: 67}',
        '+       - {label: "50-100", min: 50, max: 100, score: 100}',
        '+       - {label: "501+", score: 7}',
        '-       - {label: "101-500", max: 500, score: 70}',
        '-       - {label: "50-100", min: 50, max: 100, score: 40}',
        '-       - {label: "501+", score: 100}',
    ]


def test_all_means_the_rows_that_say_move_and_no_candidate(run, db, config_dir, now):
    moving = movable_rows(run)
    assert moving
    assert not any(row["candidate"] for row in moving)
    before = read(config_dir)
    done = approved(db, config_dir, now, run)
    assert [(c["value"], c["after"]) for c in done.changes] == [
        (row["value"], row["suggested"]) for row in moving
    ]
    assert len(diff(before, read(config_dir))) == 2 * len(moving)
    assert b'"4213"' not in read(config_dir)


def test_a_file_with_the_line_ends_of_windows_keeps_them(run, db, config_dir, now):
    write(config_dir, read(config_dir).replace(b"\n", b"\r\n"))
    again = calibrated(db, config_dir, now)
    before = read(config_dir)
    approved(db, config_dir, now, again, "8062")
    assert read(config_dir) == before.replace(b'"8062": 100', b'"8062": 40')


def test_a_version_says_who_when_why_and_from_which_run(run, db, config_dir, now):
    done = approved(db, config_dir, now, run, "8062", "7011", reason="  Hospitals\n do not sell. ")
    kept = weights.read_version(db, version=2)
    assert (kept["kind"], kept["actor"], kept["reason"]) == ("approval", "Ana Ruiz", "Hospitals do not sell.")
    assert (kept["created_at"], kept["run_id"], kept["sha256"]) == (
        "2026-02-11T15:30:00Z",
        run["run_id"],
        done.icp.sha256,
    )
    assert kept["icp_yaml"].encode() == read(config_dir)
    assert json.loads(kept["changes"]) == done.changes
    assert runs.read_run(db, run_id=run["run_id"])["applied_version"] == 2
    proposal = db.rows("SELECT * FROM proposals")[0]
    assert (proposal["status"], proposal["decided_by"], proposal["version"]) == ("applied", "Ana Ruiz", 2)
    entry = audit.read_audit(db).iloc[0]
    assert (entry["action"], entry["subject"], entry["actor"]) == ("approve", "version 2", "Ana Ruiz")


# --- Rolling back --------------------------------------------------------------------------------------------


def test_a_rollback_gives_back_the_same_bytes_as_a_new_version(run, db, config_dir, now):
    before = read(config_dir)
    approved(db, config_dir, now, run)
    done = rolled_back(db, config_dir, now, 1, actor=BEN)
    assert read(config_dir) == before
    assert versions(db) == [(1, "first"), (2, "approval"), (3, "rollback")]
    kept = weights.read_version(db, version=3)
    assert (kept["rolled_back_to"], kept["actor"], kept["reason"]) == (1, "Ben Cole", "Too much.")
    assert {(c["value"], c["after"]) for c in done.changes} >= {("8062", 100)}
    (entry,) = db.rows("SELECT detail FROM audit WHERE action = 'roll back'")
    assert (
        json.loads(entry["detail"])["changes"] == done.changes
    )  # which scores returned, not only to which version
    after = active_configuration(db, config_dir=config_dir, now=now)
    assert (after.version, after.icp.text.encode()) == (3, before)
    again = rolled_back(db, config_dir, now, 2)
    assert again.version == 4
    assert b'"8062": 40' in read(config_dir)


@pytest.mark.parametrize(
    ("version", "kind", "sentence"),
    [
        (9, InputError, "no version 9; versions 1 to 2 exist"),
        (2, Refused, "already has the text of version 2"),
    ],
)
def test_a_rollback_that_leads_nowhere_is_refused(version, kind, sentence, run, db, config_dir, now):
    approved(db, config_dir, now, run, "8062")
    before = read(config_dir)
    with pytest.raises(kind, match=sentence):
        rolled_back(db, config_dir, now, version)
    assert (read(config_dir), len(versions(db))) == (before, 2)


# --- What is refused -----------------------------------------------------------------------------------------


def refused(db, config_dir, now, run, *rows, kind=Conflict, **options):
    """The sentence; nothing else may have changed."""
    before = read(config_dir) if (config_dir / "icp.yaml").exists() else None
    count = len(versions(db))
    with pytest.raises(kind) as caught:
        approved(db, config_dir, now, run, *rows, **options)
    assert before is None or read(config_dir) == before
    assert len(versions(db)) - count in (0, 1)  # a hand edit may have been recorded meanwhile, no approval
    assert db.rows(
        "SELECT count(*) AS n FROM proposals WHERE run_id = ? AND decided_by = 'Late'", (run["run_id"],)
    ) == [{"n": 0}]
    return str(caught.value)


def test_a_run_is_applied_once(run, db, config_dir, now):
    approved(db, config_dir, now, run, "8062")
    said = refused(db, config_dir, now, run, "7011", actor=Actor("Late"))
    assert said == (
        "Run 1 was already applied by Ana Ruiz on 2026-02-11 as version 2. "
        "Calibrate again to see what is left to change."
    )


def test_a_superseded_run_is_refused_and_names_the_newer(run, db, config_dir, now):
    newer = calibrated(db, config_dir, now)
    said = refused(db, config_dir, now, run, "8062")
    assert said == f"Run 1 was superseded by run {newer['run_id']}. Review that one."
    assert approved(db, config_dir, now, newer, "8062").version == 2


def test_a_version_that_came_meanwhile_is_named_with_its_maker(run, db, config_dir, now):
    other = calibrated(db, config_dir, now, estimator="raw")
    approved(db, config_dir, now, other, "8059", actor=BEN)
    said = refused(db, config_dir, now, run, "8062")
    assert "made on version 1, and version 2 (approval by Ben Cole on 2026-02-11) is in force" in said


def test_a_hand_edit_that_came_meanwhile_is_recorded_and_refuses_the_run(run, db, config_dir, now):
    edited = read(config_dir).replace(b'"8361": 100', b'"8361": 95')
    write(config_dir, edited)
    said = refused(db, config_dir, now, run, "8062")
    assert "version 2 (hand edit by someone with access to the file on 2026-02-11) is in force" in said
    assert read(config_dir) == edited
    assert versions(db) == [(1, "first"), (2, "hand edit")]
    assert json.loads(weights.read_version(db, version=2)["changes"]) == [
        {"dimension": "sic_code", "value": "8361", "before": 100, "after": 95}
    ]


def test_new_outcomes_alone_refuse_nothing(run, db, config_dir, now):
    history(db, now, ("Late", "8062", "", "", "", "delivery", "2025-01-01", "2025-02-01"))
    assert approved(db, config_dir, now + timedelta(days=1), run, "8062").version == 2


def test_a_look_back_or_another_question_does_not_supersede(run, db, config_dir, now):
    calibrated(db, config_dir, now, estimator="raw")
    calibrated(db, config_dir, now, as_of=now.date() - timedelta(days=30))
    assert approved(db, config_dir, now, run, "8062").version == 2


@pytest.mark.parametrize(
    ("row", "kind", "sentence"),
    [
        (("state", "TX"), Refused, "state=TX is only reported: config/icp.yaml has no scores for it"),
        (("proximity", "0-5"), Refused, "proximity=0-5 has no evidence"),
        (("sic_code", "8361"), Refused, "sic_code=8361 already has the score 100"),
        (("sic_code", "1234"), InputError, "has no row sic_code=1234"),
        (("sic", "7011"), InputError, "Near it: sic_code=7011."),
        (("colour", "red"), InputError, "has no row colour=red"),
    ],
)
def test_a_row_that_can_change_nothing_is_refused(row, kind, sentence, db, config_dir, now):
    history(db, now, *[(*r[:4], "TX", *r[5:]) for r in real_history()])
    run = calibrated(db, config_dir, now)
    assert sentence in refused(db, config_dir, now, run, row, ("sic_code", "8062"), kind=kind)


def test_a_run_that_says_nothing_has_nothing_to_approve(db, config_dir, now):
    run = calibrated(db, config_dir, now)
    assert "No row was chosen that says move" in refused(db, config_dir, now, run, kind=Refused)


def test_a_run_that_is_not_there_is_refused(run, db, config_dir, now):
    said = refused(db, config_dir, now, {"run_id": 77}, kind=InputError)
    assert said.startswith("There is no calibration run with this number.")


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_reason_is_needed(reason, run, db, config_dir, now):
    assert "reason was expected" in refused(db, config_dir, now, run, "8062", kind=InputError, reason=reason)
    with pytest.raises(InputError, match="reason was expected"):
        rolled_back(db, config_dir, now, 1, reason=reason)


@pytest.mark.parametrize("role", ["viewer", "ops"])
def test_only_a_manager_approves_and_rolls_back(role, run, db, config_dir, now):
    actor = Actor("Ona", role)
    assert "may not approve scores" in refused(db, config_dir, now, run, "8062", kind=Refused, actor=actor)
    with pytest.raises(Refused, match="may not roll back scores"):
        rolled_back(db, config_dir, now, 1, actor=actor)


# --- Candidates ----------------------------------------------------------------------------------------------


def trucking(config_dir, db, now):
    """The score of a lead of 4213 trucking now, or why it is excluded."""
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    row = lead_row(1, SIC_Code_1="4213", SIC_Codes="42;421;4213")
    scored = scored_leads(lead_file([row], config_dir), icp).iloc[0]
    return scored["excluded"] if isinstance(scored["excluded"], str) else int(scored["score"])


def test_a_candidate_approved_by_name_gets_its_score_and_stays_outside(run, db, config_dir, now):
    before = read(config_dir)
    done = approved(db, config_dir, now, run, "4213")
    assert diff(before, read(config_dir)) == ['+       "4213": 94']
    assert (done.changes[0]["before"], done.changes[0]["after"]) == (None, 94)
    assert trucking(config_dir, db, now) == "The SIC code is not in the filter."


def test_a_candidate_is_let_in_only_if_asked(run, db, config_dir, now):
    before = read(config_dir)
    done = approved(db, config_dir, now, run, "4213", "8062", extend_filter=True)
    assert sorted(diff(before, read(config_dir))) == [
        '+       "4213": 94', '+       "8062": 40  # general hospitals', '+     - "4213"',
        '-       "8062": 100  # general hospitals',
    ]  # fmt: skip
    assert [change["extend_filter"] for change in done.changes] == [False, True] or done.changes[0][
        "value"
    ] == "4213"
    # 0.5 x 100 (High) + 0.25 x 94 + 0.25 x 100 (Hot) = 98.5, which rounds to 99
    assert trucking(config_dir, db, now) == 99


def test_a_candidate_that_has_its_score_already_may_be_let_in_later(run, db, config_dir, now):
    approved(db, config_dir, now, run, "4213")
    again = calibrated(db, config_dir, now)
    before = read(config_dir)
    assert "already has the score" in refused(db, config_dir, now, again, "4213", kind=Refused)
    approved(db, config_dir, now, again, "4213", extend_filter=True)
    assert diff(before, read(config_dir)) == ['+     - "4213"']
    last = calibrated(db, config_dir, now)
    assert "already has the score" in refused(
        db, config_dir, now, last, "4213", kind=Refused, extend_filter=True
    )
