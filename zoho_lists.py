"""Whom not to call, read out of Zoho: records that are flagged, and sites that came so far that a machine stands there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stores import zoho as store
from stores import zoho_lists
from turso_db import Database
from zoho_client import ZohoClient, quoted
from zoho_profile import LIST_FIELDS, NotToCall, Profile
from zoho_rows import existing, read_rows
from zoho_rules import field_texts
from zoho_sites import judged_records, site_name

ZOHO_FIELDS = LIST_FIELDS  # the headers that the lists have
_SITES_AT_ONCE = 1000


def read_flagged(zoho: ZohoClient, entry: NotToCall, profile: Profile) -> bytes:
    """The flagged records as a CSV with the fields of the list as headers, one row per record; confirmed by Zoho's
    count. ConfigError when the module or the flag does not exist.
    """
    module, flag = str(entry.module), str(entry.flag)
    wanted = [name for names in entry.fields.values() for name in names]
    fields = existing(zoho, module, [flag], wanted, f"suppression.{entry.name}")
    convertible = any(role.convertible and role.module == module for role in profile.roles.values())
    rows = read_rows(zoho, module, fields, where=[_criterion(flag, entry.values)], convertible=convertible)
    return _csv(
        list(entry.fields),
        (field_texts(entry.fields, rows.by_id[key]) for key in sorted(rows.by_id, key=int)),
    )


def known_sites(db: Database, entry: NotToCall, profile: Profile) -> bytes:
    """The same of the sites that the last sync saw with one of the outcomes, deleted records left out."""
    forecasts = store.read_setup(db, key="forecasts") or {}
    return _csv(
        ["company_name", "zip_code", "website", "direct_phone"], _sites(db, entry, profile, forecasts)
    )


def _sites(
    db: Database, entry: NotToCall, profile: Profile, forecasts: Mapping[str, str]
) -> Iterator[dict[str, list[str]]]:
    after = ""
    while sites := zoho_lists.read_sites(db, after=after, limit=_SITES_AT_ONCE):
        after = sites[-1]
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in store.read_site_records(db, sites=sites):
            rows.setdefault(str(row["site"]), []).append(row)
        for site in sites:
            records = judged_records(profile, rows.get(site, []), forecasts)
            said = {milestone.milestone for one in records for milestone in one.judgement.milestones}
            if not said.intersection(entry.outcomes):
                continue
            yield {
                "company_name": [name] if (name := site_name(records)) else [],
                "zip_code": [one.record.zip_code for one in records if one.record.zip_code],
                "website": [one.record.web_domain for one in records if one.record.web_domain],
                "direct_phone": [phone for one in records for phone in one.record.phones],
            }


def _csv(fields: Sequence[str], rows: Iterator[dict[str, list[str]]]) -> bytes:
    """One row per record; a field with several values has several columns, as a list from a file may have."""
    found = list(rows)
    width = {field: max((len(row.get(field, ())) for row in found), default=1) or 1 for field in fields}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([field for field in fields for _ in range(width[field])])
    for row in found:
        cells = [[*row.get(field, ()), *[""] * width[field]][: width[field]] for field in fields]
        writer.writerow([cell for some in cells for cell in some])
    return text.getvalue().encode()


def _criterion(flag: str, values: Sequence[str | bool]) -> str:
    if isinstance(values[0], bool):
        return f"{flag} = {'true' if values[0] else 'false'}"
    return f"{flag} in ({','.join(quoted(str(value)) for value in values)})"
