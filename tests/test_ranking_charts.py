"""The picture of a ranking: the marks stand where the ranks say."""

from __future__ import annotations

import pandas as pd

from analytics.ranking import ranking_change
from analytics.ranking_charts import rank_slopes


def test_lines_run_from_the_rank_now_to_the_rank_then() -> None:
    # 90 80 70 60 → 90 50 70 95: lead 3 enters from rank 4 to 1, lead 1 leaves from 2 to 4, lead 0 stays 1 to 2.
    current, suggested = (pd.Series(v, dtype="Int64") for v in ([90, 80, 70, 60], [90, 50, 70, 95]))
    table = ranking_change(current, suggested, top=2).table
    figure = rank_slopes(table, pd.Series(["Oak", "Elm", "Ash", "Fir"]), top=2)
    stays, leaves, enters = figure.data
    assert (list(stays.y), list(leaves.y), list(enters.y)) == ([1, 2, None], [2, 4, None], [4, 1, None])
    assert list(enters.x) == ["Now", "Then", None]
    assert set(leaves.text) == {"Elm"}
    assert leaves.line.dash == "dash"  # told apart without colour
    assert figure.layout.shapes[0].y0 == 2.5


def test_an_excluded_lead_has_no_line() -> None:
    current, suggested = (pd.Series(v, dtype="Int64") for v in ([90, None], [None, 80]))
    figure = rank_slopes(ranking_change(current, suggested, top=1).table, pd.Series(["Oak", "Elm"]), top=1)
    assert [len(trace.x) for trace in figure.data] == [0, 0, 0]
