"""Deals that come as a file or from Zoho: kept with every state they were seen in, and with what is strange about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from actors import Actor, require
from deal_checks import check_deals, new_labels
from deals import FIELDS, DealFile, DealRules, read_deal_rows, read_deals
from errors import ConfigError, InputError
from stores import deals as store
from stores import syncs
from stores import zoho as zoho_store
from stores.audit import audit_entry, chosen_columns
from sync_run import sync_run
from turso_db import Database
from zoho_client import ZohoClient, moment
from zoho_deals import deal_record, newest_change, unnamed_stages
from zoho_profile import SYSTEM_FIELDS, Profile, plain
from zoho_reading import since_of
from zoho_rows import Rows, existing, read_rows

_SOURCE, _ROLE = "zoho", "sales deals"  # of the deals; of their bookmark


@dataclass(frozen=True)
class DealsImported:
    """What an import did. counts: read, new, changed, unchanged, rejected (the first is the sum of the others)
    and issues, the findings of this import. `rejected`: (row_number, sentence).
    """

    counts: dict[str, int]
    rejected: list[tuple[int, str]]
    notes: list[str]
    mapping: dict[str, str]


def import_deals(
    db: Database,
    *,
    content: bytes,
    name: str,
    rules: DealRules,
    now: datetime,
    actor: Actor,
    mapping: Mapping[str, str] | None = None,
    day_first: bool | None = None,
    source: str = "file",
) -> DealsImported:
    """Deals from a CSV or .xlsx file into `deals`; each state that is new goes into `deal_snapshots` as well.

    Importing a file twice changes nothing. Rows that cannot be used, and what the checks find, become issues
    that someone can work on.
    """
    require(actor, "ops", "import deals")
    file = read_deals(content, name, rules, today=now.date(), mapping=mapping, day_first=day_first)
    counts, rejected = _kept(db, file, rules, source=source, now=now)
    db.write(
        [
            syncs.insert_finished(
                kind="deals", counts={"read": file.rows_in, "matched": len(file.deals), "updated": counts["new"] + counts["changed"]},
                errors=[f"Row {number}: {why}" for number, why in rejected[:200]], now=now, actor=actor.name,
                note="\n".join([name, *file.notes]),
            ),
            audit_entry(now=now, actor=actor, action="import deals", subject=name, detail=counts | chosen_columns(mapping)),
        ]
    )  # fmt: skip
    return DealsImported(counts, rejected, file.notes, file.mapping)


@dataclass(frozen=True)
class DealsSynced:
    """What a sync of deals did. counts: read, new, changed, unchanged, rejected (the first is the sum of the others),
    gone (deleted in Zoho), issues, calls and credits. `errors` are the sentences of rejected deals.
    """

    run_id: int
    mode: str  # full, incremental
    counts: dict[str, int]
    errors: list[str]
    notes: list[str]


def sync_deals(
    db: Database,
    zoho: ZohoClient,
    *,
    profile: Profile,
    rules: DealRules,
    actor: Actor,
    clock: Callable[[], datetime],
    full: bool = False,
) -> DealsSynced:
    """Deals from Zoho into `deals`, those changed since the last sync or (`full`) all; each state that is new goes into
    `deal_snapshots` as well. The same checks as for a file. Running it again changes nothing.

    A deal deleted in Zoho no longer counts; its states stay on record, and it comes back when it is restored there.
    ConfigError when zoho.yaml has no part `deals` or its module lacks the stage, Unavailable when Zoho's own count and
    what could be read differ, Conflict while another sync runs.
    """
    require(actor, "ops", "sync with Zoho")
    settings = profile.deals
    if settings is None:
        raise ConfigError("config/zoho.yaml has no part `deals`, so there are no deals to sync. Add it.")
    bookmark = zoho_store.read_bookmarks(db).get(_ROLE)
    since = None if full else since_of(bookmark, profile)
    mode = "full" if since is None else "incremental"
    with sync_run(
        db, kind="deals", mode=mode, actor=actor, clock=clock, costs=lambda: (zoho.calls, zoho.credits)
    ) as run:
        wanted = [name for names in settings.fields.values() for name in names]
        fields = existing(
            zoho, settings.module, settings.fields["stage"][:1], [*wanted, *SYSTEM_FIELDS], "deals.fields"
        )
        where = [f"Modified_Time >= {moment(since)}"] if since is not None else []
        rows = read_rows(zoho, settings.module, fields, where=where, hold=run.hold)
        forecasts: dict[str, str] = {}
        if unnamed_stages(settings, rows.by_id):
            forecasts = {plain(stage): kind for stage, kind in zoho.stages(settings.module).items()}
        now = clock()
        known = store.read_closings(db, source=_SOURCE)
        records = [
            deal_record(settings, key, rows.by_id[key], forecasts, known.get(key), now.date())
            for key in sorted(rows.by_id, key=int)
        ]
        replaced = [(record.cells["deal_id"], record.replaced) for record in records if record.replaced]
        file = read_deal_rows((record.cells for record in records), "Zoho", today=now.date(), more=replaced)
        counts, rejected = _kept(db, file, rules, source=_SOURCE, now=now)
        counts["gone"] = _note_gone(db, zoho, settings.module, since, rows, now)
        run.counts |= {
            "read": counts["read"],
            "matched": len(file.deals),
            "updated": counts["new"] + counts["changed"],
        }
        run.errors += [why for _, why in rejected[:200]]
        if rows.without_id:
            run.errors.append(
                f"{settings.module}: {rows.without_id:,} records without an id came and were left out."
            )
        if elsewhere := store.count_elsewhere(db, source=_SOURCE):
            run.note(f"{elsewhere:,} deals came from files and count beside those of Zoho.")
        newest, began = newest_change(rows.by_id), rows.began
        if newest is not None:
            until = min(newest, began.strftime("%Y-%m-%dT%H:%M:%SZ")) if began else newest
            db.write(
                [
                    zoho_store.set_bookmark(
                        role=_ROLE, modified_until=until, profile_sha256=profile.sha256, run_id=run.run_id, now=now,
                        full=since is None,
                    )
                ],
                bump=False,
            )  # fmt: skip
    return DealsSynced(
        run.run_id, mode, counts | {n: run.counts[n] for n in ("calls", "credits")}, run.errors, run.notes
    )


def _note_gone(
    db: Database, zoho: ZohoClient, module: str, since: datetime | None, rows: Rows, now: datetime
) -> int:
    """How many deals were deleted in Zoho and are noted so now; those that were read again count again."""
    here = set(rows.by_id)
    gone = {row["id"] for page in zoho.deleted(module, since=since) for row in page if row.get("id")} - here
    done = db.write(
        [
            store.mark_gone(source=_SOURCE, deal_ids=sorted(gone), now=now),
            store.mark_back(source=_SOURCE, deal_ids=sorted(here)),
        ]
    )
    return done[0].affected


def _kept(
    db: Database, file: DealFile, rules: DealRules, *, source: str, now: datetime
) -> tuple[dict[str, int], list[tuple[int, str]]]:
    """read, new, changed, unchanged, rejected and issues, and the rejected rows; deals and findings are kept."""
    before = store.read_deals(db)
    rows = [_row(values) for values in file.deals.itertuples(index=False, name=None)]
    new, changed = _keep(db, rows, source, now)
    after = store.read_deals(db)
    found = pd.concat(
        [
            new_labels(before, file.deals, rules.labels),
            check_deals(after, as_of=_newest(after, now), labels=rules.labels),
        ]
    )
    problems = file.problems.to_dict("records")
    issues: list[dict[str, Any]] = [
        {
            "issue_key": _issue_key(problem, file.name),
            "kind": problem["kind"],
            "deal_id": problem["deal_id"],
            "what": f"Row {problem['row_number']}: {problem['problem']}"
            if source != _SOURCE
            else problem["problem"],
        }
        for problem in problems
    ]
    issues += [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]
    size = min(db.rows_per_write, 5000)
    for start in range(0, len(issues), size):
        part = issues[start : start + size]
        db.write([store.record_issues(issues=part, source=source, file_name=file.name, now=now)])
    rejected = [
        (int(problem["row_number"]), str(problem["problem"])) for problem in problems if problem["rejected"]
    ]
    counts = {
        "read": file.rows_in,
        "new": new,
        "changed": changed,
        "unchanged": len(rows) - new - changed,
        "rejected": len(rejected),
        "issues": len(issues),
    }
    return counts, rejected


def settle_issues(db: Database, *, ids: Sequence[int], resolution: str, now: datetime, actor: Actor) -> int:
    """How many open issues were closed with the sentence `resolution`, which must say something."""
    require(actor, "ops", "settle what is strange about deals")
    said = " ".join(resolution.split())
    if not said:
        raise InputError("A few words were expected that say what became of it. Write them, then settle.")
    done = db.write(
        [
            store.resolve_issues(ids=ids, resolution=said[:300], now=now, actor=actor.name),
            audit_entry(now=now, actor=actor, action="settle issues", subject=f"{len(ids)} of deals", detail={"ids": list(ids)[:100]}),
        ]
    )  # fmt: skip
    return done[0].affected


def _issue_key(problem: Mapping[Any, Any], name: str) -> str:
    """The trouble of one deal is the same in every file; of a row without an id only in the same file."""
    known = isinstance(problem["deal_id"], str)
    place = problem["deal_id"] if known else f"{name}|{problem['row_number']}"
    return f"{problem['kind']}|{place}|{problem['problem']}"[:400]


def _row(values: tuple[Any, ...]) -> dict[str, Any]:
    row = {
        field: None if pd.isna(value) else value.date().isoformat() if field.endswith("_on") else value
        for field, value in zip(FIELDS, values, strict=True)
    }
    digest = hashlib.sha256(json.dumps([row[f] for f in FIELDS], ensure_ascii=False).encode()).hexdigest()
    return row | {"fingerprint": digest[:32]}


def _keep(db: Database, rows: Sequence[Mapping[str, Any]], source: str, now: datetime) -> tuple[int, int]:
    """How many deals are new and how many changed; each part counts itself, whatever else is imported at once."""
    size = min(db.rows_per_write, 5000)
    new = changed = 0
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        size_before, _, touched, size_after = db.write(
            [
                store.deals_size(source=source),
                store.insert_snapshots(rows=part, source=source, now=now),
                store.upsert_deals(rows=part, source=source, now=now),
                store.deals_size(source=source),
            ]
        )
        grown = size_after.rows[0]["deals"] - size_before.rows[0]["deals"]
        new += grown
        changed += touched.affected - grown
    return new, changed


def _newest(deals: pd.DataFrame, now: datetime) -> pd.Timestamp:
    """The last day the deals know of: an old file is judged as of its own time, not as if sales had stopped."""
    days = [day for day in (deals["created_on"].max(), deals["closed_on"].max()) if not pd.isna(day)]
    return min(max(days), pd.Timestamp(now.date())) if days else pd.Timestamp(now.date())
