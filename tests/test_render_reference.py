"""The reference in docs/ says what configuration and commands are now, and every key and option stands in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import render_reference
from scripts.command import run
from strict_yaml import read_yaml

ROOT = Path(__file__).resolve().parents[1]


def test_the_documents_are_as_the_sources_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(render_reference.main, ["--check"]) == 0, "Run python -m scripts.render_reference."
    assert capsys.readouterr().out == "All up to date.\n"


def test_a_stale_document_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(render_reference, "configuration", lambda: "c")
    monkeypatch.setattr(render_reference, "commands", lambda: "d")
    monkeypatch.setattr(render_reference, "ROOT", tmp_path)
    assert run(render_reference.main, ["--check"]) == 1
    assert run(render_reference.main, []) == 0
    assert (tmp_path / "docs" / "commands.md").read_text() == "d"
    assert run(render_reference.main, ["--check"]) == 0
    assert "is stale" in capsys.readouterr().out


def leaves(data: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(data, dict) and data:
        return [leaf for key, value in data.items() for leaf in leaves(value, (*path, str(key)))]
    if isinstance(data, list) and any(isinstance(entry, dict) for entry in data):
        return [leaf for entry in data for leaf in leaves(entry, (*path, "*"))]
    return [path]


@pytest.mark.parametrize("name", sorted(render_reference.FILES))
def test_every_key_stands_in_the_reference(name: str) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    part = text[text.index(f"`config/{name}`\n") :].partition("\n## ")[0]
    shown = [row.split(".") for row in re.findall(r"^\| `([^`]+)` \|", part, re.MULTILINE)]
    for leaf in leaves(read_yaml((ROOT / "config" / name).read_text("utf-8"), name)[0]):
        fits = [row for row in shown if len(row) == len(leaf)
                and all(word in ("*", part) for word, part in zip(row, leaf, strict=True))]  # fmt: skip
        assert len(fits) == 1, (leaf, fits)


def test_ranges_are_those_of_the_checker() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    for row in (
        "| `export.exploration_percent` | a number from 0 to 5 | `0` |",
        "| `export.max_rows` | a whole number of 1 or more or null | `null` |",
        "| `calibration.estimator` | one of shrunk, raw | `shrunk` |",
        "| `hard_filters.allow_unknown_sic` | true or false | `false` |",
    ):
        assert row in text


def test_every_option_has_a_meaning_and_is_in_the_help() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert not re.findall(r"^\| .* \|  \|$", text, re.MULTILINE)
    helped = subprocess.run(
        [sys.executable, "-m", "scripts.export_batch", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    part = text[text.index("## `python -m scripts.export_batch`") :].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(--[\w-]+)", part, re.MULTILINE)) == set(re.findall(r"--[\w-]+", helped)) - {
        "--help",
        "--json",
    }
