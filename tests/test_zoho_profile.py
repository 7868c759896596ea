"""config/zoho.yaml: both profiles of the release, and every mistake as a sentence that names its key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from errors import ConfigError
from zoho_profile import parse_profile, plain, read_profile

CONFIG = Path(__file__).resolve().parent.parent / "config"
TEXT = (CONFIG / "zoho.yaml").read_text(encoding="utf-8")


def changed(path, value):
    """The default profile with one value replaced, as text; `...` removes the key."""
    data = yaml.safe_load(TEXT)
    *way, last = path.split(".")
    place = data
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(data)


def test_the_default_profile_fits_leads_deals_and_deliveries():
    profile = read_profile(CONFIG)
    assert {key: role.module for key, role in profile.roles.items()} == {
        "leads": "Leads",
        "deals": "Deals",
        "deliveries": "Deliveries",
    }
    assert all(role.fields["batch"] == ("HADES_Batch_ID",) for role in profile.roles.values())
    assert profile.roles["leads"].convertible
    assert profile.roles["deliveries"].fields["deal"] == ("Deal",)
    assert profile.roles["deliveries"].stages["delivered"] == {"delivery"}
    assert (profile.operators.module, profile.operators.type) == ("Accounts", "Owner Operator")


def test_the_second_profile_fits_locatings_and_deliveries():
    profile = read_profile(CONFIG, "zoho_locatings.yaml")
    assert {key: role.module for key, role in profile.roles.items()} == {
        "deals": "Locatings",
        "deliveries": "Deliveries",
    }
    assert profile.roles["deals"].fields["vanillasoft_id"] == ("Vanillasoft_ID",)
    # All spellings of domain.md are one stage.
    for spelling in ("Green/ Delivered", "Green/Delivered", "Green / Delivered", "GREEN/DELIVERED"):
        assert profile.roles["deals"].stages[plain(spelling)] == {"delivery"}


STAGES_ON_THE_WAY = (
    "Appt Not Acknowledged", "Declined By Operator", "HLM Follow up", "Green - Approved By Locator",
    "Green - SiteSurvey Sent", "Green/No-operator", "Green - LLL Approved", "Green - LLL Fulfilled",
    "Delivery Requested", "Green/Delivered", "Red/Rejected",
)  # fmt: skip
ZOHO_STAGES = (
    "Qualification", "Needs Analysis", "Value Proposition", "Identify Decision Makers", "Proposal/Price Quote",
    "Negotiation/Review", "Closed Won", "Closed Lost", "Closed Lost to Competition",
)  # fmt: skip


@pytest.mark.parametrize("name", ["zoho.yaml", "zoho_locatings.yaml"])
def test_every_stage_that_is_known_to_occur_has_a_meaning(name):
    stages = read_profile(CONFIG, name).roles["deals"].stages
    assert all(plain(stage) in stages for stage in STAGES_ON_THE_WAY)
    assert name != "zoho.yaml" or all(plain(stage) in stages for stage in ZOHO_STAGES)


def test_the_source_is_compared_without_case_and_spaces():
    profile = read_profile(CONFIG)
    assert all(profile.is_our_source(source) for source in ("VanillaSoft", "Vanilla Soft", "VANILLASOFT "))
    assert not any(profile.is_our_source(source) for source in (None, "", "Vanilla", "Web Download"))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("lead_source", ..., "lead_source: this key is missing"),
        ("lead_source", [], "lead_source: expected a text or a list of texts"),
        ("overlap_minutes", -1, "overlap_minutes: expected a whole number from 0 to 1440"),
        ("modules", {}, "modules: expected at least one"),
        ("modules.leads.module", "Leads; drop", "modules.leads.module: expected an API name"),
        ("modules.leads.fields.name", ..., "modules.leads.fields.name: this key is missing"),
        ("modules.leads.fields.name", "Company Name", "modules.leads.fields.name: expected API names"),
        ("modules.leads.fields.stage", ..., "modules.leads.fields.stage: this key is missing"),
        ("modules.leads.fields.telephone", "Phone", "modules.leads.fields.telephone: this key is unknown"),
        ("modules.leads.converted", "maybe", "modules.leads.converted: expected true or false"),
        ("modules.deals.converted", True, "modules.deals.converted: this key is unknown"),
        ("modules.deals.outcomes.record", "lost", "modules.deals.outcomes.record: expected one of"),
        (
            "modules.deals.outcomes.stages.delivery",
            "",
            "modules.deals.outcomes.stages.delivery: expected a text",
        ),
        ("modules.deals.outcomes.stages.not_delivered", ["x"], "not_delivered: this key is unknown"),
        (
            "modules.deals.outcomes.stages.won",
            ["x"],
            "modules.deals.outcomes.stages.won: this key is unknown",
        ),
        ("modules.deals.outcomes.stages.lost", ["Closed Won"], "cannot mean lost and open at once"),
        (
            "modules.deals.outcomes.forecast",
            {"Won": "lost"},
            "modules.deals.outcomes.forecast.Won: this key is unknown",
        ),
        (
            "modules.deals.outcomes.forecast",
            {"Open": "x"},
            "modules.deals.outcomes.forecast.Open: expected one of",
        ),
        ("modules.deliveries.fields.deal", ..., "modules.deliveries.fields.deal: this key is missing"),
        ("modules.quotes", {"module": "Quotes"}, "modules.quotes: this key is unknown"),
        ("operators.type_field", "Account Type", "operators.type_field: expected an API name"),
        ("operators.fields.fax", "Fax", "operators.fields.fax: this key is unknown"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_its_key(path, value, sentence):
    with pytest.raises(ConfigError) as caught:
        parse_profile(changed(path, value))
    assert sentence in str(caught.value)
    assert "zoho.yaml" in str(caught.value)


def test_all_mistakes_come_at_once():
    text = changed("overlap_minutes", "soon").replace("Deal_Name", "Deal Name")
    with pytest.raises(ConfigError, match="2 mistakes"):
        parse_profile(text)


@pytest.mark.parametrize("text", ["", "[]", "lead_source: [", "\x00", "modules: 1\nlead_source: a"])
def test_what_is_no_profile_is_a_sentence(text):
    with pytest.raises(ConfigError, match=r"zoho\.yaml"):
        parse_profile(text)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"config/zoho\.yaml .* cannot be read"):
        read_profile(tmp_path)


def test_operators_may_be_left_out():
    assert parse_profile(changed("operators", ...)).operators is None


def test_the_fields_asked_for_are_those_that_exist_and_those_that_must():
    role = read_profile(CONFIG).roles["leads"]
    names = role.api_names({"Company", "Phone"})
    assert {"Company", "HADES_Batch_ID", "Phone", "Created_Time", "Modified_Time", "Converted__s"} <= set(
        names
    )
    assert "Website" not in names
    assert "Website" in role.api_names()
    assert role.missing({"Company", "Phone"}) == ["HADES_Batch_ID"]
    assert role.missing({"Company", "HADES_Batch_ID"}) == []


def test_the_same_text_has_the_same_hash_whatever_its_line_ends():
    assert parse_profile(TEXT).sha256 == parse_profile(TEXT.replace("\n", "\r\n")).sha256
