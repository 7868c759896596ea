"""Single values as ZoomInfo and people write them, and what they mean. Every parser takes any text and never raises."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

_BLANK = {"", "n/a", "na", "none", "null", "nan", "-", "--", "#n/a", "unknown"}
_EXTENSION = re.compile(r"(?:ext\.?|extension|x|#)\s*\d+\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SIC = re.compile(r"\d+")
_DATE_FORMATS = ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%Y/%m/%d")
_TIME_OF_DAY = re.compile(r"[ T]+\d{1,2}:\d{2}.*$")
_EXCEL_EPOCH = date(1899, 12, 30)
_STATES = (
    "Alabama AL Alaska AK Arizona AZ Arkansas AR California CA Colorado CO Connecticut CT Delaware DE Florida FL "
    "Georgia GA Hawaii HI Idaho ID Illinois IL Indiana IN Iowa IA Kansas KS Kentucky KY Louisiana LA Maine ME "
    "Maryland MD Massachusetts MA Michigan MI Minnesota MN Mississippi MS Missouri MO Montana MT Nebraska NE "
    "Nevada NV New-Hampshire NH New-Jersey NJ New-Mexico NM New-York NY North-Carolina NC North-Dakota ND Ohio OH "
    "Oklahoma OK Oregon OR Pennsylvania PA Rhode-Island RI South-Carolina SC South-Dakota SD Tennessee TN Texas TX "
    "Utah UT Vermont VT Virginia VA Washington WA West-Virginia WV Wisconsin WI Wyoming WY District-of-Columbia DC "
    "Puerto-Rico PR"
).split()
STATE_CODES = {name.replace("-", " ").lower(): code for name, code in zip(_STATES[::2], _STATES[1::2], strict=True)}
_LEGAL = {
    "inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "corp", "corporation", "co", "company", "plc", "pc",
    "pllc", "gmbh", "the",
}  # fmt: skip


def text(value: str) -> str | None:
    """The text without outer and doubled blanks and control characters; None when it says nothing ("N/A", "-")."""
    cleaned = " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Cf"} else c for c in value).split())
    return None if cleaned.lower() in _BLANK else cleaned


def identifier(value: str) -> str | None:
    """An id as text: `-1042`, `350123`; a spreadsheet's `350123.0` and `350,123` are the same id."""
    cleaned = text(value)
    if cleaned is None:
        return None
    number = cleaned.replace(",", "")
    return re.sub(r"\.0+$", "", number) if re.fullmatch(r"-?\d+(\.0+)?", number) else cleaned


def phone(value: str) -> str | None:
    """`(AAA) EEE-NNNN`, a leading 1 and an extension dropped; None for anything that is not ten digits."""
    without = _EXTENSION.sub("", value.strip())
    digits = re.sub(r"\D", "", without) if without.isascii() else ""
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 else None


def zip_code(value: str) -> str | None:
    """Five digits: `75201-1234`, `752011234` and `75201.0` → 75201, `6101` → 06101; None for anything else."""
    cleaned = re.sub(r"\.0+$", "", value.strip())
    if not re.fullmatch(r"[0-9]{3,5}(-?[0-9]{4})?|[0-9]{8}", cleaned):
        return None
    first = cleaned.split("-")[0]
    if len(first) > 5:  # ZIP+4 without the dash, its leading zero possibly lost
        first = first[:-4]
    return first.zfill(5)


def employees(value: str) -> int | None:
    """The head count; of a range or an open end the lower bound: `1,200+` → 1200, `50 to 99` → 50,
    `Employees.250to499` → 250, `348` → 348; None when no number is in it."""
    found = _NUMBER.search(value)
    if not found or value.strip().startswith("-"):
        return None
    number = int(float(found.group().replace(",", "")))
    return number if number < 100_000_000 else None


