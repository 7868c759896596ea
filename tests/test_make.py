"""The first `make` on a machine: what it is about to do, and for how long, stands there before it begins, and pip's pages stay out of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Stands in for Python: makes a folder for `-m venv`, says what pip would be asked, and does nothing for the rest.
FAKE = """#!/bin/sh
echo "python $*"
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi
if [ "$1 $2" = "-m pip" ]; then echo "WARNING: Location is ignored"; [ ! -e no-network ]; fi
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh copy of what `make` reads, with a Python that only speaks."""
    for name in (
        "Makefile",
        "requirements.txt",
        "requirements-test.txt",
        "scripts/find_chromium.sh",
        "scripts/install_packages.sh",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "scripts" / "find_chromium.sh").write_text("")
    fake = tmp_path / "python-that-speaks"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    return tmp_path


# The tests run under `make` themselves; what that hands down is no business of the one that is tried here.
ALONE = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PORT"))}


def made(folder: Path, goal: str, *words: str) -> list[str]:
    done = subprocess.run(
        ["make", goal, *words, f"PYTHON={folder / 'python-that-speaks'}"],
        cwd=folder,
        env=ALONE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def first(lines: list[str], part: str) -> int:
    return next(place for place, line in enumerate(lines) if part in line)


def test_the_first_start_says_what_happens_and_how_long_before_it_does(folder: Path) -> None:
    lines = made(folder, "run")
    assert (
        first(lines, "takes a minute or two, once") < first(lines, "-m venv .venv") < first(lines, "in place")
    )
    assert first(lines, "an empty database gets the demo first") < first(lines, "python -m scripts.load_demo")
    assert lines[-1].strip() == "python -m serve"
    assert not any("pip" in line or "WARNING" in line for line in lines)  # it has a file of its own
    assert "--require-hashes -r requirements.txt" in (folder / ".venv" / "installed.log").read_text()
    assert len(lines) < 10
    assert not any(
        "takes a minute" in line for line in made(folder, "run")
    )  # only where there is something to wait for


def test_where_pip_fails_its_last_words_are_shown_and_nothing_counts_as_installed(folder: Path) -> None:
    (folder / "no-network").touch()
    done = subprocess.run(
        ["make", "run", f"PYTHON={folder / 'python-that-speaks'}"],
        cwd=folder,
        env=ALONE,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "The packages could not be installed." in done.stdout
    assert "WARNING: Location is ignored" in done.stdout
    assert "serve" not in done.stdout
    (folder / "no-network").unlink()
    assert "are in place" in " ".join(made(folder, "run"))


def test_another_port_is_a_word_of_make(folder: Path) -> None:
    assert "python -m serve --port 8600" in made(folder, "run", "PORT=8600")


def test_the_first_tests_say_so_as_well(folder: Path) -> None:
    lines = made(folder, "test")
    assert first(lines, "About another minute, once.") < first(lines, "requirements-test.txt are in place")
    assert first(lines, "about a quarter of an hour") < first(lines, "-m pytest")
