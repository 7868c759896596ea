"""Zoho's tokens: errors that come with 200, throttling, and one token for all processes."""

from __future__ import annotations

import pytest
from zoho_faults import Fault
from zoho_readers import Clock, credentials, source

from errors import ConfigError, InputError, Refused, Unavailable
from zoho_auth import AccessToken, Grant, exchange_grant_code
from zoho_tokens import TokenSource


@pytest.fixture
def clock(zoho):
    zoho.clock = Clock()
    return zoho.clock


@pytest.mark.parametrize("variant", [False, True])
def test_lifetimes_in_milliseconds_are_understood(zoho, tmp_path, clock, variant):
    zoho.variants.expires_in_ms = variant
    assert source(zoho, tmp_path, clock).current().expires_at - clock.now == 3600


@pytest.mark.parametrize(("broken", "expected"), [("soon", 3600), (None, 3600), (-5, 3600), ("1800", 1800)])
def test_an_unreadable_lifetime_is_an_hour(zoho, tmp_path, clock, broken, expected):
    answer = {"access_token": "1000.t", "api_domain": zoho.url, "expires_in": broken}
    zoho.faults.append(Fault("json", "/oauth", value=(200, answer)))
    assert source(zoho, tmp_path, clock).current().expires_at - clock.now == expected


@pytest.mark.parametrize("status", [200, 400])
def test_throttling_is_seen_in_the_body_whatever_the_status(zoho, tmp_path, status):
    zoho.variants.throttle_status = status
    zoho.faults.append(Fault("throttled token", "/oauth"))
    with pytest.raises(Unavailable, match="throttling access tokens"):
        source(zoho, tmp_path).current()
    assert source(zoho, tmp_path).current().value  # once it is over, all is well


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"client_id": "1000.X"}, "does not know this client"),
        ({"client_secret": "wrong"}, "does not accept the client secret"),
        ({"refresh_token": "1000.revoked"}, "no longer accepts the refresh token"),
    ],
)
def test_wrong_credentials_say_which_and_what_to_do(zoho, tmp_path, changes, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        source(zoho, tmp_path, **changes).current()
    assert not any(value in str(caught.value) for value in changes.values())


@pytest.mark.parametrize("kind", ["html", "reset before", "truncated", "status"])
def test_a_bad_moment_of_the_accounts_server_passes(zoho, tmp_path, kind):
    zoho.faults.append(Fault(kind, "/oauth", value=503))
    assert source(zoho, tmp_path).current().value


@pytest.mark.parametrize("kind", ["html", "reset before", "hang"])
def test_a_bad_hour_of_the_accounts_server_is_a_sentence(zoho, tmp_path, kind):
    zoho.faults.append(Fault(kind, "/oauth", times=99, value=0.4))
    tokens = TokenSource(credentials(zoho), tmp_path, sleep=lambda _: None, timeout=(0.2, 0.2))
    with pytest.raises(Unavailable, match=r"accounts server .*[Tt]ry again"):
        tokens.current()


def test_an_address_that_is_no_accounts_server_is_told(zoho, tmp_path):
    zoho.faults.append(Fault("status", "/oauth", value=404))
    with pytest.raises(ConfigError, match="not an accounts server"):
        source(zoho, tmp_path).current()


def test_an_unknown_error_is_refused_without_repeating_what_was_sent(zoho, tmp_path):
    zoho.faults.append(Fault("json", "/oauth", value=(200, {"error": f"odd {zoho.client_secret}!"})))
    with pytest.raises(Refused, match="an unknown error") as caught:
        source(zoho, tmp_path).current()
    assert zoho.client_secret not in str(caught.value)


@pytest.mark.parametrize("domain", ["http://evil.example.com", "https://user@www.zohoapis.com", "ftp://x"])
def test_a_token_never_goes_to_an_address_in_plain_text(zoho, tmp_path, domain):
    answer = {"access_token": "1000.t", "api_domain": domain, "expires_in": 3600}
    zoho.faults.append(Fault("json", "/oauth", value=(200, answer)))
    with pytest.raises(Refused, match="not https"):
        source(zoho, tmp_path).current()


@pytest.mark.parametrize(
    "url", ["http://accounts.zoho.com", "accounts.zoho.com", "https://a@accounts.zoho.com", ""]
)
def test_the_accounts_address_must_be_https_or_loopback(zoho, url):
    with pytest.raises(ConfigError, match="ZOHO_ACCOUNTS_URL"):
        credentials(zoho, accounts_url=url)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "refresh_token"])
def test_an_empty_credential_is_named(zoho, name):
    with pytest.raises(ConfigError, match=f"ZOHO_{name.upper()}"):
        credentials(zoho, **{name: "  "})


def test_representations_hold_no_secret(zoho):
    texts = [
        repr(credentials(zoho)),
        repr(AccessToken("1000.value", "https://www.zohoapis.com", 1.0)),
        str(Grant("1000.value", "ZohoCRM.modules.READ", "https://www.zohoapis.com")),
    ]
    for secret in (zoho.client_id, zoho.client_secret, zoho.refresh_token, "1000.value"):
        assert all(secret not in text for text in texts)


def exchange(zoho, code="1000.grant.code"):
    return exchange_grant_code(
        client_id=zoho.client_id, client_secret=zoho.client_secret, code=code, accounts_url=zoho.url
    )


def test_a_grant_code_gives_a_refresh_token_once(zoho):
    grant = exchange(zoho)
    assert grant.refresh_token == zoho.refresh_token
    assert "ZohoCRM.coql.READ" in grant.scope
    with pytest.raises(InputError, match="works once"):
        exchange(zoho)


def test_a_grant_without_refresh_token_is_a_sentence(zoho):
    zoho.faults.append(Fault("json", "/oauth", value=(200, {"access_token": "1000.t"})))
    with pytest.raises(ConfigError, match="without a refresh token"):
        exchange(zoho)


def test_without_an_api_domain_the_data_centre_decides(zoho, tmp_path, monkeypatch):
    from zoho_auth import _api_domain

    assert _api_domain({}, "https://accounts.zoho.com.au") == "https://www.zohoapis.com.au"
    assert _api_domain({}, "https://accounts.zohocloud.ca") == "https://www.zohoapis.ca"
    assert _api_domain({"api_domain": "https://www.zohoapis.eu/"}, "https://accounts.zoho.com") == (
        "https://www.zohoapis.eu"
    )
