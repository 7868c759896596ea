"""README and docs/ are run: every command in an `sh` block, in the order of its page; links lead somewhere; files shown are taken.

A block marked `sh by-hand` is not run, because it needs another machine, a service or a person, or never ends: of it every
option is read. A block marked `csv KIND` is a file that the product takes without a complaint.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from demo_years import loaded
from lead_rows import csv_file, lead_row
from outcome_rows import HISTORY, MILESTONES, real_history, table

import scripts.import_deals
import scripts.import_exports
import scripts.import_historical
import scripts.import_outcomes
from scripts.command import run
from scripts.render_reference import parser_of
from turso_db import Database

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
BLOCK = re.compile(r"^( *)```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LABELS = {"sh", "sh by-hand", "http", "json", "python", "text", "toml", "ini", "yaml", "nginx", "cron"}
IMPORTS: dict[str, tuple[object, tuple[str, ...]]] = {
    "history": (scripts.import_historical, ("--csv",)),
    "outcomes": (scripts.import_outcomes, ()),
    "exports": (scripts.import_exports, ()),
    "deals": (scripts.import_deals, ()),
}
DEAL_COLUMNS = ("deal_id", "account", "amount", "created_on", "closed_on", "outcome")


def blocks(name: str) -> list[tuple[str, str]]:
    """(label, text) of the fenced blocks of a page, in order."""
    text = (ROOT / name).read_text("utf-8")
    return [
        (label, re.sub(rf"^{indent}", "", body, flags=re.MULTILINE))
        for indent, label, body in BLOCK.findall(text)
    ]


def commands(text: str) -> list[tuple[dict[str, str], list[str]]]:
    """(settings before it, words) of each line of a block; comments are none."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words, settings = shlex.split(line, comments=True), {}
        while words and re.match(r"[A-Z_]+=", words[0]):
            key, _, settings[key] = words.pop(0).partition("=")
        if words:
            found.append((settings, words))
    return found


def module_of(words: list[str]) -> str | None:
    return words[2] if words[0].endswith("python") and words[1] == "-m" else None


