"""A strict Zoho on loopback: accounts server and API over HTTP, refusing what Zoho refuses, with faults by script.

Where it is unknown which of two answers Zoho gives, `Variants` chooses one; the client has to live with both.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from zoho_coql import QueryRefused, parsed
from zoho_faults import Fault, Reply, refused
from zoho_wire import Call, Handler, Quiet
from zoho_world import ZohoWorld

ALL_SCOPES = frozenset({
    "ZohoCRM.modules.READ", "ZohoCRM.coql.READ", "ZohoCRM.settings.fields.READ", "ZohoCRM.settings.modules.READ",
    "ZohoCRM.settings.layouts.READ", "ZohoCRM.settings.pipeline.READ",
})  # fmt: skip


@dataclass
class Variants:
    """One answer for each question that Zoho's documentation leaves open."""

    throttle_status: int = 200  # of the token endpoint
    expires_in_ms: bool = False
    nothing_deleted: int = 204  # or 304, with If-Modified-Since
    both_converted_in_one_query: bool = True  # (Converted__s = true or Converted__s = false)
    counts_by_query: bool = True
    count_has_converted: bool = False  # actions/count of Leads
    unknown_fields_refused: bool = False  # in Get Records; otherwise left out
    wraps_errors_in_data: bool = False
    api_domain_given: bool = True


