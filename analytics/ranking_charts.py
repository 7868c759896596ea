"""The picture of a ranking before and after."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.charts import CURRENT, QUIET, SUGGESTED, _calm
from analytics.ranking import ENTERS, LEAVES, STAYS

MOST_LINES = 40  # of each kind; the table has them all


def rank_slopes(table: pd.DataFrame, names: pd.Series, *, top: int) -> Any:
    """One line per lead from its rank now (left) to its rank then (right), the line below the last call dotted.

    `table` as analytics.ranking.RankingChange.table, `names` aligned with it. Drawn are leads that enter (solid, with
    a full dot) and leave (dashed, with an open one), and quietly some that stay; excluded ones have no line.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    ranked = table[table["rank_current"].notna() & table["rank_suggested"].notna()]
    for change, colour, dash, symbol, label in (
        (STAYS, QUIET, "solid", "circle", None),
        (LEAVES, CURRENT, "dash", "circle-open", "Drops out"),
        (ENTERS, SUGGESTED, "solid", "circle", "Comes in"),
    ):
        some = ranked[ranked["change"] == change].nsmallest(MOST_LINES, "rank_suggested")
        lines: list[list[Any]] = [[], [], []]
        told = zip(some["rank_current"], some["rank_suggested"], names.loc[some.index], strict=True)
        for now, then, name in told:
            for x, y in (("Now", now), ("Then", then), (None, None)):
                lines[0].append(x)
                lines[1].append(None if y is None else int(y))
                lines[2].append(name)
        figure.add_trace(
            go.Scatter(
                x=lines[0], y=lines[1], text=lines[2], mode="lines" if label is None else "lines+markers", name=label or "Stays",
                line={"color": colour, "width": 1 if label is None else 2, "dash": dash}, showlegend=label is not None,
                marker={"symbol": symbol, "size": 7, "line": {"width": 2}}, opacity=0.35 if label is None else 1,
                hovertemplate="%{text}: %{x} rank %{y}<extra></extra>", connectgaps=False,
            )
        )  # fmt: skip
    if top:
        figure.add_hline(y=top + 0.5, line_width=1, line_dash="dot", line_color=QUIET)
    figure.update_xaxes(type="category", categoryarray=["Now", "Then"], range=[-0.08, 1.08], title=None)
    figure.update_yaxes(autorange="reversed", title="Rank", rangemode="nonnegative", zeroline=False)
    return _calm(figure, height=420, top=34)
