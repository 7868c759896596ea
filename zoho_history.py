"""Leads that the call centre worked before the first export from here, out of what was read from Zoho."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import lead_values
from actors import Actor, require
from lead_columns import same_industry
from stores import matches, outcomes, syncs
from stores import zoho as store
from stores.audit import audit_entry
from turso_db import Database
from zoho_profile import Profile, plain
from zoho_sites import SiteRecord, first_seen, judged_records, site_name

_SITES_AT_ONCE = 1000


@dataclass(frozen=True)
class HistoryImported:
    """What the import did. read = imported + updated + unchanged + merged + rejected."""

    counts: dict[str, int]
    notes: list[str] = field(default_factory=list)


def import_history(
    db: Database, *, profile: Profile, industries: Mapping[str, str], now: datetime, actor: Actor
) -> HistoryImported:
    """Historical outcomes, one per company and ZIP, from every site of the VanillaSoft source that is older than the
    first export; converted leads included. Running it again changes nothing.

    Sites that carry a batch ID or are an exported company are left to lead_outcomes, so nobody counts twice.
    `industries` is industry (as lead_columns.same_industry writes it) → SIC, for leads without a SIC of their own.
    Counts: read, imported, updated, unchanged, merged (the same company and ZIP again), rejected (no name).
    """
    require(actor, "ops", "import outcomes")
    counts = dict.fromkeys(("read", "imported", "updated", "unchanged", "merged", "rejected"), 0)
    forecasts = store.read_setup(db, key="forecasts") or {}
    kept: dict[str, dict[str, Any]] = {}
    from_industry = 0
    after = ""
    while sites := matches.read_history_sites(db, after=after, limit=_SITES_AT_ONCE):
        after = sites[-1]
        for records in _by_site(db, profile, sites, forecasts):
            counts["read"] += 1
            row = _historical_row(records, industries)
            if row is None:
                counts["rejected"] += 1
                continue
            from_industry += row.pop("sic_from_industry")
            known = kept.get(row["source_key"])
            counts["merged"] += known is not None
            kept[row["source_key"]] = row if known is None else _merged(known, row)
    _keep(db, list(kept.values()), counts, now)
    counts["unchanged"] = len(kept) - counts["imported"] - counts["updated"]
    notes = _notes(db, profile, from_industry)
    db.write(
        [
            syncs.insert_finished(
                kind="historical", counts={"read": counts["read"], "updated": counts["imported"] + counts["updated"]},
                errors=[], now=now, actor=actor.name, note=" ".join(notes) or None,
            ),
            audit_entry(now=now, actor=actor, action="import historical", subject="Zoho", detail=counts),
        ]
    )  # fmt: skip
    return HistoryImported(counts, notes)


def _by_site(
    db: Database, profile: Profile, sites: Sequence[str], forecasts: Mapping[str, str]
) -> list[list[SiteRecord]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in store.read_site_records(db, sites=sites):
        grouped.setdefault(str(row["site"]), []).append(row)
    return [judged_records(profile, grouped[site], forecasts) for site in sites if site in grouped]


def _historical_row(records: Sequence[SiteRecord], industries: Mapping[str, str]) -> dict[str, Any] | None:
    """The row as stored, with whether its SIC came from the industry; None without a company name."""
    name = site_name(records)
    if name is None:
        return None

    def first(what: str) -> Any:
        return next(
            (getattr(one.record, what) for one in records if getattr(one.record, what) is not None), None
        )

    sic, industry = first("sic_code"), first("industry")
    guessed = industries.get(same_industry(industry)) if sic is None and industry else None
    delivered = [
        m.happened_at for one in records for m in one.judgement.milestones if m.milestone == "delivery"
    ]
    deals = [one for one in records if one.role.key == "deals"]
    started = first_seen(deals) or first_seen(records)
    zip_code = first("zip_code")
    return {
        "company_name": name,
        "sic_code": sic or guessed,
        "employee_count": first("employees"),
        "zip_code": zip_code,
        "state": first("state"),
        "outcome": "delivery" if delivered else "no_delivery",
        "deal_created_at": started and started[:10],
        "delivery_at": min(delivered)[:10] if delivered else None,
        "source": "zoho",
        "source_key": f"{lead_values.normalised_company_name(name)}|{zip_code or ''}",
        "sic_from_industry": guessed is not None,
    }


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One lead from two sites of the same company and ZIP: delivered if either was, from the earlier date on."""
    both = {key: first[key] if first[key] is not None else second[key] for key in first}
    both["outcome"] = "delivery" if "delivery" in (first["outcome"], second["outcome"]) else "no_delivery"
    for column in ("deal_created_at", "delivery_at"):
        both[column] = min((row[column] for row in (first, second) if row[column]), default=None)
    return both


def _keep(db: Database, rows: Sequence[dict[str, Any]], counts: dict[str, int], now: datetime) -> None:
    size = min(db.rows_per_write, _SITES_AT_ONCE)
    for start in range(0, len(rows), size):
        part = [row | {"imported_at": now} for row in rows[start : start + size]]
        before, touched, after = db.write(
            [outcomes.historical_size(), outcomes.upsert_historical(rows=part), outcomes.historical_size()]
        )
        new = after.rows[0]["leads"] - before.rows[0]["leads"]
        counts["imported"] += new
        counts["updated"] += touched.affected - new


def _notes(db: Database, profile: Profile, from_industry: int) -> list[str]:
    """What is missing, what was taken from elsewhere, and sources that look like VanillaSoft but are not counted."""
    notes = []
    if from_industry:
        notes.append(
            f"{from_industry:,} SIC codes were taken from the industry, where it names one SIC alone."
        )
    size = outcomes.count_historical(db)
    for key, what in (("without_sic", "SIC code"), ("without_size", "employee count")):
        if size[key]:
            notes.append(f"{size[key]:,} of {size['leads']:,} leads called before have no {what}.")
    for source, number in store.count_sources(db).items():
        if "vanilla" in plain(source) and not profile.is_our_source(source):
            notes.append(
                f"{number:,} leads in Zoho have the source '{source[:60]}', which is not counted. If it is VanillaSoft, "
                "add it to lead_source in config/zoho.yaml."
            )
    return notes
