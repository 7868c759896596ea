"""How the scores of a file are spread over the bands of Call Priority, beside those of earlier batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def band_names(limits: Mapping[str, float]) -> dict[str, str]:
    """Band → its scores for people, best first: `High` → `80–100`; `limits` is call_priority of icp.yaml."""
    names, top = {}, 100.0
    for name, low in limits.items():
        names[name] = f"{low:g}–{top:g}" if low < top else f"{low:g}"
        top = low - 1
    return names


def score_bands(scores: pd.Series, limits: Mapping[str, float]) -> pd.DataFrame:
    """One row per band, best first: band, scores, leads, share (0 to 1, missing when no lead has a score).

    Leads without a score are left out.
    """
    known, rest = scores.dropna().astype("float64"), []
    for name, low in limits.items():
        rest.append((name, int((known >= low).sum())))
        known = known[known < low]
    total = sum(leads for _, leads in rest)
    names = band_names(limits)
    return pd.DataFrame(
        {
            "band": [name for name, _ in rest],
            "scores": [names[name] for name, _ in rest],
            "leads": pd.Series([leads for _, leads in rest], dtype="int64"),
            "share": pd.Series([leads / total if total else None for _, leads in rest], dtype="float64"),
        }
    )


def beside_batches(upload: pd.Series, counted: pd.DataFrame, limits: Mapping[str, float]) -> pd.DataFrame:
    """One row per band and source, the upload first, then the batches as given: source, band, scores, leads, share.

    `counted` has batch_id, score and leads: how many leads of each batch had each score.
    """
    parts = [score_bands(upload, limits).assign(source="This upload")]
    for batch_id, rows in counted.groupby("batch_id", sort=False):
        scores = pd.Series(rows["score"].to_numpy().repeat(rows["leads"].to_numpy()))
        parts.append(score_bands(scores, limits).assign(source=batch_id))
    return pd.concat(parts, ignore_index=True)[["source", "band", "scores", "leads", "share"]]


def bands_figure(table: pd.DataFrame) -> Any:
    """One bar per source, split by band, in percent of its leads; `table` comes from `beside_batches`."""
    import plotly.graph_objects as go

    shades = ("#0072B2", "#56B4E9", "#B9A44C", "#999999", "#CC79A7", "#009E73")
    figure = go.Figure()
    for place, (band, rows) in enumerate(table.groupby("band", sort=False)):
        figure.add_trace(
            go.Bar(
                y=rows["source"], x=100 * rows["share"], orientation="h", name=f"{band} ({rows['scores'].iloc[0]})",
                marker={"color": shades[place % len(shades)]}, customdata=rows["leads"],
                hovertemplate="%{y}: %{customdata} leads, %{x:.1f} %<extra></extra>",
            )
        )  # fmt: skip
    many = table["source"].nunique()
    figure.update_layout(
        barmode="stack", height=120 + 34 * many, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", ticklabelstandoff=8)
    figure.update_xaxes(title="Leads, %", range=[0, 100])
    return figure
