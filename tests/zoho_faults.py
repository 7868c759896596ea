"""What can go wrong between Zoho and a client, by script: which request is struck, and what becomes of its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zoho_world import ZohoWorld

HTML = b"<html><body><h1>We are upgrading</h1></body></html>"


class Reply(NamedTuple):
    """Status, body (JSON, bytes as they are, or None) and further headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


@dataclass
class Fault:
    """What goes wrong, where, and when: from the `nth` request whose path and query contain `on`, `times` times."""

    kind: str
    on: str = ""
    nth: int = 1
    times: int = 1
    value: Any = None
    before: Callable[[ZohoWorld], None] | None = (
        None  # what happens in the organisation just before the answer
    )
    met: int = field(default=0, init=False)

    def strikes(self, text: str) -> bool:
        """Whether it is this request's turn."""
        if self.on not in text:
            return False
        self.met += 1
        return self.nth <= self.met < self.nth + self.times


def refused(status: int, code: str, message: str, **details: Any) -> Reply:
    """An error in Zoho's shape."""
    return Reply(status, {"code": code, "details": details, "message": message, "status": "error"})


def with_fault(
    fault: Fault, reply: Reply, *, before: Reply | None, asked: dict[str, str], throttled_token: Reply
) -> Reply:
    """The answer as the fault leaves it; faults of the connection itself are the handler's."""
    body = json.loads(json.dumps(reply.body))
    data = body.get("data") if isinstance(body, dict) else None
    match fault.kind:
        case "same page":
            return before or reply
        case "status":
            return Reply(fault.value, HTML)
        case "json":
            return Reply(*fault.value)
        case "html":
            return Reply(200, HTML)
        case "throttled":
            after = {} if fault.value is None else {"Retry-After": str(fault.value)}
            error = {
                "code": "TOO_MANY_REQUESTS",
                "details": {},
                "message": "too many requests",
                "status": "error",
            }
            return Reply(429, error, after)
        case "throttled token":
            return throttled_token
        case "internal":
            return refused(500, "INTERNAL_ERROR", "Internal Server Error")
        case "no content":
            return Reply(204)
        case "forbidden":
            return refused(403, "NO_PERMISSION", "permission denied", permissions=["Crm_Implied_View_Leads"])
        case "scope":
            return refused(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")
    if not data:
        return reply
    match fault.kind:
        case "duplicates":
            data[1:1] = data[:3]
            body["info"]["count"] = len(data)
        case "missing rows":
            del data[1::3]
            body["info"]["count"] = len(data)
        case "missing rows, count kept":
            del data[1::3]
        case "shuffled":
            data[:] = data[1::2] + data[::2]
        case "same page token":
            body["info"]["next_page_token"] = asked.get("page_token", "page-token-000000")
        case "no page token":
            body["info"]["next_page_token"] = None
        case "empty page":
            data.clear()
            body["info"]["count"] = 0
        case "bad row":
            data[0] = {"id": None, "Company": None}
    return Reply(reply.status, body, reply.headers)
