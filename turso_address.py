"""Which addresses and tokens may name a database in the cloud, and what is said about the others."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from errors import ConfigError


def checked_url(url: str) -> str:
    """The https:// (on loopback also http://) address behind a database URL; ConfigError for any other form.

    The address itself is not quoted: people paste tokens into it.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(
            "TURSO_DATABASE_URL was expected to be libsql://HOST, but it cannot be read."
        ) from error
    scheme = parts.scheme.lower()
    if scheme in ("ws", "wss"):
        raise ConfigError(
            "TURSO_DATABASE_URL names a WebSocket address, which is not used here. Write libsql:// in place "
            "of "
            f"{scheme}://; the rest stays."
        )
    if scheme not in ("libsql", "turso", "https", "http") or not host or re.search(r"[\s\\]", text):
        raise ConfigError(
            "TURSO_DATABASE_URL was expected to be libsql://HOST, https://HOST or file:PATH, but has "
            "another form. "
            "Copy the URL that `turso db show NAME --url` prints."
        )
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError(
            "TURSO_DATABASE_URL was expected to end after the host; user names, tokens and options do not "
            "belong "
            "there. Put the token into TURSO_AUTH_TOKEN."
        )
    if scheme == "http" and not _loopback(host):
        raise ConfigError(
            "TURSO_DATABASE_URL begins with http://, which would send the token unencrypted. Write https:// "
            "or "
            "libsql://; http:// is only for a server on this machine."
        )
    return f"{'http' if scheme == 'http' else 'https'}://{parts.netloc}{parts.path.rstrip('/')}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def checked_token(token: str | None) -> str | None:
    """The token without spaces around it, None for none; ConfigError when it cannot be one. Never quoted."""
    if token is None or not token.strip():
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", token.strip()):
        raise ConfigError(
            "TURSO_AUTH_TOKEN was expected to be one line of letters and signs. Copy the token again."
        )
    return token.strip()
