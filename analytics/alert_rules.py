"""Rules that say when somebody is told, what they would have said, and how often they would be wrong.

What a rule looks at stands in analytics.alert_looks; windows follow each other without overlap, so that looks are
independent and their false alarms multiply out. Live and replay go through the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml

from analytics.alert_looks import TESTED, AlertRule, Seen, looked_at, looks
from errors import ConfigError

STALE_DATA, FAILED_SYNC, DATA_QUALITY, MODEL_BEHIND = (
    "stale data",
    "failed sync",
    "data quality",
    "model behind",
)
KINDS = (*TESTED, STALE_DATA, FAILED_SYNC, DATA_QUALITY, MODEL_BEHIND)
DIRECTIONS = ("fall", "rise", "both")
FIELDS = ("region", "industry", "product", "lead_source", "owner")
_SHIPPED = Path(__file__).resolve().parents[1] / "config" / "alerts.yaml"


class Finding(NamedTuple):
    """What a rule sees: the subject, and a sentence about it."""

    subject: str
    sentence: str


class Fired(NamedTuple):
    """An alert that a replay would have opened: day, subject, sentence."""

    day: date
    subject: str
    sentence: str


def read_alert_rules(config_dir: Path) -> list[AlertRule]:
    """The rules in alerts.yaml, the shipped one where the folder has none; ConfigError names the rule that does not fit."""
    path = config_dir / "alerts.yaml"
    try:
        said = yaml.safe_load((path if path.exists() else _SHIPPED).read_text("utf-8"))
        entries = list(said["rules"])
    except (OSError, yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ConfigError(
            "alerts.yaml was expected to have a list under 'rules'. Check its spaces and quotes."
        ) from error
    rules = [_rule(entry, place) for place, entry in enumerate(entries, 1)]
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        raise ConfigError("Two rules of alerts.yaml have the same name. Rename one of them.")
    return rules


def findings(rule: AlertRule, seen: Seen, *, day: date) -> list[Finding]:
    """What a rule that tests sees on `day`; too little to look at shows nothing."""
    return [Finding(look.subject, look.sentence) for look in looks(rule, seen, day=day) if look.fires]


def false_alarm_rate(rule: AlertRule, seen: Seen, *, day: date) -> tuple[float, float] | None:
    """(per look, per year): how often the rule would open an alert in unchanged times, with as much to look at as on
    `day`; None for rules that test nothing, and while there is too little to look at.

    Per look: over all subjects together. Per year: at least one in 365 / days looks.
    """
    found = looks(rule, seen, day=day) if rule.kind in TESTED else []
    if not found:
        return None
    quiet = float(np.prod([1 - look.chance for look in found]))
    return 1 - quiet, 1 - quiet ** (365 / rule.days)


def changes(
    rule: AlertRule,
    findings: Sequence[Finding],
    open_subjects: Mapping[str, date],
    closed: Mapping[str, date],
    day: date,
) -> tuple[list[Finding], list[str]]:
    """(to open, subjects to close) on `day`: the one step that live and replay share.

    open_subjects: subject → day it opened; closed: subject → day it last closed, within whose cooldown it stays quiet.
    """
    seen = {finding.subject for finding in findings}
    quiet = {subject for subject, last in closed.items() if day < last + timedelta(days=rule.cooldown_days)}
    fresh = [f for f in findings if f.subject not in open_subjects and f.subject not in quiet]
    return fresh, [subject for subject in open_subjects if subject not in seen]


def replay(rule: AlertRule, seen: Seen, *, until: date, days: int = 365) -> list[Fired]:
    """The alerts that a rule which tests would have opened day by day in the last `days` until `until`."""
    fired: list[Fired] = []
    open_subjects: dict[str, date] = {}
    closed: dict[str, date] = {}
    kept: dict[date, list[Finding]] = {}
    for back in range(days - 1, -1, -1):
        day = until - timedelta(days=back)
        upto = looked_at(rule, day)
        if upto not in kept:
            kept[upto] = findings(rule, seen, day=day)
        fresh, gone = changes(rule, kept[upto], open_subjects, closed, day)
        for subject in gone:
            del open_subjects[subject]
            closed[subject] = day
        for finding in fresh:
            open_subjects[finding.subject] = day
            fired.append(Fired(day, *finding))
    return fired


def overview(rules: Sequence[AlertRule], seen: Seen, *, day: date) -> pd.DataFrame:
    """One row per rule: rule, on (bool), looks_at, per_year (0–1: how often chance alone makes it fire in a year; missing
    for rules that test nothing and while there is too little to look at), last_year (alerts that the last 365 days would
    have opened; missing for rules that test nothing), told (who, comma-separated).
    """
    rows = []
    for rule in rules:
        tests = rule.kind in TESTED
        rate = false_alarm_rate(rule, seen, day=day)
        rows.append((
            rule.name, rule.active, rule.kind + (f" by {rule.field.replace('_', ' ')}" if rule.field else ""),
            rate[1] if rate else None, len(replay(rule, seen, until=day)) if tests else None, ", ".join(rule.tell),
        ))  # fmt: skip
    table = pd.DataFrame(rows, columns=["rule", "on", "looks_at", "per_year", "last_year", "told"])
    return table.astype({"per_year": "float64", "last_year": "Int64"})


def with_changes(
    rules: Sequence[AlertRule], changed: Mapping[str, Mapping[str, Any] | None]
) -> list[AlertRule]:
    """The rules with what people changed on the page: name → the rule as they left it, or None for the file's own.

    A rule that only people made stands after those of the file. One that no longer fits, as an earlier release kept it,
    is left out: the file's own stands then.
    """
    own: dict[str, AlertRule] = {}
    for place, (name, entry) in enumerate(changed.items(), 1):
        with suppress(ConfigError):
            own |= {} if entry is None else {name: _rule(entry, place)}
    names = [rule.name for rule in rules]
    return [own.get(rule.name, rule) for rule in rules] + [
        rule for name, rule in own.items() if name not in names
    ]


def rule_entry(rule: AlertRule) -> dict[str, Any]:
    """The rule as alerts.yaml and the database keep it; checked: ConfigError where it does not fit."""
    entry = {f.name: getattr(rule, f.name) for f in fields(rule)} | {"tell": list(rule.tell)}
    _rule(entry, 1)
    return entry


def _rule(entry: Any, place: int) -> AlertRule:
    try:
        rule = AlertRule(**(entry | {"tell": tuple(str(who) for who in entry.get("tell") or ())}))
        numbers = [float(rule.days), float(rule.baseline_days), float(rule.limit), float(rule.cooldown_days)]
        fits = (
            isinstance(rule.name, str)
            and rule.kind in KINDS
            and rule.direction in DIRECTIONS
            and rule.field in (None, *FIELDS)
            and isinstance(rule.active, bool)
            and isinstance(rule.days, int)
            and isinstance(rule.baseline_days, int)
            and isinstance(rule.cooldown_days, int)
            and min(numbers[:3]) > 0
            and numbers[3] >= 0
            and (rule.kind not in TESTED or rule.limit <= 6)
            and all(who == "slack" or "@" in who for who in rule.tell)
        )
    except (TypeError, ValueError, AttributeError):
        fits = False
    if not fits:
        raise ConfigError(
            f"Rule {place} of alerts.yaml does not fit. It needs a name, a kind ({', '.join(KINDS)}), whole numbers of days, a "
            f"direction ({', '.join(DIRECTIONS)}), a field of {', '.join(FIELDS)} or none, active: true or false, and under tell "
            "'slack' or e-mail addresses."
        )
    return rule
