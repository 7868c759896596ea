"""The pictures of the accuracy report: figures for Plotly from finished tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.charts import QUIET, SUGGESTED, rate_intervals


def bands_figure(bands: pd.DataFrame, *, overall_rate: float) -> Any:
    """The rate per band of score with its interval, the highest band on top; `bands` is that of an Accuracy."""
    rows = bands.rename(columns={"band": "value", "cases": "leads", "hits": "deliveries"})
    return rate_intervals(rows.iloc[::-1], overall_rate=overall_rate)


def reliability_figure(table: pd.DataFrame) -> Any:
    """What the score says as a chance (across) beside what came (up, with interval); on the line both are equal.

    `table` is that of an Accuracy; groups without a case are left out.
    """
    import plotly.graph_objects as go

    shown = table[table["rate"].notna()]
    chance, rate, low, high = (100 * shown[c].astype("float64") for c in ("chance", "rate", "low", "high"))
    most = max(float(chance.max()), float(high.max()), 1.0) * 1.05
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(x=[0, most], y=[0, most], mode="lines", line={"color": QUIET, "dash": "dot", "width": 1},
                   hoverinfo="skip", showlegend=False)
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=chance, y=rate, mode="markers", marker={"color": SUGGESTED, "size": 9}, showlegend=False,
            error_y={"type": "data", "symmetric": False, "array": high - rate, "arrayminus": rate - low,
                     "color": SUGGESTED, "thickness": 1.5, "width": 0},
            customdata=shown[["score_from", "score_to", "hits", "cases"]].to_numpy(),
            hovertemplate="score %{customdata[0]:.0f} to %{customdata[1]:.0f}: said %{x:.1f} %, came %{y:.1f} % "
            "(%{customdata[2]} of %{customdata[3]})<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="What the score says, %", range=[0, most], zeroline=False)
    figure.update_yaxes(title="What came, %", range=[0, most], zeroline=False)
    figure.update_layout(height=320, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False)
    return figure
