"""Which addresses and tokens are taken, and that no sentence repeats them."""

from __future__ import annotations

import pytest

from errors import ConfigError
from turso_address import checked_token, checked_url

_SECRET = "eyJhbGciOi.secret.part"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("libsql://hades-acme.turso.io", "https://hades-acme.turso.io"),
        ("turso://hades-acme.turso.io/", "https://hades-acme.turso.io"),
        ("https://hades-acme.turso.io", "https://hades-acme.turso.io"),
        ("  LIBSQL://Hades.turso.io:8443  ", "https://Hades.turso.io:8443"),
        ("https://proxy.example.com/sql/", "https://proxy.example.com/sql"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9:8080", "http://127.9.9.9:8080"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_taken(given: str, used: str) -> None:
    assert checked_url(given) == used


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("http://hades.turso.io", "unencrypted"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("http://10.0.0.1:8080", "unencrypted"),
        ("ws://hades.turso.io", "Write libsql:// in place of ws://"),
        ("wss://hades.turso.io", "Write libsql:// in place of wss://"),
        ("postgres://hades", "libsql://HOST, https://HOST or file:PATH"),
        ("hades.turso.io", "libsql://HOST"),
        ("", "libsql://HOST"),
        ("libsql://", "libsql://HOST"),
        ("libsql://ho st", "libsql://HOST"),
        ("https://good.example\\@evil.example", "libsql://HOST"),
        ("libsql://host:port", "cannot be read"),
        ("libsql://[::1", "cannot be read"),
        (f"libsql://hades.turso.io?authToken={_SECRET}", "TURSO_AUTH_TOKEN"),
        (f"libsql://user:{_SECRET}@hades.turso.io", "TURSO_AUTH_TOKEN"),
        (f"libsql://{_SECRET}@hades.turso.io", "TURSO_AUTH_TOKEN"),
        (f"libsql://hades.turso.io#{_SECRET}", "TURSO_AUTH_TOKEN"),
    ],
)
def test_refused_with_a_sentence_that_repeats_no_secret(given: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked_url(given)
    assert said in str(refused.value)
    assert _SECRET not in str(refused.value)


def test_tokens() -> None:
    assert checked_token(None) is None
    assert checked_token("  ") is None
    assert checked_token(f" {_SECRET}\n") == _SECRET


@pytest.mark.parametrize("token", [f"{_SECRET}\r\nX-Other: 1", f"{_SECRET} {_SECRET}", "tökén"])
def test_a_token_that_cannot_be_one(token: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked_token(token)
    assert _SECRET not in str(refused.value)
    assert "TURSO_AUTH_TOKEN" in str(refused.value)
