"""The rows of one dimension of a calibration run as an HTML table with the picture in it: rates with intervals, scores
in force and suggested, line by line.

A page draws dozens of such lines at once; as plain boxes they stand in a tenth of the time that a charting library takes,
follow the theme's text, are read out as a table, and need no toolbar. Every text is escaped.
"""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from analytics.charts import CURRENT, QUIET, SUGGESTED

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)  # of the axis of rates
_MOST_TICKS = 6
# Where the screen is narrow, a row takes two lines: its name with the verdict, and below them its numbers and marks.
_STYLE = f"""<style>
.row-picture{{width:100%;border-collapse:collapse;font-size:.875rem;line-height:1.25}}
.row-picture caption{{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}}
.row-picture th,.row-picture td{{text-align:left;font-weight:400;padding:0 .75rem 0 0;white-space:nowrap}}
.row-picture thead th{{font-weight:600;padding-bottom:.35rem}}
.row-picture tbody th{{min-width:16rem;max-width:16rem;white-space:normal;line-height:1.15}}
.row-picture .number{{text-align:right;font-variant-numeric:tabular-nums}}
.row-picture .mark{{padding:0}}
.row-picture .track{{position:relative;height:1.6rem;margin:0 1rem 0 .6rem}}
.row-picture .track i{{position:absolute;font-style:normal}}
.row-picture tfoot .track{{height:1.4rem;border-top:1px solid {QUIET};font-size:.8rem}}
.row-picture tfoot i{{top:.15rem;transform:translateX(-50%)}}
.row-picture .all{{top:0;bottom:0;border-left:1px dotted {QUIET}}}
.row-picture .span,.row-picture .way{{top:50%;height:2px;margin-top:-1px;background:{SUGGESTED}}}
.row-picture .way{{background:{QUIET}}}
.row-picture .dot,.row-picture .ring{{top:50%;width:.6rem;height:.6rem;margin:-.3rem 0 0 -.3rem;border-radius:50%}}
.row-picture .dot{{background:{SUGGESTED}}}
.row-picture .ring{{border:2px solid {CURRENT};box-sizing:border-box;width:.7rem;height:.7rem;margin:-.35rem 0 0 -.35rem}}
.row-picture .key{{display:inline-block;margin:0 .35rem 0 .7rem;vertical-align:-.05rem}}
.row-picture .interval{{width:38%}}
.row-picture .move{{font-weight:600}}
@media (max-width:640px){{.row-picture .wide{{display:none}}.row-picture,.row-picture thead,.row-picture tbody,.row-picture tfoot{{display:block}}
.row-picture tr{{display:grid;grid-template-columns:5.6rem 3.2rem minmax(0,1fr);align-items:center;padding:.2rem 0}}
.row-picture .scored tr{{grid-template-columns:5.6rem 3.2rem minmax(0,1.2fr) minmax(0,1fr)}}
.row-picture .name{{grid-column:1/-1;min-width:0!important;max-width:none!important}}.row-picture .scored .name{{grid-column:1/4}}
.row-picture .verdict{{text-align:right;padding:0}}.row-picture .number{{text-align:left;padding-right:.4rem}}
.row-picture .track{{margin:0 1.2rem 0 .6rem}}.row-picture tfoot .rates{{grid-column:3}}}}
</style>"""


