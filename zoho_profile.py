"""The profile of a Zoho CRM: which modules and fields hold what, and which stages mean what (config/zoho.yaml)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_ids import folded
from errors import ConfigError
from strict_yaml import Findings, joined, raise_mistakes, read_yaml

ROLES = ("leads", "deals", "deliveries")
MEANINGS = ("contacted", "appointment", "delivery", "churned", "lost", "open", "not_delivered")
FORECASTS = ("Open", "Closed Won", "Closed Lost")
FIELDS = (
    "name", "batch", "source", "stage", "phone", "website", "street", "city", "state", "zip", "sic", "industry",
    "employees", "vanillasoft_id", "contact_id", "company_id", "account", "deal", "delivered_on",
)  # fmt: skip
OPERATOR_FIELDS = ("name", "business_name", "phone", "email", "zip_code", "website", "team")
DEAL_FIELDS = (
    "account",
    "owner",
    "region",
    "industry",
    "product",
    "lead_source",
    "stage",
    "amount",
    "closed_on",
)
DEAL_OUTCOMES = ("open", "won", "lost")
LIST_KINDS = ("phone", "company", "domain", "person")
LIST_FIELDS = (
    "direct_phone", "mobile_phone", "company_phone", "company_name", "zip_code", "website", "email", "first_name",
    "last_name",
)  # fmt: skip
SYSTEM_FIELDS = ("Created_Time", "Modified_Time")
CONVERSION_FIELDS = ("Converted__s", "Converted_Date_Time", "Converted_Deal")
_NEEDED = {"leads": ("name",), "deals": ("name",), "deliveries": ("deal",)}
# Without these the sync would run and quietly miss what it is for; other fields may be absent in Zoho.
_MUST_EXIST = ("name", "batch", "deal", "delivered_on")
_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Role:
    """One part of the profile: a module of Zoho, its fields by meaning, and what its records mean."""

    key: str
    module: str
    fields: Mapping[str, tuple[str, ...]]
    convertible: bool = False
    record: str | None = None
    converted: str | None = None
    stages: Mapping[str, frozenset[str]] = field(default_factory=dict)  # plain stage → meanings
    forecast: Mapping[str, str] = field(default_factory=dict)

    def api_names(self, existing: Iterable[str] | None = None) -> list[str]:
        """The fields to ask Zoho for; of those that may be absent only the `existing` ones, where these are known."""
        known = None if existing is None else set(existing)
        named = [
            name
            for meaning, names in self.fields.items()
            for name in names
            if known is None or name in known or meaning in _MUST_EXIST or name in CONVERSION_FIELDS
        ]
        system = [*SYSTEM_FIELDS, *(CONVERSION_FIELDS if self.convertible else ())]
        return list(dict.fromkeys([*named, *system]))

    def missing(self, existing: Iterable[str]) -> list[str]:
        """The API names that must exist in the module and do not."""
        known = {*existing, *CONVERSION_FIELDS}
        return [
            names[0]
            for meaning, names in self.fields.items()
            if meaning in _MUST_EXIST and not known.intersection(names)
        ]


@dataclass(frozen=True)
class Operators:
    """Where the vending operators are, and which field means what."""

    module: str
    type_field: str
    type: str
    fields: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class SalesDeals:
    """Where the deals of sales are, which field means what, and the stages that are won or lost by name."""

    module: str
    fields: Mapping[str, tuple[str, ...]]
    stages: Mapping[str, str] = field(default_factory=dict)  # plain stage → open, won, lost


@dataclass(frozen=True)
class NotToCall:
    """One suppression list out of Zoho: the records of a module whose field `flag` has one of `values`, or (`outcomes`)
    the sites that came that far.
    """

    name: str
    kinds: tuple[str, ...]
    module: str | None = None
    flag: str | None = None
    values: tuple[str | bool, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outcomes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """config/zoho.yaml, checked. `roles` is in the order leads, deals, deliveries; at least one is there."""

    sha256: str
    roles: Mapping[str, Role]
    lead_sources: tuple[str, ...]
    overlap_minutes: int
    operators: Operators | None
    deals: SalesDeals | None = None
    suppression: tuple[NotToCall, ...] = ()

    def is_our_source(self, source: str | None) -> bool:
        """Whether this lead source is VanillaSoft's, however it is spelled."""
        return source is not None and plain(source) in {plain(known) for known in self.lead_sources}


