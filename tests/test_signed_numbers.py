"""Differences carry the sign for minus (U+2212), and what rounds to nothing carries none."""

import re
from pathlib import Path

import pytest

from analytics.signed_numbers import signed

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("number", "digits", "told"),
    [(-6.31, 1, "\u22126.3"), (2.06, 1, "+2.1"), (-0.04, 1, "0.0"), (0.04, 1, "0.0"), (1234.5, 1, "+1,234.5"), (-3.0, 0, "\u22123"),
     (0.0, 0, "0"), (float("nan"), 1, "–"), (None, 1, "–")],
)  # fmt: skip
def test_a_difference_has_its_sign(number: float | None, digits: int, told: str) -> None:
    assert signed(number, digits) == told


def test_no_sentence_writes_a_hyphen_for_minus() -> None:
    # A format such as {points:+.1f} writes a hyphen; only the one place that turns it into a minus may use it.
    files = [
        *ROOT.glob("*.py"),
        *(ROOT / "analytics").glob("*.py"),
        *(ROOT / "views").glob("*.py"),
        *(ROOT / "pages").glob("*.py"),
    ]
    hyphens = [
        file.name for file in files if re.search(r":\+[,.\d]*[fdg%]\}", file.read_text(encoding="utf-8"))
    ]
    assert hyphens == []
