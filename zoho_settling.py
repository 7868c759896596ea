"""Drawing outcomes from what was read: each site is matched, judged, and its milestones appended, in small writes.

Settling a site again appends nothing, so it does not matter how often or in which pieces it is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from errors import Unavailable
from match_weights import Company
from matching import MATCHED, REVIEW, UNMATCHED, Match, Pool
from stores import matches, outcomes, unmatched
from stores import zoho as store
from sync_run import SyncRun
from turso_db import Database, Many, read_together
from zoho_profile import Profile
from zoho_sites import (
    Placed,
    SiteRecord,
    as_company,
    changes,
    exported_companies,
    farthest,
    first_seen,
    is_ours,
    judged_records,
    likely_cause,
    milestone_count,
    named_batches,
    own_site,
    site_name,
)

_SITES_AT_ONCE = 400
_COMPANIES_HELD = 50_000
HISTORY, OTHER = "history", "other"


class Exported:
    """The exported companies to match with, a batch at a time, and all of them only when that is needed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._batches: dict[str, Pool] = {}
        self._whole: Pool | None = None
        mark, known = read_together(db, [matches.read_exports_mark, matches.read_known_vanillasoft])
        self.first_export = mark["first_export"]
        self._vanillasoft: dict[tuple[str, str], list[str]] = {}
        for row in known:
            self._vanillasoft.setdefault((row["batch_id"], row["company_key"]), []).append(
                row["vanillasoft_id"]
            )

    def answer(self, site: Company, named: Sequence[str]) -> Match:
        """Which exported company the site is: in the batches it names, else, for a person to see, anywhere.

        A site that names no batch is looked for among what was exported before it appeared in Zoho.
        """
        found = [self._in_batch(replace(site, batch_id=batch)) for batch in named]
        best = [match for match in found if match.status == MATCHED]
        if len(best) == 1:
            return best[0]
        if best:
            candidates = tuple(candidate for match in best for candidate in match.candidates[:1])
            return Match(REVIEW, best[0].company, candidates)
        seen = next((match for match in found if match.status == REVIEW), None)
        if seen is not None:
            return seen
        if not named and not self._exported_before(site.exported_at):
            return Match(UNMATCHED, None, ())
        anywhere = self._pool().find(replace(site, batch_id=None))
        if named:
            return (
                anywhere._replace(status=REVIEW) if anywhere.status == MATCHED else Match(UNMATCHED, None, ())
            )
        if anywhere.company is not None and not self._exported_before(site.exported_at, anywhere.company):
            return Match(UNMATCHED, None, anywhere.candidates)
        return anywhere

    def batches(self, named: Sequence[str]) -> list[str]:
        """Those of the named batches that were exported from here."""
        return [batch for batch in named if self._batch(batch).companies]

    def _exported_before(self, seen_at: str | None, company: Company | None = None) -> bool:
        exported_at = company.exported_at if company is not None else self.first_export
        if exported_at is None or seen_at is None:
            return exported_at is not None
        limit = datetime.fromisoformat(seen_at) + timedelta(days=1)
        return datetime.fromisoformat(exported_at) <= limit

    def _in_batch(self, site: Company) -> Match:
        pool = self._batch(str(site.batch_id))
        return pool.find(site) if pool.companies else Match(UNMATCHED, None, ())

    def load(self, named: Collection[str]) -> None:
        """Nothing; these batches are at hand, in one round trip. Others are let go when they grow too many."""
        missing = sorted(set(named) - self._batches.keys())
        if not missing:
            return
        for batch_id in [batch_id for batch_id in self._batches if batch_id not in named]:
            if sum(len(pool.companies) for pool in self._batches.values()) > _COMPANIES_HELD:
                del self._batches[batch_id]
        readers = [partial(matches.read_batch_companies, batch_id=batch_id) for batch_id in missing]
        for batch_id, leads in zip(missing, read_together(self._db, readers), strict=True):
            self._batches[batch_id] = Pool(exported_companies(leads, self._vanillasoft))

    def _batch(self, batch_id: str) -> Pool:
        self.load([batch_id])
        return self._batches[batch_id]

    def _pool(self) -> Pool:
        if self._whole is None:
            leads = matches.read_all_companies(self._db)
            self._whole = Pool(exported_companies(leads, self._vanillasoft))
        return self._whole


