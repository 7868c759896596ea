"""Zoho's tokens: errors that come with 200, throttling, and one token for all processes."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest
from zoho_faults import Fault
from zoho_server import ZohoServer

from errors import ConfigError, InputError, Refused, Unavailable
from zoho_auth import AccessToken, Grant, TokenSource, ZohoCredentials, exchange_grant_code


@pytest.fixture
def zoho():
    with ZohoServer() as server:
        yield server


def credentials(zoho, **changes):
    values = {
        "client_id": zoho.client_id,
        "client_secret": zoho.client_secret,
        "refresh_token": zoho.refresh_token,
    }
    return ZohoCredentials(**(values | {"accounts_url": zoho.url} | changes))


class Clock:
    def __init__(self):
        self.now = 1_770_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(zoho):
    zoho.clock = Clock()
    return zoho.clock


def source(zoho, folder, clock=None, **changes):
    more = {"clock": clock} if clock else {}
    return TokenSource(credentials(zoho, **changes), folder, sleep=lambda _: None, timeout=(2, 2), **more)


def test_a_token_is_fetched_once_and_shared_through_the_file(zoho, tmp_path):
    first = source(zoho, tmp_path).current()
    assert first.api_domain == zoho.url
    assert source(zoho, tmp_path).current() == first
    assert len(zoho.calls) == 1


def test_the_file_is_ours_alone_and_named_without_secrets(zoho, tmp_path):
    source(zoho, tmp_path).current()
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert zoho.refresh_token not in path.name
        assert zoho.client_id not in path.name
    content = next(tmp_path.glob("*.json")).read_text()
    assert zoho.refresh_token not in content
    assert zoho.client_secret not in content


def test_a_dying_token_is_replaced_in_time(zoho, tmp_path, clock):
    tokens = source(zoho, tmp_path, clock)
    first = tokens.current()
    clock.now += 3600 - 61
    assert tokens.current() == first
    clock.now += 2  # less than a minute to live
    assert tokens.current() != first


def test_a_rejected_token_is_renewed_once_for_everybody(zoho, tmp_path):
    one, other = source(zoho, tmp_path), source(zoho, tmp_path)
    rejected = one.current()
    assert other.current() == rejected
    renewed = one.renewed(rejected)
    assert renewed != rejected
    assert other.renewed(rejected) == renewed  # what the other process has fetched meanwhile
    assert len(zoho.calls) == 2


def test_other_credentials_never_see_the_token(zoho, tmp_path):
    source(zoho, tmp_path).current()
    with pytest.raises(ConfigError):
        source(zoho, tmp_path, refresh_token="1000.other").current()


def _fetch(url, folder, queue):
    known = ZohoCredentials("1000.CLIENT", "s3cret-of-client", "1000.refresh.tok", url)
    queue.put(TokenSource(known, Path(folder)).current().value)


def test_eight_processes_at_once_ask_for_one_token(zoho, tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_fetch, args=(zoho.url, str(tmp_path), queue)) for _ in range(8)]
    for process in processes:
        process.start()
    values = {queue.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(values) == 1
    assert len(zoho.calls) == 1


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


def test_ten_tokens_in_ten_minutes_are_never_exceeded(zoho, tmp_path, clock):
    tokens = source(zoho, tmp_path, clock)
    token = tokens.current()
    for _ in range(9):
        token = tokens.renewed(token)
    with pytest.raises(Unavailable, match="ten were fetched"):
        tokens.renewed(token)
    assert len(zoho.calls) == 10  # the eleventh was not even asked for
    clock.now += 601
    assert source(zoho, tmp_path, clock).renewed(token) != token


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


def test_a_broken_cache_file_is_replaced(zoho, tmp_path):
    tokens = source(zoho, tmp_path)
    tokens.current()
    path = next(tmp_path.glob("*.json"))
    for content in ("{", "[]", json.dumps({"fetched": 1, "token": {}}), ""):
        path.write_text(content)
        assert source(zoho, tmp_path).current().value


def test_a_folder_that_cannot_be_made_is_a_sentence(zoho, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        source(zoho, tmp_path / "file").current()


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
