"""Company names as people, directories and diallers write them, taken apart so that they can be compared.

What is read over: case, accents, punctuation, legal forms, "the", "and", common abbreviations. What is kept apart from
the words because it tells branches and namesakes apart: numbers, a place in slashes (`FIRST BANCORP /NC/`), the legal
form. A name with a DBA or a part in brackets is several names.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

CUT_AT = 30  # some diallers keep this many characters of a name

_LEGAL_FORMS = {
    "inc": "inc", "incorporated": "inc", "corp": "corp", "corporation": "corp", "co": "co", "company": "co",
    "companies": "co", "cos": "co", "ltd": "ltd", "limited": "ltd", "llc": "llc", "lc": "llc", "lp": "lp", "llp": "llp",
    "lllp": "llp", "plc": "plc", "pllc": "pllc", "pc": "pc", "pa": "pa", "na": "na", "sa": "sa", "nv": "nv", "ag": "ag",
    "gmbh": "gmbh", "se": "se", "ab": "ab", "asa": "asa", "spa": "spa",
}  # fmt: skip
_SPELLED = {
    "1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth", "intl": "international",
    "internatl": "international", "natl": "national", "amer": "american", "mfg": "manufacturing", "mfr": "manufacturing",
    "svc": "service", "svcs": "service", "ctr": "center", "cntr": "center", "centre": "center", "hosp": "hospital",
    "univ": "university", "assn": "association", "assoc": "associate", "mgmt": "management", "mgt": "management",
    "bros": "brother", "mt": "mount", "ft": "fort", "st": "saint", "ste": "saint", "rehab": "rehabilitation",
    "elem": "elementary", "sch": "school", "schl": "school", "apts": "apartment", "apt": "apartment", "cmty": "community",
    "hlth": "health", "hlthcare": "healthcare", "inds": "industry", "grp": "group", "hldgs": "holding", "hldg": "holding",
    "sys": "system", "equip": "equipment", "const": "construction", "constr": "construction", "dev": "development",
    "dist": "district", "tech": "technology", "techs": "technology", "labs": "laboratory", "lab": "laboratory",
    "whse": "warehouse", "trk": "truck", "trkg": "trucking", "htl": "hotel", "med": "medical", "govt": "government",
    "cnty": "county", "nurs": "nursing", "jr": "junior", "sr": "senior",
}  # fmt: skip
_SMALL = {"the", "and", "of", "at", "in", "for", "a", "an", "de", "la", "by", "on"}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}

# Words that firms add to and drop from their names freely: their absence says little.
GENERIC = frozenset(
    {
        "group", "holding", "international", "global", "worldwide", "technology", "communication", "industry", "solution",
        "system", "service", "enterprise", "partner", "associate", "brand", "store", "financial", "usa", "us", "com",
        "general", "management", "operation", "operating", "north", "america", "business", "class", "new",
    }
)  # fmt: skip

_OTHER_NAME = re.compile(
    r"\b(?:d\s?[./]?\s?b\s?[./]?\s?a|doing business as|a[./]k[./]a|aka|t/a|trading as|f[./]?k[./]?a|"
    r"formerly(?: known as)?|formally)\b[.:]?"
)
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]?")
_SAYS_NOTHING = re.compile(r"[(\[](?:the|class [a-z]|r|tm|sm)[)\]]")
_NUMBER_SIGN = re.compile(r"\b(?:no|nr|number)\b[\s:#]*(?=[0-9])")
_PLAIN = re.compile(r"[a-z]+(?: [a-z]+)*")
_WORD = re.compile(r"[^\W_]+")
_WRITTEN = str.maketrans({"&": " and ", "+": " and "} | dict.fromkeys("'’`´."))
_NO_NUMBERS: frozenset[str] = frozenset()
_PLACE = re.compile(r"(?:\s|(?<=[a-z.]))/\s*([a-z][a-z .]{1,11}?)\s*/?\s*$")


class CompanyName(NamedTuple):
    """One name, taken apart."""

    text: str  # folded, for comparing a name that was cut off
    words: tuple[str, ...]  # in order, without legal forms and small words; a name of nothing else keeps them
    numbers: frozenset[str]  # of a branch, a store, a fund
    legal: str | None
    place: str | None
    cut: bool  # as long as names that a dialler cut off
    key: str  # equal for names that differ in nothing but order, spaces and what is read over


@lru_cache(maxsize=16_384)
def read_company_names(name: str) -> tuple[CompanyName, ...]:
    """The names in a text, the main one first: more than one with a DBA or with a part in brackets.

    A text without any letter or digit gives none.
    """
    folded = fold(name)
    cut = CUT_AT - 2 <= len(name.strip()) <= CUT_AT
    parts = [part for part in _OTHER_NAME.split(folded) if part.strip(" .,:;-")]
    found: list[CompanyName] = []
    for part in parts:
        texts = [part]
        if "(" in part or "[" in part:
            whole = _SAYS_NOTHING.sub(" ", part)
            texts = [whole, *(text for text in _BRACKETS.findall(whole) if len(text.split()) > 1)]
        for text in texts:
            read = _one_name(text, cut and len(parts) == 1)
            if read is not None and read not in found:
                found.append(read)
    return tuple(found)


def fold(text: str) -> str:
    """Lower case without accents and with one kind of space."""
    if text.isascii():
        return " ".join(text.lower().split())
    with contextlib.suppress(UnicodeError):
        text = text.encode("latin-1").decode()  # UTF-8 that a program took for Latin-1: "PiÃ±on" is "Piñon"
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _one_name(text: str, cut: bool) -> CompanyName | None:
    place = None
    if "/" in text and (found := _PLACE.search(text)):
        place = re.sub(r"[^a-z]", "", found[1])
        text = text[: found.start()]
    if _PLAIN.fullmatch(text):
        raw = text.split(" ")
    else:
        raw = _WORD.findall(_NUMBER_SIGN.sub(" ", text.translate(_WRITTEN)))
    words, numbers, legal = _sorted_words(raw)
    if not words and not numbers:
        return None
    key = " ".join((*sorted(words), *sorted(numbers)))
    return CompanyName(" ".join(raw), words, numbers, legal, place, cut, key)


def _sorted_words(raw: list[str]) -> tuple[tuple[str, ...], frozenset[str], str | None]:
    """Words, numbers and legal form of a name's raw words."""
    words: list[str] = []
    dropped: list[str] = []
    numbers: list[str] = []
    legal = None
    letters = ""
    for place, raw_word in enumerate(raw):
        if len(raw_word) == 1 and raw_word.isalpha():
            letters += raw_word  # single letters in a row are one abbreviation, however they were spaced
            continue
        if letters:
            words.append(letters)
            letters = ""
        what, word = _understood(raw_word, place > 0)
        if what == "word":
            words.append(word)
        elif what == "number":
            numbers.append(word)
        else:
            dropped.append(raw_word)
            legal = word or legal
    if letters:
        words.append(letters)
    if not words and not numbers:
        words = dropped
    return tuple(words), frozenset(numbers) if numbers else _NO_NUMBERS, legal


@lru_cache(maxsize=65_536)
def _understood(raw: str, later: bool) -> tuple[str, str]:
    """What a raw word is: a word or a number in its usual spelling, else nothing, with the legal form it may be.

    `later`: not the first of its name; only there it can be a legal form or a Roman number.
    """
    if later and raw in _LEGAL_FORMS:
        return "nothing", _LEGAL_FORMS[raw]
    word = _SPELLED.get(raw, raw)
    if word in _SMALL:
        return "nothing", ""
    if word.isdigit() or (later and word in _ROMAN):
        return "number", _ROMAN.get(word, word.lstrip("0") or "0")
    return "word", _singular(word)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
