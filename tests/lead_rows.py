"""Builders: ZoomInfo rows as people export them, and scored leads as the export takes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from icp import Icp
from leads import LeadFile, read_columns, read_industries, read_leads
from preflight import with_keys
from scoring import score_leads

TODAY = date(2026, 2, 11)
ZOOMINFO_HEADERS = (
    "ZoomInfo Contact ID", "Last Name", "First Name", "Job Title", "Direct Phone Number", "Email Address",
    "Mobile phone", "Contact Accuracy Score", "ZoomInfo Company ID", "Company Name", "Website",
    "Company HQ Phone", "Employees", "SIC Code 1", "SIC Codes", "Primary Industry", "Company Street Address",
    "Company City", "Company State", "Company Zip Code", "Direct Phone Do Not Call",
    "Mobile Phone Do Not Call", "Intent Topic", "Intent Signal Score", "Intent Signal Date",
)  # fmt: skip


def lead_row(number: int = 1, **changes: str) -> dict[str, str]:
    """One row of a ZoomInfo file: a contact of a hotel in Dallas of its own, with numbers of its own.

    `changes` name headers with _ for blanks: `lead_row(2, Company_Name="Oak Inn")`.
    """
    row = {
        "ZoomInfo Contact ID": str(-1000 - number), "Last Name": f"Doe{number}", "First Name": "Pat",
        "Job Title": "Manager", "Direct Phone Number": f"(214) 555-{number:04d}",
        "Email Address": f"pat{number}@example.com", "Mobile phone": f"(469) 555-{number:04d}",
        "Contact Accuracy Score": "95", "ZoomInfo Company ID": str(350000 + number),
        "Company Name": f"Oak Inn {number}", "Website": f"www.oak{number}.example.com",
        "Company HQ Phone": f"(972) 555-{number:04d}", "Employees": "120", "SIC Code 1": "7011",
        "SIC Codes": "70;701;7011", "Primary Industry": "Hotels & Motels",
        "Company Street Address": f"{number} Elm Street", "Company City": "Dallas", "Company State": "Texas",
        "Company Zip Code": "75201", "Direct Phone Do Not Call": "", "Mobile Phone Do Not Call": "",
        "Intent Topic": "Vending", "Intent Signal Score": "95", "Intent Signal Date": "2026-02-09",
    }  # fmt: skip
    named = {name.replace("_", " "): value for name, value in changes.items()}
    assert set(named) <= set(row), f"no such header: {set(named) - set(row)}"
    return row | named


def csv_file(rows: Iterable[Mapping[str, str]], headers: Iterable[str] = ZOOMINFO_HEADERS) -> bytes:
    """The rows as a CSV file in UTF-8 with the mark that ZoomInfo writes."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(headers), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" + text.getvalue()).encode()


def lead_file(
    rows: Iterable[Mapping[str, str]],
    config_dir: Path,
    *,
    name: str = "leads.csv",
    headers: Iterable[str] = ZOOMINFO_HEADERS,
) -> LeadFile:
    """The rows read as a person's upload is."""
    content = csv_file(rows, headers)
    return read_leads(content, name, read_columns(config_dir), industries=read_industries(config_dir))


def scored_leads(file: LeadFile, icp: Icp, *, workflow: str = "intent", **options: Any) -> pd.DataFrame:
    """The leads scored on 11 February 2026 and keyed, as the export takes them."""
    return with_keys(score_leads(file.leads, icp, **({"workflow": workflow, "today": TODAY} | options)))
