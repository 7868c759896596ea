"""What is wrong with a connection is said in sentences that say where to click."""

from __future__ import annotations

import pytest
from zoho_server import ZohoServer
from zoho_story import PROFILE, ROOT, open_zoho

from zoho_check import GOOD, MEND, NOTE, check_connection
from zoho_profile import parse_profile


@pytest.fixture
def zoho():
    with ZohoServer() as server:
        server.world.add("Leads", Company="A", Lead_Source="VanillaSoft", Lead_Status="Contacted")
        server.world.add("Accounts", Account_Name="V", Account_Type="Owner Operator")
        server.world.fields["Leads"] |= {
            "Vanillasoft_ID": "text",
            "ZoomInfo_Contact_ID": "text",
            "ZoomInfo_Company_ID": "text",
            "Do_Not_Call": "boolean",
            "Email_Opt_Out": "boolean",
        }
        server.world.fields["Deals"]["Vanillasoft_ID"] = "text"
        yield server


def findings(zoho, tmp_path, profile=PROFILE):
    client = open_zoho(zoho, tmp_path)
    try:
        return check_connection(client, profile=profile)
    finally:
        client.close()


def said(zoho, tmp_path, state, profile=PROFILE):
    return " ".join(found.sentence for found in findings(zoho, tmp_path, profile) if found.state == state)


def test_a_zoho_with_everything_is_good(zoho, tmp_path):
    assert {found.state for found in findings(zoho, tmp_path)} == {GOOD}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda z: setattr(z, "refresh_token", "other"), "no longer accepts the refresh token"),
        (lambda z: setattr(z, "client_id", "other"), "does not know this client"),
        (
            lambda z: z.scopes.discard("ZohoCRM.settings.modules.READ"),
            "ZohoCRM.settings.modules.READ is needed",
        ),
        (
            lambda z: z.scopes.discard("ZohoCRM.settings.fields.READ"),
            "ZohoCRM.settings.fields.READ is needed",
        ),
        (lambda z: z.scopes.discard("ZohoCRM.coql.READ"), "ZohoCRM.coql.READ is needed"),
        (lambda z: z.forbidden.add("Leads"), "may not read this"),
        (lambda z: z.world.fields.pop("Deliveries"), "no module with the API name Deliveries"),
        (lambda z: z.world.fields["Deals"].pop("HADES_Batch_ID"), "Deals has no field HADES_Batch_ID"),
        (lambda z: z.world.fields["Deliveries"].pop("Deal"), "Deliveries has no field Deal"),
        (lambda z: z.world.fields["Accounts"].pop("Account_Type"), "Accounts has no field Account_Type"),
    ],
)
def test_what_has_to_be_mended_is_named(zoho, tmp_path, spoil, sentence):
    client = open_zoho(zoho, tmp_path)
    spoil(zoho)
    told = " ".join(
        found.sentence for found in check_connection(client, profile=PROFILE) if found.state == MEND
    )
    client.close()
    assert sentence in told
    assert zoho.client_secret not in told


def test_a_field_with_another_name_is_suggested(zoho, tmp_path):
    fields = zoho.world.fields["Leads"]
    fields["Hades_batch_id1"] = fields.pop("HADES_Batch_ID")
    assert "a field Hades_batch_id1 that may be meant" in said(zoho, tmp_path, MEND)


def test_a_custom_module_is_found_by_its_label(zoho, tmp_path, monkeypatch):
    zoho.world.fields["CustomModule7"] = zoho.world.fields.pop("Deliveries")
    original = zoho._settings
    labelled = {
        "modules": [
            {"api_name": n, "plural_label": "Deliveries" if n == "CustomModule7" else n}
            for n in zoho.world.fields
        ]
    }
    monkeypatch.setattr(
        zoho,
        "_settings",
        lambda what, params: (
            type(original("modules", {}))(200, labelled) if what == "modules" else original(what, params)
        ),
    )
    assert "has the API name CustomModule7: write that" in said(zoho, tmp_path, MEND)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda w: w.fields["Leads"].pop("Website"), "Leads has no Website"),
        (
            lambda w: w.fields["Leads"].pop("Do_Not_Call"),
            "so suppression.Zoho do not call of config/zoho.yaml brings nothing in",
        ),
        (lambda w: w.fields["Deals"].pop("Stage"), "Deals has no field Stage, so deals of config/zoho.yaml"),
        (lambda w: w.fields["Leads"].update(HADES_Batch_ID="textarea"), "multi-line field"),
        (lambda w: w.stages.update({"Strange": "Pending"}), "values that mean nothing yet: 'Strange'"),
        (lambda w: w.add("Leads", Company="B", Lead_Source="VanillaSoft Import"), "look like VanillaSoft"),
        (
            lambda w: w.rows["Leads"].clear() or w.add("Leads", Company="B", Lead_Source="Web"),
            "has no value VanillaSoft",
        ),
        (
            lambda w: w.change("Accounts", next(iter(w.rows["Accounts"])), Account_Type="Vendor"),
            "no value 'Owner Operator'",
        ),
    ],
)
def test_what_is_worth_a_note_is_noted(zoho, tmp_path, spoil, sentence):
    spoil(zoho.world)
    assert sentence in said(zoho, tmp_path, NOTE)


def test_a_lookup_to_another_module_is_found(zoho, tmp_path):
    text = (
        (ROOT / "config" / "zoho.yaml").read_text().replace("    module: Deals\n", "    module: Accounts\n")
    )
    assert "looks up Deals, but the deals are in Accounts" in said(zoho, tmp_path, MEND, parse_profile(text))
