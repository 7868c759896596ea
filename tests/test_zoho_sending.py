"""What goes out to Zoho and comes back: tokens renewed once, pauses, hangs, strange answers, and nothing told too much."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zoho_faults import Fault
from zoho_readers import add_leads, open_client, queried, recorded

from errors import ConfigError, Refused, Unavailable
from zoho_answers import judged


@pytest.fixture
def client(zoho, tmp_path):
    made = open_client(zoho, tmp_path)
    yield made
    made.close()


def test_one_refresh_and_an_identical_repeat_on_an_expired_token(zoho, client):
    add_leads(zoho, 15)
    zoho.faults.append(Fault("token expired", on="Leads", nth=2))
    queried(client)
    calls = [call for call in zoho.api_calls() if "id >" in call.query]
    assert [call.status for call in calls] == [401, 200]
    assert calls[0].query == calls[1].query
    assert sum(call.path.startswith("/oauth") for call in zoho.calls) == 2
    assert client.pauses == []


def test_a_token_rejected_twice_is_a_matter_for_the_administrator(zoho, client):
    zoho.faults.append(Fault("token expired", times=99))
    with pytest.raises(ConfigError, match="not even a new one"):
        recorded(client)
    assert len(zoho.calls) <= 4


def test_a_revoked_refresh_token_is_a_matter_for_the_administrator(zoho, client):
    add_leads(zoho, 15)
    zoho.faults.append(Fault("revoked", on="Leads", nth=2))
    with pytest.raises(ConfigError, match="no longer accepts the refresh token"):
        queried(client)


@pytest.mark.parametrize(
    "scope", ["ZohoCRM.coql.READ", "ZohoCRM.modules.READ", "ZohoCRM.settings.fields.READ"]
)
def test_a_missing_scope_is_named_and_no_refresh_is_wasted(zoho, client, scope):
    zoho.scopes.discard(scope)
    with pytest.raises(ConfigError, match=scope):
        queried(client) if "coql" in scope else recorded(client) if "modules" in scope else client.fields(
            "Leads"
        )
    assert len(zoho.calls) == 2  # one token, one refusal


def test_a_profile_without_permission_is_refused_with_what_to_do(zoho, client):
    zoho.forbidden.add("Leads")
    with pytest.raises(Refused, match=r"Leads.*NO_PERMISSION.*Profiles"):
        queried(client)


@pytest.mark.parametrize(("asked", "pause"), [(7, 7), ("Thu, 01 Jan 1970 00:00:10 GMT", 0)])
def test_retry_after_is_honoured(zoho, client, asked, pause):
    added = add_leads(zoho, 5)
    zoho.faults.append(Fault("throttled", on="Leads", value=asked))
    assert queried(client) == added
    assert client.pauses == [pause]


def test_without_retry_after_the_pauses_grow_and_differ(zoho, client):
    add_leads(zoho, 5)
    zoho.faults.append(Fault("throttled", on="Leads", times=99))
    with pytest.raises(Unavailable):
        queried(client)
    assert len(client.pauses) == 4
    assert all(pause <= limit for pause, limit in zip(client.pauses, (1, 2, 4, 8), strict=True))


def test_a_long_retry_after_is_told_and_not_slept_through(zoho, client):
    zoho.faults.append(Fault("throttled", on="Leads", value=3600))
    with pytest.raises(Unavailable, match="wait 60 minutes"):
        queried(client)
    assert client.pauses == []


def test_a_hanging_server_is_left(zoho, tmp_path):
    added = add_leads(zoho, 5)
    zoho.faults.append(Fault("hang", on="Leads", value=5))
    client = open_client(zoho, tmp_path, timeout=(1, 0.2))
    assert queried(client) == added
    client.close()


def test_a_slow_answer_is_waited_for_and_a_trickle_is_left(zoho, tmp_path):
    added = add_leads(zoho, 5)
    zoho.faults.append(Fault("slow", on="Leads", value=0.02))
    client = open_client(zoho, tmp_path)
    assert queried(client) == added
    client.close()
    zoho.faults[:] = [Fault("slow", on="Leads", value=0.1, times=99)]
    client = open_client(zoho, tmp_path, answer_seconds=0.2, attempts=2)
    with pytest.raises(Unavailable, match="did not end within"):
        queried(client)
    client.close()


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"null", b'"x"', b'{"data": 1}', b"\xff\xfe", b'{"code": 1']
)
def test_strange_answers_are_typed(zoho, client, status, content):
    zoho.faults.append(Fault("json", "coql", times=99, value=(status, content)))
    with pytest.raises((Unavailable, Refused, ConfigError)):
        queried(client)


SECRETS = ("hunter2-secret", "ana@example.com", "555-0101")


def test_no_sentence_holds_a_secret_or_a_person(zoho, client):
    error = {
        "code": "INVALID_DATA", "status": "error", "message": f"bad value {SECRETS[1]}",
        "details": {"value": SECRETS[0], "phone": SECRETS[2]},
    }  # fmt: skip
    zoho.faults.append(Fault("json", "coql", value=(400, error)))
    with pytest.raises(Refused) as caught:
        queried(client)
    sentence = str(caught.value)
    assert "INVALID_DATA" in sentence
    for secret in (*SECRETS, zoho.refresh_token, zoho.client_secret, "1000.access"):
        assert secret not in sentence


def test_a_netrc_on_the_machine_changes_nothing(zoho, client, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    added = add_leads(zoho, 3)
    assert queried(client) == added


def test_a_redirect_is_not_followed_with_the_token(zoho, client):
    zoho.faults.append(Fault("json", "coql", value=(302, {}, {"Location": "http://127.0.0.1:9/"})))
    with pytest.raises(Refused, match="HTTP 302"):
        queried(client)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.sampled_from([200, 201, 204, 304, 400, 401, 403, 404, 429, 500, 503]), st.binary(max_size=60))
def test_no_bytes_whatever_make_an_answer_explode(status, content):
    import contextlib

    from zoho_answers import Passing

    with contextlib.suppress(Passing):
        judged(status, {"Retry-After": "soon"}, content, "/crm/v8/Leads")
