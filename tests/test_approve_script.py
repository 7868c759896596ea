"""Proposing and deciding at a terminal."""

from __future__ import annotations

import json

import pytest
from approval_steps import read

import scripts.approve
from scripts.command import run as run_script
from stores import proposals

WHO = ["--actor", "Ana Ruiz", "--reason", "They sell."]


def test_a_change_is_proposed_by_one_and_accepted_in_part_by_another(run, db, config_dir, capsys):
    before = read(config_dir)
    rows = ["--row", "sic_code=8062", "--row", "sic_code=7011"]
    assert run_script(scripts.approve.main, ["1", *rows, "--propose", *WHO, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"proposal_id": 1}
    assert read(config_dir) == before
    accept = ["--proposal", "1", "--row", "sic_code=7011", "--actor", "Ben Cole", "--reason", "Agreed."]
    assert run_script(scripts.approve.main, accept) == 0
    assert "sic_code=7011: 100 → 46" in capsys.readouterr().out
    assert read(config_dir) == before.replace(b'"7011": 100', b'"7011": 46')
    assert proposals.read_proposal(db, proposal_id=1)["status"] == "applied"


def test_with_a_second_approver_the_terminal_refuses_one_alone(run, db, config_dir, capsys):
    text = read(config_dir).replace(b"second_approver: false", b"second_approver: true")
    (config_dir / "icp.yaml").write_bytes(text)
    assert run_script(scripts.approve.main, ["1", "--all", *WHO]) == 2
    assert "asks for a second approver" in capsys.readouterr().err
    assert read(config_dir) == text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "RUN_ID, or --proposal NUMBER"),
        (["1"], "--all --row is required"),
        (["1", "--all", "--proposal", "2"], "RUN_ID, or --proposal NUMBER"),
        (["--proposal", "2", "--propose"], "leave out --propose"),
        (["--proposal", "2"], "There is no proposal 2"),
    ],
)
def test_options_that_do_not_go_together_are_a_sentence(arguments, sentence, run, capsys):
    assert run_script(scripts.approve.main, [*arguments, *WHO]) == 2
    assert sentence in capsys.readouterr().err
