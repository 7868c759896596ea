"""What speaks for and against a site in Zoho being an exported company, both sides beside each other for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

AGREES, NEAR, DIFFERS = "agrees", "nearly", "differs"
ONLY_ZOHO, ONLY_EXPORT = "only in Zoho", "only exported"
_LEAST = 0.01  # of a second candidate: below that it only distracts


class Candidate(NamedTuple):
    """An exported company that the site may be.

    `table`: one row per trait that either side knows: trait, zoho, exported, says (agrees, nearly, differs, only in
    Zoho, only exported), weight (bits that the matching gave it: each point doubles the odds; missing where it gave none).
    """

    batch_id: str
    company_key: str
    name: str
    probability: float  # 0 to 1, among its rivals
    exported_at: str | None
    void: bool
    contacts: int
    table: pd.DataFrame


_TRAITS = (  # what it is called, the fields of a record in Zoho, the columns of a lead, the kind of evidence
    ("Name", ("name", "account"), ("company_name",), "name"),
    ("Phone", ("phones",), ("phone", "other_phones"), "phone"),
    ("ZIP", ("zip_code",), ("zip_code",), "zip"),
    ("Street", ("street",), ("street",), "street"),
    ("City", ("city",), ("city",), "city"),
    ("State", ("state",), ("state",), "state"),
    ("Web", ("web_domain",), ("web_domain",), "web"),
    ("Contact ID", ("contact_id",), ("contact_id",), "id"),
    ("Company ID", ("company_id",), ("company_id",), "id"),
    ("Batch ID", ("batch_ids",), ("batch_id",), None),
)  # fmt: skip


def candidates_of(found: Mapping[str, Any]) -> list[Candidate]:
    """The companies that a site may be, the likeliest first, out of what stores.matches.read_evidence gives.

    Empty when there is no such site or nothing looks like it. Beside the first, only those of at least 1 % are given.
    """
    if found["site"] is None:
        return []
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for lead in found["leads"]:
        grouped.setdefault((lead["batch_id"], lead["company_key"]), []).append(lead)
    listed = []
    for told in json.loads(found["site"]["candidates"]):
        leads = grouped.get((told["batch_id"], told["company_key"]))
        if leads:
            listed.append(_candidate(told, leads, found["records"]))
    listed.sort(key=lambda candidate: -candidate.probability)
    return [
        candidate for place, candidate in enumerate(listed) if place == 0 or candidate.probability >= _LEAST
    ]


def in_zoho(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """What Zoho says about the site: trait, zoho; one row per trait that is known, with its stages at the end."""
    rows = [
        (name, ", ".join(map(_number, values) if kind == "phone" else values))
        for name, fields, _, kind in _TRAITS
        if (values := _values(records, fields))
    ]
    rows += [("Stage", ", ".join(stages)) for stages in [_values(records, ("stage",))] if stages]
    rows += [("VanillaSoft ID", ", ".join(ids)) for ids in [_values(records, ("vanillasoft_id",))] if ids]
    return pd.DataFrame(rows, columns=["trait", "zoho"])


def _candidate(
    told: Mapping[str, Any], leads: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]
) -> Candidate:
    rows = []
    for name, fields, columns, kind in _TRAITS:
        theirs = _values(records, fields)
        ours = _unique(
            value for lead in leads for column in columns for value in str(lead[column] or "").split("\n")
        )
        if kind == "phone":
            ours = _unique(number for value in ours for number in value.split())
        if theirs or ours:
            rows.append((name, *_compared(theirs, ours, kind, told["evidence"])))
    return Candidate(
        batch_id=told["batch_id"],
        company_key=told["company_key"],
        name=str(leads[0]["company_name"]),
        probability=float(told["probability"]),
        exported_at=leads[0]["exported_at"],
        void=leads[0]["status"] == "void",
        contacts=len(leads),
        table=pd.DataFrame(rows, columns=["trait", "zoho", "exported", "says", "weight"]),
    )


def _compared(
    theirs: Sequence[str], ours: Sequence[str], kind: str | None, evidence: Sequence[Mapping[str, Any]]
) -> tuple[str, str, str, float | None]:
    """zoho, exported, says, weight: by the evidence where the matching weighed it, else by equality."""
    both = [value for value in theirs if value in ours]
    piece = next((e for e in evidence if str(e["kind"]).split(":")[0] == kind), None)
    if not theirs or not ours:
        says, weight = ONLY_EXPORT if ours else ONLY_ZOHO, None
    elif piece is not None and kind != "id":
        how = str(piece["kind"]).partition(": ")[2]
        weight = float(piece["bits"])
        says = NEAR if how and how != "same name" and weight > -4 else AGREES if weight > 0 else DIFFERS
    else:
        says = AGREES if both else DIFFERS
        weight = float(piece["bits"]) if piece is not None and (piece["bits"] > 0) == bool(both) else None
    first = [both + [value for value in side if value not in both] for side in (theirs, ours)]
    if kind == "phone":
        first = [[_number(value) for value in side] for side in first]
    return ", ".join(first[0]), ", ".join(first[1]), says, weight


def _values(records: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> list[str]:
    """Every value that the live records of the site have in these fields."""
    found = []
    for record in records:
        if record["deleted_at"] is None:
            for name in fields:
                value = record["facts"].get(name)
                found += [str(one) for one in (value if isinstance(value, list) else [value]) if one]
    return _unique(found)


def _number(digits: str) -> str:
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 else digits


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
