import numpy as np
import pandas as pd
import pytest

from analytics.recency import recency_weights
from errors import InputError


def leads(*started):
    days = pd.to_datetime(pd.Series(started, dtype="object"))
    return pd.DataFrame({"started_on": days, "delivered_on": pd.Series(pd.NaT, index=days.index)})


def test_a_lead_one_half_life_old_counts_half():
    frame = leads("2026-02-11", "2025-02-11", "2024-02-12")  # 0, 365 and 730 days before
    weights = recency_weights(frame, as_of="2026-02-11", half_life_days=365)
    assert weights.tolist() == pytest.approx([1.0, 0.5, 0.25])


def test_a_lead_without_a_start_is_as_old_as_the_oldest_and_a_later_one_counts_whole():
    frame = leads(None, "2025-02-11", "2026-06-01")
    weights = recency_weights(frame, as_of="2026-02-11", half_life_days=365)
    assert weights.tolist() == pytest.approx([0.5, 0.5, 1.0])
    assert recency_weights(leads(None), as_of="2026-02-11", half_life_days=30).tolist() == [1.0]
    assert len(recency_weights(leads(), as_of="2026-02-11", half_life_days=30)) == 0


def test_a_half_life_is_above_zero():
    for wrong in (0, -1, float("nan")):
        with pytest.raises(InputError, match="half-life above 0"):
            recency_weights(leads("2025-01-01"), as_of="2026-02-11", half_life_days=wrong)


def test_the_index_stays():
    frame = leads("2025-02-11", "2026-02-11").set_axis([7, 3])
    weights = recency_weights(frame, as_of="2026-02-11", half_life_days=365)
    assert weights.index.tolist() == [7, 3]
    assert np.isfinite(weights).all()
