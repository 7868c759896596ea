"""One conversation with Zoho over HTTP: requests out, answers judged, what can pass tried again.

What can pass (throttling, a server's bad moment, a broken answer) is tried again with growing, jittered pauses;
what cannot comes back as a refusal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from errors import Refused, Unavailable
from zoho_answers import Answer, Passing, http_time, judged
from zoho_tokens import TokenSource

TIMEOUT = (10.0, 60.0)  # connect, silence while reading: seconds
ANSWER_SECONDS = 180.0  # one answer as a whole: a trickle never ends otherwise
_ANSWER_BYTES = 64 * 1024 * 1024

Complaint = Callable[[Answer], str | None]


class Conversation:
    """The way out to Zoho. `calls` and `credits` count what it has cost so far. Not for several threads."""

    def __init__(
        self,
        tokens: TokenSource,
        *,
        root: str,
        sleep: Callable[[float], None],
        timeout: tuple[float, float],
        answer_seconds: float,
        attempts: int,
    ) -> None:
        self._tokens = tokens
        self._session = requests.Session()
        self._root = root
        self._sleep = sleep
        self._timeout = timeout
        self._answer_seconds = answer_seconds
        self._attempts = attempts
        self.calls = 0
        self.credits = 0
        self.credits_remaining: int | None = None
        self.server_time: datetime | None = None

    def close(self) -> None:
        """Nothing; the connections are closed."""
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        credits: int = 1,
        complaint: Complaint | None = None,
    ) -> Answer:
        """Zoho's answer, good or refused; what can pass is tried again, a rejected token is renewed once.

        `complaint` looks at an answer and says what is wrong with it, if anything; then it is asked for again, too.
        """
        pause = wait_random_exponential(multiplier=1.0, max=30.0)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, Passing) else None
            return float(pause(state)) if asked is None else asked

        def once() -> Answer:
            token = self._tokens.current()
            answer = self._exchange(
                method, token.api_domain, token.value, path, params, headers, body, credits
            )
            if answer.refusal and answer.refusal.code == "INVALID_TOKEN":
                token = self._tokens.renewed(token)
                answer = self._exchange(
                    method, token.api_domain, token.value, path, params, headers, body, credits
                )
            wrong = complaint(answer) if complaint else None
            if wrong:
                raise Passing(wrong)
            return answer

        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait,
            retry=retry_if_exception_type(Passing),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(once)
        except Passing as error:
            raise Unavailable(f"{error} This was tried {self._attempts} times. Try again later.") from None

    def _exchange(
        self,
        method: str,
        domain: str,
        token: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        credits: int,
    ) -> Answer:
        """One request and its whole answer; Passing when it broke on the way or the server had a bad moment."""

        def authorise(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Zoho-oauthtoken {token}"
            return request

        self.calls += 1
        self.credits += credits
        try:
            with self._session.request(
                method, domain + self._root + path, params=params, headers=headers, json=body, auth=authorise,
                timeout=self._timeout, allow_redirects=False, stream=True,
            ) as response:  # fmt: skip
                content = self._content(response)
        except requests.exceptions.RequestException as error:
            # The library's own text can hold the address with its parameters: only the kind is told.
            raise Passing(f"The connection to Zoho broke ({type(error).__name__}).") from None
        remaining = response.headers.get("X-API-CREDITS-REMAINING", "")
        self.credits_remaining = int(remaining) if remaining.isdigit() else self.credits_remaining
        self.server_time = http_time(response.headers.get("Date", "")) or self.server_time
        return judged(response.status_code, response.headers, content, urlsplit(response.url).path)

    def _content(self, response: requests.Response) -> bytes:
        until = time.monotonic() + self._answer_seconds
        parts, size = [], 0
        for part in response.iter_content(65536):
            parts.append(part)
            size += len(part)
            if time.monotonic() > until:
                raise Passing(f"Zoho's answer did not end within {self._answer_seconds:.0f} seconds.")
            if size > _ANSWER_BYTES:
                raise Refused(
                    "Zoho's answer is larger than 64 MB, which no page of records is. Nothing was kept."
                )
        return b"".join(parts)
