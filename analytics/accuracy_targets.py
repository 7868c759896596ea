"""Targets for fewer false positives and negatives, and how far each confidence is from its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analytics.accuracy import CONFIDENCES
from errors import ConfigError

KINDS = ("false_positives", "false_negatives")
REACHED, MISSED, OPEN = "reached", "missed", "cannot tell yet"
_SHIPPED = Path(__file__).resolve().parents[1] / "config" / "accuracy.yaml"


@dataclass(frozen=True)
class AccuracyRules:
    """accuracy.yaml: the score from which a lead counts as promised, and confidence → kind → highest share (0–1)."""

    high_score: float
    targets: Mapping[str, Mapping[str, float]]


def read_accuracy_rules(config_dir: Path) -> AccuracyRules:
    """The rules of accuracy.yaml in `config_dir`, of the shipped one where it has none; ConfigError names the key."""
    path = config_dir / "accuracy.yaml"
    try:
        data = yaml.safe_load((path if path.exists() else _SHIPPED).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            "config/accuracy.yaml was expected to be YAML, but cannot be read. Mend it."
        ) from error
    data = data if isinstance(data, dict) else {}
    high = data.get("high_score")
    if isinstance(high, bool) or not isinstance(high, int | float) or not 0 <= high <= 100:
        raise ConfigError(
            f"high_score of config/accuracy.yaml was expected to be a number from 0 to 100, got {high!r}."
        )
    targets = data.get("targets") or {}
    if not isinstance(targets, dict) or set(targets) - set(CONFIDENCES):
        raise ConfigError(
            f"targets of config/accuracy.yaml were expected under {', '.join(CONFIDENCES)}. Mend the names."
        )
    return AccuracyRules(float(high), {name: _shares(name, rules) for name, rules in targets.items()})


def targets_table(confidences: pd.DataFrame, rules: AccuracyRules) -> pd.DataFrame:
    """One row per confidence and kind with a target: confidence, kind, of (cases it is a share of), share, low, high
    (0–1, missing without cases), target, status (reached, missed, cannot tell yet).

    `confidences` is that of an Accuracy.
    """
    rows = []
    for row in confidences.to_dict("records"):
        for kind, ends, of in (
            ("false_positives", ("fp_low", "fp_high"), "called"), ("false_negatives", ("fn_low", "fn_high"), "hits"),
        ):  # fmt: skip
            target = rules.targets.get(row["confidence"], {}).get(kind)
            if target is None:
                continue
            low, high = row[ends[0]], row[ends[1]]
            status = REACHED if high <= target else MISSED if low > target else OPEN
            status = status if row[of] else OPEN
            rows.append(
                (row["confidence"], kind.replace("_", " "), row[of], row[kind], low, high, target, status)
            )
    return pd.DataFrame(
        rows, columns=["confidence", "kind", "of", "share", "low", "high", "target", "status"]
    )


def _shares(name: str, rules: Any) -> dict[str, float]:
    if not isinstance(rules, dict) or set(rules) - set(KINDS):
        raise ConfigError(
            f"targets.{name} of config/accuracy.yaml was expected to have {' and '.join(KINDS)}."
        )
    for kind, share in rules.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise ConfigError(
                f"targets.{name}.{kind} of config/accuracy.yaml was expected to be a share above 0 and up to 1, got {share!r}."
            )
    return {kind: float(share) for kind, share in rules.items()}
