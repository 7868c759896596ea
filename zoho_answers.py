"""What an answer of Zoho means: good, refused for good, or trouble that can pass. Judged by content, then by status.

Refusals become one of the five errors, told apart by who can mend them. An error never quotes a record or a token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from errors import ConfigError, HadesError, Refused, Unavailable

Record = dict[str, Any]

_PATIENCE_SECONDS = 120.0  # a longer Retry-After is told, not slept through
_ID = re.compile(r"[0-9]{1,20}")
_TOKEN = re.compile(r"\b1000\.\S+|\S{30,}")  # Zoho's tokens and secrets, should an answer ever repeat one
_TOLD_DETAILS = (
    "api_name",
    "column_name",
    "param_name",
    "clause",
    "operator",
    "reason",
    "limit",
    "permissions",
)
_API_NAMES = "Zoho: Setup > Developer Space > APIs > API Names"


class Passing(Exception):
    """Trouble that can pass; `retry_after` is how many seconds the server asked to wait, where it did."""

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Refusal(NamedTuple):
    """Zoho's no: its code and message, and the path it was said for."""

    status: int
    code: str
    message: str
    details: Mapping[str, Any]
    path: str


class Answer(NamedTuple):
    """One answer: the JSON object (None for 204 and 304), or the refusal."""

    status: int
    body: dict[str, Any] | None
    refusal: Refusal | None

    @property
    def rows(self) -> list[Record]:
        """The records of the page, empty where there are none."""
        data = (self.body or {}).get("data")
        return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []

    @property
    def info(self) -> Mapping[str, Any]:
        """Zoho's figures about the page: count, more_records, next_page_token."""
        info = (self.body or {}).get("info")
        return info if isinstance(info, dict) else {}


def judged(status: int, headers: Mapping[str, str], content: bytes, path: str) -> Answer:
    """The answer as good or refused. Passing for a bad moment of the server, Unavailable for a long throttle."""
    if status in (204, 304):
        return Answer(status, None, None)
    try:
        body: Any = json.loads(content)
    except ValueError:
        body = None
    asked = headers.get("Retry-After", "")
    error = _error_in(body)
    code = str(error.get("code")) if error else f"HTTP_{status}"
    if status == 429 or code in ("TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED"):
        raise _throttled(asked)
    if status >= 500 or status in (408, 425) or code == "INTERNAL_ERROR":
        raise Passing(f"Zoho answered HTTP {status}.", _seconds_asked(asked))
    if error is None and status < 300:
        if isinstance(body, dict):
            return Answer(status, body, None)
        raise Passing("Zoho's answer is not the JSON it should be: cut off, or a maintenance page.")
    found = error or {}
    details = found.get("details")
    told = details if isinstance(details, dict) else {}
    return Answer(status, None, Refusal(status, code, str(found.get("message", "")), told, path))


def typed_error(refusal: Refusal, module: str | None) -> HadesError:
    """The error by who can mend it. Zoho's code and message are told, values from records are not."""
    code, details = refusal.code, refusal.details
    plain = _TOKEN.sub("…", refusal.message)
    message = re.sub(r"[^\w .,:;'()/…-]", "", plain)[:120].strip()
    told = "; ".join(f"{name} {_plain(details[name])}" for name in _TOLD_DETAILS if name in details)
    more = "; ".join(part for part in (message, told) if part)
    said = f"Zoho said {code}" + (f" ({more})" if more else "")
    where = f" for the module {module}" if module else ""
    if code == "OAUTH_SCOPE_MISMATCH":
        return ConfigError(
            f"The Zoho connection lacks a scope{where}: {_scope_of(refusal.path)} is needed. Run "
            "python -m scripts.connect_zoho and generate a new code with all the scopes it lists."
        )
    if refusal.status == 401:
        return ConfigError(
            f"Zoho does not accept the access token, not even a new one; {said}. Check that ZOHO_ACCOUNTS_URL is "
            "your data centre and that the Zoho user is active, then run python -m scripts.connect_zoho."
        )
    if code == "INVALID_MODULE" or (refusal.status == 404 and module):
        return ConfigError(
            f"Zoho's API offers no module {module or 'of this name'}; {said}. Set the module's API name in "
            f"config/zoho.yaml ({_API_NAMES})."
        )
    if code == "INVALID_QUERY" and "column_name" in details:
        return ConfigError(
            f"Zoho's module {module} has no field {_plain(details['column_name'])} that can be queried; {said}. "
            f"Make the field in Zoho, or set its API name in config/zoho.yaml ({_API_NAMES})."
        )
    if refusal.status == 403 or code == "NO_PERMISSION":
        return Refused(
            f"The Zoho user who granted access may not read this{where}; {said}. Give the user's profile the "
            "permission (Zoho: Setup > Users and Control > Profiles), or connect as another user."
        )
    return Refused(f"Zoho refused a request{where}: HTTP {refusal.status}; {said}. Nothing was changed.")


