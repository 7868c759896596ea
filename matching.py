"""Which exported company a record of the CRM is: matched, review or unmatched.

The bits of all evidence (match_weights.py), the prior of the pool that was searched and the rivals in it become a
probability, and this one of the three answers.
"""

from __future__ import annotations

import gc
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from rapidfuzz.distance import OSA

from company_names import CompanyName, fold
from match_weights import (
    ALIKE,
    ANOTHER,
    CONTRADICTION,
    Company,
    Evidence,
    Frequencies,
    all_evidence,
    read_names,
)

MATCHED, REVIEW, UNMATCHED = "matched", "review", "unmatched"

# Odds of 20 to 1 for matching by itself, and 1 to 20 for showing it to a person.
_MATCH_ODDS, _REVIEW_ODDS = 20.0, 1 / 20
# How likely the company is in the pool at all: with a batch ID it is, unless the ID was mistyped.
_IN_BATCH, _IN_POOL = 0.97, 0.5

_MOST_IN_BLOCK = 300
_MOST_CANDIDATES = 8
_MOST_COMPARED = 64
# Names that a ZIP alone does not make the same, however rare it is in the batch.
_DOUBTFUL = {f"name: {ALIKE}", f"name: {ANOTHER}"}
_ALIKE = 0.6  # names less alike than this are not offered as a misspelling
_LEAST_SHARE = 0.05  # of what the likeliest candidate shares; the rest is chance


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


