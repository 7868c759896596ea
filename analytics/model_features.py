"""What a model may learn from: inputs as they were first seen, and warnings about those that know too much.

A value that was written after the outcome makes every model look brilliant in the past and fail on new leads. So
inputs come from what was kept at export, which never changes, and each one is looked at for the traces that such
values leave. One that shows them is left out of the model, and said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analytics.lead_model import Input, banded, read_input
from analytics.rates import FloatArray
from icp import WORKFLOWS, Icp

ONE_VALUE = 0.98  # of the leads, from which on an input tells nothing
MOST_CATEGORIES = 200
FEWEST_OF_VALUE = 5  # leads, below which a value is one of the others
KNOWING = 0.9  # delivery rate of a common value that nothing known beforehand has
STEPS = 5  # bands of a number, with as many leads each
HISTORY = "history"
_NEVER = {
    "row_number", "contact_id", "company_id", "company_key", "first_name", "last_name", "email", "website", "street",
    "city", "zip_code", "job_title", "industry", "icp_sha256", "score", "weights_score", "chance", "model_version",
    "priority", "excluded", "environment_factor", "segment_factor", "factor", "rounding", "cap", "freshness", "flags",
    "inclusion_probability", "left_out_because", "direct_do_not_call", "mobile_do_not_call", "company_do_not_call",
    "started_on", "delivered_on", "workflow", "lead_id", "source", "batch_id", "by_chance", "direct_phone", "mobile_phone",
    "company_phone", "company_name", "dial_key", "signal_date", "accuracy",
}  # fmt: skip


class Candidate(NamedTuple):
    """An input that may enter a model: its reason, how it is read, and where it counts (workflow names, or history)."""

    reason: str
    part: Input
    where: tuple[str, ...]


def candidate_inputs(leads: pd.DataFrame, icp: Icp) -> list[Candidate]:
    """The inputs that these leads have: the columns of icp.yaml first, then whatever else was kept with them.

    A component counts in the workflows that weigh it; a reported dimension and a further column everywhere. Stage,
    owner or pace of a lead enter in this way where a file has them. Numbers with more than ten values become five
    bands of as many leads. Identifiers, contact data, scores and dates never enter.
    """
    found: dict[str, Candidate] = {}
    taken = set(_NEVER)
    for name, component in icp.data["components"].items():
        weighed = tuple(w for w in WORKFLOWS if name in icp.data["scoring"][w]["weights"])
        column = component["column"]
        everywhere = "dimension" in component and column in ("sic_code", "employee_count")
        if weighed and column in leads:
            where = (*WORKFLOWS, HISTORY) if everywhere else weighed
            found[name] = Candidate(name, banded(column, component), where)
        taken.add(column)
    for name, column in icp.data.get("report_only", {}).items():
        if column in leads and column not in taken:
            found[name] = Candidate(name, Input(column), (*WORKFLOWS, HISTORY))
        taken.add(column)
    for column in map(str, leads.columns):
        if column in taken or (column.endswith(("_score", "_points", "_phone")) and column != "intent_score"):
            continue
        values = leads.loc[leads["workflow"] != HISTORY, column].dropna()
        if values.empty or pd.api.types.is_datetime64_any_dtype(values) or _are_days(values):
            continue
        where = tuple(w for w in WORKFLOWS if leads.loc[leads["workflow"] == w, column].notna().any())
        found[column] = Candidate(column, read_as(column, values), where)
    return list(found.values())


def leak_warnings(leads: pd.DataFrame, delivered: pd.Series, candidates: Sequence[Candidate]) -> pd.DataFrame:
    """One row per trace of an input that knows too much or tells nothing: input, kind, sentence, left_out (bool).

    `leads` with started_on, workflow and the columns of the candidates; `delivered` (bool), aligned. Kinds: "dates
    after" (a day after the lead was exported), "filled later" (filled for older leads only, or a missing value goes
    with the outcome: lift beyond 3 or below a third with p < .001), "one value" (98 % of the leads), "many values"
    (more than 200), "knows the outcome" (a value of 20 leads or more that are nearly all delivered). Each input is
    judged on the leads of the workflows where it counts. Dates are looked for in every column that is kept.
    """
    rows: list[tuple[str, str, str, bool]] = []
    hit = delivered.to_numpy(dtype=bool)
    for column in map(str, leads.columns):
        late = _days_after(leads, column)
        if late:
            rows.append((column, "dates after", f"{late:,} leads have a {_said(column)} after they were exported, so it was filled in later.", True))  # fmt: skip
    for candidate in candidates:
        rows += [(candidate.reason, *found) for found in _traces(leads, hit, candidate)]
    return pd.DataFrame(rows, columns=["input", "kind", "sentence", "left_out"])


def _traces(leads: pd.DataFrame, hit: np.ndarray, candidate: Candidate) -> list[tuple[str, str, bool]]:
    there = leads["workflow"].isin(candidate.where).to_numpy()
    values, won = read_input(leads[there], candidate.part), hit[there]
    name, size, found = _said(candidate.reason), int(there.sum()), []
    missing = values.isna().to_numpy()
    if not size:
        return []
    counts = values.value_counts()
    top = max(int(counts.iloc[0]) if len(counts) else 0, int(missing.sum()))
    if top >= ONE_VALUE * size:
        found.append(
            ("one value", f"{top / size:.0%} of the leads have the same {name}: it tells nothing.", True)
        )
    if len(counts) > MOST_CATEGORIES:
        found.append(("many values", f"{name} has {len(counts):,} values, as a name or a number of a case has: it is left out.", True))  # fmt: skip
    p, lift = _missing_lift(missing, won)
    if p < 0.001 and (lift > 3 or lift < 1 / 3):
        found.append(("filled later", f"Leads without {name} are delivered {lift:.1f} times as often as the others: it may be filled in once the outcome is known.", True))  # fmt: skip
    older = leads.loc[there, "started_on"].rank(method="first").to_numpy() <= size / 2
    if size >= 100 and missing[~older].mean() - missing[older].mean() > 0.5:
        found.append(("filled later", f"{name} is filled for {1 - missing[older].mean():.0%} of the older leads and for {1 - missing[~older].mean():.0%} of the newer ones: it may be filled in over time.", True))  # fmt: skip
    for value, group in pd.Series(won).groupby(values.to_numpy(dtype="object"), sort=True):
        if len(group) >= 20 and group.mean() >= KNOWING and won.mean() < KNOWING / 2:
            found.append(("knows the outcome", f"{group.mean():.0%} of the {len(group):,} leads with {name} '{value}' are delivered: no more is known of it than of the outcome itself.", True))  # fmt: skip
    return found


def _missing_lift(missing: np.ndarray, won: np.ndarray) -> tuple[float, float]:
    """(p, rate where missing / rate elsewhere); (1, 1) with fewer than 20 of either."""
    without, filled = int(missing.sum()), int((~missing).sum())
    if min(without, filled) < 20:
        return 1.0, 1.0
    from scipy.stats import fisher_exact

    k, m = int(won[missing].sum()), int(won[~missing].sum())
    p = float(fisher_exact([[k, without - k], [m, filled - m]]).pvalue)
    return p, ((k + 0.5) / (without + 1)) / ((m + 0.5) / (filled + 1))


def _days_after(leads: pd.DataFrame, column: str) -> int:
    """How many leads have a day in this column that lies after their export."""
    if column in ("started_on", "delivered_on"):
        return 0
    values = leads[column]
    if not pd.api.types.is_datetime64_any_dtype(values):
        if not _are_days(values.dropna()):
            return 0
        values = pd.to_datetime(values, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
    days = values.dt.normalize() - leads["started_on"].dt.normalize()
    return int((days > pd.Timedelta(days=1)).sum())  # a day of grace: the day there and the day in UTC differ


def _are_days(values: pd.Series) -> bool:
    """Whether a text column holds ISO days."""
    if values.empty or pd.api.types.is_numeric_dtype(values):
        return False
    return bool(values.astype("str").str.match(r"\d{4}-\d{2}-\d{2}([T ]|$)").mean() > 0.9)


def read_as(column: str, values: pd.Series) -> Input:
    """How a column is read: a number with many values by bands of as many leads each, anything else as text."""
    numbers = pd.to_numeric(values, errors="coerce") if not pd.api.types.is_bool_dtype(values) else values
    if pd.api.types.is_bool_dtype(values) or numbers.isna().any() or numbers.nunique() <= 10:
        return Input(column)
    cuts = np.unique(np.quantile(numbers.to_numpy(dtype=float), np.arange(1, STEPS) / STEPS))
    ends: FloatArray = cuts[cuts < numbers.max()]
    marks = [f"{end:g}" for end in ends]
    labels = [
        f"to {marks[0]}",
        *(f"{a} to {b}" for a, b in pairwise(marks)),
        f"over {marks[-1]}",
    ]
    return Input(column, tuple(float(end) for end in ends), tuple(labels))


def _said(name: str) -> str:
    return name.replace("_", " ")


def plain_features(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The kept features of each lead as columns with a type each: numbers, truth, or text; lists and objects are left out."""
    frame = pd.DataFrame([{k: v for k, v in row.items() if not isinstance(v, list | dict)} for row in rows])
    for name in frame:
        values = frame[name]
        if values.dtype == "object":
            filled = values.dropna()
            if len(filled) and filled.map(lambda v: isinstance(v, bool)).all():
                frame[name] = values.astype("boolean")
            elif len(filled) and filled.map(lambda v: isinstance(v, int | float)).all():
                frame[name] = pd.to_numeric(values)
            else:
                frame[name] = values.where(values.isna(), values.astype("str")).astype("str")
    return frame
