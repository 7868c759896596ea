"""One way to say a figure: how long, beside which floor of the same run, and at most how many times as long."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

COLLECT = "HADES_BENCH_FIGURES"  # names the file in which a run of all benchmarks collects what they tell


class Figure(NamedTuple):
    """What was measured. `seconds` and `floor` come from the same run; `floor_is` says what the floor does.

    `line`: at most so many times the floor; None where nothing was promised. `why`: the reason, should it be over.
    `measured`: the ratio, where it is not seconds / floor but the median over neighbouring turns.
    """

    name: str
    seconds: float
    floor: float
    line: float | None
    floor_is: str
    why: str = ""
    measured: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as long as the floor."""
        return self.seconds / self.floor if self.measured is None else self.measured

    @property
    def verdict(self) -> str:
        """`under`, `over`, or nothing where there is no line."""
        return "" if self.line is None else "over" if self.ratio > self.line else "under"


def tell(figure: Figure) -> None:
    """Nothing; the figure is printed, and kept where a run of all benchmarks collects them."""
    line = "" if figure.line is None else f", at most {figure.line:g}: {figure.verdict}"
    print(
        f"{figure.name}: {figure.seconds:.4g} s, {figure.ratio:.2f} × {figure.floor_is} ({figure.floor:.4g} s){line}",
        flush=True,
    )
    if path := os.environ.get(COLLECT):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(figure._asdict()) + "\n")
