import numpy as np
import pandas as pd
import pytest

from analytics.component_report import component_report

AS_OF = pd.Timestamp("2026-02-11")
HOW = {"as_of": AS_OF, "maturity_days": 120, "top": 50, "seed": 1}
CURRENT = {"signal_strength": 0.5, "onsite_likelihood": 0.25, "freshness": 0.25}


def workflow(rng, leads, slopes):
    """Leads of the last two years whose log odds rise by these slopes from a score of 0 to one of 100."""
    scores = pd.DataFrame({name: rng.choice([40.0, 70.0, 100.0], leads) for name in CURRENT})
    chance = 1 / (1 + np.exp(-(-4.2 + scores.to_numpy() @ np.array(slopes) / 100)))
    started = AS_OF - pd.to_timedelta(rng.integers(1, 700, leads), unit="D")
    on = (started + pd.to_timedelta(rng.gamma(2.7, 21.0, leads), unit="D")).normalize()
    delivered = pd.Series(on).where(rng.random(leads) < chance)
    return scores.assign(started_on=started, delivered_on=delivered.where(delivered <= AS_OF))


def test_a_planted_weight_is_found_and_later_leads_prove_it():
    rng = np.random.default_rng(5)
    report = component_report(workflow(rng, 4000, (0.0, 3.0, 0.3)), CURRENT, **HOW)
    rows = report.table.set_index("component")
    assert rows.loc["signal_strength", "verdict"] == "move"
    assert rows["suggested"].idxmax() == "onsite_likelihood"
    assert rows["rounded"].sum() == pytest.approx(1.0)
    assert report.proof.word == "ready"
    assert report.leads + report.too_young == 4000
    assert report.table["deliveries"].tolist() == [report.deliveries] * 3


def test_leads_of_tomorrow_change_nothing():
    rng = np.random.default_rng(5)
    leads = workflow(rng, 1500, (1.0, 1.0, 1.0))
    poison = leads.tail(200).assign(
        started_on=AS_OF + pd.Timedelta(days=1), delivered_on=AS_OF + pd.Timedelta(days=2)
    )
    first = component_report(leads, CURRENT, **HOW)
    second = component_report(pd.concat([leads, poison], ignore_index=True), CURRENT, **HOW)
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.proof.why == second.proof.why


def test_none_and_few_leads_are_said_calmly():
    none = component_report(workflow(np.random.default_rng(1), 0, (1, 1, 1)), CURRENT, **HOW)
    assert none.table["verdict"].tolist() == ["no evidence"] * 3
    assert none.table["rounded"].isna().all()
    assert (none.leads, none.proof.word) == (0, "not ready")
    few = component_report(workflow(np.random.default_rng(1), 60, (1, 1, 1)), CURRENT, **HOW)
    assert few.table["verdict"].tolist() == ["too little"] * 3
    assert few.table["rounded"].isna().all()  # the weights in force are only repeated


def test_newer_leads_may_count_more():
    leads = workflow(np.random.default_rng(2), 3000, (2.0, 0.5, 0.5))
    plain, recent = (component_report(leads, CURRENT, **HOW, half_life_days=h) for h in (None, 180))
    assert plain.table["leads"].tolist() == recent.table["leads"].tolist()
    assert (recent.table["high"] - recent.table["low"]).mean() > (
        plain.table["high"] - plain.table["low"]
    ).mean()


def test_a_lead_without_every_score_is_left_out():
    leads = workflow(np.random.default_rng(3), 400, (1, 1, 1))
    leads.loc[:99, "freshness"] = np.nan
    report = component_report(leads, CURRENT, **HOW)
    assert report.leads + report.too_young == 300
