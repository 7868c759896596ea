"""What evidence weighs when two companies are compared: bits, after Fellegi and Sunter (1969).

Each piece of evidence weighs log2(m / u): how much likelier it is to be seen for the same company (m) than for another
one (u). What many companies share weighs little, what is rare much (term frequency).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from company_names import GENERIC, CompanyName, fold, read_company_names

# m: how often two records of one company agree. A ZIP may be the head office's, a number another extension.
_PHONE_M, _DOMAIN_M, _STREET_M, _STATE_M, _CITY_M = 0.70, 0.75, 0.93, 0.998, 0.90
_SAME_ZIP_M, _NEAR_ZIP_M, _FAR_ZIP_M = 0.93, 0.065, 0.005
_NEAR_ZIP_U = 0.30  # companies of one export lie near each other
_ID_M = 0.98
_RAREST_WORD = 16.0  # bits of a word that no other company of the pool has: one company in 65,000 has it
_RAREST_NAME = 16.0
_RAREST = {"phone": 17.0, "web": 13.0, "zip": 11.0, "street": 6.0, "id": 24.0}
ALIKE, ANOTHER = "spelled alike", "another name"
_ALIKE_BITS = 0.5  # slips could have made one name of the other: nothing against, hardly anything for it
_LEAST_CUT = 20
CONTRADICTION = -7.0  # bits of one piece of evidence: another ZIP area, another branch number


@dataclass(frozen=True)
class Company:
    """One company at one site, as HADES exported it or as the CRM has it. Phones are ten digits."""

    key: str
    batch_id: str | None = None
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    zip_code: str | None = None
    state: str | None = None
    city: str | None = None
    street: str | None = None
    web_domain: str | None = None
    ids: tuple[str, ...] = ()  # "contact:123", "company:55", "vanillasoft:9"
    exported_at: str | None = None  # of an exported company; of a record, when it was made


class Evidence(NamedTuple):
    """One thing that speaks for (bits above 0) or against; what both sides say, for a person to compare."""

    kind: str
    bits: float
    exported: str
    crm: str


class NameWeight(NamedTuple):
    """What two names say: same, near, cut off, part of the other, other; in bits."""

    bits: float
    how: str


class Frequencies:
    """How many companies of a pool share a word, a name, a phone number, a ZIP, a domain or an id."""

    def __init__(
        self, companies: Iterable[Company], names: Sequence[Sequence[CompanyName]] | None = None
    ) -> None:
        """`names`: what `read_names` gives of the companies, where it is known already."""
        known = list(companies)
        self.companies = len(known)
        names = read_names(known) if names is None else names
        self.words = Counter(_in_each([word for name in read for word in name.words] for read in names))
        self._values = {
            "name": Counter(_in_each([name.key for name in read] for read in names)),
            "phone": Counter(_in_each(company.phones for company in known)),
            "id": Counter(_in_each(company.ids for company in known)),
            "zip": Counter(company.zip_code for company in known if company.zip_code),
            "web": Counter(company.web_domain for company in known if company.web_domain),
        }

    def rarest(self, words: Sequence[str], most: int) -> Iterable[str]:
        """The words that fewest companies have, each once, at most so many."""
        if len(words) <= most:
            return words
        return sorted(set(words), key=lambda word: (self.words[word], word))[:most]

    def word_bits(self, word: str) -> float:
        """log2 of 1 / the share of other companies with this word."""
        return min(_RAREST_WORD, self._rarity(self.words[word]))

    def value_bits(self, kind: str, value: str, most: float) -> float:
        """The same for a value of another kind, at most `most`."""
        return min(most, self._rarity(self._values[kind][value]))

    def _rarity(self, having: int) -> float:
        others = having - 1
        return math.inf if others <= 0 else max(0.0, math.log2(self.companies / others))


def read_names(companies: Sequence[Company]) -> list[list[CompanyName]]:
    """The names of each company, taken apart."""
    return [[read for name in company.names for read in read_company_names(name)] for company in companies]


def all_evidence(exported: Company, record: Company, frequencies: Frequencies) -> tuple[Evidence, ...]:
    """Everything both sides speak about; what one of them does not know says nothing."""
    found = [_name_evidence(exported, record, frequencies)]
    found += _shared_evidence("phone", exported.phones, record.phones, _PHONE_M, frequencies)
    found += _shared_evidence("id", _comparable(exported, record), record.ids, _ID_M, frequencies)
    if exported.web_domain and record.web_domain:
        found += _shared_evidence("web", [exported.web_domain], [record.web_domain], _DOMAIN_M, frequencies)
    return (*found, *_place_evidence(exported, record, frequencies))


def name_weight(exported: str, crm: str, frequencies: Frequencies) -> NameWeight:
    """What two names say, by the best of their readings (a DBA is two names)."""
    readings = [
        _name_weight(one, other, frequencies)
        for one in read_company_names(exported)
        for other in read_company_names(crm)
    ]
    return max(readings, default=NameWeight(0.0, "no name"))


def _name_weight(one: CompanyName, other: CompanyName, frequencies: Frequencies) -> NameWeight:
    shared, lone, other_lone, typos = _aligned(one.words, other.words)
    told = sum(map(frequencies.word_bits, shared))
    lost = [word for word in lone if word not in GENERIC]
    other_lost = [word for word in other_lone if word not in GENERIC]
    generic = len(lone) + len(other_lone) - len(lost) - len(other_lost)
    if one.key == other.key:
        # The share of companies with the very same name counts, however common its words are.
        bits, how = min(10 + told / 2, frequencies.value_bits("name", one.key, _RAREST_NAME)), "same name"
    elif _cut_off(one, other) or _cut_off(other, one):
        return NameWeight(min(_RAREST_NAME, 8 + told), "one name is cut off")
    elif _initials(one, other) or _initials(other, one):
        return NameWeight(5.0, "initials of the other")
    elif shared and not lost and not other_lost:
        bits, how = min(_RAREST_NAME, 10 + told / 2) - 1.5 * (typos + generic), "nearly the same name"
        bits -= 2 if typos + generic else 0
    elif not shared or (lost and other_lost):
        bits, how = min(4.0, told / 4) - 3 * (len(lost) + len(other_lost)), ANOTHER
        if bits < _ALIKE_BITS and _spelled_alike(lost, other_lost):
            bits, how = _ALIKE_BITS, ALIKE
    else:
        extra = len(lost) + len(other_lost)
        bits, how = min(9.0, told / 2) - 2 * (extra - 1) - typos - generic, "part of the other name"
    if one.numbers != other.numbers:
        both = one.numbers - other.numbers and other.numbers - one.numbers
        bits, how = bits - (14 if both else 8), "another number" if both else f"{how}, a number more"
    if one.place and other.place and one.place != other.place:
        bits, how = bits - 8, "another place"
    if one.legal and other.legal and one.legal != other.legal:
        bits -= 1
    return NameWeight(max(bits, -16.0), how)


def _aligned(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str], list[str], int]:
    """Words that both have, words of one side alone, of the other alone, and how many are shared but for typos."""
    rest, shared, lone = list(other), [], []
    for word in one:
        if word in rest:
            rest.remove(word)
            shared.append(word)
        else:
            lone.append(word)
    typos = 0
    for word in list(lone) if rest else []:
        twin = next((other_word for other_word in rest if _typo(word, other_word)), None)
        if twin is not None:
            lone.remove(word)
            rest.remove(twin)
            shared.append(word)
            typos += 1
    for whole, parts in ((lone, rest), (rest, lone)):
        for word in list(whole):
            for first, second in pairwise(parts):
                if word in (first + second, f"{first}s{second}"):  # Super Micro and Supermicro
                    whole.remove(word)
                    parts.remove(first)
                    parts.remove(second)
                    shared.append(word)
                    break
    return shared, lone, rest, typos


def _cut_off(short: CompanyName, long: CompanyName) -> bool:
    """Whether the one is the other cut off: after as many characters as diallers keep, or within a word."""
    begins = long.text.startswith(short.text) and short.numbers <= long.numbers
    within = long.text[len(short.text) : len(short.text) + 1] not in ("", " ")
    return begins and (short.cut or (within and len(short.text) >= _LEAST_CUT))


def _spelled_alike(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether each word has a twin that slips or shortening could have made of it: for a person to see, no more."""
    if len(words) != len(others):
        return False
    rest = list(others)
    for word in words:
        twin = next((other for other in rest if _alike(word, other)), None)
        if twin is None:
            return False
        rest.remove(twin)
    return True