@dataclass
class _Write:
    """What one part of the settling writes."""

    milestones: list[dict[str, Any]] = field(default_factory=list)
    sites: list[dict[str, Any]] = field(default_factory=list)
    unmatched: list[dict[str, Any]] = field(default_factory=list)
    resolved: list[tuple[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def settle(
    db: Database,
    *,
    profile: Profile,
    forecasts: Mapping[str, str],
    actor: str,
    clock: Callable[[], datetime],
    run: SyncRun | None = None,
) -> set[Placed]:
    """The companies whose milestones changed; every site that was unsettled is settled.

    Unavailable when the same sites stay unsettled although they were settled: it would go on for ever.
    """
    exported = Exported(db)
    updated: set[Placed] = set()
    last: tuple[list[str], int] | None = None
    while (part := store.read_unsettled(db, limit=_SITES_AT_ONCE)).sites:
        if run is not None:
            run.hold()
        if last == (part.sites, part.newest_decision):
            raise Unavailable(
                f"{len(part.sites):,} sites in Zoho stay unsettled although they were just settled. Sync again; if it comes "
                "back, check the database for triggers that are not its own."
            )
        last = part.sites, part.newest_decision
        updated |= _settle_part(db, part, exported, profile, forecasts, actor, clock(), run)
    return updated


def _settle_part(
    db: Database,
    part: store.Unsettled,
    exported: Exported,
    profile: Profile,
    forecasts: Mapping[str, str],
    actor: str,
    now: datetime,
    run: SyncRun | None,
) -> set[Placed]:
    kept: dict[str, list[dict[str, Any]]] = {}
    for milestone in part.milestones:
        kept.setdefault(str(milestone["source_key"]).split(":", 1)[0], []).append(milestone)
    write = _Write()
    of_site: dict[str, list[dict[str, Any]]] = {}
    for row in part.records:
        of_site.setdefault(str(row["site"]), []).append(row)
    judged = {site: judged_records(profile, of_site.get(site, []), forecasts) for site in part.sites}
    exported.load({batch for records in judged.values() for batch in named_batches(records)})
    for site, records in judged.items():
        own = of_site.get(site, [])
        decision = next(
            (part.decisions[row["zoho_id"]] for row in own if row["zoho_id"] in part.decisions), None
        )
        _settle_site(site, records, part.before.get(site), decision, exported, profile, write)
        _append_changes(write, records, kept, now)
        write.left += [was for row in own if (was := own_site(row["role"], row["zoho_id"])) != site]
        if run is not None:
            for one in records:
                if one.judgement.note:
                    run.note(one.judgement.note)
    touched = {Placed(m["batch_id"], m["company_key"]) for m in write.milestones}
    _keep(db, part, write, touched, actor, now)
    return touched


def _settle_site(
    site: str,
    records: Sequence[SiteRecord],
    before: Mapping[str, Any] | None,
    decision: Mapping[str, Any] | None,
    exported: Exported,
    profile: Profile,
    write: _Write,
) -> None:
    """What the site is now, appended to `write.sites`, and its place in the unmatched log."""
    named = named_batches(records)
    milestone, happened_at = farthest(records)
    row: dict[str, Any] = {
        "site": site, "status": OTHER, "batch_id": None, "company_key": None, "named_batch": next(iter(named), None),
        "company_name": site_name(records), "vanillasoft_id": _vanillasoft(records), "created_at": first_seen(records),
        "milestones": milestone_count(records), "probability": None, "candidates": "[]", "why": None, "decided_by": None,
    }  # fmt: skip
    if decision is not None:
        row |= {"decided_by": decision["decided_by"], "batch_id": decision["batch_id"]}
        row |= {"company_key": decision["company_key"], "status": MATCHED if decision["batch_id"] else OTHER}
    elif is_ours(profile, records):
        match = exported.answer(as_company(site, records, None), named)
        row |= _answered(match)
        if match.status != MATCHED and before is not None and _stays(before, named):
            row |= {
                key: before[key] for key in ("status", "batch_id", "company_key", "probability", "candidates")
            }
            row["decided_by"] = None
        elif match.status == UNMATCHED and not named and _is_history(records, exported):
            row["status"] = HISTORY
        elif match.status == REVIEW:
            row["why"] = (
                "Several companies fit about equally, or too little agrees to be sure. A person has to say which."
            )
        elif match.status != MATCHED:
            row["why"] = likely_cause(records, named, exported.batches(named))
    write.sites.append(row)
    if row["status"] == UNMATCHED and (milestone or named):
        write.unmatched.append(
            {
                "source": "zoho", "source_key": site, "batch_id": row["named_batch"], "company_name": row["company_name"],
                "milestone": milestone, "happened_at": happened_at, "why": row["why"],
            }
        )  # fmt: skip
    else:
        write.resolved.append(("zoho", site))


def _append_changes(
    write: _Write, records: Sequence[SiteRecord], kept: Mapping[str, Sequence[dict[str, Any]]], now: datetime
) -> None:
    row = write.sites[-1]
    placed = Placed(row["batch_id"], row["company_key"]) if row["status"] == MATCHED else None
    own = [milestone for one in records for milestone in kept.get(one.record.zoho_id, ())]
    write.milestones += changes(records, own, placed, now.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _keep(
    db: Database,
    part: store.Unsettled,
    write: _Write,
    touched: set[Placed],
    actor: str,
    now: datetime,
) -> None:
    """Everything of one part in one write: milestones, outcomes, sites and logs agree whenever a run ends."""
    statements: list[Many] = [
        matches.upsert_sites(rows=write.sites, now=now),
        matches.drop_sites(sites=sorted(set(write.left))),
        unmatched.reopen_unmatched(keys=[("zoho", row["source_key"]) for row in write.unmatched]),
        unmatched.record_unmatched(rows=write.unmatched, now=now),
        unmatched.resolve_unmatched(
            keys=[*write.resolved, *(("zoho", site) for site in sorted(set(write.left)))],
            resolution="matched, or settled, by a later sync",
            now=now,
        ),
        store.mark_settled(sites=part.sites, newest_decision=part.newest_decision),
    ]
    if write.milestones:
        statements.append(outcomes.insert_milestones(milestones=write.milestones, now=now, actor=actor))
        statements.append(outcomes.refresh_outcomes(companies=sorted(touched), now=now))
    db.write(statements, bump=bool(write.milestones or write.sites))


def _answered(match: Match) -> dict[str, Any]:
    """The columns of zoho_sites that the evidence fills."""
    candidates = [
        {
            "batch_id": candidate.company.batch_id,
            "company_key": candidate.company.key,
            "company_name": next(iter(candidate.company.names), None),
            "zip_code": candidate.company.zip_code,
            "probability": round(candidate.probability, 4),
            "evidence": [
                {"kind": e.kind, "bits": round(e.bits, 1), "exported": e.exported, "zoho": e.crm}
                for e in candidate.evidence
            ],
        }
        for candidate in match.candidates[:3]
    ]
    return {
        "status": match.status,
        "batch_id": match.company.batch_id if match.company else None,
        "company_key": match.company.key if match.company else None,
        "probability": round(match.candidates[0].probability, 4) if match.candidates else None,
        "candidates": json.dumps(candidates, ensure_ascii=False),
    }


def _stays(before: Mapping[str, Any], named: Sequence[str]) -> bool:
    """Whether a site keeps the company it was matched to before, although the evidence has become weaker.

    It does unless the batch ID in Zoho was changed to another one, or a person's decision made the match and is gone.
    """
    return (
        before["status"] == MATCHED
        and before["decided_by"] is None
        and (not named or before["named_batch"] in (None, *named))
    )


def _is_history(records: Sequence[SiteRecord], exported: Exported) -> bool:
    """Whether the site appeared in Zoho before anything was exported from here."""
    seen = first_seen(records)
    return exported.first_export is None or (seen is not None and seen < exported.first_export)


def _vanillasoft(records: Sequence[SiteRecord]) -> str | None:
    return next((one.record.vanillasoft_id for one in records if one.record.vanillasoft_id), None)
