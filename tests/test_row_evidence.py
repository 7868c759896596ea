import numpy as np
import pandas as pd
import pytest

from analytics.adjusted import adjusted_rates
from analytics.maturity import fit_delay, kaplan_meier_by_value, rate_by_value
from analytics.row_evidence import COLUMNS, row_evidence

AS_OF = pd.Timestamp("2026-02-11")


def world(seed=3, leads=600):
    rng = np.random.default_rng(seed)
    started = AS_OF - pd.to_timedelta(rng.integers(1, 500, leads), unit="D")
    wait = rng.gamma(2.7, 21.0, leads)
    delivered = rng.random(leads) < 0.2
    outcomes = pd.DataFrame({"started_on": started})
    on = (outcomes["started_on"] + pd.to_timedelta(wait, unit="D")).dt.normalize()
    outcomes["delivered_on"] = on.where(delivered & (on <= AS_OF))
    values = pd.DataFrame({
        "sic_code": rng.choice(["7011", "8361"], leads), "proximity": np.where(rng.random(leads) < 0.5, "0-5", None),
        "signal_strength": None,
    })  # fmt: skip
    return outcomes, values


def test_each_figure_is_that_of_its_own_room():
    outcomes, values = world()
    delay = fit_delay(outcomes, values["sic_code"], as_of=AS_OF)
    table = row_evidence(outcomes, values, delay, as_of=AS_OF, maturity_days=120)
    assert tuple(table.columns) == COLUMNS
    assert sorted(zip(table["dimension"], table["value"], strict=True)) == [
        ("proximity", "0-5"), ("sic_code", "7011"), ("sic_code", "8361"),
    ]  # fmt: skip
    row = table.set_index("value").loc["8361"]
    how = {"as_of": AS_OF, "horizon_days": 120}
    first = rate_by_value(outcomes, values["sic_code"], delay, **how).set_index("value").loc["8361"]
    second = kaplan_meier_by_value(outcomes, values["sic_code"], **how).set_index("value").loc["8361"]
    third = adjusted_rates(outcomes, values[["sic_code", "proximity"]], as_of=AS_OF, maturity_days=120)
    third = third.set_index("value").loc["8361"]
    assert row["delay_rate"] == pytest.approx(first["rate"])
    assert row["delay_leads"] == pytest.approx(first["effective_leads"])
    assert row["km_rate"] == pytest.approx(second["rate"])
    assert row["km_at_risk"] == second["at_risk"]
    assert row["adjusted_rate"] == pytest.approx(third["adjusted_rate"])


def test_without_a_delay_or_without_leads_the_figures_are_missing():
    outcomes, values = world(leads=30)
    table = row_evidence(outcomes, values, None, as_of=AS_OF, maturity_days=120)
    assert table["delay_rate"].isna().all()
    assert table["adjusted_rate"].isna().all()  # under ten deliveries
    assert row_evidence(outcomes, values[["signal_strength"]], None, as_of=AS_OF, maturity_days=120).empty
    assert row_evidence(outcomes.iloc[:0], values.iloc[:0], None, as_of=AS_OF, maturity_days=120).empty
