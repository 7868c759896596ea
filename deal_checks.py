"""What is strange about deals that could be read: each finding a row that someone can work on.

The checks know how many deals there are: what chance alone would do to so few is not reported. Where several
fields are looked at together, the level of 5 % is shared among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from deals import DUPLICATE, LABELS, UNKNOWN_LABEL

LATE_CLOSE, VOLUME, MISSING_VALUES, DRIFT = "late close", "volume", "missing values", "drift"
ISSUE_COLUMNS = ["issue_key", "deal_id", "kind", "what"]
LEVEL = 0.05
RECENT_DAYS = 90  # the period that missing values and drift are looked for in, against all before it
FEWEST = 50  # deals in each of the two periods before they are compared
LATE_SHARE = 0.99  # an open deal older than this share of closed deals ever became is late
MOST_SINGLE = 200  # findings of one kind about single deals; what is beyond them is one row more
_TRADED = ("stage", "owner")  # not compared for drift: they change with the age of a deal and with people


class Shift(NamedTuple):
    """The population stability index of one field, the limit that chance keeps it under, and its deals."""

    psi: float
    limit: float
    recent: int
    before: int


def check_deals(
    deals: pd.DataFrame, *, as_of: pd.Timestamp, labels: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """One row per finding: issue_key (the same trouble has the same key), deal_id (missing for a finding about
    many), kind (unknown label, duplicate, late close, volume, missing values, drift), what (a sentence).

    `deals` as DealFile.deals, all there are; those created after `as_of` are left out. `labels`: field → the
    labels it may have, which are only checked where given. No deals: no rows.
    """
    seen = deals[deals["created_on"] <= as_of]
    rows = [
        *_unknown_labels(seen, labels),
        *_look_alikes(seen),
        *_late(seen, as_of),
        *_volume(seen, as_of),
        *_missing(seen, as_of),
        *_drift(seen, as_of),
    ]
    return pd.DataFrame(rows, columns=ISSUE_COLUMNS)


def new_labels(before: pd.DataFrame, came: pd.DataFrame, labels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row per label that a field never had before `came`, columns as `check_deals`.

    Fields listed in `labels` are left to `check_deals`; a first import has nothing to compare with.
    """
    rows = []
    for field in LABELS:
        if field in labels or before.empty or not before[field].notna().any():
            continue
        fresh = came.loc[~came[field].isin(before[field].dropna().unique()) & came[field].notna(), field]
        for label, number in fresh.value_counts().sort_index().items():
            told = f"'{label}' is new as {_called(field)}: {number:,} {'deal has' if number == 1 else 'deals have'} it."
            rows.append((f"new|{field}|{label}", None, UNKNOWN_LABEL, f"{told} Is it meant, or misspelt?"))
    return pd.DataFrame(rows, columns=ISSUE_COLUMNS)


def stability_index(
    recent: npt.ArrayLike, before: npt.ArrayLike, *, level: float = LEVEL
) -> tuple[float, float]:
    """(PSI, limit) of two counts per label: Σ (a − e) ln(a / e) with half a deal added to each cell, and
    χ² (1 − level, B − 1) · (1/N + 1/M), which it exceeds by chance with probability `level`.

    One label: (0, infinity). Source of the limit: the index is a symmetric Kullback–Leibler divergence, of
    which N·M/(N+M) times is asymptotically χ² with B − 1 degrees of freedom (Yurdakul 2018).
    """
    from scipy.stats import chi2

    a, e = np.asarray(recent, dtype=float), np.asarray(before, dtype=float)
    if len(a) < 2:
        return 0.0, float("inf")
    share_a, share_e = (a + 0.5) / (a + 0.5).sum(), (e + 0.5) / (e + 0.5).sum()
    psi = float(((share_a - share_e) * np.log(share_a / share_e)).sum())
    return psi, float(chi2.ppf(1 - level, len(a) - 1) * (1 / a.sum() + 1 / e.sum()))


def shifts(deals: pd.DataFrame, *, as_of: pd.Timestamp) -> dict[str, Shift]:
    """Field → how far its labels moved among deals created in the last 90 days; fields without enough deals are
    left out. The level is shared among the fields.
    """
    recent = deals["created_on"] > as_of - pd.Timedelta(days=RECENT_DAYS)
    fields = [
        f
        for f in LABELS
        if f not in _TRADED
        and min((recent & deals[f].notna()).sum(), (~recent & deals[f].notna()).sum()) >= FEWEST
    ]
    found = {}
    for field in fields:
        counts = pd.crosstab(deals[field], recent).reindex(columns=[True, False], fill_value=0)
        psi, limit = stability_index(counts[True], counts[False], level=LEVEL / len(fields))
        found[field] = Shift(psi, limit, int(counts[True].sum()), int(counts[False].sum()))
    return found


def _called(field: str) -> str:
    return field.replace("_", " ")


