"""How right the scores were: what they promised beside what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from analytics.accuracy_report import ALL
from scripts.command import run
from scripts.judged import tell


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """As scripts.judged.tell gives it."""
    return tell(
        "scripts.analyze_model_accuracy", __doc__ or "", argv, title="Accuracy of the scores", side=ALL
    )


if __name__ == "__main__":
    sys.exit(run(main))
