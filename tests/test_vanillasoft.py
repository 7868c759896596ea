"""The file that the dialler takes: every rule of its 31 columns."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lead_rows import TODAY, lead_file, lead_row, scored_leads

from icp import read_icp
from vanillasoft import (
    callable_numbers,
    csv_bytes,
    dialled_number,
    read_back,
    vanillasoft_frame,
)
from vanillasoft_layout import read_layout

COLUMNS = read_layout(Path(__file__).resolve().parents[1] / "config").names
BATCH = "HADES-20260211-001"
OPERATOR = {
    "business_name": "Lone Star Vending", "name": "Kim Lee", "phone": "214.555.0199",
    "email": "kim@example.com", "zip_code": "02139", "website": "lonestar.example.com", "team": "South",
}  # fmt: skip


def exported(
    config_dir, *rows, workflow="intent", operator=None, agents=("a@example.com",), scored=None, **options
):
    """The 31 columns of these ZoomInfo rows, in the order given."""
    file = lead_file(rows, config_dir)
    leads = scored_leads(file, read_icp(config_dir), workflow=workflow, **options)
    return vanillasoft_frame(
        leads.assign(**(scored or {})), batch=BATCH, workflow=workflow, today=TODAY, agents=agents,
        operator=operator, center_zip=options.get("center_zip"), radius_miles=options.get("radius_miles",
        25.0),
    )  # fmt: skip


def test_the_31_columns_have_the_dialler_s_spelling_and_order(config_dir):
    header = (
        "List Source,Last Name,First Name,Title,Home,Email,Mobile,Company,Web site,Business,"
        "Number of Employees,Primary SIC,Primary Line of Business,Address,City,State,ZIP code,Square Footage,"
        "Contact Owner,Lead Source,Vending Business Name,Operator Name,Operator Phone #,"
        "Operator Email Address,Operator Zip Code,Operator Website Address,Best Appts Time,"
        "Unavailable for appointments,Team,Call Priority,Import Notes"
    )
    assert ",".join(COLUMNS) == header
    assert len(COLUMNS) == 31
    written = csv_bytes(exported(config_dir, lead_row()))
    assert written.split(b"\r\n")[0] == header.encode()


def test_one_lead_cell_by_cell(config_dir):
    # 0.50 x 100 (High: 95 >= 90) + 0.25 x 100 (7011) + 0.25 x 100 (2 days: Hot) = 100.
    row = exported(config_dir, lead_row(7), operator=OPERATOR).iloc[0].to_dict()
    assert row == {
        "List Source": "ZoomInfo Feb 11 2026", "Last Name": "Doe7", "First Name": "Pat", "Title": "Manager",
        "Home": "(972) 555-0007", "Email": "pat7@example.com", "Mobile": "(469) 555-0007",
        "Company": "Oak Inn 7", "Web site": "www.oak7.example.com", "Business": "(214) 555-0007",
        "Number of Employees": "120", "Primary SIC": "7011", "Primary Line of Business": "Hotels & Motels",
        "Address": "7 Elm Street", "City": "Dallas", "State": "TX", "ZIP code": "75201", "Square Footage": "",
        "Contact Owner": "a@example.com", "Lead Source": "ZoomInfo Intent - Vending - 95 - 2d",
        "Vending Business Name": "Lone Star Vending", "Operator Name": "Kim Lee",
        "Operator Phone #": "(214) 555-0199", "Operator Email Address": "kim@example.com",
        "Operator Zip Code": "02139", "Operator Website Address": "lonestar.example.com",
        "Best Appts Time": "", "Unavailable for appointments": "", "Team": "South", "Call Priority": "High",
        "Import Notes": f"Batch: {BATCH} | Score: 100 | Age: 2d | Freshness: Hot | Signal: High",
    }  # fmt: skip


def test_geography_says_centre_and_radius_and_distance(config_dir):
    row = exported(config_dir, lead_row(), workflow="geography", center_zip="75201", radius_miles=12.5).iloc[
        0
    ]
    assert row["Lead Source"] == "ZoomInfo Geo - 75201 - 12.5mi"
    assert "Distance: 0.0mi" in row["Import Notes"]
    assert (
        exported(config_dir, lead_row(), workflow="geography", center_zip="75201")
        .iloc[0]["Lead Source"]
        .endswith("25mi")
    )


def test_without_an_operator_its_columns_are_empty(config_dir):
    row = exported(config_dir, lead_row()).iloc[0]
    assert [row[name] for name in [*COLUMNS[20:26], "Team"]] == [""] * 7
    assert (
        exported(config_dir, lead_row(), operator={"name": "Kim", "phone": "555"}).iloc[0]["Operator Phone #"]
        == ""
    )


@pytest.mark.parametrize(
    ("direct", "headquarters", "business"),
    [
        ("(214) 555-0001", "(972) 555-0001", "(214) 555-0001"),
        ("", "(972) 555-0001", "(972) 555-0001"),
        ("555-0001", "(972) 555-0001", "(972) 555-0001"),  # not ten digits: empty, and reported by the reader
        ("", "", ""),
    ],
)
def test_business_is_the_direct_phone_and_only_if_empty_the_company_s(
    direct, headquarters, business, config_dir
):
    row = exported(config_dir, lead_row(Direct_Phone_Number=direct, Company_HQ_Phone=headquarters)).iloc[0]
    assert row["Business"] == business
    assert row["Home"] == (headquarters or "")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2145550001", "(214) 555-0001"),
        ("+1 214-555-0001", "(214) 555-0001"),
        ("1 (214) 555.0001 ext. 12", "(214) 555-0001"),
        ("214 555 0001 x9", "(214) 555-0001"),
        ("0044 20 7946 0000", ""),
        ("555-0001", ""),
        ("unknown", ""),
    ],
)
def test_phones_have_one_form_and_anything_else_is_empty_and_reported(written, shown, config_dir):
    row = lead_row(Mobile_phone=written)
    assert exported(config_dir, row).iloc[0]["Mobile"] == shown
    problems = lead_file([row], config_dir).problems
    reported = problems["column"].eq("Mobile phone").any()
    assert reported == (shown == "" and written != "unknown")


def test_a_number_marked_do_not_call_stands_in_no_column(config_dir):
    rows = exported(
        config_dir,
        lead_row(1, Direct_Phone_Do_Not_Call="Yes"),
        lead_row(2, Mobile_Phone_Do_Not_Call="true"),
        # The company's line and the mobile are the flagged direct number under other names.
        lead_row(
            3, Direct_Phone_Do_Not_Call="Y", Company_HQ_Phone="+1 (214) 555-0003", Mobile_phone="2145550003"
        ),
    )
    assert rows[["Business", "Home", "Mobile"]].to_numpy().tolist() == [
        ["(972) 555-0001", "(972) 555-0001", "(469) 555-0001"],
        ["(214) 555-0002", "(972) 555-0002", ""],
        ["", "", ""],
    ]


def test_the_dialled_number_is_the_duplicate_key(config_dir):
    rows = [
        lead_row(1),
        lead_row(2, Direct_Phone_Number=""),
        lead_row(3, Direct_Phone_Number="", Company_HQ_Phone=""),
        lead_row(4, Direct_Phone_Number="", Company_HQ_Phone="", Mobile_Phone_Do_Not_Call="yes"),
    ]
    leads = lead_file(rows, config_dir).leads
    found = dialled_number(leads)
    assert found[:3].tolist() == ["2145550001", "9725550002", "4695550003"]
    assert pd.isna(found[3])
    assert callable_numbers(leads).columns.tolist() == ["direct_phone", "mobile_phone", "company_phone"]


@pytest.mark.parametrize(
    "agents", [("a@example.com",), ("a@example.com", "b@example.com", "c@example.com"), ()]
)
def test_contact_owner_goes_round_the_agents_row_by_row(agents, config_dir):
    owners = exported(config_dir, *map(lead_row, range(1, 8)), agents=agents)["Contact Owner"].tolist()
    assert owners == [agents[place % len(agents)] if agents else "" for place in range(7)]


@pytest.mark.parametrize(
    ("score", "priority"),
    [
        (100, "High"),
        (80, "High"),
        (79, "Medium"),
        (60, "Medium"),
        (59, "Low"),
        (40, "Low"),
        (39, "Very Low"),
        (0, "Very Low"),
    ],
)
def test_call_priority_at_its_limits(score, priority, config_dir):
    from scoring import _priorities

    found = _priorities(
        pd.Series([float(score)]).to_numpy(), pd.Series([False]).to_numpy(), read_icp(config_dir)
    )
    assert list(found) == [priority]


@pytest.mark.parametrize("written", ["02139", "2139", "02139-1234", "021391234"])
def test_a_zip_keeps_its_leading_zero_in_the_file(written, config_dir):
    rows = exported(config_dir, lead_row(Company_Zip_Code=written))
    assert rows.iloc[0]["ZIP code"] == "02139"
    assert b",02139," in csv_bytes(rows)


def test_notes_leave_out_what_has_no_value(config_dir):
    missing = {"freshness": pd.NA, "signal_strength": pd.NA}
    rows = exported(
        config_dir,
        lead_row(1),
        lead_row(2),
        scored=missing | {"age_days": pd.array([pd.NA, 0], dtype="Int64")},
    )
    assert rows["Import Notes"].tolist() == [
        f"Batch: {BATCH} | Score: 100",
        f"Batch: {BATCH} | Score: 100 | Age: 0d",
    ]


def test_lead_source_leaves_out_what_has_no_value(config_dir):
    rows = exported(
        config_dir,
        lead_row(1, Intent_Topic=""),
        lead_row(2, Intent_Signal_Score="77.5"),
        scored={"age_days": pd.array([2, pd.NA], dtype="Int64")},
    )
    assert rows["Lead Source"].tolist() == ["ZoomInfo Intent - 95 - 2d", "ZoomInfo Intent - Vending - 77.5"]


def test_a_signal_without_a_number_is_named_by_its_word(config_dir):
    leads = scored_leads(lead_file([lead_row(1), lead_row(2)], config_dir), read_icp(config_dir))
    leads["intent_score"] = pd.array([float("nan")] * 2, dtype="float64")
    rows = vanillasoft_frame(leads, batch=BATCH, workflow="intent", today=TODAY, agents=[])
    assert rows["Lead Source"].tolist() == ["ZoomInfo Intent - Vending - High - 2d"] * 2


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_cell_that_a_spreadsheet_would_run_is_text(start, config_dir):
    row = exported(config_dir, lead_row(Company_Name=f"{start}SUM(A1:A9)|calc")).iloc[0]
    assert row["Company"] == f"'{start}SUM(A1:A9)|calc"


@pytest.mark.parametrize("start", ["\t", "\r", "\n"])
def test_an_operator_s_cell_that_begins_with_a_break_is_text(start, config_dir):
    rows = exported(config_dir, lead_row(), operator={"name": f"{start}=1+1"})
    assert rows.iloc[0]["Operator Name"] == f"'{start}=1+1"
    assert read_back(csv_bytes(rows)).equals(rows)


def test_no_cell_of_any_column_begins_like_a_formula(config_dir):
    names = (
        "Last_Name", "First_Name", "Job_Title", "Website", "Company_City", "Company_Street_Address",
        "Primary_Industry", "Intent_Topic", "Company_Name",
    )  # fmt: skip
    row = lead_row(**dict.fromkeys(names, "=1+1"))
    cells = exported(config_dir, row, operator=dict.fromkeys(OPERATOR, "@x"), agents=["+a"]).iloc[0].tolist()
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell)]
    assert cells.count("'=1+1") == 8  # the topic stands within the lead source
    assert cells.count("'@x") == 6  # the phone is none and stays empty


def test_no_lead_gives_the_columns_alone(config_dir):
    leads = scored_leads(lead_file([lead_row()], config_dir), read_icp(config_dir)).iloc[:0]
    for workflow in ("intent", "geography"):
        rows = vanillasoft_frame(
            leads, batch=BATCH, workflow=workflow, today=TODAY, agents=["a"], operator=OPERATOR
        )
        assert rows.shape == (0, 31)
        assert csv_bytes(rows) == (",".join(COLUMNS) + "\r\n").encode()


cell_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.lists(cell_text, min_size=31, max_size=31), max_size=4))
def test_what_is_written_reads_back_as_it_was(cells):
    rows = pd.DataFrame(cells, columns=list(COLUMNS), dtype="object")
    content = csv_bytes(rows)
    assert read_back(content).to_numpy().tolist() == cells
    plain = io.StringIO(newline="")
    csv.writer(plain).writerows([COLUMNS, *cells])  # the standard library writes the same bytes
    assert content == plain.getvalue().encode()
    # RFC 4180: every record ends with CR LF, a cell with a break, comma or quotation mark stands in quotes.
    assert content.endswith(b"\r\n")
    strict = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    assert list(strict) == [list(COLUMNS), *cells]


@given(st.lists(cell_text, max_size=5))
def test_a_single_column_reads_back_with_its_empty_cells(cells):
    content = csv_bytes(pd.DataFrame({"Notes": cells}, dtype="object"))
    plain = io.StringIO(newline="")
    csv.writer(plain).writerows([["Notes"], *([cell] for cell in cells)])
    assert content == plain.getvalue().encode()
    assert read_back(content)["Notes"].tolist() == cells


def test_a_long_cell_reads_back(config_dir):
    rows = exported(config_dir, lead_row(), operator={"website": "x" * 200_000})
    assert read_back(csv_bytes(rows)).equals(rows)
