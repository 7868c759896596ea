"""Scores leads: a number from 0 to 100 per lead, with every part it is made of and why a lead is left out.

    score = min(100, round half up(sum over components of weight x component score x factor))

rounded once. All look-ups go by whole columns; nothing here reads a clock, a file or the environment.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from analytics.lead_model import MODEL_COLUMNS, LeadModel, apply_model
from errors import ConfigError, InputError
from geo import miles_from
from icp import FILE_NAME, WORKFLOWS, Icp, component_bands
from lead_arrays import LeadArrays, LeadNotes, number_array, text_column, whole_column

INTENT_COLUMNS = ("intent_topic", "intent_score", "signal_strength", "signal_date")
_BEYOND = {
    "age_days": "The signal is older than {end:g} days.",
    "distance_miles": "Farther away than {end:g} miles.",
}
OUTSIDE = "Outside the radius of "  # how the reason of a lead beyond the radius begins
_UNKNOWN = {"age_days": "The age of the signal is unknown."}
_TINY = 1e-9  # what binary fractions lose: 62.499999999999993 stands for 62.5 and becomes 63


def score_leads(
    leads: pd.DataFrame,
    icp: Icp,
    *,
    workflow: str,
    today: date,
    center_zip: str | None = None,
    radius_miles: float = 25,
    segment: str | None = None,
    environment_factor: float = 1.0,
    model: tuple[int, LeadModel] | None = None,
) -> pd.DataFrame:
    """Every lead with its score or the reason why it has none; no lead is dropped.

    One row per lead, same index and all columns of `leads` (of leads.LEAD_COLUMNS, those that are there),
    and: score (Int64, 0 to 100) and priority (text), both missing where excluded; excluded (a sentence, else
    missing); per component of the workflow `<name>_score` (0 to 100) and `<name>_points` (weight x score);
    points missing where a component has no score for an excluded lead; environment_factor, segment_factor,
    factor (their product), factor_points, rounding, cap (0 or negative); age_days (Int64, days), freshness
    (text), distance_miles (miles), segment (filled), flags (sentences joined by "; "). For every score: the
    points + factor_points + rounding + cap = score, to 1e-9.

    `model`: the version and the model that a person approved for this workflow (stores.models.read_models_in_force);
    the score and its points are then the model's, as analytics.lead_model.apply_model says, and the filters stay.

    Distances are the file's own; where a lead has none, they are measured from `center_zip`. InputError: an
    unknown workflow or segment, a file without any signal for intent, neither centre nor distances for
    geography. A frame without leads gives a frame without leads.
    """
    if workflow not in WORKFLOWS:
        raise InputError(f"The workflow '{workflow}' is unknown. Use one of: {', '.join(WORKFLOWS)}.")
    _check_numbers(radius_miles, environment_factor)
    notes = LeadNotes(len(leads))
    ages, miles = _ages(leads, today, notes), _distances(leads, workflow, center_zip)
    known = LeadArrays(leads, {"age_days": ages, "distance_miles": miles})
    _filters(known, icp, notes)
    if workflow == "intent":
        _signals(known, notes)
    columns: dict[str, Any] = {}
    total = np.zeros(len(leads))
    for name, weight in icp.data["scoring"][workflow]["weights"].items():
        scores = _component_scores(name, known, icp, notes)
        points = weight * scores
        columns |= {f"{name}_score": scores, f"{name}_points": points}
        total += points
    if workflow == "geography":
        notes.exclude(f"{OUTSIDE}{radius_miles:g} miles.", miles > radius_miles)
    names, segment_factor = _segments(known, icp, segment, notes)
    factor = environment_factor * segment_factor
    exact = total * factor
    rounded = np.floor(exact + (0.5 + _TINY))
    score = np.minimum(rounded, 100.0)
    left_out, reasons = notes.excluded()
    columns |= {
        "environment_factor": np.full(len(leads), float(environment_factor)),
        "segment_factor": segment_factor,
        "factor": factor,
        "factor_points": exact - total,
        "rounding": rounded - exact,
        "cap": score - rounded,
        "score": whole_column(score, left_out | np.isnan(score)),
        "priority": _priorities(score, left_out, icp),
        "excluded": reasons,
        "age_days": whole_column(ages, np.isnan(ages)),
        "freshness": _freshness(known, icp),
        "distance_miles": miles,
        "segment": names,
        "flags": notes.flagged(),
    }
    stale = [*columns, *MODEL_COLUMNS]  # of an earlier score, where leads of a batch are scored again
    kept = leads.drop(columns=[name for name in stale if name in leads])
    parts = pd.DataFrame(columns, index=leads.index, copy=False)
    order = [
        *(name for name in leads if name not in MODEL_COLUMNS),
        *(name for name in columns if name not in leads),
    ]
    scored = pd.concat([kept, parts], axis=1)[order]
    if model is None:
        return scored
    by_model = apply_model(scored, model[1], workflow=workflow, version=model[0])
    by_model["priority"] = _priorities(number_array(by_model, "score"), left_out, icp)
    return by_model


def component_scores(leads: pd.DataFrame, icp: Icp, *, workflow: str) -> pd.DataFrame:
    """One row per lead, a column per component of the workflow: its score (0 to 100), missing where it excludes.

    For leads whose age_days and distance_miles are known already, as they are kept with every export; what a lead
    does not have is scored as unknown. InputError for an unknown workflow.
    """
    known = LeadArrays(leads)
    names = component_names(icp, workflow)
    found = {name: _component_scores(name, known, icp, LeadNotes(len(leads))) for name in names}
    return pd.DataFrame(found, index=leads.index)


def component_names(icp: Icp, workflow: str) -> tuple[str, ...]:
    """The components of a workflow in the order of icp.yaml; InputError for an unknown workflow."""
    if workflow not in WORKFLOWS:
        raise InputError(f"The workflow '{workflow}' is unknown. Use one of: {', '.join(WORKFLOWS)}.")
    return tuple(icp.data["scoring"][workflow]["weights"])


def explain(row: pd.Series, icp: Icp) -> pd.DataFrame:
    """The parts of one scored lead, one row per part in the order they are added up.

    Columns: part (text), value (what the lead has, as text; missing if nothing), score (0 to 100) and weight
    (0 to 1), both missing for the last parts, points (float). The parts are the components, factor, rounding
    and cap; their points sum to those of the last row, score, which are missing where the lead is excluded
    (its value is then the reason). A lead that a model scored has the model's reasons in place of the components. `row` is a row of `score_leads`.
    """
    parts: list[tuple[str, Any, float, float, float]] = []
    nothing = float("nan")
    by_model = pd.notna(row.get("model_version"))
    for label in [str(name) for name in row.index if by_model and str(name).endswith("_points")]:
        name = label.removesuffix("_points")
        if name != "factor":
            value = row.get(icp.data["components"].get(name, {}).get("column", name))
            parts.append((name, None if pd.isna(value) else str(value), nothing, nothing, _float(row[label])))
    for name, component in icp.data["components"].items():
        if by_model or f"{name}_points" not in row:
            continue
        score, points = _float(row[f"{name}_score"]), _float(row[f"{name}_points"])
        weight = points / score if score > 0 else _weight_in_force(icp, name, row)
        value = row.get(component["column"])
        parts.append((name, None if pd.isna(value) else str(value), score, round(weight, 9), points))
    for name in ("factor_points", "rounding", "cap"):
        value = f"{_float(row['factor']):g}" if name == "factor_points" else None
        parts.append((name.removesuffix("_points"), value, nothing, nothing, _float(row[name])))
    reason = row.get("excluded")
    parts.append(("score", None if pd.isna(reason) else reason, nothing, nothing, _float(row["score"])))
    table = pd.DataFrame(parts, columns=["part", "value", "score", "weight", "points"])
    return table.astype({"part": "str", "value": "str"})


def _weight_in_force(icp: Icp, name: str, row: pd.Series) -> float:
    """Weight in the workflow whose components `row` has; a score of 0 hides the one it was made with."""
    for workflow in WORKFLOWS:
        weights = icp.data["scoring"][workflow]["weights"]
        if name in weights and all(f"{other}_points" in row for other in weights):
            return float(weights[name])
    return float("nan")


def _check_numbers(radius_miles: float, environment_factor: float) -> None:
    if not 0 < radius_miles < float("inf"):
        raise InputError(f"The radius was expected to be miles above 0, got {radius_miles:g}. Mend it.")
    if not 0 <= environment_factor <= 2:
        raise ConfigError(
            f"The environment factor was expected to be a number from 0 to 2, got {environment_factor:g}. "
            "1 changes nothing."
        )


def _signals(known: LeadArrays, notes: LeadNotes) -> None:
    leads = known.leads
    present = [name for name in INTENT_COLUMNS if name in leads and leads[name].notna().any()]
    if len(leads) and not present:
        raise InputError(
            "Scoring by buying signal was expected to find signals (Intent Signal Score, Intent Signal Date), but the file has "
            "none. Give a company intent sheet beside it, or score it By distance (--workflow geography)."
        )
    without = np.isnan(known.number("age_days")) & (known.codes("signal_strength")[0] < 0)
    notes.exclude("The company has no intent signal.", without)


def _ages(leads: pd.DataFrame, today: date, notes: LeadNotes) -> np.ndarray:
    """Whole days from the signal to today, NaN without a date; a future signal is 0 days old."""
    if "signal_date" not in leads:
        return np.full(len(leads), np.nan)
    days = pd.to_datetime(leads["signal_date"]).to_numpy().astype("datetime64[D]")
    day = np.datetime64(today.date() if isinstance(today, datetime) else today, "D")
    ages = (day - days).astype("float64")
    ages[np.isnat(days)] = np.nan
    future = ages < 0
    if future.any():
        ages[future] = 0.0
        notes.flag("The signal is dated in the future: its age counts as 0 days", future)
    return np.asarray(ages)


def _distances(leads: pd.DataFrame, workflow: str, center_zip: str | None) -> np.ndarray:
    miles = number_array(leads, "distance_miles")
    missing = np.isnan(miles)
    if workflow == "geography" and center_zip is None and len(leads) and missing.all():
        raise InputError(
            "Scoring by distance needs a ZIP code to measure from: type one under Measure from ZIP (--center-zip), choose an "
            "operator with a ZIP code, or load a file with a distance column. A file of buying signals needs none: choose "
            "By buying signal (--workflow intent)."
        )
    if center_zip is None or not missing.any() or "zip_code" not in leads:
        return miles
    try:
        measured = miles_from(center_zip, leads["zip_code"])
    except InputError:
        if workflow == "geography":
            raise
        return miles  # for intent the distance is a note for the caller and decides nothing
    return np.where(missing, measured.to_numpy(), miles)


def _filters(known: LeadArrays, icp: Icp, notes: LeadNotes) -> None:
    rules = icp.data["hard_filters"]
    codes, values = known.codes("sic_code")
    if not rules["allow_unknown_sic"]:
        notes.exclude("No SIC code.", codes < 0)
    allowed = np.array([*np.isin(values, rules["sic_codes"]), True])  # the last is for leads without a code
    notes.exclude("The SIC code is not in the filter.", ~allowed[codes])
    employees = known.number("employee_count")
    low, high = rules["employees"]["min"], rules["employees"]["max"]
    if low is not None:
        notes.exclude(f"Fewer than {low:,} employees.", employees < low)
    if high is not None:
        notes.exclude(f"More than {high:,} employees.", employees > high)


def _component_scores(name: str, known: LeadArrays, icp: Icp, notes: LeadNotes) -> np.ndarray:
    """The component's score per lead, NaN where the lead is excluded by it."""
    component = icp.data["components"][name]
    column, what = component["column"], _said(component["column"])
    unknown = component.get("unknown", component.get("default"))
    bands = component_bands(component)
    if bands:
        places, numbers = known.places(column, bands), known.number(column)
        missing = places < 0
        table = [float(band.score) for band in bands]
        label = next((band for band in bands if band.label == unknown), None)
        table += [np.nan, np.nan if unknown == "exclude" else float(label.score if label else unknown)]
        scored = f"scored as {label.label}" if label else f"scored {unknown}"
        if bands[-1].high is not None:
            beyond = _BEYOND.get(column, f"{what} beyond {{end:g}}.")
            notes.exclude(beyond.format(end=bands[-1].high), places == len(bands))
        below = numbers < bands[0].low
        notes.flag(f"{what} below all bands: scored as {bands[0].label}", below)
    else:
        places, values = known.codes(column)
        missing = places < 0
        own, default = component["scores"], component.get("default")
        unknown = own.get(unknown, unknown)
        other = unknown if default is None else default
        table = [float(own.get(value, np.nan if other == "exclude" else other)) for value in values]
        table += [np.nan if unknown == "exclude" else float(unknown)]
        scored = f"scored {unknown}"
        strange = np.array([*(value not in own for value in values), False])[places]
        if other == "exclude":
            notes.exclude(f"{what} without a score.", strange)
        else:
            notes.flag(f"{what} without a score of its own: scored {other}", strange)
    if unknown == "exclude":
        notes.exclude(_UNKNOWN.get(column, f"{what} unknown."), missing)
    else:
        notes.flag(f"{what} unknown: {scored}", missing)
    return np.asarray(np.array(table)[places])  # a place of -1 takes the last entry: unknown