def sic_code(value: str) -> str | None:
    """The most specific four-digit code: `7011-01` → 7011, `82;822;8221` → 8221; several four-digit ones → the first.

    Digits beyond four are a finer level of the same code (`70110101` → 7011); None when no level has four digits.
    """
    cleaned = re.sub(r"\.0+$", "", value.strip())
    levels = [match.group() for match in _SIC.finditer(cleaned) if match.group().isascii()]
    for level in levels:
        if len(level) in (4, 6, 8):
            return level[:4]
    return None


def day(value: str) -> date | None:
    """The calendar day of an ISO date or time, `1/24/2026 12:00 AM`, `December 12, 2022` or a spreadsheet number."""
    cleaned = value.strip()
    try:
        return date.fromisoformat(cleaned[:10])
    except ValueError:
        pass
    without_time = _TIME_OF_DAY.sub("", cleaned).strip()
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(without_time, form).date()  # noqa: DTZ007 - a calendar day has no zone
        except ValueError:
            continue
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", cleaned):  # 20000 to 80000 as a spreadsheet counts days: 1954 to 2119
        serial = int(float(cleaned))
        return _EXCEL_EPOCH + timedelta(days=serial) if 20000 <= serial <= 80000 else None
    return None


def number(value: str) -> float | None:
    """The number in `90.0`, `95%`, `1,234.5`, `5.0 miles`; None for `N/A` or text without a number in front."""
    found = re.match(r"\s*\$?\s*(-?\d[\d,]*(?:\.\d+)?)\s*(?:%|mi\.?|miles?|d|days?)?\s*$", value, re.IGNORECASE)
    if not found or not found.group(1).isascii():
        return None
    parsed = float(found.group(1).replace(",", ""))
    return parsed if abs(parsed) < 1e12 else None


def state(value: str) -> str | None:
    """Two capital letters from `TX`, `tx` or `Texas`; None when it is no state of the USA."""
    cleaned = " ".join(value.split()).lower()
    if cleaned in STATE_CODES:
        return STATE_CODES[cleaned]
    code = cleaned.upper()
    return code if code in STATE_CODES.values() else None


def flag(value: str) -> bool | None:
    """True for yes, y, true, 1, x, do not call, dnc; False for no, n, false, 0; None otherwise."""
    cleaned = value.strip().lower()
    if cleaned in {"yes", "y", "true", "1", "1.0", "x", "do not call", "dnc"}:
        return True
    return False if cleaned in {"no", "n", "false", "0", "0.0"} else None


def signal_strength(value: str) -> str | None:
    """High, Medium or Low from the word or from a numeric signal score (≥ 90 High, ≥ 75 Medium, else Low)."""
    word = value.strip().capitalize()
    if word in {"High", "Medium", "Low"}:
        return word
    score = number(value)
    if score is None:
        return None
    return "High" if score >= 90 else "Medium" if score >= 75 else "Low"


def web_domain(website: str | None, email: str | None = None) -> str | None:
    """`example.com` from `https://www.example.com/about`, else from the e-mail address; None when neither has one."""
    for source in (website, (email or "").rpartition("@")[2] or None):
        if source:
            host = re.sub(r"^[a-z]+://", "", source.strip().lower()).split("/")[0].split("?")[0].split(":")[0]
            host = host.removeprefix("www.")
            if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
                return host
    return None


def normalised_company_name(name: str) -> str:
    """Lower case without accents, punctuation and legal forms: `The Café & Co., Inc.` → `cafe and`.

    A name made of legal forms only keeps its words, so that no name becomes empty unless it has no letter or digit.
    """
    plain = unicodedata.normalize("NFKD", name.replace("&", " and ")).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", " ", plain.replace("'", "").replace(".", "")).split()
    kept = [word for word in words if word not in _LEGAL]
    return " ".join(kept or words) or " ".join(name.lower().split())


def company_key(company_id: str | None, company_name: str, zip_code: str | None) -> str:
    """What makes two rows the same company at one site: its ZoomInfo id, else its normalised name, and the ZIP."""
    return f"{company_id or normalised_company_name(company_name)}|{zip_code or ''}"
