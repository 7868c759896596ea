from pathlib import Path

import pytest
from zoominfo import FURTHER_HEADERS, HEADER_OF_FIELD, HEADERS, INTENT_HEADERS

from errors import ConfigError, InputError
from icp import read_icp, scores_in_force
from lead_columns import (
    FIELDS,
    came,
    lead_kind,
    read_columns,
    read_industries,
    same_industry,
)
from named_columns import places_of_fields, understand
from outcome_reading import history_kind

CONFIG = Path(__file__).resolve().parents[1] / "config"


def places(headers, columns, own, name):
    """Field → the place of its one column."""
    found = places_of_fields(headers, lead_kind(columns), own, name)
    return {field: place for field, (place,) in found.items()}


@pytest.fixture(scope="module")
def columns():
    return read_columns(CONFIG)


def test_the_shipped_columns_know_every_field_and_header(columns):
    assert set(columns) == set(FIELDS)
    for field, header in HEADER_OF_FIELD.items():
        assert header in columns[field]


def test_a_whole_contact_export_with_intent_is_recognised_without_doubt(columns):
    headers = [*HEADERS, *FURTHER_HEADERS]
    found = places(headers, columns, {}, "f.csv")
    assert {field: headers[place] for field, place in found.items()} == HEADER_OF_FIELD


def test_a_company_intent_sheet_is_recognised(columns):
    assert set(places(INTENT_HEADERS, columns, {}, "f.csv")) == {
        "company_id",
        "company_name",
        "intent_topic",
        "intent_score",
        "signal_date",
    }


def test_older_headers_and_other_spellings(columns):
    headers = ["Zoom Individual ID", "Zoom company ID", "SIC1", "SIC2", "  COMPANY   name ", "\ufeffwebsite"]
    assert places(headers, columns, {}, "f.csv") == {
        "contact_id": 0,
        "company_id": 1,
        "sic_code": 2,
        "sic_code_2": 3,
        "company_name": 4,
        "website": 5,
    }


def test_headers_as_people_write_them_need_no_asking(columns):
    headers = {
        "Business": "company_name", "Direct Dial": "direct_phone", "# Emp": "employee_count", "Zip/Postal": "zip_code",
        "First": "first_name", "Surname": "last_name", "Position": "job_title", "Cell": "mobile_phone", "E-Mail": "email",
        "Town": "city", "St": "state", "Web": "website", "Street": "street", "SIC": "sic_code",
    }  # fmt: skip
    found = places(list(headers), columns, {}, "f.csv")
    assert {list(headers)[place]: field for field, place in found.items()} == headers
    assert understand(["Company", "SIC", "Result"], history_kind(columns)).places["sic_code"] == [1]


def test_a_header_that_may_mean_two_fields_is_not_guessed(columns):
    kind = lead_kind(columns)
    # The dialler calls the direct phone "Business"; without another column for that, it may be either.
    assert understand(["Business", "Title"], kind).missing == [("company_name",)]
    assert understand(["Company", "Business", "Direct Dial"], kind).unused == ["Business"]
    assert understand(["Company", "St"], kind).unused == ["St"]  # the street, or the state
    both = understand(["Company", "Street", "State", "St"], kind)
    assert both.places["state"] == [2]
    assert both.unused == ["St"]


def test_two_columns_that_claim_one_field_are_refused_by_name(columns):
    with pytest.raises(
        InputError, match=r"for email beyond doubt: 'Email Address' and 'Work Email' all mean it"
    ):
        places(["Company Name", "Email Address", "Work Email"], columns, {}, "f.csv")


def test_the_users_own_word_wins(columns):
    headers = ["Company Name", "Email Address", "Work Email", "Firm"]
    found = places(headers, columns, {"email": "work  EMAIL", "company_name": "Firm"}, "f.csv")
    assert found == {"company_name": 3, "email": 2}
    # A header that the user gave to one field is no longer another one's.
    assert places(headers[:2], columns, {"job_title": "Email Address"}, "f.csv") == {
        "company_name": 0,
        "job_title": 1,
    }


def test_a_word_that_fits_nothing_is_refused(columns):
    with pytest.raises(InputError, match="has no column 'Firm' to read company name from"):
        places(["Company Name"], columns, {"company_name": "Firm"}, "f.csv")
    with pytest.raises(InputError, match="'firm' is no field of leads"):
        places(["Company Name"], columns, {"firm": "Company Name"}, "f.csv")


def test_a_missing_company_is_said_with_what_came_and_what_to_do(columns):
    says = (
        r"f.csv has no column for company name \(Company Name or Company\)\. Its columns are: Firm, City\. "
        r"Rename a column, or say which column is meant\."
    )
    with pytest.raises(InputError, match=says):
        places(["Firm", "", "City"], columns, {}, "f.csv")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("2026-02-30", ", found '2026-02-30'"),
        ("101%", ", found '101%'"),
        ("214-555-0101", ", found a text of 12 characters"),  # somebody's number in the wrong column
        ("Ana Ruiz", ", found a text of 8 characters"),
    ],
)
def test_what_came_is_quoted_only_when_it_names_nobody(cell, said):
    assert came(cell) == said


def test_the_shipped_industries_name_codes_that_are_scored():
    industries = read_industries(CONFIG)
    assert industries["hotels and motels"] == "7011"
    assert set(industries.values()) <= set(scores_in_force(read_icp(CONFIG), "sic_code"))
    assert same_industry(" Hotels  &  MOTELS ") == "hotels and motels"
    assert "hospitality" not in industries  # could be several


def test_a_folder_without_the_files_gets_the_shipped_ones(tmp_path):
    assert read_columns(tmp_path) == read_columns(CONFIG)
    assert read_industries(tmp_path) == read_industries(CONFIG)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [b", "not valid YAML"),
        ("- a", "a map of names"),
        ("firm: [Firm]", "not understood: firm"),
        ("company_name: Company", "a field without a list"),
        ("company_name: [Name]\nlast_name: [' NAME']", "the header ' NAME' to company_name and to last_name"),
    ],
)
def test_wrong_columns_are_refused(tmp_path, text, said):
    (tmp_path / "columns.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_columns(tmp_path)


@pytest.mark.parametrize("text", ["Hotels: 7011", "Hotels: '70'", "Hotels: ['7011']"])
def test_wrong_industries_are_refused(tmp_path, text):
    (tmp_path / "industries.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="'Hotels' has none"):
        read_industries(tmp_path)
