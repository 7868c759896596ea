import numpy as np
import pandas as pd
import pytest
from figures import show
from sklearn.metrics import roc_auc_score

from analytics.backtest import _Ranking, auc, known_then, walk_forward
from analytics.calibration_table import tabulate
from errors import InputError

TODAY = pd.Timestamp("2026-02-11")
VALUES = list("abcdefgh")


def world(rng, number, rates, months=18):
    """Leads with one feature, spread over the months before today, delivered after about 40 days at their value's rate."""
    value = rng.choice(VALUES, number)
    started = TODAY - pd.to_timedelta(rng.integers(0, months * 30, number), unit="D")
    delivered = pd.Series(started) + pd.to_timedelta(rng.integers(15, 70, number), unit="D")
    won = rng.random(number) < np.array([rates[v] for v in value])
    delivered = delivered.where(won & (delivered <= TODAY))
    return pd.DataFrame({"value": value, "started_on": started, "delivered_on": delivered})


def by_scores(scores):
    return lambda leads: leads["value"].map(scores).to_numpy(dtype=float)


def suggested(history, cut_off):
    """What calibration would have said on that day."""
    table = tabulate(
        history, history["value"], {}, dimension="value", as_of=cut_off, maturity_days=90, seed=1, draws=50
    )
    return by_scores(dict(zip(table["value"], table["suggested"].astype(float), strict=True)))


HOW = {"features": ["value"], "as_of": TODAY, "maturity_days": 90, "top": 60, "seed": 1}
WRONG = {v: 100 - 10 * i for i, v in enumerate(VALUES)}
RATES = {v: 0.04 + 0.03 * i for i, v in enumerate(VALUES)}  # the opposite order of WRONG


def test_auc_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    scores, hit = rng.integers(0, 12, 300) * 10.0, rng.random(300) < 0.2
    assert auc(scores, hit) == pytest.approx(roc_auc_score(hit, scores))


def test_auc_by_hand():
    # delivered at 90 and 50, not at 70, 50, 10: pairs won 3 + (0, ½, 1) = 4.5 of 6
    assert auc([90, 70, 50, 50, 10], [1, 0, 1, 0, 0]) == pytest.approx(4.5 / 6)
    assert np.isnan(auc([1, 2], [1, 1]))
    assert np.isnan(auc([], []))


def deliveries_in_top(scores, delivered, top):
    hit = np.asarray(delivered, dtype=bool)
    return float(_Ranking(np.asarray(scores, dtype=float), hit).in_top(np.ones((1, len(hit))), top)[0])


def test_deliveries_in_top_share_out_a_cut_tie():
    # top 2: the 90, and one of three 50s with two deliveries among them: 1 + ⅔
    assert deliveries_in_top([90, 50, 50, 50, 10], [1, 1, 1, 0, 1], 2) == pytest.approx(1 + 2 / 3)
    assert deliveries_in_top([3, 2, 1], [1, 0, 1], 10) == 2.0
    assert deliveries_in_top([], [], 5) == 0.0


def test_weighting_a_lead_twice_is_having_it_twice():
    rng = np.random.default_rng(2)
    scores, hit = rng.integers(0, 5, 40).astype(float), rng.random(40) < 0.3
    times = rng.integers(0, 3, 40)
    ranking = _Ranking(scores, hit)
    again, hits = np.repeat(scores, times), np.repeat(hit, times)
    assert ranking.auc(times[None, :].astype(float))[0] == pytest.approx(roc_auc_score(hits, again))
    assert ranking.in_top(times[None, :].astype(float), 10)[0] == pytest.approx(
        deliveries_in_top(again, hits, 10)
    )


def test_known_then_forgets_what_came_later():
    frame = pd.DataFrame(
        {
            "started_on": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-06-01", None]),
            "delivered_on": pd.to_datetime(["2025-02-01", "2025-04-01", "2025-07-01", "2025-02-01"]),
        }
    )
    history = known_then(frame, pd.Timestamp("2025-03-01"))
    assert history.index.tolist() == [0, 1, 3]
    assert history["delivered_on"].notna().tolist() == [True, False, True]


