"""Rules: limits against a table, replay against live, stated false alarms against measured ones."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world
from figures import show
from test_alert_looks import exported

from analytics.alert_looks import IMPACT, LONG_CYCLES, SIGN, SOURCES, TESTED, Seen, window_end
from analytics.alert_rules import (
    AlertRule,
    changes,
    false_alarm_rate,
    findings,
    overview,
    read_alert_rules,
    replay,
    rule_entry,
    with_changes,
)
from errors import ConfigError

RULE = AlertRule("Win rate", "win rate", days=30, active=True)
UNTIL = date(2024, 5, 31)


def fallen(seed=2):
    deals = deal_world(seed, 5000)
    late = deals["closed_on"] >= "2024-01-01"
    rng = np.random.default_rng(seed)
    chance = np.where(late, 0.3, 0.5)
    return deals.assign(outcome=np.where(rng.random(len(deals)) < chance, "won", "lost"))


def test_windows_follow_each_other():
    ends = [window_end(date(2024, 1, 1) + timedelta(days=n), 30) for n in range(90)]
    assert len(set(ends)) in (3, 4)
    assert all(end <= date(2024, 1, 1) + timedelta(days=n) for n, end in enumerate(ends))
    assert {(b - a).days for a, b in itertools.pairwise(ends)} == {0, 30}
    assert window_end(date(2000, 1, 4), 2) == date(2000, 1, 4)  # its own last day


def test_a_fall_is_seen_and_noise_is_not():
    found = findings(RULE, Seen(fallen()), day=UNTIL)
    assert [f.subject for f in found] == ["all deals"]
    assert "fell" in found[0].sentence
    assert not findings(RULE, Seen(deal_world(1)), day=UNTIL)
    by_region = AlertRule("r", "win rate", field="region", limit=2, direction="both")
    assert {f.subject for f in findings(by_region, Seen(fallen()), day=UNTIL)} <= {
        "region APAC", "region Europe", "region India", "region North America",
    }  # fmt: skip


def test_too_few_deals_are_not_looked_at():
    few = deal_world(1, 40)
    assert findings(RULE, Seen(few), day=UNTIL) == []
    assert false_alarm_rate(RULE, Seen(few), day=UNTIL) is None
    assert false_alarm_rate(AlertRule("s", "stale data"), Seen(deal_world(1)), day=UNTIL) is None
    assert replay(RULE, Seen(deal_world(1, 0)), until=UNTIL) == []


def test_replay_is_what_live_would_have_opened_from_what_was_known_each_day():
    rule = AlertRule("r", "win rate", field="region", limit=2, direction="both", days=14, cooldown_days=20)
    deals = fallen()
    live, open_subjects, closed = [], {}, {}
    for back in range(199, -1, -1):
        day = UNTIL - timedelta(days=back)
        known = deals[
            deals["created_on"] <= str(day)
        ].copy()  # what a database would have held on that evening
        later = known["closed_on"] > pd.Timestamp(day)
        known.loc[later, "outcome"] = "open"
        known.loc[later, "closed_on"] = pd.NaT
        fresh, gone = changes(rule, findings(rule, Seen(known), day=day), open_subjects, closed, day)
        for subject in gone:
            del open_subjects[subject]
            closed[subject] = day
        for finding in fresh:
            open_subjects[finding.subject] = day
            live.append((day, finding.subject, finding.sentence))
    assert live
    assert [tuple(f) for f in replay(rule, Seen(deals), until=UNTIL, days=200)] == live


def test_the_same_finding_opens_once_and_stays_quiet_in_its_cooldown():
    finding = findings(RULE, Seen(fallen()), day=UNTIL)[0]
    fresh, gone = changes(RULE, [finding], {}, {}, UNTIL)
    assert (fresh, gone) == ([finding], [])
    assert changes(RULE, [finding], {finding.subject: UNTIL}, {}, UNTIL) == ([], [])
    assert changes(RULE, [], {finding.subject: UNTIL}, {}, UNTIL) == ([], [finding.subject])
    assert changes(RULE, [finding], {}, {finding.subject: UNTIL - timedelta(days=29)}, UNTIL)[0] == []
    assert changes(RULE, [finding], {}, {finding.subject: UNTIL - timedelta(days=30)}, UNTIL)[0] == [finding]


def test_the_rate_of_a_year_follows_from_the_rate_of_a_look():
    look, year = false_alarm_rate(
        AlertRule("r", "win rate", limit=2, days=30), Seen(deal_world(1)), day=UNTIL
    )
    assert 0 < look <= 0.02276  # the tail of two standard deviations
    assert year == pytest.approx(1 - (1 - look) ** (365 / 30))


def test_the_overview_says_of_each_rule_what_its_own_page_says(config_dir):
    rules = read_alert_rules(config_dir)
    seen = Seen(fallen(), exported([100] * 40, [10] * 40))
    table = overview(rules, seen, day=UNTIL).set_index("rule")
    assert list(table.index) == [rule.name for rule in rules]
    rule = rules[1]
    row = table.loc[rule.name]
    assert row["looks_at"] == "win rate by region"
    assert row["per_year"] == false_alarm_rate(rule, seen, day=UNTIL)[1]
    assert row["last_year"] == len(replay(rule, seen, until=UNTIL)) > 0
    assert table.loc["Sync failed", ["per_year", "last_year"]].isna().all()
    assert overview(rules, Seen(deal_world(1, 0)), day=UNTIL)["per_year"].isna().all()


def test_shipped_rules_read_and_broken_ones_are_a_sentence(config_dir):
    assert next(rule.kind for rule in read_alert_rules(config_dir)) == "win rate"
    path = config_dir / "alerts.yaml"
    for text in ("rules: 5", "rules: [{name: a, kind: moon}]", "rules: [{name: a, kind: win rate, days: 0}]", "[",
                 "rules: [{name: a, kind: stale data}, {name: a, kind: stale data}]", "rules: [{name: a, kind: stale data, tell: [bob]}]",
                 "rules: [a]"):  # fmt: skip
        path.write_text(text)
        with pytest.raises(ConfigError):
            read_alert_rules(config_dir)


@pytest.mark.prove
def test_a_year_replayed_is_what_live_would_have_opened_for_every_kind():
    deals = fallen()
    batches = exported([100] * 40, [10, 12, 9, 11, 10, 2, 14, 10] * 5)
    rules = [
        AlertRule(kind, kind, field=field, limit=1.5, direction="both", days=20, cooldown_days=15)
        for kind, field in [*((kind, None) for kind in TESTED if kind not in (SOURCES, SIGN)), (SOURCES, "lead_source"),
                            (SIGN, "lead_source"), (IMPACT, "region"), (LONG_CYCLES, "product")]
        if (kind, field) != (IMPACT, None)
    ]  # fmt: skip
    live = {rule: ([], {}, {}) for rule in rules}
    for back in range(364, -1, -1):
        day = UNTIL - timedelta(days=back)
        evening = pd.Timestamp(day)
        known = deals[deals["created_on"] <= evening].copy()
        known.loc[known["closed_on"] > evening, "outcome"] = "open"
        known["closed_on"] = known["closed_on"].where(known["closed_on"] <= evening)
        sent = batches[batches["exported_on"] <= evening].copy()
        sent["delivered_on"] = sent["delivered_on"].where(sent["delivered_on"] <= evening)
        seen = Seen(known, sent)
        for rule, (opened, standing, closed) in live.items():
            fresh, gone = changes(rule, findings(rule, seen, day=day), standing, closed, day)
            for subject in gone:
                del standing[subject]
                closed[subject] = day
            for finding in fresh:
                standing[finding.subject] = day
                opened.append((day, *finding))
    told = Seen(deals, batches)
    counts = {}
    for rule, (opened, _, _) in live.items():
        assert [tuple(f) for f in replay(rule, told, until=UNTIL)] == opened, rule
        counts[rule.kind] = counts.get(rule.kind, 0) + len(opened)
    show(f"365 evenings, live and replay open the same alerts: {counts}.")
    assert set(counts) == set(TESTED)
    assert min(n for kind, n in counts.items() if kind != SIGN) > 0


def test_a_rule_of_an_earlier_release_that_no_longer_fits_leaves_the_file_s_own_standing(config_dir):
    file = read_alert_rules(config_dir)
    changed = {file[0].name: {**rule_entry(file[0]), "kind": "gone"}, "Old": {"name": "Old", "kind": "gone"}}
    assert with_changes(file, changed) == file
    longer = {**rule_entry(file[0]), "days": file[0].days + 1}
    assert with_changes(file, {file[0].name: longer})[0].days == file[0].days + 1
