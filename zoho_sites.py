"""From the records of one site in Zoho to its outcomes: what to match it by, which milestones it stands for, and
what has to be appended so that the milestones kept say the same. A site is a lead, its deal and their deliveries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from match_weights import Company
from zoho_profile import Profile, Role
from zoho_rules import Judgement, ZohoRecord, judge

_ORDER = ("lost", "contacted", "appointment", "delivery", "churned")  # the farthest last


@dataclass(frozen=True)
class SiteRecord:
    """One record of a site, judged; `deleted_at` when Zoho lists it as deleted."""

    role: Role
    record: ZohoRecord
    deleted_at: str | None
    judgement: Judgement


class Placed(NamedTuple):
    """The company of a batch that milestones are kept for."""

    batch_id: str
    company_key: str


def site_of(role: str, record: ZohoRecord) -> str:
    """What the record belongs to: its deal where there is one, else itself."""
    if role == "deals":
        return f"deal:{record.zoho_id}"
    if record.deal is not None:
        return f"deal:{record.deal}"
    return f"{'lead' if role == 'leads' else 'delivery'}:{record.zoho_id}"


def own_site(role: str, zoho_id: str) -> str:
    """What the record belonged to before it had a deal."""
    return f"{'lead' if role == 'leads' else 'deal' if role == 'deals' else 'delivery'}:{zoho_id}"


def judged_records(
    profile: Profile, rows: Iterable[Mapping[str, Any]], forecasts: Mapping[str, str]
) -> list[SiteRecord]:
    """The rows of a site as stores.zoho.read_site_records gives them, each with what it says; deleted ones say nothing.

    A record of a role that the profile no longer has is left out: its milestones stay as they are.
    """
    found = []
    for row in rows:
        role = profile.roles.get(str(row["role"]))
        if role is None:
            continue
        record = ZohoRecord.from_json(row["facts"])
        deleted = row["deleted_at"]
        judgement = Judgement((), frozenset(), None) if deleted else judge(role, record, forecasts)
        found.append(SiteRecord(role, record, deleted, judgement))
    return found


def is_ours(profile: Profile, records: Sequence[SiteRecord]) -> bool:
    """Whether the site came from the call centre: by a batch ID or by its lead source."""
    return any(one.record.batch_ids or profile.is_our_source(one.record.source) for one in records)


def named_batches(records: Sequence[SiteRecord]) -> list[str]:
    """The batch IDs that stand in the records, those of leads first."""
    return list(dict.fromkeys(batch for one in records for batch in one.record.batch_ids))


def first_seen(records: Sequence[SiteRecord]) -> str | None:
    """When the oldest record was made in Zoho."""
    return min((one.record.created_at for one in records if one.record.created_at), default=None)


def site_name(records: Sequence[SiteRecord]) -> str | None:
    """The name of the company as Zoho spells it: the lead's, else the account's, else the record's own."""
    for one in records:
        if one.role.key == "leads" and one.record.name:
            return one.record.name
    return next((n for one in records for n in (one.record.account, one.record.name) if n), None)


def as_company(site: str, records: Sequence[SiteRecord], batch_id: str | None) -> Company:
    """The site as matching compares it. The name of a delivery counts only where nothing else has one."""
    told = [one.record for one in records if one.role.key != "deliveries"] or [one.record for one in records]
    names = [name for record in told for name in (record.name, record.account) if name]
    ids = []
    for one in records:
        for kind, value in (
            ("contact", one.record.contact_id),
            ("company", one.record.company_id),
            ("vanillasoft", one.record.vanillasoft_id),
        ):
            if value:
                ids.append(f"{kind}:{value}")

    def first(field: str) -> str | None:
        return next((getattr(one.record, field) for one in records if getattr(one.record, field)), None)

    return Company(
        key=site,
        batch_id=batch_id,
        names=tuple(dict.fromkeys(names)),
        phones=tuple(dict.fromkeys(phone for one in records for phone in one.record.phones)),
        zip_code=first("zip_code"),
        state=first("state"),
        city=first("city"),
        street=first("street"),
        web_domain=first("web_domain"),
        ids=tuple(dict.fromkeys(ids)),
        exported_at=first_seen(records),
    )


def exported_companies(
    leads: pd.DataFrame, vanillasoft: Mapping[tuple[str, str], Sequence[str]]
) -> list[Company]:
    """One Company per company of a batch from its exported rows (stores.zoho.read_all_companies), in their order.

    `vanillasoft` holds the VanillaSoft IDs that earlier matches showed, per (batch_id, company_key).
    """
    grouped: dict[tuple[str, str], list[Any]] = {}
    for row in leads.itertuples(index=False):
        grouped.setdefault((str(row.batch_id), str(row.company_key)), []).append(row)
    return [_exported(rows, vanillasoft.get(key, ())) for key, rows in grouped.items()]


def milestone_count(records: Sequence[SiteRecord]) -> int:
    """How many different milestones the records stand for."""
    return len({milestone.milestone for one in records for milestone in one.judgement.milestones})


def farthest(records: Sequence[SiteRecord]) -> tuple[str | None, str | None]:
    """The farthest milestone and when it happened, (None, None) while nothing did."""
    found = [m for one in records for m in one.judgement.milestones]
    if not found:
        return None, None
    best = max(found, key=lambda m: (_ORDER.index(m.milestone), m.happened_at))
    return best.milestone, best.happened_at