def read_profile(config_dir: Path, name: str = "zoho.yaml") -> Profile:
    """The profile in the folder; ConfigError when the file is missing or wrong."""
    try:
        text = (config_dir / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"config/{name} was expected to say how outcomes are read from Zoho, but it cannot be read. Restore it "
            "from the release, or set HADES_CONFIG_DIR."
        ) from error
    return parse_profile(text, name)


def parse_profile(text: str, name: str = "zoho.yaml") -> Profile:
    """The profile in the text; ConfigError with one sentence per mistake, naming the key."""
    data, _ = read_yaml(text, name)
    found = Findings()
    whole = found.section(
        data, "", ("lead_source", "modules"), ("overlap_minutes", "operators", "deals", "suppression")
    )
    sources = _words(found, whole, "lead_source", "")
    overlap = found.number(whole, "overlap_minutes", "", 0, 1440, whole=True)
    modules = found.section(whole.get("modules", {}), "modules", (), ROLES)
    roles = {key: _role(found, modules[key], key) for key in ROLES if key in modules}
    if not roles:
        found.mistakes.append("modules: expected at least one of leads, deals, deliveries. Add one.")
    operators = _operators(found, whole["operators"]) if whole.get("operators") is not None else None
    deals = _sales_deals(found, whole["deals"]) if whole.get("deals") is not None else None
    lists = found.section(whole.get("suppression") or {"": None}, "suppression")
    not_to_call = tuple(_not_to_call(found, data, str(key)) for key, data in lists.items() if key != "")
    raise_mistakes(name, found.mistakes)
    digest = hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
    return Profile(
        digest, roles, sources, 15 if overlap is None else int(overlap), operators, deals, not_to_call
    )


def plain(text: str) -> str:
    """A stage, status or source for comparing: without case and without any space."""
    return "".join(folded(text).casefold().split())


def _role(found: Findings, data: Any, key: str) -> Role:
    path = f"modules.{key}"
    part = found.section(
        data, path, ("module", "fields", "outcomes"), ("converted",) if key == "leads" else ()
    )
    fields = _fields(found, part.get("fields", {}), f"{path}.fields", FIELDS, _NEEDED[key])
    convertible = part.get("converted") is True
    if "converted" in part and not isinstance(part["converted"], bool):
        found.say(f"{path}.converted", "true or false", part["converted"])
    rules = found.section(
        part.get("outcomes", {}), f"{path}.outcomes", ("stages",), ("record", "converted", "forecast")
    )
    meant: dict[str, set[str]] = {}
    allowed = MEANINGS if key == "deliveries" else MEANINGS[:-1]
    stages = found.section(rules.get("stages", {}), f"{path}.outcomes.stages", (), allowed)
    for meaning in stages:
        for stage in _words(found, stages, meaning, f"{path}.outcomes.stages"):
            meant.setdefault(plain(stage), set()).add(str(meaning))
    for stage, meanings in meant.items():
        if len(meanings) > 1 and meanings & {"open", "not_delivered"}:
            found.mistakes.append(
                f"{path}.outcomes.stages: the stage '{stage}' cannot mean {' and '.join(sorted(meanings))} at once. "
                "Leave it in one of the lists."
            )
    if meant and "stage" not in fields:
        found.mistakes.append(
            f"{path}.fields.stage: this key is missing, but outcomes.stages needs it. Add it."
        )
    forecast = found.section(rules.get("forecast", {}), f"{path}.outcomes.forecast", (), FORECASTS)
    for kind in forecast:
        found.word(forecast, kind, f"{path}.outcomes.forecast", MEANINGS[:-1])
    for single in ("record", "converted"):
        if rules.get(single) is not None:
            found.word(rules, single, f"{path}.outcomes", MEANINGS[:3])
    return Role(
        key=key,
        module=_api_name(found, part, "module", path),
        fields=fields,
        convertible=convertible,
        record=rules.get("record"),
        converted=rules.get("converted") if convertible else None,
        stages={stage: frozenset(meanings) for stage, meanings in meant.items()},
        forecast=dict(forecast),
    )


