"""Write docs/tables.md anew: every table of the database with its columns, and what of it never changes."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.command import DONE, PARTLY, parser, run
from settings import ROOT
from turso_copy import FURTHER, tables_of
from turso_db import connect

_HEAD = """# The tables

Made by `python -m scripts.render_tables` from `migrations/`; do not edit it. How they hang together: [Data](data.md).

Times are ISO text in UTC (`2026-02-11T15:30:00Z`), days ISO text (`2026-02-11`). **Kept** is what the database itself refuses:
*append-only* rows are never changed or deleted.
"""
_MAKES = re.compile(r"((?:^--[^\n]*\n)*)^CREATE TABLE (\w+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(
    r"^[ \t]*(\w+)[ \t]+((?:TEXT|INTEGER|REAL|BLOB|ANY)\b[^\n]*?),?[ \t]*(?:--[ \t]*([^\n]*))?$", re.MULTILINE
)
# Where the comment beside a column in a released migration speaks of something else.
_MENDED = {
    ("scored_leads", "exported_lead"): (
        "the exported lead (`lead_outcomes.id`) that it is: what programs say of it becomes a milestone of its company; "
        "missing: a lead called elsewhere; -1: that lead left with the demo"
    ),
}
_ADDS = re.compile(r"^ALTER TABLE (\w+) ADD COLUMN (\w+) ([^;]+);\s*(?:--\s*(.*))?$", re.MULTILINE)


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """written: docs/tables.md when it differed; with --check it still does."""
    options = parser("scripts.render_tables", __doc__ or "")
    options.add_argument("--check", action="store_true", help="write nothing; 1 when the document is stale")
    said = options.parse_args(argv)
    path, text = ROOT / "docs" / "tables.md", tables()
    stale = not path.exists() or path.read_text("utf-8") != text
    if stale and not said.check:
        path.write_text(text, encoding="utf-8")
    told = f"{path.name} {'is stale' if said.check else 'written'}." if stale else "Up to date."
    return {"written": [path.name] if stale else []}, told, PARTLY if said.check and stale else DONE


def tables() -> str:
    """The text of docs/tables.md: a section per table, a row per column: name, type and rule, comment of the migration."""
    told, said = _told()
    with tempfile.TemporaryDirectory() as folder:
        db = connect(f"file:{Path(folder) / 'empty.db'}")
        try:
            found, guards = tables_of(db), [str(row["sql"]) for row in db.rows(FURTHER)]
        finally:
            db.close()
    parts = [_HEAD]
    for table in sorted((table for table in found if table.name in told), key=lambda table: table.name):
        rows = [
            f"| `{name}` | {rule} | {note} |"
            for name in table.columns
            for rule, note in [said[table.name, name]]
        ]
        kept = _kept([sql for sql in guards if re.search(rf"\bON {table.name}\b", sql)])
        about = " ".join(filter(None, [told.get(table.name, ""), kept]))
        parts.append(
            "\n".join(
                [f"## {table.name}\n", f"{about}\n", "| column | is | meaning |", "|---|---|---|", *rows, ""]
            )
        )
    return "\n".join(parts)


def _told() -> tuple[dict[str, str], dict[tuple[str, str], tuple[str, str]]]:
    """What the migrations say of each table, and of each of its columns: (type and rule, comment)."""
    told: dict[str, str] = {}
    said: dict[tuple[str, str], tuple[str, str]] = {}
    for path in sorted((ROOT / "migrations").glob("[0-9]*.sql")):
        text = path.read_text("utf-8")
        for words, table, body in _MAKES.findall(text):
            told[table] = " ".join(line.strip("- ") for line in words.splitlines())
            for column, rule, note in _COLUMN.findall(body):
                said[table, column] = (_cell(rule), _cell(note))
        for table, column, rule, note in _ADDS.findall(text):
            said[table, column] = (_cell(rule), _cell(note))
    for place, note in _MENDED.items():
        said[place] = (said[place][0], _cell(note))
    return told, said


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _kept(guards: Sequence[str]) -> str:
    """What triggers refuse: deleting, changing at all, or changing some columns."""
    refusing = [" ".join(sql.split()) for sql in guards if "RAISE(ABORT" in sql]
    gone = any(" BEFORE DELETE " in sql for sql in refusing)
    fixed = any(" BEFORE UPDATE ON " in sql and " WHEN " not in sql for sql in refusing)
    parts = [found[1] for sql in refusing if (found := re.search(r" BEFORE UPDATE OF (.+?) ON ", sql))]
    if gone and fixed:
        return "**Append-only.**"
    words = ["Rows are never deleted." * gone, f"Never changed: {', '.join(parts)}." if parts else ""]
    return " ".join(f"**{word}**" for word in words if word)


if __name__ == "__main__":
    sys.exit(run(main))
