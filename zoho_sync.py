"""Outcomes from Zoho: read what changed, see that nothing is missing, and append what it means for exported leads.

First every module is read into the database and its number confirmed by Zoho's own count; only then are outcomes
drawn, site by site, each part in one write. Whatever ends a run in between, the next one goes on and ends at the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from actors import Actor, require
from errors import Conflict, InputError
from matching import MATCHED, REVIEW, UNMATCHED
from stores import matches, unmatched
from stores import zoho as store
from stores.audit import audit_entry
from sync_run import SyncRun, sync_run
from turso_db import Database, read_together
from zoho_client import ZohoClient
from zoho_profile import Profile
from zoho_reading import Reading, existing_fields, forecasts, note_gone, read_role, since_of
from zoho_settling import settle

_IDS_AT_ONCE, _PARTS_AT_ONCE = 5000, 20


@dataclass(frozen=True)
class Synced:
    """What a sync did. read = matched + review + unmatched + other, all of records; updated counts companies."""

    run_id: int
    mode: str  # full, incremental
    counts: dict[str, int]
    errors: list[str]
    notes: list[str]


def sync_outcomes(
    db: Database,
    zoho: ZohoClient,
    *,
    profile: Profile,
    actor: Actor,
    clock: Callable[[], datetime],
    full: bool = False,
) -> Synced:
    """Milestones of exported companies from everything that changed in Zoho since the last sync.

    The first sync, one after a change of the profile and a `full` one read every module whole. Counts: read, matched,
    review, unmatched, other (records that are not from the call centre, or older than the first export), updated,
    calls, credits. A record that cannot be read is listed in `errors`; every other trouble raises: ConfigError for
    what the set-up lacks, Refused, Unavailable, Conflict while another sync runs. What was read until then is kept.
    """
    require(actor, "ops", "sync with Zoho")
    bookmarks = store.read_bookmarks(db)
    since = {key: None if full else since_of(bookmarks.get(key), profile) for key in profile.roles}
    mode = "full" if all(start is None for start in since.values()) else "incremental"
    with sync_run(
        db, kind="outcomes", mode=mode, actor=actor, clock=clock, costs=lambda: (zoho.calls, zoho.credits)
    ) as run:
        known = existing_fields(db, zoho, profile=profile, now=clock(), again=full)
        readings = []
        for key, role in profile.roles.items():
            fields = role.api_names(known.get(key))
            reading = read_role(db, zoho, role, since=since[key], fields=fields, run=run, clock=clock)
            note_gone(
                db, zoho, reading, run=run, now=clock(), overlap=timedelta(minutes=profile.overlap_minutes)
            )
            _move_bookmark(db, reading, profile, run, clock())
            readings.append(reading)
        _unsettle_what_else_changed(db, profile, bookmarks, clock())
        stages = forecasts(db, zoho, profile=profile, now=clock(), run=run)
        updated = settle(db, profile=profile, forecasts=stages, actor=actor.name, clock=clock, run=run)
        run.counts |= _counted(db, readings) | {"updated": len(updated)}
        run.window = (
            min((_iso(start) for start in since.values() if start is not None), default=None),
            max((reading.newest for reading in readings if reading.newest), default=None),
        )
    return Synced(run.run_id, mode, run.counts, run.errors, run.notes)


def decide_match(
    db: Database,
    *,
    profile: Profile,
    site: str,
    company: tuple[str, str] | None,
    now: datetime,
    actor: Actor,
    reason: str | None = None,
) -> None:
    """Nothing; from now on the site in Zoho is this company (batch_id, company_key), or None: none of ours.

    The decision is remembered through every later sync and its milestones follow at once. InputError when there is
    no such site or company. Another decision later replaces this one; both stay on record.
    """
    require(actor, "ops", "decide on a match")
    records = _records_of(db, site)
    batch_id, company_key = company or (None, None)
    if batch_id is not None and company_key not in set(
        matches.read_batch_companies(db, batch_id=batch_id)["company_key"]
    ):
        raise InputError(f"There is no such company in {batch_id}. Load the page again.")
    reason = _reason(reason)
    told = f"matched to {batch_id} by hand" if batch_id else "none of ours, said by hand"
    db.write(
        [
            matches.insert_decisions(
                zoho_ids=records, batch_id=batch_id, company_key=company_key, actor=actor.name, now=now, reason=reason
            ),
            store.unsettle(sites=[site]),
            unmatched.resolve_unmatched(keys=[("zoho", site)], resolution=told, now=now, by=actor.name),
            audit_entry(
                now=now, actor=actor, action="decide match", subject=f"a site in Zoho: {batch_id or 'none of ours'}",
                detail={"site": site, "batch_id": batch_id, "company_key": company_key, "reason": reason},
            ),
        ]
    )  # fmt: skip
    _settle_now(db, profile, actor, now)


def undo_decision(
    db: Database, *, profile: Profile, site: str, now: datetime, actor: Actor, reason: str | None = None
) -> None:
    """Nothing; what people decided about the site no longer counts, and the evidence decides again.

    Its milestones follow at once: they are taken back unless the evidence alone says the same. The decision and its
    undoing stay on record. InputError when there is no such site, Conflict when nobody's decision about it is in force.
    """
    require(actor, "ops", "decide on a match")
    records = _records_of(db, site)
    if not matches.read_decisions(db, zoho_ids=records):
        raise Conflict("No decision about this site is in force any more. Load the page again.")
    reason = _reason(reason)
    db.write(
        [
            matches.insert_decisions(
                zoho_ids=records, batch_id=None, company_key=None, actor=actor.name, now=now, reason=reason, undone=True
            ),
            store.unsettle(sites=[site]),
            audit_entry(now=now, actor=actor, action="undo match", subject="a site in Zoho", detail={"site": site, "reason": reason}),
        ]
    )  # fmt: skip
    _settle_now(db, profile, actor, now)


def _records_of(db: Database, site: str) -> list[str]:
    records = [str(record["zoho_id"]) for record in store.read_site_records(db, sites=[site])]
    if not records:
        raise InputError("There is no such site in what was read from Zoho. Load the page again.")
    return records


def _reason(text: str | None) -> str | None:
    return " ".join((text or "").split())[:300] or None


def _settle_now(db: Database, profile: Profile, actor: Actor, now: datetime) -> None:
    forecasts = store.read_setup(db, key="forecasts") or {}
    settle(db, profile=profile, forecasts=forecasts, actor=actor.name, clock=lambda: now)


def _move_bookmark(db: Database, reading: Reading, profile: Profile, run: SyncRun, now: datetime) -> None:
    """After the rows and after the count agreed; a module that was empty keeps being read whole."""
    if reading.since is None and reading.modified_until is None:
        return
    db.write(
        [
            store.set_bookmark(
                role=reading.role.key,
                modified_until=reading.modified_until,
                profile_sha256=profile.sha256,
                run_id=run.run_id,
                now=now,
                full=reading.since is None,
            )
        ],
        bump=False,
    )


def _unsettle_what_else_changed(
    db: Database, profile: Profile, bookmarks: dict[str, dict[str, Any]], now: datetime
) -> None:
    """Sites are settled again, too, when the rules changed or when leads were exported since that they may be."""
    mark, settled_by, settled_up_to = read_together(
        db,
        [
            matches.read_exports_mark,
            partial(store.read_setup, key="settled by"),
            partial(store.read_setup, key="settled up to"),
        ],
    )
    newest = mark["newest_lead"]
    statements: list[Any] = []
    if settled_by != profile.sha256:
        statements += [
            store.unsettle_all(),
            store.note_setup(key="settled by", value=profile.sha256, now=now),
        ]
    elif settled_up_to != newest:
        statements.append(store.unsettle_open())
    if "deliveries" in profile.roles and "vanillasoft_id" in profile.roles["deliveries"].fields:
        statements.append(store.join_by_vanillasoft())
    db.write([*statements, store.note_setup(key="settled up to", value=newest, now=now)], bump=False)


def _counted(db: Database, readings: list[Reading]) -> dict[str, int]:
    """read, matched, review, unmatched, other over the records that were read."""
    counts = dict.fromkeys(("read", MATCHED, REVIEW, UNMATCHED, "other"), 0)
    parts: list[Callable[[Database], dict[str, int]]] = []
    for reading in readings:
        ids = sorted(reading.ids)
        counts["read"] += len(ids)
        parts += [
            partial(matches.count_statuses, role=reading.role.key, zoho_ids=ids[start : start + _IDS_AT_ONCE])
            for start in range(0, len(ids), _IDS_AT_ONCE)
        ]
    for start in range(0, len(parts), _PARTS_AT_ONCE):
        for part in read_together(db, parts[start : start + _PARTS_AT_ONCE]):
            for status, number in part.items():
                counts[status if status in counts else "other"] += number
    return counts


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
