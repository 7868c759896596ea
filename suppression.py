"""Whom not to call: lists are loaded from files or from Zoho, asked before every export, and must not be old."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import pandas as pd

from actors import Actor, require
from errors import ConfigError, InputError
from stores import suppression as store
from stores.audit import audit_entry, chosen_columns
from stores.zoho_lists import read_last_sync
from suppression_keys import Entries, Found, different_keys, read_entries
from turso_db import Database
from zoho_client import ZohoClient
from zoho_lists import ZOHO_FIELDS, known_sites, read_flagged
from zoho_profile import Profile

_MANY = 20  # entries of a list that is not given up for one of less than half


class Loaded(NamedTuple):
    """What became of a list's rows: rows_in = entries' rows + repeated + rejected."""

    counts: dict[str, int]
    rejected: list[tuple[int, str]]  # (row number, sentence)


def load_list(
    db: Database,
    *,
    content: bytes,
    file_name: str,
    kind: str,
    name: str,
    scrubbed_on: date,
    columns: Mapping[str, Sequence[str]],
    today: date,
    now: datetime,
    actor: Actor,
    mapping: Mapping[str, str] | None = None,
) -> Loaded:
    """What became of the rows; the list is in force from now on, and the one of the same name and kind no longer.

    `mapping` (field → header) is a person's choice of columns and wins over `columns`.
    Counts: rows_in, entries (different keys), repeated, rejected. InputError for an unknown kind, a name that is
    empty, a scrub date in the future, a file without a fitting column or without one entry.
    """
    require(actor, "ops", "load a suppression list")
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120:
        raise InputError("A list was expected to have a name of up to 120 characters, such as its source.")
    if scrubbed_on > today:
        raise InputError(
            f"The scrub date was expected to be today or earlier, got {scrubbed_on}. Give the day on which the "
            "source stood so."
        )
    entries = read_entries(content, file_name, kind, columns, mapping)
    if not entries.keys:
        raise InputError(f"{file_name} has no entry for a list of the kind {kind}. Check file and kind.")
    counts = _counts(entries)
    _put_in_force(
        db, name=name, kind=kind, scrubbed_on=scrubbed_on, file_name=file_name, content=content, keys=entries.keys,
        counts=counts, mapping=mapping, now=now, actor=actor,
    )  # fmt: skip
    return Loaded(counts, entries.rejected)


class FromZoho(NamedTuple):
    """One list that was read out of Zoho: what became of its records, or in a sentence why it stayed as it was."""

    name: str
    kind: str
    loaded: Loaded | None
    why_not: str | None


def load_lists_from_zoho(
    db: Database, zoho: ZohoClient, *, profile: Profile, today: date, now: datetime, actor: Actor
) -> list[FromZoho]:
    """One entry per list and kind of `suppression` in zoho.yaml; each that was read replaces the one before.

    The scrub date is today, and of sites seen by a sync the day of that sync. A company without a ZIP is left out: it
    would bar every site of its name. A list that shrank to less than half stays as it was, until a person retires it.
    ConfigError when zoho.yaml has no lists; a list whose module or field Zoho does not have is told and stays.
    """
    require(actor, "ops", "load a suppression list")
    if not profile.suppression:
        raise ConfigError(
            "config/zoho.yaml has no part `suppression`, so no list can be read from Zoho. Add it."
        )
    lists = store.read_lists(db)
    in_force = dict(
        zip(zip(lists["name"].str.lower(), lists["kind"], strict=True), lists["entries"], strict=True)
    )
    done = []
    for entry in profile.suppression:
        day = today
        try:
            if entry.module:
                content = read_flagged(zoho, entry, profile)
            else:
                synced_at = read_last_sync(db)
                if synced_at is None:
                    raise ConfigError(
                        "Outcomes were never synced from Zoho. Sync them, then load this list again."
                    )
                content, day = known_sites(db, entry, profile), date.fromisoformat(synced_at[:10])
        except ConfigError as error:
            done += [FromZoho(entry.name, kind, None, str(error)) for kind in entry.kinds]
            continue
        for kind in entry.kinds:
            was = int(in_force.get((entry.name.lower(), kind), 0))
            done.append(
                _replaced(db, entry.name, kind, content, min(day, today), was=was, now=now, actor=actor)
            )
    return done


def _replaced(
    db: Database, name: str, kind: str, content: bytes, day: date, *, was: int, now: datetime, actor: Actor
) -> FromZoho:
    entries = read_entries(content, "Zoho", kind, {field: [field] for field in ZOHO_FIELDS})
    if kind == "company":
        entries = _sites_alone(entries)
    if was >= _MANY and len(entries.keys) < was / 2:
        return FromZoho(
            name, kind, None,
            f"Zoho now gives {len(entries.keys):,} entries where the list in force has {was:,}. That looks like a mistake "
            "in Zoho, so the list stays. If it is meant, retire the list and load again.",
        )  # fmt: skip
    counts = _counts(entries)
    _put_in_force(
        db, name=name, kind=kind, scrubbed_on=day, file_name="Zoho", content=content, keys=entries.keys, counts=counts,
        now=now, actor=actor,
    )  # fmt: skip
    return FromZoho(name, kind, Loaded(counts, entries.rejected), None)


def _sites_alone(entries: Entries) -> Entries:
    """The entries without companies that have no ZIP: these are rejected, without a row."""
    bare = [key for key in entries.keys if "|" not in key]
    told = [
        (0, f"'{key[:60]}' has no ZIP and would bar every site of its name. Add the ZIP in Zoho.")
        for key in bare
    ]
    return entries._replace(
        keys=[key for key in entries.keys if "|" in key], rejected=[*entries.rejected, *told]
    )


def _counts(entries: Entries) -> dict[str, int]:
    return {
        "rows_in": entries.rows_in,
        "entries": len(entries.keys),
        "repeated": entries.repeated,
        "rejected": len(entries.rejected),
    }


def _put_in_force(
    db: Database,
    *,
    name: str,
    kind: str,
    scrubbed_on: date,
    file_name: str,
    content: bytes,
    keys: Sequence[str],
    counts: Mapping[str, int],
    now: datetime,
    actor: Actor,
    mapping: Mapping[str, str] | None = None,
) -> None:
    detail = {**counts, **chosen_columns(mapping), "kind": kind, "scrubbed_on": scrubbed_on.isoformat()}
    db.write(
        [
            *store.insert_list(
                name=name, kind=kind, scrubbed_on=scrubbed_on, file_name=file_name,
                file_sha256=hashlib.sha256(content).hexdigest(), keys=keys, now=now, actor=actor.name,
            ),
            audit_entry(now=now, actor=actor, action="load suppression list", subject=name, detail=detail),
        ]
    )  # fmt: skip


def retire_list(db: Database, *, list_id: int, now: datetime, actor: Actor) -> None:
    """Nothing; the list is no longer asked. InputError when it is not in force."""
    require(actor, "ops", "retire a suppression list")
    lists = store.read_lists(db)
    names = lists.loc[lists["list_id"] == list_id, "name"].tolist()
    if not names:
        raise InputError(f"There is no suppression list {list_id} in force. Open the page anew.")
    db.write(
        [
            store.retire(list_id=list_id, now=now, actor=actor.name),
            audit_entry(now=now, actor=actor, action="retire suppression list", subject=names[0]),
        ]
    )


def find_suppressed(db: Database, *, leads: pd.DataFrame, kinds: Sequence[str] | None = None) -> Found:
    """For preflight: kind → {key: the sentence which list names it}, over all keys of these leads.

    `kinds`: of the lists in force, where the caller knows them already; a round trip finds them out otherwise.
    """
    kinds = store.read_kinds(db) if kinds is None else kinds
    if not kinds:
        return {}
    keys = different_keys(leads, kinds)
    found: dict[str, dict[str, str]] = {kind: {} for kind in keys}
    what = {"phone": "A number", "company": "The company", "domain": "The web domain", "person": "The person"}
    for row in store.read_found(db, keys=keys).to_dict("records"):
        found[row["kind"]][row["key"]] = (
            f"{what[row['kind']]} is on the suppression list {row['name']} of {row['scrubbed_on']}."
        )
    return found
