"""A person's own choice of columns, and of what words mean, is remembered, so that the next file of that shape needs no asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from actors import Actor, require
from errors import InputError
from named_columns import FileKind, headers_key, is_value, same_header, usable_mapping
from outcome_words import LEAVE_OUT, usable_words, vocabulary, words_key
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

    Who chose and when is kept with the choice; the audit tells of it once, in the entry of the import that reads by it.
    InputError for a field or a header that is not there, and for a value in the place of a header: it would be kept.
    """
    require(actor, "ops", "choose columns")
    if any(is_value(header) for header in mapping.values()):
        raise InputError(
            "A header was expected, but a value stands there. Put a row of headers above the list, then load it again."
        )
    if len({same_header(header) for header in mapping.values()}) < len(mapping):
        raise InputError("One column was chosen for two fields. Choose a column of its own for each.")
    if len(usable_mapping(mapping, headers, kind)) < len(mapping):
        raise InputError(
            "A column was chosen that the file does not have. Open the file anew and choose again."
        )
    key = headers_key(headers, kind.name)
    db.write(store.replace_choices(headers_sha256=key, mapping=mapping, now=now, actor=actor.name))


def remember_words(
    db: Database,
    *,
    kind: FileKind,
    headers: Sequence[str],
    words: Mapping[str, str],
    now: datetime,
    actor: Actor,
) -> None:
    """Nothing; in files of this kind with these headers `words` (word → meaning) count from now on; {} forgets them.

    InputError for a meaning that the kind does not know, and for a word that looks like a person's data.
    """
    require(actor, "ops", "say what words mean")
    usable = usable_words(words, kind)
    if len(usable) < len(words):
        allowed = vocabulary(kind)
        raise InputError(
            f"A word can mean {', '.join((*(allowed.meanings if allowed else ()), LEAVE_OUT))}. Choose one of these for each word, "
            "or see whether the right column was chosen."
        )
    said = ", ".join(f"{word}: {meaning}" for word, meaning in usable.items())
    db.write(
        [
            *store.replace_choices(
                headers_sha256=words_key(headers, kind), mapping=usable, now=now, actor=actor.name
            ),
            audit_entry(
                now=now, actor=actor, action="say what words mean", subject=said[:200] or "none",
                detail={"kind": kind.name, "words": len(usable)},
            ),
        ]
    )  # fmt: skip


def remembered_words(db: Database, *, kind: FileKind, headers: Sequence[str]) -> dict[str, str]:
    """Word → meaning as a person said for files of this kind with these headers; {} for none."""
    return usable_words(store.read_choices(db, headers_sha256=words_key(headers, kind)), kind)


def remembered_columns(db: Database, *, kind: FileKind, headers: Sequence[str]) -> dict[str, str]:
    """Field → header as a person chose it for files of this kind with these headers; {} for none."""
    key = headers_key(headers, kind.name)
    return usable_mapping(store.read_choices(db, headers_sha256=key), headers, kind)
