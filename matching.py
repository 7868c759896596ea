"""Which exported company a record of the CRM is: evidence weighed in bits, after Fellegi and Sunter (1969).

Each piece of evidence weighs log2(m / u): how much likelier it is to be seen for the same company (m) than for another
one (u). What many companies share weighs little, what is rare much (term frequency). Bits, the prior of the pool that
was searched and the rivals in it become a probability, and this one of three answers: matched, review, unmatched.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from company_names import GENERIC, CompanyName, fold, read_company_names

MATCHED, REVIEW, UNMATCHED = "matched", "review", "unmatched"

# Odds of 20 to 1 for matching by itself, and 1 to 20 for showing it to a person.
_MATCH_ODDS, _REVIEW_ODDS = 20.0, 1 / 20
# How likely the company is in the pool at all: with a batch ID it is, unless the ID was mistyped.
_IN_BATCH, _IN_POOL = 0.97, 0.5

# m: how often two records of one company agree. A ZIP may be the head office's, a number another extension.
_PHONE_M, _DOMAIN_M, _STREET_M, _STATE_M, _CITY_M = 0.70, 0.75, 0.93, 0.998, 0.90
_SAME_ZIP_M, _NEAR_ZIP_M, _FAR_ZIP_M = 0.93, 0.065, 0.005
_NEAR_ZIP_U = 0.30  # companies of one export lie near each other
_ID_M = 0.98
_RAREST_WORD = 16.0  # bits of a word that no other company of the pool has: one company in 65,000 has it
_RAREST_NAME = 16.0
_RAREST = {"phone": 17.0, "web": 13.0, "zip": 11.0, "street": 6.0, "id": 24.0}
_CONTRADICTION = -7.0  # bits of one piece of evidence: another ZIP area, another branch number
_MOST_IN_BLOCK = 300
_MOST_CANDIDATES = 8
_LEAST_SHARE = 0.05  # of what the likeliest candidate shares; the rest is chance


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


class Candidate(NamedTuple):
    """An exported company that was compared, with its probability among its rivals."""

    company: Company
    bits: float
    probability: float
    evidence: tuple[Evidence, ...]


class Match(NamedTuple):
    """The answer for one record: status, the company (None when unmatched) and the best candidates, best first."""

    status: str
    company: Company | None
    candidates: tuple[Candidate, ...]


class NameWeight(NamedTuple):
    """What two names say: same, near, cut off, part of the other, other; in bits."""

    bits: float
    how: str


class Frequencies:
    """How many companies of a pool share a word, a name, a phone number, a ZIP, a domain or an id."""

    def __init__(self, companies: Iterable[Company]) -> None:
        self.companies = 0
        self.words: Counter[str] = Counter()
        self.values: Counter[tuple[str, str]] = Counter()
        for company in companies:
            self.companies += 1
            names = [read for name in company.names for read in read_company_names(name)]
            self.words.update({word for name in names for word in name.words})
            self.values.update({("name", name.key) for name in names})
            self.values.update(_values(company))

    def word_bits(self, word: str) -> float:
        """log2 of 1 / the share of other companies with this word."""
        return min(_RAREST_WORD, self._rarity(self.words[word]))

    def value_bits(self, kind: str, value: str, most: float) -> float:
        """The same for a value of another kind, at most `most`."""
        return min(most, self._rarity(self.values[kind, value]))

    def _rarity(self, having: int) -> float:
        others = having - 1
        return math.inf if others <= 0 else max(0.0, math.log2(self.companies / others))


class Pool:
    """Exported companies, indexed so that a record is compared with the few that could be it."""

    def __init__(self, companies: Sequence[Company]) -> None:
        self.companies = list(companies)
        self.frequencies = Frequencies(self.companies)
        self._places: dict[str | None, list[int]] = defaultdict(list)
        for place, company in enumerate(self.companies):
            self._places[company.batch_id].append(place)
        self._blocks: list[tuple[str, ...] | None] = [None] * len(self.companies)
        self._indexes: dict[
            str | None, dict[str, list[int]]
        ] = {}  # per batch, and None for all; made when asked

    def find(self, record: Company) -> Match:
        """The exported company that the record is.

        A record with a batch ID is looked for in that batch; elsewhere only to show a person what it might be. A
        record without one is looked for everywhere; of a company that was exported several times the last export
        before the record counts. None in the pool, or a record without a name, phone and id: unmatched.
        """
        if record.batch_id is not None and record.batch_id in self._places:
            found = self._decided(record, record.batch_id, _IN_BATCH)
            if found.status != UNMATCHED:
                return found
        elsewhere = self._decided(record, None, _IN_POOL)
        if record.batch_id is not None and elsewhere.status == MATCHED:
            return elsewhere._replace(status=REVIEW)
        return elsewhere

    def _decided(self, record: Company, batch_id: str | None, in_pool: float) -> Match:
        places = self._candidates(record, batch_id)
        if batch_id is None:
            places = self._one_export_each(record, places)
        weighed = [(self.companies[place], self._evidence(self.companies[place], record)) for place in places]
        bits = [sum(piece.bits for piece in evidence) for _, evidence in weighed]
        pool = len(self.companies) if batch_id is None else len(self._places[batch_id])
        shares = [in_pool / max(pool, 1) * 2.0 ** min(weight, 60.0) for weight in bits]
        whole = 1.0 - in_pool + sum(shares)
        candidates = sorted(
            (
                Candidate(company, weight, share / whole, tuple(evidence))
                for (company, evidence), weight, share in zip(weighed, bits, shares, strict=True)
            ),
            key=lambda candidate: (-candidate.probability, candidate.company.key),
        )[:5]
        if not candidates:
            return Match(UNMATCHED, None, ())
        best = candidates[0]
        odds = best.probability / max(1.0 - best.probability, 1e-12)
        # Rivals that are hard to tell apart share the probability: together they are worth a person's look.
        together = sum(candidate.probability for candidate in candidates)
        shown = together / max(1.0 - together, 1e-12) >= _REVIEW_ODDS
        sure = odds >= _MATCH_ODDS and not _contradicted(best.evidence)
        status = MATCHED if sure else REVIEW if shown else UNMATCHED
        return Match(status, None if status == UNMATCHED else best.company, tuple(candidates))

    def _candidates(self, record: Company, batch_id: str | None) -> list[int]:
        """The places of the companies that share the rarest blocks with the record, the likeliest first."""
        index = self._index(batch_id)
        shared: dict[int, float] = defaultdict(float)
        for block in self._blocks_of(record):
            places = index.get(block, ())
            if len(places) <= _MOST_IN_BLOCK:
                for place in places:
                    shared[place] += 1 / len(places)
        enough = max(shared.values(), default=0.0) * _LEAST_SHARE
        likely = [place for place, share in shared.items() if share >= enough]
        return sorted(likely, key=lambda place: (-shared[place], place))[:_MOST_CANDIDATES]

    def _index(self, batch_id: str | None) -> dict[str, list[int]]:
        """Block → places of the companies in it, of one batch or (None) of the whole pool."""
        if batch_id not in self._indexes:
            index: dict[str, list[int]] = defaultdict(list)
            for place in range(len(self.companies)) if batch_id is None else self._places[batch_id]:
                if self._blocks[place] is None:
                    self._blocks[place] = tuple(self._blocks_of(self.companies[place]))
                for block in self._blocks[place] or ():
                    index[block].append(place)
            self._indexes[batch_id] = dict(index)
        return self._indexes[batch_id]

    def _one_export_each(self, record: Company, places: list[int]) -> list[int]:
        """Of each company the last export before the record was made, or the first of all when none was before."""
        best: dict[str, int] = {}
        for place in sorted(places, key=lambda place: (self.companies[place].exported_at or "", place)):
            company = self.companies[place]
            before = (company.exported_at or "") <= (record.exported_at or "9999")
            if before or company.key not in best:
                best[company.key] = place
        return [place for place in places if best[self.companies[place].key] == place]

    def _blocks_of(self, company: Company) -> set[str]:
        blocks = {f"{kind}:{value}" for kind, value in _values(company) if kind in ("phone", "web", "id")}
        for name in chain.from_iterable(map(read_company_names, company.names)):
            blocks.add(f"key:{name.key}")
            rarest = sorted(set(name.words), key=lambda word: (self.frequencies.words[word], word))[:3]
            blocks.update(f"word:{word}" for word in rarest)
            joined = "".join(name.words)
            blocks.add(f"start:{joined[:5]}")
            blocks.add(f"text:{name.text[:18]}")
            if company.zip_code:
                blocks.add(f"zip:{company.zip_code}{joined[:2]}")
            if len(name.words) > 1:
                blocks.add(f"initials:{''.join(word[0] for word in name.words)}")
            elif name.words and 3 <= len(name.words[0]) <= 5:
                blocks.add(f"initials:{name.words[0]}")
        return blocks

    def _evidence(self, exported: Company, record: Company) -> list[Evidence]:
        """Everything both sides speak about; what one of them does not know says nothing."""
        found = [_name_evidence(exported, record, self.frequencies)]
        found += _shared_evidence("phone", exported.phones, record.phones, _PHONE_M, self.frequencies)
        found += _shared_evidence("id", _comparable(exported, record), record.ids, _ID_M, self.frequencies)
        web = (
            ([exported.web_domain] if exported.web_domain else []),
            ([record.web_domain] if record.web_domain else []),
        )
        found += _shared_evidence("web", *web, _DOMAIN_M, self.frequencies)
        return found + _place_evidence(exported, record, self.frequencies)


def name_weight(exported: str, crm: str, frequencies: Frequencies) -> NameWeight:
    """What two names say, by the best of their readings (a DBA is two names)."""
    readings = [
        _name_weight(one, other, frequencies)
        for one in read_company_names(exported)
        for other in read_company_names(crm)
    ]
    return max(readings, default=NameWeight(0.0, "no name"))


def decide(bits: float, companies: int) -> str:
    """The answer for one pair without rivals, drawn from a pool of this many companies."""
    odds = _IN_POOL / companies * 2.0**bits / (1 - _IN_POOL)
    return MATCHED if odds >= _MATCH_ODDS else REVIEW if odds >= _REVIEW_ODDS else UNMATCHED


def _name_weight(one: CompanyName, other: CompanyName, frequencies: Frequencies) -> NameWeight:
    shared, lone, other_lone, typos = _aligned(one.words, other.words)
    told = sum(map(frequencies.word_bits, shared))
    lost = [word for word in lone if word not in GENERIC]
    other_lost = [word for word in other_lone if word not in GENERIC]
    generic = len(lone) + len(other_lone) - len(lost) - len(other_lost)
    if one.key == other.key:
        # The share of companies with the very same name counts, however common its words are.
        bits, how = min(10 + told / 2, frequencies.value_bits("name", one.key, _RAREST_NAME)), "same name"
    elif (one.cut and other.text.startswith(one.text)) or (other.cut and one.text.startswith(other.text)):
        return NameWeight(min(_RAREST_NAME, 8 + told), "one name is cut off")
    elif _initials(one, other) or _initials(other, one):
        return NameWeight(5.0, "initials of the other")
    elif shared and not lost and not other_lost:
        bits, how = min(_RAREST_NAME, 10 + told / 2) - 1.5 * (typos + generic), "nearly the same name"
        bits -= 2 if typos + generic else 0
    elif not shared or (lost and other_lost):
        bits, how = min(4.0, told / 4) - 3 * (len(lost) + len(other_lost)), "another name"
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
                if first + second == word:  # Super Micro and Supermicro
                    whole.remove(word)
                    parts.remove(first)
                    parts.remove(second)
                    shared.append(word)
                    break
    return shared, lone, rest, typos


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


def _contradicted(evidence: Sequence[Evidence]) -> bool:
    """Whether one thing speaks so much against it that only a person may say they are the same."""
    against = any(piece.bits <= _CONTRADICTION for piece in evidence)
    settled = any(piece.bits > 4 and piece.kind in ("id", "phone", "street") for piece in evidence)
    return against and not settled


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


def _values(company: Company) -> set[tuple[str, str]]:
    """All values of a company whose frequency counts, each with its kind."""
    found = {("phone", phone) for phone in company.phones} | {("id", value) for value in company.ids}
    if company.zip_code:
        found.add(("zip", company.zip_code))
    if company.web_domain:
        found.add(("web", company.web_domain))
    return found
