"""Reading a module of Zoho for something else than outcomes: all records that meet some criteria, counted by Zoho itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from errors import ConfigError, Unavailable
from zoho_client import ZohoClient

_BOTH = (
    "Converted__s = true",
    "Converted__s = false",
)  # one after the other: either is answered by every Zoho
_PASSES = 3


@dataclass
class Rows:
    """What was read: id → raw record, when the reading began by Zoho's clock, and how many records had no id."""

    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    began: datetime | None = None
    without_id: int = 0


def read_rows(
    zoho: ZohoClient,
    module: str,
    fields: Sequence[str],
    *,
    where: Sequence[str] = (),
    convertible: bool = False,
    hold: Callable[[], None] = lambda: None,
) -> Rows:
    """All records of the module that meet the criteria; converted leads included where the module is `convertible`.

    `hold` is called after every page. Unavailable when Zoho's own count and what came still differ after several
    readings; ConfigError and Refused as the client raises them.
    """
    windows = [[*where, criterion] for criterion in _BOTH] if convertible else [list(where)]
    counted: int | None = None
    for _ in range(_PASSES):
        rows = Rows()
        for window in windows:
            for page in zoho.coql(module, fields, where=window):
                hold()
                rows.began = rows.began or zoho.server_time
                rows.by_id |= {row["id"]: row for row in page if _has_id(row)}
                rows.without_id += sum(not _has_id(row) for row in page)
        counts = [zoho.count(module, where=window) for window in windows]
        if None in counts:
            return rows
        counted = sum(count for count in counts if count is not None)
        if counted == len(rows.by_id):
            return rows
    raise Unavailable(
        f"Zoho counts {counted:,} records in {module}, but {len(rows.by_id):,} could be read, {_PASSES} times in a row. "
        "Nothing was changed. Try again later."
    )


def existing(
    zoho: ZohoClient, module: str, needed: Sequence[str], wanted: Sequence[str], place: str
) -> list[str]:
    """The API names to ask for: those needed, and of the wanted ones those that the module has.

    ConfigError naming a needed one that it does not have; `place` is the part of config/zoho.yaml that names it.
    """
    known = {str(entry.get("api_name")) for entry in zoho.fields(module)}
    for name in needed:
        if name not in known:
            raise ConfigError(
                f"Zoho's module {module} has no field {name}. Make it there, or set its API name under {place} in "
                "config/zoho.yaml (Zoho: Setup > Developer Space > APIs > API Names)."
            )
    return list(dict.fromkeys([*needed, *(name for name in wanted if name in known)]))


def _has_id(row: dict[str, Any]) -> bool:
    return isinstance(row.get("id"), str) and row["id"].isdigit()
