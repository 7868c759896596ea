"""Files of leads to be scored: their own headers or ZoomInfo's, every row a lead or a reason; and the weekly script."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lead_rows import csv_file, lead_row

import turso_db
from errors import InputError
from lead_batch import LeadBatch, read_lead_batch
from lead_columns import read_columns, read_industries
from lead_schema import read_api_rules
from scripts import score_week
from scripts.command import run
from stores import feedback as store

CONFIG = Path(__file__).resolve().parents[1] / "config"
WEB = b"lead_id,age,location,lead_source,notes\nW-1,35,Texas,Webinar,call pat\nW-2,old,Ohio,Organic,\nW-3,,,,\n,41,Iowa,,\n"


def read(content: bytes, name: str = "leads.csv") -> LeadBatch:
    return read_lead_batch(
        content, name, read_api_rules(CONFIG), columns=read_columns(CONFIG), industries=read_industries(CONFIG),
        today=date(2026, 2, 11),
    )  # fmt: skip


def test_a_file_with_declared_fields_is_read_by_its_headers() -> None:
    batch = read(WEB)
    assert batch.rows_in == 4 == len(batch.leads) + len(batch.rejected)
    (first, lead), (last, unnamed) = batch.leads
    assert (first, lead.lead_id, lead.kind, lead.features) == (
        2, "W-1", "web", {"age": 35, "location": "Texas", "lead_source": "Webinar"},
    )  # fmt: skip
    assert (last, unnamed.features) == (5, {"age": 41, "location": "Iowa"})
    assert unnamed.lead_id == read(WEB).leads[1][1].lead_id  # the same row is the same lead again
    assert [row for row, _ in batch.rejected] == [3, 4]
    assert "age was expected" in batch.rejected[0][1]
    assert "at least one field" in batch.rejected[1][1]


def test_what_people_write_is_understood_as_on_the_pages() -> None:
    batch = read(
        b'sic_code,employee_count,state,zip_code,distance_miles\n8361-02,"1,200+",Texas,752011234,5.0 miles\n'
    )
    assert batch.rejected == []
    assert batch.leads[0][1].features == {
        "sic_code": "8361", "employee_count": 1200, "state": "TX", "zip_code": "75201", "distance_miles": 5.0,
    }  # fmt: skip


def test_a_file_of_zoominfo_becomes_hades_leads() -> None:
    batch = read(csv_file([lead_row(1), lead_row(2, Company_Name="")]))
    ((number, lead),) = batch.leads
    assert (number, lead.kind) == (2, "hades")
    assert lead.features == {
        "sic_code": "7011", "employee_count": 120, "state": "TX", "zip_code": "75201", "signal_strength": "High",
        "intent_score": 95.0, "age_days": 2, "accuracy": 95.0,
    }  # fmt: skip
    assert str(lead.lead_id).startswith("row-")
    assert "Doe" not in str(lead)
    assert [row for row, _ in batch.rejected] == [3]


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(InputError):
        read(b"%PDF-1.7")
    with pytest.raises(InputError):
        read(b"a,b\n1,2\n")


def scored(folder: Path, *more: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert run(score_week.main, [str(folder), "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_folder_is_scored_and_a_second_run_changes_no_first_score(
    config_dir: Path, db: turso_db.Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "week"
    folder.mkdir()
    (folder / "web.csv").write_bytes(WEB)
    (folder / "zoominfo.csv").write_bytes(csv_file([lead_row(1), lead_row(2, Company_Name="")]))
    (folder / "readme.txt").write_text("no leads")
    done = scored(folder, "--as-of", "2026-02-11", capsys=capsys)
    assert (done["rows_in"], done["scored"], done["rejected"]) == (6, 3, 3)
    assert Path(done["out"]).name == "2026-W07.csv"
    with open(done["out"], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert [(row["row"], row["risk_category"], row["model_version"]) for row in rows if row["file"] == "zoominfo.csv"] == [
        ("2", "Medium", "prior"), ("3", "", ""),
    ]  # fmt: skip
    assert all(bool(row["problem"]) != bool(row["conversion_score"]) for row in rows)
    first = store.read_lead(db, lead_id="W-1") or {}
    scored(folder, "--as-of", "2026-02-18", capsys=capsys)
    again = store.read_lead(db, lead_id="W-1") or {}
    assert (again["first_scored_at"], again["first_features"]) == (
        first["first_scored_at"],
        first["first_features"],
    )
    assert store.count_all(db)["total_leads_scored"] == 3
    assert (first["first_scored_by"], again["times_scored"]) == ("weekly batch", 2)


def test_an_empty_folder_and_a_file_over_itself_are_refused(
    config_dir: Path, db: turso_db.Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(score_week.main, [str(tmp_path / "config")]) == 2
    assert "holds none" in capsys.readouterr().err
    path = tmp_path / "web.csv"
    path.write_bytes(WEB)
    assert run(score_week.main, [str(path), "--out", str(path)]) == 2
    assert path.read_bytes() == WEB
