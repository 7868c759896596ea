"""The layout of the dialler's file: the shipped one is the 31 columns, any other is checked at load."""

from __future__ import annotations

from pathlib import Path

import pytest
from lead_rows import TODAY, lead_file, lead_row, scored_leads

from errors import ConfigError
from icp import read_icp
from vanillasoft import vanillasoft_frame
from vanillasoft_layout import parse_layout, read_layout

CONFIG = Path(__file__).resolve().parents[1] / "config"
NOTES = "  - {name: Notes, fill: notes}\n"


def test_the_shipped_layout_is_the_31_columns_in_the_dialler_s_spelling():
    assert ", ".join(read_layout(CONFIG).names) == (
        "List Source, Last Name, First Name, Title, Home, Email, Mobile, Company, Web site, Business, "
        "Number of Employees, Primary SIC, Primary Line of Business, Address, City, State, ZIP code, Square Footage, "
        "Contact Owner, Lead Source, Vending Business Name, Operator Name, Operator Phone #, Operator Email Address, "
        "Operator Zip Code, Operator Website Address, Best Appts Time, Unavailable for appointments, Team, "
        "Call Priority, Import Notes"
    )


def test_a_folder_without_a_layout_takes_the_shipped_one(tmp_path):
    assert read_layout(tmp_path) == read_layout(CONFIG)


def test_a_saved_change_counts_at_once_and_fills_the_file(config_dir):
    (config_dir / "vanillasoft.yaml").write_text(
        "columns:\n  - {name: Firma, lead: company_name}\n  - {name: Team, operator: team}\n"
        '  - {name: Kind, text: "=fixed"}\n  - {name: Empty}\n  - {name: Points, lead: score}\n' + NOTES
    )
    leads = scored_leads(lead_file([lead_row(1)], CONFIG), read_icp(CONFIG))
    rows = vanillasoft_frame(leads, batch="HADES-20260211-001", workflow="intent", today=TODAY, agents=[],
                             operator={"team": "South"}, layout=read_layout(config_dir))  # fmt: skip
    assert rows.columns.tolist() == ["Firma", "Team", "Kind", "Empty", "Points", "Notes"]
    assert rows.iloc[0].tolist()[:5] == ["Oak Inn 1", "South", "'=fixed", "", "100"]
    assert rows.iloc[0]["Notes"].startswith("Batch: HADES-20260211-001 | Score: 100")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("columns: []\n", "expected a list of columns"),
        ("columns:\n  - {name: A, lead: company_name}\n", "no column has fill: notes"),
        ("columns:\n  - {name: A, lead: companyname}\n" + NOTES, "Did you mean 'company_name'"),
        ("columns:\n  - {name: A, lead: direct_phone}\n" + NOTES, "expected one of"),
        ("columns:\n  - {name: A, fill: note}\n" + NOTES, "Did you mean 'notes'"),
        ("columns:\n  - {name: A, operator: fax}\n" + NOTES, "expected one of name, business_name"),
        ("columns:\n  - {name: A, lead: city, text: x}\n" + NOTES, "Keep one"),
        ("columns:\n  - {name: A}\n  - {name: a}\n" + NOTES, "'a' stands twice"),
        ("columns:\n  - {name: ' A'}\n" + NOTES, "without outer spaces"),
        ("columns:\n  - {naem: A}\n" + NOTES, "Did you mean 'name'"),
        ("columns:\n  - {name: A, width: 0}\n" + NOTES, "from 1 to 255"),
        ("columns:\n  - A\n" + NOTES, "expected a map"),
        ("columns: [\n", "Check indentation"),
        ("", "empty"),
    ],
)
def test_every_mistake_is_a_sentence(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse_layout(text)


def test_a_layout_that_is_no_text_is_a_sentence(config_dir):
    (config_dir / "vanillasoft.yaml").write_bytes(b"\xff\xfe\x00columns")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_layout(config_dir)
