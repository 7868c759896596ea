"""Zoho's accounts server: who we are, from a grant code to a refresh token, and from that to an access token.

Errors of the accounts server come with HTTP 200; the answer is judged by its content, never by its status.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from errors import ConfigError, HadesError, InputError, Refused, Unavailable

DATA_CENTRES = {
    "US": "https://accounts.zoho.com",
    "EU": "https://accounts.zoho.eu",
    "IN": "https://accounts.zoho.in",
    "AU": "https://accounts.zoho.com.au",
    "JP": "https://accounts.zoho.jp",
    "CA": "https://accounts.zohocloud.ca",
    "SA": "https://accounts.zoho.sa",
    "UK": "https://accounts.zoho.uk",
    "CN": "https://accounts.zoho.com.cn",
}
SCOPES = (
    "ZohoCRM.modules.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.settings.modules.READ",
    "ZohoCRM.settings.fields.READ",
    "ZohoCRM.settings.layouts.READ",
    "ZohoCRM.settings.pipeline.READ",
)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
TIMEOUT = (10.0, 20.0)  # connect, read: seconds
_DAY_SECONDS = 86_400.0
_ATTEMPTS = 3


@dataclass(frozen=True)
class ZohoCredentials:
    """The self client's identity. Its representation shows the data centre alone."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    accounts_url: str = "https://accounts.zoho.com"

    def __post_init__(self) -> None:
        for name, value in (
            ("ZOHO_CLIENT_ID", self.client_id),
            ("ZOHO_CLIENT_SECRET", self.client_secret),
            ("ZOHO_REFRESH_TOKEN", self.refresh_token),
        ):
            if not value.strip():
                raise ConfigError(
                    f"{name} was expected to hold a value, but it is empty. Run python -m scripts.connect_zoho, "
                    "which says where each value comes from."
                )
        _checked_accounts_url(self.accounts_url)

    @property
    def fingerprint(self) -> str:
        """A hash that tells these credentials from others without giving them away."""
        text = "\n".join(
            (self.accounts_url.rstrip("/"), self.client_id, self.client_secret, self.refresh_token)
        )
        return hashlib.sha256(text.encode()).hexdigest()[:24]


class AccessToken(NamedTuple):
    """A token and where it is valid. The value stays out of every text."""

    value: str
    api_domain: str
    expires_at: float  # seconds since 1970

    def __repr__(self) -> str:
        return f"AccessToken(api_domain={self.api_domain!r}, expires_at={self.expires_at:.0f})"


class Grant(NamedTuple):
    """What a grant code was exchanged for. `scope` is Zoho's list, separated by spaces or commas."""

    refresh_token: str
    scope: str
    api_domain: str

    def __repr__(self) -> str:
        return f"Grant(scope={self.scope!r}, api_domain={self.api_domain!r})"


def fetch_token(
    credentials: ZohoCredentials,
    *,
    clock: Callable[[], float],
    timeout: tuple[float, float],
    sleep: Callable[[float], None],
) -> AccessToken:
    """A new access token for the refresh token; who asks counts how often (zoho_tokens).

    ConfigError when Zoho does not accept the credentials, Unavailable when it is throttling or not answering.
    """
    answer = _token_answer(
        credentials.accounts_url,
        {
            "grant_type": "refresh_token",
            "refresh_token": credentials.refresh_token,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        },
        timeout,
        sleep,
    )
    return AccessToken(
        answer["access_token"],
        _api_domain(answer, credentials.accounts_url),
        clock() + _lifetime_seconds(answer.get("expires_in")),
    )


def exchange_grant_code(
    *,
    client_id: str,
    client_secret: str,
    code: str,
    accounts_url: str,
    timeout: tuple[float, float] = TIMEOUT,
    sleep: Callable[[float], None] = time.sleep,
) -> Grant:
    """The refresh token for a self client's grant code, which works once and for minutes only.

    InputError when Zoho does not take the code, ConfigError when it does not take the client,
    Unavailable when it is not answering.
    """
    answer = _token_answer(
        _checked_accounts_url(accounts_url),
        {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
            "client_secret": client_secret,
        },
        timeout,
        sleep,
        first_time=True,
    )
    refresh_token = answer.get("refresh_token")
    if not isinstance(refresh_token, str) or not refresh_token:
        raise ConfigError(
            "Zoho answered without a refresh token. In the API console, generate the code for a Self Client "
            "and use it here within its lifetime."
        )
    return Grant(refresh_token, str(answer.get("scope", "")), _api_domain(answer, accounts_url))


