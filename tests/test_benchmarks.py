"""How a run of all benchmarks says its figures; the figures themselves are measured by `make bench`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main, names, table
from benchmarks.ratios import COLLECT, Figure, tell


def test_a_figure_is_under_or_over_its_line_by_its_ratio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    under = Figure("export", 1.2, 1.0, 1.5, "a bare insert")
    over = Figure("page", 0.5, 0.1, 2.0, "an empty page", "drawn by the browser")
    turns = Figure("query", 1.0, 1.0, 1.1, "a bare query", measured=1.2)
    free = Figure("training", 3.0, 1.0, None, "boosting")
    assert [f.verdict for f in (under, over, turns, free)] == ["under", "over", "over", ""]
    assert over.ratio == pytest.approx(5)
    monkeypatch.setenv(COLLECT, str(tmp_path / "figures"))
    tell(under)
    tell(over)
    kept = [Figure(**json.loads(line)) for line in (tmp_path / "figures").read_text("utf-8").splitlines()]
    assert kept == [under, over]
    assert "1.20 × a bare insert (1 s), at most 1.5: under" in capsys.readouterr().out
    told = table([under, over, free]).splitlines()
    assert len(told) == 5  # a head, three figures, and why one of them is over
    assert told[3].strip() == "why: drawn by the browser"


def test_a_benchmark_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert {"pages", "together", "growth", "remote", "scoring", "export", "calibration"} <= set(names())
    assert main(["nonsense"]) == 2
    assert "got nonsense" in capsys.readouterr().err
