"""Which person to call at a company: the company's score, how sure the contact is, and how well it can be reached."""

from __future__ import annotations

import numpy as np
import pandas as pd

from icp import Icp
from lead_arrays import number_array
from vanillasoft import NUMBERS, callable_numbers


def contact_scores(leads: pd.DataFrame, company_scores: pd.Series, icp: Icp) -> pd.Series:
    """Which person to call at a company: per lead 0 to 100, not rounded, missing without a company score.

    weight x company score + weight x accuracy score + weight x phone score, as `contact` of icp.yaml says. A number
    that must not be dialled (vanillasoft.callable_numbers) does not count; a column that is not there is empty. Same
    index as `leads`.
    """
    rules = icp.data["contact"]
    weights, phone = rules["weights"], rules["phone"]
    accuracy = number_array(leads, "accuracy")
    steps = [step["score"] for step in rules["accuracy"]]
    limits = np.array([step["min"] for step in rules["accuracy"][:-1]], dtype="float64")[::-1]
    reached = np.searchsorted(limits, np.nan_to_num(accuracy, nan=-1.0), side="right")
    accuracy_scores = np.array(steps[::-1], dtype="float64")[reached]
    absent = {name: pd.array([None] * len(leads), dtype="str") for name in NUMBERS if name not in leads}
    numbers = callable_numbers(leads.assign(**absent)).notna()
    other = (numbers["direct_phone"] | numbers["company_phone"]).to_numpy()
    phone_scores = np.select(
        [numbers["mobile_phone"].to_numpy(), other],
        [float(phone["mobile"]), float(phone["other"])],
        phone["none"],
    )
    company = company_scores.reindex(leads.index).to_numpy(dtype="float64", na_value=np.nan)
    part = (
        weights["company"] * company + weights["accuracy"] * accuracy_scores + weights["phone"] * phone_scores
    )
    return pd.Series(part, index=leads.index, name="contact_score")
