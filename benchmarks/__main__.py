"""Every benchmark in one run: each in a process of its own, one after another; one table, and a JSON file beside it.

    python -m benchmarks [NAME …]     # all, or those named: scoring export calibration growth …

A benchmark says its figures through benchmarks.ratios.tell. One that needs data outside the repository says that it is
skipped. Times of different runs are not compared with each other, only with the floor of the same run. Ends with 1 when
a benchmark failed or a figure is over its line.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ratios import COLLECT, Figure

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
HEAD = ("figure", "seconds", "floor", "ratio", "line", "", "the floor")


def names() -> list[str]:
    """The benchmarks there are, without `bench_`."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def measured(name: str) -> tuple[list[Figure], int, str]:
    """The figures of one benchmark, its exit code and all it printed."""
    with tempfile.TemporaryDirectory() as folder:
        collected = Path(folder) / "figures"
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.bench_{name}"],
            cwd=ROOT, env=os.environ | {COLLECT: str(collected)}, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        lines = collected.read_text("utf-8").splitlines() if collected.exists() else []
    return [Figure(**json.loads(line)) for line in lines], done.returncode, done.stdout


def table(figures: Sequence[Figure]) -> str:
    """One line per figure, and under it the reason where one is over its line."""
    rows: list[tuple[str, ...]] = [HEAD]
    for figure in figures:
        line = "" if figure.line is None else f"≤ {figure.line:g}"
        rows.append((figure.name, f"{figure.seconds:.4g}", f"{figure.floor:.4g}", f"{figure.ratio:.2f}", line,
                     figure.verdict, figure.floor_is))  # fmt: skip
    wide = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    told = []
    for place, row in enumerate(rows):
        cells = [
            cell.rjust(size) if 0 < column < 5 else cell.ljust(size)
            for column, (cell, size) in enumerate(zip(row, wide, strict=True))
        ]
        told.append("  ".join(cells).rstrip())
        if place and figures[place - 1].verdict == "over":
            told.append(f"    why: {figures[place - 1].why or 'not known'}")
    return "\n".join(told)


def main(wanted: Sequence[str]) -> int:
    """The exit code; the table is printed and the JSON file written."""
    if unknown := set(wanted) - set(names()):
        print(f"Known are {', '.join(names())}; got {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    failed, ran = [], {}
    for name in wanted or names():
        began = time.perf_counter()
        print(f"— {name} …", flush=True)
        found, code, said = measured(name)
        figures += found
        ran[name] = {
            "exit_code": code,
            "seconds": round(time.perf_counter() - began, 1),
            "said": said.splitlines(),
        }
        if code:
            failed.append(name)
        if code or not found:
            print("\n".join(f"  {line}" for line in said.splitlines()[-12:]))
    print(f"\n{table(figures)}\n")
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y%m%d-%H%M%S}.json"
    told = [figure._asdict() | {"ratio": figure.ratio, "verdict": figure.verdict} for figure in figures]
    run = {
        "at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "python": platform.python_version(), "cores": os.cpu_count(),
        "figures": told, "benchmarks": ran,
    }  # fmt: skip
    path.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", "utf-8")
    over = [figure for figure in figures if figure.verdict == "over"]
    lined = sum(figure.line is not None for figure in figures)
    print(f"{len(figures)} figures, {lined} with a line: {len(over)} over. Written to {path}.")
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed or over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
