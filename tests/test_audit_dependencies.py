"""The audit of dependencies is clean only when somebody was asked about every one of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts import audit_dependencies
from scripts.command import run

ROOT = Path(__file__).resolve().parents[1]
CLEAN = {"name": "anyio", "version": "4.16.0", "vulns": []}
WEAK = {
    "name": "urllib3",
    "version": "2.8.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.8.1"], "aliases": []}],
}
SKIPPED = {
    "name": "zipcodes",
    "skip_reason": "Dependency not found on PyPI and could not be audited: zipcodes (3.0.0)",
}


def tool(folder: Path, pypi: str, osv: str) -> str:
    """A program that answers as pip-audit does; it ends with 0 also when it skipped everything, as pip-audit does."""
    path = folder / "pip-audit"
    path.write_text(f"#!/bin/sh\ncase \"$*\" in *osv*) echo '{osv}';; *) echo '{pypi}';; esac\n")
    path.chmod(0o755)
    return str(path)


def answer(*dependencies: object) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


@pytest.mark.parametrize(
    ("pypi", "osv", "code", "sentence"),
    [
        (answer(CLEAN, CLEAN), "", 0, "0 known weaknesses in 2 dependencies."),
        (answer(CLEAN, WEAK), "", 1, "urllib3 2.8.0: PYSEC-2026-1, mended in 2.8.1"),
        (answer(WEAK, SKIPPED), "", 1, "1 known weakness in 2 dependencies."),
        (answer(SKIPPED, SKIPPED), answer(CLEAN, CLEAN), 0, "0 known weaknesses"),
        (
            answer(CLEAN, SKIPPED),
            "Traceback",
            2,
            "NOT AUDITED: nobody could be asked about 1 of 2 dependencies",
        ),
        (answer(SKIPPED, SKIPPED), "", 2, "NOT AUDITED: nobody could be asked about 2 of 2 dependencies"),
        ("", "", 2, "NOT AUDITED: nobody could be asked about any of the dependencies"),
        (
            answer(WEAK, SKIPPED),
            answer(CLEAN, SKIPPED),
            1,
            "urllib3 2.8.0: PYSEC-2026-1",
        ),  # what one knows stays known
        (answer(WEAK, SKIPPED), answer(CLEAN, CLEAN), 1, "urllib3 2.8.0: PYSEC-2026-1"),
    ],
)
def test_what_it_says(
    pypi: str,
    osv: str,
    code: int,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit_dependencies, "everywhere", set)
    assert run(audit_dependencies.main, ["--tool", tool(tmp_path, pypi, osv)]) == code
    said = capsys.readouterr()
    assert sentence in said.out + said.err


@pytest.mark.parametrize(("given", "missing"), [((), "all"), ((CLEAN,), "all but one")])
def test_an_answer_that_leaves_a_dependency_out_is_none_for_it(
    given: tuple[object, ...], missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned = audit_dependencies.everywhere()
    assert {"streamlit", "anyio", "pytest"} <= pinned
    assert len(pinned) > 80
    assert run(audit_dependencies.main, ["--tool", tool(tmp_path, answer(*given), answer(*given))]) == 2, (
        missing
    )
    assert f"NOT AUDITED: nobody could be asked about {len(pinned) - len(given)} of " in capsys.readouterr().err  # fmt: skip


def test_an_answer_kept_from_an_earlier_day_is_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip-audit keeps what PyPI said; every run begins with an empty folder for that, which then goes."""
    monkeypatch.setattr(audit_dependencies, "everywhere", set)
    program = tmp_path / "pip-audit"
    program.write_text(
        f'#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = --cache-dir ] && ls -A "$2" | wc -l >> {tmp_path}/kept && echo "$2" '
        f">> {tmp_path}/where && touch \"$2/kept\"; shift; done\necho '{answer(CLEAN)}'\n"
    )
    program.chmod(0o755)
    for _ in range(2):
        assert run(audit_dependencies.main, ["--tool", str(program)]) == 0
    assert (tmp_path / "kept").read_text().split() == ["0", "0"]
    assert not any(Path(line).exists() for line in (tmp_path / "where").read_text().split())


def test_without_the_tool_nothing_is_called_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(audit_dependencies.main, ["--tool", str(tmp_path / "none"), "--json"]) == 2
    assert "not installed" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_every_file_of_pinned_dependencies_of_the_product_is_asked_about() -> None:
    for name in audit_dependencies.FILES:
        assert "--hash=sha256:" in (ROOT / name).read_text()