@pytest.fixture
def desk(tmp_path: Path, config_dir: Path, db: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the pages name, in which their commands are run, beside a database in use."""
    folder = tmp_path / "desk"
    folder.mkdir()
    files = {
        "history.csv": table(HISTORY, real_history()),
        "leads.csv": csv_file([lead_row(n) for n in range(1, 4)]),
        "outcomes.csv": table(MILESTONES, [("HADES-20260211-001", "Oak Inn 1", "contacted", "2026-02-12")]),
        "numbers.csv": b"Phone\n(214) 555-0199\n",
        "exports.csv": table(("batch_id", "company_name", "exported_at"), [("HADES-20250203-001", "Elm Inn", "2025-02-03")]),
        "deals.csv": table(DEAL_COLUMNS, [(f"D-{n}", "Elm Inn", "1000", "2025-01-02", "2025-03-01", "won" if n % 3 else "lost")
                                          for n in range(1, 40)]),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content)
    shutil.copytree(ROOT / "config", folder / "config")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", [name for name in NAMES if any(label == "sh" for label, _ in blocks(name))])
def test_every_command_of_a_page_does_its_work(
    name: str,
    desk: Path,
    db: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if name == "docs/demo.md":  # the page begins with a demo that is there
        db.close()
        loaded(tmp_path / "data" / "hades.db")
    for label, text in blocks(name):
        for settings, words in commands(text) if label == "sh" else ():
            with monkeypatch.context() as here:
                for key, value in settings.items():
                    here.setenv(key, value)
                module = module_of(words)
                if module and module.startswith("scripts."):
                    code = run(import_module(module).main, words[3:])  # in this process: quicker
                else:
                    here.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
                    here.setenv("PYTHONPATH", str(ROOT))
                    code = subprocess.run(words, cwd=desk, capture_output=True, timeout=120).returncode
            said = capsys.readouterr()
            assert code == 0, f"{name}: {shlex.join(words)}\n{said.out}\n{said.err}"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_done_by_hand_has_the_options_that_it_names(name: str) -> None:
    for label, text in blocks(name):
        assert label in LABELS or label.removeprefix("csv ") in IMPORTS, f"{name}: a block labelled {label!r}"
        for _, words in commands(text) if label == "sh by-hand" else ():
            module = module_of(words) or ""
            if module.startswith("scripts.") or module == "serve":
                parser_of(module).parse_args(words[3:])
            if words[0] == "make":
                assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), words


@pytest.mark.parametrize("name", NAMES)
def test_commands_and_files_in_the_text_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for module in re.findall(r"python -m (scripts\.\w+|serve)\b", text):
        assert (ROOT / f"{module.replace('.', os.sep)}.py").exists() or module == "scripts.NAME", module
    for path in re.findall(r"`((?:config|docs|scripts|migrations|\.streamlit)/[\w./-]+\.\w+)`", text):
        assert (ROOT / path).exists() or path == ".streamlit/secrets.toml", path


@pytest.mark.parametrize("name", NAMES)
def test_sentences_that_are_explained_are_said(name: str) -> None:
    said = " ".join(path.read_text("utf-8") for folder in (".", "stores", "views", "pages", "scripts")
                    for path in (ROOT / folder).glob("*.py"))  # fmt: skip
    plain = re.sub(r"\s+", " ", re.sub(r'"\s*\n?\s*f?"', "", said))  # texts that go on in the next line
    for part in re.findall(
        r"^\| it says \|.*?(?=\n\n)", (ROOT / name).read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        for row in part.splitlines()[2:]:
            for words in filter(None, map(str.strip, row.split("|")[1].split("…"))):
                assert words in plain, words


def anchors(path: Path) -> set[str]:
    """The headings of a page as GitHub turns them into anchors."""
    plain = re.sub(r"^ *```.*?^ *```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", page.read_text("utf-8"))):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        (name, label.partition(" ")[2], text)
        for name in NAMES
        for label, text in blocks(name)
        if label.startswith("csv ")
    ],
)
def test_a_file_that_is_shown_is_taken(
    name: str, kind: str, text: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "shown.csv").write_text(text, encoding="utf-8")
    module, before = IMPORTS[kind]
    assert run(module.main, [*before, "shown.csv", "--json"]) == 0  # type: ignore[attr-defined]
    said = capsys.readouterr().out
    assert '"rejected": 0' in said, said
    assert f'"read": {len(text.splitlines()) - 1}' in said, said


def test_the_figures_of_the_statistics_are_those_of_the_code() -> None:
    from analytics import (
        adjusted,
        backtest,
        components,
        drivers,
        maturity,
        model_fit,
        model_gate,
        owners,
        pipeline_scores,
        run_chart,
        segments,
        verdicts,
    )

    text = " ".join((ROOT / "docs" / "statistics.md").read_text("utf-8").split())
    for told, figure, is_so in (
        ("(4,000 seeded draws)", verdicts.DRAWS, 4000), ("at q = 5 %", verdicts.Q, 0.05), ("a prior of 15 leads; v of v + 15", verdicts.OWN_STRENGTH, 15),
        ("v of v + 15", verdicts.HALF_OWN, 15), ("span at most 40 points", verdicts.NARROW, 40),
        ("F is fitted from 20 deliveries on", maturity.FEWEST_DELIVERIES, 20), ("None with fewer than ten deliveries", adjusted.FEWEST_DELIVERIES, 10),
        ("taken to be within about .3 of", components.EXPECTED_CHANGE, 0.3), ("999 simulated histories", run_chart.SIMULATED, 999),
        ("199 shuffled outcomes", drivers.SHUFFLES, 199), ("200 made-up drivers", drivers.PLACEBOS, 200), ("at most a tenth of which", drivers.MOST_PLACEBOS_FOUND, 0.1),
        ("Pairs of inputs enter from 10 carried parameters on", model_fit.FOR_INTERACTIONS, 10), ("what uses fewer than 0.2 is left out", model_fit.TELLING, 0.2),
        ("gains at least 0.02", model_gate.LEAST_GAIN, 0.02), ("with at least 20 deliveries", model_gate.FEWEST_DELIVERIES, 20),
        ("must hold in the other 40 %", segments.HOLD_OUT, 0.4), ("only with 30 closed deals", owners.FEWEST, 30),
        ("gets 50 for each", pipeline_scores.NEUTRAL, 50), ("and under 20 deliveries", backtest.FEWEST_DELIVERIES, 20),
    ):  # fmt: skip
        assert told in text, told
        assert figure == is_so, told
