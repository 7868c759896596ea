"""Builders of ZoomInfo files for tests: invented companies, example.com, 555 numbers.

A row is a dict of header → cell. `lead_row(company_name="Elm Court", employee_count=120)` changes
cells by the field of a lead (as in config/columns.yaml) or, with `**{"Fax": "..."}`, by header.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# The 86 columns of a contact export, in its order.
HEADERS = (
    "ZoomInfo Contact ID", "Last Name", "First Name", "Middle Name", "Salutation", "Suffix", "Job Title",
    "Job Title Hierarchy Level", "Management Level", "Job Start Date", "Job Function", "Department",
    "Company Division Name", "Direct Phone Number", "Email Address", "Email Domain", "Mobile phone",
    "Last Job Change Type", "Last Job Change Date", "Previous Job Title", "Previous Company Name",
    "Previous Company ZoomInfo Company ID", "Previous Company LinkedIn Profile",
    "Highest Level of Education", "Contact Accuracy Score", "Contact Accuracy Grade",
    "ZoomInfo Contact Profile URL", "LinkedIn Contact Profile URL", "Notice Provided Date",
    "Person Street", "Person City", "Person State", "Person Zip Code", "Country", "ZoomInfo Company ID",
    "Company Name", "Company Description", "Website", "Founded Year", "Company HQ Phone", "Fax", "Ticker",
    "Revenue (in 000s USD)", "Revenue Range (in USD)", "Est. Marketing Department Budget (in 000s USD)",
    "Est. Finance Department Budget (in 000s USD)", "Est. IT Department Budget (in 000s USD)",
    "Est. HR Department Budget (in 000s USD)", "Employees", "Employee Range",
    "Past 1 Year Employee Growth Rate", "Past 2 Year Employee Growth Rate", "SIC Code 1", "SIC Code 2",
    "SIC Codes", "NAICS Code 1", "NAICS Code 2", "NAICS Codes", "Primary Industry", "Primary Sub-Industry",
    "All Industries", "All Sub-Industries", "Industry Hierarchical Category",
    "Secondary Industry Hierarchical Category", "Alexa Rank", "ZoomInfo Company Profile URL",
    "LinkedIn Company Profile URL", "Facebook Company Profile URL", "Twitter Company Profile URL",
    "Ownership Type", "Business Model", "Certified Active Company", "Certification Date",
    "Total Funding Amount (in 000s USD)", "Recent Funding Amount (in 000s USD)", "Recent Funding Round",
    "Recent Funding Date", "Recent Investors", "All Investors", "Company Street Address", "Company City",
    "Company State", "Company Zip Code", "Company Country", "Full Address", "Number of Locations",
)  # fmt: skip
# Some exports add these; a file has them when one of its rows does.
FURTHER_HEADERS = (
    "Buying Committee", "Query Name", "Direct Phone Do Not Call", "Mobile Phone Do Not Call", "Valid Date",
    "Last Updated Date", "Intent Topic", "Intent Category", "Intent Signal Score", "Intent Signal Date",
    "Signal Strength", "Distance", "Segment", "Offer Tier", "Urgency",
)  # fmt: skip
INTENT_HEADERS = (
    "ZoomInfo Company ID", "Company Name", "Intent Topic", "Intent Category", "Intent Signal Score",
    "Intent Signal Date",
)  # fmt: skip
HEADER_OF_FIELD = {
    "contact_id": "ZoomInfo Contact ID", "company_id": "ZoomInfo Company ID", "first_name": "First Name",
    "last_name": "Last Name", "job_title": "Job Title", "management_level": "Management Level",
    "email": "Email Address", "direct_phone": "Direct Phone Number", "mobile_phone": "Mobile phone",
    "company_phone": "Company HQ Phone", "direct_do_not_call": "Direct Phone Do Not Call",
    "mobile_do_not_call": "Mobile Phone Do Not Call", "company_name": "Company Name", "website": "Website",
    "employee_count": "Employees", "employee_range": "Employee Range", "sic_code": "SIC Code 1",
    "sic_code_2": "SIC Code 2", "sic_codes": "SIC Codes", "industry": "Primary Industry",
    "street": "Company Street Address", "city": "Company City", "state": "Company State",
    "zip_code": "Company Zip Code", "accuracy": "Contact Accuracy Score", "distance_miles": "Distance",
    "intent_topic": "Intent Topic", "intent_score": "Intent Signal Score",
    "signal_strength": "Signal Strength", "signal_date": "Intent Signal Date", "segment": "Segment",
    "offer_tier": "Offer Tier", "urgency": "Urgency",
}  # fmt: skip
_EXAMPLE = {
    "ZoomInfo Contact ID": "-1042", "Last Name": "Ruiz", "First Name": "Ana",
    "Job Title": "General Manager", "Management Level": "Manager", "Direct Phone Number": "(214) 555-0101",
    "Email Address": "ana.ruiz@example.com", "Mobile phone": "(214) 555-0102",
    "Contact Accuracy Score": "95.0", "Person Zip Code": "75001", "Country": "United States",
    "ZoomInfo Company ID": "350123", "Company Name": "Harbour Light Hotel",
    "Company Description": 'Rooms, a pool and "the best breakfast".\r\nOpen all year.',
    "Website": "www.example.com", "Company HQ Phone": "(214) 555-0100", "Employees": "348",
    "Employee Range": "250 to 499", "SIC Code 1": "7011", "SIC Code 2": "5812",
    "SIC Codes": "70;701;7011;5812", "Primary Industry": "Hospitality",
    "Company Street Address": "12 Harbour Road", "Company City": "Dallas", "Company State": "Texas",
    "Company Zip Code": "75201", "Company Country": "United States",
}  # fmt: skip


def lead_row(**changes: Any) -> dict[str, Any]:
    """One contact of a hotel in Dallas with all a lead needs, changed by field or header; None is blank."""
    row: dict[str, Any] = dict.fromkeys(HEADERS, "") | _EXAMPLE
    for name, cell in changes.items():
        header = HEADER_OF_FIELD.get(name, name)
        if header not in HEADERS and header not in FURTHER_HEADERS:
            raise KeyError(f"{name} is neither a field of a lead nor a header of a ZoomInfo file")
        row[header] = "" if cell is None else cell
    return row


def intent_row(**changes: Any) -> dict[str, Any]:
    """One signal of the company of `lead_row`, changed by field or by header."""
    row: dict[str, Any] = {
        "ZoomInfo Company ID": "350123", "Company Name": "Harbour Light Hotel",
        "Intent Topic": "Vending Machines", "Intent Category": "Facilities", "Intent Signal Score": "92",
        "Intent Signal Date": "2026-02-09",
    }  # fmt: skip
    return row | {
        HEADER_OF_FIELD.get(name, name): "" if cell is None else cell for name, cell in changes.items()
    }


def headers_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The headers of the rows, each once, in the order of their first appearance."""
    return list(dict.fromkeys(header for row in rows for header in row))


def csv_of(
    rows: Sequence[Mapping[str, Any]],
    *,
    headers: Sequence[str] | None = None,
    delimiter: str = ",",
    encoding: str = "utf-8-sig",
    line_end: str = "\r\n",
) -> bytes:
    """The rows as ZoomInfo writes them: CSV in UTF-8 with a byte order mark; no row: the header alone."""
    headers = list(headers) if headers is not None else headers_of(rows) or list(HEADERS)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(headers)
    writer.writerows([row.get(header, "") for header in headers] for row in rows)
    return text.getvalue().encode(encoding)


def xlsx_of(
    rows: Sequence[Mapping[str, Any]], *, headers: Sequence[str] | None = None, before: Sequence[str] = ()
) -> bytes:
    """The rows as a workbook; numbers and dates stay such. `before`: names of sheets in front of it."""
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for title in before:
        sheet.title = title
        sheet.append(["Notes", "of somebody"])
        sheet = workbook.create_sheet()
    headers = list(headers) if headers is not None else headers_of(rows) or list(HEADERS)
    sheet.append(headers)
    for row in rows:
        sheet.append([None if (cell := row.get(header, "")) == "" else cell for header in headers])
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()
