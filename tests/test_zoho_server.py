"""The strict test server refuses what Zoho refuses, with Zoho's codes: each case from the facts about its API."""

from __future__ import annotations

import pytest
import requests
from zoho_coql import QueryRefused, parsed
from zoho_world import LEAD_FIELDS, ZohoWorld


def token(zoho):
    form = {"grant_type": "refresh_token", "refresh_token": zoho.refresh_token}
    form |= {"client_id": zoho.client_id, "client_secret": zoho.client_secret}
    return requests.post(zoho.url + "/oauth/v2/token", data=form, timeout=5).json()["access_token"]


def get(zoho, path, **params):
    headers = {"Authorization": f"Zoho-oauthtoken {token(zoho)}"}
    return requests.get(zoho.url + "/crm/v8" + path, params=params, headers=headers, timeout=5)


def query(zoho, text):
    headers = {"Authorization": f"Zoho-oauthtoken {token(zoho)}"}
    return requests.post(zoho.url + "/crm/v8/coql", json={"select_query": text}, headers=headers, timeout=5)


@pytest.mark.parametrize(
    ("params", "code", "details"),
    [
        ({}, "REQUIRED_PARAM_MISSING", {"param_name": "fields"}),
        ({"fields": ",".join(["id"] * 51)}, "LIMIT_EXCEEDED", {"limit": 50, "param_name": "fields"}),
        ({"fields": "id,Company", "page": 11}, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", {"limit": 2000}),
        ({"fields": "id,Company", "page": 1, "page_token": "x"}, "AMBIGUITY_DURING_PROCESSING", {}),
    ],
)
def test_get_records_refuses_what_zoho_refuses(zoho, params, code, details):
    answer = get(zoho, "/Leads", **params)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["details"]) == (code, details)


def test_get_records_sorts_by_three_fields_only(zoho):
    answer = get(zoho, "/Leads", fields="id,Company", sort_by="Company").json()
    assert answer["code"] == "INVALID_DATA"
    assert answer["details"]["supported_values"] == ["id", "Created_Time", "Modified_Time"]


def test_a_page_token_is_bound_to_its_parameters_and_lives_a_day(zoho):
    for number in range(3):
        zoho.world.add("Leads", Company=f"Company {number}")
    first = get(zoho, "/Leads", fields="id,Company", per_page=2).json()
    assert first["info"]["more_records"]
    again = {"per_page": 2, "page_token": first["info"]["next_page_token"]}
    assert get(zoho, "/Leads", fields="id,City", **again).json()["code"] == "TOKEN_BOUND_DATA_MISMATCH"
    assert len(get(zoho, "/Leads", fields="id,Company", **again).json()["data"]) == 1
    zoho.world.wait(hours=25)
    assert get(zoho, "/Leads", fields="id,Company", **again).json()["code"] == "EXPIRED_VALUE"


def test_nothing_is_204_and_nothing_newer_is_304(zoho):
    assert get(zoho, "/Leads", fields="id,Company").status_code == 204
    zoho.world.add("Leads", Company="Harbor Inn")
    headers = {
        "Authorization": f"Zoho-oauthtoken {token(zoho)}",
        "If-Modified-Since": "2026-03-03T00:00:00+00:00",
    }
    url = zoho.url + "/crm/v8/Leads?fields=id,Company"
    assert requests.get(url, headers=headers, timeout=5).status_code == 304


def test_converted_leads_hide_from_lists_and_queries(zoho):
    lead = zoho.world.add("Leads", Company="Harbor Inn")
    zoho.world.convert(lead)
    assert get(zoho, "/Leads", fields="id,Company").status_code == 204
    assert len(get(zoho, "/Leads", fields="id,Company", converted="both").json()["data"]) == 1
    assert query(zoho, "select Company from Leads where id is not null").status_code == 204
    assert query(zoho, "select Company from Leads where Converted__s = true").status_code == 200
    both = "select Company from Leads where (Converted__s = true or Converted__s = false)"
    assert query(zoho, both).status_code == 200
    zoho.variants.both_converted_in_one_query = False
    assert query(zoho, both).status_code == 204


def test_the_criteria_parameter_is_silently_ignored(zoho):
    zoho.world.add("Leads", Company="Harbor Inn")
    answer = get(zoho, "/Leads", fields="id,Company", criteria="(Company:equals:Other)")
    assert len(answer.json()["data"]) == 1


