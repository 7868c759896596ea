"""The file and the database agree: lost files, edits by hand, full disks, processes that race or die."""

from __future__ import annotations

import threading

import pytest
from approval_steps import approved, read, rolled_back, versions, write
from lead_rows import lead_row
from outcome_rows import calibrated, history, real_history
from racing import Scorer, approve_all, approve_and_die, at_once, killed

import configuration
from configuration import active_configuration, write_atomically
from errors import ConfigError
from stores import weights


@pytest.fixture
def run(db, config_dir, now):
    """A calibration of the real table, shrunk: 8062 says 40 where 100 is in force."""
    history(db, now, *real_history())
    return calibrated(db, config_dir, now)


def test_the_first_look_records_the_file_as_it_is(db, config_dir, now):
    active = active_configuration(db, config_dir=config_dir, now=now)
    assert (active.version, active.icp.text.encode()) == (1, read(config_dir))
    assert versions(db) == [(1, "first")]
    assert active_configuration(db, config_dir=config_dir, now=now) == active
    assert versions(db) == [(1, "first")]


@pytest.mark.parametrize("loss", ["missing", "the first again", "folder missing"])
def test_a_file_that_was_thrown_away_comes_back_from_the_database(loss, run, db, config_dir, now):
    released = read(config_dir)
    approved(db, config_dir, now, run, "8062")
    approved_bytes = read(config_dir)
    (config_dir / "icp.yaml").unlink()
    if loss == "the first again":  # a disk laid anew from the release
        write(config_dir, released)
    if loss == "folder missing":
        for path in config_dir.iterdir():
            path.unlink()
        config_dir.rmdir()
    active = active_configuration(db, config_dir=config_dir, now=now)
    assert (active.version, active.icp.text.encode()) == (2, approved_bytes)
    assert read(config_dir) == approved_bytes
    assert len(versions(db)) == 2


def test_without_file_and_without_versions_there_is_a_sentence(db, config_dir, now):
    (config_dir / "icp.yaml").unlink()
    with pytest.raises(ConfigError, match="missing and the database has no version"):
        active_configuration(db, config_dir=config_dir, now=now)
    assert versions(db) == []


def test_an_edit_by_hand_becomes_a_version_of_its_own(run, db, config_dir, now):
    approved(db, config_dir, now, run, "8062")
    edited = read(config_dir).replace(b"min_score: 0", b"min_score: 30")
    write(config_dir, edited)
    active = active_configuration(db, config_dir=config_dir, now=now)
    assert (active.version, active.icp.data["export"]["min_score"]) == (3, 30)
    assert versions(db)[-1] == (3, "hand edit")
    assert read(config_dir) == edited
    rolled_back(db, config_dir, now, 2)
    assert read(config_dir) == edited.replace(b"min_score: 30", b"min_score: 0")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"components: [", "icp.yaml"),
        (b"", "icp.yaml"),
        (b"\xff\xfe\x00", "UTF-8"),
        (None, "score"),  # a score of 101
    ],
)
def test_a_broken_edit_by_hand_is_a_sentence_and_nothing_is_recorded(
    content, sentence, run, db, config_dir, now
):
    if content is None:
        content = read(config_dir).replace(b'"8361": 100', b'"8361": 101')
    write(config_dir, content)
    for act in (
        lambda: active_configuration(db, config_dir=config_dir, now=now),
        lambda: approved(db, config_dir, now, run, "8062"),
        lambda: rolled_back(db, config_dir, now, 1),
    ):
        with pytest.raises(ConfigError, match=sentence):
            act()
    assert versions(db) == [(1, "first")]
    assert read(config_dir) == content  # the person's text is left for them to mend


