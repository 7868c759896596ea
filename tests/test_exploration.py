"""What the slices have shown: weighted by the chance each lead had, by hand arithmetic."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from lead_rows import lead_row
from racing import export_rows

from analytics.exploration import exploration_table
from preflight import export_rules
from stores import batches

AS_OF = date(2026, 2, 11)


def explored(*rows):
    names = ["inclusion_probability", "left_out_because", "exported_on", "delivered_on"]
    return pd.DataFrame(rows, columns=names)


def test_the_rate_is_weighted_by_one_over_the_chance():
    table = exploration_table(
        explored(
            (0.1, "Cut.", "2025-01-10", "2025-03-01"),  # weight 10, delivered
            (0.1, "Cut.", "2025-01-10", None),  # weight 10
            (0.02, "Cut.", "2025-01-10", None),  # weight 50
            (0.5, "Filter.", "2026-02-01", None),  # too young
        ),
        as_of=AS_OF, maturity_days=120,
    )  # fmt: skip
    cut = table.set_index("left_out_because").loc["Cut."]
    assert (cut["companies"], cut["judged"], cut["deliveries"], cut["too_young"]) == (3, 3, 1, 0)
    assert cut["rate"] == pytest.approx(10 / 70)
    # Kish: 70² / (100 + 100 + 2500) = 1.8148; Wilson with p = 1/7 and that n, by the formula:
    # centre (p + z²/2n) / (1 + z²/n) = .385 ± ..., computed with SciPy-free arithmetic below
    n, p, z = 4900 / 2700, 1 / 7, 1.959963984540054
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5,
    )
    assert (cut["low"], cut["high"]) == pytest.approx((middle - half, middle + half))
    filtered = table.set_index("left_out_because").loc["Filter."]
    assert (filtered["companies"], filtered["too_young"], filtered["judged"]) == (1, 1, 0)
    assert pd.isna(filtered["rate"])
    assert table["left_out_because"].tolist() == ["Cut.", "Filter.", "All"]
    assert table["companies"].tolist() == [3, 1, 4]


def test_nothing_explored_is_an_empty_table():
    assert exploration_table(explored(), as_of=AS_OF, maturity_days=120).empty


def test_a_young_lead_that_was_delivered_early_lifts_no_rate():
    table = exploration_table(
        explored((1.0, "Cut.", "2026-02-01", "2026-02-10"), (1.0, "Cut.", "2025-01-10", None)),
        as_of=AS_OF, maturity_days=120,
    )  # fmt: skip
    cut = table.set_index("left_out_because").loc["Cut."]
    assert (cut["too_young"], cut["judged"], cut["deliveries"], cut["rate"]) == (1, 1, 0, 0.0)


def test_what_was_drawn_is_read_from_the_ledger(db, config_dir, now, monkeypatch):
    import racing

    plain = racing.preflight
    monkeypatch.setattr(
        racing, "preflight",
        lambda file, scored, icp, **more: plain(
            file, scored, icp, rules=export_rules(icp, exploration_percent=5), seed=1, **more
        ),
    )  # fmt: skip
    rows = [lead_row(n) for n in range(1, 21)]
    rows += [lead_row(n, SIC_Code_1="5812", SIC_Codes="58;5812") for n in range(101, 105)]
    done = export_rows(db, config_dir, now, rows)
    assert done.counts["exported"] == 21
    found = batches.read_explored(db)
    assert found.to_dict("records") == [
        {
            "batch_id": "HADES-20260211-001", "inclusion_probability": 0.25, "delivered_on": None,
            "left_out_because": "The SIC code is not in the filter.", "exported_on": "2026-02-11",
        }
    ]  # fmt: skip
    assert exploration_table(found, as_of=AS_OF, maturity_days=120)["too_young"].tolist() == [1, 1]
