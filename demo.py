"""Loads the demo world: a year of exports and outcomes, written the way real ones are, and marked as invented."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from actors import Actor, require
from demo_world import SEED, VOID_REASON, Batch, World, demo_world
from errors import InputError, Refused, Unavailable
from export import exported_before, record_export, void_batch
from icp import Icp, business_zone
from lead_values import normalised_company_name
from leads import read_leads
from outcomes import import_historical
from preflight import preflight, with_keys
from scoring import score_leads
from stores import demo as store
from stores import outcomes, state, syncs, unmatched
from stores.audit import audit_entry
from turso_db import Database

_IMPORTER = Actor("Demo import", "ops")
_SOURCE = "demo"
_LEASE_SECONDS = 120
_MOST_SEED = 2**53  # what every JSON reader keeps exactly


@dataclass(frozen=True)
class DemoLoad:
    """What stands after a load. `loaded` is False when this world was there already and nothing changed.

    `day`: the world shows how things stood at the end of the day before. `counts`: see stores.demo.count_demo.
    `truth`: what was planted (dimension, value, leads, rate).
    """

    loaded: bool
    seed: int
    day: date
    counts: dict[str, int]
    truth: pd.DataFrame


def load_demo(
    db: Database,
    *,
    icp: Icp,
    weight_version: int,
    columns: Mapping[str, Sequence[str]],
    industries: Mapping[str, str],
    now: datetime,
    actor: Actor,
    seed: int = SEED,
) -> DemoLoad:
    """The demo world of this seed, loaded as of today; loading it again changes nothing.

    Exports go the way of every export, on their own days, under `weight_version`; the history the way of every
    import. An interrupted load is carried on where it stopped. `columns` and `industries` are those of lead_columns.
    Refused when the database holds anything that is not of the demo, or a demo of another seed; Unavailable while
    somebody else is loading it.
    """
    require(actor, "manager", "load the demo world")
    if not 0 <= seed <= _MOST_SEED:
        raise InputError(f"A seed was expected to be a whole number from 0 to {_MOST_SEED}, got {seed}.")
    zone = business_zone(icp)
    before = store.read_load(db)
    _check_seed(before, seed)
    if before is not None and before["finished_at"]:
        return _loaded(db, before, loaded=False)
    _check_foreign(db)
    holder = secrets.token_hex(8)
    if not state.take_lease(db, name="demo", holder=holder, now=now, seconds=_LEASE_SECONDS):
        raise Unavailable("Somebody is loading the demo world right now. Wait two minutes, then try again.")
    try:
        day = date.fromisoformat(before["day"]) if before else now.astimezone(zone).date()
        world = demo_world(seed, day)
        began = _utc(world.batches[0].day - timedelta(days=1), time(10), zone)
        if before is None:
            db.write(
                store.begin_load(
                    seed=seed, day=day, truth=world.planted, operators=world.operators, now=now, since=began,
                    actor=actor.name,
                )
            )  # fmt: skip
        if not store.count_demo(db)["historical_leads"]:
            import_historical(
                db,
                content=world.history_csv(),
                name="demo_history.csv",
                now=began,
                actor=_IMPORTER,
                source=_SOURCE,
            )
        _export_batches(db, world, icp, weight_version, columns, industries, zone)
        _bring_outcomes(db, world, zone)
        counts = store.count_demo(db)
        db.write(
            [
                store.finish_load(now=now),
                audit_entry(now=now, actor=actor, action="load demo", subject=f"seed {seed}", detail=counts),
            ]
        )
    finally:
        state.release_lease(db, name="demo", holder=holder)
    return _loaded(db, {"seed": seed, "day": day.isoformat()}, loaded=True)


def _export_batches(
    db: Database,
    world: World,
    icp: Icp,
    weight_version: int,
    columns: Mapping[str, Sequence[str]],
    industries: Mapping[str, str],
    zone: ZoneInfo,
) -> None:
    operators = store.read_demo_operators(db)
    known = {row["demo"]: row for row in store.read_demo_batches(db)}
    for place, batch in enumerate(world.batches):
        at = _utc(batch.day, batch.at, zone)
        found = known.get(place)
        actor = Actor(batch.actor, "ops")
        batch_id = found["batch_id"] if found else None
        if found is None:
            operator = None if batch.operator is None else operators[batch.operator]
            batch_id = _export(
                db, batch, place, icp, weight_version, columns, industries, operator, at, actor
            )
        if batch.void and batch_id and (found is None or found["status"] == "closed"):
            void_batch(db, batch_id=batch_id, reason=VOID_REASON, now=at + timedelta(minutes=5), actor=actor)


def _export(
    db: Database,
    batch: Batch,
    place: int,
    icp: Icp,
    weight_version: int,
    columns: Mapping[str, Sequence[str]],
    industries: Mapping[str, str],
    operator: Mapping[str, Any] | None,
    at: datetime,
    actor: Actor,
) -> str | None:
    """The ID of the batch; None when the configuration in force lets none of its leads through."""
    file = read_leads(batch.content, batch.file_name, columns, industries=industries)
    segment = batch.segment if batch.segment in icp.data["scoring"]["segments"] else None
    scored = with_keys(
        score_leads(
            file.leads, icp, workflow=batch.workflow, today=batch.day, center_zip=batch.center_zip,
            radius_miles=batch.radius_miles, segment=segment,
        )
    )  # fmt: skip
    plan = preflight(file, scored, icp, exported_before=exported_before(db, keyed=scored, icp=icp, now=at))
    parameters: dict[str, Any] = {"as_of": batch.day.isoformat(), "environment_factor": 1.0, "demo": place}
    if batch.workflow == "geography":
        parameters |= {"center_zip": batch.center_zip, "radius_miles": batch.radius_miles}
    return record_export(
        db, preflight=plan, icp=icp, weight_version=weight_version, workflow=batch.workflow, parameters=parameters,
        today=batch.day, now=at, actor=actor, operator=operator, segment=segment,
    ).batch_id  # fmt: skip


def _bring_outcomes(db: Database, world: World, zone: ZoneInfo) -> None:
    """The feeds that have not come in yet, each in one write: what fits a company, and what fits none."""
    batch_ids = {
        world.batches[row["demo"]].number: row["batch_id"]
        for row in store.read_demo_batches(db)
        if row["demo"] < len(world.batches) and not world.batches[row["demo"]].void
    }
    companies = outcomes.read_companies(db, batch_ids=list(batch_ids.values()))
    keys = {
        (batch_id, normalised_company_name(name)): key
        for batch_id, name, key in zip(
            companies["batch_id"], companies["company_name"], companies["company_key"], strict=True
        )
    }
    exported = set(companies["company_id"])
    done = set(syncs.read_sync_runs(db, kind="file", limit=1000)["note"])
    for reported_on in sorted(world.feed["reported_on"].dt.date.unique()):
        name = f"demo_outcomes_{reported_on}.csv"
        if name in done:
            continue
        rows = world.feed[world.feed["reported_on"].dt.date == reported_on]
        now = _utc(reported_on, time(20), zone)
        matched, missed = _sorted_out(rows, batch_ids, keys, exported, seed=world.seed)
        touched = list(dict.fromkeys((row["batch_id"], row["company_key"]) for row in matched))
        counts = {
            "read": len(matched) + len(missed),
            "matched": len(matched),
            "review": 0,
            "unmatched": len(missed),
            "updated": len(touched),
        }
        db.write(
            [
                outcomes.insert_milestones(milestones=matched, now=now, actor=_IMPORTER.name),
                outcomes.refresh_outcomes(companies=touched, now=now),
                unmatched.record_unmatched(rows=missed, now=now),
                syncs.insert_finished(
                    kind="file", counts=counts, errors=[], now=now, actor=_IMPORTER.name, note=name
                ),
                audit_entry(now=now, actor=_IMPORTER, action="import file", subject=name, detail=counts),
            ]
        )


def _sorted_out(
    rows: pd.DataFrame,
    batch_ids: Mapping[int, str],
    keys: Mapping[tuple[str, str], str],
    exported: set[str],
    *,
    seed: int,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The milestones that fit a company, and those that fit none, each with why.

    A company that the configuration in force kept from being exported was never called, so it has no outcome.
    """
    matched, missed = [], []
    for row in _records(rows):
        batch_id = row["batch_text"] or batch_ids.get(row["batch"])
        if batch_id is None or (row["company_id"] is not None and str(row["company_id"]) not in exported):
            continue
        key = keys.get((batch_id, normalised_company_name(row["company_name"])))
        who = row["company_id"] or normalised_company_name(row["company_name"])
        told = {
            "batch_id": batch_id,
            "milestone": row["milestone"],
            "happened_at": row["happened_on"].date().isoformat(),
            "source": _SOURCE,
            "source_key": f"{seed}-{row['batch']}-{who}-{row['milestone']}",
        }
        if key is not None:
            matched.append(told | {"company_key": key, "detail": row["detail"]})
        else:
            why = (
                "No batch with this ID was exported."
                if row["batch_text"]
                else "No company of this batch has this name."
            )
            missed.append(told | {"company_name": row["company_name"], "why": why})
    return matched, missed


def _records(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    plain = rows.astype("object").where(rows.notna(), None)
    for values in plain.itertuples(index=False, name=None):
        yield dict(zip(plain.columns, values, strict=True))


def _check_seed(before: Mapping[str, Any] | None, seed: int) -> None:
    if before is not None and before["seed"] != seed:
        raise Refused(
            f"This database already holds the demo world of seed {before['seed']}, and outcomes are never deleted. "
            "For another seed name another database: TURSO_DATABASE_URL=file:data/other.db."
        )


def _check_foreign(db: Database) -> None:
    foreign = {what: n for what, n in store.count_foreign(db).items() if n}
    if foreign:
        told = ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in foreign.items())
        raise Refused(
            f"The demo world is loaded into an empty database only, and this one ({db.name}) holds {told}. "
            "Name another one: TURSO_DATABASE_URL=file:data/demo.db."
        )


def _loaded(db: Database, load: Mapping[str, Any], *, loaded: bool) -> DemoLoad:
    day = date.fromisoformat(load["day"])
    return DemoLoad(loaded, load["seed"], day, store.count_demo(db), store.read_truth(db))


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