def _alike(word: str, other: str) -> bool:
    shorter = min(len(word), len(other))
    if shorter >= 3 and (word.startswith(other) or other.startswith(word)):
        return True
    slips = 0 if shorter < 4 else 1 if shorter < 7 else 2
    return slips > 0 and OSA.distance(word, other, score_cutoff=slips) <= slips


def _typo(word: str, other: str) -> bool:
    """Whether the words differ by one slip, two in long ones; the first letter is seldom the wrong one."""
    shorter = min(len(word), len(other))
    slips = 0 if shorter < 5 else 1 if shorter < 9 else 2
    if not slips or word[0] != other[0] or abs(len(word) - len(other)) > slips:
        return False
    return OSA.distance(word, other, score_cutoff=slips) <= slips


def _initials(short: CompanyName, long: CompanyName) -> bool:
    return (
        len(short.words) == 1
        and 3 <= len(short.words[0]) <= 5
        and len(long.words) == len(short.words[0])
        and "".join(word[0] for word in long.words) == short.words[0]
    )


def _name_evidence(exported: Company, record: Company, frequencies: Frequencies) -> Evidence:
    pairs = [
        (name_weight(one, other, frequencies), one, other) for one in exported.names for other in record.names
    ]
    if not pairs:
        return Evidence("name", 0.0, "", "")
    weight, one, other = max(pairs)
    return Evidence(f"name: {weight.how}", weight.bits, one, other)


