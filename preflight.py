"""Before anything is exported: which rows go out, which do not, and why. The counts always add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from errors import InputError
from icp import Icp
from lead_arrays import text_array
from lead_contacts import contact_scores
from lead_values import normalised_company_name
from leads import LeadFile
from scoring import OUTSIDE
from suppression_keys import Found, barred, suppressed_because
from vanillasoft import csv_bytes, dialled_number, neutralised

MOST_EXPLORED = 5.0  # percent of an export
STEPS = (
    "unreadable", "filtered", "do not call", "duplicate", "exported before", "other contact", "below the cut",
)  # fmt: skip
_MISS_COLUMNS = ("row_number", "kind", "step", "reason", "company_name")
_FLAGS = ("direct_do_not_call", "mobile_do_not_call", "company_do_not_call")


class ExportRules(NamedTuple):
    """How many go out and who counts as exported before; `export` of icp.yaml, unless an export says otherwise."""

    min_score: float
    max_rows: int | None  # None: no limit
    contacts_per_company: int | None  # None: all of them
    exported_within_days: int  # 0: earlier exports do not matter
    exploration_percent: float  # of the export, 0 to 5
    known_distance_only: bool = False  # whether leads whose distance nobody knows stay


@dataclass(frozen=True)
class Preflight:
    """What an export would do.

    `ready`: one row per lead that goes out, best score first, then the exploration slice, with company_key and
    dial_key beside the columns of scoring.score_leads, and inclusion_probability (0 to 1) and left_out_because
    (a sentence), both missing for leads that go out by their score. `misses`: one row per source row that does
    not: row_number, kind (rejected, excluded, duplicate, suppressed), step (of STEPS: where it was left out),
    reason (a sentence), company_name (missing when it could not be read). rows_in = len(ready) + len(misses).

    `rules`: what it was made by. `explorable`: how many leads the slice was drawn from, with `seed`.
    """

    source: LeadFile
    ready: pd.DataFrame
    misses: pd.DataFrame
    rules: ExportRules | None = None
    explorable: int = 0
    seed: int | None = None

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

    def explored(self) -> int:
        """How many leads go out by chance."""
        return int(self.ready["inclusion_probability"].notna().sum())


def export_rules(icp: Icp, *, known_distance_only: bool = False, **chosen: Any) -> ExportRules:
    """The rules of icp.yaml, with what was chosen for this export instead; a choice of None changes nothing.

    InputError with a sentence for a choice outside its range.
    """
    ranges = {
        "min_score": (0, 100, "a score"),
        "max_rows": (1, 1_000_000, "a number of rows"),
        "contacts_per_company": (1, 1_000, "a number of contacts"),
        "exported_within_days": (0, 36_500, "a number of days"),
        "exploration_percent": (0, MOST_EXPLORED, "a share in percent"),
    }
    rules = {name: icp.data["export"].get(name) for name in ranges}
    rules["exploration_percent"] = rules["exploration_percent"] or 0.0
    for name, value in chosen.items():
        low, high, what = ranges[name]
        if value is None:
            continue
        if not low <= value <= high:
            raise InputError(
                f"{name.replace('_', ' ').capitalize()} was expected to be {what} from {low:,} to {high:,}, "
                f"got {value:g}."
            )
        rules[name] = value
    return ExportRules(**rules, known_distance_only=known_distance_only)


def with_keys(scored: pd.DataFrame, *, suppressed: Found | None = None) -> pd.DataFrame:
    """`scored` with company_key (as lead_values.company_key: one site of one company) and dial_key (see vanillasoft.dialled_number).

    `suppressed` comes from suppression.find_suppressed: numbers on a list count as marked do not call.
    """
    scored = barred(scored, (suppressed or {}).get("phone", {}))
    companies, unknown = scored["company_id"], scored["company_id"].fillna("").eq("")
    if unknown.any():
        names = scored["company_name"].where(unknown)
        named = {name: normalised_company_name(name) for name in names.dropna().unique()}
        companies = companies.mask(unknown, names.map(named).astype("str"))
    return scored.assign(
        company_key=(companies + "|" + scored["zip_code"].fillna("")).astype("str"),
        dial_key=dialled_number(scored),
    )


def preflight(
    source: LeadFile,
    scored: pd.DataFrame,
    icp: Icp,
    *,
    exported_before: Mapping[str, Mapping[str, str]] | None = None,
    suppressed: Found | None = None,
    rules: ExportRules | None = None,
    seed: int | None = None,
) -> Preflight:
    """Sorts every row of the file into going out or one kind of miss, in this order: rejected, excluded by the
    filters (then, if the rules say so, because the distance is unknown), do not call or on a suppression list, duplicate in the file, exported before, not among the
    contacts chosen at its company, below the cut.

    `scored` comes from `with_keys`, `suppressed` from suppression.find_suppressed; `exported_before` maps
    'company_key', 'phone' and 'contact_id' to {key: sentence about the earlier export}. Among duplicates in the
    file the best score stays, then the first row. Contacts of a company are chosen by lead_contacts.contact_scores.
    The exploration slice is drawn with `seed` (default: from the content of the file) from those that only the
    filters or the cut left out, never from outside the radius or from unknown distances, and has its place within max_rows.
    """
    rules = rules or export_rules(icp)
    misses = [_rejected(source)]
    left = scored.sort_values(["score", "row_number"], ascending=[False, True], kind="stable")

    def take(rows: pd.Series, kind: str, step: str, reasons: pd.Series | str) -> pd.DataFrame:
        nonlocal left
        if not rows.any():
            return left[:0].assign(kind=kind, step=step, reason=pd.Series(dtype="str"))
        gone = left[rows]
        gone = gone.assign(
            kind=kind, step=step, reason=reasons if isinstance(reasons, str) else reasons[gone.index]
        )
        left = left[~rows]
        misses.append(gone[list(_MISS_COLUMNS)])
        return gone

    explorable = [take(left["excluded"].notna(), "excluded", "filtered", left["excluded"])]
    if rules.known_distance_only:
        take(left["distance_miles"].isna(), "excluded", "filtered", _UNMEASURED)
    take(_silent(left), "suppressed", "do not call", _SILENT)
    on_a_list = suppressed_because(left, suppressed or {})
    take(on_a_list.notna(), "suppressed", "do not call", on_a_list)
    for key, what in (("contact_id", "contact"), ("dial_key", "phone number")):
        again = left[key].notna() & left.duplicated(key)
        twice = left.loc[left[key].isin(left.loc[again, key]), [key, "row_number"]]
        first = twice.drop_duplicates(key).set_index(key)["row_number"]
        row = twice[key].map(first).astype("Int64").astype("str")
        take(again, "duplicate", "duplicate", f"The same {what} is already in row " + row + " of this file.")
    for key, known in (exported_before or {}).items():
        column = left[_column(key)]
        taken = column.isin(list(known))
        take(taken, "duplicate", "exported before", column[taken].map(dict(known)))
    if rules.contacts_per_company is not None:
        place, said = _contact_places(left, icp, rules.contacts_per_company)
        take(place >= rules.contacts_per_company, "excluded", "other contact", said)
    explorable += [
        take(
            left["score"] < rules.min_score,
            "excluded",
            "below the cut",
            f"Below the cut: the lowest score exported is {rules.min_score:g}.",
        )
    ]
    most, share = rules.max_rows, rules.exploration_percent / 100
    slots = int(share * (len(left) if most is None else min(len(left), most)) + 1e-9)
    if most is not None:
        place = pd.Series(range(len(left)), index=left.index)
        keep = most - slots if len(left) + slots > most else len(left)
        explorable += [
            take(
                place >= keep,
                "excluded",
                "below the cut",
                f"Below the cut: the {most:,} best leads are exported.",
            )
        ]
    pool = left[:0]
    if slots:
        before, barred_by = exported_before or {}, suppressed or {}
        pool = _pool(pd.concat(explorable), left, before, barred_by, rules.known_distance_only)
    seed = int(source.sha256[:12], 16) if seed is None else seed
    drawn = _drawn(pool, min(slots, len(pool)), seed)
    ready = pd.concat(
        [left.assign(inclusion_probability=np.nan, left_out_because=pd.Series(pd.NA, index=left.index, dtype="str")), drawn]
    ) if len(drawn) else left.assign(
        inclusion_probability=np.nan, left_out_because=pd.Series(pd.NA, index=left.index, dtype="str")
    )  # fmt: skip
    out = pd.concat(misses, ignore_index=True)
    out = out[~out["row_number"].isin(drawn["row_number"])] if len(drawn) else out
    return Preflight(
        source,
        ready,
        out.sort_values("row_number", ignore_index=True),
        rules,
        len(pool),
        seed if slots else None,
    )


def count_reasons(misses: pd.DataFrame) -> pd.Series:
    """How many rows of `misses` stay for each reason, the most frequent first, then in the order of the file.

    Every row has one reason, so the numbers sum to len(misses). Reasons that name another row count as one.
    """
    reasons = misses["reason"].astype("str").str.replace(r"\brow \d+ of", "another row of", regex=True)
    return reasons.value_counts(sort=False).sort_values(ascending=False, kind="stable")


def unmeasured(leads: pd.DataFrame) -> str:
    """How many of these leads no radius could test, and why, such as `16 without a ZIP code`; nothing for none.

    `leads` are scored leads: distance_miles and zip_code, missing where unknown.
    """
    far = leads["distance_miles"].isna()
    blank = int((far & leads["zip_code"].isna()).sum())
    strange = int(far.sum()) - blank
    said = (
        f"{blank:,} without a ZIP code" * bool(blank),
        f"{strange:,} with a ZIP code that is not known here" * bool(strange),
    )
    return " and ".join(filter(None, said))


def misses_csv(plan: Preflight, file: LeadFile) -> bytes:
    """The rows that stay, as CSV for a spreadsheet: row, kind, reason, company and, where the row could be read,
    contact, city and state.
    """
    known = file.leads[["row_number", "first_name", "last_name", "city", "state"]]
    return rejects_csv(plan.misses.drop(columns="step").merge(known, on="row_number", how="left"))


def rejects_csv(rows: pd.DataFrame) -> bytes:
    """`rows` as CSV with headers for people; formulas are neutralised, what is missing is empty."""
    named = rows.rename(columns={name: name.replace("_", " ").capitalize() for name in rows.columns})
    cells = {name: neutralised(text_array(named[name]).fill_null("")) for name in named}
    return csv_bytes(pd.DataFrame({name: pd.array(words, dtype="str") for name, words in cells.items()}))


_UNMEASURED = "The distance is unknown, and only leads of known distance go out."
_SILENT = "Every number of this contact is marked do not call."


def _silent(left: pd.DataFrame) -> pd.Series:
    """Who has no number left because of a do-not-call flag or a list."""
    flags = left[[name for name in _FLAGS if name in left]].fillna(False).astype(bool)
    return flags.any(axis="columns") & left["dial_key"].isna()


def _column(key: str) -> str:
    return "dial_key" if key == "phone" else key


def _contact_places(left: pd.DataFrame, icp: Icp, most: int) -> tuple[pd.Series, pd.Series | str]:
    """The place of each contact at its company by contact score, from 0; and what to tell those left out."""
    ranked = left.assign(contact=contact_scores(left, left["score"], icp)).sort_values(
        ["contact", "row_number"], ascending=[False, True], kind="stable"
    )
    place = ranked.groupby("company_key", sort=False).cumcount().reindex(left.index)
    if most > 1:
        return place, f"The {most} best contacts of this company go out; this is another one."
    best = ranked.drop_duplicates("company_key").set_index("company_key")["row_number"]
    row = left["company_key"].map(best).astype("Int64").astype("str")
    return place, "The best contact of this company goes out: row " + row + " of this file."


def _pool(
    candidates: pd.DataFrame,
    ready: pd.DataFrame,
    before: Mapping[str, Mapping[str, str]],
    suppressed: Found,
    known_distance_only: bool,
) -> pd.DataFrame:
    """Those that nothing but a filter or the cut keeps back: callable, not exported, at companies of their own."""
    pool = candidates[~candidates["reason"].str.startswith(OUTSIDE)]
    if known_distance_only:
        pool = pool[pool["distance_miles"].notna()]
    pool = pool[pool["dial_key"].notna()]
    pool = pool[suppressed_because(pool, suppressed).isna()]
    for key, known in before.items():
        pool = pool[~pool[_column(key)].isin(list(known))]
    pool = pool.sort_values("row_number", kind="stable")
    for key in ("contact_id", "dial_key", "company_key"):
        there = pool[key].notna()
        pool = pool[~(there & (pool[key].isin(ready[key].dropna()) | pool.duplicated(key)))]
    return pool


def _drawn(pool: pd.DataFrame, many: int, seed: int) -> pd.DataFrame:
    """`many` leads of the pool, each with the same chance, by row number; with the chance they had."""
    if not many:
        return pool[:0]
    places = np.sort(np.random.default_rng(seed).choice(len(pool), many, replace=False))
    drawn = pool.iloc[places]
    return drawn.assign(
        inclusion_probability=many / len(pool), left_out_because=drawn["reason"].astype("str")
    ).drop(columns=["kind", "step", "reason"])


def _rejected(source: LeadFile) -> pd.DataFrame:
    rejected = source.problems[source.problems["rejected"]].drop_duplicates("row_number")
    return pd.DataFrame(
        {
            "row_number": rejected["row_number"],
            "kind": "rejected",
            "step": "unreadable",
            "reason": rejected["problem"],
            "company_name": pd.Series(pd.NA, index=rejected.index, dtype="str"),
        }
    )
