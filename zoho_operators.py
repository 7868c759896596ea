"""Operators from Zoho: accounts of the configured type become, or are linked to, the operators of the export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import lead_values
from actors import Actor, require
from errors import ConfigError, Unavailable
from stores import operators as store
from stores import zoho as zoho_store
from sync_run import SyncRun, sync_run
from turso_db import Database
from zoho_client import ZohoClient, moment
from zoho_profile import Operators, Profile, plain
from zoho_reading import since_of

_ROLE = "operators"
_PASSES = 3


@dataclass(frozen=True)
class OperatorsSynced:
    """What a sync of operators did. read = created + updated + linked + unchanged + skipped; other accounts are not
    counted."""

    run_id: int
    mode: str  # full, incremental
    counts: dict[str, int]
    errors: list[str]


def sync_operators(
    db: Database,
    zoho: ZohoClient,
    *,
    profile: Profile,
    actor: Actor,
    clock: Callable[[], datetime],
    full: bool = False,
) -> OperatorsSynced:
    """Operators as Zoho has them now, those changed since the last sync or (`full`) all.

    An account is linked to an operator that was typed in here when name and ZIP, or name and phone, agree. A field
    is changed when Zoho's own value changed; a blank in Zoho blanks nothing, and no operator is ever removed. Counts:
    read, created, updated, linked, unchanged, skipped (each with a sentence in `errors`), calls, credits.
    ConfigError when the profile has no operators or their module lacks the needed fields.
    """
    require(actor, "ops", "sync with Zoho")
    settings = profile.operators
    if settings is None:
        raise ConfigError("config/zoho.yaml has no part `operators`, so there is nothing to sync. Add it.")
    bookmark = zoho_store.read_bookmarks(db).get(_ROLE)
    since = None if full else since_of(bookmark, profile)
    mode = "full" if since is None else "incremental"
    with sync_run(
        db, kind="operators", mode=mode, actor=actor, clock=clock, costs=lambda: (zoho.calls, zoho.credits)
    ) as run:
        fields = _fields(db, zoho, profile, settings, clock(), again=full)
        accounts, newest = _read_accounts(zoho, settings, fields, since, run)
        _keep(db, settings, accounts, run, clock())
        told = ("created", "updated", "linked", "unchanged", "skipped")
        run.note(f"Operators: {', '.join(f'{run.counts[name]:,} {name}' for name in told)}.")
        if newest is not None:
            db.write(
                [
                    zoho_store.set_bookmark(
                        role=_ROLE, modified_until=newest, profile_sha256=profile.sha256, run_id=run.run_id,
                        now=clock(), full=since is None,
                    )
                ],
                bump=False,
            )  # fmt: skip
    return OperatorsSynced(run.run_id, mode, run.counts, run.errors)


def _fields(
    db: Database, zoho: ZohoClient, profile: Profile, settings: Operators, now: datetime, *, again: bool
) -> list[str]:
    """The API names to ask for; ConfigError when the type or the name is not among the module's fields."""
    key = f"operator fields {profile.sha256}"
    existing = None if again else zoho_store.read_setup(db, key=key)
    if existing is None:
        existing = sorted(str(entry.get("api_name")) for entry in zoho.fields(settings.module))
        for name, place in ((settings.type_field, "type_field"), (settings.fields["name"][0], "fields.name")):
            if name not in existing:
                raise ConfigError(
                    f"Zoho's module {settings.module} has no field {name}. Set its API name under operators.{place} in "
                    "config/zoho.yaml (Zoho: Setup > Developer Space > APIs > API Names)."
                )
        db.write([zoho_store.note_setup(key=key, value=existing, now=now)], bump=False)
    wanted = [name for names in settings.fields.values() for name in names if name in existing]
    return list(dict.fromkeys([*wanted, settings.type_field, "Created_Time", "Modified_Time"]))


def _read_accounts(
    zoho: ZohoClient, settings: Operators, fields: Sequence[str], since: datetime | None, run: SyncRun
) -> tuple[dict[str, dict[str, Any]], str | None]:
    """id → raw account of every account read, and until when the bookmark may move; confirmed by Zoho's count."""
    accounts: dict[str, dict[str, Any]] = {}
    started: datetime | None = None
    counted: int | None = None
    for _ in range(_PASSES):
        for page in zoho.records(settings.module, fields, modified_since=since):
            run.hold()
            started = started or zoho.server_time
            for raw in page:
                if isinstance(raw.get("id"), str):
                    accounts[raw["id"]] = raw
                elif (
                    sentence := f"{settings.module}: a record without an id came and was left out."
                ) not in run.errors:
                    run.errors.append(sentence)
        counted = zoho.count(settings.module, where=[f"Modified_Time > {moment(since)}"] if since else [])
        if counted is None and since is None:
            counted = zoho.count_all(settings.module)
        if counted is None or counted <= len(accounts):
            newest = max(
                (at for raw in accounts.values() if (at := _utc(raw.get("Modified_Time")))), default=None
            )
            began = started.strftime("%Y-%m-%dT%H:%M:%SZ") if started else None
            return accounts, min(filter(None, (newest, began)), default=None) if newest else None
    raise Unavailable(
        f"Zoho counts {counted:,} accounts, but {len(accounts):,} could be read, {_PASSES} times in a row. No operator "
        "was changed. Try again later."
    )


