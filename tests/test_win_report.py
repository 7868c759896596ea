"""The five answers: nothing to act on in noise, a mix change called mix, a driver offered as an action."""

from __future__ import annotations

import pandas as pd
import pytest
from deal_worlds import deal_world

from analytics.win_report import win_report

QUESTIONS = ["Did it fall, or is it noise?", "Why?", "Where is the biggest risk?", "What first?", "Who?"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_gives_nothing_to_act_on(seed):
    report = win_report(deal_world(seed, 3000))
    answers = dict(report.answers)
    assert list(answers) == QUESTIONS
    assert "Nothing shows that the win rate changed" in answers[QUESTIONS[0]]
    assert "There is no change to explain" in answers[QUESTIONS[1]]
    assert "no segment loses more than chance makes" in answers[QUESTIONS[2]]
    assert "There is nothing to act on" in answers[QUESTIONS[3]]
    assert answers[QUESTIONS[4]].startswith("Nobody")
    assert report.actions.empty
    assert not report.rules["found"].any()


def test_a_mix_change_is_not_sold_as_a_rate_change():
    deals = deal_world(5, points={("lead_source", "Partner"): -0.25}, shift=("lead_source", "Partner", 0.5))
    report = win_report(deals, days=180)
    assert report.fall.verdict == "fell"
    why = dict(report.answers)["Why?"]
    assert "a different mix by lead source, not from winning the same kind of deal less or more often" in why
    terms = report.terms.set_index(["field", "term"])
    assert terms.loc[("lead_source", "rate"), "adjusted"] > 0.05
    total = terms.loc[("lead_source", "mix"), "change"] + terms.loc[("lead_source", "rate"), "change"]
    assert total == pytest.approx(report.fall.points, abs=1e-9)  # the split has no remainder
    assert dict(report.answers)["Where is the biggest risk?"].startswith("Lead source Partner")
    assert len(report.actions) == 1


def test_a_rate_change_is_not_sold_as_a_mix_change():
    deals = deal_world(7)
    late = deals["closed_on"] > latest(deals) - pd.Timedelta(days=180)
    lost = late & (pd.Series(range(len(deals))) % 4 == 0)
    deals.loc[lost, "outcome"] = "lost"
    report = win_report(deals, days=180)
    assert report.fall.verdict == "fell"
    assert "at other rates" in dict(report.answers)["Why?"]
    assert len(report.cusum_signals)


def latest(deals):
    return deals["closed_on"].max()


def test_a_planted_driver_is_the_first_action_with_its_interval():
    report = win_report(deal_world(4, points={("lead_source", "Partner"): 0.08}))
    assert len(report.actions) == 1
    row = report.actions.iloc[0]
    assert "lead source Partner" in row["action"]
    assert row["low"] < row["wins_a_year"] < row["high"]
    assert row["action"] in dict(report.answers)["What first?"]


def test_what_was_not_known_on_the_day_is_not_used():
    deals = deal_world(1, 1500)
    day = pd.Timestamp("2023-09-30")
    changed = deals.copy()
    after = changed["closed_on"] > day
    changed.loc[after, "outcome"] = "won"
    one, two = win_report(deals, as_of=day), win_report(changed, as_of=day)
    assert one.answers == two.answers
    pd.testing.assert_frame_equal(one.segments, two.segments)


def test_few_deals_are_said_to_be_few_and_none_gives_none():
    report = win_report(deal_world(1, 40))
    answers = dict(report.answers)
    assert "cannot tell" in answers["Did it fall, or is it noise?"]
    assert "cannot tell" in answers["Why?"]
    assert "cannot tell" in answers["What first?"]
    assert answers["Who?"].startswith("Too little")
    assert win_report(deal_world(1, 0)) is None
    bare = deal_world(1, 200).assign(region=None, industry=None, product=None, lead_source=None)
    for field in ("region", "industry", "product", "lead_source"):
        bare[field] = bare[field].astype("str")
    assert "carry no field" in dict(win_report(bare).answers)["Where is the biggest risk?"]
