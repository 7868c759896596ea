"""Invented contacts as ZoomInfo would export them: its headers, its many ways of writing a value, its troubles."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from demo_names import FIRST_NAMES, LAST_NAMES, STREETS, TOPICS, PhoneNumbers, trade_of, web_name

HEADERS = (
    "ZoomInfo Contact ID", "Last Name", "First Name", "Middle Name", "Salutation", "Suffix", "Job Title",
    "Job Title Hierarchy Level", "Management Level", "Job Function", "Department", "Direct Phone Number",
    "Email Address", "Email Domain", "Mobile phone", "Contact Accuracy Score", "Contact Accuracy Grade",
    "ZoomInfo Contact Profile URL", "Person City", "Person State", "Country", "ZoomInfo Company ID", "Company Name",
    "Company Description", "Website", "Founded Year", "Company HQ Phone", "Fax", "Ticker", "Employees",
    "Employee Range", "SIC Code 1", "SIC Code 2", "NAICS Code 1", "Primary Industry", "Primary Sub-Industry",
    "All Industries", "Ownership Type", "Certified Active Company", "Company Street Address", "Company City",
    "Company State", "Company Zip Code", "Company Country", "Full Address", "Number of Locations",
    "Direct Phone Do Not Call", "Mobile Phone Do Not Call",
)  # fmt: skip
INTENT_HEADERS = ("Intent Topic", "Intent Category", "Intent Signal Score", "Intent Signal Date")
FAULTS = ("no name", "out of filter", "no sic", "too small", "bad phone", "do not call", "stale", "far away")
_FURTHER_CONTACTS = (0.78, 0.16, 0.06)  # the share of companies with one, two and three contacts

Row = dict[str, str]


def contact_rows(
    companies: Sequence[Mapping[str, Any]], *, rng: np.random.Generator, phones: PhoneNumbers, first_id: int
) -> list[Row]:
    """One row per contact, one to three contacts per company, as cells under HEADERS.

    Each company has company_id, company_name, sic_code (or None), employees (int), zip_code, city, state, area_codes;
    and, where it shows intent, intent_score (int) and signal_date (date). The same values are written in several ways,
    as ZoomInfo does; read, they are these values again. Contact ids count from `first_id`; some are negative.
    """
    rows: list[Row] = []
    for company in companies:
        site = _company_cells(company, rng, phones)
        for _ in range(1 + int(rng.choice(3, p=_FURTHER_CONTACTS))):
            number = first_id + len(rows)
            rows.append(site | _person_cells(company, number if rng.random() < 0.8 else -number, rng, phones))
    return rows


def with_fault(row: Row, fault: str, *, rng: np.random.Generator, today: date, far: Row | None = None) -> Row:
    """The row with one of FAULTS; `far` holds the city, state and ZIP cells of a place outside any radius."""
    changes: Row = {}
    if fault == "no name":
        changes = {"Company Name": ""}
    elif fault == "out of filter":
        changes = {"SIC Code 1": str(rng.choice(["4213", "4731", "5812", "7389"])), "SIC Code 2": ""}
    elif fault == "no sic":
        changes = {"SIC Code 1": "", "SIC Code 2": "", "Primary Industry": "Business Services"}
    elif fault == "too small":
        changes = {"Employees": str(rng.integers(4, 40)), "Employee Range": ""}
    elif fault == "bad phone":
        changes = {
            "Direct Phone Number": str(rng.choice(["555-0142", "call the front desk", "(617) 555-01"]))
        }
    elif fault == "do not call":
        changes = {"Direct Phone Do Not Call": "Yes", "Company HQ Phone": "", "Mobile phone": ""}
    elif fault == "stale" and "Intent Signal Date" in row:
        changes = {"Intent Signal Date": (today - timedelta(days=int(rng.integers(16, 60)))).isoformat()}
    elif fault == "far away" and far is not None:
        changes = far
    return row | changes


def zoominfo_csv(rows: Sequence[Row], *, intent: bool) -> bytes:
    """The rows as ZoomInfo exports contacts: UTF-8 with a byte order mark, intent columns at the end if asked for."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, [*HEADERS, *(INTENT_HEADERS if intent else ())], "", "ignore", lineterminator="\r\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def place_cells(place: Mapping[str, Any], rng: np.random.Generator) -> Row:
    """City, state and ZIP of a company as cells; a ZIP may have its +4 or have lost its leading zero."""
    zip_code = str(place["zip_code"])
    drawn = rng.random()
    if drawn < 0.08:
        zip_code = f"{zip_code}-{rng.integers(1000, 9999)}"
    elif drawn < 0.25:
        zip_code = zip_code.lstrip("0")
    return {"Company City": place["city"], "Company State": place["state"], "Company Zip Code": zip_code}


