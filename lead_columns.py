"""Which column of a file means which field of a lead, and how the cells of each field are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

import lead_values
from errors import ConfigError
from named_columns import FileKind, same_header

_SHIPPED = Path(__file__).resolve().parent / "config"


class Reading(NamedTuple):
    """How the cells of one field are read.

    `expected` completes "expected ..." for a filled cell that says nothing. `quoted`: whether that sentence
    may repeat the cell, as for numbers and dates; never for what names a person.
    """

    parse: Callable[[str], Any]
    expected: str
    dtype: str = "str"
    quoted: bool = False


def _do_not_call(value: str) -> bool | None:
    """As lead_values.flag, but a mark nobody can read counts as "do not call"."""
    said = lead_values.flag(value)
    return True if said is None and not lead_values.says_nothing(value) else said


_TEXT = Reading(lead_values.text, "text")
_NAME = Reading(lead_values.name, "a name")
_ID = Reading(lead_values.identifier, "an id with all its digits")
_PHONE = Reading(lead_values.phone, "a phone number of ten digits")
_FLAG = Reading(_do_not_call, "yes or no", "boolean")
_PERCENTAGE = Reading(lead_values.percentage, "a number from 0 to 100", "float64", True)
_EMPLOYEES = Reading(
    lead_values.employees, "a number of employees, such as 348, 1,200+ or 50 to 99", "Int64", True
)
SIC = Reading(
    lead_values.clean_text, "a SIC code with a level of four digits"
)  # read further with its neighbours

# The columns of a frame of leads, in this order, after row_number.
READINGS = {
    "contact_id": _ID,
    "company_id": _ID,
    "first_name": _NAME,
    "last_name": _NAME,
    "job_title": _TEXT,
    "management_level": Reading(lead_values.management_level, "text"),
    "email": Reading(lead_values.email, "an e-mail address"),
    "direct_phone": _PHONE,
    "mobile_phone": _PHONE,
    "company_phone": _PHONE,
    "direct_do_not_call": _FLAG,
    "mobile_do_not_call": _FLAG,
    "company_name": _TEXT,
    "website": _TEXT,
    "employee_count": _EMPLOYEES,
    "sic_code": SIC,
    "industry": _TEXT,
    "street": _TEXT,
    "city": _TEXT,
    "state": Reading(lead_values.state, "a state of the USA, such as TX or Texas"),
    "zip_code": Reading(lead_values.zip_code, "a ZIP code of five digits", quoted=True),
    "accuracy": _PERCENTAGE,
    "distance_miles": Reading(lead_values.miles, "miles, such as 4.2 or 5.0 miles", "float64", True),
    "intent_topic": _TEXT,
    "intent_score": _PERCENTAGE,
    "signal_strength": Reading(
        lead_values.signal_strength, "High, Medium, Low or a score from 0 to 100", quoted=True
    ),
    "signal_date": Reading(lead_values.day, "a date, such as 2026-01-24 or 1/24/2026", "datetime64[s]", True),
    "segment": _TEXT,
    "offer_tier": _TEXT,
    "urgency": _TEXT,
}
# Columns that are read only to fill others.
FILLING = {"employee_range": _EMPLOYEES, "sic_code_2": SIC, "sic_codes": SIC}
FIELDS = (*READINGS, *FILLING)


def read_columns(config_dir: Path) -> dict[str, list[str]]:
    """Field → known headers, from columns.yaml, the shipped one where the folder has none.

    ConfigError when it names an unknown field or gives one header to two fields.
    """
    known = _read_map(config_dir, "columns.yaml")
    strange = sorted(str(field) for field in known if field not in FIELDS)
    if strange or not all(isinstance(headers, list) for headers in known.values()):
        raise ConfigError(
            f"columns.yaml was expected to be 'field: [header, ...]' for the fields {', '.join(FIELDS)}; "
            f"not understood: {', '.join(strange) or 'a field without a list'}."
        )
    claims: dict[str, str] = {}
    for field, headers in known.items():
        for header in headers:
            other = claims.setdefault(same_header(str(header)), field)
            if other != field:
                raise ConfigError(
                    f"columns.yaml gives the header '{header}' to {other} and to {field}. "
                    "Leave it with one of them."
                )
    return {field: [str(header) for header in headers] for field, headers in known.items()}


def read_industries(config_dir: Path) -> dict[str, str]:
    """Primary Industry (as `same_industry` writes it) → SIC, from industries.yaml, the shipped one where the
    folder has none. ConfigError when a SIC is not four digits in quotes."""
    known = _read_map(config_dir, "industries.yaml")
    wrong = [
        name for name, sic in known.items() if not isinstance(sic, str) or lead_values.sic_code(sic) != sic
    ]
    if wrong:
        raise ConfigError(
            "industries.yaml was expected to give a SIC of four digits in quotes for each industry; "
            f"'{wrong[0]}' has none."
        )
    return {same_industry(str(name)): sic for name, sic in known.items()}


def same_industry(name: str) -> str:
    """The industry in lower case with "and" for "&": equal for all spellings of one industry."""
    return " ".join(name.lower().replace("&", " and ").split())


def lead_kind(columns: Mapping[str, Sequence[str]]) -> FileKind:
    """A file of leads as `columns` (see read_columns) know it: all fields, of which only the company is needed."""
    return FileKind("leads", FIELDS, (("company_name",),), columns)


def came(cell: str) -> str:
    """`, found '...'` for a short number or date; of anything else, which may be personal, the length."""
    harmless = re.fullmatch(r"[0-9 .,:/%+<>~TZ-]{1,24}", cell) and lead_values.phone(cell) is None
    return f", found '{cell}'" if harmless else f", found a text of {len(cell):,} characters"


def _read_map(config_dir: Path, file_name: str) -> dict[Any, Any]:
    path = config_dir / file_name
    if not path.exists():
        path = _SHIPPED / file_name
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file_name} cannot be read ({error.strerror}). Restore it.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file_name} is not valid YAML in UTF-8. Check its spaces and quotes.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file_name} was expected to be a map of names, but it is something else.")
    return content
