"""The workbook for looking at an export: text cells alone."""

from __future__ import annotations

import io

import openpyxl
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_rows import TODAY, lead_file, lead_row, scored_leads

from icp import read_icp
from vanillasoft import csv_bytes, vanillasoft_frame
from vanillasoft_layout import read_layout
from vanillasoft_workbook import workbook_bytes


def cells_of(content):
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [list(row) for row in sheet.iter_rows()], sheet


def test_zips_phones_and_formulas_are_text(config_dir):
    row = lead_row(1, Company_Zip_Code="02139", Company_Name="=1+1", Last_Name="007")
    leads = scored_leads(lead_file([row], config_dir), read_icp(config_dir))
    rows = vanillasoft_frame(leads, batch="HADES-20260211-001", workflow="intent", today=TODAY, agents=["a"])
    found, sheet = cells_of(workbook_bytes(csv_bytes(rows), read_layout(config_dir)))
    assert [cell.value for cell in found[0]] == list(rows.columns)
    values = {head.value: cell for head, cell in zip(*found, strict=True)}
    assert values["ZIP code"].value == "02139"
    assert values["Last Name"].value == "007"
    assert values["Company"].value == "'=1+1"
    assert {cell.data_type for cell in found[1] if cell.value is not None} == {"s"}
    assert {cell.number_format for cell in found[1] if cell.value is not None} == {"@"}
    assert sheet.column_dimensions["AE"].width == 60  # Import Notes
    assert sheet.freeze_panes == "A2"


@settings(max_examples=25)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=20),
        min_size=3,
        max_size=3,
    )
)
def test_the_workbook_holds_the_cells_of_the_csv(cells):
    content = csv_bytes(pd.DataFrame([cells], columns=["A", "B", "C"], dtype="object"))
    found, _ = cells_of(workbook_bytes(content))
    assert [cell.value or "" for cell in found[1]] == cells


def test_what_a_workbook_cannot_hold_is_left_out():
    content = csv_bytes(pd.DataFrame([["a\x00b\x0bc", "=cmd"]], columns=["A", "B"], dtype="object"))
    found, _ = cells_of(workbook_bytes(content))
    assert [cell.value for cell in found[1]] == ["abc", "=cmd"]
    assert found[1][1].data_type == "s"
