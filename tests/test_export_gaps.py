"""What an export lacks is told before it goes out: distances nobody knows, agents, a ZIP code to measure from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from lead_rows import csv_file, lead_row
from page_words import opened, said

import turso_db
from errors import InputError
from scripts import export_batch
from stores import batches
from vanillasoft import read_back

UNTESTED = "2 without a ZIP code and 1 with a ZIP code that is not known here"
SCORE = "pages/1_Score_and_Export.py"
# Dallas twice; twice nowhere, once under a ZIP code nobody has; New York; two too small; one of another trade.
ROWS = [
    lead_row(1), lead_row(2), lead_row(3, Company_Zip_Code=""), lead_row(4, Company_Zip_Code=""),
    lead_row(5, Company_Zip_Code="99998"), lead_row(6, Company_Zip_Code="10001"), lead_row(7, Employees="9"),
    lead_row(8, Employees="9"), lead_row(9, SIC_Code_1="5812", SIC_Codes="58;5812"),
]  # fmt: skip


def page(center: str | None = "75201") -> Any:
    app = opened(SCORE)
    if center:
        app.text_input(key="center").set_value(center)
    app.file_uploader(key="leads_file").upload("leads.csv", csv_file(ROWS), "text/csv")
    return app.run()


def test_leads_of_unknown_distance_are_told_and_may_be_left_out(places: Path) -> None:
    app = page()
    assert not app.exception
    assert "5 of 9 leads are ready" in said(app)
    assert f"{UNTESTED}: distance unknown" in said(app)
    app.checkbox(key="known_distance").check().run()
    assert "2 of 9 leads are ready" in said(app)
    assert "9 in − 7 filtered out = 2 ready" in said(app)
    assert "distance unknown" not in said(app)
    app.button(key="export_button").click().run()
    assert not app.error, said(app)
    db = turso_db.connect(None, None, places / "data")
    batch = batches.read_batches(db).iloc[0]
    misses = batches.read_misses(db, batch_id=batch["batch_id"])
    db.close()
    assert (batch["rows_in"], batch["exported"], batch["excluded"]) == (9, 2, 7)
    assert misses["reason"].str.startswith("The distance is unknown").sum() == 3
    assert json.loads(batch["parameters"])["known_distance_only"] is True
    assert app.button(key="export_button").label == "Nothing left to export"


def test_a_file_of_known_distances_asks_nothing(places: Path) -> None:
    app = opened(SCORE)
    app.text_input(key="center").set_value("75201")
    app.file_uploader(key="leads_file").upload("leads.csv", csv_file(ROWS[:2]), "text/csv")
    app.run()
    assert "2 of 2 leads are ready" in said(app)
    assert "known_distance" not in [box.key for box in app.checkbox]


def test_above_the_rows_stands_how_many_for_each_reason(places: Path) -> None:
    app = page()
    app.session_state["opened"] = "filtered"
    app.run()
    tally = next(text.value for text in app.markdown if "**2** Fewer than 50" in text.value)
    assert [line.split("**")[1] for line in tally.splitlines()] == ["2", "1", "1"]


def test_without_a_place_to_measure_from_the_page_asks_calmly(places: Path) -> None:
    app = page(center=None)
    assert not app.error
    assert "9 rows are read" in said(app)
    assert "Type the ZIP code to measure from" in said(app)
    assert "export_button" not in [button.key for button in app.button]
    app.text_input(key="center").set_value("75201").run()
    assert "5 of 9 leads are ready" in said(app)


def test_nobody_invented_is_named_unseen(places: Path) -> None:
    assert "Contact Owner stays empty" in said(page())
    path = places / "config" / "icp.yaml"
    path.write_text(path.read_text("utf-8").replace("  agents: []", "  agents: [kim@example.com]"), "utf-8")
    st.cache_data.clear()
    app = page()
    assert any("Contact Owner will name kim@example.com" in box.value for box in app.warning), said(app)


def export(tmp_path: Path, *options: str, workflow: str = "geography") -> tuple[dict[str, Any], str, int]:
    (tmp_path / "leads.csv").write_bytes(csv_file(ROWS))
    return export_batch.main(
        [str(tmp_path / "leads.csv"), "--workflow", workflow, "--as-of", "2026-02-11", "--actor", "Ana Ruiz",
         "--out", str(tmp_path / "out.csv"), *options]
    )  # fmt: skip


def test_the_terminal_tells_the_same(tmp_path: Path, config_dir: Path) -> None:
    result, text, _ = export(tmp_path, "--center-zip", "75201")
    assert result["exported"] == 5
    assert text.splitlines()[1:] == [
        "9 rows in: 5 exported, 4 filtered out",
        "  filtered out: 2  Fewer than 50 employees.",
        "  filtered out: 1  Outside the radius of 25 miles.",
        "  filtered out: 1  The SIC code is not in the filter.",
        f"Of the exported, {UNTESTED}: distance unknown, so the radius did not test them. --known-distance leaves them out.",
        "No operator is named, so the operator's name, phone and e-mail stay empty (--operator).",
        "No agents are named, so Contact Owner stays empty (--agent).",
    ]
    assert set(read_back((tmp_path / "out.csv").read_bytes())["Contact Owner"]) == {""}
    again, text, _ = export(tmp_path, "--center-zip", "75201")
    assert (again["exported"], again["duplicates"]) == (0, 5)
    assert "9 rows in: 0 exported, 4 filtered out, 5 exported before" in text


def test_the_terminal_leaves_them_out_too(tmp_path: Path, config_dir: Path) -> None:
    result, text, _ = export(
        tmp_path, "--center-zip", "75201", "--known-distance", "--agent", "a@example.com"
    )
    assert (result["exported"], result["excluded"]) == (2, 7)
    assert "  filtered out: 3  The distance is unknown, and only leads of known distance go out." in text
    assert "did not test them" not in text
    assert "Contact Owner names a@example.com, whom nobody can reach" in text


def test_the_choice_goes_with_distances_alone(tmp_path: Path, config_dir: Path) -> None:
    with pytest.raises(InputError, match="goes with --workflow geography alone"):
        export(tmp_path, "--known-distance", workflow="intent")
