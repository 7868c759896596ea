"""One row of a file of outcomes, as it is kept or refused."""

from __future__ import annotations

from datetime import date

import pytest

from lead_days import USUAL
from outcome_reading import historical_row, merged_row, merged_rows, outcome_row

TODAY = date(2026, 3, 1)
CELLS = {"batch_id": "HADES-20260211-001", "company_name": "Oak Inn", "milestone": "x", "date": "2026-02-20"}


def test_a_row_is_kept_under_the_meaning_of_its_word_not_under_the_word():
    placed = outcome_row(CELLS | {"milestone": "placed"}, "delivery", TODAY, USUAL)
    same = outcome_row(CELLS | {"milestone": "Delivered"}, "delivery", TODAY, USUAL)
    assert isinstance(placed, dict)
    assert placed == same  # the second file changes nothing, however it spells the milestone
    assert placed["milestone"] == "delivery"


@pytest.mark.parametrize("milestone", ["", "someday", "pat@example.com"])
def test_a_word_without_a_meaning_is_a_sentence(milestone):
    said = outcome_row(CELLS | {"milestone": milestone}, None, TODAY, USUAL)
    assert isinstance(said, str)
    assert said.startswith("The milestone was expected to be one of contacted, appointment, delivery")
    assert "pat@" not in said


def test_of_two_rows_of_one_lead_the_delivery_counts_and_the_later_word_on_a_trait():
    lost = historical_row({"company_name": "Oak", "state": "TX"}, "no_delivery", TODAY, USUAL)
    won = historical_row({"company_name": "OAK", "sic_code": "7011"}, "delivery", TODAY, USUAL)
    assert isinstance(lost, dict)
    assert isinstance(won, dict)
    both = merged_row(won, lost)
    assert (both["company_name"], both["outcome"], both["sic_code"], both["state"]) == (
        "OAK",
        "delivery",
        "7011",
        "TX",
    )


def test_the_rows_that_became_one_are_named_up_to_ten():
    assert merged_rows([]) == []
    assert merged_rows([(4, 2)]) == ["The same company and ZIP, so one lead: row 4 with row 2."]
    assert merged_rows([(n, 2) for n in range(3, 15)])[0].endswith("row 12 with row 2 and 2 more.")
