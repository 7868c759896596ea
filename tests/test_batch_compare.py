"""Two batches side by side, against published figures."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.batch_compare import age_in_days, by_operator, compare_batches


def batch(companies, contacted=0, appointments=0, deliveries=0):
    return {
        "companies": companies,
        "contacted": contacted,
        "appointments": appointments,
        "deliveries": deliveries,
    }


def test_the_difference_is_newcombe_s():
    # Newcombe (1998), table II, example (a): 56/70 - 48/80, method 10: .2000 with limits .0524 to .3339.
    row = (
        compare_batches(batch(80, deliveries=48), batch(70, deliveries=56))
        .set_index("step")
        .loc["deliveries"]
    )
    assert row["difference"] == pytest.approx(0.2, abs=1e-12)
    assert row["difference_low"] == pytest.approx(0.0524, abs=5e-5)
    assert row["difference_high"] == pytest.approx(0.3339, abs=5e-5)
    assert row["distinct"]


def test_the_other_way_round_only_the_sign_changes():
    one, other = batch(80, 70, 40, 9), batch(70, 60, 20, 3)
    there, back = compare_batches(one, other), compare_batches(other, one)
    assert there["difference"].tolist() == pytest.approx((-back["difference"]).tolist())
    assert there["difference_low"].tolist() == pytest.approx((-back["difference_high"]).tolist())
    assert there["first"].tolist() == back["second"].tolist() == [70, 40, 9]


def test_ten_against_ten_percent_is_no_difference_and_none_has_no_rate():
    table = compare_batches(batch(100, 50, 20, 10), batch(50, 25, 10, 5))
    assert not table["distinct"].any()
    empty = compare_batches(batch(0), batch(50, 25, 10, 5))
    assert empty["first_rate"].isna().all()
    assert empty["difference"].isna().all()
    assert not empty["distinct"].any()


def test_the_age_counts_whole_days():
    now = pd.Timestamp("2026-02-11T15:30:00Z")
    assert age_in_days("2026-02-10T15:30:00Z", now) == 1
    assert age_in_days("2026-02-10T15:30:01Z", now) == 0


def test_results_by_operator_leave_out_void_and_too_young_batches():
    rows = [
        ("Kim Lee", "closed", "2025-06-01T00:00:00Z", 100, 10), ("Kim Lee", "closed", "2026-02-01T00:00:00Z", 40, 1),
        ("Kim Lee", "void", "2025-06-01T00:00:00Z", 500, 0), (None, "closed", "2025-06-01T00:00:00Z", 100, 60),
        ("Max Roe", "closed", "2026-02-01T00:00:00Z", 7, 0),
    ]  # fmt: skip
    batches = pd.DataFrame(
        rows, columns=["operator_name", "status", "exported_at", "companies", "deliveries"]
    )
    found = by_operator(batches, now=pd.Timestamp("2026-02-11T00:00:00Z"), maturity_days=120).set_index(
        "operator"
    )
    assert found.index.tolist() == ["Kim Lee", "No operator", "Max Roe"]
    assert found[["batches", "companies", "too_young", "deliveries"]].to_numpy().tolist() == [
        [2, 140, 40, 10], [1, 100, 0, 60], [1, 7, 7, 0],
    ]  # fmt: skip
    # 10 of 100: Wilson's interval is 5.5 to 17.4 % (Brown, Cai and DasGupta 2001); the rate of all is 70 of 200.
    assert found.loc["Kim Lee", ["rate", "low", "high"]].astype(float).round(3).tolist() == [
        0.1,
        0.055,
        0.174,
    ]
    assert found["than_all"].fillna("").tolist() == ["below", "above", ""]
    assert pd.isna(found.loc["Max Roe", "rate"])
    assert by_operator(batches[:0], now=pd.Timestamp("2026-02-11T00:00:00Z"), maturity_days=120).empty
