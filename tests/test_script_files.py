"""Files that are none: each script says so in a sentence and leaves nothing behind."""

from __future__ import annotations

import pytest
from lead_rows import csv_file, lead_row
from script_words import export, refused

import scripts.export_batch
import scripts.import_historical
import scripts.import_outcomes


def bad_file(kind, path):
    """Writes a file that cannot be used, and says which words its sentence must have."""
    good = csv_file([lead_row(1)])
    match kind:
        case "missing":
            return "cannot be read: No such file"
        case "folder":
            path.mkdir()
            return "cannot be read: Is a directory"
        case "empty":
            path.write_bytes(b"")
            return "is empty"
        case "binary":
            path.write_bytes(bytes(range(256)) * 100)
            return "not text"
        case "picture":
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
            return "a picture"
        case "missing column":
            path.write_bytes(b"Name,Phone\r\nOak,1\r\n")
            return "no column for company name"
        case "headers twice":
            path.write_bytes(good.replace(b"First Name", b"Last Name"))
            return "more than once"
        case "wrong encoding":
            path.write_bytes(good[3:].replace(b"Manager", b"Manag\x81r"))
            return "UTF-8"
        case "header only":
            path.write_bytes(csv_file([]))
            return "no leads"
        case "too many rows":
            path.write_bytes(b"Company Name\r\n" + b"Oak Inn\r\n" * 200_001)
            return "200,000 rows"
        case "too large":
            with path.open("wb") as file:
                file.truncate(50 * 1024 * 1024 + 1)
            return "50 MB"
    raise AssertionError(kind)


KINDS = ["missing", "folder", "empty", "binary", "picture", "missing column", "headers twice", "wrong encoding",
         "header only", "too many rows", "too large"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_no_list_of_leads_is_a_sentence_and_leaves_nothing(
    kind, said, config_dir, tmp_path, db
):
    path = tmp_path / "leads.csv"
    words = bad_file(kind, path)
    found, message = refused(said, scripts.export_batch, *export(path, tmp_path / "out.csv"))
    assert found == "InputError"
    assert words in message
    assert "leads.csv" in message
    kept = db.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('meta', 'schema_migrations')"
    )
    for table_name in [row["name"] for row in kept]:
        assert db.rows(f"SELECT count(*) AS n FROM {table_name}") == [{"n": 0}], table_name
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "binary", "missing column", "too large"])
@pytest.mark.parametrize("module", [scripts.import_historical, scripts.import_outcomes])
def test_a_file_that_is_no_list_of_outcomes_is_a_sentence_and_leaves_nothing(
    kind, module, said, config_dir, tmp_path, db
):
    path = tmp_path / "outcomes.csv"
    words = bad_file(kind, path)
    arguments = ["--csv", path] if module is scripts.import_historical else [path]
    found, message = refused(said, module, *arguments)
    assert found == "InputError"
    assert words in message or "has no column for" in message
    for name in ("historical_outcomes", "outcome_milestones", "unmatched_outcomes", "sync_runs", "audit"):
        assert db.rows(f"SELECT count(*) AS n FROM {name}") == [{"n": 0}]
