"""Whether the connection with Zoho can work: client, scopes, modules, fields and stages against Zoho's own metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from errors import HadesError
from zoho_client import ZohoClient
from zoho_profile import Profile, Role, plain
from zoho_reading import missing_field

GOOD, MEND, NOTE = "good", "mend", "note"


class Finding(NamedTuple):
    """One thing that was looked at: good, to mend before a sync can work, or worth a note."""

    state: str
    sentence: str


def check_connection(zoho: ZohoClient, *, profile: Profile) -> list[Finding]:
    """What is right and what is missing, in sentences that say where to click; nothing is changed or kept.

    Errors become findings: with credentials that do not work there is one finding and nothing more to look at.
    """
    try:
        modules = {str(entry.get("api_name")): entry for entry in zoho.modules()}
    except HadesError as error:
        return [Finding(MEND, str(error))]
    findings = [Finding(GOOD, "Zoho accepts the client and the refresh token.")]
    for role in profile.roles.values():
        findings += _role_findings(zoho, role, profile, modules)
    if profile.operators is not None:
        settings = profile.operators
        found = _fields(zoho, settings.module, modules, "operators.module")
        findings += found if isinstance(found, list) else _operator_findings(found, profile)
    findings += _further_findings(zoho, profile, modules)
    findings += _query_findings(zoho, profile)
    return findings


def _role_findings(
    zoho: ZohoClient, role: Role, profile: Profile, modules: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    fields = _fields(zoho, role.module, modules, f"modules.{role.key}.module")
    if isinstance(fields, list):
        yield from fields
        return
    missing = role.missing(fields)
    for name in missing:
        alike = _alike(name, fields)
        hint = f" Zoho has a field {alike} that may be meant." if alike else ""
        yield Finding(MEND, missing_field(role, name) + hint)
    optional = [
        names[0]
        for meaning, names in role.fields.items()
        if not set(names) & fields.keys() and names[0] not in missing
    ]
    optional = [name for name in optional if not name.startswith("Converted_")]
    if optional:
        yield Finding(
            NOTE,
            f"{role.module} has no {', '.join(optional)}; matching and history do without. If they exist under other "
            f"names, set these under modules.{role.key}.fields in config/zoho.yaml.",
        )
    for name in role.fields.get("batch", ()):
        if fields.get(name, {}).get("data_type") == "textarea":
            yield Finding(
                NOTE,
                f"{role.module}.{name} is a multi-line field, which Zoho cannot search. A single-line field is better.",
            )
    for name in role.fields.get("deal", ()) if role.key == "deliveries" else ():
        target = ((fields.get(name, {}).get("lookup") or {}).get("module") or {}).get("api_name")
        wanted = profile.roles["deals"].module if "deals" in profile.roles else None
        if target and wanted and target != wanted:
            yield Finding(
                MEND, f"{role.module}.{name} looks up {target}, but the deals are in {wanted}. Name the lookup to {wanted} "
                f"under modules.{role.key}.fields.deal in config/zoho.yaml.",
            )  # fmt: skip
    yield from _value_findings(zoho, role, fields, profile)
    if not missing:
        yield Finding(GOOD, f"{role.module} has the fields that are needed.")


def _value_findings(
    zoho: ZohoClient, role: Role, fields: Mapping[str, Mapping[str, Any]], profile: Profile
) -> Iterator[Finding]:
    """Stages without a meaning, and lead sources that look like ours."""
    for name in role.fields.get("stage", ()):
        unknown = [value for value in _values(fields.get(name, {})) if plain(value) not in role.stages]
        if unknown and role.forecast:
            try:
                told = zoho.stages(role.module)
            except HadesError as error:
                yield Finding(NOTE, f"What the stages of {role.module} forecast could not be read: {error}")
                told = {}
            unknown = [value for value in unknown if told.get(value) not in role.forecast]
        if unknown and role.stages:
            shown = ", ".join(f"'{value[:40]}'" for value in unknown[:12])
            yield Finding(
                NOTE,
                f"{role.module}.{name} has values that mean nothing yet: {shown}. Put those that mean something into a list "
                f"under modules.{role.key}.outcomes.stages in config/zoho.yaml.",
            )
    for name in role.fields.get("source", ()):
        values = _values(fields.get(name, {}))
        ours = [value for value in values if profile.is_our_source(value)]
        alike = [value for value in values if "vanilla" in plain(value) and value not in ours]
        if alike:
            yield Finding(
                NOTE, f"{role.module}.{name} has values that look like VanillaSoft and are not counted: "
                f"{', '.join(alike[:5])}. Add them to lead_source in config/zoho.yaml if they are.",
            )  # fmt: skip
        elif values and not ours:
            yield Finding(
                NOTE, f"{role.module}.{name} has no value {' or '.join(profile.lead_sources)}. Set lead_source in "
                "config/zoho.yaml to what VanillaSoft writes there.",
            )  # fmt: skip


def _operator_findings(fields: Mapping[str, Mapping[str, Any]], profile: Profile) -> Iterator[Finding]:
    settings = profile.operators
    assert settings is not None
    missing = [name for name in (settings.type_field, settings.fields["name"][0]) if name not in fields]
    for name in missing:
        yield Finding(
            MEND, f"Zoho's module {settings.module} has no field {name}. Set its API name under operators in "
            "config/zoho.yaml (Zoho: Setup > Developer Space > APIs > API Names).",
        )  # fmt: skip
    values = _values(fields.get(settings.type_field, {}))
    if values and plain(settings.type) not in map(plain, values):
        yield Finding(
            NOTE, f"{settings.module}.{settings.type_field} has no value '{settings.type}', so no operator will be found. Set "
            "operators.type in config/zoho.yaml to the one your Zoho uses.",
        )  # fmt: skip
    if not missing:
        yield Finding(GOOD, f"{settings.module} has the fields that are needed for operators.")


def _further_findings(
    zoho: ZohoClient, profile: Profile, modules: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """What deals and lists of whom not to call lack: notes, because outcomes come in without them."""
    wanted = [
        (entry.module, entry.flag, f"suppression.{entry.name}")
        for entry in profile.suppression
        if entry.module
    ]
    if profile.deals is not None:
        wanted.append((profile.deals.module, profile.deals.fields["stage"][0], "deals"))
    known: dict[str, dict[str, Mapping[str, Any]] | list[Finding]] = {}
    for module, name, place in wanted:
        if module not in known:
            known[module] = _fields(zoho, module, modules, f"{place}.module")
        fields = known[module]
        if isinstance(fields, list):
            yield from (found._replace(state=NOTE) for found in fields)
        elif name not in fields:
            yield Finding(
                NOTE, f"{module} has no field {name}, so {place} of config/zoho.yaml brings nothing in. Make the field in "
                f"Zoho, set its API name there, or take the part out.",
            )  # fmt: skip


def _query_findings(zoho: ZohoClient, profile: Profile) -> Iterator[Finding]:
    """Whether queries are allowed at all: their scope is a separate one, and it is the one that is forgotten."""
    role = next(iter(profile.roles.values()))
    try:
        next(zoho.coql(role.module, ["Modified_Time"], page_rows=1), None)
    except HadesError as error:
        yield Finding(MEND, str(error))
    else:
        yield Finding(GOOD, "Zoho answers queries, which the sync reads with.")


def _fields(
    zoho: ZohoClient, module: str, modules: Mapping[str, Mapping[str, Any]], key: str
) -> dict[str, Mapping[str, Any]] | list[Finding]:
    """The fields of a module by API name, or the finding that says why not."""
    if module not in modules:
        by_label = [
            name for name, entry in modules.items()
            if plain(module) in (plain(str(entry.get("plural_label") or "")), plain(str(entry.get("module_name") or "")))
        ]  # fmt: skip
        hint = (
            f" The module shown as '{module}' has the API name {by_label[0]}: write that." if by_label else ""
        )
        return [
            Finding(
                MEND, f"Zoho has no module with the API name {module}. Set {key} in config/zoho.yaml (Zoho: Setup > Developer "
                f"Space > APIs > API Names).{hint}",
            )
        ]  # fmt: skip
    try:
        return {str(entry.get("api_name")): entry for entry in zoho.fields(module)}
    except HadesError as error:
        return [Finding(MEND, str(error))]


def _values(field: Mapping[str, Any]) -> list[str]:
    """The values of a picklist, without the blank one."""
    listed: Sequence[Mapping[str, Any]] = field.get("pick_list_values") or []
    values = [str(entry.get("display_value") or entry.get("actual_value") or "") for entry in listed]
    return [value for value in values if plain(value) not in ("", "-none-")]


def _alike(name: str, fields: Mapping[str, Mapping[str, Any]]) -> str | None:
    """A field whose label or API name is the same but for case, blanks and underscores."""
    wanted = plain(name.replace("_", " "))
    for known, entry in fields.items():
        labels = (known.replace("_", " "), str(entry.get("field_label") or ""))
        if any(plain(label.replace("_", " ")) in (wanted, f"{wanted}1") for label in labels):
            return known
    return None
