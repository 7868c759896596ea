"""A person's own choice of columns is remembered, so that the next file of that shape needs no asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from actors import Actor, require
from errors import InputError
from lead_columns import FIELDS
from lead_files import headers_key, usable_mapping
from stores import column_choices as store
from stores.audit import audit_entry
from turso_db import Database


def remember_columns(
    db: Database, *, headers: Sequence[str], mapping: Mapping[str, str], now: datetime, actor: Actor
) -> None:
    """Nothing; files with these headers are read by `mapping` (field → header) from now on; {} forgets it.

    InputError for a field or a header that is not there.
    """
    require(actor, "ops", "choose columns")
    strange = [field for field in mapping if field not in FIELDS]
    if strange or len(usable_mapping(mapping, headers)) < len(mapping):
        raise InputError(
            "A column was chosen that the file does not have. Open the file anew and choose again."
        )
    key = headers_key(headers)
    db.write(
        [
            *store.replace_choices(headers_sha256=key, mapping=mapping, now=now, actor=actor.name),
            audit_entry(
                now=now, actor=actor, action="choose columns", subject=", ".join(mapping) or "none",
                detail={"headers_sha256": key},
            ),
        ]
    )  # fmt: skip


def remembered_columns(db: Database, *, headers: Sequence[str]) -> dict[str, str]:
    """Field → header as a person chose it for files with these headers; {} for none."""
    return usable_mapping(store.read_choices(db, headers_sha256=headers_key(headers)), headers)