class Pool:
    """Exported companies, indexed so that a record is compared with the few that could be it."""

    def __init__(self, companies: Sequence[Company]) -> None:
        # In order of their batches, so that a batch is one range of places and one index serves all.
        self.companies = sorted(companies, key=lambda company: (company.batch_id or "", company.key))
        with _uncollected():
            self._names = read_names(self.companies)  # until they are indexed
            self.frequencies = Frequencies(self.companies, self._names)
        self._batches = [company.batch_id or "" for company in self.companies]
        self._index: dict[
            str, int | list[int]
        ] = {}  # block → the place with it, or all places; made when asked

    def find(self, record: Company) -> Match:
        """The exported company that the record is.

        A record with a batch ID is looked for in that batch; elsewhere only to show a person what it might be. A
        record without one is looked for everywhere; of a company that was exported several times the last export
        before the record counts. None in the pool, or a record without a name, phone and id: unmatched.
        """
        if record.batch_id is not None:
            found = self._decided(record, self._range(record.batch_id), _IN_BATCH)
            if found.status != UNMATCHED:
                return found
        elsewhere = self._decided(record, range(len(self.companies)), _IN_POOL)
        if record.batch_id is not None and elsewhere.status == MATCHED:
            return elsewhere._replace(status=REVIEW)
        return elsewhere

    def _range(self, batch_id: str) -> range:
        first = bisect_left(self._batches, batch_id)
        return range(first, bisect_left(self._batches, f"{batch_id}\0"))

    def _decided(self, record: Company, searched: range, in_pool: float) -> Match:
        places = self._candidates(record, searched)
        if len(searched) == len(self.companies):
            places = self._one_export_each(record, places)
        weighed = [
            (self.companies[place], all_evidence(self.companies[place], record, self.frequencies))
            for place in places
        ]
        bits = [sum(piece.bits for piece in evidence) for _, evidence in weighed]
        shares = [in_pool / max(len(searched), 1) * 2.0 ** min(weight, 60.0) for weight in bits]
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

    def _candidates(self, record: Company, searched: range) -> list[int]:
        """The places of the companies that share the rarest blocks with the record, the likeliest first."""
        names = read_names([record])[0]
        blocks = sorted(
            (places for block in self._blocks_of(record, names) if (places := self._places(block, searched))),
            key=len,
        )
        still = sum(1 / len(places) for places in blocks)
        shared: dict[int, float] = defaultdict(float)
        most = 0.0
        for places in blocks:
            if len(places) > _MOST_IN_BLOCK or still < most * _LEAST_SHARE:
                break  # what is left brings no company near the likeliest
            still -= (share := 1 / len(places))
            for place in places:
                shared[place] += share
                most = max(most, shared[place])
        likely = [place for place, share in shared.items() if share >= most * _LEAST_SHARE]
        likely.sort(key=lambda place: (-shared[place], place))
        if len(likely) <= _MOST_CANDIDATES or not record.names:
            return likely
        # Many share as much as the best: then the spelling says who is looked at.
        sure, text = likely[: _MOST_CANDIDATES // 2], fold(record.names[0])
        rest = sorted(
            likely[len(sure) : _MOST_COMPARED],
            key=lambda place: min(
                (OSA.distance(text, fold(name)) for name in self.companies[place].names), default=99
            ),
        )
        return [*sure, *rest[: _MOST_CANDIDATES - len(sure)]]

    def _places(self, block: str, searched: range) -> Sequence[int]:
        """The places within the range of the companies that have the block, in order."""
        if not self._index:
            with _uncollected():
                self._index = self._indexed()
        found = self._index.get(block)
        if found is None:
            return ()
        if isinstance(found, int):
            return (found,) if found in searched else ()
        if len(searched) == len(self.companies):
            return found
        return found[bisect_left(found, searched.start) : bisect_left(found, searched.stop)]

    def _indexed(self) -> dict[str, int | list[int]]:
        index: dict[str, int | list[int]] = {}
        for place, (company, names) in enumerate(zip(self.companies, self._names, strict=True)):
            for block in self._blocks_of(company, names):
                known = index.setdefault(block, place)
                if known == place:
                    continue
                if isinstance(known, int):
                    index[block] = [known, place]
                else:
                    known.append(place)
        self._names = []
        return index

    def _one_export_each(self, record: Company, places: list[int]) -> list[int]:
        """Of each company the last export before the record was made, or the first of all when none was before."""
        best: dict[str, int] = {}
        for place in sorted(places, key=lambda place: (self.companies[place].exported_at or "", place)):
            company = self.companies[place]
            before = (company.exported_at or "") <= (record.exported_at or "9999")
            if before or company.key not in best:
                best[company.key] = place
        return [place for place in places if best[self.companies[place].key] == place]

    def _blocks_of(self, company: Company, names: Sequence[CompanyName]) -> set[str]:
        """What companies that may be one have in common: a number, a domain, an id, a word, how the name begins."""
        blocks = {f"phone:{phone}" for phone in company.phones}
        blocks.update(company.ids)
        if company.web_domain:
            blocks.add(f"web:{company.web_domain}")
        for name in names:
            words = name.words
            joined = "".join(words)
            begins = name.text.replace(" ", "")[:16]
            blocks.update((f"key:{name.key}", f"start:{joined[:5]}", f"text:{begins}"))
            if company.zip_code:
                blocks.add(f"zip:{company.zip_code}{joined[:2]}")
            if len(words) > 1:
                blocks.add("initials:" + "".join([word[0] for word in words]))
            elif words and 3 <= len(words[0]) <= 5:
                blocks.add(f"initials:{words[0]}")
            blocks.update([f"word:{word}" for word in self.frequencies.rarest(words, 3)])
        return blocks


def near_miss(pool: Pool, *, name: str, zip_code: str | None) -> Company | None:
    """The company of the pool that is likelier than not meant by a name that fits none exactly, at the same ZIP code; else None.

    It is for a person to say: a name and a ZIP alone never match by themselves here.
    """
    if not zip_code:
        return None
    found = pool.find(Company(key="", names=(name,), zip_code=zip_code))
    best = next(iter(found.candidates), None)
    if found.status == UNMATCHED or best is None or best.probability < 0.5:
        return None
    return best.company if best.company.zip_code == zip_code else None


def nearest(
    companies: Sequence[Company], *, name: str, zip_code: str | None = None, most: int = 5
) -> list[Company]:
    """The companies whose names are spelt most like `name`, those of the ZIP code first; at most `most`, none for a name
    that resembles no other.

    Likeness: 1 - edits / length of the longer name (optimal string alignment, which counts two letters swapped as one
    edit), or, where `name` has fewer words, of the words that it has.
    """
    text = fold(name)
    ranked = sorted(
        (
            (company.zip_code != zip_code if zip_code else False, -likeness, company.key, place)
            for place, company in enumerate(companies)
            if (likeness := max((_likeness(text, fold(one)) for one in company.names), default=0.0)) >= _ALIKE
        )
    )
    return [companies[place] for *_, place in ranked[:most]]


def _likeness(said: str, known: str) -> float:
    """How alike two folded names are, 0 to 1; the words that are said may stand anywhere in the known name."""
    words, length = known.split(), len(said.split())
    parts = [" ".join(words[at : at + length]) for at in range(max(len(words) - length + 1, 1))]
    whole = OSA.normalized_similarity(said, known)
    return max(whole, 0.95 * max(OSA.normalized_similarity(said, part) for part in parts))


@contextmanager
def _uncollected() -> Iterator[None]:
    """What is made here stays: looking through it for garbage again and again would cost a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def decide(bits: float, companies: int) -> str:
    """The answer for one pair without rivals, drawn from a pool of this many companies."""
    odds = _IN_POOL / companies * 2.0**bits / (1 - _IN_POOL)
    return MATCHED if odds >= _MATCH_ODDS else REVIEW if odds >= _REVIEW_ODDS else UNMATCHED


def _contradicted(evidence: Sequence[Evidence]) -> bool:
    """Whether one thing speaks so much against it that only a person may say they are the same."""
    against = any(piece.bits <= CONTRADICTION or piece.kind in _DOUBTFUL for piece in evidence)
    settled = any(piece.bits > 4 and piece.kind in ("id", "phone", "street") for piece in evidence)
    return against and not settled
