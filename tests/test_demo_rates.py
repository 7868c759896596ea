"""The planted rates: the real marginals, met exactly, and their comparison with what was found."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from demo_rates import (
    BASE_RATE,
    SIZE_RATES,
    mile_bands,
    planted_beside_recovered,
    planted_chances,
    planted_rates,
    sic_rate,
    size_bands,
    size_counts,
)


def test_the_rates_are_those_of_the_real_result() -> None:
    assert pytest.approx(197 / 2198) == BASE_RATE  # the table's own sum
    assert sic_rate("8361") == pytest.approx(38 / 218)
    assert sic_rate("4225") == BASE_RATE  # in the filter, not in the table
    assert sic_rate(None) == BASE_RATE


def test_bands_include_their_upper_ends() -> None:
    assert size_bands([50, 100, 101, 500, 501, 4800]) == ["50-100"] * 2 + ["101-500"] * 2 + ["501+"] * 2
    assert mile_bands([0.0, 5.0, 5.1, 10.0, 25.0, 50.0, 50.1, math.nan]) == [
        "0-5", "0-5", "5-10", "5-10", "10-25", "25-50", "50+", None,
    ]  # fmt: skip


def test_the_sizes_of_a_hundred_leads_make_the_same_deliveries_as_their_industries() -> None:
    # 100 leads at 197/2198 are 8.963 deliveries. 4 large ones are 0.04 of them; of the other 96, s small ones give
    # 0.1 s + 0.077 (96 - s) = 8.923, so s = (8.923 - 7.392) / 0.023 = 66.6: 67 small, 29 middle.
    assert size_counts(["4225"] * 100) == {"50-100": 67, "101-500": 29, "501+": 4}
    assert size_counts([]) == {"50-100": 0, "101-500": 0, "501+": 0}


def test_the_mean_chance_of_every_industry_and_every_size_is_its_rate() -> None:
    rng = np.random.default_rng(4)
    codes = list(rng.choice(["7011", "8361", "8062", "4225"], 4000))
    counts = size_counts(codes)
    sizes = list(rng.permutation([size for size, n in counts.items() for _ in range(n)]))
    effects = rng.normal(0, 0.4, 4000)
    chances = planted_chances(codes, sizes, effects)
    frame = pd.DataFrame({"sic": codes, "size": sizes, "chance": chances})
    for code, mean in frame.groupby("sic")["chance"].mean().items():
        assert mean == pytest.approx(sic_rate(code), abs=1e-7)
    for size, mean in frame.groupby("size")["chance"].mean().items():
        assert mean == pytest.approx(SIZE_RATES[size], abs=1e-4)  # whole leads leave a remainder
    # Additive on the log odds: two leads of one industry and size differ by their effects alone.
    first, second = frame[(frame["sic"] == "7011") & (frame["size"] == "50-100")].index[:2]
    odds = np.log(chances / (1 - chances))
    assert odds[first] - odds[second] == pytest.approx(effects[first] - effects[second])


def test_where_industry_and_size_contradict_each_other_the_industry_wins() -> None:
    assert planted_chances(["7011", "7011"], ["501+", "501+"]) == pytest.approx([28 / 410] * 2)
    assert len(planted_chances([], [])) == 0


def leads(**changes: object) -> pd.DataFrame:
    columns = {
        "sic_code": ["7011", "7011", None], "employee_range": ["501+", "50-100", "50-100"],
        "state": ["TX", "TX", "OH"], "proximity": ["5-10", "0-5", None],
        "signal_strength": ["Low", "High", None], "chance": [0.1, 0.2, 0.6],
    }  # fmt: skip
    return pd.DataFrame(columns | changes)


def test_planted_rates_are_mean_chances_in_the_order_of_the_bands() -> None:
    table = planted_rates(leads())
    told = {(d, v): (n, r) for d, v, n, r in table.itertuples(index=False, name=None)}
    assert told["sic_code", "7011"] == (2, pytest.approx(0.15))  # the lead without a code is not counted
    assert told["employee_range", "50-100"] == (2, pytest.approx(0.4))
    assert table.loc[table["dimension"] == "employee_range", "value"].tolist() == ["50-100", "501+"]
    assert table.loc[table["dimension"] == "proximity", "value"].tolist() == ["0-5", "5-10"]
    assert table.loc[table["dimension"] == "signal_strength", "value"].tolist() == ["High", "Low"]


def found(value: str, leads: int, rate: float | None, low: float, high: float) -> dict[str, object]:
    return {"dimension": "sic_code", "value": value, "leads": leads, "deliveries": 0, "rate": rate,
            "low": low, "high": high}  # fmt: skip


def test_planted_beside_recovered_says_whether_the_interval_holds_the_truth() -> None:
    planted = pd.DataFrame({"dimension": "sic_code", "value": ["7011", "8062", "9711", "4581"], "rate": 0.1})
    rows = [
        found("7011", 50, 0.08, 0.05, 0.1),
        found("8062", 50, 0.2, 0.11, 0.3),
        found("9711", 0, None, 0.0, 1.0),
    ]
    table = planted_beside_recovered(planted, rows)
    assert table["value"].tolist() == ["7011", "8062", "9711"]  # what only one side knows is left out
    assert table["inside"].tolist() == [True, False, pd.NA]
    assert table["low"].isna().tolist() == [False, False, True]  # without leads there is no interval
    assert planted_beside_recovered(planted, []).empty
