"""Pictures of the calibration report beyond rates and scores: figures for Plotly from finished tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.batch_baseline import AS_EXPECTED, TOO_YOUNG
from analytics.charts import CURRENT, QUIET, SUGGESTED, _calm
from analytics.mix import Waterfall
from analytics.signed_numbers import signed

TERM_NAMES = {"maturity": "Young leads", "mix": "Other leads", "rate": "Other rates"}


def batch_funnel(batches: pd.DataFrame, lines: pd.DataFrame, *, rate: float) -> Any:
    """One dot per batch: what its companies are worth at their age against where its rate is heading.

    `batches` as batch_baseline.batches_against, those that can say nothing yet left out; `lines` as
    batch_baseline.limit_lines; `rate` of the baseline (0–1). Hollow: not matured; a diamond with the last part of its
    name: outside the limits.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for columns, dash, name in (
        (("warn_low", "warn_high"), "dot", "95 of 100 by chance"),
        (("alarm_low", "alarm_high"), "dash", "997 of 1,000"),
    ):
        for place, column in enumerate(columns):
            figure.add_trace(
                go.Scatter(x=lines["effective"], y=100 * lines[column], mode="lines", name=name, legendgroup=name,
                           showlegend=place == 0, line={"color": QUIET, "width": 1, "dash": dash}, hoverinfo="skip")
            )  # fmt: skip
    shown = batches[batches["rate"].notna() & (batches["word"] != TOO_YOUNG)]
    outside = shown["word"] != AS_EXPECTED
    for matured, label in ((True, "Old enough to judge"), (False, "Still young, allowed for")):
        some = shown[shown["matured"] == matured]
        strange = outside[some.index]
        figure.add_trace(
            go.Scatter(
                x=some["effective"], y=100 * some["rate"], mode="markers+text", name=label, cliponaxis=False,
                text=[str(name).removeprefix("HADES-") if odd else "" for name, odd in zip(some["batch_id"], strange, strict=True)],
                textposition="top center",
                marker={"color": [CURRENT if odd else SUGGESTED for odd in strange], "size": 9, "line": {"width": 2},
                        "symbol": [("diamond" if odd else "circle") + ("" if matured else "-open") for odd in strange]},
                customdata=some[["batch_id", "deliveries", "companies", "expected", "word"]].to_numpy(),
                hovertemplate="%{customdata[0]}: %{customdata[1]} of %{customdata[2]} so far, %{customdata[3]:.1f} expected by "
                              "now: %{customdata[4]}<extra></extra>",
            )
        )  # fmt: skip
    figure.add_hline(y=100 * rate, line_width=1, line_color=QUIET)
    figure.update_xaxes(title="Companies, counted by what their age has shown", rangemode="tozero")
    figure.update_yaxes(title="Heading for, % delivered", rangemode="tozero")
    return _calm(figure, height=380, top=40)


def rate_steps(waterfall: Waterfall) -> Any:
    """The way from one rate to the other: two bars for the rates, between them a step per term with its interval."""
    import plotly.graph_objects as go

    terms = {row["term"]: row for row in waterfall.terms.to_dict("records")}
    names = [f"Before<br>{100 * waterfall.before:.1f} %"]
    bases, heights, colours = [0.0], [100 * waterfall.before], [QUIET]
    high, low = [0.0], [0.0]
    level = 100 * waterfall.before
    for term, name in TERM_NAMES.items():
        change = 100 * float(terms[term]["change"])
        sign = "▲ " if change > 0 else "▼ " if change < 0 else ""
        names.append(f"{name}<br>{sign}{signed(change, 1)}")
        bases.append(level)
        heights.append(change)
        colours.append(SUGGESTED if change >= 0 else CURRENT)
        high.append(100 * float(terms[term]["high"]) - change)
        low.append(change - 100 * float(terms[term]["low"]))
        level += change
    names.append(f"After<br>{100 * waterfall.after:.1f} %")
    bases.append(0.0)
    heights.append(100 * waterfall.after)
    colours.append(QUIET)
    high.append(0.0)
    low.append(0.0)
    figure = go.Figure(
        go.Bar(
            x=names, y=heights, base=bases, marker={"color": colours},
            error_y={"type": "data", "symmetric": False, "array": high, "arrayminus": low, "thickness": 2, "width": 7, "color": "#76828F"},
            hovertemplate="%{x}<extra></extra>", showlegend=False,
        )
    )  # fmt: skip
    figure.update_yaxes(title="Delivered, %", rangemode="tozero")
    return _calm(figure, height=360)


def weight_intervals(rows: pd.DataFrame) -> Any:
    """One line per part of a score: its weight in force, the suggested one and its interval.

    `rows` has component, current, suggested, low, high (0–1), verdict; a suggestion is drawn where `rounded` is known.
    """
    import plotly.graph_objects as go

    shown = rows.iloc[::-1]
    names = [str(name).replace("_", " ").capitalize() for name in shown["component"]]
    told = shown["rounded"].notna()
    suggested = (100 * shown["suggested"].astype("float64")).where(told)
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=suggested, y=names, mode="markers", name="Suggested", marker={"color": SUGGESTED, "size": 10},
            error_x={"type": "data", "symmetric": False, "array": 100 * shown["high"].astype("float64") - suggested,
                     "arrayminus": suggested - 100 * shown["low"].astype("float64"), "color": SUGGESTED, "thickness": 1.5, "width": 0},
            hovertemplate="%{y}: suggested %{x:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=100 * shown["current"], y=names, mode="markers", name="In force",
            marker={"color": CURRENT, "symbol": "circle-open", "size": 11, "line": {"width": 2}},
            hovertemplate="%{y}: in force %{x:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="Weight, %", range=[-3, 103])
    figure.update_yaxes(type="category", title=None, range=[-0.6, len(shown) - 0.4])
    return _calm(figure, height=120 + 34 * len(shown), top=34)
