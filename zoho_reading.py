"""Reading Zoho into the database: every module whole or since its bookmark, confirmed by Zoho's own count.

Nothing that went wrong on the way is visible in what came: a page or a row that vanished leaves no trace. So the
records read are counted against Zoho before a bookmark moves, and read again when the numbers differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from errors import ConfigError, HadesError, Unavailable
from stores import zoho as store
from sync_run import SyncRun
from turso_db import Database, read_together
from zoho_client import ZohoClient, moment
from zoho_profile import Profile, Role
from zoho_rules import read_record, unknown_stages
from zoho_sites import site_of

_CONVERTED = "(Converted__s = true or Converted__s = false)"
_SEPARATELY = ("Converted__s = true", "Converted__s = false")
_PASSES = 3
# So many deliveries deleted at once are a clean-up in Zoho, not corrections: a person has to look.
_FEW_DELETED, _SHARE_DELETED = 5, 0.05


@dataclass
class Reading:
    """One module as it was read: the ids, and until when its bookmark may move."""

    role: Role
    since: datetime | None  # None: the whole module
    ids: set[str] = field(default_factory=set)
    newest: str | None = None
    shows_converted: bool = False
    started: datetime | None = None  # on Zoho's clock

    @property
    def modified_until(self) -> str | None:
        """The newest change that was read, but nothing after the reading began: that may still have been missed."""
        began = self.started.strftime("%Y-%m-%dT%H:%M:%SZ") if self.started else None
        return self.newest if began is None or self.newest is None else min(self.newest, began)


def existing_fields(
    db: Database, zoho: ZohoClient, *, profile: Profile, now: datetime, again: bool
) -> dict[str, list[str]]:
    """role → the API names that its module has, from Zoho's metadata the first time and when asked `again`.

    ConfigError with a sentence per module or field of the profile that must exist and does not.
    """
    key = f"fields {profile.sha256}"
    known: dict[str, list[str]] | None = None if again else store.read_setup(db, key=key)
    if known is not None:
        return known
    found: dict[str, list[str]] = {}
    missing: list[str] = []
    for role in profile.roles.values():
        found[role.key] = sorted(str(entry.get("api_name")) for entry in zoho.fields(role.module))
        missing += [missing_field(role, name) for name in role.missing(found[role.key])]
    if missing:
        raise ConfigError("\n".join(missing))
    db.write([store.note_setup(key=key, value=found, now=now)], bump=False)
    return found


def missing_field(role: Role, name: str) -> str:
    """What to do about a field that must exist in Zoho."""
    meaning = next((meaning for meaning, names in role.fields.items() if name in names), "")
    return (
        f"Zoho's module {role.module} has no field {name}. Make it there (Setup > Customization > Modules and Fields > "
        f"{role.module}; a batch ID needs a single-line field), or set its API name under "
        f"modules.{role.key}.fields.{meaning} in config/zoho.yaml."
    )


def forecasts(
    db: Database, zoho: ZohoClient, *, profile: Profile, now: datetime, run: SyncRun
) -> dict[str, str]:
    """Stage → forecast type, asked of Zoho only when a record has a stage that no list of the profile names."""
    kept, stages = read_together(
        db, [partial(store.read_setup, key="forecasts"), partial(store.read_unsettled_stages, role="deals")]
    )
    known: dict[str, str] = kept or {}
    role = profile.roles.get("deals")
    if role is None or not role.forecast or not unknown_stages(role, stages) - known.keys():
        return known
    try:
        known = zoho.stages(role.module)
    except (ConfigError, HadesError) as error:
        if isinstance(error, Unavailable):
            raise
        run.note(f"What the stages of {role.module} forecast could not be read: {error}")
        return known
    db.write([store.note_setup(key="forecasts", value=known, now=now)], bump=False)
    return known


def read_role(
    db: Database,
    zoho: ZohoClient,
    role: Role,
    *,
    since: datetime | None,
    fields: Sequence[str],
    run: SyncRun,
    clock: Callable[[], datetime],
) -> Reading:
    """The records of a module changed at or after `since` (None: all), kept in the database and confirmed.

    Unavailable when Zoho's count and what could be read still differ after several readings.
    """
    reading = Reading(role, since)
    windows = _windows(db, role, since)
    counted: int | None = None
    for _ in range(_PASSES):
        for window in windows:
            _read_window(db, zoho, reading, window, fields, run, clock)
        windows = _with_converted(db, zoho, reading, windows, fields, run, clock)
        counted = _count(db, zoho, reading, windows, clock())
        if counted < len(reading.ids):
            # Fewer than were read: some were deleted while the pages came, and Zoho's list names them.
            reading.ids -= _note_deleted(db, zoho, reading, clock(), reading.ids)
        if counted == len(reading.ids):
            return reading
    raise Unavailable(
        f"Zoho counts {counted:,} records in {role.module}, but {len(reading.ids):,} could be read, {_PASSES} times in a "
        "row. What was read is kept, no outcome was drawn from it. Try again later."
    )


def note_gone(
    db: Database, zoho: ZohoClient, reading: Reading, *, run: SyncRun, now: datetime, overlap: timedelta
) -> None:
    """Nothing; records that Zoho lists as deleted are noted so, and after a whole reading those that silently no longer
    show as missing. Where many deliveries are listed at once, that is an error of the run and they still count.
    """
    role = reading.role.key
    if reading.since is not None:
        gone = _listed_deleted(zoho, reading.role.module, reading.since - overlap)
    else:
        absent = store.read_live_ids(db, role=role) - reading.ids
        if not absent:
            return
        gone = {k: at for k, at in _listed_deleted(zoho, reading.role.module, None).items() if k in absent}
        silent = sorted(absent - gone.keys(), key=int)
        if silent:
            run.note(
                f"{len(silent):,} records of {reading.role.module} are no longer shown by Zoho and not listed as deleted; "
                "what they said stays."
            )
            db.write([store.mark_missing(role=role, zoho_ids=silent, now=now)], bump=False)
    if not gone:
        return
    known = store.read_known(db, role=role, zoho_ids=sorted(gone))
    deliveries = store.count_deliveries(db, zoho_ids=sorted(known)) if known else 0
    if deliveries > max(_FEW_DELETED, _SHARE_DELETED * store.count_deliveries(db)):
        run.errors.append(
            f"{deliveries:,} deliveries were deleted in {reading.role.module} at once. That looks like a clean-up, so they "
            "still count. Restore the records in Zoho, or correct them one by one."
        )
        return
    _keep_deleted(db, role, [(key, gone[key]) for key in sorted(known, key=int)], now)


def since_of(bookmark: dict[str, Any] | None, profile: Profile) -> datetime | None:
    """From when a module has to be read again: the bookmark less the overlap; None for the whole of it."""
    if bookmark is None or bookmark["profile_sha256"] != profile.sha256 or not bookmark["modified_until"]:
        return None
    until = datetime.fromisoformat(str(bookmark["modified_until"]))
    return until - timedelta(minutes=profile.overlap_minutes)


def _windows(db: Database, role: Role, since: datetime | None) -> list[list[str]]:
    """The criteria of each query that is needed to see all records of the window."""
    changed = [f"Modified_Time >= {moment(since)}"] if since is not None else []
    if not role.convertible:
        return [changed]
    if store.read_setup(db, key="converted in one query") is False:
        return [[*changed, criterion] for criterion in _SEPARATELY]
    return [[*changed, _CONVERTED]]


def _read_window(
    db: Database,
    zoho: ZohoClient,
    reading: Reading,
    window: Sequence[str],
    fields: Sequence[str],
    run: SyncRun,
    clock: Callable[[], datetime],
) -> None:
    for page in zoho.coql(reading.role.module, fields, where=window):
        run.hold()
        if reading.started is None:
            reading.started = zoho.server_time or clock()
        _keep_page(db, reading, page, run, clock())


def _keep_page(
    db: Database, reading: Reading, page: Sequence[dict[str, Any]], run: SyncRun, now: datetime
) -> None:
    """The records of a page in the database; one that cannot be kept is listed and left out."""
    role = reading.role
    rows = []
    for raw in page:
        try:
            record = read_record(role, raw)
        except ValueError:
            _list_bad(run, role.module, raw)
            continue
        for problem in record.problems:
            _list_error(run, f"{role.module} {record.zoho_id}: {problem}")
        batch = record.batch_ids[0] if record.batch_ids else None
        site = site_of(role.key, record)
        rows.append((role.key, record.zoho_id, site, batch, record.vanillasoft_id, record.as_text()))
        reading.shows_converted = reading.shows_converted or record.converted
        reading.newest = max(reading.newest or "", record.modified_at or "") or None
    if rows:
        db.write(store.upsert_records(rows=rows, now=now), bump=False)
    new = {row[1] for row in rows} - reading.ids
    reading.ids |= new
    run.counts["read"] = run.counts.get("read", 0) + len(new)


def _with_converted(
    db: Database,
    zoho: ZohoClient,
    reading: Reading,
    windows: list[list[str]],
    fields: Sequence[str],
    run: SyncRun,
    clock: Callable[[], datetime],
) -> list[list[str]]:
    """The windows that really show converted leads: whether one query shows both kinds is found out once."""
    if not reading.role.convertible or store.read_setup(db, key="converted in one query") is not None:
        return windows
    alone = [*windows[0][:-1], _SEPARATELY[0]]
    if reading.shows_converted:
        in_one = True
    else:
        before = len(reading.ids)
        _read_window(db, zoho, reading, alone, fields, run, clock)
        if len(reading.ids) == before:
            return windows  # there are none yet: the question stays open
        in_one = False
    db.write([store.note_setup(key="converted in one query", value=in_one, now=clock())], bump=False)
    return windows if in_one else [[*windows[0][:-1], criterion] for criterion in _SEPARATELY]


def _count(
    db: Database, zoho: ZohoClient, reading: Reading, windows: Sequence[Sequence[str]], now: datetime
) -> int:
    """How many records Zoho says the window holds; where it does not count, how many ids a second reading finds."""
    module = reading.role.module
    if store.read_setup(db, key="counts by query") is not False:
        counts = [zoho.count(module, where=window) for window in windows]
        if None not in counts:
            return sum(count for count in counts if count is not None)
        db.write([store.note_setup(key="counts by query", value=False, now=now)], bump=False)
    if reading.since is None and not reading.role.convertible:
        whole = zoho.count_all(module)
        if whole is not None:
            return whole
    pages = (page for window in windows for page in zoho.coql(module, ["id", "Modified_Time"], where=window))
    return len({row["id"] for page in pages for row in page if row.get("id")})


def _note_deleted(db: Database, zoho: ZohoClient, reading: Reading, now: datetime, ids: set[str]) -> set[str]:
    since = (reading.started or now) - timedelta(minutes=5)
    gone = {key: at for key, at in _listed_deleted(zoho, reading.role.module, since).items() if key in ids}
    _keep_deleted(db, reading.role.key, sorted(gone.items()), now)
    return set(gone)


def _keep_deleted(db: Database, role: str, deleted: Sequence[tuple[str, str]], now: datetime) -> None:
    size = min(db.rows_per_write, 5000)
    for start in range(0, len(deleted), size):
        db.write([store.mark_deleted(role=role, deleted=deleted[start : start + size], now=now)], bump=False)


def _listed_deleted(zoho: ZohoClient, module: str, since: datetime | None) -> dict[str, str]:
    """id → when Zoho says it was deleted, in UTC."""
    gone = {}
    for page in zoho.deleted(module, since=since):
        for row in page:
            if row.get("id"):
                gone[str(row["id"])] = _utc(row.get("deleted_time"))
    return gone


def _utc(text: object) -> str:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return "1970-01-01T00:00:00Z"


def _list_bad(run: SyncRun, module: str, raw: dict[str, Any]) -> None:
    """A record that is none is listed with Zoho's own code and message, where it has them."""
    code, message = raw.get("code"), raw.get("message")
    if isinstance(code, str) and re.fullmatch(r"[A-Z_]{3,60}", code):
        said = re.sub(r"[^\w .,:;'()/-]", "", str(message or ""))[:120].strip()
        _list_error(run, f"{module}: Zoho gave {code} in place of a record{f' ({said})' if said else ''}.")
    else:
        _list_error(run, f"{module}: a record without an id came and was left out.")


def _list_error(run: SyncRun, sentence: str) -> None:
    if sentence not in run.errors:
        run.errors.append(sentence)
