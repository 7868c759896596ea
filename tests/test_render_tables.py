"""docs/tables.md says which tables there are now, and its promise of what never changes is the database's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import render_tables
from scripts.command import run
from turso_copy import tables_of
from turso_db import Database

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "tables.md").read_text("utf-8")


def test_the_document_is_as_the_migrations_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(render_tables.main, ["--check"]) == 0, "Run python -m scripts.render_tables."
    assert capsys.readouterr().out == "Up to date.\n"


def test_every_column_of_every_table_stands_in_it(db: Database) -> None:
    for table in tables_of(db):
        if table.name == "schema_migrations":  # made by the code that applies migrations
            continue
        part = TEXT.split(f"\n## {table.name}\n")[1].partition("\n## ")[0]
        assert tuple(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) == table.columns


def test_a_column_is_not_explained_by_the_comment_of_its_neighbour() -> None:
    (row,) = re.findall(r"^\| `exported_lead` \|.*$", TEXT, re.MULTILINE)
    assert "`lead_outcomes.id`" in row
    assert "taken back" not in row  # what the view below it in the migration does


def test_what_is_said_to_be_kept_is_kept() -> None:
    parts = dict(re.findall(r"^## (\w+)\n\n(.*)$", TEXT, re.MULTILINE))
    for table in (
        "outcome_milestones",
        "weight_versions",
        "audit",
        "match_decisions",
        "lead_models",
        "lead_feedback",
    ):
        assert parts[table].endswith("**Append-only.**"), table
    assert "**Rows are never deleted.**" in parts["lead_outcomes"]
    assert "source_features" in parts["lead_outcomes"]
    assert "**" not in parts["operators"]


def test_a_stale_document_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(render_tables, "tables", lambda: "t")
    monkeypatch.setattr(render_tables, "ROOT", tmp_path)
    assert [run(render_tables.main, arguments) for arguments in (["--check"], [], ["--check"])] == [1, 0, 0]
    assert "is stale" in capsys.readouterr().out