@pytest.mark.parametrize(
    ("text", "code", "details"),
    [
        ("select Company from Leads", "SYNTAX_ERROR", {"clause": "where"}),
        ("update Leads set Company = 'x' where id = '1'", "SYNTAX_ERROR", {}),
        ("select Company from Nowhere where id is not null", "INVALID_MODULE", {"resource_path_index": 0}),
        (
            "select Nothing from Leads where id is not null",
            "INVALID_QUERY",
            {"column_name": "Nothing", "module": "Leads"},
        ),
        ("select Company from Leads where id is not null limit 2001", "LIMIT_EXCEEDED", {"limit": 2000}),
        ("select Company from Leads where id is not null limit 0", "INVALID_DATA", {}),
        (
            "select Company from Leads where Description = 'x'",
            "INVALID_QUERY",
            {"column_name": "Description"},
        ),
        (
            "select Company from Leads where Company < 'x'",
            "INVALID_QUERY",
            {"column_name": "Company", "operator": "<"},
        ),
        (
            "select Company from Leads where Company = 'a' and City = 'b' and State = 'c'",
            "SYNTAX_ERROR",
            {"near": "and"},
        ),
    ],
)
def test_coql_refuses_what_zoho_refuses(zoho, text, code, details):
    answer = query(zoho, text)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["details"]) == (code, details)


def test_quotes_are_doubled_and_backslashes_refused():
    modules = {"Leads": LEAD_FIELDS}
    found = parsed("select Company from Leads where Company = 'O''Brien'", modules)
    assert found.meets({"Company": "O'Brien"})
    with pytest.raises(QueryRefused):
        parsed(r"select Company from Leads where Company = 'O\'Brien'", modules)


def test_a_moment_without_offset_is_refused():
    with pytest.raises(QueryRefused):
        parsed("select id from Leads where Modified_Time > '2026-02-11T09:30:00'", {"Leads": LEAD_FIELDS})


def test_pairs_in_parentheses_are_understood():
    found = parsed(
        "select id from Leads where ((City = 'a' and State = 'b') and (Company = 'c' or Company like '%d%')) "
        "order by id asc limit 10, 20",
        {"Leads": LEAD_FIELDS},
    )
    assert found.meets({"City": "a", "State": "b", "Company": "xdx"})
    assert not found.meets({"City": "a", "State": "x", "Company": "c"})
    assert (found.offset, found.limit) == (10, 20)


@pytest.mark.parametrize("change", [{"client_id": "x"}, {"client_secret": "x"}, {"refresh_token": "x"}])
def test_token_errors_come_with_200(zoho, change):
    form = {"grant_type": "refresh_token", "refresh_token": zoho.refresh_token}
    form |= {"client_id": zoho.client_id, "client_secret": zoho.client_secret} | change
    answer = requests.post(zoho.url + "/oauth/v2/token", data=form, timeout=5)
    assert answer.status_code == 200
    assert answer.json()["error"].startswith("invalid_")


@pytest.mark.parametrize("status", [200, 400])
def test_the_eleventh_token_in_ten_minutes_is_throttled(zoho, status):
    zoho.variants.throttle_status = status
    for _ in range(10):
        token(zoho)
    form = {"grant_type": "refresh_token", "refresh_token": zoho.refresh_token}
    form |= {"client_id": zoho.client_id, "client_secret": zoho.client_secret}
    answer = requests.post(zoho.url + "/oauth/v2/token", data=form, timeout=5)
    assert answer.status_code == status
    assert answer.json()["error"] == "Access Denied"


def test_the_three_kinds_of_401(zoho):
    url = zoho.url + "/crm/v8/Leads?fields=id,Company"
    bearer = requests.get(url, headers={"Authorization": f"Bearer {token(zoho)}"}, timeout=5)
    assert (bearer.status_code, bearer.json()["code"]) == (401, "AUTHENTICATION_FAILURE")
    wrong = requests.get(url, headers={"Authorization": "Zoho-oauthtoken 1000.x"}, timeout=5)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "INVALID_TOKEN")
    zoho.scopes.discard("ZohoCRM.coql.READ")
    scope = query(zoho, "select id from Leads where id is not null")
    assert (scope.status_code, scope.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")


def test_deleted_records_are_listed_and_the_list_can_be_narrowed(zoho):
    world: ZohoWorld = zoho.world
    first, second = world.add("Deals", Deal_Name="One"), world.add("Deals", Deal_Name="Two")
    assert get(zoho, "/Deals/deleted", type="all").status_code == 204
    world.delete("Deals", first)
    world.delete("Deals", second, kind="permanent")
    rows = get(zoho, "/Deals/deleted", type="all").json()["data"]
    assert [(row["id"], row["type"], row["deleted_by"] is None) for row in rows] == [
        (second, "permanent", True),
        (first, "recycle", False),
    ]
    assert get(zoho, "/Deals/deleted", type="wrong").json()["code"] == "PATTERN_NOT_MATCHED"
    zoho.variants.wraps_errors_in_data = True
    assert get(zoho, "/Deals/deleted", type="wrong").json()["data"][0]["code"] == "PATTERN_NOT_MATCHED"


def test_times_carry_the_organisations_offset_which_changes_in_summer(zoho):
    winter = zoho.world.rows["Leads"][zoho.world.add("Leads", Company="A")]["Created_Time"]
    zoho.world.wait(days=60)
    summer = zoho.world.rows["Leads"][zoho.world.add("Leads", Company="B")]["Created_Time"]
    assert (winter[-6:], summer[-6:]) == ("-06:00", "-05:00")
