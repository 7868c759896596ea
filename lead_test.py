"""One lead under the lamp: what would change its score, what earlier versions gave it, and which leads are like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from icp import Icp, component_bands
from lead_columns import READINGS
from scoring import score_leads

_SAME_GROUP = 0.5  # two SIC codes of one two-digit group are half as far apart as two of different groups
_FARTHEST = {"employee_count": 100.0, "distance_miles": 50.0}  # a hundredfold size; fifty miles


def one_lead(**values: Any) -> pd.DataFrame:
    """A frame of one lead with leads.LEAD_COLUMNS; a field that is not given is missing.

    signal_date is a date; texts are taken as they are, blank ones as missing.
    """
    given = {name: None if value == "" else value for name, value in values.items()}
    columns = {"row_number": pd.Series([1], dtype="int64")}
    for field, reading in READINGS.items():
        columns[field] = pd.Series([given.get(field)], dtype=reading.dtype)
    return pd.DataFrame(columns)


def what_would_change(
    lead: pd.DataFrame, icp: Icp, *, workflow: str, today: date, **options: Any
) -> pd.DataFrame:
    """One row per other value that a part of the score could have, the largest gain first.

    Columns: part (component), value (label), score (Int64, missing where the lead would be left out), difference
    (Int64, to the score now), excluded (sentence or missing). `lead` is a frame of one lead; `options` are those
    of scoring.score_leads. Values that change nothing are left out.
    """
    changes: list[tuple[str, str, dict[str, Any]]] = []
    for name in icp.data["scoring"][workflow]["weights"]:
        component = icp.data["components"][name]
        column = component["column"]
        for label, value in _values(component):
            change = (
                {"signal_date": today - timedelta(days=int(value))}
                if column == "age_days"
                else {column: value}
            )
            changes.append((name, label, change))
    frames = [lead.assign(**_typed(change)) for _, _, change in changes]
    now = score_leads(lead, icp, workflow=workflow, today=today, **options)["score"].iloc[0]
    scored = score_leads(
        pd.concat([lead, *frames], ignore_index=True), icp, workflow=workflow, today=today, **options
    ).iloc[1:]
    table = pd.DataFrame(
        {
            "part": [part for part, _, _ in changes],
            "value": [label for _, label, _ in changes],
            "score": scored["score"].to_numpy(),
            "excluded": scored["excluded"].to_numpy(),
        }
    )
    table["score"] = table["score"].astype("Int64")
    table["difference"] = table["score"] - (0 if pd.isna(now) else int(now))
    changed = table["difference"].fillna(-1).ne(0) | (table["score"].isna() & pd.notna(now))
    if pd.isna(now):
        changed = table["score"].notna()
    table = table[changed].sort_values("difference", ascending=False, kind="stable", na_position="last")
    ordered: pd.DataFrame = table.reset_index(drop=True)[["part", "value", "score", "difference", "excluded"]]
    return ordered


def scores_by_version(
    lead: pd.DataFrame, versions: Sequence[tuple[int, Icp]], *, workflow: str, today: date, **options: Any
) -> pd.DataFrame:
    """One row per version, in the order given: version, score (Int64), excluded, and `<name>_points` per component.

    A version that has no such segment or workflow any more gives no score but its reason.
    """
    rows = []
    for version, icp in versions:
        scored = score_leads(lead, icp, workflow=workflow, today=today, **options).iloc[0]
        points = {name: scored[name] for name in scored.index if name.endswith("_points")}
        rows.append({"version": version, "score": scored["score"], "excluded": scored["excluded"], **points})
    columns = ["version", "score", "excluded"]
    return pd.DataFrame(rows, columns=None if rows else columns).astype({"score": "Int64"})


def most_alike(lead: Mapping[str, Any], past: pd.DataFrame, *, many: int = 50) -> pd.DataFrame:
    """The `many` rows of `past` most like the lead, most alike first, with `distance` (0 the same, 1 nothing alike).

    Gower's distance (1971, Biometrics 27): the mean over what both have of SIC (0 the same, 0.5 the same two-digit
    group, else 1), employees (ratio on a log scale, a hundredfold is 1), state, miles (50 are 1) and signal strength.
    What the lead lacks counts nowhere; what only the other lacks counts as 1. Of equals the order of `past` stays.
    `past` has these columns, as stores.outcomes.read_outcome_frame gives them; no row gives no row.
    """
    parts: list[np.ndarray] = []
    if isinstance(lead.get("sic_code"), str):
        codes = past["sic_code"].astype("str")
        group = codes.str[:2].eq(lead["sic_code"][:2]).to_numpy(dtype=bool, na_value=False)
        same = codes.eq(lead["sic_code"]).to_numpy(dtype=bool, na_value=False)
        parts.append(np.where(same, 0.0, np.where(group, _SAME_GROUP, 1.0)))
    parts.extend(
        1.0 - past[name].astype("str").eq(lead[name]).to_numpy(dtype=bool, na_value=False)
        for name in ("state", "signal_strength")
        if isinstance(lead.get(name), str)
    )
    size = lead.get("employee_count")
    if size is not None and not pd.isna(size) and size > 0:
        other = past["employee_count"].to_numpy(dtype="float64", na_value=np.nan)
        with np.errstate(divide="ignore"):
            apart = np.abs(np.log(np.maximum(other, 1) / float(size))) / np.log(_FARTHEST["employee_count"])
        parts.append(np.nan_to_num(np.minimum(apart, 1.0), nan=1.0))
    miles = lead.get("distance_miles")
    if miles is not None and not pd.isna(miles):
        other = past["distance_miles"].to_numpy(dtype="float64", na_value=np.nan)
        apart = np.abs(other - float(miles)) / _FARTHEST["distance_miles"]
        parts.append(np.nan_to_num(np.minimum(apart, 1.0), nan=1.0))
    distance = np.mean(parts, axis=0) if parts else np.ones(len(past))
    nearest = past.assign(distance=distance).sort_values("distance", kind="stable").head(many)
    return nearest.reset_index(drop=True)


def _values(component: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """(label, a value that has it) of everything the component scores."""
    bands = component_bands(component)
    if not bands:
        return [(str(value), str(value)) for value in component["scores"]]
    return [(band.label, band.high if band.high is not None else band.low + 1) for band in bands]


def _typed(change: Mapping[str, Any]) -> dict[str, Any]:
    """The changed columns with the types that they have in a frame of leads."""
    columns: dict[str, Any] = {}
    for name, value in change.items():
        whole = name in READINGS and READINGS[name].dtype == "Int64"
        column = pd.Series([int(value) if whole else value])
        columns[name] = column.astype(READINGS[name].dtype) if name in READINGS else column  # type: ignore[call-overload]
    return columns


def parts_told(scored: pd.DataFrame) -> pd.Series:
    """Per lead what its score is made of, in words: `50 proximity + 30 onsite likelihood + 14 employee scale`.

    `scored` comes from scoring.score_leads. A factor that changes something and a cap are added; rounding is not.
    """
    names = [str(name) for name in scored.columns if str(name).endswith("_points")]
    names = [name for name in names if name != "factor_points"] + ["factor_points", "cap"]
    labels = [name.removesuffix("_points").replace("_", " ") for name in names]
    said = []
    for row in scored.reindex(columns=names).itertuples(index=False, name=None):
        parts = [
            (points, label)
            for points, label in zip(row, labels, strict=True)
            if points == points and round(points, 1)
        ]
        text = " ".join(f"{'+' if points > 0 else '−'} {abs(points):.3g} {label}" for points, label in parts)
        said.append(text.removeprefix("+ "))
    return pd.Series(said, index=scored.index, dtype="str")