def test_better_scores_are_ready():
    outcomes = world(np.random.default_rng(3), 4000, RATES)
    proof = walk_forward(outcomes, by_scores(WRONG), suggested, **HOW)
    assert proof.word == "ready"
    assert proof.auc_current < 0.45 < 0.6 < proof.auc_suggested
    assert proof.auc_low > 0
    assert proof.top_gain > 0
    assert len(proof.folds) == 12
    assert "deliveries instead of" in proof.why
    assert proof.folds["cut_off"].is_monotonic_increasing


def test_the_same_scores_gain_nothing():
    outcomes = world(np.random.default_rng(4), 3000, RATES)
    scorer = by_scores(WRONG)
    proof = walk_forward(outcomes, scorer, lambda history, cut_off: scorer, **HOW)
    assert (proof.word, proof.auc_gain, proof.auc_low, proof.top_gain) == ("not ready", 0.0, 0.0, 0.0)


def test_rows_after_the_cut_off_never_reach_the_calibration():
    outcomes = world(np.random.default_rng(5), 2000, RATES)
    seen = []

    def watching(history, cut_off):
        seen.append((history["started_on"].max() <= cut_off, history["delivered_on"].max() <= cut_off))
        return by_scores(WRONG)

    def guarded(leads):
        assert list(leads.columns) == ["value"]
        return by_scores(WRONG)(leads)

    walk_forward(outcomes.assign(outcome="delivery"), guarded, watching, **HOW)
    assert len(seen) == 12
    assert all(started and delivered for started, delivered in seen)


def test_poisoned_rows_after_the_day_change_nothing():
    outcomes = world(np.random.default_rng(6), 2000, RATES)
    poison = world(np.random.default_rng(7), 2000, dict.fromkeys(VALUES, 1.0))
    poison[["started_on", "delivered_on"]] += pd.Timedelta(days=600)
    both = pd.concat([outcomes, poison], ignore_index=True)
    first = walk_forward(outcomes, by_scores(WRONG), suggested, **HOW)
    second = walk_forward(both, by_scores(WRONG), suggested, **HOW)
    pd.testing.assert_frame_equal(first.folds, second.folds)
    assert (first.word, first.auc_low, first.top_high) == (second.word, second.auc_low, second.top_high)


def test_too_little_is_said_calmly():
    outcomes = world(np.random.default_rng(8), 100, RATES)
    proof = walk_forward(outcomes, by_scores(WRONG), suggested, **HOW)
    assert proof.word == "not ready"
    assert "too few for a proof; 20 are needed" in proof.why
    none = walk_forward(outcomes.head(0), by_scores(WRONG), suggested, **HOW)
    assert none.folds.empty
    assert none.word == "not ready"


def test_leads_without_a_start_are_history_only():
    outcomes = world(np.random.default_rng(9), 2000, RATES)
    old = pd.DataFrame({"value": ["a"] * 50, "started_on": pd.NaT, "delivered_on": pd.NaT})
    proof = walk_forward(pd.concat([outcomes, old], ignore_index=True), by_scores(WRONG), suggested, **HOW)
    assert proof.leads == walk_forward(outcomes, by_scores(WRONG), suggested, **HOW).leads
    assert proof.folds["known_leads"][0] > 50


def test_trouble_gets_a_sentence():
    outcomes = world(np.random.default_rng(10), 500, RATES)
    with pytest.raises(InputError, match="At least one call"):
        walk_forward(outcomes, by_scores(WRONG), suggested, **(HOW | {"top": 0}))
    with pytest.raises(InputError, match="scores, but returned 1"):
        walk_forward(outcomes, lambda leads: [1.0], suggested, **HOW)


@pytest.mark.prove
def test_scores_no_better_than_the_current_ones_are_seldom_called_ready():
    """Current scores right, suggestions made from noise around them: "ready" in at most 5 % of worlds."""
    rng, worlds, ready = np.random.default_rng(20260218), 60, 0
    right = {v: 100 * RATES[v] / max(RATES.values()) for v in VALUES}
    for _ in range(worlds):
        ready += walk_forward(world(rng, 3000, RATES), by_scores(right), suggested, **HOW).word == "ready"
    show(
        f"walk-forward: scores that were right already are called ready to change in {ready / worlds:.0%} of worlds"
    )
    assert ready / worlds <= 0.05
