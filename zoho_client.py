"""Zoho CRM, reading only: pages of records, COQL, counts and metadata.

How requests go out and what is tried again is zoho_sending; a refusal is raised as one of the five errors.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from errors import ConfigError
from settings import Settings
from zoho_answers import Answer, Record, is_id, keyset_complaint, page_complaint, typed_error
from zoho_auth import ZohoCredentials
from zoho_sending import ANSWER_SECONDS, TIMEOUT, Complaint, Conversation
from zoho_tokens import TokenSource

COQL_ROWS = 2000
PAGE_ROWS = 200
_RECORD_FIELDS, _COQL_FIELDS = 50, 500
_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")


class ZohoClient:
    """Zoho's records, counts and metadata. `calls` and `credits` count what they cost. Not for several threads."""

    def __init__(
        self,
        tokens: TokenSource,
        *,
        sleep: Callable[[float], None] = time.sleep,
        timeout: tuple[float, float] = TIMEOUT,
        answer_seconds: float = ANSWER_SECONDS,
        attempts: int = 5,
        coql_rows: int = COQL_ROWS,
        version: str = "v8",
    ) -> None:
        self._way = Conversation(
            tokens, root=f"/crm/{version}", sleep=sleep, timeout=timeout, answer_seconds=answer_seconds, attempts=attempts
        )  # fmt: skip
        self._send = self._way.send
        self._coql_rows = coql_rows

    @property
    def calls(self) -> int:
        """Requests sent so far, repeats included."""
        return self._way.calls

    @property
    def credits(self) -> int:
        """What they cost of the day's credits."""
        return self._way.credits

    @property
    def credits_remaining(self) -> int | None:
        """What is left of them; Zoho tells once half of the day's credits are used."""
        return self._way.credits_remaining

    @property
    def server_time(self) -> datetime | None:
        """Zoho's clock, as its last answer gave it."""
        return self._way.server_time

    def close(self) -> None:
        """Nothing; the connections are closed."""
        self._way.close()

    # Records

    def records(
        self,
        module: str,
        fields: Sequence[str],
        *,
        converted: bool = False,
        modified_since: datetime | None = None,
        page_rows: int = PAGE_ROWS,
    ) -> Iterator[list[Record]]:
        """Pages of all records of a module by id, each record once; none at all gives no page.

        `converted` includes converted leads (module Leads only); `modified_since` leaves out what did not change.
        Zoho reaches 100,000 records this way. Unavailable when pages repeat, vanish or stop short although they
        were asked for again; ConfigError for a module or field name that cannot be one.
        """
        params = {"fields": _columns(module, fields, _RECORD_FIELDS), "per_page": str(page_rows)}
        params |= {"sort_by": "id", "sort_order": "asc"} | ({"converted": "both"} if converted else {})
        headers = {"If-Modified-Since": _iso(modified_since)} if modified_since else {}
        given: set[str] = set()
        seen: set[str] = set()
        tokens: set[str] = set()
        token: str | None = None
        expired = False
        while True:
            here = {"page_token": token} if token else {}
            answer = self._send("GET", f"/{_name(module)}", params=params | here, headers=headers,
                complaint=partial(page_complaint, seen=seen, tokens=tokens, first=token is None),
            )  # fmt: skip
            if _token_expired(answer) and token and not expired:
                # From the first page again: what was given is not given twice.
                token, expired, seen, tokens = None, True, set(), set()
                continue
            _raise_refusal(answer, module)
            seen.update(row["id"] for row in answer.rows if is_id(row.get("id")))
            fresh = _fresh(answer.rows, given)
            if fresh:
                yield fresh
            if not answer.info.get("more_records"):
                return
            token = str(answer.info["next_page_token"])
            tokens.add(token)

    def coql(
        self, module: str, fields: Sequence[str], *, where: Sequence[str] = (), page_rows: int | None = None
    ) -> Iterator[list[Record]]:
        """Pages of the records that meet all criteria in `where`, by id, each record once; none gives no page.

        Pages are cut by id (id > the last one), so rows that change or go meanwhile move nothing. `where` holds
        single criteria or parenthesised pairs. Converted leads are left out unless `where` speaks of Converted__s.
        Unavailable when pages repeat or vanish although they were asked for again.
        """
        columns = _columns(module, ["id", *(field for field in fields if field != "id")], _COQL_FIELDS)
        page_rows = page_rows or self._coql_rows
        last = ""
        while True:
            after = int(last or -1)
            criteria = [*where, f"id > '{last}'"] if last else list(where) or ["id is not null"]

            answer = self._query(
                f"select {columns} from {_name(module)} where {_paired(criteria)} "  # noqa: S608 - names are checked
                f"order by id asc limit {page_rows}",
                page_rows,
                partial(keyset_complaint, after=after),
            )
            _raise_refusal(answer, module)
            page = {row["id"]: row for row in answer.rows if is_id(row.get("id")) and int(row["id"]) > after}
            if page:
                last = max(page, key=int)
            odd = [row for row in answer.rows if not is_id(row.get("id"))]  # for the reader to list as bad
            if page or odd:
                yield [*sorted(page.values(), key=lambda row: int(row["id"])), *odd]
            if not answer.info.get("more_records", len(answer.rows) >= page_rows):
                return

    def count(self, module: str, *, where: Sequence[str] = ()) -> int | None:
        """How many records meet all criteria, as Zoho itself counts; None where it does not count by query."""
        criteria = list(where) or ["id is not null"]
        query = f"select COUNT(id) from {_name(module)} where {_paired(criteria)}"  # noqa: S608 - names are checked
        answer = self._query(query, 1, None)
        if answer.refusal and answer.refusal.status in (200, 400):
            return None
        _raise_refusal(answer, module)
        if not answer.rows:
            return 0
        counts = [value for name, value in answer.rows[0].items() if "count" in name.lower()]
        return _whole(counts[0]) if len(answer.rows) == len(counts) == 1 else None

    def count_all(self, module: str) -> int | None:
        """How many records the module has, or None where Zoho does not say. Converted leads may be left out."""
        answer = self._send("GET", f"/{_name(module)}/actions/count")
        if answer.refusal and answer.refusal.status in (200, 400, 404):
            return None
        _raise_refusal(answer, module)
        return _whole((answer.body or {}).get("count"))

    def deleted(self, module: str, *, since: datetime | None = None) -> Iterator[list[Record]]:
        """Pages of what was deleted since: id, deleted_time, type. Zoho remembers 60 to 120 days.

        Only the newest 2,000 can be reached: a longer list ends there.
        """
        headers = {"If-Modified-Since": _iso(since)} if since else {}
        given: set[str] = set()
        page = 1
        while True:
            params = {"type": "all", "page": str(page), "per_page": str(PAGE_ROWS)}
            answer = self._send("GET", f"/{_name(module)}/deleted", params=params, headers=headers, credits=2)
            if page > 1 and answer.refusal and answer.refusal.code.endswith("PAGINATION_LIMIT_EXCEEDED"):
                return
            _raise_refusal(answer, module)
            fresh = _fresh(answer.rows, given)
            if fresh:
                yield fresh
            if not fresh or not answer.info.get("more_records"):
                return
            page += 1

    # Metadata

    def modules(self) -> list[Record]:
        """All modules: api_name, module_name, plural_label, generated_type, api_supported."""
        return self._listed("modules", {}, None)

    def fields(self, module: str) -> list[Record]:
        """All fields of a module: api_name, field_label, data_type, custom_field, pick_list_values, lookup."""
        return self._listed("fields", {"module": _name(module)}, module)

    def stages(self, module: str = "Deals") -> dict[str, str]:
        """Stage → forecast type ('Open', 'Closed Won', 'Closed Lost') over all pipelines, by both of its names."""
        found: dict[str, str] = {}
        for layout in self._listed("layouts", {"module": _name(module)}, module):
            for pipeline in self._listed("pipeline", {"layout_id": str(layout.get("id"))}, None):
                for stage in pipeline.get("maps") or []:
                    if isinstance(stage.get("forecast_type"), str):
                        names = [
                            str(stage[key]) for key in ("display_value", "actual_value") if stage.get(key)
                        ]
                        found |= dict.fromkeys(names, stage["forecast_type"])
        return found

    def _listed(self, what: str, params: Mapping[str, str], module: str | None) -> list[Record]:
        answer = self._send("GET", f"/settings/{what}", params=params)
        _raise_refusal(answer, module)
        return [entry for entry in (answer.body or {}).get(what) or [] if isinstance(entry, dict)]

    def _query(self, query: str, rows: int, complaint: Complaint | None) -> Answer:
        cost = 1 if rows <= 200 else 2 if rows <= 1000 else 3
        return self._send("POST", "/coql", body={"select_query": query}, credits=cost, complaint=complaint)