def _keep(
    db: Database, settings: Operators, accounts: Mapping[str, Mapping[str, Any]], run: SyncRun, now: datetime
) -> None:
    """The operators as the accounts say; the counts of the run."""
    operators = store.read_all_operators(db)
    said_before = store.read_zoho_accounts(db)
    by_account = {row["zoho_account_id"]: row for row in operators if row["zoho_account_id"]}
    free = [row for row in operators if not row["zoho_account_id"]]
    taken = {_place(row): row.get("id") for row in operators}
    counts = dict.fromkeys(("read", "created", "updated", "linked", "unchanged", "skipped"), 0)
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    said: dict[str, dict[str, Any]] = {}
    for key in sorted(accounts, key=int):
        raw = accounts[key]
        if plain(str(raw.get(settings.type_field) or "")) != plain(settings.type):
            continue
        counts["read"] += 1
        facts = _facts(settings, raw)
        if facts["name"] is None:
            counts["skipped"] += 1
            run.errors.append(f"The account {key} in Zoho has no name and was skipped. Give it one there.")
            continue
        known = by_account.get(key)
        linked = known is None and (known := _same(free, facts)) is not None
        before = said_before.get(key, {})
        row = _merged(known, facts, before) if known is not None else facts | {"zoho_account_id": key}
        row["zoho_account_id"] = key
        if taken.get(_place(row), row.get("id")) != row.get("id") or (known is None and _place(row) in taken):
            counts["skipped"] += 1
            run.errors.append(
                f"The account {key} in Zoho has the name and ZIP of another operator and was skipped. Merge the two in "
                "Zoho, or give them different ZIPs."
            )
            continue
        said[key] = facts
        if known is None:
            taken[_place(row)] = None
            new.append(row)
            counts["created"] += 1
        elif linked or any(row[name] != known[name] for name in store.FIELDS):
            if linked:
                free.remove(known)
            taken.pop(_place(known), None)
            taken[_place(row)] = known["id"]
            changed.append(row | {"id": known["id"]})
            counts["linked" if linked else "updated"] += 1
        else:
            counts["unchanged"] += 1
    # One write: operators, and what Zoho said, agree whenever a run ends.
    db.write(
        [
            store.update_from_zoho(rows=changed, now=now),
            store.insert_from_zoho(rows=new, now=now),
            store.note_zoho_accounts(accounts=said),
        ],
        bump=bool(new or changed),
    )
    run.counts |= counts


def _facts(settings: Operators, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an operator as the account says them; None for what is blank or unreadable."""

    def first(name: str) -> str | None:
        texts = (
            lead_values.text(str(raw[field])) for field in settings.fields.get(name, ()) if raw.get(field)
        )
        return next((text for text in texts if text), None)

    facts: dict[str, Any] = {name: first(name) for name in store.FIELDS}
    for name, parse in (("phone", lead_values.phone), ("zip_code", lead_values.zip_code)):
        facts[name] = parse(facts[name]) if facts[name] else None
    if facts["email"] is not None and "@" not in facts["email"]:
        facts["email"] = None
    return facts


def _merged(known: Mapping[str, Any], facts: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The operator with every value that Zoho changed since it was last asked, or that was blank here."""
    merged = {name: known[name] for name in store.FIELDS}
    for name in store.FIELDS:
        if facts[name] is not None and (
            merged[name] is None or facts[name] != before.get(name, merged[name])
        ):
            merged[name] = facts[name]
    return merged | {"id": known["id"]}


def _same(free: Sequence[dict[str, Any]], facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """The operator that was typed in here and is this account: the same name, and ZIP or phone agree or are unknown."""
    name = lead_values.normalised_company_name(facts["name"])
    named = [row for row in free if lead_values.normalised_company_name(row["name"]) == name]
    for field in ("zip_code", "phone"):
        agreeing = [row for row in named if row[field] is not None and row[field] == facts[field]]
        if len(agreeing) == 1:
            return agreeing[0]
    blank = [row for row in named if row["zip_code"] is None or facts["zip_code"] is None]
    return blank[0] if len(named) == len(blank) == 1 else None


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    """What no two operators may share."""
    return str(row["name"]).lower(), row["zip_code"] or ""


def _utc(value: object) -> str | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None
