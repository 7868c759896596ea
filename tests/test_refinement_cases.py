"""Cases from a file, and the command that turns them into a proposal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest
from test_refinement import CURRENT, world

import scripts.refine_model_weights
from analytics.refinement_cases import read_cases
from errors import InputError
from scripts.command import run
from strict_yaml import read_yaml

PIPELINE = Path(__file__).resolve().parents[1] / "config" / "pipeline.yaml"


def as_file(frame: pd.DataFrame) -> bytes:
    told = frame.assign(
        outcome=frame["hit"].map({True: "Won", False: "Lost"}), day=frame["day"].dt.strftime("%Y-%m-%d")
    )
    return told.drop(columns="hit").to_csv(index=False).encode()


def test_every_row_is_a_case_or_is_told_why_not():
    content = (
        b"day,outcome,a,b,rival\n2025-01-02,Won,50,1,yes\n2025-01-03,lost,100,0,\n2025-01-04,maybe,1,1,no\n"
        b"soon,won,1,1,no\n2025-01-05,won,101,1,no\n2025-01-06,won,x,1,no\n"
    )
    cases, rejected = read_cases(
        content, "x.csv", day="day", outcome="outcome", components=["a", "b"], extras=["rival"]
    )
    assert cases["hit"].tolist() == [True, False]
    assert cases["rival"].tolist()[0] == 1.0
    assert pd.isna(cases["rival"].iloc[1])
    assert [number for number, _ in rejected] == [4, 5, 6, 7]
    assert "won or lost" in rejected[0][1]
    assert "a day" in rejected[1][1]
    assert all("from 0 to 100" in why for _, why in rejected[2:])


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="there is no b"):
        read_cases(
            b"day,outcome,a\n2025-01-02,won,1\n", "x.csv", day="day", outcome="outcome", components=["a", "b"]
        )


def test_the_command_proposes_a_configuration_in_which_only_digits_differ(tmp_path, capsys):
    true = {**dict.fromkeys(CURRENT, 0.08), "win_rate": 0.60}
    (tmp_path / "cases.csv").write_bytes(as_file(world(1, true, size=2000, months=6)))
    out = tmp_path / "new.yaml"
    arguments = [
        os.fspath(tmp_path / "cases.csv"),
        "--weights",
        os.fspath(PIPELINE),
        "--out",
        os.fspath(out),
        "--json",
    ]
    assert run(scripts.refine_model_weights.main, arguments) == 0
    told = json.loads(capsys.readouterr().out)
    weights = read_yaml(out.read_text(), "new.yaml")[0]["account"]
    assert weights == told["weights"]
    assert weights["win_rate"] > 0.4
    lines = zip(PIPELINE.read_text().splitlines(), out.read_text().splitlines(), strict=True)
    changed = [old.split(":")[0].strip() for old, new in lines if old != new]
    assert changed == [name for name in CURRENT if told["weights"][name] != CURRENT[name]]
    assert f"+  win_rate: {weights['win_rate']}" in told["difference"]
    assert run(scripts.refine_model_weights.main, arguments[:-1]) == 0
    assert "Nothing was put in force" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--at", "nowhere"], "has no nowhere"), (["--at", "high"], "one number per component"), (["--half-life", "0"], "from 1")],
)  # fmt: skip
def test_a_wrong_option_is_told(tmp_path, capsys, arguments, told):
    (tmp_path / "cases.csv").write_bytes(as_file(world(1, CURRENT, size=50)))
    file = os.fspath(tmp_path / "cases.csv")
    assert run(scripts.refine_model_weights.main, [file, "--weights", os.fspath(PIPELINE), *arguments]) == 2
    assert told in capsys.readouterr().err


def test_few_cases_are_a_calm_answer(tmp_path, capsys):
    (tmp_path / "cases.csv").write_bytes(as_file(world(1, CURRENT, size=20)))
    assert (
        run(
            scripts.refine_model_weights.main,
            [os.fspath(tmp_path / "cases.csv"), "--weights", os.fspath(PIPELINE)],
        )
        == 0
    )
    told = capsys.readouterr().out
    assert "too little" in told
    assert "are those in force" in told
