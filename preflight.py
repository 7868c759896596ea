"""Before anything is exported: which rows go out, which do not, and why. The counts always add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from icp import Icp
from lead_values import company_key
from leads import LeadFile
from vanillasoft import dialled_number

MISS_KINDS = ("rejected", "excluded", "duplicate", "suppressed")


@dataclass(frozen=True)
class Preflight:
    """What an export would do.

    `ready`: one row per lead that goes out, best score first, with company_key and dial_key beside the
    columns of scoring.score_leads. `misses`: one row per source row that does not: row_number, kind
    (rejected, excluded, duplicate, suppressed), reason (a sentence), company_name (missing when it could not
    be read). rows_in = len(ready) + len(misses).
    """

    source: LeadFile
    ready: pd.DataFrame
    misses: pd.DataFrame

    def counts(self) -> dict[str, int]:
        """rows_in, exported, duplicates, suppressed, excluded, rejected; the first sums up the others."""
        kinds = self.misses["kind"].value_counts()
        return {
            "rows_in": self.source.rows_in,
            "exported": len(self.ready),
            "duplicates": int(kinds.get("duplicate", 0)),
            "suppressed": int(kinds.get("suppressed", 0)),
            "excluded": int(kinds.get("excluded", 0)),
            "rejected": int(kinds.get("rejected", 0)),
        }


def with_keys(scored: pd.DataFrame) -> pd.DataFrame:
    """`scored` with company_key (one site of one company) and dial_key (see vanillasoft.dialled_number)."""
    keys = [
        company_key(*values)
        for values in zip(
            *(
                scored[c].astype("object").where(scored[c].notna(), None)
                for c in ("company_id", "company_name", "zip_code")
            ),
            strict=True,
        )
    ]
    return scored.assign(
        company_key=pd.Series(keys, index=scored.index, dtype="str"), dial_key=dialled_number(scored)
    )


def preflight(
    source: LeadFile,
    scored: pd.DataFrame,
    icp: Icp,
    *,
    exported_before: Mapping[str, Mapping[str, str]] | None = None,
) -> Preflight:
    """Sorts every row of the file into going out or one kind of miss, in this order: rejected, excluded by
    the filters, do not call, duplicate in the file, exported before, below the cut.

    `scored` comes from `with_keys`. `exported_before` maps 'company_key', 'phone' and 'contact_id' to
    {key: sentence about the earlier export}. Among duplicates in the file the best score stays, then the
    first row.
    """
    misses = [_rejected(source)]
    left = scored.sort_values(["score", "row_number"], ascending=[False, True], kind="stable")

    def take(rows: pd.Series, kind: str, reasons: pd.Series | str) -> None:
        nonlocal left
        gone = left[rows]
        reason = reasons if isinstance(reasons, str) else reasons[rows]
        misses.append(gone.assign(kind=kind, reason=reason)[list(_MISS_COLUMNS)])
        left = left[~rows]

    take(left["excluded"].notna(), "excluded", left["excluded"])
    flags = left[["direct_do_not_call", "mobile_do_not_call"]].fillna(False).astype(bool)
    silent = flags.any(axis="columns") & left["dial_key"].isna()
    take(silent, "suppressed", "Every number of this contact is marked do not call.")
    for key, what in (("contact_id", "contact"), ("dial_key", "phone number")):
        again = left[key].notna() & left.duplicated(key)
        first = left[left[key].notna()].drop_duplicates(key).set_index(key)["row_number"]
        row = left[key].map(first).astype("Int64").astype("str")
        take(again, "duplicate", f"The same {what} is already in row " + row + " of this file.")
    for key, known in (exported_before or {}).items():
        column = "dial_key" if key == "phone" else key
        take(left[column].isin(list(known)), "duplicate", left[column].map(dict(known)))
    minimum, most = icp.data["export"]["min_score"], icp.data["export"]["max_rows"]
    take(left["score"] < minimum, "excluded", f"Below the cut: the lowest score exported is {minimum}.")
    if most is not None:
        place = pd.Series(range(len(left)), index=left.index)
        take(place >= most, "excluded", f"Below the cut: the {most} best leads are exported.")
    return Preflight(
        source, left, pd.concat(misses, ignore_index=True).sort_values("row_number", ignore_index=True)
    )


_MISS_COLUMNS = ("row_number", "kind", "reason", "company_name")


def _rejected(source: LeadFile) -> pd.DataFrame:
    rejected = source.problems[source.problems["rejected"]].drop_duplicates("row_number")
    return pd.DataFrame(
        {
            "row_number": rejected["row_number"],
            "kind": "rejected",
            "reason": rejected["problem"],
            "company_name": pd.Series(pd.NA, index=rejected.index, dtype="str"),
        }
    )