def for_settings(settings: Settings) -> ZohoClient:
    """A conversation with the Zoho of these settings; ConfigError naming what is missing."""
    missing = [
        name
        for name, value in (
            ("ZOHO_CLIENT_ID", settings.zoho_client_id),
            ("ZOHO_CLIENT_SECRET", settings.zoho_client_secret),
            ("ZOHO_REFRESH_TOKEN", settings.zoho_refresh_token),
        )
        if not value
    ]
    if missing:
        raise ConfigError(
            f"Zoho is not connected: {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} not set. Run "
            "python -m scripts.connect_zoho, which says where each value comes from."
        )
    credentials = ZohoCredentials(
        settings.zoho_client_id or "",
        settings.zoho_client_secret or "",
        settings.zoho_refresh_token or "",
        settings.zoho_accounts_url,
    )
    return ZohoClient(TokenSource(credentials, settings.data_dir))


def quoted(text: str) -> str:
    """A text as COQL wants it: in single quotes, quotes inside doubled."""
    return "'" + text.replace("'", "''") + "'"


def moment(value: datetime) -> str:
    """A moment as COQL wants it: ISO with offset, quoted."""
    return quoted(_iso(value))


def _raise_refusal(answer: Answer, module: str | None) -> None:
    if answer.refusal:
        raise typed_error(answer.refusal, module)