def _unknown_labels(deals: pd.DataFrame, labels: Mapping[str, Sequence[str]]) -> list[tuple[Any, ...]]:
    rows = []
    for field, known in labels.items():
        strange = deals.loc[~deals[field].isin(list(known)) & deals[field].notna(), field]
        for label, number in strange.value_counts().sort_index().items():
            told = f"'{label}' is no known {_called(field)}: {number:,} {'deal has' if number == 1 else 'deals have'} it."
            rows.append(
                (f"label|{field}|{label}", None, UNKNOWN_LABEL, f"{told} Mend it or add it to deals.yaml.")
            )
    return rows


def _look_alikes(deals: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Deals that differ in nothing but their id: only where an account or an amount says that they are one."""
    traits = ["account", *LABELS, "amount", "created_on", "closed_on", "outcome"]
    told = deals[deals["amount"].notna() | deals["account"].notna()]
    twins = told[told.duplicated(traits, keep=False)]
    rows = []
    for _, group in twins.groupby(traits, dropna=False, sort=False):
        first, *others = group["deal_id"].tolist()
        rows += [
            (
                f"twin|{other}",
                other,
                DUPLICATE,
                f"Deal {other} is the same as deal {first} in everything but its id.",
            )
            for other in others
        ]
    return _at_most(rows, DUPLICATE, "look like another deal")


def _late(deals: pd.DataFrame, as_of: pd.Timestamp) -> list[tuple[Any, ...]]:
    closed = deals[deals["closed_on"].notna() & (deals["closed_on"] <= as_of)]
    if len(closed) < FEWEST:
        return []
    longest = float((closed["closed_on"] - closed["created_on"]).dt.days.quantile(LATE_SHARE))
    still_open = deals[deals["outcome"] == "open"]
    age = (as_of - still_open["created_on"]).dt.days
    late = [
        (f"late|{deal_id}", deal_id, LATE_CLOSE,
         f"Deal {deal_id} has been open for {days} days; 99 of 100 deals were closed within {longest:.0f}.")
        for deal_id, days in zip(still_open["deal_id"], age, strict=True) if days > longest
    ]  # fmt: skip
    return _at_most(late, LATE_CLOSE, "have been open longer than deals ever are")


def _at_most(rows: list[tuple[Any, ...]], kind: str, what: str) -> list[tuple[Any, ...]]:
    if len(rows) <= MOST_SINGLE:
        return rows
    more = len(rows) - MOST_SINGLE
    return [*rows[:MOST_SINGLE], (f"many|{kind}", None, kind, f"{more:,} further deals {what}.")]


def _volume(deals: pd.DataFrame, as_of: pd.Timestamp) -> list[tuple[Any, ...]]:
    """The newest full week against the twelve before it: a Poisson test widened by how much weeks scatter."""
    from scipy.stats import t

    weeks = (as_of - deals["created_on"]).dt.days // 7
    counts = np.bincount(weeks[weeks < 13], minlength=13).astype(float)
    before = counts[1:]
    if (weeks >= 12).sum() == 0 or before.sum() < 24:  # two a week: fewer say nothing
        return []
    mean = float(before.mean())
    spread = max(float(before.var(ddof=1)), mean) * (1 + 1 / len(before))
    off = (counts[0] - mean) / np.sqrt(spread)
    if abs(off) <= t.ppf(1 - 0.005 / 2, len(before) - 1):
        return []
    word = "Only " if off < 0 else ""
    start = (as_of - pd.Timedelta(days=6)).date()
    return [
        (f"volume|{start}", None, VOLUME,
         (f"{word}{counts[0]:,.0f} deals were created in the week from {start}; the twelve weeks before had {mean:,.0f} on average. "
         "Is a file or a sync incomplete?"))
    ]  # fmt: skip


def _missing(deals: pd.DataFrame, as_of: pd.Timestamp) -> list[tuple[Any, ...]]:
    from scipy.stats import fisher_exact

    recent = deals["created_on"] > as_of - pd.Timedelta(days=RECENT_DAYS)
    n, m = int(recent.sum()), int((~recent).sum())
    if min(n, m) < FEWEST:
        return []
    fields = [f for f in ("account", *LABELS, "amount") if deals[f].notna().any()]
    rows = []
    for field in fields:
        gaps = deals[field].isna()
        now, then = int((gaps & recent).sum()), int((gaps & ~recent).sum())
        if now / n > then / m and fisher_exact([[now, n - now], [then, m - then]]).pvalue <= LEVEL / len(
            fields
        ):
            rows.append((
                f"missing|{field}|{as_of:%Y-%m}", None, MISSING_VALUES,
                (f"{_called(field).capitalize()} is missing in {100 * now / n:.1f} % of the {n:,} deals of the last {RECENT_DAYS} days; "
                f"before it was {100 * then / m:.1f} %."),
            ))  # fmt: skip
    return rows


def _drift(deals: pd.DataFrame, as_of: pd.Timestamp) -> list[tuple[Any, ...]]:
    return [
        (f"drift|{field}|{as_of:%Y-%m}", None, DRIFT,
         (f"The mix by {_called(field)} moved: stability index {shift.psi:.3f} over {shift.recent:,} deals of the last {RECENT_DAYS} days, "
         f"where chance alone stays under {shift.limit:.3f}."))
        for field, shift in shifts(deals, as_of=as_of).items() if shift.psi > shift.limit
    ]  # fmt: skip
