"""Files of leads to be scored: either with the declared fields as headers, or as ZoomInfo exports them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd

from errors import InputError
from lead_schema import OWN, ApiRules, SentLead, check_lead
from leads import read_leads
from sheets import plain_header, read_sheet


@dataclass(frozen=True)
class LeadBatch:
    """One file: rows_in = leads + rejected, both with the row number as a spreadsheet shows it."""

    name: str
    sha256: str
    rows_in: int
    leads: list[tuple[int, SentLead]]
    rejected: list[tuple[int, str]]


def read_lead_batch(
    content: bytes,
    name: str,
    rules: ApiRules,
    *,
    columns: Mapping[str, Any],
    industries: Mapping[str, str],
    today: date,
) -> LeadBatch:
    """The leads of a file. A header row with lead_id or three of the declared fields makes it a file of those; else it is read as
    ZoomInfo's.

    A lead without a lead_id gets one from the content of its row, so that the same row is the same lead again. What does
    not fit is a rejected row with its reason; columns that are no fields are left out. `today`: what ages count from.
    """
    declared = {field for kind in rules.kinds.values() for field in kind.fields} | {"lead_id"}
    try:
        sheet = read_sheet(content, name, lambda cells: len({_plain(c) for c in cells} & declared) >= 2)
        headers = [_plain(header) for header in sheet.headers]
    except InputError:
        headers = []
    if "lead_id" in headers or len([h for h in headers if h in declared]) >= 3:
        known = declared | set(OWN)
        rows = [
            (n, {h: c for h, c in zip(headers, cells, strict=True) if h in known and str(c).strip()})
            for n, cells in sheet.rows
        ]
        return _batch(content, name, rows, list(sheet.unreadable), rules, as_text=True)
    file = read_leads(content, name, columns, industries=industries)
    bad = file.problems[file.problems["rejected"]]
    rejected = [(int(n), str(why)) for n, why in zip(bad["row_number"], bad["problem"], strict=True)]
    return _batch(content, name, _from_zoominfo(file.leads, rules, today), rejected, rules, as_text=False)


def _plain(header: str) -> str:
    return plain_header(header).replace(" ", "_")


def _from_zoominfo(leads: pd.DataFrame, rules: ApiRules, today: date) -> list[tuple[int, dict[str, Any]]]:
    fields = rules.kinds["hades"].fields if "hades" in rules.kinds else {}
    ages = (pd.Timestamp(today) - leads["signal_date"]).dt.days
    frame = leads.assign(age_days=ages.where(ages >= 0))
    names = [name for name in fields if name in frame]
    rows = []
    for number, contact, company, *values in zip(
        frame["row_number"],
        frame["contact_id"],
        frame["company_id"],
        *(frame[name] for name in names),
        strict=True,
    ):
        said = {
            name: (value.item() if hasattr(value, "item") else value)
            for name, value in zip(names, values, strict=True)
            if not pd.isna(value)
        }
        which = [str(one) for one in (contact, company) if not pd.isna(one)]
        rows.append(
            (
                int(number),
                said | {"lead_type": "hades", "lead_id": _lead_id(["zoominfo", *which] if which else said)},
            )
        )
    return rows


def _batch(
    content: bytes, name: str, rows: list[tuple[int, dict[str, Any]]], rejected: list[tuple[int, str]], rules: ApiRules,
    *, as_text: bool,
) -> LeadBatch:  # fmt: skip
    leads = []
    for number, sent in rows:
        try:
            lead = check_lead(sent, rules, as_text=as_text)
        except InputError as error:
            rejected.append((number, str(error)))
            continue
        leads.append((number, lead if lead.lead_id else replace(lead, lead_id=_lead_id(sent))))
    sha256 = hashlib.sha256(content).hexdigest()
    return LeadBatch(name, sha256, len(leads) + len(rejected), leads, sorted(rejected))


def _lead_id(said: Any) -> str:
    """An identifier that tells nothing of the lead: the same content gives the same one."""
    return "row-" + hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:20]
