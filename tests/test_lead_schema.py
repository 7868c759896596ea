"""The declared schema: what fits, what does not, and every mistake of the file named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import ConfigError, InputError
from lead_schema import check_lead, parse_api_rules, read_api_rules

CONFIG = Path(__file__).resolve().parents[1] / "config"
RULES = read_api_rules(CONFIG)
WEB = {
    "lead_id": "L-1", "age": 35, "location": "Texas", "industry": "Retail", "email_opens": 4, "website_visits": 7,
    "content_downloads": 1, "days_since_contact": 3, "lead_source": "Cold Call",
}  # fmt: skip
HADES = {"sic_code": "0174", "employee_count": 120, "state": "TX", "zip_code": "02139", "distance_miles": 4.2}


def refused(sent: Any, **options: Any) -> str:
    with pytest.raises(InputError) as error:
        check_lead(sent, RULES, **options)
    return str(error.value)


def test_the_kind_is_the_one_that_knows_the_fields() -> None:
    lead = check_lead(WEB, RULES)
    assert (lead.kind, lead.lead_id, lead.outcome) == ("web", "L-1", None)
    assert lead.features == {name: value for name, value in WEB.items() if name != "lead_id"}
    assert check_lead(HADES, RULES).kind == "hades"
    assert check_lead(HADES | {"lead_type": "hades", "actual_outcome": False}, RULES).outcome is False


def test_what_is_missing_stays_missing() -> None:
    assert check_lead({"age": None, "location": "Ohio"}, RULES).features == {"location": "Ohio"}
    assert "at least one field" in refused({"lead_id": "L-1", "age": None})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"age": "35"}, "age was expected to be a whole number from 0 to 120 (years)."),
        ({"age": True}, "age was expected"),
        ({"age": 121}, "age was expected"),
        ({"age": 35.5}, "age was expected"),
        ({"age": float("nan")}, "age was expected"),
        ({"age": float("inf")}, "age was expected"),
        ({"age": 10**400}, "age was expected"),
        ({"location": ""}, "location was expected to be text of at most 100 characters."),
        ({"location": "x" * 101}, "location was expected"),
        ({"location": "a\x00b"}, "location was expected"),
        ({"location": "\ud800"}, "location was expected"),
        ({"lead_source": "Carrier pigeon"}, "lead_source was expected to be one of Webinar, Referral, Cold Call"),
        ({"lead_id": "pat@example.com"}, "no name or e-mail address"),
        ({"lead_id": 7}, "lead_id was expected"),
        ({"lead_type": "zebra"}, "lead_type was expected to be one of web, hades"),
        ({"lead_type": "hades"}, "A hades lead has no field 'age'"),
        ({"actual_outcome": "true"}, "actual_outcome was expected to be true, false or null."),
        ({"actual_outcome": 1}, "actual_outcome was expected"),
        ({"ages": 35}, "A web lead has no field 'ages'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_sentence_without_the_value(changes: dict[str, Any], sentence: str) -> None:
    said = refused(WEB | changes)
    assert sentence in said
    assert "Carrier pigeon" not in said
    assert "pat@" not in said


@pytest.mark.parametrize("sent", [None, 3, "x", [WEB]])
def test_what_is_no_object_is_no_lead(sent: Any) -> None:
    assert "one object of fields" in refused(sent)


def test_a_form_says_numbers_in_digits_and_nothing_in_blanks() -> None:
    form = {"employee_count": " 120 ", "sic_code": "0174", "zip_code": "02139", "distance_miles": "4.20", "state": "",
            "actual_outcome": "True", "lead_id": ""}  # fmt: skip
    lead = check_lead(form, RULES, as_text=True)
    assert lead.features == {
        "employee_count": 120,
        "sic_code": "0174",
        "zip_code": "02139",
        "distance_miles": 4.2,
    }
    assert (lead.outcome, lead.lead_id) == (True, None)
    assert "employee_count was expected" in refused(form | {"employee_count": "some"}, as_text=True)
    assert "actual_outcome was expected" in refused(form | {"actual_outcome": "yes"}, as_text=True)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=4),
       st.sampled_from(sorted(set(WEB) | set(HADES) | {"lead_type", "actual_outcome", "other"})))  # fmt: skip
def test_any_value_is_kept_whole_or_refused_with_a_sentence(value: Any, name: str) -> None:
    said, lead = "", None
    try:
        lead = check_lead(WEB | {name: value}, RULES)
    except InputError as error:
        said = str(error)
    assert lead or "expected" in said or "has no field" in said
    assert lead is None or lead.features.get(name, value) == value


def test_the_shipped_file_serves_a_folder_that_has_none(tmp_path: Path) -> None:
    assert read_api_rules(tmp_path) == RULES


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("high: 0.7", "high: 1.7", "leads.web.high: expected a number from 0 to 1."),
        ("medium: 0.4", "medium: 0.9", "medium was expected to be at most high"),
        ("type: whole, low: 0, high: 120", "type: number, low: 7, high: 1", "leads.web.fields.age: low was expected"),
        ("type: text, longest: 100", "type: words", "leads.web.fields.location.type: expected one of whole"),
        ("threshold: 50", "treshold: 50", "the key 'treshold' is unknown"),
        ("[High, Medium, Low]", "[]", "signal_strength.choices: expected a list of words"),
        ('"[0-9]{4}"', '"[0-9{4}"', "sic_code.shape: expected a regular expression"),
        ("thresholds: base rate", "thresholds: rate", "expected 'score' or 'base rate'"),
        ("  web: #", "  geography: #", "a kind cannot be called geography, which is a workflow"),
        ("  web: #", "  intent: #", "a kind cannot be called intent, which is a workflow"),
        ("age: {", "lead_id: {", "none of lead_id, lead_type, actual_outcome"),
        ("read_as: miles", "read_as: kilometres", "distance_miles.read_as: expected one of"),
        ("prior:", "priors:", "prior: expected the keys rate, leads"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named(before: str, after: str, sentence: str) -> None:
    text = (CONFIG / "api.yaml").read_text("utf-8")
    assert before in text
    with pytest.raises(ConfigError) as error:
        parse_api_rules(text.replace(before, after, 1))
    assert sentence in str(error.value)
