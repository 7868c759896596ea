"""Scores of open deals: by hand, without a look ahead, on a scale that says what it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world

from analytics.pipeline_scores import (
    COMPONENTS,
    ORDERS,
    account_figures,
    in_order_of,
    read_pipeline_rules,
    rows_csv,
    score_bands,
    score_pipeline,
)
from errors import ConfigError

DAY = pd.Timestamp("2025-06-30")


@pytest.fixture
def rules(config_dir):
    return read_pipeline_rules(config_dir)


def deal(deal_id, account, outcome, amount=100.0, product="Core", created="2025-01-01", closed=None):
    return {"source": "file", "deal_id": deal_id, "account": account, "owner": "r", "region": "A", "industry": "B", "product": product,
            "lead_source": "C", "stage": "Demo", "amount": amount, "created_on": pd.Timestamp(created),
            "closed_on": pd.Timestamp(closed) if closed else pd.NaT, "outcome": outcome}  # fmt: skip


def frame(*rows):
    table = pd.DataFrame(rows)
    return table.astype(
        dict.fromkeys(
            ("account", "owner", "region", "industry", "product", "lead_source", "stage", "outcome"), "str"
        )
    )


def test_figures_of_an_account_by_hand():
    rows = frame(
        deal("1", "Ada", "won", 100, "Core", "2025-01-01", "2025-01-11"),  # 10 days, the first
        deal("2", "Ada", "won", 300, "Core", "2025-02-01", "2025-02-21"),  # 20 days, larger: an upsell
        deal(
            "3", "Ada", "won", 200, "Pro", "2025-03-01", "2025-03-31"
        ),  # 30 days, a further product: an upsell
        deal("4", "Ada", "won", 200, "Pro", "2025-04-01", "2025-04-21"),  # neither
        deal("5", "Ada", "lost", 900, "Pro", "2025-04-01", "2025-05-31"),
        deal("6", "Bob", "lost", 50, "Core", "2025-01-01", "2025-02-01"),
    )
    table = account_figures(rows, as_of=DAY)
    ada = table.loc["Ada"]
    assert ada["speed_to_close"] == 20  # median of 10, 20, 30, 20
    assert ada["largest_deal"] == 300  # the lost 900 does not count
    assert ada["product_mix"] == 2
    assert ada["upsell"] == 2
    assert ada["recency"] == 70  # 21 April to 30 June
    assert ada["wins"] == 4
    assert table.loc["Bob", "wins"] == 0
    assert np.isnan(table.loc["Bob", "speed_to_close"])


def test_the_score_is_the_sum_of_its_parts_and_lies_within_bounds(rules):
    deals = deal_world(1, 1500, still_open=0.2).assign(source="file")
    rng = np.random.default_rng(1)
    deals["account"] = pd.Series(rng.integers(0, 150, len(deals))).map(lambda n: f"acct {n}").astype("str")
    found = score_pipeline(deals, rules, as_of=pd.Timestamp("2024-03-01"))
    table = found.scores
    weights = {
        "speed_to_close": 0.15,
        "largest_deal": 0.2,
        "product_mix": 0.15,
        "upsell": 0.25,
        "win_rate": 0.2,
        "recency": 0.05,
    }
    account = sum(w * table[name] for name, w in weights.items())
    assert table["account_score"].to_numpy() == pytest.approx(account.to_numpy())
    assert table["score"].to_numpy() == pytest.approx(
        (0.7 * account + 0.3 * table["amount_score"]).to_numpy()
    )
    assert table["score"].between(0, 100).all()
    assert (table["high"] == (table["score"] >= 75)).all()
    assert table["score"].is_monotonic_decreasing
    assert set(found.scale) == {*COMPONENTS, "amount"}
    assert set(table["confidence"]) <= {"High", "Medium", "Low"}
    assert ((table["chance_low"] < table["chance"]) & (table["chance"] < table["chance_high"])).all()


def test_nothing_after_the_day_is_used(rules):
    deals = deal_world(1, 1200, still_open=0.2).assign(source="file")
    deals["account"] = deals["owner"]
    day = pd.Timestamp("2023-10-01")
    after = deals["closed_on"] > day
    other = deals.copy()
    other.loc[after, "outcome"] = np.where(deals.loc[after, "outcome"] == "won", "lost", "won")
    other.loc[after, "closed_on"] += pd.Timedelta(days=50)
    one, two = score_pipeline(deals, rules, as_of=day), score_pipeline(other, rules, as_of=day)
    pd.testing.assert_frame_equal(one.scores, two.scores)
    assert one.scale == two.scale
    was_open = (after | deals["closed_on"].isna()) & (deals["created_on"] <= day)
    assert len(one.scores) == was_open.sum()  # deals closed later were open on the day


def test_a_better_account_and_a_larger_amount_score_higher(rules):
    rows = [deal(f"w{n}", "Good", "won", 1000, "Core", "2025-05-01", "2025-05-05") for n in range(5)]
    rows += [deal(f"x{n}", "Slow", "won", 10, "Core", "2024-01-01", "2024-12-05") for n in range(2)]
    rows += [deal(f"l{n}", "Slow", "lost", 10, "Core", "2024-01-01", "2024-12-05") for n in range(5)]
    rows += [
        deal("a", "Good", "open", 500),
        deal("b", "Slow", "open", 500),
        deal("c", "New", "open", 5),
        deal("d", None, "open", np.nan),
    ]
    found = score_pipeline(frame(*rows), rules, as_of=DAY)
    table = found.scores.set_index("deal_id")
    assert table.loc["a", "score"] > table.loc["b", "score"]
    assert table.loc["a", "confidence"] == "High"
    assert table.loc["b", "confidence"] == "Medium"
    assert table.loc["c", "confidence"] == "Low"
    assert table.loc["c", "account_score"] == pytest.approx(50.0)  # no history: neither praised nor blamed
    assert found.left_out == 1
    assert table["chance"].isna().all()  # a dozen deals carry no model


def test_no_deals_at_all(rules):
    none = deal_world(1, 0).assign(source="file")
    found = score_pipeline(none, rules, as_of=DAY)
    assert found.scores.empty
    assert found.left_out == 0


def test_bands_of_scores_by_hand():
    outcomes = pd.DataFrame({"score": [80, 90, 10, 75], "outcome": ["won", "lost", "lost", "won"], "amount": [5.0, 7.0, 9.0, 1.0],
                             "days_to_close": [3, 5, 7, 4]})  # fmt: skip
    table = score_bands(outcomes).set_index("band")
    assert table.loc["75–100", ["deals", "won", "amount", "days"]].tolist() == [3, 2, 6.0, 4]
    assert table.loc["0–24", "rate"] == 0


@pytest.mark.parametrize(
    ("old", "new"), [("0.70", "0.80"), ("upsell:", "upsold:"), ("high: 75", "high: lots")]
)
def test_rules_that_do_not_fit_are_a_sentence(config_dir, old, new):
    path = config_dir / "pipeline.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=r"pipeline\.yaml"):
        read_pipeline_rules(config_dir)


def test_deals_come_in_the_order_asked_for_and_all_of_them_as_a_file():
    rows = pd.DataFrame({
        "deal_id": ["a", "b", "c"], "account": ["=1+1", None, "Acme, Inc"], "score": [10.0, 90.0, 90.0], "amount": [100.0, 80.0, np.nan],
        "chance": [0.9, 0.25, np.nan], "created_on": pd.to_datetime(["2024-01-03", "2024-01-02", "2024-01-01"]),
    })  # fmt: skip
    assert [in_order_of(rows, order)["deal_id"].str.cat() for order in ORDERS] == ["bca", "bac", "abc", "cba"]
    assert in_order_of(rows, "Score")["at_risk"].tolist()[0] == 60  # 80 × (1 − .25)
    lines = rows_csv(rows).decode().splitlines()
    assert lines[0] == "deal_id,account,score,amount,chance,created_on"
    assert lines[1].startswith("a,'=1+1,10.0,100.0,0.9,2024-01-03")
    assert lines[2].startswith("b,,90.0,80.0,0.25,")
    assert '"Acme, Inc"' in lines[3]
