"""Leads and deals as cases that can be judged: score, hit, confidence, version and traits, in one shape for both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.calibration_table import Day
from analytics.rates import FloatArray, confidence_label

LEAD_TRAITS = {
    "sic_code": "SIC code", "state": "state", "segment": "segment", "workflow_type": "workflow", "size": "employees",
}  # fmt: skip
DEAL_TRAITS = {
    name: name.replace("_", " ") for name in ("region", "industry", "product", "lead_source", "owner")
}
_SIZES = ((0, 50), (50, 101), (101, 501), (501, np.inf))


class Judged(NamedTuple):
    """cases: see `accuracy`; parts, traits: its columns of each kind with their names for people; too_young: how many
    leads (or open deals) had to wait; batch: how many are called at once (the median batch, 100 without any)."""

    cases: pd.DataFrame
    parts: tuple[str, ...]
    traits: Mapping[str, str]
    too_young: int
    batch: int = 100


def judged_leads(leads: pd.DataFrame, started: pd.DataFrame, *, as_of: Day, maturity_days: int) -> Judged:
    """The exported leads that were old enough to judge on `as_of`, as they were known then.

    `leads`: stores.accuracy.read_scored_leads; `started`: every lead ever started, historical ones included, with
    sic_code and started_on, from which the confidence of a lead is counted. Leads taken by chance have no promise to
    keep, but count in all rates. Nothing gives no case.
    """
    day = pd.Timestamp(as_of)
    known = leads[leads["exported_on"] <= day]
    matured = known["exported_on"] <= day - pd.Timedelta(days=maturity_days)
    cases = known[matured].reset_index(drop=True)
    parts = tuple(str(name) for name in cases if str(name).endswith("_score"))
    earlier = past_leads(cases, started, maturity_days=maturity_days)
    cases = cases.assign(
        hit=(cases["delivered_on"] <= day).to_numpy(dtype=bool),
        name=cases["company_name"] + " (" + cases["batch_id"] + ")",
        confidence=[confidence_label(int(number)) for number in earlier],
        version=cases["weight_version"],
        size=pd.Series(_sizes(cases["employee_count"]), dtype="object"),
    )
    sizes = leads["batch_id"].value_counts()
    batch = max(1, int(sizes.median())) if len(sizes) else 100
    return Judged(cases, parts, LEAD_TRAITS, int((~matured).sum()), batch)


def judged_deals(outcomes: pd.DataFrame, open_deals: int) -> Judged:
    """The closed deals that a snapshot had scored beforehand; a hit is a won deal.

    `outcomes`: stores.pipeline.read_scored_outcomes, where there are any with the columns of DEAL_TRAITS.
    """
    cases = outcomes.assign(
        hit=(outcomes["outcome"] == "won").to_numpy(dtype=bool), name=outcomes["deal_id"].astype("str"),
        confidence=outcomes.get("confidence"), version=None,
    ).reset_index(drop=True)  # fmt: skip
    return Judged(cases, (), {k: v for k, v in DEAL_TRAITS.items() if k in cases}, open_deals)


def past_leads(cases: pd.DataFrame, started: pd.DataFrame, *, maturity_days: int) -> FloatArray:
    """Per case: how many leads of its SIC code were old enough to judge on the day it was exported (0 without code)."""
    counts = np.zeros(len(cases))
    known = started[started["started_on"].notna() & started["sic_code"].notna()]
    days = {
        code: np.sort(group.to_numpy().astype("datetime64[D]"))
        for code, group in known.groupby("sic_code")["started_on"]
    }
    for code, group in cases.groupby("sic_code")["exported_on"]:
        judged_by = group.to_numpy().astype("datetime64[D]") - np.timedelta64(maturity_days, "D")
        counts[group.index] = np.searchsorted(
            days.get(code, np.array([], "datetime64[D]")), judged_by, "right"
        )
    return counts


def _sizes(employees: pd.Series) -> list[str | None]:
    def name(number: float) -> str | None:
        return next((_size(low, end) for low, end in _SIZES if low <= number < end), None)

    return [None if pd.isna(number) else name(float(number)) for number in employees]


def _size(low: float, end: float) -> str:
    return f"{low:g}+" if np.isinf(end) else f"{low:g}–{end - 1:g}"
