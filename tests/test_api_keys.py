"""Keys: shown once, kept as a hash, found by both parts, gone when revoked."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from actors import Actor
from api_keys import create_key, holder_of, needs_key, revoke_key
from errors import Conflict, InputError, Refused
from scripts import api_key
from scripts.command import run
from stores.api_keys import read_keys
from turso_db import Database

ADA = Actor("Ada", "admin")


def test_a_key_says_who_holds_it_until_it_is_revoked(db: Database, now: datetime) -> None:
    assert not needs_key(db)
    key = create_key(db, name="web shop", now=now, actor=ADA)
    other = create_key(db, name="crm", now=now, actor=ADA)
    assert needs_key(db)
    assert holder_of(db, key) == Actor("web shop", "ops")
    assert holder_of(db, other) == Actor("crm", "ops")
    assert revoke_key(db, key="Web Shop", now=now, actor=ADA) == "web shop"
    assert holder_of(db, key) is None
    assert holder_of(db, other) is not None
    with pytest.raises(InputError, match="No key that stands"):
        revoke_key(db, key="web shop", now=now, actor=ADA)


def test_no_part_of_another_key_opens(db: Database, now: datetime) -> None:
    key, other = (create_key(db, name=name, now=now, actor=ADA) for name in ("one", "two"))
    mixed = key[:19] + other[19:]
    for wrong in (mixed, key[:-1], key + "A", "", "hades_", key.upper(), "é" * 20, "\udcff"):
        assert holder_of(db, wrong) is None, wrong


def test_the_database_never_holds_the_secret(db: Database, db_path: Path, now: datetime) -> None:
    key = create_key(db, name="web shop", now=now, actor=ADA)
    db.close()
    for path in db_path.parent.iterdir():
        assert key.split("_", 2)[2].encode() not in path.read_bytes(), path.name


def test_a_name_is_held_by_one_key_at_a_time_and_free_again_after_it(db: Database, now: datetime) -> None:
    create_key(db, name="crm", now=now, actor=ADA)
    with pytest.raises(Conflict, match="a key named CRM already"):
        create_key(db, name="CRM", now=now, actor=ADA)
    revoke_key(db, key="crm", now=now, actor=ADA)
    create_key(db, name="CRM", now=now, actor=ADA)
    assert [row["revoked_by"] for row in read_keys(db)].count(None) == 1


def test_only_an_admin_makes_and_revokes_keys(db: Database, now: datetime) -> None:
    with pytest.raises(Refused):
        create_key(db, name="crm", now=now, actor=Actor("Max", "manager"))
    with pytest.raises(Refused):
        revoke_key(db, key="crm", now=now, actor=Actor("Max", "manager"))


def test_the_key_of_the_environment_is_the_automation_s(db: Database) -> None:
    secret = "planted-automation-key-0123456789"
    assert needs_key(db, automation_key=secret)
    assert holder_of(db, secret, automation_key=secret) == Actor("automation", "ops")
    assert holder_of(db, secret + "x", automation_key=secret) is None
    assert holder_of(db, "", automation_key=None) is None


def test_the_script_makes_lists_and_revokes(db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(api_key.main, ["create", "crm", "--actor", "Ada", "--json"]) == 0
    key = json.loads(capsys.readouterr().out)["key"]
    assert holder_of(db, key) == Actor("crm", "ops")
    assert run(api_key.main, ["list"]) == 0
    shown = capsys.readouterr().out
    assert "crm" in shown
    assert key.split("_", 2)[2] not in shown
    assert run(api_key.main, ["revoke", "crm", "--actor", "Ada"]) == 0
    assert holder_of(db, key) is None
    assert run(api_key.main, ["revoke", "crm", "--actor", "Ada"]) == 2
