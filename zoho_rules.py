"""What Zoho's records say about leads: milestones with dates, by the rules of the profile.

A record is first read into a `ZohoRecord` (only what matching and outcomes need; no person's name or e-mail), then
judged by the rules of its part of the profile. Silence never takes anything back: a blank stage, an unknown stage or
a record that is no longer shown leave what was known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import lead_values
from batch_ids import read_batch_ids
from zoho_profile import MEANINGS, Role, plain


@dataclass(frozen=True)
class ZohoRecord:
    """What is kept of one record. Times are ISO in UTC, days ISO; missing values are None."""

    zoho_id: str
    created_at: str | None = None
    modified_at: str | None = None
    name: str | None = None
    batch_ids: tuple[str, ...] = ()
    source: str | None = None
    stage: str | None = None
    phones: tuple[str, ...] = ()  # ten digits each
    web_domain: str | None = None
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    sic_code: str | None = None
    industry: str | None = None
    employees: int | None = None
    vanillasoft_id: str | None = None
    contact_id: str | None = None
    company_id: str | None = None
    account: str | None = None
    deal: str | None = None  # the id of the deal it belongs to
    delivered_on: str | None = None
    converted: bool = False
    converted_at: str | None = None
    problems: tuple[str, ...] = ()  # sentences about values that could not be read

    def as_json(self) -> dict[str, Any]:
        """Only what is known, as JSON keeps it."""
        return {k: v for k, v in vars(self).items() if v is not None and v is not False and v != ()}

    def as_text(self) -> str:
        """The same as text, equal for equal records."""
        return json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False)

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> ZohoRecord:
        """The record that `as_json` was made of."""
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in kept.items()}
        return ZohoRecord(**values)


class Milestone(NamedTuple):
    """One thing that happened; `dated` says that a field of its own gives the date, so that a correction counts."""

    milestone: str
    happened_at: str
    dated: bool
    detail: str


class Judgement(NamedTuple):
    """What a record says now, what it explicitly denies, and what was not understood."""

    milestones: tuple[Milestone, ...]
    taken_back: frozenset[str]
    note: str | None


def read_record(role: Role, raw: Mapping[str, Any]) -> ZohoRecord:
    """What is kept of a raw record of the role's module. Unreadable values become None and a sentence.

    ValueError when the record has no id: it cannot be kept or recognised again.
    """
    zoho_id = raw.get("id")
    if not isinstance(zoho_id, str) or not zoho_id.isascii() or not zoho_id.isdigit():
        raise ValueError("A record without an id came.")
    problems: list[str] = []

    said = field_texts(role.fields, raw)

    def texts(meaning: str) -> list[str]:
        return said.get(meaning, [])

    def first(meaning: str) -> str | None:
        return next(iter(texts(meaning)), None)

    def moment(name: str) -> str | None:
        return _moment(raw.get(name), name, problems)

    numbers = [lead_values.phone(text) for text in texts("phone")]
    links = [_link(raw.get(name)) for name in role.fields.get("deal", ())]
    days = [_day(raw.get(name), name, problems) for name in role.fields.get("delivered_on", ())]
    return ZohoRecord(
        zoho_id=zoho_id,
        created_at=moment("Created_Time"),
        modified_at=moment("Modified_Time"),
        name=first("name"),
        batch_ids=tuple(dict.fromkeys(found for text in texts("batch") for found in read_batch_ids(text))),
        source=first("source"),
        stage=first("stage"),
        phones=tuple(dict.fromkeys(re.sub(r"\D", "", number) for number in numbers if number)),
        web_domain=lead_values.web_domain(first("website")),
        street=first("street"),
        city=first("city"),
        state=lead_values.state(first("state") or ""),
        zip_code=lead_values.zip_code(first("zip") or ""),
        sic_code=lead_values.sic_code(first("sic") or ""),
        industry=first("industry"),
        employees=lead_values.employees(first("employees") or ""),
        vanillasoft_id=first("vanillasoft_id"),
        contact_id=first("contact_id"),
        company_id=first("company_id"),
        account=first("account"),
        deal=next((link for link in links if link), None),
        delivered_on=next((day for day in days if day), None),
        converted=role.convertible and raw.get("Converted__s") in (True, "true"),
        converted_at=moment("Converted_Date_Time") if role.convertible else None,
        problems=tuple(problems),
    )


def field_texts(fields: Mapping[str, Sequence[str]], raw: Mapping[str, Any]) -> dict[str, list[str]]:
    """Meaning → the cleaned texts of a raw record under the API names of that meaning, in their order; blanks left out."""
    return {
        meaning: [text for name in names if (text := _text(raw.get(name))) is not None]
        for meaning, names in fields.items()
    }


def judge(role: Role, record: ZohoRecord, forecasts: Mapping[str, str] | None = None) -> Judgement:
    """The milestones that a record stands for, dated, by the role's rules.

    `forecasts` is stage → Zoho's forecast type; it speaks where no list names the stage. A record without any time
    of its own gives no milestone. A deleted record is not judged here: the caller takes its milestones back.
    """
    meanings, note = _meanings(role, record.stage, forecasts)
    created, changed = record.created_at or record.modified_at, record.modified_at or record.created_at
    found: dict[str, Milestone] = {}

    def add(milestone: str | None, happened_at: str | None, detail: str, *, dated: bool = False) -> None:
        if milestone in MEANINGS[:5] and happened_at and milestone not in found:
            found[str(milestone)] = Milestone(str(milestone), happened_at, dated, detail)

    if record.converted:
        add(role.converted, record.converted_at or changed, "converted")
    for meaning in MEANINGS[:5]:
        if meaning in meanings:
            exact = record.delivered_on if meaning == "delivery" else None
            # A contact and an appointment are dated by the record's own making: the call centre makes it then, and
            # later changes of other fields move nothing.
            undated = created if meaning in ("contacted", "appointment") else changed
            add(meaning, exact or undated, record.stage or "", dated=exact is not None)
    if role.record == "delivery":
        add("delivery", record.delivered_on or created, "record", dated=record.delivered_on is not None)
    elif role.record:
        add(role.record, created, "record")
    if "churned" in meanings and record.delivered_on:
        # The machine was there before it went: without this, a delivery first seen as churned would never count.
        add("delivery", record.delivered_on, record.stage or "", dated=True)
    elif "churned" in meanings:
        add("delivery", changed, record.stage or "")
    return Judgement(tuple(found.values()), _denied(meanings), note)


def unknown_stages(role: Role, stages: Iterable[str | None]) -> set[str]:
    """The stages that no list of the role names, so that Zoho's forecast types are needed."""
    return {stage for stage in stages if stage and plain(stage) not in role.stages and role.stages}


