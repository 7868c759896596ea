"""The pictures of the model tab: figures for Plotly from finished tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.charts import CURRENT, QUIET, SUGGESTED

_LOOKS = {
    "weights": (CURRENT, "circle-open"),
    "model": (SUGGESTED, "circle"),
    "in force": (QUIET, "square-open"),
}


def reliability_pair(tables: dict[str, pd.DataFrame], came: str = "Delivered") -> Any:
    """What each scorer says as a chance (across) beside what came (up, with interval); on the dotted line both are equal.

    `tables`: weights, model (and in force) → rows of model_report.reliability. `came`: what the rate is of.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    most = max([1.0, *(105 * float(t[["high", "chance"]].max().max()) for t in tables.values() if len(t))])
    figure.add_trace(
        go.Scatter(x=[0, most], y=[0, most], mode="lines", line={"color": QUIET, "dash": "dot", "width": 1},
                   hoverinfo="skip", showlegend=False)
    )  # fmt: skip
    for name, table in tables.items():
        colour, symbol = _LOOKS[name]
        rate, low, high = (100 * table[c].astype("float64") for c in ("rate", "low", "high"))
        figure.add_trace(
            go.Scatter(
                x=100 * table["chance"], y=rate, mode="markers", name=name.capitalize(),
                marker={"color": colour, "symbol": symbol, "size": 9, "line": {"width": 2}},
                error_y={"type": "data", "symmetric": False, "array": high - rate, "arrayminus": rate - low,
                         "color": colour, "thickness": 1.5, "width": 0},
                customdata=table[["deliveries", "leads"]].to_numpy(),
                hovertemplate="said %{x:.1f} %, came %{y:.1f} % (%{customdata[0]} of %{customdata[1]})<extra></extra>",
            )
        )  # fmt: skip
    figure.update_xaxes(title="Chance that was said, %", range=[0, most], zeroline=False)
    figure.update_yaxes(title=f"{came}, %", range=[0, most], zeroline=False)
    figure.update_layout(
        height=340, margin={"l": 8, "r": 8, "t": 34, "b": 8}, dragmode=False,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    return figure
