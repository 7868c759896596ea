"""Keys for programs: named, shown once, kept as a hash, revocable at any time."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from actors import Actor, named_actor, require
from errors import Conflict, InputError
from stores import api_keys as store
from stores.audit import audit_entry
from turso_db import Database

_FORM = re.compile(r"hades_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODY = hashlib.sha256(
    b""
).hexdigest()  # compared with when there is no such key, so that both take as long
AUTOMATION = "automation"  # who acts with the key in HADES_API_KEY


def create_key(db: Database, *, name: str, now: datetime, actor: Actor) -> str:
    """The new key: the only time that its secret part is seen. Conflict when a standing key has this name.

    Whoever holds the key acts as `name` with the role ops: scores leads, says what became of them, asks for a retraining.
    """
    require(actor, "admin", "create keys of the API")
    name = named_actor(name).name
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    try:
        db.write(
            [
                store.insert_key(key_id=key_id, name=name, sha256=_sha256(secret), now=now, actor=actor.name),
                audit_entry(now=now, actor=actor, action="create api key", subject=name, detail={"key_id": key_id}),
            ]
        )  # fmt: skip
    except Conflict as error:
        raise Conflict(
            f"There is a key named {name} already. Revoke it first, or choose another name."
        ) from error
    return f"hades_{key_id}_{secret}"


def revoke_key(db: Database, *, key: str, now: datetime, actor: Actor) -> str:
    """The name of the key that is revoked from now on; `key` is its name or its key_id. InputError when none stands."""
    require(actor, "admin", "revoke keys of the API")
    found = [
        row for row in store.read_keys(db)
        if row["revoked_at"] is None and key.strip().lower() in (row["name"].lower(), row["key_id"])
    ]  # fmt: skip
    if not found:
        raise InputError("No key that stands has this name or ID. Look at the list of keys.")
    row = found[0]
    db.write(
        [
            store.mark_revoked(key_id=row["key_id"], now=now, actor=actor.name),
            audit_entry(now=now, actor=actor, action="revoke api key", subject=row["name"], detail={"key_id": row["key_id"]}),
        ]
    )  # fmt: skip
    return str(row["name"])


def holder_of(db: Database, key: str, *, automation_key: str | None = None) -> Actor | None:
    """Who acts with this key, or None. `automation_key`: the one key that the environment gives."""
    if automation_key and hmac.compare_digest(_sha256(key), _sha256(automation_key)):
        return Actor(AUTOMATION, "ops")
    form = _FORM.fullmatch(key)
    row = store.read_key(db, key_id=form[1]) if form else None
    secret = form[2] if form else ""
    right = hmac.compare_digest(_sha256(secret), row["sha256"] if row else _NOBODY)
    return Actor(str(row["name"]), "ops") if row and right else None


def needs_key(db: Database, *, automation_key: str | None = None) -> bool:
    """Whether there is a key at all: from the first one on nobody gets in without."""
    return bool(automation_key) or store.is_any(db)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
