"""Single values as ZoomInfo and people write them, and what they mean.

Every parser takes any text and never raises: None says that the text is no such value. What a parser returns,
written as text, it reads as the same value again.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from lead_days import day as day  # one of the parsers, in a room of its own

# Ways of saying "no value", which are no mistakes. People are called Null and Na: for names only the first.
_NOTHING = frozenset({"", "-", "--", "—", "n/a", "#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!"})
_BLANK = _NOTHING | {"na", "none", "null", "nan", "unknown", "not available"}

_PLAIN = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+"
_NUMBER = re.compile(rf"(?:{_PLAIN})(?:\.[0-9]+)?")
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")
_WHOLE_ID = re.compile(r"(-?[0-9]+)(?:\.0+)?")
_ROUNDED_ID = re.compile(r"[+-]?[0-9]+[.,][0-9]+E[+-]?[0-9]+", re.IGNORECASE)
_EXTENSION = re.compile(r"(?<=[0-9])[\s,;]*(?:ext(?:ension|n)?\.?|x|#)\s*[:=]?\s*[0-9]+\s*$", re.IGNORECASE)
_ZIP_PLUS_4 = re.compile(r"([0-9]{4,5})[0-9]{4}(?:\.0+)?")  # without the dash, a leading zero possibly lost
_ZIP = re.compile(r"([0-9]{3,5})(?:[ -][0-9]{4})?(?:\.0+)?")
_SIC = re.compile(r"(?<![0-9.-])([0-9]{4})(?:[0-9]{2}|[0-9]{4}|-[0-9]{1,4}|\.0+)?(?![0-9]|[.-][0-9])")
_EMPLOYEES = re.compile(
    rf"(?:employees[.: ]*)?(?:over|more than|at least|>=?)?\s*({_PLAIN})(?:\.0+)?\s*(k?)"
    rf"(?:\s*(?:\+|plus|or more|and up)|\s*(?:-|–|—|to)\s*({_PLAIN})\s*(k?))?\s*(?:employees|people)?",
    re.IGNORECASE,
)
_FEWER_EMPLOYEES = re.compile(
    r"(?:under|below|fewer than|less than|up to|<=?)\s*[0-9][0-9,]*\s*(?:employees)?", re.IGNORECASE
)
_MOST_EMPLOYEES = 10_000_000
_USUAL_SITE = re.compile(r"(?:https?://)?(?:www\.)?(?!www\.)([a-z0-9-]+(?:\.[a-z0-9-]+)+)/?")
_MILES = re.compile(rf"((?:{_PLAIN})(?:\.[0-9]+)?|\.[0-9]+)\s*(?:mi\.?|miles?)?", re.IGNORECASE)
_MOST_MILES = 12_500  # half way round the earth

STATE_CODES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
    "colorado": "CO", "connecticut": "CT", "delaware": "DE", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS",
    "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA",
    "michigan": "MI", "minnesota": "MN", "mississippi": "MS", "missouri": "MO", "montana": "MT",
    "nebraska": "NE", "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ", "new mexico": "NM",
    "new york": "NY", "north carolina": "NC", "north dakota": "ND", "ohio": "OH", "oklahoma": "OK",
    "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI", "south carolina": "SC",
    "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA",
    "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "district of columbia": "DC", "puerto rico": "PR", "guam": "GU",
}  # fmt: skip
_CODES = frozenset(STATE_CODES.values())

# As ZoomInfo's files write a management level, and what its programs and people write for it.
_LEVELS = {
    "c-level": "C-Level", "c level": "C-Level", "c level exec": "C-Level", "c-level exec": "C-Level",
    "vp-level": "VP-Level", "vp level": "VP-Level", "vp level exec": "VP-Level", "vp": "VP-Level",
    "vice president": "VP-Level", "director": "Director", "manager": "Manager", "non-manager": "Non-Manager",
    "non manager": "Non-Manager", "board member": "Board Member",
}  # fmt: skip

_LEGAL = {
    "inc", "incorporated", "llc", "llp", "lllp", "lp", "ltd", "limited", "corp", "corporation", "co",
    "company", "plc", "pc", "pllc", "gmbh", "and",
}  # fmt: skip


def clean_text(value: str) -> str:
    """The text in composed form, without outer and doubled white space and without `hidden` characters."""
    if value.isascii() and value.isprintable():
        return " ".join(value.split()) if "  " in value else value.strip()
    kept = "".join(c for c in value if c.isspace() or not hidden(c))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def hidden(character: str) -> bool:
    """Whether a character has no place in a cell: NUL and its like, marks of direction, halves of pairs.

    White space and the joiners that some scripts and emoji need are not hidden.
    """
    return (
        not character.isprintable()
        and not character.isspace()
        and character not in "\u200c\u200d"
        and unicodedata.category(character) in {"Cc", "Cf", "Cs"}
    )


def says_nothing(value: str) -> bool:
    """Whether the text is a way of leaving a cell empty: blank, `N/A`, `-`, `null`, `#REF!`."""
    return value.strip().lower() in _BLANK


def text(value: str) -> str | None:
    """The cleaned text; None when it says nothing ("N/A", "-")."""
    cleaned = clean_text(value)
    return None if cleaned.lower() in _BLANK else cleaned


def name(value: str) -> str | None:
    """The cleaned name of a person; None when it is empty. Unlike other texts it may be `Null`, `None` or
    `Na`."""
    cleaned = clean_text(value)
    return None if cleaned.lower() in _NOTHING else cleaned


def identifier(value: str) -> str | None:
    """An id as text: `-1042`, `350123`; a spreadsheet's `350123.0` and `350,123` are the same id.

    None for `3.50123E+08`: a spreadsheet has dropped digits, and such ids would make strangers one company.
    """
    cleaned = text(value)
    if cleaned is None or _ROUNDED_ID.fullmatch(cleaned):
        return None
    found = _WHOLE_ID.fullmatch(cleaned.replace(",", ""))
    return found[1] if found else cleaned


def email(value: str) -> str | None:
    """The address as written; None when it has not the form of one."""
    cleaned = clean_text(value)
    return cleaned if _EMAIL.fullmatch(cleaned) else None


def phone(value: str) -> str | None:
    """`(AAA) EEE-NNNN`, a leading 1 and an extension dropped; None for anything that is not ten digits."""
    number = _EXTENSION.sub("", re.sub(r"(?<=[0-9])\.0$", "", value.strip()))
    digits = re.sub(r"[^0-9]", "", number)
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    elif number.lstrip().startswith(("+", "(+")):  # the country is another one, whatever its number of digits
        return None
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 else None


def zip_code(value: str) -> str | None:
    """Five digits: `75201-1234`, `752011234` and `75201.0` → 75201, `6101` → 06101; else None."""
    cleaned = value.strip()
    found = _ZIP_PLUS_4.fullmatch(cleaned) or _ZIP.fullmatch(cleaned)
    return found[1].zfill(5) if found and found[1].strip("0") else None


def employees(value: str) -> int | None:
    """The head count; of a range or an open end the lower bound: `1,200+` → 1200, `50 to 99` → 50,
    `Employees.250to499` → 250, `348` → 348; `under 10` → 1, `10K+` → 10000. None for anything else, such as
    `2026-10-20`, which a spreadsheet made of `10-20`."""
    cleaned = value.strip()
    if _FEWER_EMPLOYEES.fullmatch(cleaned):
        return 1
    found = _EMPLOYEES.fullmatch(cleaned)
    if not found or any(len(digits or "") > 12 for digits in (found[1], found[3])):
        return None
    lower, upper = (
        int((digits or "0").replace(",", "")) * (1000 if thousands else 1)
        for digits, thousands in ((found[1], found[2]), (found[3], found[4]))
    )
    if lower > _MOST_EMPLOYEES or (found[3] and upper < lower):
        return None
    return lower


def sic_code(value: str) -> str | None:
    """The most specific four-digit code: `7011-01` → 7011, `82;822;8221` → 8221; several four-digit ones →
    the first.

    Digits beyond four are a finer level of the same code (`70110101` → 7011); None when no level has four
    digits.
    """
    codes = sic_codes(value)
    return codes[0] if codes else None


def sic_codes(value: str) -> list[str]:
    """All four-digit codes of the text, in its order."""
    return [code for code in _SIC.findall(value) if code != "0000"]


def primary_sic_code(first: str, *others: str) -> str | None:
    """The SIC of a lead from the cell of its first code, else from further cells.

    Where the first cell only holds a broader level (`82`), a finer code of the same group is preferred.
    """
    own = sic_code(first)
    further = [code for other in others for code in sic_codes(other)]
    groups = re.findall(r"(?<![0-9])[0-9]{2,3}(?![0-9])", first)
    same = [code for code in further if any(code.startswith(group) for group in groups)]
    return own or next(iter([*same, *further]), None)


def percentage(value: str) -> float | None:
    """0 to 100 from `90.0`, `95%` or `95 %`; `0.95` is 95, because that is what a spreadsheet makes of `95%`.

    None for `N/A` and for anything outside 0 to 100.
    """
    cleaned = value.strip()
    marked = cleaned.endswith("%")
    found = _NUMBER.fullmatch(cleaned.removesuffix("%").rstrip())
    share = float(found[0].replace(",", "")) if found and len(found[0]) <= 24 else -1.0
    if not 0 <= share <= 100:
        return None
    if 0 < share < 1:
        return round(share * 100, 6) if share >= 0.01 and not marked else None
    return share


def miles(value: str) -> float | None:
    """Miles from `5.0 miles`, `4.2mi` or `5`; None for anything else, also for other units."""
    found = _MILES.fullmatch(value.strip())
    if not found or len(found[1]) > 24:
        return None
    distance = round(float(found[1].replace(",", "")), 4)
    return distance if distance <= _MOST_MILES else None


def state(value: str) -> str | None:
    """Two capital letters from `TX`, `tx` or `Texas`; None when it is no state of the USA."""
    cleaned = " ".join(value.split()).lower()
    code = STATE_CODES.get(cleaned, cleaned.upper())
    return code if code in _CODES else None


def flag(value: str) -> bool | None:
    """True for yes, y, true, 1, x, do not call, dnc; False for no, n, false, 0, ok to call; else None."""
    cleaned = " ".join(value.split()).lower()
    if cleaned in {"yes", "y", "true", "t", "1", "1.0", "x", "do not call", "dnc"}:
        return True
    return False if cleaned in {"no", "n", "false", "f", "0", "0.0", "ok to call"} else None


def signal_strength(value: str) -> str | None:
    """High, Medium or Low from the word or from a numeric signal score (≥ 90 High, ≥ 75 Medium, else Low)."""
    word = value.strip().capitalize()
    if word in {"High", "Medium", "Low"}:
        return word
    score = percentage(value)
    return None if score is None else strength_of_score(score)


def strength_of_score(score: float) -> str:
    """High from 90 on, Medium from 75 on, else Low."""
    return "High" if score >= 90 else "Medium" if score >= 75 else "Low"


def management_level(value: str) -> str | None:
    """The level as ZoomInfo's files write it: `C-Level` and `C Level Exec` mean the same; an unknown one
    stays."""
    cleaned = text(value)
    return None if cleaned is None else _LEVELS.get(cleaned.lower(), cleaned)


def web_domain(website: str | None, email: str | None = None) -> str | None:
    """`example.com` from `https://www.example.com/about`, else from the e-mail address; None when neither has
    one."""
    if website and (usual := _USUAL_SITE.fullmatch(website)):
        return usual[1]
    for source in (website, (email or "").rpartition("@")[2] or None):
        if source:
            host = re.sub(r"^[a-z]+://", "", source.strip().lower()).split("/")[0].split("?")[0].split(":")[0]
            host = host.removeprefix("www.")
            if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
                return host
    return None


@lru_cache(maxsize=65_536)
def normalised_company_name(name: str) -> str:
    """Lower case without accents, punctuation, a leading "the" and legal forms at the end:
    `The Café & Co., Inc.` → `cafe`, `A. O. Smith Corp` → `ao smith`, `Children's Home` → `childrens home`.

    A name made of such words only keeps them, and one without any letter or digit stays as it is.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    folded = "".join(c for c in folded if not unicodedata.combining(c) and c not in "'’`´.").replace(
        "&", " and "
    )
    words = "".join(c if c.isalnum() else " " for c in folded).split()
    joined: list[str] = []  # single letters in a row are one abbreviation, however they were spaced
    letters = ""
    for word in [*words, ""]:
        if len(word) == 1 and word.isalpha():
            letters += word
            continue
        joined += [part for part in (letters, word) if part]
        letters = ""
    start, end = 0, len(joined)
    while start < end and joined[start] == "the":
        start += 1
    while end > start and joined[end - 1] in _LEGAL:
        end -= 1
    return " ".join(joined[start:end] or joined) or clean_text(name).lower()


def company_key(company_id: str | None, company_name: str, zip_code: str | None) -> str:
    """What makes two rows the same company at one site: its ZoomInfo id, else its normalised name, and the
    ZIP.

    Missing values may be None or NaN.
    """
    company = (
        company_id if isinstance(company_id, str) and company_id else normalised_company_name(company_name)
    )
    return f"{company}|{zip_code if isinstance(zip_code, str) else ''}"