def test_a_configuration_that_cannot_be_opened_is_a_sentence(db, config_dir, now):
    (config_dir / "icp.yaml").unlink()
    (config_dir / "icp.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        active_configuration(db, config_dir=config_dir, now=now)


def test_on_a_disk_that_cannot_be_written_the_database_alone_is_the_truth(
    run, db, config_dir, now, monkeypatch
):
    before = read(config_dir)

    def full(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(configuration.os, "replace", full)
    assert approved(db, config_dir, now, run, "8062").version == 2
    assert read(config_dir) == before
    active = active_configuration(db, config_dir=config_dir, now=now)
    assert (active.version, active.icp.data["components"]["onsite_likelihood"]["scores"]["8062"]) == (2, 40)
    assert [path.name for path in config_dir.iterdir() if path.name.startswith(".icp-")] == []


def test_an_edit_saved_in_the_moment_of_an_approval_is_kept(run, db, config_dir, now):
    edited = read(config_dir).replace(b"min_score: 0", b"min_score: 30")

    class Meanwhile:
        def __getattr__(self, name):
            return getattr(db, name)

        def write(self, statements, *, bump=True):
            written = db.write(statements, bump=bump)
            write(config_dir, edited)
            return written

    approved(Meanwhile(), config_dir, now, run, "8062")
    assert read(config_dir) == edited
    active = active_configuration(db, config_dir=config_dir, now=now)
    assert active.version == 3
    assert versions(db) == [(1, "first"), (2, "approval"), (3, "hand edit")]


def test_permissions_and_a_link_stay_as_they_were(tmp_path):
    real, link = tmp_path / "mounted.yaml", tmp_path / "icp.yaml"
    real.write_text("a\n")
    real.chmod(0o640)
    link.symlink_to(real)
    write_atomically(link, "b\n")
    assert (real.read_text(), link.is_symlink(), real.stat().st_mode & 0o777) == ("b\n", True, 0o640)
    assert len(list(tmp_path.iterdir())) == 2
    write_atomically(tmp_path / "new.yaml", "c\n")
    assert (tmp_path / "new.yaml").stat().st_mode & 0o777 == 0o644


def test_no_reader_ever_sees_half_a_file(tmp_path):
    path = tmp_path / "icp.yaml"
    texts = ["a" * 300_000, "b" * 200_000]
    write_atomically(path, texts[0])
    done, seen = threading.Event(), set()

    def look():
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=look)
    reader.start()
    for n in range(40):
        write_atomically(path, texts[n % 2])
    done.set()
    reader.join()
    assert seen <= set(texts)


def test_of_two_approvals_at_once_one_wins_and_the_other_is_told_who(run, db, db_path, config_dir, now):
    found = at_once(
        approve_all, [(db_path, config_dir, now, run["run_id"], name) for name in ("Ana", "Ben", "Cho")]
    )
    won = [said for said in found if said.endswith("version 2")]
    assert len(won) == 1
    winner = won[0].partition(":")[0]
    lost = [said for said in found if said not in won]
    assert all(said.startswith("Conflict: ") and winner in said for said in lost), found
    assert versions(db) == [(1, "first"), (2, "approval")]
    assert db.rows("SELECT count(*) AS n FROM proposals") == [{"n": 1}]
    assert read(config_dir) == weights.read_version(db, version=2)["icp_yaml"].encode()


def test_the_very_next_score_in_a_running_process_uses_it(run, db, db_path, config_dir, now):
    # Hospital: 0.5 x 100 + 0.25 x 100 + 0.25 x 100 = 100; with 40 for 8062: 50 + 10 + 25 = 85.
    scorer = Scorer(db_path, config_dir, now, lead_row(1, SIC_Code_1="8062", SIC_Codes="80;806;8062"))
    try:
        assert scorer.score() == 100
        approved(db, config_dir, now, run, "8062")
        assert scorer.score() == 85
        rolled_back(db, config_dir, now, 1)
        assert scorer.score() == 100
        write(config_dir, read(config_dir).replace(b'"8062": 100', b'"8062": 0'))
        assert scorer.score() == 75
    finally:
        scorer.close()


def test_an_approval_that_was_killed_before_its_file_was_laid_is_in_force(run, db, db_path, config_dir, now):
    before = read(config_dir)
    assert killed(approve_and_die, db_path, config_dir, now, run["run_id"]) == -9
    assert read(config_dir) == before
    active = active_configuration(db, config_dir=config_dir, now=now)
    assert active.version == 2
    assert read(config_dir) == active.icp.text.encode() != before
