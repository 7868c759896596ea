"""The cases that failed: high scores that came to nothing, misleading parts, patterns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from analytics.accuracy_report import LOST
from scripts.command import run
from scripts.judged import tell


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """As scripts.judged.tell gives it."""
    return tell("scripts.closed_lost_analysis_report", __doc__ or "", argv, title="Closed lost", side=LOST)


if __name__ == "__main__":
    sys.exit(run(main))