def _token_expired(answer: Answer) -> bool:
    return answer.refusal is not None and answer.refusal.code in (
        "EXPIRED_VALUE",
        "TOKEN_BOUND_DATA_MISMATCH",
    )


def _fresh(rows: Sequence[Record], given: set[str]) -> list[Record]:
    """The rows whose id was not given before; `given` learns them. A row without an id stays, to be listed as bad."""
    fresh = []
    for row in rows:
        if is_id(row.get("id")):
            if row["id"] in given:
                continue
            given.add(row["id"])
        fresh.append(row)
    return fresh


def _paired(criteria: Sequence[str]) -> str:
    """All criteria joined by and, parenthesised two by two as COQL demands."""
    joined = criteria[0]
    for criterion in criteria[1:]:
        joined = f"({joined} and {criterion})"
    return joined


def _columns(module: str, fields: Sequence[str], limit: int) -> str:
    names = list(dict.fromkeys(fields))
    if not 1 <= len(names) <= limit:
        raise ConfigError(
            f"Zoho gives 1 to {limit} fields of a module at once; {module} is asked for {len(names)}."
        )
    return ",".join(_name(name) for name in names)


def _name(name: str) -> str:
    if not _API_NAME.fullmatch(name):
        raise ConfigError(
            f"'{name[:60]}' cannot be an API name of Zoho; letters, digits and underscores were expected. Correct it "
            "in config/zoho.yaml."
        )
    return name


def _whole(value: object) -> int | None:
    return int(str(value)) if re.fullmatch(r"\d{1,12}", str(value)) else None


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
