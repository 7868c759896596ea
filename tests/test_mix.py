import numpy as np
import pandas as pd
import pytest
from figures import show
from hypothesis import given
from hypothesis import strategies as st

from analytics.maturity import Delay
from analytics.mix import TERMS, rate_waterfall

TODAY = pd.Timestamp("2026-01-01")
DELAY = Delay("lognormal", 0.6, 45.0, 300)
HOW = {"as_of": TODAY, "delay": None, "horizon_days": 120, "seed": 1, "repeats": 200}


def period(counts, age=400):
    """`counts`: value → (leads, deliveries), all started `age` days ago."""
    rows = [(value, i < k) for value, (n, k) in counts.items() for i in range(n)]
    values = pd.Series([value for value, _ in rows], dtype="object")
    started = TODAY - pd.Timedelta(days=age)
    delivered = pd.Series([started + pd.Timedelta(days=min(age, 20)) if won else pd.NaT for _, won in rows])
    frame = pd.DataFrame({"started_on": started, "delivered_on": delivered}, index=values.index)
    return frame.astype({"started_on": "datetime64[us]", "delivered_on": "datetime64[us]"}), values


def waterfall(old, new, **changes):
    return rate_waterfall(*period(old), *period(new), **(HOW | changes))


def changes_of(result):
    return dict(zip(result.terms["term"], result.terms["change"], strict=True))


def test_kitagawa_by_hand():
    # Before: a 100 leads 20 %, b 100 leads 10 % → 15 %. After: a 50 leads 24 %, b 150 leads 10 % → 13.5 %.
    # rate: (.24 − .20)(.5 + .25)/2 = .015. mix: r̄ = .1425; a (.25 − .5)(.22 − .1425) = −.019375,
    # b (.75 − .5)(.10 − .1425) = −.010625 → −.03. Together −.015 = 13.5 − 15 %.
    result = waterfall({"a": (100, 20), "b": (100, 10)}, {"a": (50, 12), "b": (150, 15)})
    assert changes_of(result) == pytest.approx({"maturity": 0.0, "mix": -0.03, "rate": 0.015})
    assert (result.before, result.after) == (0.15, 0.135)
    values = result.values.set_index("value")
    assert values["mix"].to_dict() == pytest.approx({"a": -0.019375, "b": -0.010625})
    assert values["rate"].to_dict() == pytest.approx({"a": 0.015, "b": 0.0})
    assert result.why.startswith("The rate went from 15.0 % to 13.5 %: −3.0 points come from a different mix")


counts = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (max(pair), min(pair)))
tables = st.dictionaries(st.sampled_from("abcd"), counts, min_size=1)


@given(tables, tables, st.integers(0, 150), st.integers(0, 150), st.sampled_from([None, DELAY]))
def test_the_terms_always_sum_to_the_change(old, new, old_age, new_age, delay):
    if sum(n for n, _ in old.values()) == 0 or sum(n for n, _ in new.values()) == 0:
        return
    how = HOW | {"delay": delay, "repeats": 2}
    result = rate_waterfall(*period(old, old_age), *period(new, new_age), **how)
    assert result.terms["change"].sum() == pytest.approx(result.after - result.before, abs=1e-12)
    assert result.values[["mix", "rate"]].sum().sum() == pytest.approx(
        result.terms["change"][1:].sum(), abs=1e-12
    )


def test_values_that_come_or_go_are_mix_and_said():
    result = waterfall({"a": (100, 10), "gone": (100, 30)}, {"a": (100, 10), "new": (100, 5)})
    assert changes_of(result)["rate"] == pytest.approx(0.0)
    assert changes_of(result)["mix"] == pytest.approx(0.075 - 0.2)
    assert result.values.set_index("value")["note"].to_dict() == {"a": "", "gone": "gone", "new": "new"}


def test_young_leads_are_maturity_not_rate():
    # The same 10 % in the end; 20 days after the start F(21)/F(121) of them are seen, here 10 of 100 → 1 of
    # 100.
    share = float(DELAY.share_by(np.array([21.0]))[0] / DELAY.share_by(np.array([121.0]))[0])
    assert 0.09 < share < 0.11
    result = rate_waterfall(
        *period({"a": (1000, 100)}), *period({"a": (1000, 10)}, age=20), **(HOW | {"delay": DELAY})
    )
    changes = changes_of(result)
    # matured rate after = 10 / (1000·share); the whole fall of 9 points is maturity but for that rate's
    # distance to 10 %
    assert changes["rate"] == pytest.approx(0.01 / share - 0.1)
    assert changes["maturity"] == pytest.approx(0.01 - 0.01 / share)
    terms = result.terms.set_index("term")
    assert terms["low"]["rate"] < 0 < terms["high"]["rate"]
    assert "leads that are still young" in result.why


def test_a_real_change_is_told_from_chance():
    real = waterfall({"a": (2000, 400)}, {"a": (2000, 200)}).terms.set_index("term").loc["rate"]
    assert real["high"] < 0
    assert real["by_chance"] < 0.01
    none = waterfall({"a": (200, 21)}, {"a": (200, 20)})
    row = none.terms.set_index("term").loc["rate"]
    assert row["low"] < 0 < row["high"]
    assert row["by_chance"] > 0.5
    assert "which chance alone may have made" in none.why


def test_an_empty_period_is_said():
    result = waterfall({"a": (100, 10)}, {})
    assert result.before == 0.1
    assert np.isnan(result.after)
    assert result.terms["term"].tolist() == list(TERMS)
    assert result.terms["change"].isna().all()
    assert "One of the periods has no leads" in result.why
    assert "Neither period" in waterfall({}, {}).why


def test_leads_without_a_value_are_left_out_and_one_order_is_as_good_as_another():
    frame, values = period({"a": (100, 10), "b": (50, 20)})
    other = period({"a": (80, 4), "b": (70, 30)})
    values[:20] = None
    first = rate_waterfall(frame, values, *other, **HOW)
    assert first.leads_before == 130
    order = np.random.default_rng(2).permutation(len(frame))
    second = rate_waterfall(frame.iloc[order], values.iloc[order], *other, **HOW)
    assert changes_of(first) == pytest.approx(changes_of(second))


@pytest.mark.prove
def test_a_pure_mix_world_has_no_rate_term():
    """Rates the same in both periods, mix changed: the 95 % interval of the rate term holds 0 in 93–97 % of worlds."""
    rng, worlds, holds, blamed = np.random.default_rng(20260219), 600, 0, 0
    rates = {"a": 0.05, "b": 0.1, "c": 0.2}
    for world in range(worlds):
        old = {v: (n, rng.binomial(n, rates[v])) for v, n in (("a", 300), ("b", 500), ("c", 200))}
        new = {v: (n, rng.binomial(n, rates[v])) for v, n in (("a", 100), ("b", 300), ("c", 400))}
        terms = waterfall(old, new, seed=world, repeats=400).terms.set_index("term")
        holds += terms["low"]["rate"] <= 0 <= terms["high"]["rate"]
        blamed += terms["low"]["mix"] > 0
    show(
        f"pure mix: the rate term's interval holds 0 in {holds / worlds:.1%}; mix is found in {blamed / worlds:.0%}"
    )
    assert 0.93 <= holds / worlds <= 0.97
