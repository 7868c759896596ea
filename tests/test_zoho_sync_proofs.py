"""What a sync costs and endures: fewest calls, steady memory, and being killed at any moment."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest
from figures import show
from zoho_story import (
    BATCH,
    EXPORTED,
    OPS,
    PROFILE,
    ROOT,
    deliver,
    export,
    fresh,
    lead_in_zoho,
    lead_row,
    open_zoho,
    synced,
    tell_story,
    whole,
)

from deal_import import sync_deals
from deals import read_deal_rules
from stores import syncs
from stores import zoho as store


def grow(world, leads, deals, deliveries):
    for number in range(leads):
        key = lead_in_zoho(world, number, f"HADES-20260211-{number // 200 + 1:03d}", Lead_Status="New")
        if number < deals:
            deal = world.convert(key)
            if number < deliveries:
                deliver(world, deal)


def test_a_usual_year_costs_the_fewest_calls(db, zoho, tmp_path):
    grow(zoho.world, 3200, 700, 300)
    done = synced(db, zoho, tmp_path)
    # 2 pages of leads, 1 of deals, 1 of deliveries; one count per module; and three calls for the fields, once.
    assert done.counts["calls"] == 4 + 3 + 3
    assert done.counts["read"] == 4200
    zoho.world.wait(days=1)
    assert (
        synced(db, zoho, tmp_path).counts["calls"] == 3 + 3 + 3
    )  # one page each, the counts, what was deleted


# Every wait has an end: a child that stands still is asked where it stands, and that fails the test.

_PATIENCE = 60.0


def started(environment):
    """A whole sync in a process of its own, which tells on its standard error where it stands when it is aborted."""
    command = [sys.executable, "-X", "faulthandler", "-m", "scripts.track_outcomes", "--full"]
    return subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )  # fmt: skip


def ended(process, patience=_PATIENCE):
    """Nothing; the sync came to its end, and a good one."""
    try:
        said = process.communicate(timeout=patience)[1].decode()
    except subprocess.TimeoutExpired:
        stands_still(process)
    assert process.returncode == 0, said


def stands_still(process):
    """Never comes back: the test fails with the stacks of all threads of the process."""
    process.send_signal(signal.SIGABRT)
    pytest.fail(f"A sync stood still for {_PATIENCE:.0f} s: {process.communicate(timeout=10)[1].decode()}")


def asks_zoho(process, zoho, before):
    """Nothing; the process has sent its first request."""
    until = time.monotonic() + _PATIENCE
    while len(zoho.api_calls()) == before:
        assert process.poll() is None, process.stderr.read().decode()
        if time.monotonic() > until:
            stands_still(process)
        time.sleep(0.005)


def environment_of(zoho, db_path):
    return (
        os.environ | zoho.environment() | {"PYTHONPATH": str(ROOT), "TURSO_DATABASE_URL": f"file:{db_path}"}
    )


@pytest.mark.prove
def test_a_hundred_thousand_records_in_steady_memory(db, db_path, zoho, config_dir):
    export(db, BATCH, [lead_row(number) for number in range(2000)])
    peaks, took = [], 0.0
    for many in (10_000, 100_000):
        for number in range(len(zoho.world.rows["Leads"]), many):
            zoho.world.add("Leads", Company=f"Site {number}", Lead_Source="VanillaSoft", Lead_Status="New")
        began = time.perf_counter()
        ended(started(environment_of(zoho, db_path)), patience=1800)
        took = time.perf_counter() - began
        peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    run = syncs.read_sync_runs(db, kind="outcomes", limit=1).iloc[0]
    assert run["read"] == 100_000
    assert peaks[1] - peaks[0] < 120  # what is kept of a record while it is read is its id
    show(
        f"100,000 records: {run['calls']} calls, {took:.0f} s, {peaks[1]:.0f} MB at most; {peaks[0]:.0f} MB for 10,000"
    )


@pytest.mark.prove
def test_fifty_kills_leave_no_trace(db, db_path, zoho, config_dir, tmp_path):
    """A process that is killed at any moment, fifty times; then the next run ends where one run ends."""
    rng = random.Random(11)
    tell_story(db, zoho.world, companies=400)
    zoho.world.now = EXPORTED.replace(month=3)
    environment = environment_of(zoho, db_path)
    ended(started(environment))
    lasts, runs = 0.5, 1
    interrupted: set[int] = set()
    while len(interrupted) < 50:
        assert runs < 200
        db.write([store.unsettle_all()])
        for key in rng.sample(sorted(zoho.world.rows["Leads"]), 20):
            zoho.world.change("Leads", key, City=f"Town {rng.random():.3f}")
        before = len(zoho.api_calls())
        process = started(environment)
        runs += 1
        asks_zoho(process, zoho, before)
        began = time.perf_counter()
        try:
            process.wait(timeout=rng.uniform(0, lasts))
            lasts = time.perf_counter() - began
        except subprocess.TimeoutExpired:
            lasts *= 1.05  # so that in the end every moment of a run is met
            process.kill()
        process.communicate(timeout=_PATIENCE)
        newest = syncs.read_sync_runs(db, limit=1).iloc[0]
        if newest["status"] == "running":
            interrupted.add(int(newest["run_id"]))
    ended(started(environment))
    (tmp_path / "clean").mkdir(exist_ok=True)
    clean = fresh(zoho, tmp_path / "clean", companies=400)
    client = open_zoho(zoho, tmp_path / "clean")
    rules = read_deal_rules(config_dir)
    sync_deals(clean, client, profile=PROFILE, rules=rules, actor=OPS, clock=lambda: zoho.world.now)
    client.close()
    assert whole(db) == whole(clean)
    for table in ("deals", "deal_snapshots"):
        kept = f"SELECT deal_id, outcome, fingerprint FROM {table} ORDER BY deal_id, fingerprint"
        assert db.rows(kept) == clean.rows(kept)
    clean.close()
    statuses = syncs.read_sync_runs(db, limit=200)["status"].value_counts().to_dict()
    assert statuses["interrupted"] == 50
    show(f"50 of {runs} runs killed within a sync; {statuses}")
