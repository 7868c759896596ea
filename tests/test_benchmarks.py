"""How a run of all benchmarks says its figures; the figures themselves are measured by `make bench`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from benchmarks.__main__ import main, names, table
from benchmarks.bench_pages import Click, Seen, reason
from benchmarks.furniture import again_at, keep
from benchmarks.page_session import Sent
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


def sent_page() -> Sent:
    """A page of a title, a sentence and a link."""
    messages = [ForwardMsg() for _ in range(3)]
    for place, message in enumerate(messages):
        message.metadata.delta_path.extend([0, place])
    messages[0].delta.new_element.heading.body = "Insights"
    messages[1].delta.new_element.markdown.body = "Nothing changed."
    messages[2].delta.new_element.page_link.label = "Home"
    return Sent(messages, 0.02)


def test_the_elements_of_a_page_are_sent_again_and_without_a_kind(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    script = tmp_path / "pages" / f"{again_at('Insights')}.py"
    keep(sent_page(), tmp_path, "Insights")
    whole = AppTest.from_file(str(script)).run()
    assert not whole.exception
    assert [text.value for text in whole.markdown] == ["Nothing changed."]
    keep(sent_page(), tmp_path, "Insights", without=("markdown",))
    assert not AppTest.from_file(str(script)).run().markdown


def test_a_page_over_its_line_says_where_its_time_goes() -> None:
    sent = sent_page()
    seen = Seen(sent, 0.03, 0.05, [Click(250, 90)] * 3, [Click(300, 99)] * 3, [Click(200, 70)] * 3, {})
    told = reason(seen, Click(100, 40))
    assert told.startswith(
        "3 elements, 0 KiB, 0 data grids, 0 pictures: a script that only sends them takes 2.0 ×"
    )
    assert "adds +0.5 × (30 ms in the server)" in told
