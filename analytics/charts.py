"""The pictures: figures for Plotly from finished tables. No calculation beyond placing marks."""

from __future__ import annotations

from typing import Any

import pandas as pd

# Each stands out at least 3 to 1 on the white and on the dark background.
CURRENT, SUGGESTED, QUIET = "#C77C00", "#2F8AD0", "#8A97A6"


def funnel(counts: dict[str, int]) -> Any:
    """Bars from exported to delivery with number and share of the first; `counts` in the order to draw."""
    import plotly.graph_objects as go

    first = next(iter(counts.values()), 0) or 1
    figure = go.Figure(
        go.Bar(
            x=list(counts.values()), y=[name.capitalize() for name in counts], orientation="h",
            marker={"color": SUGGESTED},
            text=[f"{number:,} · {number / first:.1%}" for number in counts.values()], textposition="auto",
            hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", title=None)
    figure.update_xaxes(visible=False)
    return _calm(figure, height=80 + 48 * len(counts))


def delivery_curve(curve: pd.DataFrame) -> Any:
    """The share delivered by days since export as steps, with its interval.

    `curve` has day, delivered, low, high (fractions), in order of day.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for column in ("high", "low"):
        figure.add_trace(
            go.Scatter(x=curve["day"], y=100 * curve[column], mode="lines", line={"width": 0, "shape": "hv"},
                       showlegend=False, hoverinfo="skip", fill=None if column == "high" else "tonexty",
                       fillcolor="rgba(47,138,208,0.18)")
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(x=curve["day"], y=100 * curve["delivered"], mode="lines", name="Delivered",
                   line={"color": SUGGESTED, "width": 2, "shape": "hv"}, showlegend=False,
                   hovertemplate="day %{x}: %{y:.1f} % delivered<extra></extra>")
    )  # fmt: skip
    figure.update_xaxes(title="Days since export", rangemode="tozero")
    figure.update_yaxes(title="Delivered, %", rangemode="tozero")
    return _calm(figure, height=320)


def _calm(figure: Any, *, height: int, top: int = 8) -> Any:
    """The figure with the margins, legend and manners of all pictures."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": top, "b": 8}, legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0},
        bargap=0.25, dragmode=False,
    )  # fmt: skip
    return figure
