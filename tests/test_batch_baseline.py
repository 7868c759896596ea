import numpy as np
import pandas as pd
import pytest
from figures import show
from scipy.stats import betabinom, binom

from analytics.batch_baseline import baseline_rate, batches_against, chance_limits
from analytics.maturity import Delay

AS_OF = pd.Timestamp("2026-02-11")
DELAY = Delay("gamma", 2.7, 21.0, 400)
SURE = {"leads": 1e9, "deliveries": 1e8, "rate": 0.1}


def batch(name, day, companies, deliveries, delivered="2026-02-01"):
    return pd.DataFrame({
        "batch_id": name, "exported_on": day, "delivered_on": [delivered] * deliveries + [None] * (companies - deliveries),
    })  # fmt: skip


def test_limits_of_a_baseline_that_is_sure_are_those_of_the_binomial():
    limits = chance_limits([400], [1.0], SURE).iloc[0]
    # The largest count with P(X ≤ x) ≤ 2.275 % and the smallest with P(X ≥ x) ≤ 2.275 % at 400 leads and a tenth.
    assert binom.cdf(limits["warn_low"], 400, 0.1) <= 0.02275 < binom.cdf(limits["warn_low"] + 1, 400, 0.1)
    assert (
        binom.sf(limits["warn_high"] - 1, 400, 0.1) <= 0.02275 < binom.sf(limits["warn_high"] - 2, 400, 0.1)
    )
    assert limits["alarm_low"] < limits["warn_low"] < 40 < limits["warn_high"] < limits["alarm_high"]


def test_limits_of_an_unsure_baseline_are_those_of_the_beta_binomial():
    # 300 leads with 30 deliveries: predictive beta-binomial with a = 30.5, b = 270.5 for a batch of 200.
    limits = chance_limits([200], [1.0], {"leads": 300.0, "deliveries": 30, "rate": 0.1}).iloc[0]
    second = betabinom(200, 30.5, 270.5)
    assert abs(limits["warn_low"] - second.ppf(0.02275)) <= 1
    assert abs(limits["warn_high"] - second.isf(0.02275)) <= 1
    assert limits["warn_high"] > chance_limits([200], [1.0], SURE)["warn_high"].iloc[0]


def test_a_limit_that_cannot_be_reached_lies_outside():
    limits = chance_limits([5, 1], [1.0, 0.0], SURE)
    assert limits["warn_low"].tolist() == [-1, -1]
    assert limits["alarm_high"].tolist()[1] <= 1  # at a share of 0 one delivery is already more than chance


def test_a_young_batch_is_held_to_what_its_age_has_shown():
    frame = pd.concat([
        batch("HADES-20250601-001", "2025-06-01", 400, 40), batch("HADES-20251213-001", "2025-12-13", 400, 24),
        batch("HADES-20260208-001", "2026-02-08", 400, 0),
    ])  # fmt: skip
    table = batches_against(frame, SURE, DELAY, as_of=AS_OF, maturity_days=120).set_index("batch_id")
    assert table["word"].tolist() == ["as expected", "as expected", "too young"]
    assert table["matured"].tolist() == [True, False, False]
    middle = table.loc["HADES-20251213-001"]  # 60 days old
    shown = DELAY.share_by(np.array([61.0]))[0]
    assert middle["shown"] == pytest.approx(shown)
    assert middle["expected"] == pytest.approx(400 * shown * 0.1)
    assert middle["rate"] == pytest.approx(24 / (400 * shown))
    plain = batches_against(frame, SURE, None, as_of=AS_OF, maturity_days=120)
    assert plain["word"].tolist() == ["as expected", "too young", "too young"]


@pytest.mark.parametrize(
    ("deliveries", "word"),
    [(10, "far below"), (26, "below"), (40, "as expected"), (54, "above"), (70, "far above")],
)
def test_the_word_follows_the_limits(deliveries, word):
    frame = batch("HADES-20250601-001", "2025-06-01", 400, deliveries)
    assert batches_against(frame, SURE, None, as_of=AS_OF, maturity_days=120)["word"].tolist() == [word]


def test_deliveries_after_the_day_are_not_seen_and_later_batches_left_out():
    frame = pd.concat([
        batch("HADES-20250601-001", "2025-06-01", 50, 5, "2026-03-01"), batch("HADES-20260301-001", "2026-03-01", 9, 0),
    ])  # fmt: skip
    table = batches_against(frame, SURE, None, as_of=AS_OF, maturity_days=120)
    assert table[["batch_id", "deliveries"]].to_numpy().tolist() == [["HADES-20250601-001", 0]]
    assert batches_against(frame.iloc[:0], SURE, None, as_of=AS_OF, maturity_days=120).empty


def outcomes(leads, deliveries, started="2024-01-01"):
    return pd.DataFrame({
        "started_on": pd.Timestamp(started),
        "delivered_on": [pd.Timestamp("2024-03-01")] * deliveries + [pd.NaT] * (leads - deliveries),
    })  # fmt: skip


def test_the_baseline_is_the_rate_of_the_history():
    found = baseline_rate(outcomes(300, 30), None, as_of=AS_OF, maturity_days=120)
    assert (found["leads"], found["deliveries"], found["rate"]) == (300, 30, 0.1)
    # Wilson at 30 of 300: (0.1 + 3.8415/600 ± 1.96·√(0.09/300 + 3.8415/360000)) / (1 + 3.8415/300)
    # = (.106402 ± 1.96 · .017626) / 1.012805 = .0709, .1392
    assert (round(found["low"], 4), round(found["high"], 4)) == (0.0709, 0.1392)
    with_delay = baseline_rate(outcomes(300, 30), DELAY, as_of=AS_OF, maturity_days=120)
    assert with_delay["rate"] == pytest.approx(0.1)  # two years on everything has been shown
    assert baseline_rate(outcomes(0, 0), DELAY, as_of=AS_OF, maturity_days=120) is None
    assert baseline_rate(outcomes(9, 0, "2026-02-01"), None, as_of=AS_OF, maturity_days=120) is None


@pytest.mark.prove
def test_unchanged_batches_leave_the_limits_as_often_as_stated():
    """2.3 % on either side at most, baseline drawn anew each time."""
    rng = np.random.default_rng(9)
    warned = alarmed = total = 0
    for _ in range(400):
        rate = rng.uniform(0.06, 0.14)
        known = rng.binomial(2000, rate)
        n = rng.integers(60, 400, 20)
        shown = rng.uniform(0.4, 1.0, 20)
        limits = chance_limits(n, shown, {"leads": 2000.0, "deliveries": known, "rate": known / 2000})
        k = rng.binomial(n, rate * shown)
        warned += int(((k <= limits["warn_low"]) | (k >= limits["warn_high"])).sum())
        alarmed += int(((k <= limits["alarm_low"]) | (k >= limits["alarm_high"])).sum())
        total += len(n)
    show(
        f"unchanged batches beyond 2 sd: {warned / total:.2%} (at most 4.6 %), 3 sd: {alarmed / total:.2%} (0.27 %)"
    )
    assert warned / total <= 0.05
    assert alarmed / total <= 0.005
