"""The export: a batch ID, the leads kept with their features, and only then the bytes of the VanillaSoft
file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from actors import Actor, given_reason, require
from batch_ids import batch_id as format_batch_id
from errors import Conflict, HadesError, InputError, Refused, Unavailable
from icp import Icp, business_zone
from lead_arrays import digits, joined
from lead_features import features, plain_values
from lead_values import web_domain
from preflight import ExportRules, Preflight, export_rules
from stores import batches, suppression
from stores.audit import audit_entry
from suppression_keys import different_keys, stale_lists
from turso_db import Database
from vanillasoft import callable_numbers, csv_bytes, read_back, vanillasoft_frame
from vanillasoft_layout import Layout

_STAGED_FOR = timedelta(
    days=1
)  # an export that has not closed by then was killed; its parts are cleared away


@dataclass(frozen=True)
class Export:
    """A finished export; `batch_id`, `csv` and `sha256` are None when no lead was left to go out."""

    batch_id: str | None
    csv: bytes | None
    sha256: str | None
    counts: dict[str, int]


def exported_before(
    db: Database, *, keyed: pd.DataFrame, icp: Icp, now: datetime, rules: ExportRules | None = None
) -> dict[str, dict[str, str]]:
    """For preflight: 'company_key', 'phone', 'contact_id' → {key: a sentence about the earlier export}.

    `keyed` comes from preflight.with_keys. Looks back exported_within_days of `rules` (those of the
    configuration by default), and not at all when that is 0. An export as of an earlier day minds what was exported after that day, too.
    """
    known: dict[str, dict[str, str]] = {"contact_id": {}, "phone": {}, "company_key": {}}
    since = _since(rules or export_rules(icp), now)
    if since is None:
        return known
    found = batches.read_exported_before(
        db,
        company_keys=keyed["company_key"].dropna().tolist(),
        phones=keyed["dial_key"].dropna().tolist(),
        contact_ids=keyed["contact_id"].dropna().tolist(),
        since=since,
    )
    what = {"company_key": "company", "phone": "phone number", "contact_id": "contact"}
    zone = business_zone(icp)
    for row in found.to_dict("records"):
        day = datetime.fromisoformat(row["exported_at"]).astimezone(zone).date()
        known[row["kind"]][row["key"]] = (
            f"The same {what[row['kind']]} was exported in {row['batch_id']} on {day} by {row['exported_by']}."
        )
    return known


def record_export(
    db: Database,
    *,
    preflight: Preflight,
    icp: Icp,
    weight_version: int,
    workflow: str,
    parameters: Mapping[str, Any],
    today: date,
    now: datetime,
    actor: Actor,
    operator: Mapping[str, Any] | None = None,
    segment: str | None = None,
    exported_at: datetime | None = None,
    layout: Layout | None = None,
    accept_stale: bool = False,
) -> Export:
    """The batch that now exists, with the bytes to download; nothing exists when an error is raised.

    Leads, features, misses, file, counts and audit are kept in one closing write. A database across a network
    takes large exports in parts that nobody reads before that write. Nothing left to export makes no batch.
    Conflict when somebody exported one of these leads meanwhile, or loaded a suppression list. `exported_at` is the time the leads count
    from, `now` by default; an export made as of an earlier day carries that day. `layout`: of the file, the
    shipped one by default. Refused while a suppression list in force is more than 31 days old, unless
    `accept_stale`; what was accepted is kept with the batch.
    """
    require(actor, "ops", "export leads")
    counts = preflight.counts()
    if preflight.ready.empty:
        return Export(None, None, None, counts)
    lists = suppression.read_lists(db)
    stale = stale_lists(lists, today)
    if stale and not accept_stale:
        raise Refused(
            f"{' '.join(stale)} Load a newer one first, or say that the old one is good enough for this export."
        )
    number = batches.next_batch_number(db, day=f"{today:%Y%m%d}", drop_staged_before=now - _STAGED_FOR)
    batch = format_batch_id(today, number)
    rows = vanillasoft_frame(
        preflight.ready,
        batch=batch,
        workflow=workflow,
        today=today,
        agents=parameters.get("agents", icp.data["export"]["agents"]),
        operator=operator,
        center_zip=parameters.get("center_zip"),
        radius_miles=parameters.get("radius_miles"),
        layout=layout,
    )
    content = csv_bytes(rows)
    if not read_back(content).equals(rows):
        raise Unavailable(
            "The file did not read back as it was written, so it is not offered. Export once more."
        )
    exported_at = exported_at or now
    rules = preflight.rules or export_rules(icp)
    leads = _lead_columns(preflight.ready, icp, weight_version, workflow, exported_at)
    sha256 = hashlib.sha256(content).hexdigest()
    values = {
        "batch_id": batch, "workflow_type": workflow, "exported_at": exported_at, "exported_by": actor.name,
        "source_file": preflight.source.name, "source_sha256": preflight.source.sha256,
        "operator_id": (operator or {}).get("id"), "operator_name": (operator or {}).get("name"),
        "segment": segment, "parameters": json.dumps(_settings(preflight, rules, stale) | dict(parameters), sort_keys=True),
        "weight_version": weight_version, "sha256": sha256, **counts,
    }  # fmt: skip
    try:
        db.write(
            [
                batches.insert_batch(values=values),
                *_leads_into(db, batch, leads, rows, content, now),
                batches.insert_misses(batch_id=batch, misses=_miss_rows(preflight.misses)),
                *batches.refuse_taken(batch_id=batch, since=_since(rules, exported_at)),
                *suppression.refuse_barred(
                    keys=_outgoing_keys(preflight.ready, set(lists["kind"])),
                    newest=int(lists["list_id"].max() if len(lists) else 0),
                ),
                audit_entry(
                    now=now, actor=actor, action="export", subject=batch, detail=counts | {"sha256": sha256}
                ),
            ]
        )
    except HadesError as error:
        if isinstance(error, Unavailable) and _is_recorded(db, batch):
            return Export(batch, content, sha256, counts)  # only the answer was lost
        with contextlib.suppress(HadesError):
            batches.drop_staged(db, batch_id=batch)
        if isinstance(error, Conflict) and "leads_taken_meanwhile" in str(error):
            raise Conflict(
                "Somebody exported some of these leads while this export was being prepared, so nothing was "
                "exported. Score the file again: the rows already taken are then listed with their batch."
            ) from error
        if isinstance(error, Conflict) and "leads_barred_meanwhile" in str(error):
            raise Conflict(
                "A suppression list was loaded while this export was being prepared, so nothing was exported. Score the "
                "file again: whoever is on the list then stays, with the reason."
            ) from error
        raise
    return Export(batch, content, sha256, counts)


def void_batch(db: Database, *, batch_id: str, reason: str, now: datetime, actor: Actor) -> None:
    """Nothing; the batch is void: its leads are free for another export, its ID and its history stay.

    InputError for an unknown batch or an empty reason, Conflict when it is void already.
    """
    require(actor, "ops", "void a batch")
    reason = given_reason(reason, "Say why the batch is void.")
    if batches.read_batch(db, batch_id=batch_id) is None:
        raise InputError(f"There is no batch {batch_id}. Look it up on the Batches page.")
    try:
        db.write(
            [
                batches.mark_void(batch_id=batch_id, reason=reason, now=now, actor=actor.name),
                audit_entry(
                    now=now, actor=actor, action="void batch", subject=batch_id, detail={"reason": reason}
                ),
            ]
        )
    except Conflict as error:
        batch = batches.read_batch(db, batch_id=batch_id) or {}
        raise Conflict(
            f"{batch_id} was already made void by {batch.get('voided_by')} on {str(batch.get('voided_at'))[:10]}."
        ) from error


def invented_agents(agents: Sequence[str]) -> list[str]:
    """Those of `agents` whose address is kept for examples (RFC 2606, section 3), in their order: no agent has one."""
    return [agent for agent in agents if agent.strip().casefold().endswith("@example.com")]


def file_name(batch: str) -> str:
    """The name under which the CSV of a batch is offered."""
    return f"{batch}_vanillasoft.csv"


def _leads_into(
    db: Database, batch: str, leads: list[list[Any]], rows: pd.DataFrame, content: bytes, now: datetime
) -> Sequence[Any]:  # fmt: skip
    """The statements of the closing write that bring in the leads; of a large export over a network all parts but the
    last are staged first, one round trip each.
    """
    size = db.rows_per_write
    if len(rows) <= size:
        return batches.insert_leads(batch_id=batch, columns=leads, csv=content, now=now)
    parts = [
        batches.stage_part(
            batch_id=batch, part=part, leads=list(zip(*(column[start : start + size] for column in leads), strict=True)), now=now,
            csv=csv_bytes(rows.iloc[start : start + size], header=part == 0),
        )
        for part, start in enumerate(range(0, len(rows), size))
    ]  # fmt: skip
    for part in parts[:-1]:
        db.write([part], bump=False)
    return [parts[-1], *batches.insert_staged(batch_id=batch, now=now)]


def _outgoing_keys(ready: pd.DataFrame, kinds: set[str]) -> dict[str, list[str]]:
    """By what suppression lists are asked about what goes out: of the numbers those that stand in the file."""
    return different_keys(ready.assign(**callable_numbers(ready)), sorted(kinds))


def _is_recorded(db: Database, batch: str) -> bool:
    with contextlib.suppress(HadesError):
        return batches.read_batch(db, batch_id=batch) is not None
    return False


def _miss_rows(misses: pd.DataFrame) -> list[tuple[Any, ...]]:
    columns = ("row_number", "kind", "reason", "company_name")
    return list(zip(*(plain_values(misses[name]) for name in columns), strict=True))


def _lead_columns(
    ready: pd.DataFrame, icp: Icp, weight_version: int, workflow: str, exported_at: datetime
) -> list[list[Any]]:
    """The values of all leads for each of batches.LEAD_FIELDS."""
    values = {
        "hades_score": plain_values(ready["score"]),
        "phone": plain_values(ready["dial_key"]),
        "other_phones": _other_phones(ready),
        "web_domain": _web_domains(plain_values(ready["website"]), plain_values(ready["email"])),
        "workflow_type": [workflow] * len(ready),
        "weight_version": [weight_version] * len(ready),
        "exported_at": [exported_at.strftime("%Y-%m-%dT%H:%M:%SZ")] * len(ready),
        "source_features": features(ready, icp),
    }
    return [values.get(name) or plain_values(ready[name]) for name in batches.LEAD_FIELDS]


def _other_phones(ready: pd.DataFrame) -> list[Any]:
    """The different numbers of each lead, ten digits each, divided by spaces; None where there is none."""
    known: list[pd.Series] = []
    for column in ("company_phone", "direct_phone", "mobile_phone"):
        numbers = digits(ready[column])
        for other in known:
            numbers = numbers.mask(numbers.eq(other))
        known.append(numbers)
    return plain_values(joined(known, " "))


def _web_domains(websites: list[str | None], emails: list[str | None]) -> list[str | None]:
    """The domain of each lead, looked for once per website."""
    known = {website: web_domain(website) for website in set(websites)}
    return [
        known[website] or (web_domain(None, email) if email else None)
        for website, email in zip(websites, emails, strict=True)
    ]


def _settings(preflight: Preflight, rules: ExportRules, stale: list[str]) -> dict[str, Any]:
    """How the batch was made, for the ledger: its rules, how the exploration slice was drawn, how the file's days were read."""
    settings: dict[str, Any] = rules._asdict()
    if preflight.seed is not None:
        settings["exploration"] = {
            "seed": preflight.seed, "explorable": preflight.explorable, "explored": preflight.explored(),
        }  # fmt: skip
    if stale:
        settings["accepted_stale"] = stale
    if preflight.source.days.sentence:
        settings["days"] = preflight.source.days.sentence
    return settings


def _since(rules: ExportRules, now: datetime) -> datetime | None:
    days = rules.exported_within_days
    return now - timedelta(days=days) if days else None
