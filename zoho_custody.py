"""The chain of custody: exported → in Zoho → with batch ID → matched → with outcome, and what is lost at each hop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

CAUSES = {
    "not mapped at conversion": "No lead leads to it: HADES_Batch_ID is not mapped when a lead is converted in Zoho, or the "
    "deal was made by hand.",
    "lost in VanillaSoft": "The lead came without it: VanillaSoft's Import Notes are not carried over to HADES_Batch_ID, or "
    "the lead was typed by hand.",
    "unknown batch": "The batch ID names no batch exported from here: it was typed by hand, or the batch is older than this "
    "product and was not brought in yet.",
    "in review": "A company may be the one, but not surely: somebody has to say so in Review.",
    "typed by hand": "The batch is known, but no company of it looks the same: the name was typed by hand or changed.",
}


class Leak(NamedTuple):
    """What stays behind at a hop for one reason: `cause` (of CAUSES, or the hop's own word), a sentence, and how many."""

    cause: str
    sentence: str
    number: int


class Hop(NamedTuple):
    """One step. number = goes_on + stays, and the leaks sum to stays. `rows` names the rows (stores.custody.HOPS)."""

    name: str
    unit: str  # companies, sites
    number: int
    to: str
    goes_on: int
    stays: int
    leaks: tuple[Leak, ...]
    rows: str


class Chain(NamedTuple):
    """The hops from export to outcome, and what else is worth knowing in sentences.

    matched = in_zoho + further_sites + of_void: sites of companies that are counted, second sites of one company, and
    sites of companies whose batch was made void.
    """

    hops: tuple[Hop, ...]
    in_zoho: int
    matched: int
    further_sites: int
    of_void: int
    notes: tuple[str, ...]


def chain_of_custody(found: Mapping[str, Any]) -> Chain:
    """The chain out of what stores.custody.read_custody gives; with nothing exported or synced every count is 0."""
    sites = found["sites"]
    if sites.empty:
        sites = pd.DataFrame(columns=["status", "named", "outcome", "standing", "id_lost", "cause", "n"])
    named, matched = sites["named"] == 1, sites["status"] == "matched"
    exported, in_zoho, maybe = (int(found[key]) for key in ("exported", "in_zoho", "maybe"))
    further = _count(sites[matched & (sites["standing"] == 1)]) - in_zoho
    of_void = _count(sites[matched & (sites["standing"] == 0)])
    hops = (
        _hop(
            "Exported", "companies", exported, "in Zoho", in_zoho, "not in Zoho",
            [
                Leak("in review", "A site in review may be it: decide there.", maybe),
                Leak("not seen", "Not seen in Zoho: no agreed site yet, or a site that could not be matched.",
                     exported - in_zoho - maybe),
            ],
        ),
        _hop("In Zoho, from the call centre", "sites", _count(sites), "with batch ID", _count(sites[named]), "without ID",
             _causes(sites[~named])),
        _hop("With batch ID", "sites", _count(sites[named]), "matched", _count(sites[named & matched]), "not matched",
             _causes(sites[named & ~matched])),
        _hop("Without batch ID", "sites", _count(sites[~named]), "matched all the same", _count(sites[~named & matched]),
             "unmatched without ID", _causes(sites[~named & ~matched])),
        _hop("Matched", "sites", _count(sites[matched]), "with outcome", _count(sites[matched & (sites["outcome"] == 1)]),
             "without outcome",
             [Leak("nothing yet", "Nothing has happened yet: the stage in Zoho means no milestone.",
                   _count(sites[matched & (sites["outcome"] == 0)]))]),
    )  # fmt: skip
    return Chain(
        hops, in_zoho, _count(sites[matched]), further, of_void, tuple(_notes(sites, further, of_void))
    )


def _hop(
    name: str, unit: str, count: int, to: str, goes_on: int, rows: str, leaks: list[Leak]
) -> Hop:  # fmt: skip
    return Hop(
        name, unit, count, to, goes_on, count - goes_on, tuple(leak for leak in leaks if leak.number), rows
    )


def _causes(sites: pd.DataFrame) -> list[Leak]:
    """The sites by their likely cause, the most frequent first."""
    counts = {cause: _count(sites[sites["cause"] == cause]) for cause in CAUSES}
    return [
        Leak(cause, CAUSES[cause], counts[cause])
        for cause in sorted(counts, key=lambda cause: -counts[cause])
    ]


def _count(sites: pd.DataFrame) -> int:
    return int(sites["n"].sum())


def _notes(sites: pd.DataFrame, further: int, of_void: int) -> list[str]:
    notes = []
    if lost := _count(sites[sites["id_lost"] == 1]):
        notes.append(
            f"In {lost:,} of them the lead has the batch ID and its deal has not. The lead still tells, but map "
            "HADES_Batch_ID at conversion (Zoho: Setup > Modules and Fields > Leads > Lead Conversion Mapping): a deal "
            "whose lead is deleted would be lost."
        )
    if further:
        notes.append(f"{further:,} matched sites are a second or further site of a company already counted.")
    if of_void:
        notes.append(f"{of_void:,} matched sites belong to batches that were made void since.")
    return notes
