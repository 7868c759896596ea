"""A change as a proposal: decided once, by one person or two, in whole or in part, and never forgotten."""

from __future__ import annotations

import sqlite3

import pytest
from approval_steps import approved, diff, read, rolled_back, versions, write
from outcome_rows import calibrated, history, real_history
from racing import ANA, accept_proposal, at_once
from streamlit.testing.v1 import AppTest

from actors import Actor
from errors import Conflict, InputError, Refused
from proposals import approve_proposal, close_proposal, propose
from stores import audit, proposals, weights

BEN = Actor("Ben Cole", "admin")
TWO = [("sic_code", "8062"), ("sic_code", "7011")]


def proposed(db, config_dir, now, run, rows=TWO, **options):
    return propose(
        db, config_dir=config_dir, run_id=run["run_id"], rows=rows, now=now,
        **({"reason": "Hospitals do not sell.", "actor": ANA} | options),
    )  # fmt: skip


def decided(db, config_dir, now, number, rows=None, **options):
    return approve_proposal(
        db, config_dir=config_dir, proposal_id=number, rows=rows, now=now,
        **({"reason": "Agreed.", "actor": BEN} | options),
    )  # fmt: skip


def closed(db, now, number, status, actor):
    close_proposal(db, proposal_id=number, status=status, reason="Not now.", now=now, actor=actor)


def test_a_proposal_changes_nothing_and_says_all(run, db, config_dir, now):
    before = read(config_dir)
    number = proposed(db, config_dir, now, run, prediction={"extra": 1.5})
    assert (read(config_dir), versions(db)) == (before, [(1, "first")])
    kept = proposals.read_proposal(db, proposal_id=number)
    assert (kept["status"], kept["proposed_by"], kept["run_id"], kept["base_version"]) == (
        "open",
        "Ana Ruiz",
        1,
        1,
    )
    assert kept["proposed_at"] == "2026-02-11T15:30:00Z"
    assert kept["prediction"] == {"extra": 1.5}
    assert [(c["value"], c["before"], c["after"]) for c in kept["changes"]] == [
        ("7011", 100, 46),
        ("8062", 100, 40),
    ]
    assert [line for line in kept["diff"].splitlines()[2:] if line[0] in "+-"] == [
        '-      "7011": 100  # hotels and motels', '+      "7011": 46  # hotels and motels',
        '-      "8062": 100  # general hospitals', '+      "8062": 40  # general hospitals',
    ]  # fmt: skip
    assert audit.read_audit(db).iloc[0]["action"] == "propose"


def test_a_proposal_is_accepted_whole(run, db, config_dir, now):
    number = proposed(db, config_dir, now, run, prediction={"extra": 1.5})
    done = decided(db, config_dir, now, number)
    assert done.version == 2
    kept = proposals.read_proposal(db, proposal_id=number)
    assert (kept["status"], kept["decided_by"], kept["version"], kept["decided_because"]) == (
        "applied", "Ben Cole", 2, "Agreed.",
    )  # fmt: skip
    assert kept["accepted"] == kept["changes"] == done.changes
    assert kept["prediction"] == {"extra": 1.5}
    assert weights.read_version(db, version=2)["icp_yaml"].encode() == read(config_dir)


def test_a_proposal_is_accepted_in_part_and_the_rest_stays_on_record(run, db, config_dir, now):
    before = read(config_dir)
    number = proposed(db, config_dir, now, run, prediction={"extra": 1.5})
    decided(db, config_dir, now, number, rows=[("sic_code", "7011")])
    assert diff(before, read(config_dir)) == [
        '-       "7011": 100  # hotels and motels', '+       "7011": 46  # hotels and motels',
    ]  # fmt: skip
    kept = proposals.read_proposal(db, proposal_id=number)
    assert [c["value"] for c in kept["accepted"]] == ["7011"]
    assert [c["value"] for c in kept["changes"]] == ["7011", "8062"]
    assert kept["prediction"] is None  # it was the prediction of both


@pytest.mark.parametrize(
    ("rows", "kind", "sentence"),
    [
        ([("sic_code", "8361")], InputError, "Proposal 1 does not change sic_code=8361"),
        ([], Refused, "Nothing of the proposal was ticked"),
    ],
)
def test_a_part_that_is_none_is_refused(rows, kind, sentence, run, db, config_dir, now):
    number = proposed(db, config_dir, now, run)
    with pytest.raises(kind, match=sentence):
        decided(db, config_dir, now, number, rows=rows)
    assert versions(db) == [(1, "first")]


