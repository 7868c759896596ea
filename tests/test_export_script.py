"""The export at a terminal: every choice of the page as an option, and counts that add up."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import signal
from pathlib import Path

import openpyxl
import pytest
from lead_rows import csv_file, lead_row
from racing import ANA, killed

from column_choices import remember_columns, remembered_columns
from errors import InputError, Refused
from lead_columns import lead_kind, read_columns
from named_columns import headers_of
from scripts import export_batch
from stores import batches
from suppression import load_list
from vanillasoft import read_back


@pytest.fixture
def leads(tmp_path, config_dir):
    """A file of four contacts, two of them of one company, one outside the filter, one row unreadable."""
    rows = [
        lead_row(1), lead_row(2, ZoomInfo_Company_ID="350001", Company_Name="Oak Inn 1", Contact_Accuracy_Score="10"),
        lead_row(3), lead_row(4, SIC_Code_1="5812", SIC_Codes="58;5812"), lead_row(5, Company_Name=""),
    ]  # fmt: skip
    path = tmp_path / "leads.csv"
    path.write_bytes(csv_file(rows))
    return path


def export(tmp_path, *files, options=(), out="out.csv"):
    argv = [*map(str, files), "--workflow", "intent", "--as-of", "2026-02-11", "--actor", "Ana Ruiz",
            "--out", str(tmp_path / out), *options]  # fmt: skip
    return export_batch.main(argv)


def test_without_further_options_the_result_is_as_it_was(tmp_path, leads):
    result, text, code = export(tmp_path, leads)
    assert code == 0
    assert list(result) == [
        "batch_id", "rows_in", "exported", "duplicates", "suppressed", "excluded", "rejected", "sha256",
    ]  # fmt: skip
    assert [result[name] for name in list(result)[1:7]] == [5, 3, 0, 0, 1, 1]
    assert "5 rows in: 3 exported" in text


def test_every_choice_of_the_page_is_an_option(tmp_path, leads, db):
    result, _, _ = export(
        tmp_path, leads,
        options=["--contacts-per-company", "1", "--min-score", "50", "--max-rows", "9", "--within-days", "30",
                 "--agent", "a@example.com", "--agent", "b@example.com", "--explore", "5", "--seed", "4",
                 "--xlsx", str(tmp_path / "look.xlsx"), "--rejects", str(tmp_path / "rejects.csv")],
    )  # fmt: skip
    assert (result["exported"], result["excluded"], result["rejected"]) == (2, 2, 1)
    rows = read_back((tmp_path / "out.csv").read_bytes())
    assert rows["Contact Owner"].tolist() == ["a@example.com", "b@example.com"]
    kept = json.loads(batches.read_batch(db, batch_id=result["batch_id"])["parameters"])
    assert (kept["contacts_per_company"], kept["max_rows"], kept["exported_within_days"]) == (1, 9, 30)
    book = openpyxl.load_workbook(tmp_path / "look.xlsx").active
    assert [cell.value or "" for cell in book[2]] == rows.iloc[0].tolist()
    rejects = list(csv.DictReader(io.StringIO((tmp_path / "rejects.csv").read_text())))
    assert [(row["Row number"], row["Kind"]) for row in rejects] == [
        ("3", "excluded"), ("5", "excluded"), ("6", "rejected"),
    ]  # fmt: skip
    assert rejects[0]["Reason"] == "The best contact of this company goes out: row 2 of this file."


def test_the_exploration_slice_is_stored_with_its_probability(tmp_path, config_dir, db):
    rows = [lead_row(n) for n in range(1, 21)]
    rows += [lead_row(n, SIC_Code_1="5812", SIC_Codes="58;5812") for n in range(101, 105)]
    (tmp_path / "many.csv").write_bytes(csv_file(rows))
    result, text, _ = export(tmp_path, tmp_path / "many.csv", options=["--explore", "5", "--seed", "4"])
    assert (result["rows_in"], result["exported"], result["excluded"]) == (24, 21, 3)
    assert "1 of the exported leads were drawn by chance from 4 left out." in text
    drawn = db.rows("SELECT * FROM lead_outcomes WHERE inclusion_probability IS NOT NULL")
    assert [(row["inclusion_probability"], row["left_out_because"]) for row in drawn] == [
        (0.25, "The SIC code is not in the filter.")
    ]
    kept = json.loads(batches.read_batch(db, batch_id=result["batch_id"])["parameters"])
    assert kept["exploration"] == {"seed": 4, "explorable": 4, "explored": 1}
    assert kept["exploration_percent"] == 5


def test_several_files_are_one_batch_and_every_row_names_its_file(tmp_path, leads, db):
    (tmp_path / "more.csv").write_bytes(csv_file([lead_row(3), lead_row(9)]))
    result, _, _ = export(tmp_path, leads, tmp_path / "more.csv")
    assert (result["rows_in"], result["exported"], result["duplicates"]) == (7, 4, 1)
    misses = batches.read_misses(db, batch_id=result["batch_id"])
    assert dict(zip(misses["row_number"], misses["reason"], strict=True))[2_000_002] == (
        "The same contact is already in row 1000004 of this file."
    )
    assert batches.read_batch(db, batch_id=result["batch_id"])["source_file"] == "leads.csv + more.csv"


def test_the_same_file_twice_is_refused(tmp_path, leads):
    (tmp_path / "copy.csv").write_bytes(leads.read_bytes())
    with pytest.raises(InputError, match=r"copy\.csv has the same content as leads\.csv"):
        export(tmp_path, leads, tmp_path / "copy.csv")


def test_a_strange_header_is_named_once_and_remembered(tmp_path, config_dir, db, now):
    content = csv_file([lead_row(1)]).replace(b"Company Name", b"Firma").replace(b"SIC Code 1", b"Branch")
    (tmp_path / "own.csv").write_bytes(content)
    with pytest.raises(InputError, match="no column for company name"):
        export(tmp_path, tmp_path / "own.csv")
    options = ["--map", "company_name=Firma", "--map", "sic_code=Branch"]
    assert export(tmp_path, tmp_path / "own.csv", options=options)[0]["exported"] == 1
    kind = lead_kind(read_columns(config_dir))
    headers = headers_of(content, "own.csv", kind)
    remember_columns(db, kind=kind, headers=headers, mapping={"company_name": "Firma"}, now=now, actor=ANA)
    assert remembered_columns(db, kind=kind, headers=[*reversed(headers)]) == {"company_name": "Firma"}
    assert remembered_columns(db, kind=kind, headers=["Firma"]) == {}
    again = export(tmp_path, tmp_path / "own.csv", options=["--within-days", "0"], out="again.csv")
    assert again[0]["exported"] == 1
    remember_columns(db, kind=kind, headers=headers, mapping={}, now=now, actor=ANA)
    assert remembered_columns(db, kind=kind, headers=headers) == {}
    with pytest.raises(InputError, match="does not have"):
        remember_columns(
            db, kind=kind, headers=headers, mapping={"company_name": "Nowhere"}, now=now, actor=ANA
        )


def test_a_stale_list_is_refused_until_it_is_accepted(tmp_path, leads, db, now, config_dir):
    from datetime import date

    load_list(
        db, content=b"Company Name\nOak Inn 3\n", file_name="l.csv", kind="company", name="Registry",
        scrubbed_on=date(2026, 1, 1), columns=read_columns(config_dir), today=date(2026, 2, 11), now=now, actor=ANA,
    )  # fmt: skip
    with pytest.raises(Refused, match="Registry was scrubbed 41 days ago"):
        export(tmp_path, leads)
    result, _, _ = export(tmp_path, leads, options=["--accept-stale"])
    assert (result["exported"], result["suppressed"]) == (2, 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--explore", "6"], "from 0 to 5"),
        (["--contacts-per-company", "0"], "from 1 to"),
        (["--map", "company_name"], "expected FIELD=HEADER"),
        (["--map", "colour=Firma"], "'colour' is no field"),
    ],
)
def test_an_option_out_of_range_is_a_sentence(tmp_path, leads, options, sentence):
    with pytest.raises(InputError, match=sentence):
        export(tmp_path, leads, options=options)
    assert not Path(tmp_path / "out.csv").exists()


def die_before_writing(settings, argv):
    """Nothing; the script's process kills itself when the batch is recorded and no byte of the file written.

    `settings` is the environment of this test: the process is forked from one that began with another.
    """
    os.environ.update(settings)
    export_batch._write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    export_batch.main(argv)


def test_killed_between_record_and_download_the_batch_is_in_the_ledger_and_downloads(tmp_path, leads, db):
    argv = [str(leads), "--workflow", "intent", "--as-of", "2026-02-11", "--actor", "Ana Ruiz", "--out",
            str(tmp_path / "out.csv")]  # fmt: skip
    settings = {name: value for name, value in os.environ.items() if name.startswith("HADES_")}
    assert killed(die_before_writing, settings, argv) == -9
    assert not (tmp_path / "out.csv").exists()
    batch = batches.read_batches(db).iloc[0]
    content = batches.read_batch_csv(db, batch_id=batch["batch_id"])
    assert hashlib.sha256(content).hexdigest() == batch["sha256"]
    assert len(read_back(content)) == batch["exported"] == 3


def test_two_outputs_under_one_name_are_refused(tmp_path, leads):
    with pytest.raises(InputError, match="different files"):
        export(tmp_path, leads, options=["--rejects", str(tmp_path / "out.csv")])