def page_complaint(answer: Answer, *, seen: set[str], tokens: set[str], first: bool) -> str | None:
    """What is wrong with a page of Get Records, or None.

    `seen` are the ids and `tokens` the continuations of the pages before; `first` says that there is none before.
    """
    if answer.refusal:
        return None
    if answer.body is None:
        return None if first else "A page of Zoho's records vanished: it was announced and came empty."
    wrong = _shape_complaint(answer)
    if wrong:
        return wrong
    more = answer.info.get("more_records")
    if not answer.rows:
        return "A page of Zoho's records came empty although it was announced." if more or not first else None
    if not first and all(row.get("id") in seen for row in answer.rows):
        return "Zoho gave the same page of records twice."
    if not more:
        return None
    token = answer.info.get("next_page_token")
    if not isinstance(token, str) or not token:
        return "Zoho announced more records without saying where they continue."
    return "Zoho's continuation leads back to a page that was read." if token in tokens else None


def keyset_complaint(answer: Answer, *, after: int) -> str | None:
    """What is wrong with a page of a query that asked for ids above `after` (-1: from the start), or None."""
    if answer.refusal:
        return None
    first = after < 0
    if answer.body is None:
        # That all announced rows went meanwhile is possible, and rare enough to ask again.
        return None if first else "A page of Zoho's records vanished: it was announced and came empty."
    wrong = _shape_complaint(answer)
    if wrong:
        return wrong
    if not answer.rows:
        empty_is_fine = first and not answer.info.get("more_records")
        return None if empty_is_fine else "A page of Zoho's records came empty although it was announced."
    if not any(is_id(row.get("id")) and int(row["id"]) > after for row in answer.rows):
        return "Zoho gave the same page of records twice."
    return None


def is_id(value: object) -> bool:
    """Whether this is a record's id as Zoho writes it: a text of digits, never a number."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def http_time(text: str) -> datetime | None:
    """The moment of an HTTP date, or None."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _error_in(body: object) -> Mapping[str, Any] | None:
    """The error object of an answer, also where it is wrapped in a list of data; None where there is none."""
    if not isinstance(body, dict):
        return None
    if body.get("status") == "error" and "code" in body:
        return body
    data = body.get("data")
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], dict):
        wrapped: dict[str, Any] = data[0]
        if wrapped.get("status") == "error" and "code" in wrapped and "id" not in wrapped:
            return wrapped
    return None


def _throttled(retry_after: str) -> Passing | Unavailable:
    pause = _seconds_asked(retry_after)
    if pause is not None and pause > _PATIENCE_SECONDS:
        return Unavailable(
            "Zoho's API credits are used up or too many calls run at once; it asks to wait "
            f"{pause / 60:.0f} minutes. Try again then."
        )
    return Passing("Zoho is throttling: credits are used up or too many calls run at once.", pause)


def _seconds_asked(retry_after: str) -> float | None:
    """Seconds that a Retry-After header asks for (a number or an HTTP date), or None."""
    if re.fullmatch(r"\s*\d{1,9}\s*", retry_after):
        return float(retry_after)
    moment = http_time(retry_after)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _shape_complaint(answer: Answer) -> str | None:
    data = (answer.body or {}).get("data")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        return "Zoho's answer holds no list of records."
    count = answer.info.get("count")
    if isinstance(count, int) and count != len(data):
        return f"Zoho announced {count} records on a page and sent {len(data)}."
    return None


def _scope_of(path: str) -> str:
    if path.endswith("/coql"):
        return "ZohoCRM.coql.READ"
    settings = re.search(r"/settings/(\w+)", path)
    return f"ZohoCRM.settings.{settings[1]}.READ" if settings else "ZohoCRM.modules.READ"


def _plain(value: object) -> str:
    return re.sub(r"[^\w .,-]", "", str(value))[:80]