def _shared_evidence(
    kind: str, exported: Sequence[str], crm: Sequence[str], m: float, frequencies: Frequencies
) -> list[Evidence]:
    """One piece of evidence from two lists of values: agreement in any, or in none."""
    if not exported or not crm:
        return []
    both = [value for value in exported if value in crm]
    if not both:
        return [Evidence(kind, math.log2(1 - m), exported[0], crm[0])]
    bits, value = max((frequencies.value_bits(kind, value, _RAREST[kind]), value) for value in both)
    return [Evidence(kind, math.log2(m) + bits, value, value)]


def _comparable(exported: Company, record: Company) -> list[str]:
    """The exported ids of the kinds that the record has, too: a company id says nothing about a contact id."""
    kinds = {value.split(":")[0] for value in record.ids}
    return [value for value in exported.ids if value.split(":")[0] in kinds]


def _place_evidence(exported: Company, record: Company, frequencies: Frequencies) -> list[Evidence]:
    """ZIP, street and, where a ZIP is missing, city and state."""
    found = []
    if exported.zip_code and record.zip_code:
        found.append(_zip_evidence(exported.zip_code, record.zip_code, frequencies))
    else:
        for kind, ours, theirs, m, u in (
            ("state", exported.state, record.state, _STATE_M, 0.05),
            ("city", exported.city, record.city, _CITY_M, 0.02),
        ):
            if ours and theirs:
                same = fold(ours) == fold(theirs)
                bits = math.log2(m / u) if same else math.log2((1 - m) / (1 - u))
                found.append(Evidence(kind, bits, ours, theirs))
    if exported.street and record.street:
        (number, words), (other_number, other_words) = _street(exported.street), _street(record.street)
        if number and other_number:
            same = number == other_number and bool(words & other_words or not (words and other_words))
            bits = math.log2(_STREET_M) + _RAREST["street"] if same else math.log2(1 - _STREET_M)
            found.append(Evidence("street", bits, exported.street, record.street))
    return found


def _zip_evidence(exported: str, crm: str, frequencies: Frequencies) -> Evidence:
    if exported == crm:
        return Evidence(
            "zip", math.log2(_SAME_ZIP_M) + frequencies.value_bits("zip", crm, _RAREST["zip"]), exported, crm
        )
    if exported[:3] == crm[:3]:
        return Evidence("zip: near by", math.log2(_NEAR_ZIP_M / _NEAR_ZIP_U), exported, crm)
    return Evidence("zip", math.log2(_FAR_ZIP_M), exported, crm)


def _street(text: str) -> tuple[str, frozenset[str]]:
    """House number and the words of the street that tell streets apart."""
    words = re.findall(r"[a-z0-9]+", fold(text))
    number = next((word for word in words if word[0].isdigit()), "")
    told = {word[:4] for word in words if len(word) > 2 and word != number}
    return number, frozenset(
        told - {"stre", "aven", "ave", "road", "blvd", "boul", "driv", "suit", "ste", "lane", "high"}
    )


def _in_each(values: Iterable[Sequence[str]]) -> Iterator[str]:
    """All values, those of one company each once."""
    return chain.from_iterable(set(own) if len(own) > 1 else own for own in values)