def row_picture(rows: pd.DataFrame, *, overall_rate: float | None, title: str) -> str:
    """The HTML of the table, one line per row in the order given; rows without a rate are left out, none gives "".

    `rows` has value (text for people), verdict, leads, deliveries, rate, low, high (0–1), current and suggested (0–100,
    missing where there is none). Without a score in any row only rates are drawn. The dotted line is `overall_rate`.
    `title` says what it shows to whoever does not see it.
    """
    shown = rows[rows["rate"].notna()]
    if shown.empty:
        return ""
    scored = bool(shown["current"].notna().any())
    longest = float(max(shown["high"].max(), overall_rate or 0.0))
    step = next((step for step in _STEPS if longest / step <= _MOST_TICKS), _STEPS[-1])
    end = step * -(-longest // step) or step
    lines = "".join(_line(row, overall_rate, end, scored) for row in shown.to_dict("records"))
    body = ' class="scored"' if scored else ""
    return (
        f'{_STYLE}<table class="row-picture"><caption>{escape(title)}</caption>{_head(scored)}<tbody{body}>{lines}</tbody>'
        f"{_axes(step, end, scored)}</table>"
    )


def _head(scored: bool) -> str:
    scores = (
        '<th scope="col">Score<span class="wide"><i class="ring key"></i>in force<i class="dot key"></i>suggested</span></th>'
        '<th scope="col" class="number wide"></th>'
    )
    return (
        f'<thead{" class=scored" if scored else ""}><tr><th scope="col" class="name">Value</th>'
        f"{'<th scope=col class=verdict>Verdict</th>' if scored else ''}"
        '<th scope="col" class="number">Delivered</th><th scope="col" class="number">Rate</th>'
        f'<th scope="col" class="interval">95 % interval</th>{scores if scored else ""}</tr></thead>'
    )


def _axes(step: float, end: float, scored: bool) -> str:
    """The axes, which nobody needs to hear read out."""
    ticks = [number * step for number in range(round(end / step) + 1)]
    rates = "".join(
        f'<i{"" if tick in (ticks[0], ticks[-1]) else " class=wide"} style="left:{100 * tick / end:.1f}%">{100 * tick:.0f} %</i>'
        for tick in ticks
    )
    scores = "".join(
        f'<i{" class=wide" if number == 50 else ""} style="left:{number}%">{number}</i>'
        for number in (0, 50, 100)
    )
    blank = '<td class="wide"></td>'
    return (
        f'<tfoot aria-hidden="true"{" class=scored" if scored else ""}><tr>{blank}{blank if scored else ""}{blank}{blank}'
        f'<td class="mark rates"><div class="track">{rates}</div></td>'
        + (f'<td class="mark"><div class="track">{scores}</div></td><td class="wide"></td>' if scored else "")
        + "</tr></tfoot>"
    )


def _line(row: dict[Any, Any], overall_rate: float | None, end: float, scored: bool) -> str:
    """One row of the table."""
    name, word = escape(str(row["value"])), escape(str(row["verdict"]))
    rate, low, high = (100 * float(row[column]) / end for column in ("rate", "low", "high"))
    interval = f"{100 * row['low']:.1f}–{100 * row['high']:.1f} %"
    line = "" if overall_rate is None else f'<i class="all" style="left:{100 * overall_rate / end:.2f}%"></i>'
    verdict = f'<td class="verdict{" move" if word == "move" else ""}">{word}</td>' if scored else ""
    return (
        f'<tr><th scope="row" class="name" title="{name}">{name}</th>{verdict}'
        f'<td class="number">{row["deliveries"]:,} of {row["leads"]:,}</td><td class="number">{100 * row["rate"]:.1f} %</td>'
        f'<td class="mark" title="{interval}"><div class="track" role="img" aria-label="{interval}">{line}'
        f'<i class="span" style="left:{low:.2f}%;width:{high - low:.2f}%"></i><i class="dot" style="left:{rate:.2f}%"></i>'
        f"</div></td>{_scores(row) if scored else ''}</tr>"
    )


def _scores(row: dict[Any, Any]) -> str:
    """The two cells of the scores: the marks, and the numbers."""
    now, then = (None if pd.isna(row[column]) else int(row[column]) for column in ("current", "suggested"))
    marks = ""
    if now is not None and then is not None:
        marks = f'<i class="way" style="left:{min(now, then)}%;width:{abs(then - now)}%"></i>'
    if then is not None:
        marks += f'<i class="dot" style="left:{then}%"></i>'
    if now is not None:
        marks += f'<i class="ring" style="left:{now}%"></i>'
    said = "" if now is None else f"{now}" if then in (None, now) else f"{now} → {then}"
    told = said or "no score"
    return (
        f'<td class="mark"><div class="track" role="img" aria-label="{told}">{marks}</div></td>'
        f'<td class="number wide">{said}</td>'
    )
