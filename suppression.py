"""Whom not to call: lists are loaded from files, asked before every export, and must not be old."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import pandas as pd

from actors import Actor, require
from errors import InputError
from stores import suppression as store
from stores.audit import audit_entry
from suppression_keys import Found, lead_keys, read_entries
from turso_db import Database


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
) -> Loaded:
    """What became of the rows; the list is in force from now on, and the one of the same name and kind no longer.

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
    entries = read_entries(content, file_name, kind, columns)
    if not entries.keys:
        raise InputError(f"{file_name} has no entry for a list of the kind {kind}. Check file and kind.")
    counts = {
        "rows_in": entries.rows_in,
        "entries": len(entries.keys),
        "repeated": entries.repeated,
        "rejected": len(entries.rejected),
    }
    detail = counts | {"kind": kind, "scrubbed_on": scrubbed_on.isoformat()}
    db.write(
        [
            *store.insert_list(
                name=name, kind=kind, scrubbed_on=scrubbed_on, file_name=file_name,
                file_sha256=hashlib.sha256(content).hexdigest(), keys=entries.keys, now=now, actor=actor.name,
            ),
            audit_entry(now=now, actor=actor, action="load suppression list", subject=name, detail=detail),
        ]
    )  # fmt: skip
    return Loaded(counts, entries.rejected)


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
    own = lead_keys(leads, kinds)
    keys = {
        kind: [key for column in ways.values() for key in column.dropna().unique()]
        for kind, ways in own.items()
    }
    found: dict[str, dict[str, str]] = {kind: {} for kind in own}
    what = {"phone": "A number", "company": "The company", "domain": "The web domain", "person": "The person"}
    for row in store.read_found(db, keys=keys).to_dict("records"):
        found[row["kind"]][row["key"]] = (
            f"{what[row['kind']]} is on the suppression list {row['name']} of {row['scrubbed_on']}."
        )
    return found
