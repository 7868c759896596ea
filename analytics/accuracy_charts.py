"""The pictures of the accuracy report, as HTML from finished tables."""

from __future__ import annotations

import pandas as pd

from analytics.charts import QUIET, SUGGESTED
from analytics.pictures import Line, Look, Mark, axis, interval_picture, plane_picture


def bands_figure(bands: pd.DataFrame, *, overall_rate: float, hit: str, alt: str) -> str:
    """The rate per band of score with its interval, the highest band on top; `bands` is that of an Accuracy.

    The dotted line is `overall_rate`; `hit` says what came (delivered, won).
    """
    shown = bands.iloc[::-1]
    rows = pd.DataFrame({
        "name": shown["band"], "at": 100 * shown["rate"], "low": 100 * shown["low"], "high": 100 * shown["high"],
        "told": [f"{band}: {100 * rate:.1f} % ({hits:,} of {cases:,})"
                 for band, rate, hits, cases in shown[["band", "rate", "hits", "cases"]].itertuples(index=False)],
    })  # fmt: skip
    return interval_picture(
        rows, alt=alt, title=f"{hit.capitalize()}, %", value="{:.1f}".format, reference=100 * overall_rate
    )


def reliability_figure(table: pd.DataFrame, *, alt: str) -> str:
    """What the score says as a chance (across) beside what came (up, with interval); on the line both are equal.

    `table` is that of an Accuracy; groups without a case are left out.
    """
    shown = table[table["rate"].notna()]
    most = max(float(100 * shown[["chance", "high"]].max().max()), 1.0) if len(shown) else 1.0
    marks = [
        Mark(100 * row["chance"], 100 * row["rate"],
             f"score {row['score_from']:.0f} to {row['score_to']:.0f}: said {100 * row['chance']:.1f} %, came {100 * row['rate']:.1f} % "
             f"({row['hits']:,} of {row['cases']:,})", 100 * row["low"], 100 * row["high"], Look(SUGGESTED))
        for row in shown.to_dict("records")
    ]  # fmt: skip
    across = axis(0, most, "What the score says, %")
    equal = Line([(0, 0), (across.high, across.high)], QUIET, "dotted")
    return plane_picture(
        alt=alt, x=across, y=axis(0, most, "What came, %"), lines=[equal], marks=marks, height=250
    )
