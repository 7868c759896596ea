"""Leads built by hand for the tests of scoring: `lead_row(**changes)` and what makes frames and scores of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from icp import Icp, parse_icp, read_icp
from scoring import component_names, score_leads

ICP = read_icp(Path(__file__).parents[1] / "config")
TODAY = date(2026, 2, 11)
TEXT_COLUMNS = ("sic_code", "signal_strength", "segment", "zip_code", "company_name", "intent_topic")
PARTS = ("factor_points", "rounding", "cap")


def lead_row(**changes: Any) -> dict[str, Any]:
    """A hotel with 120 employees, 4.2 miles away, with a strong signal of two days ago."""
    row = {
        "company_name": "Example Lodge",
        "sic_code": "7011",
        "employee_count": 120,
        "distance_miles": 4.2,
        "zip_code": "75201",
        "signal_strength": "High",
        "signal_date": pd.Timestamp("2026-02-09"),
        "segment": None,
        "intent_topic": "Vending",
    }
    return row | changes


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    """The rows as leads.read_leads would type them."""
    leads = pd.DataFrame(list(rows), columns=list(lead_row()))
    types = dict.fromkeys(TEXT_COLUMNS, "str") | {
        "employee_count": "Int64",
        "distance_miles": "float64",
        "signal_date": "datetime64[s]",
    }
    return leads.astype(types)


def scored(
    *rows: dict[str, Any], workflow: str = "geography", icp: Icp = ICP, **options: Any
) -> pd.DataFrame:
    return score_leads(frame(*rows), icp, workflow=workflow, today=TODAY, **options)


def one(
    workflow: str = "geography", icp: Icp = ICP, options: dict[str, Any] | None = None, **changes: Any
) -> pd.Series:
    return scored(lead_row(**changes), workflow=workflow, icp=icp, **(options or {})).iloc[0]


def changed(*pairs: tuple[str, str]) -> Icp:
    text = ICP.text
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return parse_icp(text)


def parts_of(result: pd.DataFrame, workflow: str) -> pd.Series:
    names = [f"{name}_points" for name in component_names(ICP, workflow)]
    return result[[*names, *PARTS]].sum(axis=1)
