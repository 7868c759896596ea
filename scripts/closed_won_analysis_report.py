"""The cases that came off: what the score had said of them, and what they have in common."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from analytics.accuracy_report import WON
from scripts.command import run
from scripts.judged import tell


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """As scripts.judged.tell gives it."""
    return tell("scripts.closed_won_analysis_report", __doc__ or "", argv, title="Closed won", side=WON)


if __name__ == "__main__":
    sys.exit(run(main))
