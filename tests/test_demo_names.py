"""Invented names, numbers and places: no two alike, none of a real firm's number."""

from __future__ import annotations

import re

import numpy as np

from demo_names import TRADES, CompanyNames, PhoneNumbers, all_area_codes, places, trade_of, web_name
from geo import miles_from
from lead_values import normalised_company_name


def test_no_two_companies_share_a_name_however_it_is_spelled() -> None:
    names = CompanyNames(np.random.default_rng(1))
    taken = [names.take(code) for _ in range(300) for code in (*TRADES, None)]
    assert len({normalised_company_name(name) for name in taken}) == len(taken)


def test_the_names_of_samples_are_others_than_those_of_the_year() -> None:
    rng = np.random.default_rng(1)
    year, sample = CompanyNames(rng), CompanyNames(rng, sample=True)
    first = {normalised_company_name(year.take("7011")).split()[0] for _ in range(500)}
    second = {normalised_company_name(sample.take("7011")).split()[0] for _ in range(100)}
    assert not {word for word in first & second if word != "hotel"}


def test_the_same_seed_gives_the_same_names() -> None:
    one, two = CompanyNames(np.random.default_rng(7)), CompanyNames(np.random.default_rng(7))
    assert [one.take("8051") for _ in range(20)] == [two.take("8051") for _ in range(20)]


def test_phone_numbers_are_given_out_once_and_are_kept_for_fiction() -> None:
    phones = PhoneNumbers(np.random.default_rng(1), range(80))
    taken = [phones.take(("617", "857")) for _ in range(500)]
    assert len(set(taken)) == 500
    assert all(re.fullmatch(r"[0-9]{3}55501[0-7][0-9]", number) for number in taken)
    assert {number[:3] for number in taken[:160]} == {"617", "857"}  # its own area codes first, 80 of each


def test_places_are_real_and_on_the_map() -> None:
    known = places()
    cambridge = known[known["zip_code"] == "02139"].iloc[0]
    assert (cambridge["city"], cambridge["state"]) == ("Cambridge", "MA")
    assert set(cambridge["area_codes"]) <= set(all_area_codes())
    assert known["zip_code"].is_unique
    assert known["state"].nunique() == 51  # the states and DC
    assert miles_from("75201", known["zip_code"]).notna().all()


def test_web_names_lie_under_example_com() -> None:
    assert web_name("Oak & Elm Inn, Inc.") == "oak-elm-inn-inc.example.com"
    assert trade_of("0000").kinds  # a code without a trade of its own still has names
