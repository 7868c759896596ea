"""What a newer calibration says otherwise than an older one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

COLUMNS = (
    "dimension",
    "value",
    "verdict_before",
    "verdict_after",
    "suggested_before",
    "suggested_after",
    "new_leads",
)
LEAST_POINTS = 5  # a suggestion that shifts by less is the same for every purpose


def changed_rows(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per dimension and value of which `after` says otherwise, those that now say move first.

    Both are rows as in a calibration run. Otherwise is another verdict with *move* on one side, or a suggestion that
    shifts by 5 points or more under a verdict *move*. Columns: dimension, value, verdict_before (missing for a value not
    seen then), verdict_after, suggested_before, suggested_after (Int64), new_leads (matured since). A value that is gone
    is left out.
    """
    known = {(row["dimension"], row["value"]): row for row in before}
    found = []
    for row in after:
        old: Mapping[str, Any] = known.get((row["dimension"], row["value"]), {})
        turned = "move" in (row["verdict"], old.get("verdict")) and row["verdict"] != old.get("verdict")
        shifted = (
            row["verdict"] == "move"
            and None not in (row["suggested"], old.get("suggested"))
            and abs(row["suggested"] - old["suggested"]) >= LEAST_POINTS
        )
        if turned or shifted:
            found.append(
                (row["dimension"], row["value"], old.get("verdict"), row["verdict"], old.get("suggested"),
                 row["suggested"], row["leads"] - old.get("leads", 0))
            )  # fmt: skip
    table = pd.DataFrame(found, columns=list(COLUMNS))
    table = table.astype({"suggested_before": "Int64", "suggested_after": "Int64"})
    return table.sort_values(
        "verdict_after", key=lambda words: words != "move", kind="stable", ignore_index=True
    )
