"""What else is known about each value of a calibration: its rate allowing for young leads, and for the other dimensions."""

from __future__ import annotations

import pandas as pd

from analytics.adjusted import adjusted_rates
from analytics.calibration_table import Day, known_outcomes
from analytics.maturity import Delay, kaplan_meier_by_value, rate_by_value

COLUMNS = (
    "dimension", "value", "adjusted_rate", "adjusted_low", "adjusted_high", "disagrees", "delay_rate", "delay_low",
    "delay_high", "delay_leads", "reached_horizon", "km_rate", "km_low", "km_high", "km_at_risk",
)  # fmt: skip


def row_evidence(
    outcomes: pd.DataFrame, values: pd.DataFrame, delay: Delay | None, *, as_of: Day, maturity_days: int
) -> pd.DataFrame:
    """One row per dimension and value that any lead known by `as_of` carries.

    `outcomes` as in calibration_table; `values`, aligned with it, has one column per dimension (text, missing
    allowed). Columns: dimension, value; adjusted_rate, adjusted_low, adjusted_high, disagrees (adjusted.adjusted_rates
    over all dimensions that some lead carries; missing under ten deliveries); delay_rate, delay_low, delay_high
    (0–1: delivered within `maturity_days`, young leads allowed for by the delay model), delay_leads (what the
    evidence is worth), reached_horizon (leads that old), all missing without a `delay`; km_rate, km_low, km_high,
    km_at_risk (the same by Kaplan–Meier; the rate is missing where no lead has been watched that long).
    """
    carried = [name for name in values.columns if values[name].notna().any()]
    found = []
    known = known_outcomes(outcomes, as_of=as_of, maturity_days=maturity_days)
    for name in carried:
        km = kaplan_meier_by_value(
            outcomes, values[name], as_of=as_of, horizon_days=maturity_days, known=known
        )
        km = km.rename(
            columns={"rate": "km_rate", "low": "km_low", "high": "km_high", "at_risk": "km_at_risk"}
        )
        rows = km.drop(columns="leads")
        if delay is not None:
            told = rate_by_value(
                outcomes, values[name], delay, as_of=as_of, horizon_days=maturity_days, known=known
            )
            told = told.rename(
                columns={
                    "rate": "delay_rate",
                    "low": "delay_low",
                    "high": "delay_high",
                    "effective_leads": "delay_leads",
                }
            )
            rows = told.drop(columns=["leads", "deliveries", "ever_rate"]).merge(
                rows, on="value", how="outer"
            )
        found.append(rows.assign(dimension=str(name)))
    if not found:
        return pd.DataFrame(columns=list(COLUMNS))
    adjusted = adjusted_rates(outcomes, values[carried], as_of=as_of, maturity_days=maturity_days)
    adjusted = adjusted.drop(columns=["leads", "deliveries", "rate"])
    table = pd.concat(found, ignore_index=True).merge(adjusted, on=["dimension", "value"], how="outer")
    return table.reindex(columns=list(COLUMNS)).round(9)  # beyond it lie the last bits of the machine
