"""The demo world as a whole: the same from the same seed, in the shape of a real year, with the real rates in it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from demo_years import CONFIG

from analytics.rates import wilson_interval
from demo_rates import REAL_RESULT, SIZE_RATES, sic_rate
from demo_world import BATCHES, SAMPLE_CENTER_ZIP, SEED, World, demo_world, sample_upload
from icp import read_icp
from lead_columns import read_columns, read_industries
from lead_values import normalised_company_name
from leads import read_leads
from preflight import preflight, with_keys
from scoring import score_leads

TODAY = date(2026, 2, 11)


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(SEED, TODAY)


def fingerprint(world: World) -> str:
    parts = [repr(world.operators), *(repr(sorted(asdict(batch).items())) for batch in world.batches)]
    frames = (world.history, world.companies, world.feed, world.planted)
    parts += [frame.to_json(orient="split", date_format="iso") for frame in frames]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def test_the_same_seed_and_day_give_the_same_world(world: World) -> None:
    assert fingerprint(demo_world(SEED, TODAY)) == fingerprint(world)
    assert fingerprint(demo_world(SEED + 1, TODAY)) != fingerprint(world)


def test_the_year_has_the_shape_of_a_real_one(world: World) -> None:
    assert len(world.history) == 3200
    assert len(world.operators) == 12
    assert len(world.batches) == BATCHES + 1  # one went out twice
    days = [batch.day for batch in world.batches]
    assert days == sorted(days)
    assert all(day.weekday() < 5 for day in days)
    assert timedelta(days=340) < TODAY - days[0] < timedelta(days=366)
    assert TODAY - timedelta(days=4) < days[-1] < TODAY
    assert {batch.workflow for batch in world.batches} == {"intent", "geography"}
    assert all(
        batch.operator is not None or batch.void for batch in world.batches if batch.workflow == "geography"
    )


def test_the_history_holds_as_many_leads_of_each_code_as_the_real_result(world: World) -> None:
    counts = world.history["sic_code"].value_counts()
    assert {sic: counts[sic] for sic in REAL_RESULT} == {
        sic: leads for sic, (leads, _) in REAL_RESULT.items()
    }
    assert world.history["sic_code"].isna().sum() > 0
    assert world.history["employee_count"].isna().sum() > 0
    names = [normalised_company_name(name) for name in world.history["company_name"]]
    assert len(set(names)) < len(names)  # some companies have a second site
    assert len(set(zip(names, world.history["zip_code"], strict=True))) == len(names)


def test_the_planted_rates_are_the_real_ones(world: World) -> None:
    planted = world.planted.set_index(["dimension", "value"])["rate"]
    for sic, rate in planted["sic_code"].items():
        assert rate == pytest.approx(sic_rate(str(sic)), abs=1e-6)
    for size, rate in SIZE_RATES.items():
        assert planted["employee_range", size] == pytest.approx(rate, abs=3e-4)  # sizes are whole leads
    signal, near = planted["signal_strength"], planted["proximity"]
    assert signal["High"] > signal["Medium"] > signal["Low"]
    assert near["0-5"] > near["10-25"] > near["50+"]


def test_all_names_of_the_batches_differ(world: World) -> None:
    names = world.companies["company_name"].map(normalised_company_name)
    assert names.is_unique
    assert not set(names) & set(world.history["company_name"].map(normalised_company_name))


def test_recent_leads_are_still_open(world: World) -> None:
    young = world.companies[world.companies["exported_on"] > pd.Timestamp(TODAY - timedelta(days=60))]
    told = world.feed[world.feed["milestone"] == "delivery"]["company_id"].dropna()
    will_be = young["delivered_on"].notna().sum()
    assert 0 < young["company_id"].isin(told).sum() < will_be


@pytest.mark.parametrize("workflow", ["intent", "geography"])
def test_a_sample_upload_scores_and_its_troubles_are_found(workflow: str) -> None:
    icp = read_icp(CONFIG)
    content = sample_upload(workflow, TODAY)
    assert content == sample_upload(workflow, TODAY)
    assert content.startswith(b"\xef\xbb\xbf")  # as ZoomInfo writes it
    file = read_leads(content, "sample.csv", read_columns(CONFIG), industries=read_industries(CONFIG))
    scored = with_keys(
        score_leads(file.leads, icp, workflow=workflow, today=TODAY, center_zip=SAMPLE_CENTER_ZIP)
    )
    counts = preflight(file, scored, icp).counts()
    assert 130 <= counts["rows_in"] <= 190
    assert counts["exported"] >= 110
    for kind in ("rejected", "excluded", "duplicates", "suppressed"):
        assert counts[kind] > 0, kind
    assert file.leads["company_name"].str.startswith("@Home").sum() >= 1
    assert "Direct Phone Number" in set(file.problems["column"])
    if workflow == "geography":
        assert file.leads["zip_code"].str.startswith("0").mean() > 0.9
        assert b"," + SAMPLE_CENTER_ZIP[1:].encode()[:2] in content  # some have lost their zero


def test_a_sample_does_not_meet_the_year(world: World) -> None:
    columns = read_columns(CONFIG)
    year = pd.concat([read_leads(b.content, b.file_name, columns).leads for b in world.batches])
    for workflow in ("intent", "geography"):
        sample = read_leads(sample_upload(workflow, TODAY), "sample.csv", columns).leads
        for column in ("company_id", "contact_id", "direct_phone", "company_phone", "mobile_phone"):
            assert not set(sample[column].dropna()) & set(year[column].dropna()), column


@pytest.mark.prove
def test_intervals_of_many_worlds_hold_what_was_planted() -> None:
    held, of = 0, 0
    for seed in range(30):
        world = demo_world(seed, TODAY)
        history = world.history.assign(won=world.history["outcome"] == "delivery")
        batches = world.companies.assign(won=world.companies["delivered_on"].notna())
        leads = pd.concat([history, batches])
        for dimension in ("sic_code", "employee_range", "proximity", "signal_strength"):
            counts = leads.dropna(subset=[dimension]).groupby(dimension)["won"].agg(["size", "sum"])
            own = world.planted[world.planted["dimension"] == dimension].set_index("value")["rate"]
            low, high = wilson_interval(counts["sum"], counts["size"])
            truth = own.reindex(counts.index).to_numpy()
            held, of = held + int(((low <= truth) & (truth <= high)).sum()), of + len(counts)
    print(f"\n{held} of {of} intervals hold the planted rate ({held / of:.1%}); 95 % were promised.")  # noqa: T201
    # A thousand intervals at 95 % have a standard error of 0.7 points; Wilson's are a little off at small rates.
    assert abs(held / of - 0.95) < 0.02
    assert of > 1000
    assert np.isfinite(held)