def _meanings(
    role: Role, stage: str | None, forecasts: Mapping[str, str] | None
) -> tuple[frozenset[str], str | None]:
    if stage is None:
        return frozenset(), None
    named = role.stages.get(plain(stage))
    if named is not None:
        return named, None
    by_forecast = {plain(known): kind for known, kind in (forecasts or {}).items()}
    kind = by_forecast.get(plain(stage))
    if kind is not None and kind in role.forecast:
        return frozenset({role.forecast[kind]}), None
    if not role.stages:
        return frozenset(), None
    return frozenset(), (
        f"The stage '{stage[:60]}' of {role.module} is in no list of config/zoho.yaml, so it changes nothing. Add it "
        "to the list of what it means."
    )


def _denied(meanings: frozenset[str]) -> frozenset[str]:
    """What a stage explicitly denies: only a stage that is understood takes anything back."""
    if not meanings:
        return frozenset()
    denied = set()
    if "lost" not in meanings:
        denied.add("lost")  # reopened
    if meanings & {"delivery", "not_delivered"} and "churned" not in meanings:
        denied.add("churned")
    if "not_delivered" in meanings:
        denied.add("delivery")
    return frozenset(denied)


def _text(value: object) -> str | None:
    """The cleaned text of a value as Zoho gives it: text, number, or a lookup with a name."""
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return lead_values.text(str(value))


def _link(value: object) -> str | None:
    """The id a lookup points to, as {name, id}, {id} or the bare id."""
    target = value.get("id") if isinstance(value, dict) else value
    return target if isinstance(target, str) and target.isascii() and target.isdigit() else None


def _moment(value: object, name: str, problems: list[str]) -> str | None:
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        problems.append(f"{name} was expected as 2026-02-11T09:30:00-05:00 and could not be read.")
        return None


def _day(value: object, name: str, problems: list[str]) -> str | None:
    """The calendar day of a date; of a moment the day in the organisation's own zone."""
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        problems.append(f"{name} was expected as a day like 2026-02-11 and could not be read.")
        return None
