"""The first `make` on a machine: what it is about to do, and for how long, stands there before it begins, and pip is heard."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Stands in for Python: makes a folder for `-m venv`, says what pip would be asked, and does nothing for the rest.
FAKE = """#!/bin/sh
echo "python $*"
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh copy of what `make` reads, with a Python that only speaks."""
    for name in ("Makefile", "requirements.txt", "requirements-test.txt", "scripts/find_chromium.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "scripts" / "find_chromium.sh").write_text("")
    fake = tmp_path / "python-that-speaks"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    return tmp_path


def made(folder: Path, goal: str) -> list[str]:
    done = subprocess.run(
        ["make", goal, f"PYTHON={folder / 'python-that-speaks'}"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def first(lines: list[str], part: str) -> int:
    return next(place for place, line in enumerate(lines) if part in line)


def test_the_first_start_says_what_happens_and_how_long_before_it_does(folder: Path) -> None:
    lines = made(folder, "run")
    assert first(lines, "takes a minute or two, once") < first(lines, "-m venv .venv")
    assert first(lines, "an empty database gets the demo first") < first(lines, "python -m scripts.load_demo")
    (install,) = [line for line in lines if line.startswith("python -m pip install")]
    assert "--quiet" not in install
    assert "-q" not in install.split()
    assert not any(
        "takes a minute" in line for line in made(folder, "run")
    )  # only where there is something to wait for


def test_the_first_tests_say_so_as_well(folder: Path) -> None:
    lines = made(folder, "test")
    (of_tests,) = [
        place for place, line in enumerate(lines) if "pip install" in line and line.startswith("python")
        and "requirements-test.txt" in line
    ]  # fmt: skip
    assert first(lines, "About another minute, once.") < of_tests
    assert first(lines, "about a quarter of an hour") < first(lines, "-m pytest")