class ZohoServer:
    """The server, on a free port of 127.0.0.1 while the `with` block runs."""

    def __init__(self, world: ZohoWorld | None = None, variants: Variants | None = None) -> None:
        self.world = world or ZohoWorld()
        self.variants = variants or Variants()
        self.client_id, self.client_secret, self.refresh_token = (
            "1000.CLIENT",
            "s3cret-of-client",
            "1000.refresh.tok",
        )
        self.grant_codes = {"1000.grant.code"}
        self.scopes = set(ALL_SCOPES)
        self.forbidden: set[str] = set()  # modules that the user's profile may not read
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.live_tokens: dict[str, float] = {}  # token → when it dies, on `clock`
        self.clock: Callable[[], float] = time.time
        self.token_lifetime = 3600.0
        self._asked_for_tokens: list[float] = []
        self._numbers = itertools.count(1)
        self._page_tokens: dict[str, tuple[str, int, datetime]] = {}
        self.answered: dict[str, Reply] = {}  # the last answer of each path
        self.lock = threading.RLock()
        self._closing = threading.Event()
        handler = type("OwnHandler", (Handler,), {"zoho": self})
        self._http = Quiet(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> ZohoServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def api_calls(self) -> list[Call]:
        """The requests that cost credits: all but those for tokens."""
        return [call for call in self.calls if not call.path.startswith("/oauth")]

    def environment(self) -> dict[str, str]:
        """The environment that connects a program to this server."""
        return {
            "ZOHO_CLIENT_ID": self.client_id,
            "ZOHO_CLIENT_SECRET": self.client_secret,
            "ZOHO_REFRESH_TOKEN": self.refresh_token,
            "ZOHO_ACCOUNTS_URL": self.url,
        }

    # Tokens

    def token(self, form: dict[str, str]) -> Reply:
        """The answer of POST /oauth/v2/token; errors come with 200."""
        if form.get("client_id") != self.client_id:
            return Reply(200, {"error": "invalid_client"})
        if form.get("client_secret") != self.client_secret:
            return Reply(200, {"error": "invalid_client_secret"})
        now = self.clock()
        self._asked_for_tokens = [moment for moment in self._asked_for_tokens if now - moment < 600]
        if len(self._asked_for_tokens) >= 10:
            return self.throttled_token()
        self._asked_for_tokens.append(now)
        answer: dict[str, Any] = {"token_type": "Bearer", "scope": " ".join(sorted(self.scopes))}
        if form.get("grant_type") == "authorization_code":
            if form.get("code") not in self.grant_codes:
                return Reply(200, {"error": "invalid_code"})
            self.grant_codes.discard(form["code"])
            answer["refresh_token"] = self.refresh_token
        elif form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh_token:
            return Reply(200, {"error": "invalid_code"})
        token = f"1000.access.{next(self._numbers):04d}"
        self.live_tokens[token] = now + self.token_lifetime
        for dead in list(self.live_tokens)[:-10]:  # the eleventh kills the oldest
            del self.live_tokens[dead]
        answer["access_token"] = token
        if self.variants.expires_in_ms:
            answer |= {
                "expires_in": int(self.token_lifetime * 1000),
                "expires_in_sec": int(self.token_lifetime),
            }
        else:
            answer["expires_in"] = int(self.token_lifetime)
        if self.variants.api_domain_given:
            answer["api_domain"] = self.url
        return Reply(200, answer)

    def throttled_token(self) -> Reply:
        """The answer to too many requests for tokens."""
        return Reply(
            self.variants.throttle_status,
            {
                "error": "Access Denied",
                "error_description": "You have made too many requests continuously. Please try again after some time.",
                "status": "failure",
            },
        )

    def forget_throttle(self) -> None:
        """Nothing; ten minutes are over for the token endpoint."""
        self._asked_for_tokens.clear()

    # The API

    def api(self, method: str, path: str, params: dict[str, str], headers: Any, body: bytes) -> Reply:
        """The answer of the API to one request."""
        scheme, _, token = (headers.get("Authorization") or "").partition(" ")
        if scheme != "Zoho-oauthtoken":
            return refused(401, "AUTHENTICATION_FAILURE", "Authentication failed")
        if self.live_tokens.get(token, 0) <= self.clock():
            return refused(401, "INVALID_TOKEN", "invalid oauth token")
        place = re.fullmatch(r"/crm/v8/(coql|settings/(\w+)|(\w+)(/deleted|/actions/count)?)", path)
        if not place:
            return refused(
                404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one"
            )
        setting, module, action = place[2], place[3], place[4]
        scope = (
            f"ZohoCRM.settings.{setting}.READ"
            if setting
            else "ZohoCRM.coql.READ"
            if place[1] == "coql"
            else ""
        )
        if (scope or "ZohoCRM.modules.READ") not in self.scopes:
            return refused(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")
        if method != ("POST" if place[1] == "coql" else "GET"):
            return refused(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")
        if place[1] == "coql":
            return self._coql(body)
        if setting:
            return self._settings(setting, params)
        if module not in self.world.fields:
            return refused(
                400, "INVALID_MODULE", "the module name given seems to be invalid", resource_path_index=0
            )
        if module in self.forbidden:
            return refused(
                403, "NO_PERMISSION", "permission denied", permissions=[f"Crm_Implied_View_{module}"]
            )
        if action == "/deleted":
            return self._deleted(module, params, headers)
        if action == "/actions/count":
            rows = self.world.rows[module].values()
            hidden = not self.variants.count_has_converted
            return Reply(200, {"count": sum(not (hidden and row.get("Converted__s")) for row in rows)})
        return self._records(module, params, headers)

    def _records(self, module: str, params: dict[str, str], headers: Any) -> Reply:
        if not params.get("fields"):
            return refused(
                400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="fields"
            )
        names = params["fields"].split(",")
        if len(names) > 50:
            return refused(400, "LIMIT_EXCEEDED", "limit exceeded", limit=50, param_name="fields")
        unknown = [name for name in names if name != "id" and name not in self.world.fields[module]]
        if unknown and self.variants.unknown_fields_refused:
            return refused(400, "INVALID_DATA", "invalid field", api_name=unknown[0])
        if "page" in params and "page_token" in params:
            return refused(400, "AMBIGUITY_DURING_PROCESSING", "page and page_token exclude each other")
        if params.get("sort_by", "id") not in ("id", "Created_Time", "Modified_Time"):
            supported = ["id", "Created_Time", "Modified_Time"]
            return refused(
                400, "INVALID_DATA", "invalid sort_by", param_name="sort_by", supported_values=supported
            )
        size = int(params.get("per_page", "200"))
        if not 1 <= size <= 200:
            return refused(400, "INVALID_DATA", "per_page", limit=200, param_name="per_page")
        since = headers.get("If-Modified-Since")
        bound = json.dumps([module, sorted((k, v) for k, v in params.items() if k != "page_token"), since])
        start = (int(params.get("page", "1")) - 1) * size
        if "page_token" in params:
            known = self._page_tokens.get(params["page_token"])
            if known is None:
                return refused(400, "INVALID_DATA", "invalid token", param_name="page_token")
            if known[0] != bound:
                return refused(400, "TOKEN_BOUND_DATA_MISMATCH", "the token belongs to other parameters")
            if (self.world.now - known[2]).total_seconds() > 86_400:
                return refused(400, "EXPIRED_VALUE", "the token is expired", param_name="page_token")
            start = known[1]
            if start >= 100_000:
                return refused(400, "PAGINATION_LIMIT_EXCEEDED", "limit reached", limit=100_000)
        elif start >= 2000:
            return refused(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token", limit=2000)
        rows = self._listed(module, params.get("converted", "false"))
        if since:
            limit = _moment(since)
            rows = [row for row in rows if datetime.fromisoformat(row["Modified_Time"]) > limit]
            if not rows:
                return Reply(304)
        key = params.get("sort_by", "id")
        rows.sort(key=lambda row: int(row["id"]) if key == "id" else datetime.fromisoformat(row[key]))
        if params.get("sort_order", "desc") == "desc":
            rows.reverse()
        page = rows[start : start + size]
        if not page:
            return Reply(204)
        more = len(rows) > start + size
        token = None
        if more:
            token = f"page-token-{next(self._numbers):06d}"
            self._page_tokens[token] = (bound, start + size, self.world.now)
        wanted = [name for name in names if name in self.world.fields[module]]
        info = {
            "per_page": size, "count": len(page), "page": start // size + 1, "more_records": more, "sort_by": key,
            "sort_order": params.get("sort_order", "desc"), "next_page_token": token, "previous_page_token": None,
            "page_token_expiry": self.world.stamp() if more else None,
        }  # fmt: skip
        return Reply(
            200, {"data": [{"id": row["id"]} | {n: row[n] for n in wanted} for row in page], "info": info}
        )

    def _listed(self, module: str, converted: str) -> list[dict[str, Any]]:
        rows = list(self.world.rows[module].values())
        if module != "Leads" or converted == "both":
            return rows
        return [row for row in rows if bool(row["Converted__s"]) == (converted == "true")]

    def _coql(self, body: bytes) -> Reply:
        try:
            text = json.loads(body)["select_query"]
        except (ValueError, KeyError, TypeError):
            return refused(400, "MANDATORY_NOT_FOUND", "required field not found", api_name="select_query")
        try:
            query = parsed(text, self.world.fields, counting=self.variants.counts_by_query)
        except QueryRefused as no:
            return Reply(400, no.answer)
        if query.module in self.forbidden:
            return refused(
                403, "NO_PERMISSION", "permission denied", permissions=[f"Crm_Implied_View_{query.module}"]
            )
        rows = [row for row in self.world.rows[query.module].values() if query.meets(row)]
        if query.module == "Leads":
            in_one = re.search(r"Converted__s = true or Converted__s = false", text) is not None
            if "Converted__s" not in query.named or (
                in_one and not self.variants.both_converted_in_one_query
            ):
                rows = [row for row in rows if not row["Converted__s"]]
        if query.counts:
            return Reply(
                200, {"data": [{"COUNT(id)": len(rows)}], "info": {"count": 1, "more_records": False}}
            )
        field_name, descending = query.order
        rows.sort(
            key=lambda row: int(row["id"]) if field_name == "id" else str(row[field_name]), reverse=descending
        )
        page = rows[query.offset : query.offset + query.limit]
        if not page:
            return Reply(204)
        more = len(rows) > query.offset + query.limit
        data = [{"id": row["id"]} | {name: row.get(name) for name in query.columns} for row in page]
        return Reply(200, {"data": data, "info": {"count": len(page), "more_records": more}})

    def _deleted(self, module: str, params: dict[str, str], headers: Any) -> Reply:
        if params.get("type") not in ("all", "recycle", "permanent"):
            error = {
                "code": "PATTERN_NOT_MATCHED",
                "details": {"param_name": "type"},
                "message": "",
                "status": "error",
            }
            return Reply(400, {"data": [error]} if self.variants.wraps_errors_in_data else error)
        rows = self.world.deleted[module]
        if params["type"] != "all":
            rows = [row for row in rows if row["type"] == params["type"]]
        since = headers.get("If-Modified-Since")
        if since:
            rows = [row for row in rows if datetime.fromisoformat(row["deleted_time"]) > _moment(since)]
        size, page = int(params.get("per_page", "200")), int(params.get("page", "1"))
        if page * size > 2000:
            return refused(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "limit reached", limit=2000)
        part = rows[(page - 1) * size : page * size]
        if not part:
            return Reply(self.variants.nothing_deleted if since else 204)
        info = {"per_page": size, "count": len(part), "page": page, "more_records": len(rows) > page * size}
        return Reply(200, {"data": part, "info": info})

    def _settings(self, setting: str, params: dict[str, str]) -> Reply:
        if setting == "modules":
            return Reply(200, {"modules": [
                {
                    "api_name": name, "module_name": "CustomModule1" if name in self.world.custom else name,
                    "plural_label": name, "api_supported": True,
                    "generated_type": "custom" if name in self.world.custom else "default",
                }
                for name in self.world.fields
            ]})  # fmt: skip
        if setting == "pipeline":
            if params.get("layout_id") != "5725767000000091023":
                return refused(400, "INVALID_DATA", "Invalid layoutid", param_name="layout_id")
            maps = [
                {"display_value": s, "actual_value": s, "forecast_type": f}
                for s, f in self.world.stages.items()
            ]
            return Reply(200, {"pipeline": [{"display_value": "Standard", "default": True, "maps": maps}]})
        module = params.get("module")
        if setting not in ("fields", "layouts"):
            return refused(
                404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one"
            )
        if not module:
            return refused(
                400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="module"
            )
        if module not in self.world.fields:
            return refused(
                400, "INVALID_MODULE", "the module name given seems to be invalid", param_name="module"
            )
        if setting == "layouts":
            return Reply(200, {"layouts": [{"id": "5725767000000091023", "name": "Standard"}]})
        return Reply(200, {"fields": [self._field(module, name, kind) for name, kind in self._shown(module)]})

    def _shown(self, module: str) -> list[tuple[str, str]]:
        return [("id", "bigint"), *self.world.fields[module].items()]

    def _field(self, module: str, name: str, kind: str) -> dict[str, Any]:
        values = sorted(
            {str(row[name]) for row in self.world.rows[module].values() if kind == "picklist" and row[name]}
        )
        values = list(self.world.stages) if name == "Stage" else values
        return {
            "api_name": name, "field_label": name.replace("_", " "), "data_type": kind, "json_type": "string",
            "custom_field": name.startswith("HADES"), "searchable": kind == "text", "length": 255,
            "lookup": {"module": {"api_name": "Deals"}} if (module, name) == ("Deliveries", "Deal") else {},
            "pick_list_values": [{"display_value": v, "actual_value": v, "reference_value": v} for v in values],
        }  # fmt: skip

    # Faults

    def struck(self, text: str) -> Fault | None:
        """The fault whose turn it is, or None."""
        with self.lock:
            return next((fault for fault in list(self.faults) if fault.strikes(text)), None)

    def respond(self, method: str, path: str, params: dict[str, str], headers: Any, body: bytes) -> Reply:
        """The answer without faults on the wire."""
        with self.lock:
            if path == "/oauth/v2/token":
                return self.token(
                    dict(parse_qsl(body.decode("utf-8", "replace"))) if method == "POST" else {}
                )
            return self.api(method, path, params, headers, body)

    def wait_closing(self, seconds: float) -> None:
        """Nothing; some time is over, or the server is closing."""
        self._closing.wait(seconds)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)
