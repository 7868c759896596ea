"""How long a delivery takes, and batches against chance: by hand and against SciPy."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analytics.outcome_tables import delivery_curve_table


def companies(*rows: tuple[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["exported_on", "delivered_on"]).assign(batch_id="HADES-20260101-001")


def test_kaplan_meier_by_hand() -> None:
    # watched days and outcome: 10 delivered, 20 delivered, 20 open, 30 open
    # day 10: 4 at risk, 1 event: S = 3/4; day 20: 3 at risk, 1 event: S = 3/4 × 2/3 = 1/2
    table = delivery_curve_table(
        companies(
            ("2026-01-21", "2026-01-31"),
            ("2026-01-11", "2026-01-31"),
            ("2026-01-11", None),
            ("2026-01-01", None),
        ),
        as_of=date(2026, 1, 31),
    )
    assert table["day"].tolist() == [0, 10, 20]
    assert table["at_risk"].tolist() == [4, 4, 3]
    assert table["delivered"].tolist() == pytest.approx([0, 0.25, 0.5])
    assert (table["low"] <= table["delivered"]).all()
    assert (table["delivered"] <= table["high"]).all()


def test_the_curve_agrees_with_scipy() -> None:
    from scipy.stats import CensoredData, ecdf

    rng = np.random.default_rng(7)
    start = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 150, 200), unit="D")
    delay = rng.gamma(4, 12, 200).round().astype(int)
    as_of = pd.Timestamp("2026-06-30")
    seen = start + pd.to_timedelta(delay, unit="D") <= as_of
    frame = pd.DataFrame({
        "exported_on": start.strftime("%Y-%m-%d"),
        "delivered_on": np.where(seen, (start + pd.to_timedelta(delay, unit="D")).strftime("%Y-%m-%d"), None),
    })  # fmt: skip
    table = delivery_curve_table(frame, as_of=as_of.date())
    watched = np.where(seen, delay, (as_of - start).days)
    theirs = ecdf(CensoredData(uncensored=watched[seen], right=watched[~seen])).cdf
    assert table["delivered"].iloc[1:].tolist() == pytest.approx(
        theirs.evaluate(table["day"].iloc[1:]).tolist()
    )


def test_no_delivery_gives_no_curve() -> None:
    assert delivery_curve_table(companies(("2026-01-01", None)), as_of=date(2026, 2, 1)).empty
    assert delivery_curve_table(companies(), as_of=date(2026, 2, 1)).empty


def test_a_delivery_after_the_day_is_not_seen_yet() -> None:
    assert delivery_curve_table(companies(("2026-01-01", "2026-03-01")), as_of=date(2026, 2, 1)).empty
