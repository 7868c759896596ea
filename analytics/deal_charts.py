"""Pictures of deals: figures for Plotly from finished tables. No calculation beyond placing marks."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.charts import CURRENT, QUIET, SUGGESTED


def run_chart(months: pd.DataFrame, cohorts: pd.DataFrame) -> Any:
    """The win rate by month of closing with its funnel limits, and by month of creation as a thin line.

    Both as analytics.run_chart.monthly_rates gives them. Hollow: a month with deals still open, or not over.
    Dotted: two standard deviations; dashed: three.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for columns, dash, name in (
        (("warn_low", "warn_high"), "dot", "Where 95 of 100 months lie by chance"),
        (("alarm_low", "alarm_high"), "dash", "Where 997 of 1,000 lie"),
    ):
        for place, column in enumerate(columns):
            figure.add_trace(
                go.Scatter(x=months["month"], y=100 * months[column], mode="lines", name=name, legendgroup=name,
                           showlegend=place == 0, line={"color": QUIET, "width": 1, "dash": dash}, hoverinfo="skip")
            )  # fmt: skip
    if len(cohorts):
        figure.add_trace(
            go.Scatter(x=cohorts["month"], y=100 * cohorts["rate"], mode="lines", name="By month of creation",
                       line={"color": CURRENT, "width": 1.5}, customdata=cohorts[["won", "deals", "still_open"]].to_numpy(),
                       hovertemplate="created %{x|%b %Y}: %{customdata[0]} of %{customdata[1]} closed were won, %{customdata[2]} open<extra></extra>")
        )  # fmt: skip
    symbols = ["circle" if done else "circle-open" for done in months["complete"]]
    figure.add_trace(
        go.Scatter(x=months["month"], y=100 * months["rate"], mode="lines+markers", name="By month of closing",
                   line={"color": SUGGESTED, "width": 2}, marker={"color": SUGGESTED, "size": 8, "symbol": symbols, "line": {"width": 2}},
                   customdata=months[["won", "deals"]].to_numpy(),
                   hovertemplate="closed %{x|%b %Y}: %{customdata[0]} of %{customdata[1]} (%{y:.1f} %)<extra></extra>")
    )  # fmt: skip
    figure.update_yaxes(title="Won, %")
    return _calm(figure, height=340, top=40)


def change_parts(terms: pd.DataFrame) -> Any:
    """One line per field and term: how many points of the change it makes, with its interval.

    `terms` as WinReport.terms or WinReport.young: field, term, change, low, high (points).
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    names_of = {"maturity": "Young deals", "mix": "Other kinds of deals", "rate": "Other rates"}
    for term, colour, symbol in (
        ("maturity", QUIET, "square"),
        ("mix", CURRENT, "diamond"),
        ("rate", SUGGESTED, "circle"),
    ):
        rows = terms[terms["term"] == term].iloc[::-1]
        if rows.empty:
            continue
        names = [f"{str(field).replace('_', ' ').capitalize()}, {term}" for field in rows["field"]]
        figure.add_trace(
            go.Scatter(x=rows["change"], y=names, mode="markers", name=names_of[term],
                       marker={"color": colour, "symbol": symbol, "size": 9},
                       error_x={"type": "data", "symmetric": False, "array": rows["high"] - rows["change"],
                                "arrayminus": rows["change"] - rows["low"], "color": colour, "thickness": 1.5, "width": 0},
                       hovertemplate="%{y}: %{x:+.1f} points<extra></extra>")
        )  # fmt: skip
    return _around_zero(figure, len(terms), "Points of the change")


def effects(values: pd.DataFrame) -> Any:
    """One line per value: its effect in points with the interval; filled where it stands its trials.

    `values` as Drivers.values.
    """
    import plotly.graph_objects as go

    rows = values.iloc[::-1]
    names = [
        f"{str(f).replace('_', ' ').capitalize()}: {v}"
        for f, v in zip(rows["field"], rows["value"], strict=True)
    ]
    figure = go.Figure(
        go.Scatter(x=rows["effect"], y=names, mode="markers",
                   marker={"color": SUGGESTED, "size": 9, "line": {"width": 2},
                           "symbol": ["circle" if found else "circle-open" for found in rows["found"]]},
                   error_x={"type": "data", "symmetric": False, "array": rows["effect_high"] - rows["effect"],
                            "arrayminus": rows["effect"] - rows["effect_low"], "color": QUIET, "thickness": 1.5, "width": 0},
                   hovertemplate="%{y}: %{x:+.1f} points<extra></extra>")
    )  # fmt: skip
    return _around_zero(figure, len(rows), "Points against otherwise alike deals")


def impact(segments: pd.DataFrame) -> Any:
    """One line per value of one field: wins missing against the average, with the interval.

    `segments`: rows of segment_table of one field.
    """
    import plotly.graph_objects as go

    rows = segments.iloc[::-1]
    figure = go.Figure(
        go.Scatter(x=rows["excess"], y=rows["value"], mode="markers", marker={"color": SUGGESTED, "size": 9},
                   error_x={"type": "data", "symmetric": False, "array": rows["excess_high"] - rows["excess"],
                            "arrayminus": rows["excess"] - rows["excess_low"], "color": SUGGESTED, "thickness": 1.5, "width": 0},
                   customdata=rows[["impact", "deals"]].to_numpy(),
                   hovertemplate="%{y}: %{x:.0f} wins missing, %{customdata[0]} of %{customdata[1]} lost<extra></extra>")
    )  # fmt: skip
    return _around_zero(figure, len(rows), "Wins missing against the average")


def stage_stays(stages: pd.DataFrame) -> Any:
    """One line per stage in order: days until half of its deals had left, with the interval; an open end runs to the edge.

    `stages` as StageFlow.stages; a stage that half have not left yet has no mark.
    """
    import plotly.graph_objects as go

    rows = stages[stages["median_days"].notna()].iloc[::-1]
    edge = 1.15 * float(rows[["median_days", "median_high"]].max().max()) if len(rows) else 1.0
    figure = go.Figure(
        go.Scatter(x=rows["median_days"], y=rows["stage"], mode="markers", marker={"color": SUGGESTED, "size": 9},
                   error_x={"type": "data", "symmetric": False, "array": rows["median_high"].fillna(edge) - rows["median_days"],
                            "arrayminus": rows["median_days"] - rows["median_low"].fillna(0), "color": SUGGESTED, "thickness": 1.5, "width": 0},
                   customdata=rows[["still_in", "entered"]].to_numpy(),
                   hovertemplate="%{y}: half have left after %{x:.0f} days, %{customdata[0]} of %{customdata[1]} are still there<extra></extra>")
    )  # fmt: skip
    figure.update_yaxes(type="category", title=None)
    figure.update_xaxes(title="Days until half have left", range=[0, edge])
    return _calm(figure, height=110 + 26 * len(rows), top=20)


def _around_zero(figure: Any, rows: int, title: str) -> Any:
    figure.add_vline(x=0, line_width=1, line_dash="dot", line_color=QUIET)
    figure.update_xaxes(title=title, zeroline=False)
    figure.update_yaxes(type="category", title=None)
    return _calm(figure, height=110 + 26 * rows, top=34)


def _calm(figure: Any, *, height: int, top: int) -> Any:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": top, "b": 8}, dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    return figure
