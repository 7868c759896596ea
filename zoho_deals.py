"""Deals of sales as Zoho has them, in the words of deals.py: which are won or lost, and on which day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from zoho_profile import SalesDeals, plain
from zoho_rules import field_texts

_WON_OR_LOST = {"Open": "open", "Closed Won": "won", "Closed Lost": "lost"}


class DealRecord(NamedTuple):
    """One deal: a text per field of deals.FIELDS, and a sentence where its closing day was taken from elsewhere."""

    cells: dict[str, str]
    replaced: str | None


def outcome_of(deals: SalesDeals, stage: str | None, forecasts: Mapping[str, str]) -> str:
    """open, won or lost: by the lists of the profile, else by Zoho's forecast type (plain stage → type), else open."""
    if stage is None:
        return "open"
    return deals.stages.get(plain(stage)) or _WON_OR_LOST.get(forecasts.get(plain(stage), ""), "open")


def unnamed_stages(deals: SalesDeals, rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The stages (plain) among raw records that no list of the profile names, so that forecast types are needed."""
    said = (field_texts(deals.fields, raw).get("stage", []) for raw in rows.values())
    return {plain(texts[0]) for texts in said if texts} - deals.stages.keys()


def deal_record(
    deals: SalesDeals,
    key: str,
    raw: Mapping[str, Any],
    forecasts: Mapping[str, str],
    known: tuple[str, str] | None,
    today: date,
) -> DealRecord:
    """One raw record of Zoho. `known` is (outcome, closing day) as it is kept here, of a closed deal.

    A closed deal whose closing date is missing, in the future or before its making was closed on the day that is known
    already, else on the day of its newest change: Zoho's field is an expectation that people forget to correct.
    """
    said = field_texts(deals.fields, raw)
    cells = {name: texts[0] for name, texts in said.items() if texts}
    created = str(raw.get("Created_Time") or "")[:10]
    outcome = outcome_of(deals, cells.get("stage"), forecasts)
    cells |= {"deal_id": key, "created_on": created, "outcome": outcome}
    if outcome == "open":
        return DealRecord(cells, None)
    closed = cells.get("closed_on", "")[:10]
    if closed and created <= closed <= today.isoformat():
        return DealRecord(cells | {"closed_on": closed}, None)
    changed = str(raw.get("Modified_Time") or "")[:10]
    kept = known[1] if known and known[0] == outcome else min(max(changed, created), today.isoformat())
    what = f"says it was closed on {closed}" if closed else "has no closing date"
    return DealRecord(
        cells | {"closed_on": kept},
        f"Deal {key} is {outcome}, but {what}; {kept} was taken. Correct it in Zoho.",
    )


def newest_change(rows: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The newest Modified_Time among raw records, ISO in UTC; None without any that can be read."""
    found = []
    for raw in rows.values():
        try:
            found.append(datetime.fromisoformat(str(raw.get("Modified_Time"))).astimezone(UTC))
        except ValueError:
            continue
    return max(found).strftime("%Y-%m-%dT%H:%M:%SZ") if found else None