def _operators(found: Findings, data: Any) -> Operators:
    part = found.section(data, "operators", ("module", "type_field", "type", "fields"))
    return Operators(
        module=_api_name(found, part, "module", "operators"),
        type_field=_api_name(found, part, "type_field", "operators"),
        type=found.word(part, "type", "operators") or "",
        fields=_fields(found, part.get("fields", {}), "operators.fields", OPERATOR_FIELDS, ("name",)),
    )


def _sales_deals(found: Findings, data: Any) -> SalesDeals:
    part = found.section(data, "deals", ("module", "fields"), ("stages",))
    stages = found.section(part.get("stages", {}), "deals.stages", (), DEAL_OUTCOMES)
    meant: dict[str, str] = {}
    for outcome in stages:
        for stage in _words(found, stages, outcome, "deals.stages"):
            if meant.setdefault(plain(stage), str(outcome)) != outcome:
                found.mistakes.append(
                    f"deals.stages: the stage '{stage}' is {meant[plain(stage)]} and {outcome}. Leave it in one list."
                )
    return SalesDeals(
        module=_api_name(found, part, "module", "deals"),
        fields=_fields(found, part.get("fields", {}), "deals.fields", DEAL_FIELDS, ("stage",)),
        stages=meant,
    )


def _not_to_call(found: Findings, data: Any, name: str) -> NotToCall:
    path = f"suppression.{name}"
    if isinstance(data, dict) and "outcomes" in data:
        part = found.section(data, path, ("outcomes", "kinds"))
        outcomes = _words(found, part, "outcomes", path)
        for wrong in sorted(set(outcomes) - set(MEANINGS[:5])):
            found.say(f"{path}.outcomes", f"some of {', '.join(MEANINGS[:5])}", wrong)
        return NotToCall(name, _kinds(found, part, path, ("phone", "company", "domain")), outcomes=outcomes)
    part = found.section(data, path, ("module", "field", "is", "kinds", "fields"))
    values = part.get("is")
    listed: list[Any] = values if isinstance(values, list) else [values]
    if "is" in part and not (listed and all(isinstance(v, str | bool) and v != "" for v in listed)):
        found.say(f"{path}.is", "true, a text or a list of texts", values)
    kinds = _kinds(found, part, path, LIST_KINDS)
    return NotToCall(
        name=name,
        kinds=kinds,
        module=_api_name(found, part, "module", path),
        flag=_api_name(found, part, "field", path),
        values=tuple(listed),
        fields=_fields(found, part.get("fields", {}), f"{path}.fields", LIST_FIELDS, ()),
    )


def _kinds(found: Findings, part: dict[str, Any], path: str, known: Sequence[str]) -> tuple[str, ...]:
    kinds = _words(found, part, "kinds", path)
    for wrong in [kind for kind in kinds if kind not in known]:
        found.say(f"{path}.kinds", f"some of {', '.join(known)}", wrong)
    return kinds


def _fields(
    found: Findings, data: Any, path: str, known: Sequence[str], needed: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    part = found.section(data, path, needed, [name for name in known if name not in needed])
    fields = {}
    for meaning in part:
        names = _words(found, part, meaning, path)
        for name in names:
            if not _API_NAME.fullmatch(name):
                found.say(joined(path, meaning), "API names of Zoho (letters, digits, underscores)", name)
        fields[str(meaning)] = names
    return fields


def _api_name(found: Findings, part: dict[str, Any], key: str, path: str) -> str:
    name = found.word(part, key, path)
    if name is not None and not _API_NAME.fullmatch(name):
        found.say(joined(path, key), "an API name of Zoho (letters, digits, underscores)", name)
    return name or ""


def _words(found: Findings, part: dict[str, Any], key: str, path: str) -> tuple[str, ...]:
    """One text or a list of texts as a tuple; an empty list and anything else is a mistake."""
    value = part.get(key)
    if key not in part:
        return ()
    listed = [value] if isinstance(value, str) else value
    if (
        not isinstance(listed, list)
        or not listed
        or not all(isinstance(v, str) and v.strip() for v in listed)
    ):
        found.say(joined(path, key), "a text or a list of texts", value)
        return ()
    return tuple(listed)
