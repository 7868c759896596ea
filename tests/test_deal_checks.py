"""What is strange about deals: found where it is planted, and not found in noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deal_worlds import deal_world
from figures import show

from deal_checks import check_deals, new_labels, shifts, stability_index


def checked(deals, as_of="2024-03-25", labels=None):
    return check_deals(deals, as_of=pd.Timestamp(as_of), labels=labels or {})


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_gives_no_finding(seed):
    assert checked(deal_world(seed)).empty


def test_no_deals_give_no_finding():
    assert checked(deal_world(1, 0)).empty


def test_labels_outside_the_list_and_labels_never_seen():
    deals = deal_world(1, 100)
    known = {"region": ["APAC", "Europe", "India"]}
    found = checked(deals, labels=known)
    assert found["kind"].tolist() == ["unknown label"]
    number = int((deals["region"] == "North America").sum())
    assert f"{number} deals have it" in found["what"].iloc[0]
    came = deals.assign(region="Inida")
    assert new_labels(deals, came, {})["issue_key"].tolist() == ["new|region|Inida"]
    assert new_labels(deals, came, known).empty  # left to the list
    assert new_labels(deals.head(0), came, {}).empty


def test_deals_alike_but_for_their_id():
    deals = deal_world(1, 100)
    twin = deals.iloc[[5]].assign(deal_id="copy")
    found = checked(pd.concat([deals, twin]))
    assert found["deal_id"].tolist() == ["copy"]
    assert found["kind"].tolist() == ["duplicate"]


def test_an_open_deal_older_than_deals_ever_become_is_late():
    deals = deal_world(1, 400)  # cycles of 7 to 120 days
    late = deals.iloc[[0]].assign(deal_id="old", outcome="open", closed_on=pd.NaT)
    young = deals.iloc[[-1]].assign(deal_id="young", outcome="open", closed_on=pd.NaT)
    found = checked(pd.concat([deals, late, young]))
    assert found["deal_id"].tolist() == ["old"]
    assert found["kind"].tolist() == ["late close"]


def test_a_week_with_too_few_deals_is_told():
    deals = deal_world(1, 5000)
    as_of = pd.Timestamp("2024-03-25")
    newest = deals["created_on"] > as_of - pd.Timedelta(days=7)
    kept = deals[~newest | (np.arange(len(deals)) % 10 == 0)]
    found = checked(kept)
    assert found["kind"].tolist() == ["volume"]
    assert found["what"].iloc[0].startswith("Only ")


def test_values_that_go_missing_are_told():
    deals = deal_world(1, 5000)
    recent = deals["created_on"] > "2024-01-10"
    deals.loc[recent & (np.arange(len(deals)) % 12 == 0), "amount"] = np.nan
    found = checked(deals)
    assert found["kind"].tolist() == ["missing values"]
    assert "Amount is missing" in found["what"].iloc[0]


def test_a_mix_that_moves_is_drift():
    deals = deal_world(1, 5000)
    recent = deals["created_on"] > "2024-01-10"
    deals.loc[recent & (np.arange(len(deals)) % 4 == 0), "region"] = "India"
    assert checked(deals)["kind"].tolist() == ["drift"]


def test_the_index_by_hand_and_its_limit_from_the_table():
    # halves added: 30.5/61, 30.5/61 against 10.5/41, 30.5/41
    a, e = np.array([30.5, 30.5]) / 61, np.array([10.5, 30.5]) / 41
    psi, limit = stability_index([30, 30], [10, 30])
    assert psi == pytest.approx(((a - e) * np.log(a / e)).sum())
    assert limit == pytest.approx(3.8415 * (1 / 60 + 1 / 40), rel=1e-4)  # χ² table, 1 df, 5 %
    assert stability_index([5], [9]) == (0.0, float("inf"))


def test_shifts_need_enough_deals():
    deals = deal_world(1, 120)
    assert shifts(deals, as_of=pd.Timestamp("2024-03-25")) == {}


@pytest.mark.prove
def test_how_often_unchanged_batches_of_100_look_like_drift():
    rng = np.random.default_rng(5)
    mix = rng.dirichlet(np.full(5, 4.0))
    own = plain = 0
    for _ in range(2000):
        psi, limit = stability_index(rng.multinomial(100, mix), rng.multinomial(100, mix))
        own += psi > limit
        plain += psi > 0.1
    show(
        f"Unchanged batches of 100: over the size-aware limit {own / 20:.1f} %, over 0.1 {plain / 20:.1f} %."
    )
    assert own / 2000 < 0.07
    assert plain / 2000 > 0.2