@pytest.mark.parametrize(("status", "actor"), [("refused", BEN), ("withdrawn", ANA)])
def test_a_closed_proposal_stays_in_the_journal_and_is_decided_once(status, actor, run, db, config_dir, now):
    before = read(config_dir)
    number = proposed(db, config_dir, now, run, prediction={"extra": 1.5})
    closed(db, now, number, status, actor)
    (kept,) = proposals.read_journal(db)
    assert (kept["status"], kept["decided_by"], kept["decided_because"]) == (status, actor.name, "Not now.")
    assert kept["prediction"] == {"extra": 1.5}
    said = f"Proposal 1 was {status} by {actor.name} on 2026-02-11."
    for act in (
        lambda: decided(db, config_dir, now, number),
        lambda: closed(db, now, number, "refused", BEN),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert str(caught.value) == said
    assert (read(config_dir), versions(db)) == (before, [(1, "first")])


def test_only_its_maker_withdraws_a_proposal(run, db, config_dir, now):
    number = proposed(db, config_dir, now, run)
    with pytest.raises(Refused, match="is Ana Ruiz's to withdraw"):
        closed(db, now, number, "withdrawn", BEN)
    with pytest.raises(InputError, match="refused or withdrawn"):
        closed(db, now, number, "applied", BEN)


def test_a_proposal_on_an_older_version_names_the_newer_and_its_maker(run, db, config_dir, now):
    number = proposed(db, config_dir, now, run)
    write(config_dir, read(config_dir).replace(b"min_score: 0", b"min_score: 30"))
    with pytest.raises(
        Conflict, match=r"version 2 \(hand edit by someone with access to the file on 2026-02-11\)"
    ):
        decided(db, config_dir, now, number)
    assert proposals.read_proposal(db, proposal_id=number)["status"] == "open"


def test_an_applied_proposal_can_be_rolled_back_later(run, db, config_dir, now):
    before = read(config_dir)
    decided(db, config_dir, now, proposed(db, config_dir, now, run))
    rolled_back(db, config_dir, now, 1)
    assert read(config_dir) == before
    assert [row["status"] for row in proposals.read_journal(db)] == ["applied"]


# --- Two people ------------------------------------------------------------------------------------------------


@pytest.fixture
def two_needed(config_dir):
    """An icp.yaml that asks for a second approver."""
    write(config_dir, read(config_dir).replace(b"second_approver: false", b"second_approver: true"))


def test_with_a_second_approver_nobody_acts_alone(two_needed, db, config_dir, now):
    history(db, now, *real_history())
    run = calibrated(db, config_dir, now)
    before = read(config_dir)
    with pytest.raises(Refused, match="asks for a second approver"):
        approved(db, config_dir, now, run, "8062")
    number = proposed(db, config_dir, now, run)
    for name in ("Ana Ruiz", "ana  RUIZ"):  # spelling her name otherwise makes no second person
        with pytest.raises(Refused, match="another person decides"):
            decided(db, config_dir, now, number, actor=Actor(name, "admin"))
    assert read(config_dir) == before
    assert decided(db, config_dir, now, number).version == 2
    assert read(config_dir) != before


def test_whoever_spells_the_name_otherwise_may_withdraw_and_not_accept_alone(two_needed, config_dir):
    def page(config_dir):
        from types import SimpleNamespace

        from actors import Actor
        from icp import read_icp
        from views.proposal import _decide

        frame = SimpleNamespace(actor=Actor("ana  RUIZ"), icp=read_icp(config_dir), weight_version=1)
        entry = {"proposal_id": 1, "proposed_by": "Ana Ruiz", "changes": [{}], "base_version": 1}
        _decide(frame, entry, [("sic_code", "8062")])

    shown = AppTest.from_function(page, default_timeout=30, kwargs={"config_dir": config_dir}).run()
    assert not shown.exception
    assert shown.button(key="accept_proposal").disabled
    assert not shown.button(key="withdraw_proposal").disabled


def test_of_two_who_accept_at_once_one_wins_and_the_other_is_told_who_and_what(
    run, db, db_path, config_dir, now
):
    number = proposed(db, config_dir, now, run, rows=[("sic_code", "8062")])
    found = at_once(
        accept_proposal, [(db_path, config_dir, now, number, name) for name in ("Ben", "Cho", "Dee")]
    )
    won = [said for said in found if said.endswith("version 2")]
    assert len(won) == 1, found
    winner = won[0].partition(":")[0]
    lost = [said for said in found if said not in won]
    assert all(said.startswith("Conflict: ") and winner in said for said in lost), found
    # Whoever lost in the write itself is told the change; whoever looked later, that the proposal is decided.
    assert all(
        "sic_code 8062 from 100 to 40" in said or "Proposal 1 was applied by" in said for said in lost
    ), found
    assert versions(db) == [(1, "first"), (2, "approval")]


def test_who_loses_in_the_very_write_is_told_who_and_what(run, db, config_dir, now):
    number = proposed(db, config_dir, now, run, rows=[("sic_code", "8062")])

    class Meanwhile:
        raced = False

        def __getattr__(self, name):
            return getattr(db, name)

        def write(self, statements, *, bump=True):
            if not self.raced:
                self.raced = True
                approved(db, config_dir, now, run, "8062", actor=Actor("Cho Park"))
            return db.write(statements, bump=bump)

    with pytest.raises(Conflict) as caught:
        decided(Meanwhile(), config_dir, now, number)
    assert str(caught.value) == (
        "Cho Park was first: version 2 (approval) was made while you decided. It changed sic_code 8062 from 100 to 40. "
        "Look at what changed and calibrate again."
    )


# --- The record ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    ["UPDATE proposals SET reason = 'other'", "UPDATE proposals SET changes = '[]'", "DELETE FROM proposals"],
)
def test_what_was_proposed_never_changes(change, run, db, db_path, config_dir, now):
    proposed(db, config_dir, now, run)
    with (
        sqlite3.connect(db_path) as connection,
        pytest.raises(sqlite3.IntegrityError, match=r"never|decided once"),
    ):
        connection.execute(change)
    connection.close()


def test_there_is_no_such_proposal(db, config_dir, now):
    with pytest.raises(InputError, match="There is no proposal 9"):
        decided(db, config_dir, now, 9)


@pytest.mark.parametrize("role", ["viewer", "ops"])
def test_only_a_manager_proposes_and_decides(role, run, db, config_dir, now):
    actor = Actor("Ona", role)
    number = proposed(db, config_dir, now, run)
    for act in (
        lambda: proposed(db, config_dir, now, run, actor=actor),
        lambda: decided(db, config_dir, now, number, actor=actor),
        lambda: closed(db, now, number, "refused", actor),
    ):
        with pytest.raises(Refused, match="may not"):
            act()
