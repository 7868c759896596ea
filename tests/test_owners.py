"""Owners: nobody is named on noise, whoever differs is."""

from __future__ import annotations

import numpy as np
import pytest
from deal_worlds import deal_world
from figures import show

from analytics.owners import owner_table, owners_sentence


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_names_nobody(seed):
    table = owner_table(deal_world(seed))
    assert not table["stands_out"].any()
    assert owners_sentence(table).startswith("Nobody")
    assert table["shrunk"].std() < table["rate"].std()
    assert ((table["low"] < table["shrunk"]) & (table["shrunk"] < table["high"])).all()


def test_an_owner_who_differs_is_named_with_the_interval():
    deals = deal_world(1)
    one = deals["owner"] == "rep_7"
    deals.loc[one, "outcome"] = np.where(np.arange(one.sum()) % 4 == 0, "won", "lost")
    table = owner_table(deals)
    assert table.loc[table["stands_out"], "value"].tolist() == ["rep_7"]
    said = owners_sentence(table)
    assert said.startswith("rep_7 (")
    assert "95 % interval" in said


def test_few_deals_and_none():
    assert owners_sentence(owner_table(deal_world(1, 100))).startswith("Too little to say")
    assert owners_sentence(owner_table(deal_world(1, 0))).startswith("Too little to say")


@pytest.mark.prove
def test_how_often_noise_names_somebody():
    worlds = 200
    wrong = sum(
        bool(owner_table(deal_world(9000 + seed, 3000))["stands_out"].any()) for seed in range(worlds)
    )
    show(f"Noise worlds in which an owner is named: {wrong} of {worlds}.")
    assert wrong <= 0.08 * worlds
