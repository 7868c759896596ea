"""What the win-rate report says of a public negative control, and what its tables cost beside one pass of SQLite.

Run: python -m benchmarks.bench_drivers [--deals 1000000]. Without ../shared/data the first part says that it is skipped.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

import turso_db
from analytics.owners import owner_table
from analytics.run_chart import latest_day, monthly_rates, recent_fall
from analytics.segments import SEGMENT_FIELDS, found_rules, segment_table, stage_table
from analytics.win_report import win_report
from benchmarks.ratios import Figure, tell
from deal_columns import read_deal_columns
from deals import read_deal_rules, read_deals
from stores.deals import read_stage_states

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "skygeni_sales_data.csv"
IMPACT = {"India": 698, "North America": 684, "APAC": 684, "Europe": 671}
GAP = {"Partner": 8.0, "Outbound": 2.0, "Inbound": 1.0, "Referral": -5.5}
CONFIG = Path(__file__).resolve().parents[1] / "config"


def negative_control() -> None:
    """Prints the answers for the public file and holds them to the figures known of it."""
    if not DATA.exists():
        print(f"Skipped: {DATA.name} is not on this machine.")
        return
    file = read_deals(DATA.read_bytes(), DATA.name, read_deal_rules(CONFIG), today=date(2026, 1, 1))
    report = win_report(file.deals)
    assert report is not None
    for question, sentence in report.answers:
        print(f"{question}\n  {sentence}")
    table = report.segments.set_index("value")
    impact = table.loc[list(IMPACT), "impact"].to_dict()
    gap = table.loc[list(GAP), "gap"].to_dict()
    print(f"Segment Impact Score {impact}; Cycle–Outcome Gap {gap}")
    assert impact == IMPACT
    assert gap == GAP
    assert report.drivers is not None
    assert report.drivers.found.empty
    assert report.actions.empty
    print(
        f"AUC of all drivers {report.drivers.auc:.3f} ({report.drivers.auc_low:.3f} to {report.drivers.auc_high:.3f})"
    )


def fill(path: Path, number: int) -> None:
    """A database file of the product with so many deals, one of twenty still open."""
    rng = np.random.default_rng(0)
    created = np.datetime64("2023-01-01") + rng.integers(0, 450, number).astype("timedelta64[D]")
    closed = np.datetime_as_string(created + rng.integers(7, 121, number).astype("timedelta64[D]"))
    still_open, won = rng.random(number) < 0.05, rng.random(number) < 0.5
    columns = [
        [f"{field} {n}" for n in rng.integers(0, labels, number)]
        for field, labels in zip(("owner", *SEGMENT_FIELDS, "stage"), (200, 4, 5, 3, 4, 5), strict=True)
    ]
    amounts = np.round(np.exp(rng.normal(9.5, 1, number))).tolist()
    outcomes = np.where(still_open, "open", np.where(won, "won", "lost")).tolist()
    ends = [None if day_open else day for day, day_open in zip(closed.tolist(), still_open, strict=True)]
    ids = [f"D{n:07d}" for n in range(number)]
    starts = np.datetime_as_string(created).tolist()
    names = (
        "deal_id",
        "owner",
        *SEGMENT_FIELDS,
        "stage",
        "amount",
        "created_on",
        "closed_on",
        "outcome",
        "fingerprint",
    )
    turso_db.connect(f"file:{path}").close()
    with sqlite3.connect(path) as db:
        rows = zip(ids, *columns, amounts, starts, ends, outcomes, ids, strict=True)
        db.executemany(
            f"INSERT INTO deals (source, {', '.join(names)}, first_seen_at, updated_at) "
            f"VALUES ('file', {', '.join('?' for _ in names)}, '2024-08-01T00:00:00Z', '2024-08-01T00:00:00Z')",
            rows,
        )
        db.execute(
            "INSERT INTO deal_snapshots (source, deal_id, seen_at, owner, region, industry, product, lead_source, stage, amount, "
            "created_on, closed_on, outcome, fingerprint) SELECT source, deal_id, first_seen_at, owner, region, industry, product, "
            "lead_source, stage, amount, created_on, closed_on, outcome, fingerprint FROM deals"
        )


def spent(act: Callable[[], object], times: int = 3) -> float:
    """Seconds of processor time, the least of some runs."""
    found = []
    for _ in range(times):
        began = time.process_time()
        act()
        found.append(time.process_time() - began)
    return min(found)


def many_deals(number: int) -> None:
    """Prints what the page's tables cost from the database, reading included, beside one pass of SQLite over the same
    columns of the same file, in processor time."""
    with tempfile.TemporaryDirectory() as folder:
        path, cache = Path(folder) / "deals.db", Path(folder) / "cache"
        fill(path, number)
        plain = sqlite3.connect(path)
        texts = ", ".join(
            f"sum(length({name}))"
            for name in ("owner", *SEGMENT_FIELDS, "stage", "outcome", "created_on", "closed_on")
        )
        one_pass = spent(
            lambda: plain.execute(
                f"SELECT count(*), sum(amount), {texts} FROM deals WHERE gone_at IS NULL"
            ).fetchall()
        )
        fields = ", ".join(SEGMENT_FIELDS)
        counting = spent(
            lambda: plain.execute(
                f"SELECT {fields}, outcome, substr(closed_on, 1, 7), count(*), sum(amount), "
                f"sum(julianday(closed_on) - julianday(created_on)) FROM deals WHERE gone_at IS NULL GROUP BY {fields}, outcome, "
                "substr(closed_on, 1, 7)"
            ).fetchall(),
            2,
        )
        db = turso_db.connect(f"file:{path}")
        first = spent(lambda: read_deal_columns(db, cache_dir=cache), 1)
        reading = spent(lambda: read_deal_columns(db, cache_dir=cache))

        def counted() -> None:
            deals = read_deal_columns(db, cache_dir=cache)
            day = latest_day(deals)
            monthly_rates(deals, as_of=day)
            monthly_rates(deals, as_of=day, by="created_on")
            recent_fall(deals, as_of=day)
            segment_table(deals)
            found_rules(deals)
            stage_table(deals)
            owner_table(deals)

        win_report(read_deal_columns(db, cache_dir=cache).head(10_000))  # what is only loaded once is loaded
        tables = spent(counted)
        page = spent(
            lambda: win_report(read_deal_columns(db, cache_dir=cache), states=read_stage_states(db)), 2
        )
    print(
        f"Reading goes through the columnar copy: {reading:.2f} s, {first:.1f} s when there is none yet; a pass of SQLite that only "
        f"reads the columns takes {one_pass:.2f} s."
    )
    reads, counts = (
        "one SQLite pass that only reads the columns",
        "one SQLite pass that counts by the page's fields",
    )
    tell(
        Figure(
            f"{number:,} deals from the database to the counted tables of Insights",
            tables,
            counting,
            1.5,
            counts,
        )
    )
    tell(
        Figure(f"{number:,} deals from the database to every table of Insights", page, counting, 1.5, counts)
    )
    tell(Figure(f"{number:,} deals from the database to the counted tables of Insights, reading alone as floor", tables,
                one_pass, None, reads))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=1_000_000)
    said = parser.parse_args()
    negative_control()
    many_deals(said.deals)
