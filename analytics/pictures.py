"""Pictures as HTML from finished numbers: lines with intervals, and a plane of lines and marks. No calculation beyond placing.

Plain boxes stand in a twentieth of the time that a charting library takes, follow the theme's text and the width of the
screen, and need no toolbar. Each mark says its numbers when pointed at; the table beside the picture has them for everybody.
Every text is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import pandas as pd

from analytics.charts import QUIET, SUGGESTED

_STEPS = (1, 2, 5, 10)
_IN_ADDRESS = str.maketrans({sign: f"%{ord(sign):02X}" for sign in '%#<>"'})
_STYLE = f"""<style>
.picture{{font-size:.875rem;line-height:1.2;padding-top:.4rem}}
.picture i{{position:absolute;font-style:normal}}
.picture .keys{{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;padding-bottom:.5rem}}
.picture .keys i{{position:static;display:inline-block;margin:0 .4rem 0 0}}
.picture .keys .line{{width:1.4rem;height:0;vertical-align:.25rem}}
.picture .dot,.picture .ring,.picture .square,.picture .diamond{{width:.6rem;height:.6rem;margin:-.3rem 0 0 -.3rem;box-sizing:border-box;background:var(--ink)}}
.picture .dot,.picture .ring{{border-radius:50%}}
.picture .ring{{background:none;border:2px solid var(--ink)}}
.picture .diamond{{transform:rotate(45deg) scale(.9)}}
.picture .span{{background:var(--ink)}}
.picture .rows{{display:grid;grid-template-columns:fit-content(16rem) auto 1fr;align-items:center;row-gap:1px}}
.picture .rows>*{{min-width:0}}
.picture .name{{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;padding-right:.75rem}}
.picture .told{{white-space:nowrap;text-align:right;padding:0 .75rem 0 .5rem;font-variant-numeric:tabular-nums}}
.picture .track,.picture .axis{{position:relative;height:1.6rem;margin:0 .9rem}}
.picture .track i{{top:50%}}
.picture .track .span{{height:2px;margin-top:-1px}}
.picture .track .all{{top:-1px;bottom:-1px;border-left:1px dotted {QUIET}}}
.picture .axis{{height:2.6rem;border-top:1px solid {QUIET};font-size:.8rem;text-align:center}}
.picture .axis i{{top:.2rem;transform:translateX(-50%);white-space:nowrap}}
.picture .axis .title{{top:1.3rem;left:50%}}
.picture .plane{{position:relative;margin:.5rem .9rem 2.8rem 3.2rem}}
.picture .plane img{{position:absolute;inset:0;width:100%;height:100%;max-width:none}}
.picture .plane .across{{left:0;right:0;border-top:1px solid {QUIET};opacity:.35}}
.picture .plane .y{{right:100%;margin-right:.5rem;transform:translateY(-50%);font-size:.8rem}}
.picture .plane .x{{top:100%;margin-top:.35rem;transform:translateX(-50%);font-size:.8rem;white-space:nowrap}}
.picture .plane .span{{width:2px;margin-left:-1px}}
.picture .plane .title{{top:100%;margin-top:1.6rem;left:50%;transform:translateX(-50%);font-size:.8rem;white-space:nowrap}}
@media (max-width:640px){{.picture .rows{{grid-template-columns:fit-content(40%) auto 1fr}}.picture .x.odd{{display:none}}}}
</style>"""


class Look(NamedTuple):
    """How marks of a kind look; shape: dot, ring (hollow), square or diamond. A label puts it into the legend."""

    colour: str = SUGGESTED
    shape: str = "dot"
    label: str = ""


class Axis(NamedTuple):
    """From where to where, the places with their labels, and the title."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    title: str

    def share(self, value: float) -> float:
        """Where the value lies between both ends, 0 to 100."""
        return 100 * (float(value) - self.low) / (self.high - self.low)


class Line(NamedTuple):
    """A line through points, broken where y is missing; dash: solid, dotted or dashed. A label puts it into the legend."""

    points: Sequence[tuple[float, float]]
    colour: str
    dash: str = "solid"
    label: str = ""


class Mark(NamedTuple):
    """A mark in a plane, with the upright interval where it has one, and what it says when pointed at."""

    x: float
    y: float
    told: str
    low: float = float("nan")
    high: float = float("nan")
    look: Look = Look()


def axis(low: float, high: float, title: str, *, most: int = 6) -> Axis:
    """An axis over at least these values whose ticks are round numbers, at most `most` + 1 of them."""
    high = high if high > low else low + 1.0
    spread = high - low
    scale = 10.0 ** _floor_log(spread / most)
    step = next(scale * one for one in _STEPS if spread / (scale * one) <= most)
    first, last = _down(low / step), -_down(-high / step)
    ticks = [(place * step, _short(place * step)) for place in range(first, max(last, first + 1) + 1)]
    return Axis(ticks[0][0], ticks[-1][0], ticks, title)