def _token_answer(
    accounts_url: str,
    form: Mapping[str, str],
    timeout: tuple[float, float],
    sleep: Callable[[float], None],
    *,
    first_time: bool = False,
) -> dict[str, Any]:
    """The token endpoint's JSON with an access token in it; passing troubles are tried again, the rest is raised."""
    trouble: Unavailable | None = None
    for attempt in range(
        1 if first_time else _ATTEMPTS
    ):  # a grant code works once: a repeat would only hide why
        if attempt:
            sleep(2.0**attempt)
        try:
            # Secrets travel in the body: a query string ends up in the logs on the way.
            response = requests.post(
                accounts_url.rstrip("/") + "/oauth/v2/token", data=form, auth=_unchanged,
                timeout=timeout, allow_redirects=False,
            )  # fmt: skip
        except requests.exceptions.RequestException as error:
            trouble = Unavailable(
                f"Zoho's accounts server {_host(accounts_url)} does not answer ({type(error).__name__}). Check the "
                "network and ZOHO_ACCOUNTS_URL, then try again."
            )
            continue
        answer = _json_object(response)
        if answer is not None and isinstance(answer.get("access_token"), str) and answer["access_token"]:
            return answer
        if answer is not None and "error" in answer:
            raise _refusal(answer, accounts_url, first_time)
        if answer is None and response.status_code in (404, 405, 410):
            raise ConfigError(
                f"{_host(accounts_url)} is not an accounts server of Zoho (HTTP {response.status_code}). Set "
                f"ZOHO_ACCOUNTS_URL to one of: {', '.join(DATA_CENTRES.values())}."
            )
        form_of_answer = "something else than JSON" if answer is None else "neither a token nor an error"
        trouble = Unavailable(
            f"Zoho's accounts server answered with {form_of_answer} (HTTP {response.status_code}); it may be under "
            "maintenance. Try again in a few minutes."
        )
    assert trouble is not None
    raise trouble from None


def _refusal(answer: Mapping[str, Any], accounts_url: str, first_time: bool) -> HadesError:
    code = str(answer["error"])
    description = str(answer.get("error_description", ""))
    if "too many requests" in description.lower() or code.lower() == "access denied":
        return Unavailable(
            "Zoho is throttling access tokens: too many were asked for in ten minutes. Try again in ten minutes. "
            "If this comes back, another program is using the same refresh token."
        )
    if code == "invalid_code" and first_time:
        return InputError(
            "Zoho did not take the grant code: it works once and only for the minutes chosen in the API console. "
            "Generate a new one and use it at once."
        )
    if code == "invalid_code":
        return ConfigError(
            "Zoho no longer accepts the refresh token; it was revoked or belongs to another client. Run "
            "python -m scripts.connect_zoho and put the new ZOHO_REFRESH_TOKEN in the secrets."
        )
    if code == "invalid_client":
        return ConfigError(
            f"Zoho does not know this client at {_host(accounts_url)}. Check ZOHO_CLIENT_ID, and that "
            f"ZOHO_ACCOUNTS_URL is the data centre you sign in at: {', '.join(DATA_CENTRES.values())}."
        )
    if code == "invalid_client_secret":
        return ConfigError(
            "Zoho does not accept the client secret. Copy ZOHO_CLIENT_SECRET from the API console; each data centre "
            "has a secret of its own."
        )
    # Only a plain error code is repeated: the rest of an answer could quote what was sent.
    shown = code if re.fullmatch(r"[A-Za-z_ ]{1,60}", code) else "an unknown error"
    return Refused(
        f"Zoho refused to give an access token: {shown}. Check the client in the API console, then run "
        "python -m scripts.connect_zoho."
    )


def _json_object(response: requests.Response) -> dict[str, Any] | None:
    """The answer's JSON object, or None for HTML, an empty body, a list or anything else."""
    try:
        content = response.json()
    except (ValueError, requests.exceptions.RequestException):
        return None
    return content if isinstance(content, dict) else None


def _lifetime_seconds(expires_in: object) -> float:
    """Seconds, also from old answers in milliseconds; an hour where Zoho does not say."""
    if not isinstance(expires_in, int | float | str):
        return 3600.0
    try:
        seconds = float(expires_in)
    except ValueError:
        return 3600.0
    if not seconds > 0:
        return 3600.0
    return seconds / 1000 if seconds > _DAY_SECONDS else seconds


def _api_domain(answer: Mapping[str, Any], accounts_url: str) -> str:
    """Where the API is, as Zoho says; the token must not go to a plain-text address or one with a user in it."""
    domain = str(answer.get("api_domain") or "").rstrip("/")
    if not domain:
        tail = urlsplit(accounts_url).hostname or ""
        domain = "https://www.zohoapis." + tail.removeprefix("accounts.zohocloud.").removeprefix(
            "accounts.zoho."
        )
    parts = urlsplit(domain)
    plain_is_fine = parts.hostname in _LOOPBACK and urlsplit(accounts_url).hostname in _LOOPBACK
    if not parts.hostname or parts.username or (parts.scheme != "https" and not plain_is_fine):
        raise Refused(
            "Zoho named an API address that is not https://. No token was sent there. Check the network."
        )
    return domain


def _checked_accounts_url(accounts_url: str) -> str:
    parts = urlsplit(accounts_url)
    fine = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not fine or not parts.hostname or parts.username or parts.query:
        raise ConfigError(
            "ZOHO_ACCOUNTS_URL was expected to be the https:// address of a Zoho accounts server, one of: "
            f"{', '.join(DATA_CENTRES.values())}."
        )
    return accounts_url


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request as it is: with an `auth` of our own, a ~/.netrc on the machine adds nothing to it."""
    return request


def _host(url: str) -> str:
    return urlsplit(url).netloc
