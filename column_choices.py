"""A person's own choice of columns is remembered, so that the next file of that shape needs no asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from actors import Actor, require
from errors import InputError
from named_columns import FileKind, headers_key, is_value, usable_mapping
from stores import column_choices as store
from stores.audit import audit_entry
from turso_db import Database


def remember_columns(
    db: Database,
    *,
    kind: FileKind,
    headers: Sequence[str],
    mapping: Mapping[str, str],
    now: datetime,
    actor: Actor,
) -> None:
    """Nothing; files of this kind with these headers are read by `mapping` (field → header) from now on; {} forgets it.

    InputError for a field or a header that is not there, and for a value in the place of a header: it would be kept.
    """
    require(actor, "ops", "choose columns")
    if any(is_value(header) for header in mapping.values()):
        raise InputError(
            "A header was expected, but a value stands there. Put a row of headers above the list, then load it again."
        )
    if len(usable_mapping(mapping, headers, kind)) < len(mapping):
        raise InputError(
            "A column was chosen that the file does not have. Open the file anew and choose again."
        )
    key = headers_key(headers, kind.name)
    db.write(
        [
            *store.replace_choices(headers_sha256=key, mapping=mapping, now=now, actor=actor.name),
            audit_entry(
                now=now, actor=actor, action="choose columns", subject=", ".join(mapping) or "none",
                detail={"headers_sha256": key, "kind": kind.name},
            ),
        ]
    )  # fmt: skip


def remembered_columns(db: Database, *, kind: FileKind, headers: Sequence[str]) -> dict[str, str]:
    """Field → header as a person chose it for files of this kind with these headers; {} for none."""
    key = headers_key(headers, kind.name)
    return usable_mapping(store.read_choices(db, headers_sha256=key), headers, kind)
