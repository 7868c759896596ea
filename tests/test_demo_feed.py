"""What becomes of the demo's leads, and how it is told."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from demo_feed import delivery_lags, mistyped, outcome_feed, spelled, workdays
from lead_values import normalised_company_name

TODAY = date(2026, 2, 11)
DAYS = [TODAY - timedelta(days=10 * place + 1) for place in range(20, 0, -1)]


def companies(size: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    batch = np.arange(size) % len(DAYS)
    exported = np.array([DAYS[place] for place in batch]).astype("datetime64[D]")
    delivered = pd.Series(exported + delivery_lags(rng, size)).where(rng.random(size) < 0.3)
    return pd.DataFrame(
        {
            "batch": batch, "company_id": np.arange(size), "exported_on": exported, "delivered_on": delivered,
            "company_name": [f"Quill{chr(97 + n % 26)}{chr(97 + n // 26)}ford Inn & Suites" for n in range(size)],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def feed() -> pd.DataFrame:
    return outcome_feed(np.random.default_rng(1), companies(), DAYS, TODAY)


def test_half_the_deliveries_take_45_days_and_95_percent_at_most_115() -> None:
    days = delivery_lags(np.random.default_rng(1), 40_000) / np.timedelta64(1, "D")
    # The standard error of the median is about 0.2 days here, of the 95 % quantile about 0.6.
    assert np.median(days) == pytest.approx(45, abs=1)
    assert np.quantile(days, 0.95) == pytest.approx(114.5, abs=2.5)
    assert days.min() == 8


def test_weekends_move_to_the_monday_after() -> None:
    # 2026-02-13 is a Friday.
    days = np.array(["2026-02-13", "2026-02-14", "2026-02-15"], dtype="datetime64[D]")
    assert workdays(days).astype(str).tolist() == ["2026-02-13", "2026-02-16", "2026-02-16"]


def test_milestones_happen_in_order_after_the_export_and_before_today(feed: pd.DataFrame) -> None:
    known = feed.dropna(subset=["company_id"])
    wide = known.pivot(index="company_id", columns="milestone", values="happened_on")
    exported = companies().set_index("company_id")["exported_on"].reindex(wide.index)
    assert (wide.min(axis=1) > exported).all()
    assert known["happened_on"].max() <= pd.Timestamp(TODAY - timedelta(days=1))
    for first, then in (("contacted", "appointment"), ("appointment", "delivery"), ("delivery", "churned")):
        both = wide[[first, then]].dropna()
        assert (both[first] <= both[then]).all()
    assert not (wide["lost"].notna() & wide["delivery"].notna()).any()
    assert wide.loc[wide["delivery"].notna(), "appointment"].notna().all()


def test_every_delivery_that_happened_is_told_on_its_day(feed: pd.DataFrame) -> None:
    told = feed[feed["milestone"].eq("delivery")].dropna(subset=["company_id"])
    happened = companies().dropna(subset=["delivered_on"])
    moved = workdays(happened["delivered_on"].to_numpy())
    due = happened[moved <= np.datetime64(TODAY - timedelta(days=1))]
    assert sorted(told["company_id"]) == sorted(due["company_id"])


def test_a_milestone_is_reported_within_two_weeks(feed: pd.DataFrame) -> None:
    late = (feed["reported_on"] - feed["happened_on"]).dt.days
    assert late.between(0, 13).all()
    assert feed["reported_on"].is_monotonic_increasing
    assert feed["reported_on"].max() == pd.Timestamp(TODAY - timedelta(days=1))


def test_most_names_can_be_read_back_and_a_few_cannot(feed: pd.DataFrame) -> None:
    names = companies().set_index("company_id")["company_name"]
    known = feed.dropna(subset=["company_id"])
    same = [
        normalised_company_name(told) == normalised_company_name(names[number])
        for told, number in zip(known["company_name"], known["company_id"], strict=True)
    ]
    assert same.count(False) == 9
    assert (known["company_name"].to_numpy() != names[known["company_id"]].to_numpy()).sum() > 100
    # What cannot be read back is never the last word on a company.
    lost = known[~np.array(same)]
    assert set(lost["milestone"]) == {"contacted"}
    farther = known[known["milestone"].isin(["appointment", "delivery"])]
    assert set(lost["company_id"]) <= set(farther["company_id"])
    strangers = feed[feed["company_id"].isna()]
    assert len(strangers) == 3
    assert strangers["batch_text"].notna().sum() == 1


def test_spellings_mean_the_same_and_a_typo_does_not() -> None:
    rng = np.random.default_rng(2)
    for name in ("Larkfield Inn & Suites, Inc.", "Hotel Silverbrook", "Tallowmere Products LLC"):
        told = {spelled(name, rng) for _ in range(200)}
        assert len(told) >= 5
        assert {normalised_company_name(spelling) for spelling in told} == {normalised_company_name(name)}
        assert normalised_company_name(mistyped(name, rng)) != normalised_company_name(name)
