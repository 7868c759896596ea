"""Keys of programs that use the API: create one, list them, revoke one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from actors import named_actor
from api_keys import create_key, revoke_key
from scripts.command import DONE, clock, opened, parser, run, table
from stores.api_keys import read_keys


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """create: name and key, shown this once. list: keys. revoke: the name."""
    options = parser("scripts.api_key", __doc__ or "")
    does = options.add_subparsers(dest="does", required=True, metavar="create|list|revoke")
    create = does.add_parser("create", help="a new key, shown once")
    create.add_argument("name", metavar="NAME", help="the program that will use it, such as 'web shop'")
    does.add_parser("list", help="all keys, without their secrets")
    revoke = does.add_parser("revoke", help="a key that nobody gets in with from now on")
    revoke.add_argument("key", metavar="NAME", help="its name or its ID")
    for part in (create, revoke):
        part.add_argument("--actor", required=True, metavar="NAME", help="who does it")
    for part in does.choices.values():
        part.add_argument("--json", action="store_true", help="print the result as one JSON object")
    said = options.parse_args(argv)
    with opened() as (db, _):
        if said.does == "create":
            actor = named_actor(said.actor, "admin")
            key = create_key(db, name=said.name, now=clock(), actor=actor)
            text = f"The key of {said.name}. Keep it where secrets are kept; it is not shown again.\n{key}"
            return {"name": said.name, "key": key}, text, DONE
        if said.does == "revoke":
            name = revoke_key(db, key=said.key, now=clock(), actor=named_actor(said.actor, "admin"))
            return {"revoked": name}, f"The key of {name} is revoked.", DONE
        keys = read_keys(db)
    shown = (
        table(keys, ("key_id", "name", "created_at", "created_by", "revoked_at"))
        if keys
        else "No key was made yet."
    )
    return {"keys": keys}, shown, DONE


if __name__ == "__main__":
    sys.exit(run(main))
