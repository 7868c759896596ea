"""What a calibration rests on: leads by source, and per dimension those that carry no value of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analytics.calibration_table import Day, known_outcomes

SOURCES = ("historical", "hades")


def coverage(
    outcomes: pd.DataFrame, source: pd.Series, values: pd.DataFrame, *, as_of: Day, maturity_days: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(sources, dimensions) as known on `as_of`.

    `outcomes` as in calibration_table; `source` ('historical' or 'hades') and `values` (a column per dimension, missing
    allowed) aligned with it. sources: source → leads, deliveries (matured), too_young. dimensions: dimension → leads,
    deliveries (matured, with a value), too_young (with a value), without_value (matured leads that carry none), and
    without_value_of: source → leads.
    """
    known = known_outcomes(outcomes, as_of=as_of, maturity_days=maturity_days)
    matured, delivered = known["matured"].to_numpy(), known["delivered"].to_numpy()
    seen = outcomes.index.isin(known.index) if len(known) < len(outcomes) else np.ones(len(outcomes), bool)
    from_source = {name: (source == name).to_numpy()[seen] for name in SOURCES}

    def counted(mask: np.typing.NDArray[np.bool_]) -> dict[str, int]:
        old = mask & matured
        return {
            "leads": int(old.sum()),
            "deliveries": int((old & delivered).sum()),
            "too_young": int((mask & ~matured).sum()),
        }

    dimensions = {}
    for name in values.columns:
        carrying = values[name].notna().to_numpy()[seen]
        missing = {of: int((mask & ~carrying & matured).sum()) for of, mask in from_source.items()}
        dimensions[str(name)] = counted(carrying) | {
            "without_value": sum(missing.values()),
            "without_value_of": missing,
        }
    return {name: counted(mask) for name, mask in from_source.items()}, dimensions
