"""What the win-rate report says of a public negative control, and what its tables cost beside one pass of SQLite.

Run: python -m benchmarks.bench_drivers [--deals 1000000]. Without ../shared/data the first part says that it is skipped.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from analytics.owners import owner_table
from analytics.run_chart import latest_day, monthly_rates
from analytics.segments import SEGMENT_FIELDS, segment_table, stage_table
from analytics.win_report import win_report
from benchmarks.ratios import Figure, tell
from deals import read_deal_rules, read_deals

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


def many_deals(number: int) -> None:
    """Prints the time of the page's tables over so many deals, beside one SQLite pass over the same columns."""
    rng = np.random.default_rng(0)
    created = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 450, number), unit="D")
    deals = pd.DataFrame(
        {
            "owner": pd.Series(rng.integers(1, 200, number)).map(lambda n: f"rep_{n}").astype("str"),
            "amount": np.round(np.exp(rng.normal(9.5, 1, number))),
            "created_on": created,
            "closed_on": created + pd.to_timedelta(rng.integers(7, 121, number), unit="D"),
            "outcome": pd.Series(rng.choice(["won", "lost"], number)).astype("str"),
            "stage": pd.Series(rng.choice(list("ABCDE"), number)).astype("str"),
        }
    )
    for field, labels in zip(SEGMENT_FIELDS, (4, 5, 3, 4), strict=True):
        names = [f"{field} {n}" for n in range(labels)]
        deals[field] = pd.Series(rng.choice(names, number)).astype("str")
    db = sqlite3.connect(":memory:")
    text = deals.assign(
        created_on=deals["created_on"].dt.strftime("%Y-%m-%d"),
        closed_on=deals["closed_on"].dt.strftime("%Y-%m-%d"),
    )
    text.to_sql("deals", db, index=False)
    fields = ", ".join(SEGMENT_FIELDS)
    began = time.process_time()
    db.execute(
        f"SELECT {fields}, owner, stage, substr(closed_on, 1, 7), count(*), sum(outcome = 'won'), sum(amount), "
        f"sum(julianday(closed_on) - julianday(created_on)) FROM deals GROUP BY {fields}, owner, stage, 7"
    ).fetchall()
    one_pass = time.process_time() - began
    began = time.process_time()
    day = latest_day(deals)
    monthly_rates(deals, as_of=day)
    monthly_rates(deals, as_of=day, by="created_on")
    segment_table(deals)
    stage_table(deals)
    owner_table(deals)
    tables = time.process_time() - began
    tell(
        Figure(
            f"{number:,} deals to the tables of Insights",
            tables,
            one_pass,
            1.5,
            "one SQLite pass over the columns",
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=1_000_000)
    said = parser.parse_args()
    negative_control()
    many_deals(said.deals)