def changes(
    records: Sequence[SiteRecord], kept: Sequence[Mapping[str, Any]], placed: Placed | None, now: str
) -> list[dict[str, Any]]:
    """The rows to append to the milestones so that they say what the records say; none when they do already.

    `kept` are all rows that came from these records (stores.zoho.read_record_milestones). What a record no longer
    mentions stays; what it denies, what was deleted, and what belongs to another company now is taken back. A date
    of its own is corrected, any other date stays as first seen. `placed` None takes everything back.
    """
    by_record: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in kept:
        zoho_id, milestone, _ = str(row["source_key"]).split(":", 2)
        by_record.setdefault(zoho_id, {}).setdefault(milestone, []).append(row)
    appended: list[dict[str, Any]] = []
    for one in records:
        appended += _record_changes(one, by_record.get(one.record.zoho_id, {}), placed, now)
    return appended


def likely_cause(records: Sequence[SiteRecord], named: Sequence[str], known_batches: Iterable[str]) -> str:
    """Why the site found no company, in a sentence that says what to do."""
    if named:
        known = set(known_batches)
        missing = [batch for batch in named if batch not in known]
        if missing:
            return (
                f"No batch {missing[0]} was exported from here: the ID was mistyped, or the batch is older than this "
                "product. Correct the ID in Zoho, or import the export with scripts.import_exports."
            )
        return (
            f"No company of {named[0]} looks like it: the name was typed by hand or changed. Decide in the review, or "
            "correct the company in Zoho."
        )
    if any(one.role.key == "leads" for one in records):
        return (
            "No batch ID came with it: the field Import Notes was not carried from VanillaSoft to Zoho, or the lead "
            "was typed by hand. Map the notes to HADES_Batch_ID."
        )
    return (
        "No batch ID came with it, and no lead leads to it: the field is not mapped when a lead is converted, or the "
        "deal was made by hand. Map HADES_Batch_ID at conversion."
    )


def _record_changes(
    one: SiteRecord, kept: Mapping[str, Sequence[Mapping[str, Any]]], placed: Placed | None, now: str
) -> list[dict[str, Any]]:
    record, judgement = one.record, one.judgement
    said = {milestone.milestone: milestone for milestone in judgement.milestones}
    when = one.deleted_at or record.modified_at or now
    appended: list[dict[str, Any]] = []
    for milestone in dict.fromkeys((*kept, *said)):
        rows = list(kept.get(milestone, ()))
        standing = next((row for row in rows if row["standing"]), None)
        new = said.get(milestone)
        here = standing is not None and placed == (standing["batch_id"], standing["company_key"])
        why = None
        if placed is None:
            why = "this record is no company of ours"
        elif one.deleted_at:
            why = "the record was deleted in Zoho"
        elif milestone in judgement.taken_back:
            why = f"Zoho now says {record.stage}"[:120]
        elif standing is not None and not here:
            why = "it belongs to another company"
        elif (
            standing is not None
            and new is not None
            and new.dated
            and new.happened_at != standing["happened_at"]
        ):
            why = "the date was corrected in Zoho"
        if standing is not None and why is not None:
            appended.append(_retraction(standing, when, why))
        if placed is None or one.deleted_at or milestone in judgement.taken_back:
            continue
        if standing is not None and why is None:
            continue
        if standing is None and (new is None or (rows and rows[-1]["held"])):
            continue  # nothing was said, or a person took it back: that stays
        dated = new is not None and (new.dated or standing is None)
        appended.append(
            {
                "batch_id": placed.batch_id,
                "company_key": placed.company_key,
                "milestone": milestone,
                "happened_at": new.happened_at
                if dated and new is not None
                else standing and standing["happened_at"],
                "source": "zoho",
                "source_key": f"{record.zoho_id}:{milestone}:{len(rows) + 1}",
                "detail": new.detail if new is not None else None,
            }
        )
    return appended


def _retraction(standing: Mapping[str, Any], when: str, why: str) -> dict[str, Any]:
    return {
        "batch_id": standing["batch_id"],
        "company_key": standing["company_key"],
        "milestone": "retracted",
        "happened_at": when,
        "source": "zoho",
        "source_key": f"{standing['source_key']}:retracted",
        "detail": why,
        "retracts": standing["id"],
    }


def _exported(rows: Sequence[Any], vanillasoft: Sequence[str]) -> Company:
    def known(field: str) -> list[str]:
        return list(dict.fromkeys(v for row in rows if isinstance(v := getattr(row, field), str) and v))

    phones = [*known("phone"), *(number for text in known("other_phones") for number in text.split())]
    ids = [
        *(f"contact:{value}" for value in known("contact_id")),
        *(f"company:{value}" for value in known("company_id")),
        *(f"vanillasoft:{value}" for value in vanillasoft),
    ]
    first = rows[0]
    return Company(
        key=first.company_key,
        batch_id=first.batch_id,
        names=tuple(known("company_name")),
        phones=tuple(dict.fromkeys(re.sub(r"\D", "", phone) for phone in phones)),
        zip_code=next(iter(known("zip_code")), None),
        state=next(iter(known("state")), None),
        city=next(iter(known("city")), None),
        street=next(iter(known("street")), None),
        web_domain=next(iter(known("web_domain")), None),
        ids=tuple(ids),
        exported_at=first.exported_at,
    )
