"""Rules that say when somebody is told, what they would have said, and how often they would be wrong.

A look at a win rate compares the deals closed in one window with those of the baseline before it by the exact
hypergeometric test, which needs no true rate; windows follow each other without overlap, so that looks are
independent and their false alarms multiply out. Live and replay go through the same two functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml

from analytics.rates import FloatArray
from errors import ConfigError

WIN_RATE, STALE_DATA, FAILED_SYNC, DATA_QUALITY = "win rate", "stale data", "failed sync", "data quality"
KINDS = (WIN_RATE, STALE_DATA, FAILED_SYNC, DATA_QUALITY)
DIRECTIONS = ("fall", "rise", "both")
FIELDS = ("region", "industry", "product", "lead_source", "owner")
FEWEST = 30  # closed deals in a window and in its baseline before it is looked at
_FIRST = date(2000, 1, 3)  # windows are counted from here, so that every day belongs to one
_SHIPPED = Path(__file__).resolve().parents[1] / "config" / "alerts.yaml"


@dataclass(frozen=True)
class AlertRule:
    """One rule of alerts.yaml. tell: `slack` or e-mail addresses; limit: standard deviations, or open issues."""

    name: str
    kind: str
    field: str | None = None
    days: int = 30
    baseline_days: int = 365
    limit: float = 3.0
    direction: str = "fall"
    cooldown_days: int = 30
    active: bool = False
    tell: tuple[str, ...] = ()


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


def window_end(day: date, days: int) -> date:
    """The last day of the newest window of so many days that is over on `day` (its own evening included)."""
    return _FIRST + timedelta(days=((day - _FIRST).days + 1) // days * days - 1)


def win_rate_findings(rule: AlertRule, deals: pd.DataFrame, *, day: date) -> list[Finding]:
    """What the rule sees in the newest window that is over on `day`; windows with too few deals show nothing.

    `deals` as the deal store gives them; what closed after the window does not count.
    """
    end = pd.Timestamp(window_end(day, rule.days))
    found = []
    for label, (k, n, j, m) in _looks(rule, deals, end).items():
        low, high, _ = _limits(rule, k + j, n, m)
        if not ((rule.direction != "rise" and k <= low) or (rule.direction != "fall" and k >= high)):
            continue
        name = f"{rule.field.replace('_', ' ')} {label}" if rule.field else "all deals"
        word = "fell" if k / n < j / m else "rose"
        found.append(
            Finding(
                name,
                f"The win rate of {name} {word}: {k} of {n} deals closed in the {rule.days} days to {end:%Y-%m-%d} were won "
                f"({100 * k / n:.1f} %), {100 * j / m:.1f} % of {m:,} in the {rule.baseline_days} days before.",
            )
        )
    return found


def false_alarm_rate(rule: AlertRule, deals: pd.DataFrame, *, day: date) -> tuple[float, float] | None:
    """(per look, per year): how often the rule would open an alert in unchanged times, with the deals of the newest
    window that is over; None for rules that do not test a rate, and while there is too little to look at.

    Per look: over all labels together. Per year: at least one in 365 / days looks.
    """
    if rule.kind != WIN_RATE:
        return None
    looks = _looks(rule, deals, pd.Timestamp(window_end(day, rule.days)))
    if not looks:
        return None
    quiet = float(np.prod([1 - _limits(rule, k + j, n, m)[2] for k, n, j, m in looks.values()]))
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


def replay(rule: AlertRule, deals: pd.DataFrame, *, until: date, days: int = 365) -> list[Fired]:
    """The alerts that a win-rate rule would have opened day by day in the last `days` until `until`."""
    fired: list[Fired] = []
    open_subjects: dict[str, date] = {}
    closed: dict[str, date] = {}
    kept: dict[date, list[Finding]] = {}
    for back in range(days - 1, -1, -1):
        day = until - timedelta(days=back)
        end = window_end(day, rule.days)
        if end not in kept:
            kept[end] = win_rate_findings(rule, deals, day=day)
        fresh, gone = changes(rule, kept[end], open_subjects, closed, day)
        for subject in gone:
            del open_subjects[subject]
            closed[subject] = day
        for finding in fresh:
            open_subjects[finding.subject] = day
            fired.append(Fired(day, *finding))
    return fired


def _looks(rule: AlertRule, deals: pd.DataFrame, end: pd.Timestamp) -> dict[str, tuple[int, int, int, int]]:
    """Label → (won, closed) in the window and (won, closed) in the baseline before it, where both are large enough."""
    start = end - pd.Timedelta(days=rule.days)
    before = start - pd.Timedelta(days=rule.baseline_days)
    closed = deals[(deals["closed_on"] > before) & (deals["closed_on"] <= end)]
    new = closed["closed_on"] > start
    won = closed["outcome"] == "won"
    labels = closed[rule.field] if rule.field else pd.Series("", index=closed.index)
    looks = {}
    for label, group in closed.groupby(labels, sort=True).groups.items():
        inside = new.loc[group]
        n, m = int(inside.sum()), int((~inside).sum())
        if min(n, m) >= FEWEST:
            wins = won.loc[group]
            looks[str(label)] = (int(wins[inside].sum()), n, int(wins[~inside].sum()), m)
    return looks


def _limits(rule: AlertRule, won: int, n: int, m: int) -> tuple[int, int, float]:
    """(at or below which it falls, at or above which it rises, how often the rule's side is reached by chance)."""
    from scipy.stats import hypergeom

    tail = NormalDist().cdf(-rule.limit)
    at = np.arange(n + 1)
    below: FloatArray = hypergeom.cdf(at, n + m, won, n)
    above: FloatArray = hypergeom.sf(at - 1, n + m, won, n)
    low = int((below <= tail).sum()) - 1
    high = n + 1 - int((above <= tail).sum())
    rate = 0.0
    if rule.direction != "rise" and low >= 0:
        rate += float(below[low])
    if rule.direction != "fall" and high <= n:
        rate += float(above[high])
    return low, high, rate


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
            and (rule.kind != WIN_RATE or rule.limit <= 6)
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