def _segments(known: LeadArrays, icp: Icp, segment: str | None, notes: LeadNotes) -> tuple[Any, np.ndarray]:
    """The segment of each lead (its own, else `segment`, else the default) and its factor."""
    factors = icp.data["scoring"]["segments"]
    meant = {name.casefold(): name for name in factors}
    if segment is not None and segment.strip().casefold() not in meant:
        raise InputError(f"The segment '{segment}' is unknown. {FILE_NAME} has: {', '.join(factors)}.")
    default = icp.data["scoring"]["default_segment"]
    fallback = meant[segment.strip().casefold()] if segment is not None else default
    codes, values = known.codes("segment")
    names = [meant.get(value.strip().casefold(), value) for value in values]
    table = np.array(
        [*(float(factors.get(name, factors[default])) for name in names), float(factors[fallback])]
    )
    strange = np.array([*(name not in factors for name in names), False])
    notes.flag(f"Segment not in {FILE_NAME}: the factor of {default} was used", strange[codes])
    if names == values and not (codes < 0).any() and len(codes):
        return known.leads["segment"].array, table[codes]  # nothing to fill or to spell otherwise
    return text_column([*names, fallback], np.where(codes < 0, len(names), codes)), table[codes]


def _priorities(score: np.ndarray, left_out: np.ndarray, icp: Icp) -> Any:
    limits = icp.data["call_priority"]
    rising = np.array(list(limits.values())[::-1], dtype="float64")
    by_score = len(rising) - np.searchsorted(rising, np.arange(101), side="right")
    whole = np.where(left_out | np.isnan(score), 101, score).astype("int64")
    return text_column(list(limits), np.append(by_score, -1)[whole])


def _freshness(known: LeadArrays, icp: Icp) -> Any:
    """The label of each age, from the component which looks at age_days; missing where unknown or too old."""
    for component in icp.data["components"].values():
        if component["column"] == "age_days" and "bands" in component:
            bands = component_bands(component)
            places = known.places("age_days", bands)
            return text_column([band.label for band in bands], np.where(places == len(bands), -1, places))
    return text_column([], np.full(len(known.leads), -1))


def _float(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)


def _said(column: str) -> str:
    """How a sentence names a column."""
    known = {"sic_code": "SIC code", "distance_miles": "Distance", "employee_count": "Number of employees"}
    return known.get(column, column.replace("_", " ").capitalize())