def _company_cells(company: Mapping[str, Any], rng: np.random.Generator, phones: PhoneNumbers) -> Row:
    trade, employees = trade_of(company["sic_code"]), int(company["employees"])
    sic_code = company["sic_code"] or ""
    if sic_code and rng.random() < 0.06:
        sic_code = f"{sic_code[:2]};{sic_code[:3]};{sic_code}"
    cells = {
        "ZoomInfo Company ID": str(company["company_id"]),
        "Company Name": company["company_name"],
        "Website": f"www.{web_name(company['company_name'])}",
        "Company HQ Phone": _phone(phones.take(company["area_codes"]), rng) if rng.random() < 0.92 else "",
        "Employees": f"{employees:,}" if rng.random() < 0.5 else str(employees),
        "SIC Code 1": sic_code,
        "Primary Industry": trade.industry,
        "Company Street Address": f"{rng.integers(10, 9900)} {STREETS[rng.integers(len(STREETS))]}",
        "Company Country": "United States",
        **place_cells(company, rng),
    }
    if company.get("signal_date") is not None:
        cells |= {
            "Intent Topic": str(TOPICS[rng.integers(len(TOPICS))]),
            "Intent Category": "Facilities",
            "Intent Signal Score": str(company["intent_score"]),
            "Intent Signal Date": _day(company["signal_date"], rng),
        }
    return cells


def _person_cells(
    company: Mapping[str, Any], contact_id: int, rng: np.random.Generator, phones: PhoneNumbers
) -> Row:
    first, last = FIRST_NAMES[rng.integers(len(FIRST_NAMES))], LAST_NAMES[rng.integers(len(LAST_NAMES))]
    titles = trade_of(company["sic_code"]).titles
    local = f"{first}.{last}".lower().replace(" ", "").replace("'", "").replace("..", ".")
    accuracy = int(rng.integers(70, 100))
    return {
        "ZoomInfo Contact ID": str(contact_id),
        "First Name": first,
        "Last Name": last,
        "Job Title": titles[rng.integers(len(titles))],
        "Email Address": f"{local}@{web_name(company['company_name'])}" if rng.random() < 0.9 else "",
        # The direct number is what is dialled: without one every contact of a company would be the same call.
        "Direct Phone Number": _phone(phones.take(company["area_codes"]), rng),
        "Mobile phone": _phone(phones.take(company["area_codes"]), rng) if rng.random() < 0.5 else "",
        "Contact Accuracy Score": f"{accuracy}%" if rng.random() < 0.3 else f"{accuracy}.0",
        "Direct Phone Do Not Call": "No",
        "Mobile Phone Do Not Call": "Yes" if rng.random() < 0.05 else "No",
    }


def _phone(digits: str, rng: np.random.Generator) -> str:
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    forms = (f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"+1 {area} {exchange} {line}",
             f"({area}) {exchange}-{line} ext. 12")  # fmt: skip
    return forms[rng.choice(4, p=(0.6, 0.25, 0.1, 0.05))]


def _day(day: date, rng: np.random.Generator) -> str:
    forms = (day.isoformat(), f"{day.month}/{day.day}/{day.year} 12:00 AM", f"{day:%B} {day.day}, {day.year}",
             f"{day.isoformat()}T00:00:00Z")  # fmt: skip
    return forms[rng.choice(4, p=(0.7, 0.15, 0.1, 0.05))]