def interval_picture(
    rows: pd.DataFrame,
    *,
    alt: str,
    title: str,
    value: Callable[[float], str],
    reference: float | None = None,
    looks: Mapping[str, Look] | None = None,
) -> str:
    """The HTML of one line per row, from the top: its name, its number, and a mark with its interval; "" without a row.

    `rows` has name (text), at, low, high (numbers in the unit of the axis; an end that is missing runs to the edge, a row
    without `at` is left out), told (text shown when pointed at), and look (a key of `looks`) where marks differ. `value`
    writes the number. The dotted line is `reference`, which is always inside. `alt` stands for the picture.
    """
    shown = rows[rows["at"].notna()]
    if shown.empty:
        return ""
    known = looks or {}
    numbers = shown[["at", "low", "high"]].astype("float64")
    ends = [float(numbers.min().min()), float(numbers.max().max())]
    across = axis(min([*ends, *([] if reference is None else [reference])]),
                  max([*ends, *([] if reference is None else [reference])]), title)  # fmt: skip
    line = "" if reference is None else f'<i class="all" style="left:{across.share(reference):.2f}%"></i>'
    cells = []
    for row, at, low, high in zip(
        shown.to_dict("records"), numbers["at"], numbers["low"], numbers["high"], strict=True
    ):
        look = known.get(str(row.get("look")), Look())
        left = 0.0 if pd.isna(low) else across.share(low)
        right = 100.0 if pd.isna(high) else across.share(high)
        told, name = escape(str(row["told"])), escape(str(row["name"]))
        cells.append(
            f'<span class="name" title="{told}">{name}</span><span class="told">{escape(value(at))}</span>'
            f'<div class="track" title="{told}" style="--ink:{look.colour}">{line}'
            f'<i class="span" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
            f'<i class="{look.shape}" style="left:{across.share(at):.2f}%"></i></div>'
        )
    ticks = "".join(
        f'<i style="left:{across.share(place):.2f}%">{escape(text)}</i>' for place, text in across.ticks
    )
    cells.append(f'<b></b><b></b><div class="axis">{ticks}<i class="title">{escape(title)}</i></div>')
    return _whole(alt, _keys(list(known.values()), []) + f'<div class="rows">{"".join(cells)}</div>')


def plane_picture(
    *, alt: str, x: Axis, y: Axis, lines: Sequence[Line], marks: Sequence[Mark], height: int, looks: Sequence[Look] = ()
) -> str:  # fmt: skip
    """The HTML of lines and marks between two axes; `looks`: those of marks that the legend names."""
    cells = []
    for place, text in y.ticks:
        up = 100 - y.share(place)
        cells.append(
            f'<i class="across" style="top:{up:.2f}%"></i><i class="y" style="top:{up:.2f}%">{escape(text)}</i>'
        )
    for number, (place, text) in enumerate(x.ticks):
        odd = " odd" if number % 2 else ""
        cells.append(f'<i class="x{odd}" style="left:{x.share(place):.2f}%">{escape(text)}</i>')
    drawn = "".join(_drawn(line, x, y) for line in lines)
    if drawn:  # Streamlit's cleaning of HTML leaves no SVG but in an image
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none">{drawn}</svg>'
        cells.append(f'<img alt="" src="data:image/svg+xml,{svg.translate(_IN_ADDRESS)}">')
    for mark in marks:
        left, up = x.share(mark.x), 100 - y.share(mark.y)
        told = escape(mark.told)
        if not (pd.isna(mark.low) or pd.isna(mark.high)):
            top, end = 100 - y.share(mark.high), 100 - y.share(mark.low)
            cells.append(f'<i class="span" style="--ink:{mark.look.colour};left:{left:.2f}%;top:{top:.2f}%;height:{end - top:.2f}%"></i>')  # fmt: skip
        cells.append(f'<i class="{mark.look.shape}" title="{told}" style="--ink:{mark.look.colour};left:{left:.2f}%;top:{up:.2f}%"></i>')  # fmt: skip
    cells.append(f'<i class="title">{escape(x.title)}</i>')
    keys = _keys(looks, [line for line in lines if line.label])
    over = f'<div style="font-size:.8rem">{escape(y.title)}</div>'
    return _whole(alt, f'{keys}{over}<div class="plane" style="height:{height}px">{"".join(cells)}</div>')


def _drawn(line: Line, x: Axis, y: Axis) -> str:
    """The parts of a line, one polyline for each stretch without a gap."""
    dash = {"solid": "", "dotted": ' stroke-dasharray="1 3"', "dashed": ' stroke-dasharray="6 4"'}[line.dash]
    parts: list[list[str]] = [[]]
    for across, up in line.points:
        if pd.isna(up):
            parts.append([])
        else:
            parts[-1].append(f"{x.share(across):.2f},{100 - y.share(up):.2f}")
    return "".join(
        f'<polyline points="{" ".join(part)}" fill="none" stroke="{line.colour}" stroke-width="1.5"{dash} vector-effect="non-scaling-stroke"/>'
        for part in parts if part
    )  # fmt: skip


def _keys(looks: Sequence[Look], lines: Sequence[Line]) -> str:
    told = [f'<span><i class="{look.shape}" style="--ink:{look.colour}"></i>{escape(look.label)}</span>' for look in looks if look.label]  # fmt: skip
    told += [f'<span><i class="line" style="border-top:2px {line.dash} {line.colour}"></i>{escape(line.label)}</span>' for line in lines]  # fmt: skip
    return f'<div class="keys">{"".join(told)}</div>' if told else ""


def _whole(alt: str, content: str) -> str:
    return f'{_STYLE}<div class="picture" role="img" aria-label="{escape(alt)}">{content}</div>'


def _down(number: float) -> int:
    return int(number // 1) if abs(number - round(number)) > 1e-9 else round(number)


def _floor_log(number: float) -> int:
    return int(f"{number:e}".split("e")[1])


def _short(number: float) -> str:
    told = f"{number:,.0f}" if abs(number - round(number)) < 1e-9 else f"{number:g}"
    return told.replace("-", "−")
