"""One short-lived access token of Zoho, shared by all processes.

Zoho gives at most ten access tokens per refresh token in ten minutes and keeps ten alive, so the token lies in a
small file (mode 0600, behind a lock) that every process of this product reads before it asks for another one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from errors import ConfigError, Unavailable
from zoho_auth import TIMEOUT, AccessToken, ZohoCredentials, fetch_token

_LOCK_SECONDS = 120.0  # longer than one refresh with its repeats can take
_TOKENS_PER_WINDOW, _WINDOW_SECONDS = 10, 600.0


class TokenSource:
    """The access token in force, from the shared file while it lives and from Zoho when it does not."""

    def __init__(
        self,
        credentials: ZohoCredentials,
        cache_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self._credentials = credentials
        self._path = cache_dir / f"zoho-token-{credentials.fingerprint}.json"
        self._clock = clock
        self._sleep = sleep
        self._timeout = timeout
        self._held: AccessToken | None = None
        self.refreshes = 0  # how often this object asked Zoho for a token

    @property
    def accounts_url(self) -> str:
        """The accounts server of the data centre in use."""
        return self._credentials.accounts_url

    def current(self) -> AccessToken:
        """A token with at least a minute to live.

        ConfigError when Zoho does not accept the credentials, Unavailable when it is throttling or not answering.
        """
        if self._held is not None and self._alive(self._held):
            return self._held
        return self._shared(rejected=None)

    def renewed(self, rejected: AccessToken) -> AccessToken:
        """Another token than the one Zoho has just rejected: the one another process got meanwhile, or a new one."""
        return self._shared(rejected=rejected)

    def _shared(self, rejected: AccessToken | None) -> AccessToken:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(str(self._path) + ".lock", timeout=_LOCK_SECONDS, mode=0o600):
                known = _read_cache(self._path)
                token = known.token
                if token is None or token.value == (rejected and rejected.value) or not self._alive(token):
                    token = self._refreshed(known)
        except Timeout as error:
            raise Unavailable(
                "Another process has been fetching a Zoho token for two minutes. Try again in a few minutes."
            ) from error
        except OSError as error:
            raise ConfigError(
                f"The folder for Zoho's access token cannot be written: {error.strerror}. Check the permissions of "
                "the data folder or set HADES_DATA_DIR."
            ) from error
        self._held = token
        return token

    def _refreshed(self, known: _Cache) -> AccessToken:
        """A new token, written to the file; the caller holds the lock."""
        now = self._clock()
        recent = [moment for moment in known.fetched if now - _WINDOW_SECONDS < moment <= now]
        if len(recent) >= _TOKENS_PER_WINDOW:
            minutes = (recent[-_TOKENS_PER_WINDOW] + _WINDOW_SECONDS - now) / 60
            raise Unavailable(
                f"Zoho gives ten access tokens in ten minutes, and ten were fetched. Try again in {minutes:.0f} "
                "minutes. If this comes back, another program is using the same refresh token."
            )
        self.refreshes += 1
        recent.append(now)
        _write_cache(self._path, _Cache(None, recent))  # counted even when the answer never arrives
        token = fetch_token(self._credentials, clock=self._clock, timeout=self._timeout, sleep=self._sleep)
        _write_cache(self._path, _Cache(token, recent))
        return token

    def _alive(self, token: AccessToken) -> bool:
        return token.expires_at - self._clock() > 60


class _Cache(NamedTuple):
    token: AccessToken | None
    fetched: list[float]  # when tokens were asked for, oldest first


def _read_cache(path: Path) -> _Cache:
    """What the file says; a missing, broken or foreign file says nothing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        fetched = [float(moment) for moment in content["fetched"]]
        kept = content["token"]
        token = kept and AccessToken(str(kept["value"]), str(kept["api_domain"]), float(kept["expires_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _Cache(None, [])
    return _Cache(token, fetched)


def _write_cache(path: Path, cache: _Cache) -> None:
    """The file is replaced as a whole, so that a reader never sees half of it, and is ours alone from its start."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"token": cache.token and cache.token._asdict(), "fetched": cache.fetched}, file)
    partial.replace(path)
